"""Value sets of accounts."""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """What a service that signs staff in speaks: OpenID Connect 1.0, or SAML 2.0 (web browser sign-on)."""

    OIDC = "oidc"
    SAML = "saml"
