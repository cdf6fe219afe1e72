"""A world to attack: everything of Larkspur that has an address, marked with canaries."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from PIL import Image

from webside.accounts import services as accounts
from webside.accounts.models import Membership, User
from webside.core import clock, files, frames
from webside.core.actor import Role, system
from webside.testing.cast import Cast, make_cast

CANARY = "zebrafinch"
"""Stands in every text of Larkspur's patients; nobody else's page, header, log or mail may hold it."""


@dataclass(slots=True)
class World:
    """The cast, and the id of one real thing for each part of an address."""

    cast: Cast
    parts: dict[str, Any] = field(default_factory=dict)
    users: dict[str, User | None] = field(default_factory=dict)
    file_id: UUID | None = None


def _everything(cast: Cast) -> User:
    """Make somebody who holds every role at Northgate: if anybody could see across, they could."""
    user = User.objects.create(email="every@northgate.test", name="Every Role", password="!")
    Membership.objects.create(user=user, tenant=cast.northgate, roles=[role.value for role in Role])
    return user


def build() -> World:
    """Make the world through the services, as it would come about."""
    from webside.billing import services as billing
    from webside.catalog import services as catalog
    from webside.chart import services as chart
    from webside.chart.models import DiagnosisCode, Encounter
    from webside.compliance import services as compliance
    from webside.compliance.models import Licence
    from webside.scheduling import selectors as slots
    from webside.scheduling import services as scheduling
    from webside.visits import selectors as visits

    cast = make_cast()
    world = World(cast)
    DiagnosisCode.objects.get_or_create(code="E11.65", defaults={"display": "Type 2 diabetes with hyperglycemia"})
    with cast.as_(cast.liz_user) as liz:
        cast.liz.address_line = f"1 {CANARY} Street"
        cast.liz.family = f"Moreno{CANARY}"
        cast.liz.save()
        consent = compliance.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz")
        slot = slots.next_free(service=cast.video_visit, state="NY") if hasattr(slots, "next_free") else None
        start = slot.start if slot else clock.now() + timedelta(hours=2)
        appointment = scheduling.book_appointment(
            actor=liz, patient=cast.liz, service=cast.video_visit, practitioner=cast.maya, start=start, state="NY",
            timezone="America/New_York", reason_text=f"{CANARY} in my reason", idempotency_key="world",
        )  # fmt: skip
        token = scheduling.issue_link(appointment=appointment)
        visit = visits.visit_for(appointment)
        picture = io.BytesIO()
        Image.new("RGB", (4, 4)).save(picture, "PNG")
        world.file_id = files.store(picture.getvalue()).id
    with cast.as_(cast.maya_user) as maya:
        encounter = chart.start_encounter(
            actor=maya, appointment=appointment, visit_id=visit.id, location="home", location_state="NY"
        )
        visit.encounter_id = encounter.id
        visit.save()
        chart.save_note_part(actor=maya, encounter=encounter, part="plan", text=f"{CANARY} plan", revision=0)
        override = catalog.override_gate(
            actor=maya, gate="identity_document", subject_type="visit", subject_id=visit.id, patient=cast.liz,
            reason=f"{CANARY} reason",
        )  # fmt: skip
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        encounter = Encounter.objects.select_related("service", "practitioner").get(id=encounter.id)
        claim = billing.draft_claim(actor=system("tests", cast.larkspur.id), encounter=encounter)
        licence = Licence.objects.filter(practitioner=cast.maya).first()
    with cast.as_(cast.admin_user) as admin:
        invitation = accounts.invite_staff(
            actor=admin, email="new@example.test", name="New", roles=[Role.BILLER], link_to=lambda token: token
        )
    membership = Membership.objects.get(user=cast.maya_user)
    world.parts = {
        "slug": "larkspur",
        "appointment_id": appointment.id,
        "visit_id": visit.id,
        "encounter_id": encounter.id,
        "patient_id": cast.liz.id,
        "practitioner_id": cast.maya.id,
        "service_id": cast.video_visit.id,
        "claim_id": claim.id,
        "licence_id": licence.id,
        "consent_id": consent.id,
        "membership_id": membership.id,
        "invitation_id": invitation.id,
        "override_id": override.id,
        "token": token,
        "code": "E11.65",
        "gate": "identity_document",
    }
    world.users = {
        "visitor": None,
        "liz": cast.liz_user,
        "maya": cast.maya_user,
        "daniel": cast.daniel_user,
        "priya": cast.priya_user,
        "grace": cast.grace_user,
        "marcus": cast.marcus_user,
        "ingrid": cast.ingrid_user,
        "admin": cast.admin_user,
        "mallory": cast.mallory_user,
        "every": _everything(cast),
    }
    return world
