"""The trail as its officer reads it: filters, folded looks, one patient, one person, overrides, the check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from webside.audit import sealing
from webside.audit.models import AuditEvent
from webside.audit.selectors import trail
from webside.audit.services import record, record_refusal
from webside.audit.tests.factories import connected, seal_all
from webside.catalog import services as catalog
from webside.compliance import selectors, services
from webside.core import frames, job_worker, jobs
from webside.core.actor import system
from webside.core.ids import uuid7
from webside.testing.cast import Cast, make_cast, sign_in

TRAIL = "/o/larkspur/compliance/trail/"


def _override(cast: Cast, reason: str = "known for ten years") -> AuditEvent:
    with cast.as_(cast.maya_user) as maya:
        catalog.override_gate(
            actor=maya, gate="identity_document", subject_type="visit", subject_id=uuid7(), patient=cast.liz,
            reason=reason, said="No document was shown.",
        )  # fmt: skip
        return trail().filter(action="catalog.gate.override")[0]


def _look(cast: Cast, who: str = "maya_user", action: str = "chart.patient.read", ground: str = "treating") -> None:
    with cast.as_(getattr(cast, who)) as actor:
        record(action, actor=actor, patient_id=cast.liz.id, ground=ground)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("looked", {"chart.patient.read", "chart.summary.download"}),
        ("changed", {"people.patient.change"}),
        ("shared", {"chart.summary.download"}),
        ("overrides", {"catalog.gate.override"}),
        ("refused", set()),
    ],
)
def test_each_filter_shows_its_own_and_counts_it(cast: Cast, chosen: str, expected: set[str]) -> None:
    _look(cast)
    _look(cast, action="chart.summary.download")
    _look(cast, "grace_user", action="people.patient.change")
    _override(cast)
    with cast.as_(cast.ingrid_user):
        found = {event.action for event in selectors.filtered_trail(chosen, patient_id=cast.liz.id)}
        counts = selectors.trail_counts(patient_id=cast.liz.id)
    assert found == expected
    assert counts[chosen] == len(expected)
    assert counts["everything"] == 4


@pytest.mark.django_db(transaction=True)
def test_what_was_refused_is_found() -> None:
    cast = make_cast()
    with cast.as_(cast.marcus_user) as marcus:
        record_refusal("chart.patient.refuse", actor=marcus, target_type="Patient", target_id=cast.liz.id)
    with cast.as_(cast.ingrid_user):
        assert [event.actor_label for event in selectors.filtered_trail("refused")] == ["Marcus Hale"]
        assert selectors.trail_counts()["refused"] == 1


def test_counts_stop_at_a_limit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        _look(cast)
    monkeypatch.setattr("webside.compliance.selectors.trail.COUNTED", 3)
    with cast.as_(cast.ingrid_user):
        assert selectors.trail_counts()["looked"] == 3


def test_looks_that_follow_each_other_are_one_line_and_each_is_counted(cast: Cast) -> None:
    start = datetime(2026, 5, 4, 14, tzinfo=UTC)
    for minutes in (0, 5, 10, 40):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            _look(cast)
    with time_machine.travel(start + timedelta(minutes=41), tick=False):
        _look(cast, ground="covering")
        _look(cast, action="chart.vitals.add")
        _look(cast, action="chart.vitals.add")
    with cast.as_(cast.ingrid_user):
        lines = selectors.entries(list(selectors.filtered_trail("everything", patient_id=cast.liz.id)))
    shown = [(line.event.action, line.ground, line.times) for line in lines]
    assert shown == [
        ("chart.vitals.add", "treats the patient", 1),  # what changes something is never folded
        ("chart.vitals.add", "treats the patient", 1),
        ("chart.patient.read", "covers for whoever treats the patient", 1),
        ("chart.patient.read", "treats the patient", 1),
        ("chart.patient.read", "treats the patient", 3),
    ]
    assert lines[-1].first_at == start


def test_one_person_and_one_patient(cast: Cast, client: Client) -> None:
    _look(cast)
    _look(cast, "daniel_user")
    sign_in(client, cast.ingrid_user)
    page = client.get(f"{TRAIL}?patient={cast.liz.id}&who={cast.daniel_user.id}")
    assert {entry.event.actor_label for entry in page.context["entries"]} == {"Dr. Daniel Whitfield"}
    assert client.get(f"{TRAIL}?patient={cast.oscar.id}").status_code == 404
    assert client.get(f"{TRAIL}?patient={uuid7()}").status_code == 404


def test_a_patient_is_found_by_a_name_that_stays_out_of_addresses(cast: Cast, client: Client) -> None:
    sign_in(client, cast.ingrid_user)
    found = client.post(reverse("compliance:trail-find", args=["larkspur"]), {"words": "more"})
    assert found["Location"] == f"{TRAIL}?patient={cast.liz.id}"
    nobody = client.post(reverse("compliance:trail-find", args=["larkspur"]), {"words": "Ortiz"})
    assert b"Nobody found" in nobody.content
    assert client.get(reverse("compliance:trail-find", args=["larkspur"])).status_code == 405


def test_up_to_a_day_means_until_its_end_where_the_clinic_is(cast: Cast, client: Client) -> None:
    # 11:30 pm of May 4 in New York is May 5 in UTC.
    with time_machine.travel(datetime(2026, 5, 5, 3, 30, tzinfo=UTC), tick=False):
        _look(cast)
    with time_machine.travel(datetime(2026, 5, 5, 4, 30, tzinfo=UTC), tick=False):
        _look(cast, "daniel_user")
    sign_in(client, cast.ingrid_user)
    page = client.get(f"{TRAIL}?day=2026-05-04")
    assert [entry.event.actor_label for entry in page.context["entries"]] == ["Dr. Maya Chen"]
    assert client.get(f"{TRAIL}?day=2026-02-31&before=x&who=y").status_code == 200


def test_pages_of_the_trail_show_each_entry_once(cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webside.compliance.views.operations.PAGE", 3)
    for _ in range(7):
        _look(cast, action="chart.vitals.add")
    sign_in(client, cast.ingrid_user)
    seen, more = [], f"patient={cast.liz.id}&show=changed"
    while more:
        page = client.get(f"{TRAIL}?{more}")
        seen += [entry.event.sequence for entry in page.context["entries"]]
        more = page.context["more"]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 7


def test_the_export_holds_every_look(cast: Cast, client: Client) -> None:
    for _ in range(3):
        _look(cast)
    sign_in(client, cast.ingrid_user)
    answer = client.get(reverse("compliance:trail-csv", args=["larkspur"]) + f"?patient={cast.liz.id}")
    text = answer.content.decode("utf-8-sig")
    assert text.startswith("number,time,who,")
    assert text.count("looked at the chart") == 3
    # The export itself is in the trail, and in the export.
    assert text.count("exported the trail") == 1


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1"])
def test_no_cell_of_the_export_is_a_formula(cast: Cast, client: Client, text: str) -> None:
    _look(cast, ground=text)
    sign_in(client, cast.ingrid_user)
    exported = client.get(reverse("compliance:trail-csv", args=["larkspur"])).content.decode("utf-8-sig")
    assert f"'{text}".replace("\r=", "\r'=") in exported, "the line that begins within the cell is harmless too"


def test_a_patient_sees_who_looked_at_her_own_record(cast: Cast) -> None:
    _look(cast)
    with frames.begin(tenant_id=cast.larkspur.id, actor=system("timer", cast.larkspur.id)) as frame:
        record("chart.patient.read", actor=frame.actor, patient_id=cast.liz.id)
    with cast.as_(cast.liz_user) as liz:
        assert [event.actor_label for event in selectors.audit_of_patient(liz)] == ["Dr. Maya Chen"]
    with cast.as_(cast.daniel_user) as daniel:
        assert list(selectors.audit_of_patient(daniel)) == []


# --------------------------------------------------------------------------------------- overrides


def test_an_override_waits_with_its_reason_and_what_happened_around_it(cast: Cast) -> None:
    _look(cast, action="visits.visit.admit")
    _override(cast)
    _look(cast, action="visits.visit.start")
    _look(cast)
    with cast.as_(cast.ingrid_user):
        (found,) = selectors.overrides()
        assert selectors.overrides_to_review() == 1
    assert (found.gate, found.event.reason, found.said) == (
        "identity document", "known for ten years", "No document was shown.",
    )  # fmt: skip
    assert [entry.event.action for entry in found.around] == ["visits.visit.admit", "visits.visit.start"]


def test_the_same_override_again_is_reviewed_once(cast: Cast) -> None:
    with cast.as_(cast.maya_user) as maya:
        for _ in range(2):
            catalog.override_gate(
                actor=maya, gate="identity_document", subject_type="visit", subject_id=cast.liz.id, patient=cast.liz,
                reason="known for ten years",
            )  # fmt: skip
    with cast.as_(cast.ingrid_user):
        assert (len(selectors.overrides()), selectors.overrides_to_review()) == (1, 1)


@pytest.mark.parametrize(("verdict", "waits"), [("justified", 0), ("ask", 1), ("incident", 0)])
def test_a_verdict_is_kept_in_the_trail(cast: Cast, verdict: str, waits: int) -> None:
    event = _override(cast)
    with cast.as_(cast.ingrid_user) as ingrid:
        services.review_override(actor=ingrid, event=event, verdict=verdict, note="I looked.")
        (found,) = selectors.overrides()
        assert (found.verdict, found.review.reason, selectors.overrides_to_review()) == (verdict, "I looked.", waits)


def test_a_later_verdict_follows_an_earlier_one(cast: Cast) -> None:
    event = _override(cast)
    with cast.as_(cast.ingrid_user) as ingrid:
        services.review_override(actor=ingrid, event=event, verdict="ask", note="Which document?")
        services.review_override(actor=ingrid, event=event, verdict="justified")
        (found,) = selectors.overrides()
    assert (found.verdict, found.is_open) == ("justified", False)


def test_a_question_and_an_incident_need_words(cast: Cast, client: Client) -> None:
    event = _override(cast)
    sign_in(client, cast.ingrid_user)
    address = reverse("compliance:override-review", args=["larkspur", event.id])
    assert client.post(address, {"verdict": "incident", "note": "  "}).status_code == 422
    assert client.post(address, {"verdict": "nonsense"}).status_code == 404
    with cast.as_(cast.ingrid_user):
        assert selectors.overrides_to_review() == 1
    assert client.post(address, {"verdict": "justified"}).status_code == 302
    assert b"Justified" in client.get(reverse("compliance:overrides", args=["larkspur"])).content


def test_only_compliance_reviews(cast: Cast, client: Client) -> None:
    event = _override(cast)
    with cast.as_(cast.maya_user) as maya, pytest.raises(services.NotAllowed):
        services.review_override(actor=maya, event=event, verdict="justified")
    address = reverse("compliance:override-review", args=["larkspur", event.id])
    assert sign_in(client, cast.maya_user).post(address, {"verdict": "justified"}).status_code == 404


def test_an_override_of_another_clinic_is_not_there(cast: Cast, client: Client) -> None:
    with cast.as_(cast.mallory_user) as mallory:
        catalog.override_gate(
            actor=mallory, gate="identity_document", subject_type="visit", subject_id=uuid7(), patient=cast.oscar,
            reason="busy",
        )  # fmt: skip
        foreign = trail().get(action="catalog.gate.override")
    sign_in(client, cast.ingrid_user)
    for wanted in (foreign.id, foreign.target_id, uuid7()):
        address = reverse("compliance:override-review", args=["larkspur", wanted])
        assert client.post(address, {"verdict": "justified"}).status_code == 404


# ----------------------------------------------------------------------------------------- the check


@pytest.mark.django_db(transaction=True)
def test_verifying_says_what_it_found_and_keeps_it_in_the_trail(client: Client) -> None:
    cast = make_cast()
    for _ in range(3):
        _look(cast)
    seal_all()
    sign_in(client, cast.ingrid_user)
    state = reverse("compliance:trail-state", args=["larkspur"])
    asked = client.post(reverse("compliance:trail-verify", args=["larkspur"]), follow=True).content.decode()
    assert "Waits for its turn" in asked and f'hx-get="{state}"' in asked and "Verify again now" not in asked
    job_worker.run_waiting()
    verified = client.get(state)
    assert b"Verified, nothing altered" in verified.content and b"hx-get" not in verified.content
    check = verified.context["state"].checked
    assert (check.actor_label, check.changes["entries"], check.changes["faults"]) == ("jobs", 3, 0)
    with cast.as_(cast.ingrid_user):
        asker = trail().get(action="compliance.trail.ask")
    assert asker.actor_label == "Ingrid Vass"


@pytest.mark.django_db(transaction=True)
def test_a_check_under_way_says_since_when(client: Client) -> None:
    cast = make_cast()
    sign_in(client, cast.ingrid_user)
    client.post(reverse("compliance:trail-verify", args=["larkspur"]))
    with connected("owner") as owner:
        owner.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    assert b"Being checked" in client.get(reverse("compliance:trail-state", args=["larkspur"])).content
    for user in (cast.maya_user, cast.admin_user, cast.mallory_user):
        answer = sign_in(Client(), user).get(reverse("compliance:trail-state", args=["larkspur"]))
        assert answer.status_code == 404
    # Another clinic has nothing under way.
    with cast.as_(cast.mallory_user):
        assert jobs.going_on("compliance.trail.check") is None


@pytest.mark.django_db(transaction=True)
def test_an_altered_entry_shows_on_every_page_of_the_officer(client: Client) -> None:
    cast = make_cast()
    _look(cast)
    seal_all()
    with connected("owner") as owner:
        owner.execute("UPDATE audit_auditevent SET actor_label = 'Somebody Else'")
    sign_in(client, cast.ingrid_user)
    client.post(reverse("compliance:trail-verify", args=["larkspur"]))
    job_worker.run_waiting()
    page = client.get(reverse("compliance:trail", args=["larkspur"]))
    assert b"The trail was altered" in page.content
    assert b"was altered." in page.content
    again = client.post(reverse("compliance:trail-verify", args=["larkspur"]), follow=True)
    assert b"Waits for its turn" in again.content and b"The trail was altered" in again.content
    licences = client.get(reverse("compliance:licences", args=["larkspur"])).content.decode()
    assert '<span class="wss-rn">1</span> <span class="wss-rt">altered</span>' in licences


@pytest.mark.django_db(transaction=True)
def test_the_hourly_check_looks_at_every_clinic() -> None:
    cast = make_cast()
    _look(cast)
    seal_all()
    assert services.verify_trails() == 0
    for user in (cast.ingrid_user, cast.mallory_user):
        with cast.as_(user):
            check = selectors.last_check()
        assert check is not None
        assert (check.actor_label, check.changes["faults"]) == ("Webside", 0)


def test_nobody_else_verifies(cast: Cast) -> None:
    for ask in (services.verify_trail, services.ask_for_check):
        with pytest.raises(services.NotAllowed), cast.as_(cast.admin_user) as admin:
            ask(actor=admin)


@pytest.mark.django_db(transaction=True)
def test_the_state_of_the_trail_tells_how_long_the_oldest_entry_waits() -> None:
    cast = make_cast()
    _look(cast)
    seal_all()
    with cast.as_(cast.ingrid_user):
        state = selectors.trail_state()
        assert (state.waiting_seconds, state.is_late, state.seal > 0) == (0.0, False, True)
        assert state.head.replace(" ", "") == sealing.verify().head[:16]
    _look(cast)
    with cast.as_(cast.ingrid_user), time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False):
        assert selectors.trail_state().is_late


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9998-12-31", "0002-01-01", "no day"])
def test_a_day_that_has_no_next_one_leaves_the_trail_as_it_is(client: Client, cast: Cast, day: str) -> None:
    sign_in(client, cast.ingrid_user)
    assert client.get(TRAIL, {"day": day}).status_code == 200
