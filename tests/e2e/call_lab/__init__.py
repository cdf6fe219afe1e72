"""A small server for tests and benchmarks of the visit's browser modules; see README.md."""
