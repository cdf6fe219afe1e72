"""Figures, each a ratio to a peer or a count against a limit, taken in one run on one machine."""
