"""Reading people. The first argument is the actor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from webside.accounts.models import Membership
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, OnBehalf, Role
from webside.people import policies, registry, rules
from webside.people.codes import Basis, Relation, Scope
from webside.people.models import Covering, Delegation, Patient, Practitioner

M = TypeVar("M", bound=Model)


def patient_of(actor: Actor) -> Patient | None:
    """Return the patient that the actor is here, if any. Who came by a link is none, nor who acts for another one."""
    return patient_for(actor)


def patient_for(actor: Actor, *scopes: str) -> Patient | None:
    """Return the patient that the actor is, or for whom she acts with any of ``scopes``."""
    return Patient.objects.filter(policies.own(actor, *scopes), active=True).first()


def practitioner_of(actor: Actor) -> Practitioner | None:
    """Return the practitioner that the actor is here, if any."""
    if actor.user_id is None or actor.on_behalf is not None:
        return None
    return Practitioner.objects.filter(user_id=actor.user_id, active=True).first()


def narrowed(found: QuerySet[M], words: str, *, by: str = "") -> QuerySet[M]:
    """Return what of ``found`` is of a patient whose names or record number begin with each of ``words``.

    ``by`` is the way from a row to its patient, such as ``patient__``; empty where the rows are patients.
    """
    for word in words.split():
        begins = (Q(**{f"{by}{name}__istartswith": word}) for name in ("family", "given", "record_number"))
        found = found.filter(reduce(or_, begins))
    return found


def visible_patients(actor: Actor) -> QuerySet[Patient]:
    """Return the patients whose demographics the actor may see."""
    return policies.visible_patients(actor, Patient.objects.filter(active=True).order_by("family", "given"))


def patient(actor: Actor, patient_id: UUID) -> Patient | None:
    """Return a patient that the actor may see; nothing if there is none or they may not."""
    return visible_patients(actor).filter(id=patient_id).first()


def practitioners(actor: Actor) -> QuerySet[Practitioner]:
    """Return the clinic's practitioners. They are public: patients choose among them."""
    return Practitioner.objects.filter(active=True).order_by("family", "given")


def practitioner(actor: Actor, practitioner_id: UUID) -> Practitioner | None:
    """Return one of the clinic's practitioners."""
    return practitioners(actor).filter(id=practitioner_id).first()


SPOKEN: dict[str, str | Promise] = {
    "en": _("English"),
    "es": _("Spanish"),
    "sq": _("Albanian"),
    "am": _("Amharic"),
    "ar": _("Arabic"),
    "hy": _("Armenian"),
    "bn": _("Bengali"),
    "bs": _("Bosnian"),
    "my": _("Burmese"),
    "yue": _("Chinese (Cantonese)"),
    "zh": _("Chinese (Mandarin)"),
    "hr": _("Croatian"),
    "prs": _("Dari"),
    "nl": _("Dutch"),
    "fr": _("French"),
    "de": _("German"),
    "el": _("Greek"),
    "gu": _("Gujarati"),
    "ht": _("Haitian Creole"),
    "he": _("Hebrew"),
    "hi": _("Hindi"),
    "hmn": _("Hmong"),
    "hu": _("Hungarian"),
    "ig": _("Igbo"),
    "ilo": _("Ilocano"),
    "it": _("Italian"),
    "ja": _("Japanese"),
    "kn": _("Kannada"),
    "km": _("Khmer"),
    "ko": _("Korean"),
    "ku": _("Kurdish"),
    "lo": _("Lao"),
    "ml": _("Malayalam"),
    "mr": _("Marathi"),
    "nv": _("Navajo"),
    "ne": _("Nepali"),
    "ps": _("Pashto"),
    "fa": _("Persian"),
    "pl": _("Polish"),
    "pt": _("Portuguese"),
    "pa": _("Punjabi"),
    "ro": _("Romanian"),
    "ru": _("Russian"),
    "sm": _("Samoan"),
    "sr": _("Serbian"),
    "so": _("Somali"),
    "sw": _("Swahili"),
    "tl": _("Tagalog"),
    "ta": _("Tamil"),
    "te": _("Telugu"),
    "th": _("Thai"),
    "ti": _("Tigrinya"),
    "tr": _("Turkish"),
    "uk": _("Ukrainian"),
    "ur": _("Urdu"),
    "vi": _("Vietnamese"),
    "yi": _("Yiddish"),
    "yo": _("Yoruba"),
    "ase": _("American Sign Language"),
}
"""Languages that a practitioner may speak with patients (BCP 47): those most spoken in homes of the United States, and its
sign language."""


