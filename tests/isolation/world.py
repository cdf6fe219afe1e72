"""A world to attack: two clinics, each with one real thing for every part of an address, all marked with canaries.

Everything comes about through the services, as it would in life, and is committed: requests, sockets and
a second connection see the same rows. The same builder fills both clinics, so that whoever is refused at
Larkspur is known to get in at home with the very same request.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pypdf
from django.core.management import call_command
from PIL import Image
from psycopg.types.range import TimestamptzRange

from tests.isolation.canaries import canary
from tests.single_sign_on.saml_provider import Idp
from webside.accounts.models import Membership, SignIn, User
from webside.core import clock, files, frames
from webside.core.actor import Actor, ActorKind, Role, system
from webside.core.models import Tenant, Timer
from webside.core.timers import MAX_ATTEMPTS
from webside.people.codes import Scope
from webside.people.models import Delegation
from webside.testing.cast import Cast, acting, delegation, make_cast, publish_words
from webside.testing.jobs import give_up_a_job

ZONE = "America/New_York"


@dataclass(slots=True)
class Clinic:
    """One clinic, the people by whom its things come about, and the ids of these things."""

    tenant: Tenant
    patient: Any
    patient_user: User
    practitioner: Any
    practitioner_user: User
    coordinator_user: User
    admin_user: User
    service: Any
    other_practitioner: Any
    things: dict[str, Any] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The clinic's part of an address."""
        return self.tenant.slug

    def word(self, kind: str) -> str:
        """Return this clinic's canary for a kind of text."""
        return canary(self.slug, kind)


@dataclass(slots=True)
class World:
    """The cast, both clinics, and everybody who asks, by name; a visitor has no user."""

    cast: Cast
    larkspur: Clinic
    northgate: Clinic
    users: dict[str, User | None] = field(default_factory=dict)
    grants: dict[str, Delegation] = field(default_factory=dict)
    """By which grant somebody acts for Liz."""

    def actor(self, name: str, clinic: Clinic) -> Actor:
        """Return the actor that somebody is in a clinic."""
        user = self.users[name]
        if user is None:
            raise KeyError(name)
        actor = self.cast.actor_of(user, clinic.tenant)
        if name not in self.grants:
            return actor
        with frames.begin(tenant_id=clinic.tenant.id, actor=actor):
            return acting(actor, self.grants[name])


def build() -> World:
    """Make both clinics, in the caller's connection; each step commits."""
    call_command("load_icd10cm", only=["E11"], stdout=io.StringIO())
    cast = make_cast()
    world = World(cast, _larkspur(cast), _northgate(cast))
    for clinic in (world.larkspur, world.northgate):
        _Filling(cast, clinic).fill()
    rosa_user = _second_patient(cast, world.larkspur)
    grants = _delegates(cast)
    world.grants = {"ana": cast.ana_for_liz, **grants}
    world.users = {
        "visitor": None,
        "link": None,  # came by the link of Liz's e-mail: the door to one appointment
        "rosa_link": None,  # the same with Rosa's link
        "guest": None,  # was asked into the visit in whose room Liz is, took the seat, and was let in
        "liz": cast.liz_user,
        "rosa": rosa_user,
        "maya": cast.maya_user,
        "daniel": cast.daniel_user,
        "priya": cast.priya_user,
        "grace": cast.grace_user,
        "marcus": cast.marcus_user,
        "ingrid": cast.ingrid_user,
        "admin": cast.admin_user,
        "delegate": cast.ana_user,
        "ana": cast.ana_user,
        **{name: grant.user for name, grant in grants.items()},
        "mallory": cast.mallory_user,
        "every": world.northgate.practitioner_user,
    }
    return world


# ------------------------------------------------------------------------------------------ the two clinics


@contextmanager
def _by_system(tenant: Tenant) -> Iterator[Actor]:
    actor = system("tests", tenant.id)
    with frames.begin(tenant_id=tenant.id, actor=actor):
        yield actor


def _mark(patient: Any, slug: str) -> None:
    patient.family = f"Moreno {canary(slug, 'name')}"
    patient.address_line = f"1 {canary(slug, 'address')} Street"
    patient.city, patient.state, patient.postal_code, patient.timezone = "Kingston", "NY", "12401", ZONE
    patient.email, patient.phone = patient.email or f"{slug}.patient@example.test", "845-555-0142"
    patient.save()


def _larkspur(cast: Cast) -> Clinic:
    with _by_system(cast.larkspur):
        _mark(cast.liz, "larkspur")
    return Clinic(
        cast.larkspur, cast.liz, cast.liz_user, cast.maya, cast.maya_user, cast.grace_user, cast.admin_user,
        cast.video_visit, cast.daniel,
    )  # fmt: skip


