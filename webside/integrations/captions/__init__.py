"""Captions: the client of the recogniser that a clinic runs itself."""
