"""A visit turns into an emergency or into care in person: said once, never lost, open until somebody knows what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from webside.audit.models import AuditEvent
from webside.chart import policies, registry, selectors, services
from webside.chart.codes import Caller, HowSoon, ListCode, ReadingSource, TransferKind, TransferOutcome
from webside.chart.events import TransferClosed, TransferStarted
from webside.chart.models import Transfer, TransferContact
from webside.chart.rules import transfers as rules
from webside.chart.services import ContactDraft, Invalid, NotAllowed, SheetChanged, TransferDraft
from webside.chart.tests import factories
from webside.core import clock
from webside.core.dated import ended, load
from webside.outbox.models import OutboxEvent
from webside.people.models import Covering
from webside.testing.cast import Cast

THERE = registry.Whereabouts(
    address="12 Elm Street, Kingston NY 12401", town="Kingston, NY", phone="845-555-0142", nearby="Rafael, 845-555-0177"
)
WOUND = TransferDraft(destination="urgent-care", how_soon="today", travel="driven", why="A cut that must be stitched")
TOOK = ContactDraft(reached=True, name="Sam Ortiz", role="Paramedic", place="Kingston Ambulance", phone="845-555-0190")


@pytest.fixture
def somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every patient be at home in Kingston; where she is comes from a higher app."""
    monkeypatch.setattr(registry, "_where", [lambda _encounter: THERE])


@pytest.fixture
def visit(cast: Cast, somewhere: None) -> Any:
    with cast.as_(cast.maya_user) as maya:
        made = factories.encounter(cast, parts=factories.PARTS)
        return selectors.encounter(maya, made.id)


def _events(event: type) -> int:
    return OutboxEvent.objects.filter(name__endswith=event.__name__).count()


def _texts(sheet: Any) -> str:
    return "\n".join(f"{part.title}: {part.text} {' / '.join(part.items)}" for part in sheet.parts)


