"""Who read and changed what: append-only, sealed in a hash chain."""