def _northgate(cast: Cast) -> Clinic:
    """Give Northgate a patient with an account, and a physician who holds every role: if anybody could, she could."""
    from webside.catalog.models import HealthcareService, ServicePractitioner
    from webside.compliance.models import Credentialing, Licence
    from webside.people.models import Practitioner
    from webside.scheduling.models import Availability

    later = clock.now().date() + timedelta(days=500)
    every = User.objects.create(email="every@northgate.test", name="Every Role", password="!")
    oscar = User.objects.create(email="oscar@northgate.test", name="Oscar Ortiz", password="!")
    with _by_system(cast.northgate):
        Membership.objects.create(user=every, tenant=cast.northgate, roles=[role.value for role in Role])
        Membership.objects.create(user=oscar, tenant=cast.northgate, roles=[Role.PATIENT.value])
        cast.oscar.user = oscar
        _mark(cast.oscar, "northgate")
        physician = Practitioner.objects.create(
            user=every, given="Every", family="Role", prefix="Dr.", profession="physician", qualification="MD",
            home_state="NY",
        )  # fmt: skip
        Licence.objects.create(
            practitioner=physician, state="NY", number="NY-EVE-1", period_start=date(2024, 1, 1), period_end=later,
            verified_at=clock.now(), verified_with="state board",
        )  # fmt: skip
        Credentialing.objects.create(
            practitioner=physician, credentialed_until=later, excluded=False, exclusion_checked_at=clock.now()
        )
        service = HealthcareService.objects.create(
            name="Video visit at Northgate", kind="telemedicine", modality="video", summary="Fever, cough",
            duration_minutes=20, price_cents=7500, price_note="$75", professions=["physician"],
            billing_service="visit", documentation=["subjective", "assessment", "plan"], position=1,
        )  # fmt: skip
        for person in (physician, cast.mallory):
            ServicePractitioner.objects.create(service=service, practitioner=person)
            for weekday in range(7):
                Availability.objects.create(
                    practitioner=person, weekday=weekday, starts_at=time(8), ends_at=time(18), timezone=ZONE
                )
        publish_words("telehealth", "visit")
    return Clinic(
        cast.northgate, cast.oscar, oscar, physician, every, every, every, service, cast.mallory,
    )  # fmt: skip


def _delegates(cast: Cast) -> dict[str, Delegation]:
    """Let others act for Liz: one for one thing, one until a moment ago, one until she ended it."""
    now, made = clock.now(), {}
    with _by_system(cast.larkspur):
        for name, scopes, more in (
            ("booker", [Scope.APPOINTMENTS], {}),
            ("over", [], {"expires_at": now - timedelta(minutes=1)}),
            ("ended", [], {"revoked_at": now - timedelta(minutes=1)}),
        ):
            user = User.objects.create(email=f"{name}@example.test", name=f"{name.title()} Person", password="!")
            Membership.objects.create(user=user, tenant=cast.larkspur, roles=[Role.DELEGATE.value])
            made[name] = delegation(cast.liz, user, *scopes, **more)
    return made


def _second_patient(cast: Cast, clinic: Clinic) -> User:
    """Give Larkspur Rosa: another patient of the same physician, who must see nothing of Liz."""
    from webside.people.models import Patient
    from webside.scheduling import services as scheduling

    user = User.objects.create(email="rosa@example.test", name="Rosa Vidal", password="!")
    Membership.objects.create(user=user, tenant=clinic.tenant, roles=[Role.PATIENT.value])
    with cast.as_(user, clinic.tenant):
        rosa = Patient.objects.create(
            user=user, record_number="LC-30001", given="Rosa", family="Vidal", birth_date=date(1990, 5, 6),
            email="rosa@example.test", phone="845-555-0190", state="NY", timezone=ZONE,
        )  # fmt: skip
        appointment = _appointment(clinic, rosa, clock.now() + timedelta(days=3), reason="A rash")
        clinic.things["rosa_appointment_id"] = appointment.id
        clinic.things["rosa_token"] = scheduling.issue_link(appointment=appointment)
    return user


def _appointment(clinic: Clinic, patient: Any, start: datetime, *, reason: str) -> Any:
    """Book at any minute: what free times are is scheduling's to test."""
    from webside.scheduling.models import Appointment

    return Appointment.objects.create(
        patient=patient, practitioner=clinic.practitioner, service=clinic.service,
        period=TimestamptzRange(start, start + timedelta(minutes=20)), patient_state="NY", patient_timezone=ZONE,
        reason_text=reason, booked_by=patient.full_name, idempotency_key=uuid4().hex,
    )  # fmt: skip


# ---------------------------------------------------------------------------------- what happens in a clinic


