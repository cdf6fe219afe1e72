"""Places that help with visits: adding, changing, closing and opening again."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from webside.audit.services import action, record
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.core.models import Tenant
from webside.visits import policies
from webside.visits.codes import Kit, SiteKind
from webside.visits.models import Site
from webside.visits.services.errors import KnownSite, NotAllowed, TooManySites

MOST_SITES = 100
"""Open at once: whoever checks in chooses from a list of them."""


@action("visits.site.add")
def add_site(
    *, actor: Actor, name: str, kind: SiteKind, address_line: str, city: str, state: str, postal_code: str, phone: str,
    kit: Collection[Kit] = (),
) -> Site:  # fmt: skip
    """Add a place that helps with visits. Raises :class:`NotAllowed`, :class:`KnownSite`, :class:`TooManySites`."""
    _may_open(actor, name, city)
    site = Site.objects.create(
        name=name, kind=kind, address_line=address_line, city=city, state=state, postal_code=postal_code, phone=phone,
        kit=_listed(kit),
    )  # fmt: skip
    record("visits.site.add", actor=actor, target=site, target_label=site.name)
    return site


@action("visits.site.change")
def change_site(
    *, actor: Actor, site: Site, name: str, kind: SiteKind, address_line: str, city: str, state: str, postal_code: str,
    phone: str, kit: Collection[Kit] = (),
) -> Site:  # fmt: skip
    """Change what is known of a place. Who has checked in there stands as it was then.

    Raises :class:`NotAllowed`, and :class:`KnownSite` where another one has this name.
    """
    _may_keep(actor)
    if site.closed_at is None:
        _must_be_new(name, city, but=site.id)
    given = {
        "name": name, "kind": kind, "address_line": address_line, "city": city, "state": state,
        "postal_code": postal_code, "phone": phone, "kit": _listed(kit),
    }  # fmt: skip
    changes = {field: value for field, value in given.items() if getattr(site, field) != value}
    for field, value in changes.items():
        setattr(site, field, value)
    site.save()
    record("visits.site.change", actor=actor, target=site, target_label=site.name, changes=changes)
    return site


@action("visits.site.close")
def close_site(*, actor: Actor, site: Site) -> Site:
    """Let a place help no more: nobody can choose it. Again changes nothing. Raises :class:`NotAllowed`."""
    _may_keep(actor)
    site.closed_at = site.closed_at or clock.now()
    site.save(update_fields=["closed_at", "updated_at"])
    record("visits.site.close", actor=actor, target=site, target_label=site.name)
    return site


@action("visits.site.reopen")
def reopen_site(*, actor: Actor, site: Site) -> Site:
    """Let a place help again that helped no more.

    Again changes nothing. Raises :class:`NotAllowed`, :class:`KnownSite`, :class:`TooManySites`.
    """
    _may_keep(actor)
    if site.closed_at is not None:
        _may_open(actor, site.name, site.city)
        site.closed_at = None
        site.save(update_fields=["closed_at", "updated_at"])
    record("visits.site.reopen", actor=actor, target=site, target_label=site.name)
    return site


def _may_keep(actor: Actor) -> None:
    if not policies.can_keep_sites(actor):
        raise NotAllowed
    # One after another, so that two who add the same place don't both find that there is none.
    lock(Tenant.objects.get(id=frames.current_tenant_id()))


def _may_open(actor: Actor, name: str, city: str) -> None:
    _may_keep(actor)
    _must_be_new(name, city)
    if Site.objects.filter(closed_at=None).count() >= MOST_SITES:
        raise TooManySites(MOST_SITES)


def _must_be_new(name: str, city: str, *, but: UUID | None = None) -> None:
    if Site.objects.filter(closed_at=None, name__iexact=name, city__iexact=city).exclude(id=but).exists():
        raise KnownSite(name)


def _listed(kit: Collection[Kit]) -> list[str]:
    """Return what stands ready, each once, in the order of our list."""
    return [each.value for each in Kit if each in kit]
