"""The pure decisions of the chart, one module a topic. They read data files and never Django."""
