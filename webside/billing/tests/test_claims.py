"""A claim is drafted from what happened, once, and only a biller sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.billing import gates, handlers, services
from webside.billing.models import Claim, Coverage, Payer
from webside.catalog.gates import Case, Moment
from webside.chart.events import NoteSigned
from webside.chart.models import Condition, Encounter, Note
from webside.core import clock, frames
from webside.core.actor import system
from webside.core.ids import uuid7
from webside.testing.cast import Cast, sign_in


def encounter_at(
    cast: Cast, *, coaching: bool = False, kind: str = "medicare", mdm: str = "moderate", **place: str
) -> Encounter:
    """Make a signed encounter without a video room: what happened in the call is not on record. At home, or at a ``place``."""
    payer = Payer.objects.create(name="Medicare", kind=kind)
    Coverage.objects.create(patient=cast.liz, payer=payer, member_id="1EG4", checked_at=clock.now())
    encounter = Encounter.objects.create(
        patient=cast.liz,
        practitioner=cast.priya if coaching else cast.maya,
        service=cast.coaching if coaching else cast.video_visit,
        **{"location": "home", "location_state": "NY", **place},
        status="finished",
        started_at=clock.now() - timedelta(hours=1),
    )
    Note.objects.create(encounter=encounter, mdm=mdm, total_minutes=28, signed_at=clock.now())
    Condition.objects.create(patient=cast.liz, encounter=encounter, code="E11.65", display="Type 2 diabetes")
    return encounter


def room_of(cast: Cast, encounter: Encounter, *, sound: float, picture: float, status: str = "finished") -> None:
    from psycopg.types.range import TimestamptzRange

    from webside.scheduling.models import Appointment
    from webside.visits.models import Participant, QualitySample, Visit

    start = encounter.started_at
    appointment = Appointment.objects.create(
        patient=encounter.patient, practitioner=encounter.practitioner, service=encounter.service,
        period=TimestamptzRange(start, start + timedelta(minutes=20)), patient_state="NY",
        patient_timezone="America/New_York", booked_by="tests", idempotency_key=str(uuid7()),
    )  # fmt: skip
    visit = Visit.objects.create(
        appointment=appointment, status=status, started_at=start, ended_at=start + timedelta(minutes=22),
        admitted_at=start, encounter_id=encounter.id,
    )  # fmt: skip
    for role in ("patient", "clinician"):
        side = Participant.objects.create(visit=visit, role=role, name=role)
        for number in range(132):
            QualitySample.objects.create(
                participant=side, taken_at=start + timedelta(seconds=10 * (number + 1)), seconds=10,
                sound_seconds=sound, picture_seconds=picture, digest={},
            )  # fmt: skip
    encounter.visit_id = visit.id
    encounter.appointment = appointment
    encounter.save()


def _by_phone(encounter: Encounter, began: float, ended: float, *, reason: str = "technical") -> None:
    """Let both be on the phone from one minute of the visit to another."""
    from webside.visits.models import Participant, PhoneCall, PhoneMove, Visit

    Visit.objects.filter(id=encounter.visit_id).update(audio_reason=reason)
    for seat in Participant.objects.filter(visit_id=encounter.visit_id):
        call = PhoneCall.objects.create(visit_id=encounter.visit_id, seat=seat, carrier_id=f"CA{seat.id.hex}")
        for number, (joined, minute) in enumerate(((True, began), (False, ended))):
            PhoneMove.objects.create(
                call=call, conference="CF1", sequence=number, joined=joined,
                at=encounter.started_at + timedelta(minutes=minute),
            )  # fmt: skip


def _draft(cast: Cast, encounter: Encounter) -> Claim:
    encounter = Encounter.objects.select_related("service", "practitioner").get(id=encounter.id)
    return services.draft_claim(actor=system("tests", cast.larkspur.id), encounter=encounter)


@pytest.fixture
def inside(cast: Cast) -> Any:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        yield cast


def test_a_video_visit_at_home_gives_the_code_of_its_decision(inside: Cast) -> None:
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=10, picture=10)
    claim = _draft(inside, encounter)
    assert [(item.code, item.modifiers, item.pos) for item in claim.items.all()] == [("99204", [], "10")]
    assert all(reason["source"] for item in claim.items.all() for reason in item.reasons)
    assert claim.diagnoses == ["E11.65"]


def test_a_visit_by_phone_is_one_by_sound_alone_and_says_by_which_row(inside: Cast) -> None:
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=0, picture=0)
    _by_phone(encounter, 1, 20)
    claim = _draft(inside, encounter)
    (item,) = claim.items.all()
    assert (item.code, item.modifiers, item.pos) == ("99204", ["93"], "10")
    assert any("93" in reason["text"] and reason["source"] for reason in item.reasons)
    assert (claim.facts["audio_minutes"], claim.facts["video_minutes"]) == (19, 0)


def test_video_then_phone_is_no_visit_by_sound_alone_and_each_minute_counts_once(inside: Cast) -> None:
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=10, picture=10)
    from webside.visits.models import QualitySample

    QualitySample.objects.filter(taken_at__gt=encounter.started_at + timedelta(minutes=6)).delete()
    _by_phone(encounter, 5, 19)
    claim = _draft(inside, encounter)
    assert (claim.facts["video_minutes"], claim.facts["audio_minutes"]) == (6, 13)
    (item,) = claim.items.all()
    assert item.modifiers == [], "there was a picture, so it is no visit by sound alone"
    assert "Most of the call was by sound alone" in str(claim.warnings)


def test_nobody_alone_on_the_phone_makes_a_visit(inside: Cast) -> None:
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=0, picture=0)
    _by_phone(encounter, 1, 20)
    from webside.visits.models import PhoneMove

    PhoneMove.objects.filter(call__seat__role="clinician").delete()
    assert not _draft(inside, encounter).items.exists()


def test_what_nobody_stated_is_asked_for_in_words(inside: Cast) -> None:
    encounter = encounter_at(inside, mdm="")
    Note.objects.update(total_minutes=None)
    room_of(inside, encounter, sound=10, picture=10)
    case = Case(
        Moment.SIGN, clock.now(), encounter.service, encounter.patient, encounter.practitioner, "NY",
        encounter_id=encounter.id,
    )  # fmt: skip
    finding = gates.code_supported(case)
    assert finding is not None and finding.outcome == "warn"
    assert "Decision-making" in finding.text and "own minutes" in finding.text
    assert "mdm" not in finding.text, "a name of the code is no word for people"


def test_who_was_seen_within_three_years_is_established(inside: Cast) -> None:
    earlier = encounter_at(inside)
    Encounter.objects.filter(id=earlier.id).update(started_at=clock.now() - timedelta(days=300))
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=10, picture=10)
    assert [item.code for item in _draft(inside, encounter).items.all()] == ["99214"]


def test_a_visit_in_which_nobody_was_heard_gives_no_code_and_says_why(inside: Cast) -> None:
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=0, picture=0)
    claim = _draft(inside, encounter)
    assert claim.items.count() == 0
    assert "service.not_connected" in {row["code"] for row in claim.rejected}


@pytest.mark.parametrize("insured", [True, False])
def test_a_visit_that_failed_gives_no_code_and_costs_nothing_whatever_was_heard(inside: Cast, insured: bool) -> None:
    encounter = encounter_at(inside)
    room_of(inside, encounter, sound=10, picture=10, status="failed")
    Encounter.objects.filter(id=encounter.id).update(status="cancelled")
    if not insured:
        Coverage.objects.all().delete()
    claim = _draft(inside, encounter)
    assert (claim.items.count(), claim.price_cents) == (0, None)
    assert "service.not_connected" in {row["code"] for row in claim.rejected}


def test_a_second_delivery_drafts_nothing_twice(inside: Cast) -> None:
    encounter = encounter_at(inside)
    for _ in range(2):
        handlers.draft_when_signed(NoteSigned(encounter_id=encounter.id), uuid7())
    assert Claim.objects.count() == 1


def test_coaching_gives_no_claim(inside: Cast) -> None:
    encounter = encounter_at(inside, coaching=True)
    handlers.draft_when_signed(NoteSigned(encounter_id=encounter.id), uuid7())
    assert Claim.objects.count() == 0


def test_who_pays_herself_gets_the_price_list(inside: Cast) -> None:
    encounter = encounter_at(inside)
    Coverage.objects.all().delete()
    claim = _draft(inside, encounter)
    assert (claim.items.count(), claim.price_cents) == (0, 7500)


def test_the_biller_sees_the_claim_with_reasons_and_marks_it(cast: Cast, client: Client) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        encounter = encounter_at(cast)
        room_of(cast, encounter, sound=10, picture=10)
        claim = _draft(cast, encounter)
    sign_in(client, cast.marcus_user)
    where = reverse("billing:claim-detail", kwargs={"slug": "larkspur", "claim_id": claim.id})
    page = client.get(where).content.decode()
    assert "99204" in page
    assert "Looked at and rejected" in page
    client.post(reverse("billing:claim-review", kwargs={"slug": "larkspur", "claim_id": claim.id}))
    assert "Looked through" in client.get(reverse("billing:claim-list", kwargs={"slug": "larkspur"})).content.decode()


def test_the_biller_is_told_that_no_release_checked_the_diagnoses(cast: Cast, client: Client) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        encounter = encounter_at(cast)
        room_of(cast, encounter, sound=10, picture=10)
        claim = _draft(cast, encounter)
    sign_in(client, cast.marcus_user)
    where = reverse("billing:claim-detail", kwargs={"slug": "larkspur", "claim_id": claim.id})
    said = "Not checked: the release of ICD-10-CM in force on that day is not installed (newest here: April 2026)."
    for started, told in (
        (datetime(2026, 11, 20, 15, tzinfo=UTC), True),
        (datetime(2026, 7, 1, 15, tzinfo=UTC), False),
    ):
        with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
            Encounter.objects.filter(id=encounter.id).update(started_at=started)
            Claim.objects.filter(id=claim.id).update(diagnoses=["E11.65"])
        assert (said in client.get(where).content.decode()) is told


@pytest.mark.parametrize("who", ["liz_user", "maya_user", "priya_user", "grace_user", "ingrid_user", "mallory_user"])
def test_nobody_else_sees_claims(cast: Cast, client: Client, who: str) -> None:
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("tests", cast.larkspur.id)):
        claim = _draft(cast, encounter_at(cast))
    sign_in(client, getattr(cast, who))
    for name, parts in (("claim-list", {}), ("claim-detail", {"claim_id": claim.id})):
        assert client.get(reverse(f"billing:{name}", kwargs={"slug": "larkspur", **parts})).status_code == 404
