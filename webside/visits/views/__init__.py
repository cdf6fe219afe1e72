"""Pages of a visit, by audience."""