def speakable(practitioner: Practitioner) -> dict[str, str | Promise]:
    """Return the languages, by code, that may be said of a practitioner: ours, and those that were said of them before."""
    return SPOKEN | {code: code for code in practitioner.languages if code not in SPOKEN}


def spoken(practitioner: Practitioner) -> list[str]:
    """Return the names of the languages that a practitioner speaks, in the language of the page."""
    return [str(SPOKEN.get(code, code)) for code in practitioner.languages]


RELATION_NAMES: dict[str, str | Promise] = {
    Relation.DAUGHTER: _("daughter"),
    Relation.SON: _("son"),
    Relation.SPOUSE: _("husband or wife"),
    Relation.PARTNER: _("partner"),
    Relation.MOTHER: _("mother"),
    Relation.FATHER: _("father"),
    Relation.PARENT: _("parent"),
    Relation.GRANDPARENT: _("grandparent"),
    Relation.GRANDCHILD: _("grandchild"),
    Relation.SIBLING: _("sister or brother"),
    Relation.FAMILY: _("family"),
    Relation.FRIEND: _("friend"),
    Relation.NEIGHBOUR: _("neighbor"),
    Relation.GUARDIAN: _("guardian"),
    Relation.ATTORNEY: _("person with a power of attorney"),
}


def relation_name(code: str) -> str:
    """Return what somebody is to a patient in words, nothing for what is no code."""
    return str(RELATION_NAMES.get(code, ""))


SCOPE_NAMES: dict[str, str | Promise] = {
    Scope.APPOINTMENTS: _("Book, move and cancel visits"),
    Scope.VISITS: _("Check in and be in the visit"),
    Scope.SUMMARIES: _("Read summaries of visits"),
    Scope.MESSAGES: _("Read and write messages"),
    Scope.BILLING: _("See and pay bills"),
}


def given_by(actor: Actor, patient: Patient) -> str:
    """Return whose word a consent is: the patient's, or that of who acts for her, who stands there by name."""
    name = patient.full_name
    return name if actor.on_behalf is None else f"{actor.label}, for {name}"[:160]


def _standing(found: QuerySet[Delegation]) -> QuerySet[Delegation]:
    """Narrow to grants by which somebody may act now (the same as ``rules.stands``)."""
    now = clock.now()
    lasts = Q(expires_at=None) | Q(expires_at__gt=now)
    return found.filter(lasts, accepted_at__isnull=False, revoked_at=None, starts_at__lte=now, patient__active=True)


def behalf_of(actor: Actor, grant_id: UUID) -> OnBehalf | None:
    """Return for whom a grant lets the actor act now, and how; nothing where it doesn't, or isn't hers."""
    if actor.kind is not ActorKind.PERSON or actor.user_id is None:
        return None
    found = _standing(Delegation.objects.filter(id=grant_id, user_id=actor.user_id))
    grant = found.select_related("patient", "tenant").first()
    if grant is None:
        return None
    hidden = hidden_from(grant)
    if hidden is None:
        return None
    return OnBehalf(
        grant_id=grant.id,
        patient_id=grant.patient_id,
        name=grant.patient.full_name,
        relation=grant.relation,
        scopes=frozenset(grant.scopes),
        hidden=hidden,
        until=grant.expires_at,
        by_law=grant.by_law,
    )


def hidden_from(grant: Delegation) -> frozenset[str] | None:
    """Return the topics of services that the law keeps from who acts by a grant; None where the grant has run out by it."""
    if not grant.by_law:
        return frozenset()
    on = registry.of_age(grant.patient).on
    grown = on is not None and on <= clock.today(grant.tenant.timezone)
    if grown:
        # Whatever was written down when it was recorded: a birth date or a state may have been mended.
        return None if grant.basis == Basis.GUARDIAN else frozenset()
    return registry.hidden_from_guardian(grant.patient)  # a court's guardian of a minor too


