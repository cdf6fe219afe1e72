"""Which sites may show a clinic's services and times in a frame of theirs."""

from __future__ import annotations

from django.conf import settings

from webside.audit.services import action, record
from webside.core import frames
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.core.models import Tenant
from webside.scheduling import policies, rules
from webside.scheduling.models import BookingSite
from webside.scheduling.services.errors import NotAllowed, TooManySites

MOST_SITES = 20


@action("scheduling.site.add")
def let_site_embed(*, actor: Actor, address: str) -> BookingSite:
    """Let a site show the clinic's times in a frame; again changes nothing.

    ``address`` is any address of it. Raises :class:`NotAllowed`, ``rules.NoOrigin`` for what names no site, and
    :class:`TooManySites`.
    """
    if not policies.can_set_sites(actor):
        raise NotAllowed
    origin = rules.origin_of(address, plain=settings.INSIDE_HOSTS)
    lock(Tenant.objects.get(id=frames.current_tenant_id()))
    site = BookingSite.objects.filter(origin=origin).first()
    if site is None:
        if BookingSite.objects.count() >= MOST_SITES:
            raise TooManySites
        site = BookingSite.objects.create(origin=origin, added_by=actor.label)
    record("scheduling.site.add", actor=actor, target=site, target_label=origin)
    return site


@action("scheduling.site.remove")
def stop_site(*, actor: Actor, site: BookingSite) -> None:
    """Let a site show them no more."""
    if not policies.can_set_sites(actor):
        raise NotAllowed
    record("scheduling.site.remove", actor=actor, target=site, target_label=site.origin)
    site.delete()
