"""The checked sheet goes ahead of the patient: a link by e-mail, which opens with a code that is told by phone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from webside.audit.codes import Outcome
from webside.audit.services import action, record
from webside.chart import selectors
from webside.chart.codes import AheadStanding, TransferOutcome
from webside.chart.models import Encounter, Transfer, TransferLink
from webside.chart.services.errors import Invalid
from webside.chart.services.transfers import end_links, locked_transfer
from webside.core import clock
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.notifications.services import send_email

MOST_LINKS = 20
"""Of one transfer. Who needs more of them sends it by mistake, or is sending letters to strangers."""


class NotChecked(ValueError):
    """The sheet, as it stands, was checked by nobody: nothing of it leaves."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A link that was made; ``code`` is kept nowhere, and empty for a form that was sent before."""

    link: TransferLink
    code: str


def ahead_hash(token: str, code: str = "") -> bytes:
    """Return what is kept of a link's token, or of its code."""
    return hashlib.sha256(f"{token}:{code}".encode()).digest()


@action("chart.transfer.send-ahead")
def send_ahead(
    *,
    actor: Actor,
    encounter: Encounter,
    transfer: Transfer,
    name: str,
    email: str,
    link_to: Callable[[str], str],
    key: str,
) -> Sent:
    """Send a link to the sheet, as it was checked, to who takes over; a link to the same address before it ends.

    ``link_to`` makes a path of a token. The letter says nothing of the patient. The same form (``key``) sends once.
    Raises :class:`NotAllowed`, :class:`NotChecked`, and :class:`Invalid` where too many were sent.
    """
    transfer = locked_transfer(actor, encounter, transfer)
    if transfer.outcome == TransferOutcome.MISTAKE:
        raise Invalid({"": [_("This was taken back as a mistake. Open it again first.")]})
    known = TransferLink.objects.filter(transfer=transfer, client_key=key).first()
    if known is not None and (known.name, known.email) != (name, email):
        known, key = None, uuid4().hex  # the form was corrected: it is another one
    if known is not None:
        _note("chart.transfer.send-ahead", actor, known, repeated=True)
        return Sent(known, "")
    sheet = selectors.sheet(actor, encounter, transfer)
    if not sheet.is_checked:
        raise NotChecked
    if TransferLink.objects.filter(transfer=transfer).count() >= MOST_LINKS:
        raise Invalid({"": [_("It was sent too many times. Call them, and read it out.")]})
    if not transfer.checked_sheet:  # checked before sheets were kept
        transfer.checked_sheet = sheet.to_keep()
        transfer.save()
    end_links(TransferLink.objects.filter(transfer=transfer, email__iexact=email), actor)
    now, digits = clock.now(), selectors.AHEAD_DIGITS
    token, code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**digits):0{digits}}"
    link = TransferLink.objects.create(
        transfer=transfer, name=name, email=email, token_hash=ahead_hash(token), code_hash=ahead_hash(token, code),
        sent_at=now, sent_by=actor.label, expires_at=now + selectors.AHEAD_LASTS, tries_left=selectors.AHEAD_TRIES,
        client_key=key,
    )  # fmt: skip
    _write(link, encounter, settings.PUBLIC_URL + link_to(token))
    _note("chart.transfer.send-ahead", actor, link)
    return Sent(link, code)


def _write(link: TransferLink, encounter: Encounter, address: str) -> None:
    """Write the letter, in the clinic's language: nobody has said another one of who gets it."""
    tenant = encounter.tenant
    with translation.override(settings.LANGUAGE_CODE):
        send_email(
            template="chart/sent_ahead", to=link.email, about_id=link.id,
            context={"link": link, "clinic": tenant, "address_of_it": address},
            subject=_("%s has sent you something ahead") % tenant.name,
            idempotency_key=f"chart.sent_ahead:{link.id}",
        )  # fmt: skip


@action("chart.transfer.end-ahead")
def end_ahead(*, actor: Actor, encounter: Encounter, transfer: Transfer, link_id: UUID) -> None:
    """Let a link open nothing any more; one that is over stays so. Raises :class:`NotAllowed`, ``DoesNotExist``."""
    transfer = locked_transfer(actor, encounter, transfer)
    link = TransferLink.objects.get(id=link_id, transfer=transfer)
    lock(link)  # who says the code this moment is counted
    link.refresh_from_db()
    if link.ended_at is None:
        link.ended_at, link.ended_by = clock.now(), actor.label
        link.save()
    _note("chart.transfer.end-ahead", actor, link)


@action("chart.transfer.open-ahead")
def open_ahead(*, actor: Actor, link: TransferLink, token: str, code: str) -> bool:
    """Return whether a code opens a link. A wrong one counts, and stands in the trail; the last one ends the link."""
    lock(link)  # of two at once, the second counts after the first
    link.refresh_from_db(fields=["tries_left", "ended_at", "opens", "opened_at"])
    right = False
    if selectors.ahead_standing(link) is AheadStanding.OPEN:
        right = secrets.compare_digest(ahead_hash(token, code), bytes(link.code_hash))
        if right:
            link.opens, link.opened_at = link.opens + 1, link.opened_at or clock.now()
            link.tries_left = selectors.AHEAD_TRIES  # who mistypes now and then is no stranger
        else:
            link.tries_left -= 1
        link.save()
    record(
        "chart.transfer.open-ahead", actor=actor, target=link.transfer, target_label=link.name,
        patient_id=link.transfer.patient_id, ground="link that was sent ahead",
        outcome=Outcome.SUCCESS if right else Outcome.REFUSED,
        reason="" if right or link.tries_left else "wrong too many times: it opens nothing any more",
    )  # fmt: skip
    return right


def _note(name: str, actor: Actor, link: TransferLink, **changes: object) -> None:
    record(
        name, actor=actor, target=link.transfer, target_label=link.name, patient_id=link.transfer.patient_id,
        ground="treating", changes={"link": str(link.id), **changes},
    )  # fmt: skip