def acting_for(patients: Iterable[UUID], *scopes: str) -> list[Delegation]:
    """Return the grants by which people may act now for patients with any of ``scopes``. The caller asks the policies."""
    found = _standing(Delegation.objects.filter(patient_id__in=list(patients), scopes__overlap=list(scopes)))
    return list(found.exclude(user=None).select_related("patient", "tenant").order_by("name", "id"))


def choices_of(actor: Actor) -> list[Delegation]:
    """Return the grants by which the actor may act for somebody here, by the patient's name."""
    if actor.user_id is None:
        return []
    found = _standing(Delegation.objects.filter(user_id=actor.user_id)).select_related("patient")
    return list(found.order_by("patient__family", "patient__given"))


@dataclass(frozen=True, slots=True)
class Delegate:
    """Somebody who may act for a patient, was asked to, or might: as her page shows it."""

    delegation: Delegation
    relation: str | Promise
    scopes: list[str | Promise]
    state: str

    @property
    def ends(self) -> bool:
        """Whether there is something to end."""
        return self.state in ("standing", "invited")


ENDED_SHOWN = 10


def delegates_of(patient: Patient) -> list[Delegate]:
    """Return who may act for a patient, who was asked, and the last whose access is over. The caller asks the policies."""
    now = clock.now()
    found = [
        _as_shown(each, _state(each, now))
        for each in Delegation.objects.filter(patient=patient).order_by("-created_at")
    ]
    over = [each for each in found if not each.ends]
    return [each for each in found if each.ends] + over[:ENDED_SHOWN]


def invitations_since(patient: Patient, since: datetime) -> int:
    """Return how many people have been asked to act for a patient since then, whatever came of it."""
    return Delegation.objects.filter(patient=patient, created_at__gt=since).count()


def _as_shown(delegation: Delegation, state: str) -> Delegate:
    return Delegate(
        delegation,
        RELATION_NAMES.get(delegation.relation, delegation.relation),
        [SCOPE_NAMES.get(scope, scope) for scope in delegation.scopes],
        state,
    )


def _state(delegation: Delegation, now: datetime) -> str:
    if delegation.revoked_at is not None:
        return "revoked"
    if delegation.accepted_at is None:
        return "invited" if now < delegation.invited_until else "expired"
    stands = rules.stands(
        now=now, starts_at=delegation.starts_at, expires_at=delegation.expires_at, accepted=True, revoked=False
    )
    return "standing" if stands else "expired"


def delegation(actor: Actor, delegation_id: UUID) -> Delegation | None:
    """Return a grant that the actor may end; nothing if there is none or she may not."""
    found = Delegation.objects.filter(id=delegation_id).select_related("patient").first()
    return found if found is not None and policies.can_end_delegation(actor, found) else None


def invitation(token_hash: bytes) -> Delegation | None:
    """Return the invitation of a token that can still be taken."""
    found = Delegation.objects.filter(
        token_hash=token_hash, accepted_at=None, revoked_at=None, invited_until__gt=clock.now(), patient__active=True
    )
    return found.select_related("patient", "tenant").first()


def covered(user_id: UUID, now: datetime) -> QuerySet[Covering]:
    """Return whom somebody covers for now."""
    return Covering.objects.filter(cover__user_id=user_id, starts_at__lte=now, ends_at__gt=now, ended_at=None)


def coverings(actor: Actor) -> QuerySet[Covering]:
    """Return who covers for whom, now and to come, as far as the actor has to do with it; the first to begin first."""
    found = Covering.objects.filter(ends_at__gt=clock.now(), ended_at=None).select_related("absent", "cover")
    if not actor.has(Role.COORDINATOR):
        mine = Q(absent__user_id=actor.user_id) | Q(cover__user_id=actor.user_id)
        found = found.filter(mine) if actor.user_id is not None and actor.has(Role.CLINICIAN) else found.none()
    return found.order_by("starts_at")


def clinicians() -> list[Practitioner]:
    """Return the practitioners who work here as clinicians, by name: who may cover, and be covered for."""
    works = Membership.objects.filter(
        tenant_id=frames.current_tenant_id(), active=True, roles__contains=[Role.CLINICIAN.value]
    )
    found = Practitioner.objects.filter(active=True, user_id__in=works.values("user_id"))
    return list(found.order_by("family", "given"))
