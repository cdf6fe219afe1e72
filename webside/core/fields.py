"""Model fields that encrypt."""

from __future__ import annotations

from typing import Any

from django.db import models

from webside.core.crypto import keyring


class EncryptedTextField(models.BinaryField):
    """Text that is encrypted in the database and plain in Python.

    It can't be searched. The associated data are table, column and the tenant of the frame, so a
    value does not open when it is moved to another column or another tenant.
    """

    description = "Encrypted text"

    def _place(self) -> str:
        from webside.core import frames

        frame = frames.current_or_none()
        tenant = frame.tenant_id if frame else None
        return f"{self.model._meta.db_table}.{self.column}.{tenant or '-'}"

    def get_prep_value(self, value: Any) -> Any:
        """Seal the text on its way to the database."""
        if value is None:
            return None
        return keyring().seal(str(value).encode(), place=self._place())

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Hand the sealed bytes to the driver."""
        return super().get_db_prep_value(value if prepared else self.get_prep_value(value), connection, True)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        """Open the text on its way from the database."""
        if value is None:
            return None
        return keyring().open(bytes(value), place=self._place()).decode()

    def to_python(self, value: Any) -> Any:
        """Text stays text."""
        return value

    def value_to_string(self, obj: Any) -> str:
        """Return the text for a serializer."""
        return str(self.value_from_object(obj) or "")
