"""Tests of the house: the embedded PostgreSQL, the supervisor, set-up and the tools."""
