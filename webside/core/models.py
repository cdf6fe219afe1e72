"""The tenant, the base of every tenant's rows, and the tables that keep time and health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import get_language

from webside.core import clock, frames
from webside.core.ids import uuid7
from webside.core.locks import lock
from webside.core.said import Said, base, changed, cleaned, said


class BaseModel(models.Model):
    """A row with a UUIDv7 for its key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


class Tenant(BaseModel):
    """A clinic, health system or telecare provider: the owner of data. Not the FHIR Organization."""

    slug = models.SlugField(max_length=40, unique=True, validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]*$")])
    name = models.CharField(max_length=120)
    strapline = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(max_length=60, default="America/New_York")
    phone = models.CharField(max_length=40, blank=True)
    opening_hours = models.CharField(max_length=120, blank=True)
    hosts = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TenantQuerySet(models.QuerySet):
    """Rows of the frame's tenant."""


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Sees the rows of the frame's tenant and refuses to work outside a frame.

    PostgreSQL's policies would hide other tenants' rows all the same. Both stand, so that neither a
    forgotten policy nor a raw query is enough for a leak.
    """

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet:
        """Return the rows of the tenant in whose frame we are; raise ``OutsideFrame`` without one."""
        return super().get_queryset().filter(tenant_id=frames.current_tenant_id())


class TenantForeignKey(models.ForeignKey):
    """A foreign key between two rows of one tenant.

    Django 5.2 can't express a composite foreign key, so the database constraint
    (tenant, id) → (tenant, id) is written by :mod:`webside.core.schema`: a plain one would let a
    row point across tenants.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class TenantOneToOneField(models.OneToOneField):
    """Like :class:`TenantForeignKey`, at most one row on this side."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class TenantModel(BaseModel):
    """Base of everything that belongs to one tenant. Row-level security is put on its table."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, editable=False, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save in the frame's tenant; a row never changes its tenant."""
        if self.tenant_id is None:
            self.tenant_id = frames.current_tenant_id()
        elif self.tenant_id != frames.current_tenant_id():
            raise frames.OutsideFrame("a row of another tenant can't be saved here")
        super().save(*args, **kwargs)


class SaidInLanguages(models.Model):
    """What the clinic says in its own words, and may say in each other language of the product (``core.said``)."""

    SAID: ClassVar[tuple[str, ...]] = ()
    """The fields that may be said in other languages."""

    translations = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    def said(self, field: str, language: str | None = None) -> Said:
        """Return a field's words for who reads ``language``; without one, the page's or the letter's."""
        if field not in self.SAID:
            raise ValueError(f"not said in other languages: {field}")
        return said(
            getattr(self, field), self.translations, field,
            language=language or get_language() or "", at_home=settings.LANGUAGE_CODE,
        )  # fmt: skip

    @staticmethod
    def said_languages() -> tuple[str, ...]:
        """Return the product's languages but the clinic's own: those that its words may be said in beside."""
        return tuple(code for code, _name in settings.LANGUAGES if base(code) != base(settings.LANGUAGE_CODE))

    @classmethod
    def said_limits(cls) -> dict[str, int | None]:
        """Return the fields that may be said in other languages, and how long each may be: as long as the clinic's own."""
        return {name: getattr(cls._meta.get_field(name), "max_length", None) for name in cls.SAID}

    @classmethod
    def cleaned_translations(cls, given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
        """Return what may be kept of translations; raise :class:`ValueError` for anything else."""
        return cleaned(given, languages=cls.said_languages(), limits=cls.said_limits())

    def translate(self, given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, dict[str, str]]]:
        """Say the row in other languages, in place of what was said in them; return what differs (``core.said.changed``).

        Raises :class:`ValueError` for a language, a field or a length that there isn't.
        """
        said = self.cleaned_translations(given)
        lock(self)
        self.refresh_from_db()
        changes = changed(self.translations, said)
        self.translations = said
        self.save()
        return changes


class Timer(BaseModel):
    """Something that must happen later. A row, so that it survives every restart.

    Not under row-level security: one worker serves all tenants and enters each one's frame.
    ``payload`` holds ids only.
    """

    tenant_id = models.UUIDField(null=True)
    name = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    due_at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "key"], name="timer_once")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(done_at=None), name="timer_due")]


class Heartbeat(models.Model):
    """When each part that must keep watching was last seen alive."""

    name = models.CharField(max_length=60, primary_key=True)
    beat_at = models.DateTimeField()
    every_seconds = models.PositiveIntegerField()
    detail = models.CharField(max_length=200, blank=True)
