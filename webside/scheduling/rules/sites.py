"""Which sites may show the clinic's times in a frame: what somebody types, as an origin. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")


class NoOrigin(ValueError):
    """What was typed names no site that may be let in."""


def origin_of(typed: str, *, plain: Collection[str] = ()) -> str:
    """Return the origin of an address that somebody typed: "https://www.clinic.example".

    Only https; over http only the hosts in ``plain``, of one's own network. No pattern: each site by its name, so that
    nobody's page under a shared name comes in with it. Raises :class:`NoOrigin`.
    """
    given = typed.strip()
    if "://" not in given:
        given = f"https://{given}"
    try:
        parts = urlsplit(given)
        name, port = parts.hostname or "", parts.port
        host = name.encode("idna").decode("ascii").lower() if name else ""
    except (ValueError, UnicodeError) as error:
        raise NoOrigin(typed) from error
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and host not in plain):
        raise NoOrigin(typed)
    if "@" in parts.netloc or not _HOST.fullmatch(host) or ("." not in host and host not in plain):
        raise NoOrigin(typed)
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")
