"""Which role does what: the owner migrates, the application serves."""

from __future__ import annotations

from typing import Any


class OwnerMigrates:
    """Lets only the owner's connection change the schema."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Refuse migrations through any other alias than ``owner``."""
        return db == "owner"

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        """All aliases are one database."""
        return True
