"""Django's PostgreSQL backend with a pool that gets over a lost database at once: see ``base``."""