class _Filling:
    """Lets one clinic live for a few hours. The names of visits say where each of them stands."""

    MINUTES = {"ready": -240, "ended": -180, "late": -120, "room": -10, "planned": 14, "waiting": 40, "stopped": 65}

    def __init__(self, cast: Cast, clinic: Clinic) -> None:
        self.cast, self.clinic, self.things = cast, clinic, clinic.things
        self.visits: dict[str, Any] = {}

    def fill(self) -> None:
        """Make everything."""
        self._names()
        self._front_desk()
        self._bookings()
        self._devices()
        self._line()
        self._waits()
        self._visits()
        self._charts()
        self._plan()
        self._transfer()
        self._office()
        self._events()

    def _as(self, user: User) -> Any:
        return self.cast.as_(user, self.clinic.tenant)

    def _names(self) -> None:
        clinic = self.clinic
        self.things |= {
            "slug": clinic.slug,
            "tenant_id": clinic.tenant.id,
            "patient_id": clinic.patient.id,
            "patient_user_id": clinic.patient_user.id,
            "practitioner_id": clinic.practitioner.id,
            "other_practitioner_id": clinic.other_practitioner.id,
            "service_id": clinic.service.id,
            "code": "allergies",
        }

    def _bookings(self) -> None:
        """Book, through the front door: one visit to come, one that was cancelled; and free times to ask for."""
        from webside.scheduling import selectors, services
        from webside.scheduling.codes import PersonRole
        from webside.scheduling.forms import slot_value
        from webside.scheduling.services.invitations import link_of

        clinic, tomorrow = self.clinic, clock.now() + timedelta(days=1)
        with self._as(clinic.patient_user) as patient:
            free = selectors.free_slots(
                service=clinic.service, state="NY", since=tomorrow, days=3, practitioner=clinic.practitioner
            )
            made = [
                services.book_with_consent(
                    actor=patient, patient=clinic.patient, service=clinic.service, practitioner=clinic.practitioner,
                    start=slot.start, state="NY", timezone=ZONE, reason_text=f"{clinic.word('reason')} in the morning",
                    idempotency_key=uuid4().hex, consent_scope="telehealth" if number == 0 else "",
                )
                for number, slot in enumerate((free[0], free[3]))
            ]  # fmt: skip
            services.cancel_appointment(actor=patient, appointment=made[1], reason=clinic.word("cancelled"))
            person = services.add_person(
                actor=patient, appointment=made[0],
                who=services.Guest(role=PersonRole.OTHER, name="Omar Ali", email="omar@example.test"),
            )  # fmt: skip
            self.things |= {
                "coming_appointment_id": made[0].id,
                "cancelled_appointment_id": made[1].id,
                "slot": slot_value(free[6].start, clinic.practitioner.id),
                "token": services.issue_link(appointment=made[0]),
                "person_id": person.id,
                "person_token": link_of(person),
            }

    def _line(self) -> None:
        """Let somebody wait to be seen now, somebody be called, and somebody ask to be called back."""
        from webside.people.models import Patient
        from webside.scheduling import services
        from webside.scheduling.models import CallBack, QueueEntry
        from webside.scheduling.rules import WeeklyHours

        clinic = self.clinic
        with _by_system(clinic.tenant) as machine:
            clinic.service.on_demand = True
            clinic.service.save()
            hours = [WeeklyHours(weekday, time(0), time(0), ZONE) for weekday in range(7)]
            services.set_queue_hours(actor=machine, service=clinic.service, hours=hours)
            for name in ("called", "rung"):
                person = Patient.objects.create(
                    record_number=f"LINE-{name}", given=name.capitalize(), family=f"Pine {clinic.word('name')}",
                    birth_date=date(1971, 2, 3), phone="845-555-0155",
                )  # fmt: skip
                entry = QueueEntry.objects.create(
                    patient=person, service=clinic.service, state="NY", timezone=ZONE, phone="845-555-0155",
                    reason_text=f"{clinic.word('reason')} since noon", idempotency_key=uuid4().hex,
                    status="claimed" if name == "called" else "callback", claimed_at=clock.now(),
                    practitioner=clinic.practitioner if name == "called" else None,
                )  # fmt: skip
                self.things[f"{name}_entry_id"] = entry.id
            self.things["call_back_id"] = CallBack.objects.create(entry=entry, phone="845-555-0155").id
        with self._as(clinic.practitioner_user) as who:
            services.go_on_duty(actor=who, practitioner=clinic.practitioner)
        with self._as(clinic.patient_user) as patient:
            self.things["entry_id"] = services.join_queue(
                actor=patient, patient=clinic.patient, service=clinic.service, state="NY", timezone=ZONE,
                phone="845-555-0142", reason_text=f"{clinic.word('reason')} now", idempotency_key=uuid4().hex,
            ).id  # fmt: skip

    def _waits(self) -> None:
        """Let the patient wait for a time, and one be held for her."""
        from webside.scheduling import services
        from webside.scheduling.models import Appointment, WaitlistEntry, WaitlistOffer

        clinic, start = self.clinic, clock.now() + timedelta(days=20, minutes=7)
        with _by_system(clinic.tenant):
            period = TimestamptzRange(start, start + timedelta(minutes=20))
            entry = WaitlistEntry.objects.create(
                patient=clinic.patient, service=clinic.service, state="NY", timezone=ZONE, weekdays=[1], notice_hours=2,
                until=clock.now().date() + timedelta(days=30), reason_text=f"{clinic.word('reason')} for weeks",
                joined_by="Herself", idempotency_key=uuid4().hex,
            )  # fmt: skip
            offer = WaitlistOffer.objects.create(
                entry=entry, practitioner=clinic.practitioner, period=period, offered_by="Webside",
                until=clock.now() + timedelta(hours=2),
            )  # fmt: skip
            Appointment.objects.create(
                id=offer.id, status="pending", patient=clinic.patient, practitioner=clinic.practitioner,
                service=clinic.service, period=period, patient_state="NY", patient_timezone=ZONE, booked_by="Webside",
                reason_text=entry.reason_text, idempotency_key=uuid4().hex,
            )  # fmt: skip
            self.things |= {"wait_id": entry.id, "offer_id": offer.id}
            self.things["wait_token"] = services.issue_waitlist_link(entry=entry)
        with self._as(clinic.practitioner_user) as who:
            self.things["feed_token"] = services.renew_feed(actor=who, owner=clinic.practitioner)
            self.things["other_id"] = services.add_calendar(
                actor=who, practitioner=clinic.practitioner, name=clinic.word("calendar"),
                address=f"https://calendar.example/{clinic.word('ical')}.ics",
            ).id  # fmt: skip
        with self._as(clinic.admin_user) as admin:
            site = services.let_site_embed(actor=admin, address=f"https://{clinic.slug}.example")
            self.things["site_id"] = site.id

    def _visits(self) -> None:
        """Bring a visit to each stage that a page is about."""
        from webside.visits import services

        clinic = self.clinic
        with self._as(clinic.patient_user):
            for name, minutes in self.MINUTES.items():
                booked = _appointment(
                    clinic, clinic.patient, clock.now() + timedelta(minutes=minutes), reason=clinic.word("reason")
                )
                self.visits[name] = services.open_visit(appointment=booked)
                self.things |= {f"{name}_appointment_id": booked.id, f"{name}_visit_id": booked.id}
            night = datetime.combine(clock.now().date() + timedelta(days=40), time(3), tzinfo=ZoneInfo(ZONE))
            _appointment(clinic, clinic.patient, night, reason=clinic.word("reason"))  # outside any hours
            self._come("planned", complete=False)
            for name in ("ready", "ended", "room", "waiting"):
                self._come(name)
            self._come("stopped", state="OR")
        for name in ("ready", "ended", "room"):
            with self._as(clinic.practitioner_user) as who:
                services.admit(actor=who, visit=self.visits[name])
                self._chat(who, name)
            with self._as(clinic.practitioner_user) as who:
                self._begin(who, name)
        self._ask_in()
        with self._as(clinic.patient_user) as patient:
            self.things["help_id"] = services.ask_for_help(
                actor=patient, visit=self.visits["ready"], words=f"My {clinic.word('wrong')} is gone", phone="",
                client_key=uuid4().hex,
            ).id  # fmt: skip
        self._hand_over()
        with self._as(clinic.practitioner_user) as who:
            services.answer_for_gate(
                actor=who, visit=self.visits["ended"], gate="identity_document", reason=clinic.word("override")
            )
            services.confirm_identity(actor=who, visit=self.visits["ready"])

    def _hand_over(self) -> None:
        """Let the physician ask a colleague to go on with the visit in whose room the patient is."""
        from webside.visits.models import HandOver

        clinic = self.clinic
        with _by_system(clinic.tenant):
            # Made directly: where the colleague may treat is compliance's to say, and here it says no.
            self.things["hand_over_id"] = HandOver.objects.create(
                visit=self.visits["room"],
                asked_by=clinic.practitioner,
                to=clinic.other_practitioner,
                words=f"{clinic.word('handing')}, I must leave",
            ).id

    def _call_in(self, visit: Any) -> UUID:
        """Let the patient wait on the line of a visit, and somebody who has shown no code."""
        from webside.visits.codes import PhoneState
        from webside.visits.models import Participant, PhoneCall

        with _by_system(self.clinic.tenant):
            seat = Participant.objects.get(visit=visit, role="patient")
            PhoneCall.objects.create(carrier_id=f"CA{uuid4().hex}", number="+12125550177", state=PhoneState.ASKING)
            return PhoneCall.objects.create(
                visit=visit, seat=seat, carrier_id=f"CA{uuid4().hex}", number="+12125550178", state=PhoneState.LOBBY
            ).id

    def _ask_in(self) -> None:
        """Ask people into the room: one is let in, one waits in the lobby, one has not opened the link; and one of the family."""
        from webside.visits import services
        from webside.visits.codes import ParticipantRole, Relation

        visit, asked = self.visits["room"], []
        with self._as(self.clinic.practitioner_user) as who:
            for number in range(3):
                asked.append(
                    services.ask_in(
                        actor=who, visit=visit, role=ParticipantRole.INTERPRETER, link_to=str,
                        name=f"Guest {self.clinic.word('guest')} {number}",
                    )
                )  # fmt: skip
            kin = services.ask_in(
                actor=who, visit=visit, role=ParticipantRole.FAMILY, link_to=str, relation=Relation.CHILD,
                name=f"Kin {self.clinic.word('guest')}",
            )  # fmt: skip
            services.ask_apart(actor=who, visit=visit, seat_id=kin.seat.id)
        with _by_system(self.clinic.tenant) as nobody:
            taken = [services.take_seat(actor=nobody, token=each.link) for each in asked[:2]]
        with self._as(self.clinic.practitioner_user) as who:
            services.let_in(actor=who, visit=visit, seat_id=asked[0].seat.id)
        self.things |= {
            "call_id": self._call_in(visit),
            "seat_id": asked[0].seat.id, "seat_key": taken[0].key, "lobby_seat_id": asked[1].seat.id,
            "lobby_seat_key": taken[1].key, "join_token": asked[2].link,
            "kin_seat_id": kin.seat.id,
        }  # fmt: skip
        self._share(asked[0].seat)

    def _share(self, seat: Any) -> None:
        """Send a letter and a picture as the practitioner, a letter as the guest, and begin to send another."""
        from webside.visits import services

        visit, word = self.visits["room"], self.clinic.word("shared")
        letter = _paper(word)
        begun = {"visit": visit, "client_key": uuid4(), "name": "begun.pdf", "size": 9}
        with self._as(self.clinic.practitioner_user) as who:
            sent = [
                _sent(who, visit, f"{word}.pdf", letter), _sent(who, visit, f"{word}.png", _picture()),
            ]  # fmt: skip
            services.begin_file(actor=who, **begun)
        guest = Actor(kind=ActorKind.GUEST, label=seat.name, tenant_id=self.clinic.tenant.id, subject_id=seat.id)
        with frames.begin(tenant_id=self.clinic.tenant.id, actor=guest):
            sent.append(_sent(guest, visit, f"{word}.pdf", letter))
            hers = services.begin_file(actor=guest, visit=visit, client_key=(key := uuid4()), name="hers.pdf", size=9)
            assert hers.have == 0
        names = ("shared_id", "picture_id", "guest_shared_id")
        self.things |= {name: file.id for name, file in zip(names, sent, strict=True)}
        self.things |= {"upload_key": begun["client_key"], "guest_upload_key": key}
        with self._as(self.clinic.practitioner_user) as who:
            services.show_picture(actor=who, visit=visit, shared_id=sent[1].id)
            kept = _sent(who, visit, f"{word}.png", _picture())
            asked = [
                services.ask_to_keep(actor=who, visit=visit, shared_id=each.id, body_site=f"left arm {word}")
                for each in (kept, sent[1])
            ]  # fmt: skip
        with self._as(self.clinic.patient_user) as patient:
            services.answer_keeping(actor=patient, visit=visit, consent_id=asked[0].id, agrees=True)
        self.things["question_id"] = asked[1].id
        with self._as(self.clinic.practitioner_user):
            from webside.chart.models import Document

            self.things["chart_document_id"] = Document.objects.get(source_id=kept.id).id

    def _come(self, name: str, *, state: str = "NY", complete: bool = True) -> None:
        from webside.visits import services

        answers = {
            "identity_confirmed": True, "location": "other", "address_line": f"2 {self.clinic.word('address')} Road",
            "city": "Kingston", "state": state, "postal_code": "12401", "phone": "845-555-0142", "alone": False,
            "nearby_name": f"Rafael {self.clinic.word('nearby')}", "nearby_phone": "845-555-0177",
        }  # fmt: skip
        actor = frames.current().actor
        if complete:
            services.complete_safe_start(actor=actor, visit=self.visits[name], answers=answers, agrees=True)
        else:
            services.save_safe_start(actor=actor, visit=self.visits[name], answers=answers)

    def _chat(self, who: Actor, name: str) -> None:
        from webside.visits import services

        services.write_message(
            actor=who, visit=self.visits[name], text=f"I see {self.clinic.word('chat')}", client_key=uuid4().hex
        )

    def _begin(self, who: Actor, name: str) -> None:
        from webside.visits import selectors, services

        self.visits[name] = services.start_visit(
            actor=who, visit=selectors.by_id(self.visits[name].id), started_at=clock.now()
        )
        self.things[f"{name}_encounter_id"] = self.visits[name].encounter_id

    def _charts(self) -> None:
        """Write notes: one open, one ready for its signature, one signed with an addendum; and the lists."""
        from webside.chart import selectors, services
        from webside.chart.models import MedicationStatement
        from webside.visits import services as visits

        word = self.clinic.word
        parts = {
            "subjective": f"She says {word('subjective')}.",
            "assessment": "Type 2 diabetes, above goal.",
            "plan": f"We do {word('plan')}.",
            "patient_summary": "Your sugar went up. We talked about why.",
            "patient_instructions": f"Take {word('instructions')} with dinner.",
        }
        for name in ("room", "ready", "ended"):
            with self._as(self.clinic.practitioner_user) as who:
                encounter = selectors.encounter(who, self.things[f"{name}_encounter_id"])
                services.save_note(actor=who, encounter=encounter, fields=parts, revision=0)
                services.add_diagnosis(actor=who, encounter=encounter, code="E11.65")
                self.things[f"{name}_revision"] = selectors.note_of(encounter).revision
                self.things[f"{name}_diagnosis_id"] = selectors.diagnoses_of(encounter)[0].id
                if name != "room":
                    visits.end_visit(actor=who, visit=self.visits[name])
        with self._as(self.clinic.practitioner_user) as who:
            patient = self.clinic.patient
            allergy = services.add_allergy(
                actor=who, patient=patient, substance=word("allergy"), reaction="hives", criticality="high"
            ).entry
            services.add_problem(actor=who, patient=patient, display=f"{word('diagnosis')} since 2019", code="E11.65")
            services.add_medication(actor=who, patient=patient, medication=word("medicine"), dosage="twice a day")
            services.confirm_list(actor=who, patient=patient, code="allergies")
            # After the lists: the patient's summary names the medicines of the day on which it was signed.
            encounter = selectors.encounter(who, self.things["ended_encounter_id"])
            services.sign_note(actor=who, encounter=encounter)
            services.add_addendum(actor=who, encounter=encounter, text=f"Also {word('addendum')}.")
            self.things |= {
                "allergy_id": allergy.id,
                "medicine_id": MedicationStatement.objects.get(patient=patient).id,
            }

    def _plan(self) -> None:
        """A plan of the patient's, with a step of the front desk's, one of hers and one of who acts for her, agreed on."""
        from webside.chart import services

        with self._as(self.clinic.practitioner_user) as who:
            plan = services.make_plan(
                actor=who, patient=self.clinic.patient, title=f"We want {self.clinic.word('goal')}", key="w",
                turns_on="the operation",
            )  # fmt: skip
            owners = {"step_id": f"staff:{self.clinic.coordinator_user.id}", "patient_step_id": "patient"}
            if self.clinic.slug == "larkspur":
                owners["delegate_step_id"] = f"delegate:{self.cast.ana_user.id}"
            for name, owner in owners.items():
                draft = services.StepDraft(text=f"Order what is needed ({name})", owner=owner)
                self.things[name] = services.add_step(actor=who, plan=plan, draft=draft, key=name).id
            self.things.setdefault("delegate_step_id", self.things["patient_step_id"])
            services.agree_on_plan(actor=who, plan=plan, present=[self.clinic.patient.full_name])
            self.things["plan_id"] = plan.id

    def _transfer(self) -> None:
        """A visit whose patient is sent to be seen in person, and why."""
        from webside.chart import selectors, services

        with self._as(self.clinic.practitioner_user) as who:
            encounter = selectors.encounter(who, self.things["room_encounter_id"])
            draft = services.TransferDraft(
                destination="urgent-care", how_soon="today", why=f"It is {self.clinic.word('sent')}"
            )
            made = services.send_in_person(actor=who, encounter=encounter, draft=draft)
            digest, tokens = selectors.sheet(who, encounter, made).digest, list[str]()
            services.check_sheet(actor=who, encounter=encounter, transfer=made, digest=digest)
            sent = services.send_ahead(
                actor=who, encounter=encounter, transfer=made, name="Urgent care", email="urgent@care.example", key="x",
                link_to=lambda token: tokens.append(token) or token,
            )  # fmt: skip
            self.things |= {
                "transfer_id": made.id, "ahead_id": sent.link.id, "ahead_token": tokens[0], "ahead_code": sent.code,
            }  # fmt: skip

    def _front_desk(self) -> None:
        """Time off and hours of the practitioner; a place that helps with visits; a text that somebody sent to the clinic."""
        from webside.notifications import services as notifications
        from webside.scheduling import services as scheduling
        from webside.visits import services as visits
        from webside.visits.codes import SiteKind

        clinic = self.clinic
        with _by_system(clinic.tenant) as carrier:
            text = notifications.receive_text(
                actor=carrier,
                carrier_id=f"SM-{clinic.slug}",
                number="+18455550188",
                body=f"It is {clinic.word('text')}",
            )
            self.things["text_id"] = text.id
        with self._as(clinic.coordinator_user) as desk:
            off = scheduling.add_exception(
                actor=desk, practitioner=clinic.practitioner, start=clock.now() + timedelta(days=30),
                end=clock.now() + timedelta(days=31), reason=clinic.word("timeoff"),
            )  # fmt: skip
            self.things["exception_id"] = off.id
            place = visits.add_site(
                actor=desk, name="Rondout School", kind=SiteKind.SCHOOL, address_line="3 Creek Lane", city="Kingston",
                state="NY", postal_code="12401", phone="845-555-0170",
            )  # fmt: skip
            self.things["place_id"] = place.id
            hours = scheduling.add_hours(
                actor=desk, practitioner=clinic.practitioner, weekday=6, starts_at=time(3), ends_at=time(4),
                timezone="America/New_York",
            )  # fmt: skip
            self.things["hours_id"] = hours.id
        with self._as(clinic.practitioner_user) as own:
            starts = (clock.now() + timedelta(days=40)).replace(tzinfo=None, microsecond=0)
            stretches = scheduling.plan_on_call(
                actor=own, practitioner=clinic.practitioner, starts=starts, ends=starts + timedelta(hours=8)
            )
            self.things["stretch_id"] = stretches[0].id
        with self._as(clinic.coordinator_user) as desk:
            (wanted,) = scheduling.add_on_call_hours(actor=desk, weekdays=[2], starts_at=time(3), ends_at=time(4))
            self.things["on_call_id"] = wanted.id

    def _devices(self) -> None:
        """A browser of the patient's to which pushes go, and a reminder that waits for it."""
        from tests.isolation.expectations import BROWSER
        from webside.notifications import ports
        from webside.notifications import services as notifications
        from webside.notifications.codes import MessageKind

        clinic = self.clinic
        with self._as(clinic.patient_user) as patient:
            target = ports.PushTarget(**BROWSER | {"endpoint": f"http://127.0.0.1:9/push/{clinic.slug}"})
            device = notifications.add_device(
                actor=patient, target=target, device=uuid4(), sign_in=None, name="Chrome on Android"
            )
        with _by_system(clinic.tenant):
            (push,) = notifications.push_to_patient(
                template="scheduling/reminder", patient=clinic.patient, kind=MessageKind.REMINDER,
                about_id=self.things["coming_appointment_id"], idempotency_key="push of the world",
            )  # fmt: skip
        self.things |= {"device_id": device.id, "push_id": push.id}

    def _office(self) -> None:
        """Consents, licences, overrides, staff, keys, files."""
        from webside.accounts import services as accounts
        from webside.catalog.models import GateOverride
        from webside.compliance.models import Consent, Licence

        clinic = self.clinic
        with _by_system(clinic.tenant):
            consent = Consent.objects.get(patient=clinic.patient, scope="telehealth")
            consent.given_by = clinic.word("signer")
            consent.save()
            self.things |= {
                "consent_id": consent.id,
                "licence_id": Licence.objects.filter(practitioner=clinic.practitioner).earliest("id").id,
                "override_id": GateOverride.objects.get(reason=clinic.word("override")).id,
                "file_id": files.store(_picture()).id,
                "document_id": files.store(f"%PDF-1.7 {clinic.word('file')}".encode()).id,
            }
        self._delegation()
        self._away()
        colleague, tokens = self._colleague(), list[str]()
        with self._as(clinic.admin_user) as admin:
            invitation = accounts.invite_staff(
                actor=admin, email=f"new@{clinic.slug}.test", name=clinic.word("staff"), roles=[Role.BILLER],
                link_to=lambda token: tokens.append(token) or token,
            )  # fmt: skip
            _, secret = accounts.create_api_key(actor=admin, name="tests", scopes=["decide"])
            service = accounts.add_identity_provider(
                actor=admin, name="Sign-in", issuer="http://localhost:9", client_id="webside",
                secret="of both", domains=[f"{clinic.slug}.example"], asks_twice=True,
            )  # fmt: skip
            idp = Idp("http://localhost:9")
            saml = accounts.add_identity_provider(
                actor=admin, protocol="saml", name="Sign-in by SAML", issuer=idp.name, sign_in_url=idp.sign_in_url,
                certificates=idp.certificate, domains=[f"saml.{clinic.slug}.example"],
            )  # fmt: skip
            self.things |= {
                "provider_id": service.id,
                "saml_provider_id": saml.id,
                "invitation_id": invitation.id,
                "invitation_token": tokens[0],
                "sign_in_id": SignIn.objects.create(
                    user=clinic.patient_user,
                    session_key=f"of-{clinic.slug}",
                    device="Chrome on Windows",
                    ends_at=clock.now() + timedelta(hours=12),
                ).id,
                "api_key": secret,
                "membership_id": Membership.objects.get(user=colleague, tenant=clinic.tenant).id,
                "colleague_user_id": colleague.id,
            }

    def _away(self) -> None:
        """Let the colleague cover one day, not yet; she opened the patient's chart once in an emergency, which is over."""
        from webside.chart.models import EmergencyAccess
        from webside.people.models import Covering

        clinic, now = self.clinic, clock.now()
        with _by_system(clinic.tenant):
            covering = Covering.objects.create(
                absent=clinic.practitioner, cover=clinic.other_practitioner, set_by="tests",
                starts_at=now + timedelta(days=100), ends_at=now + timedelta(days=101),
            )  # fmt: skip
            access = EmergencyAccess.objects.create(
                patient=clinic.patient, user=clinic.other_practitioner.user, name="A colleague", reason="Found unconscious",
                starts_at=now - timedelta(hours=9), ends_at=now - timedelta(hours=5),
            )  # fmt: skip
        self.things |= {"covering_id": covering.id, "access_id": access.id}

    def _delegation(self) -> None:
        """Let somebody act for the patient, and ask somebody else to."""
        from webside.people import services as people

        clinic, tokens = self.clinic, list[str]()
        with self._as(clinic.patient_user) as patient:
            if clinic.patient == self.cast.liz:
                grant = self.cast.ana_for_liz
            else:
                helper = User.objects.create(email=f"helper@{clinic.slug}.test", name="A helper", password="!")
                grant = delegation(clinic.patient, helper)
            people.grant_delegation(
                actor=patient, patient=clinic.patient, name="Somebody asked", email=f"asked@{clinic.slug}.test",
                relation="FRND", scopes=[Scope.APPOINTMENTS], expires_at=clock.now() + timedelta(days=30),
                link_to=lambda token: tokens.append(token) or token,
            )  # fmt: skip
        self.things |= {"delegation_id": grant.id, "delegation_token": tokens[0]}

    def _colleague(self) -> User:
        """Return somebody who works here and whose account carries a canary."""
        user = User.objects.create(
            email=f"colleague@{self.clinic.slug}.test", name=f"Pat {self.clinic.word('colleague')}", password="!"
        )
        Membership.objects.create(user=user, tenant=self.clinic.tenant, roles=[Role.BILLER.value])
        return user

    def _events(self) -> None:
        """Let the worker do its part: mails, the claim; then one mail, event, timer and job that were given up."""
        from webside.billing.models import Claim
        from webside.notifications.models import OutgoingMessage
        from webside.outbox.models import Delivery
        from webside.outbox.services import deliver_due

        while deliver_due():
            pass
        tenant_id = self.clinic.tenant.id
        message = OutgoingMessage.objects.filter(tenant_id=tenant_id, patient_id=self.clinic.patient.id).earliest("id")
        OutgoingMessage.objects.filter(id=message.id).update(status="failed", failed_at=clock.now())
        delivery = Delivery.objects.filter(event__tenant_id=tenant_id).earliest("id")
        Delivery.objects.filter(id=delivery.id).update(delivered_at=None, dead_at=clock.now())
        timer = Timer.objects.create(
            tenant_id=tenant_id, name="tests", key=str(uuid4()), due_at=clock.now(), attempts=MAX_ATTEMPTS
        )
        self.things |= {
            "message_id": message.id,
            "delivery_id": delivery.id,
            "timer_id": timer.id,
            "job_id": give_up_a_job(tenant_id),
        }
        with _by_system(self.clinic.tenant):
            self.things["claim_id"] = Claim.objects.get(patient=self.clinic.patient).id


def _paper(word: str) -> bytes:
    """Return a PDF that says a word of itself."""
    out, paper = io.BytesIO(), pypdf.PdfWriter()
    paper.add_blank_page(72, 72)
    paper.add_metadata({"/Title": word})
    paper.write(out)
    return out.getvalue()


def _picture() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    return picture.getvalue()


def _sent(actor: Actor, visit: Any, name: str, content: bytes) -> Any:
    """Send a small file in a visit; return it."""
    from webside.visits import services

    key = uuid4()
    services.begin_file(actor=actor, visit=visit, client_key=key, name=name, size=len(content))
    return services.add_part(actor=actor, visit=visit, client_key=key, start=0, content=content).file


def missing_things(things: dict[str, Any]) -> dict[str, Any]:
    """Return the same parts with ids that nobody has, of the same form."""
    gone: dict[str, Any] = {}
    for name, value in things.items():
        if isinstance(value, UUID):
            gone[name] = uuid4()
        elif name.endswith("token"):
            gone[name] = "A" * len(value)
        elif name == "job_id":
            gone[name] = value + 1_000_000
        elif name == "slot":
            gone[name] = value.replace(str(things["practitioner_id"]), str(uuid4()))
        else:
            gone[name] = value
    return gone
