"""The session of a browser, of which each request writes what it has changed and no more.

A browser has several pages open, and each of them asks by itself: a word that it is used, a fragment drawn anew. A
request that wrote the session as it had read it would undo what another one has written meanwhile: a message that nobody
has seen yet, what was typed into a form that is asked again, a code that is said once.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError, router, transaction

_GONE = object()


class SessionStore(db.SessionStore):
    """Sessions in the database, as Django keeps them, written by key."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._as_read: dict[str, Any] = {}

    def load(self) -> dict[str, Any]:
        """Read it, and remember how it was."""
        return self._remembered(super().load())

    async def aload(self) -> dict[str, Any]:
        """Do the same for who awaits it."""
        return self._remembered(await super().aload())

    def save(self, must_create: bool = False) -> None:
        """Write what has changed since it was read, into what stands there now.

        Raises ``CreateError`` where a new one has a key that is taken, ``UpdateError`` where it was ended meanwhile.
        """
        if must_create or self.session_key is None:
            super().save(must_create)
            self._remembered(dict(self.items()))
            return
        changed = dict(self.items())
        using = router.db_for_write(self.model)
        with transaction.atomic(using=using):
            row = self.model.objects.using(using).select_for_update().filter(session_key=self.session_key).first()
            if row is None:
                raise UpdateError
            now = self.decode(row.session_data)
            for key in {*changed, *self._as_read}:
                if changed.get(key, _GONE) == self._as_read.get(key, _GONE):
                    continue
                if key in changed:
                    now[key] = changed[key]
                else:
                    now.pop(key, None)
            self._session_cache = now
            try:
                self.create_model_instance(now).save(force_update=True, using=using)
            except DatabaseError:
                raise UpdateError from None
        self._remembered(now)

    def _remembered(self, data: dict[str, Any]) -> dict[str, Any]:
        self._as_read = deepcopy(data)
        return data
