"""The app ``accounts``."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, memberships, sessions, keys."""

    name = "webside.accounts"