class TestAnEmergency:
    def test_one_word_is_enough_and_takes_along_where_she_is(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            assert (made.place, made.phone) == (THERE.address, THERE.phone)
            assert made.called_at is None, "that somebody called is another word: nobody has said it"
            assert AuditEvent.objects.filter(action="chart.transfer.emergency", target_id=made.id).exists()

    def test_said_twice_it_is_said_once(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            first = services.declare_emergency(actor=maya, encounter=visit)
            assert services.declare_emergency(actor=maya, encounter=visit).id == first.id
            assert Transfer.objects.count() == 1
            assert _events(TransferStarted) == 1

    def test_the_encounter_goes_on(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.declare_emergency(actor=maya, encounter=visit)
            visit.refresh_from_db()
            assert (visit.status, visit.ended_at) == ("in-progress", None)

    def test_a_call_is_noted_once_with_who_and_when(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            called = services.note_call(actor=maya, encounter=visit, transfer=made)
            again = services.note_call(actor=maya, encounter=visit, transfer=made, by=Caller.PATIENT)
            assert (called.number_called, called.called_by) == ("911", "clinician")
            assert (again.called_at, again.called_by) == (called.called_at, "clinician"), "the first word counts"

    def test_an_old_form_takes_no_noted_call_back(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            called = services.note_call(actor=maya, encounter=visit, transfer=made)
            old = TransferDraft(place=THERE.address, phone=THERE.phone, why="Chest pain")
            after = services.change_transfer(actor=maya, encounter=visit, transfer=made, draft=old)
            assert (after.why, after.called_at, after.called_by) == ("Chest pain", called.called_at, "clinician")

    def test_help_is_there_and_it_can_be_taken_back(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            assert services.note_help(actor=maya, encounter=visit, transfer=made).help_there_at is not None
            assert services.note_help(actor=maya, encounter=visit, transfer=made, there=False).help_there_at is None

    def test_what_to_say_is_said_with_what_nobody_knows(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            said = " ".join(selectors.to_say(maya, visit, made))
            assert "Put me through to the emergency desk there" in said and "Kingston, NY" in said
            assert THERE.address in said and THERE.phone in said and "Rafael" in said
            assert "Allergies: not asked." in said, "not asked is not none"
            made.place = ""
            assert "Ask the patient for it now" in " ".join(selectors.to_say(maya, visit, made))


class TestCareInPerson:
    def test_it_says_where_how_soon_and_why(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            assert (made.kind, made.destination, made.how_soon) == ("in-person", "urgent-care", "today")
            assert made.place == THERE.address
            assert selectors.what_of(made) == "Urgent care, Today"

    @pytest.mark.parametrize("name", ["destination", "how_soon", "why"])
    def test_without_one_of_them_it_is_refused(self, cast: Cast, visit: Any, name: str) -> None:
        with cast.as_(cast.maya_user) as maya:
            with pytest.raises(Invalid) as refused:
                services.send_in_person(actor=maya, encounter=visit, draft=replace(WOUND, **{name: " "}))
            assert list(refused.value.errors) == [name]
            assert not Transfer.objects.exists()

    @pytest.mark.parametrize("change", [{"destination": "moon"}, {"how_soon": "never"}, {"why": "x" * 501}])
    def test_what_there_is_none_of_is_refused(self, cast: Cast, visit: Any, change: dict[str, str]) -> None:
        with cast.as_(cast.maya_user) as maya, pytest.raises(Invalid):
            services.send_in_person(actor=maya, encounter=visit, draft=replace(WOUND, **change))

    def test_what_was_said_first_stands_until_it_is_changed(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            later = replace(WOUND, destination="our-clinic")
            assert services.send_in_person(actor=maya, encounter=visit, draft=later).destination == "urgent-care"
            changed = services.change_transfer(actor=maya, encounter=visit, transfer=made, draft=later)
            assert changed.destination == "our-clinic"
            event = AuditEvent.objects.filter(action="chart.transfer.change").latest("at")
            assert "destination" in event.changes["changed"] and "stitched" not in str(event.changes)

    def test_the_same_again_changes_nothing(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            same = replace(WOUND, place=made.place, phone=made.phone)
            again = services.change_transfer(actor=maya, encounter=visit, transfer=made, draft=same)
            assert again.changed_at == made.changed_at

    def test_an_emergency_goes_before_it(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            services.declare_emergency(actor=maya, encounter=visit)
            found = selectors.turned_into(selectors.encounter(maya, visit.id))
            assert len(found) == 2 and selectors.governing(found).kind == TransferKind.EMERGENCY


class TestWhoTookOver:
    def test_one_word_is_kept_once(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            for _ in range(2):
                services.note_contact(actor=maya, encounter=visit, transfer=made, draft=TOOK, key="a")
            assert TransferContact.objects.get().name == "Sam Ortiz"

    def test_that_nobody_was_reached_is_kept_too_and_stays_open(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            nobody = ContactDraft(reached=False, place="Kingston Urgent Care", words="Rang out twice")
            services.note_contact(actor=maya, encounter=visit, transfer=made, draft=nobody, key="a")
            (row,) = selectors.followed(maya)
            assert row.unreached and row.handed_to == ""
            services.note_contact(actor=maya, encounter=visit, transfer=made, draft=TOOK, key="b")
            (row,) = selectors.followed(maya)
            assert not row.unreached and row.handed_to == "Sam Ortiz, Paramedic, Kingston Ambulance"

    @pytest.mark.parametrize(
        ("draft", "field"),
        [
            (ContactDraft(reached=True, place="Kingston Ambulance"), "name"),
            (ContactDraft(reached=False, name="Sam"), "words"),
            (replace(TOOK, words="x" * 501), "words"),
        ],
    )
    def test_without_a_name_or_a_word_it_is_refused(
        self, cast: Cast, visit: Any, draft: ContactDraft, field: str
    ) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            with pytest.raises(Invalid) as refused:
                services.note_contact(actor=maya, encounter=visit, transfer=made, draft=draft, key="a")
            assert list(refused.value.errors) == [field]


class TestTheEnd:
    def test_it_is_on_her_list_until_somebody_says_what_became_of_it(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            assert [row.transfer.id for row in selectors.followed(maya)] == [made.id]
            services.close_transfer(actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome.ARRIVED)
            assert selectors.followed(maya) == []
            assert _events(TransferClosed) == 1
            services.reopen_transfer(actor=maya, encounter=visit, transfer=made)
            assert len(selectors.followed(maya)) == 1, "a mis-tap is taken back"

    def test_the_first_word_on_the_end_stands(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            services.close_transfer(actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome.ARRIVED)
            later = services.close_transfer(
                actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome.UNKNOWN, words="?"
            )
            assert later.outcome == TransferOutcome.ARRIVED

    @pytest.mark.parametrize("outcome", ["not-gone", "not-needed", "unknown"])
    def test_whoever_isnt_there_needs_a_word(self, cast: Cast, visit: Any, outcome: str) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            with pytest.raises(Invalid):
                services.close_transfer(
                    actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome(outcome), words=" "
                )
            assert selectors.followed(maya)

    def test_a_mistake_counts_for_nothing_and_is_kept(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
            services.close_transfer(actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome.MISTAKE)
            assert selectors.turned_into(selectors.encounter(maya, visit.id)) == []
            assert Transfer.objects.get(id=made.id).outcome == "mistake"
            real = services.declare_emergency(actor=maya, encounter=visit)
            assert real.id != made.id
            with pytest.raises(Invalid):
                services.reopen_transfer(actor=maya, encounter=visit, transfer=made)

    def test_what_is_closed_is_not_written_in(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            services.close_transfer(actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome.ARRIVED)
            with pytest.raises(Invalid):
                services.change_transfer(actor=maya, encounter=visit, transfer=made, draft=WOUND)
            with pytest.raises(Invalid):
                services.note_contact(actor=maya, encounter=visit, transfer=made, draft=TOOK, key="a")

    def test_when_to_ask_is_said_and_without_a_row_is_not_checked(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            assert selectors.followed(maya)[0].late is False
            Transfer.objects.filter(id=made.id).update(started_at=clock.now() - timedelta(hours=13))
            assert selectors.followed(maya)[0].late is True
            (row,) = [each for each in load(rules.FIGURES).rows if each.id == "transfer-today"]
            with ended(row):
                assert selectors.followed(maya)[0].late is None


class TestTheSheet:
    def test_it_says_all_that_is_known_and_what_is_not(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.add_allergy(
                actor=maya, patient=cast.liz, substance="Penicillin", reaction="hives", criticality="high"
            )
            high = [("systolic", "mm[Hg]", Decimal(182)), ("diastolic", "mm[Hg]", Decimal(104))]
            services.add_vitals(actor=maya, patient=cast.liz, readings=high, source=ReadingSource.SAID, encounter=visit)
            factories.diagnosis(visit)
            made = services.declare_emergency(actor=maya, encounter=visit)
            services.note_call(actor=maya, encounter=visit, transfer=made)
            services.note_contact(actor=maya, encounter=visit, transfer=made, draft=TOOK, key="a")
            text = _texts(selectors.sheet(maya, visit, selectors.transfer_of(visit, made.id)))
        assert THERE.address in text and THERE.phone in text
        assert "182/104" in text and "said by the patient" in text
        assert "Penicillin, hives (dangerous)" in text
        assert "Medicines:  not asked" in text, "not asked is not none"
        assert factories.PARTS["assessment"] in text and "the note is not signed" in text
        assert "Number called: 911" in text and "Sam Ortiz" in text
        assert "Why: Not written yet." in text
        assert factories.PARTS["subjective"] not in text, "what she told is not sent on unasked"

    def test_a_list_that_was_asked_for_says_so(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.confirm_list(actor=maya, patient=cast.liz, code=ListCode.ALLERGIES)
            made = services.declare_emergency(actor=maya, encounter=visit)
            assert "Allergies:  none known; asked on" in _texts(selectors.sheet(maya, visit, made))

    def test_who_checked_it_checked_these_words(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            digest = selectors.sheet(maya, visit, made).digest
            checked = services.check_sheet(actor=maya, encounter=visit, transfer=made, digest=digest)
            assert selectors.sheet(maya, visit, checked).is_checked
            visit.note.assessment = "Deep, with a tendon to be seen"
            visit.note.save()
            assert not selectors.sheet(maya, visit, checked).is_checked, "the note says something else by now"
            with pytest.raises(SheetChanged):
                services.check_sheet(actor=maya, encounter=visit, transfer=made, digest=digest)


class TestWhoMay:
    @pytest.mark.parametrize(
        "who", ["daniel_user", "priya_user", "liz_user", "grace_user", "marcus_user", "ingrid_user"]
    )
    def test_nobody_else_writes_or_reads_it(self, cast: Cast, visit: Any, who: str) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.declare_emergency(actor=maya, encounter=visit)
        with cast.as_(getattr(cast, who)) as actor:
            with pytest.raises(NotAllowed):
                services.declare_emergency(actor=actor, encounter=visit)
            with pytest.raises(NotAllowed):
                services.note_call(actor=actor, encounter=visit, transfer=made)
            assert not policies.visible_transfers(actor, Transfer.objects.all()).exists()
            assert selectors.followed(actor) == []

    def test_a_transfer_of_another_encounter_is_refused(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            other = factories.encounter(cast, started_at=clock.now() - timedelta(days=2))
            made = services.declare_emergency(actor=maya, encounter=other)
            with pytest.raises(NotAllowed):
                services.note_call(actor=maya, encounter=visit, transfer=made)

    def test_who_covers_follows_it_too(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.declare_emergency(actor=maya, encounter=visit)
            now = clock.now()
            Covering.objects.create(
                absent=cast.maya, cover=cast.daniel, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1)
            )
        with cast.as_(cast.daniel_user) as daniel:
            assert len(selectors.followed(daniel)) == 1

    def test_another_clinic_sees_nothing(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            services.declare_emergency(actor=maya, encounter=visit)
        with cast.as_(cast.mallory_user, cast.northgate):
            assert not Transfer.objects.exists()


class TestWhatThePatientReads:
    def test_where_how_soon_what_to_take_along_and_what_if_worse(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            draft = replace(
                WOUND, place_name="Kingston Urgent Care", bring="The bandage", if_worse="Press on the wound"
            )
            made = services.send_in_person(actor=maya, encounter=visit, draft=draft)
            go = selectors.go_to([made])
            assert go is not None
            assert (go.where, go.how_soon) == ("Go to an urgent care center.", "Go today.")
            assert go.place == "Kingston Urgent Care" and "The bandage" in go.bring
            assert any("Call 911" in line for line in go.if_worse) and "Press on the wound" in go.if_worse
            plain = selectors.go_to([made], with_words=False)
            assert plain is not None and "The bandage" not in plain.bring

    def test_one_that_was_not_needed_is_not_told(self, cast: Cast, visit: Any) -> None:
        with cast.as_(cast.maya_user) as maya:
            made = services.send_in_person(actor=maya, encounter=visit, draft=WOUND)
            closed = services.close_transfer(
                actor=maya, encounter=visit, transfer=made, outcome=TransferOutcome.NOT_NEEDED, words="It stopped"
            )
            assert selectors.go_to([closed]) is None


class TestTheRule:
    @pytest.mark.parametrize(
        ("how_soon", "hours"), [("", 2), ("now", 2), ("today", 12), ("tomorrow", 36), ("days", 96)]
    )
    def test_when_to_ask(self, how_soon: str, hours: int) -> None:
        began = datetime(2026, 11, 27, 10, tzinfo=UTC)
        assert rules.ask_at(began, how_soon, began.date()) == began + timedelta(hours=hours)

    def test_before_any_row_nobody_knows(self) -> None:
        assert rules.ask_at(datetime(2020, 1, 1, tzinfo=UTC), HowSoon.NOW, date(2020, 1, 1)) is None

    @pytest.mark.parametrize(
        ("how_soon", "within"), [("", True), ("now", True), ("today", True), ("tomorrow", None), ("days", False)]
    )
    def test_within_a_day(self, how_soon: str, within: bool | None) -> None:
        assert rules.within_a_day(how_soon) is within
