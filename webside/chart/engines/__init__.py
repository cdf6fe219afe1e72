"""Engines of the chart: what turns the record into something else."""
