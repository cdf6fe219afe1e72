"""Pushes to installed web apps (RFC 8030) with VAPID (RFC 8292)."""
