"""What a browser is called, and how often its use is noted. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
"""A word of the user agent and the browser's name, the more telling first: most browsers also claim to be another."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Return "Chrome on Windows" for what a browser says of itself (User-Agent); empty parts are left out.

    A name to know one's own devices by, nothing else: whoever wants to can say anything.
    """
    browser = next((name for word, name in _BROWSERS if word in user_agent), "")
    system = next((name for word, name in _SYSTEMS if word in user_agent), "")
    return " on ".join(part for part in (browser, system) if part)


def is_due(used_at: datetime, now: datetime, every: timedelta) -> bool:
    """Whether use at ``now`` is to be noted, ``every`` so often. A clock that was set back notes at once."""
    return not timedelta(0) <= now - used_at < every
