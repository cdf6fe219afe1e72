"""When practitioners can be booked, what was booked, who waits in line or for a time. Slots are computed, never stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from webside.core import clock
from webside.core.crypto import keyring
from webside.core.models import TenantForeignKey, TenantModel
from webside.scheduling.codes import (
    HOLDS_TIME,
    IN_LINE,
    TAKES_TIME,
    AppointmentStatus,
    CallWindow,
    OfferStatus,
    PersonRole,
    QueueStatus,
    Urgency,
    WaitlistStatus,
)


class Timed:
    """What every row with a ``period`` says of it; the next one may begin when it ends."""

    period: Any

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.period.lower

    @property
    def end(self) -> datetime:
        """When it ends."""
        return self.period.upper


class Availability(TenantModel):
    """A practitioner's weekly hours, in wall-clock time of ``timezone`` (FHIR Schedule).

    ``weekday`` is 0 for Monday. The hour that a clock change skips has no slots; the hour that it
    repeats is offered once.
    """

    practitioner = TenantForeignKey("people.Practitioner", related_name="availability")
    weekday = models.PositiveSmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    timezone = models.CharField(max_length=60)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)


class AvailabilityException(TenantModel):
    """A stretch of time that is off (holiday, meeting) or, with ``available``, on besides the weekly hours."""

    practitioner = TenantForeignKey("people.Practitioner", related_name="availability_exceptions")
    period = DateTimeRangeField()
    available = models.BooleanField(default=False)
    reason = models.CharField(max_length=120, blank=True)


class Appointment(Timed, TenantModel):
    """FHIR Appointment. PostgreSQL refuses a second one for the same person in the same time.

    ``sequence`` counts each move, cancellation and restoring. ``doors_since``: where a hand-over let open doors follow,
    the sequence since which they stand; else empty, and only those of the present sequence do. ``confirmed_*`` is of the
    present time: a move takes it back.

    ``blocked`` is ``period`` with the minutes before and after it that stay free for its practitioner; the database fills it
    in, whoever writes the row.

    ``by_guardian``: her guardian asked for it. That agreement is to the visit, and goes along when it gets another time.

    A *pending* one is a time that is held for somebody on the waiting list: it keeps its practitioner's time from others,
    and is nobody's visit until she has taken it.
    """

    patient = TenantForeignKey("people.Patient", related_name="appointments")
    practitioner = TenantForeignKey("people.Practitioner", related_name="appointments")
    service = TenantForeignKey("catalog.HealthcareService", related_name="appointments")
    series = TenantForeignKey("scheduling.AppointmentSeries", null=True, related_name="appointments")
    status = models.CharField(max_length=12, default=AppointmentStatus.BOOKED)
    period = DateTimeRangeField()
    minutes_before = models.PositiveSmallIntegerField(default=0)
    minutes_after = models.PositiveSmallIntegerField(default=0)
    blocked = DateTimeRangeField(editable=False, null=True)
    patient_state = models.CharField(max_length=2)
    patient_timezone = models.CharField(max_length=60)
    reason_text = models.TextField(blank=True)
    booked_by = models.CharField(max_length=160)
    by_guardian = models.BooleanField(default=False)
    idempotency_key = models.CharField(max_length=64)
    cancelled_at = models.DateTimeField(null=True)
    cancellation_reason = models.CharField(max_length=160, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    doors_since = models.PositiveIntegerField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_how = models.CharField(max_length=8, blank=True)
    missed_reason = models.CharField(max_length=12, blank=True)
    missed_note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="appointment_idempotent"),
            *(
                ExclusionConstraint(
                    name=f"appointment_{who}_free",
                    expressions=[
                        ("tenant", RangeOperators.EQUAL),
                        (who, RangeOperators.EQUAL),
                        (time, RangeOperators.OVERLAPS),
                    ],
                    condition=Q(status__in=[status.value for status in held]),
                )
                for who, time, held in (("practitioner", "blocked", TAKES_TIME), ("patient", "period", HOLDS_TIME))
            ),
        ]


class BookedPerson(TenantModel):
    """Somebody who is booked for an appointment beside its patient and its practitioner.

    A colleague (``practitioner``), whose time is held with the appointment's; or somebody from outside with a ``name``, who
    comes by a link (``link_hash``, of the newest one, which was sent to ``email`` or ``phone``). Outside and without a name it
    is a wish: an interpreter who ``interprets`` into a language, and whom the clinic has still to find. ``language`` is that of
    letters. The seat in the visit has the same id.
    """

    appointment = TenantForeignKey("scheduling.Appointment", related_name="people")
    practitioner = TenantForeignKey("people.Practitioner", null=True, related_name="booked_beside")
    role = models.CharField(max_length=12, choices=[(role, role) for role in PersonRole])
    name = models.CharField(max_length=160, blank=True)
    relation = models.CharField(max_length=12, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=8, blank=True)
    interprets = models.CharField(max_length=40, blank=True)
    link_hash = models.BinaryField(max_length=32, null=True)
    added_by = models.CharField(max_length=160)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "appointment", "practitioner"],
                condition=Q(removed_at=None),
                name="booked_person_once",
            ),
            models.UniqueConstraint(fields=["tenant", "link_hash"], name="booked_person_link_once"),
        ]

    @property
    def is_colleague(self) -> bool:
        """Whether it is somebody of the clinic, whose time is held."""
        return self.practitioner_id is not None

    @property
    def is_wish(self) -> bool:
        """Whether nobody is named yet."""
        return not self.is_colleague and not self.name

    @property
    def shown_name(self) -> str:
        """The name as people read it; empty for a wish."""
        return self.practitioner.display_name if self.practitioner is not None else self.name


class HeldTime(TenantModel):
    """Time of somebody of the clinic that an appointment holds: of its practitioner, and of each colleague who is booked too.

    Triggers write these rows with the appointment and its people, whoever writes those; PostgreSQL refuses a second one in
    the same time. So all are held, or none.
    """

    appointment = TenantForeignKey("scheduling.Appointment", models.DO_NOTHING, related_name="held_times")
    practitioner = TenantForeignKey("people.Practitioner", related_name="held_times")
    blocked = DateTimeRangeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "appointment", "practitioner"], name="held_time_once"),
            ExclusionConstraint(
                name="held_time_free",
                expressions=[
                    ("tenant", RangeOperators.EQUAL),
                    ("practitioner", RangeOperators.EQUAL),
                    ("blocked", RangeOperators.OVERLAPS),
                ],
            ),
        ]


class AppointmentSeries(TenantModel):
    """Visits that were booked together, to come again and again. Each is an appointment of its own."""

    patient = TenantForeignKey("people.Patient", related_name="+")
    service = TenantForeignKey("catalog.HealthcareService", related_name="+")
    every = models.CharField(max_length=12)
    booked_by = models.CharField(max_length=160)
    idempotency_key = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="appointment_series_idempotent")
        ]


class AppointmentLink(TenantModel):
    """A link in an e-mail that opens one appointment without a password. Its token is kept as a hash.

    It works until ``expires_at`` or until it is revoked (moved, cancelled); it can open the
    appointment and its visit, nothing else.
    """

    appointment = TenantForeignKey("scheduling.Appointment", related_name="links")
    token_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token_hash"], name="appointment_link_once")]


class QueueHours(TenantModel):
    """Weekly hours in which people may join the line of a service, in wall-clock time of ``timezone``.

    An end that isn't after the start is on the next day. ``weekday`` is 0 for Monday.
    """

    service = TenantForeignKey("catalog.HealthcareService", related_name="queue_hours")
    weekday = models.PositiveSmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    timezone = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "service", "weekday", "starts_at"], name="queue_hours_once")
        ]


class QueueDuty(TenantModel):
    """A stretch in which a practitioner takes people from the line. ``seen_at``: the last sign of her open page.

    Until its end it holds to ``until``, or until her page has been silent for too long.
    """

    practitioner = TenantForeignKey("people.Practitioner", related_name="queue_duties")
    started_at = models.DateTimeField(default=clock.now)
    until = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "practitioner"], condition=Q(ended_at=None), name="queue_duty_once"
            )
        ]


class QueueEntry(TenantModel):
    """Somebody who asked to be seen now. The appointment that comes of it has the same id.

    ``joined_at`` is her place and stays, whatever happens to the entry. ``practitioner`` has called her; ``asked_for``
    is whom the front desk chose. ``promised_low`` and ``promised_high`` are minutes from ``joined_at``, as she was told
    when she joined. ``moved_on_at`` is when the entry came to its present status. ``by_guardian``: her guardian put her there.
    """

    patient = TenantForeignKey("people.Patient", related_name="queue_entries")
    service = TenantForeignKey("catalog.HealthcareService", related_name="queue_entries")
    status = models.CharField(max_length=12, default=QueueStatus.WAITING)
    state = models.CharField(max_length=2)
    timezone = models.CharField(max_length=60)
    phone = models.CharField(max_length=40)
    reason_text = models.TextField(blank=True)
    urgency = models.CharField(max_length=8, default=Urgency.ROUTINE, choices=[(each, each) for each in Urgency])
    urgency_reason = models.CharField(max_length=200, blank=True)
    urgency_by = models.CharField(max_length=160, blank=True)
    by_guardian = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=clock.now)
    moved_on_at = models.DateTimeField(default=clock.now)
    promised_low = models.PositiveIntegerField(null=True)
    promised_high = models.PositiveIntegerField(null=True)
    practitioner = TenantForeignKey("people.Practitioner", null=True, related_name="+")
    asked_for = TenantForeignKey("people.Practitioner", null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)
    wants_message = models.BooleanField(default=False)
    told_near_at = models.DateTimeField(null=True)
    told_closing_at = models.DateTimeField(null=True)
    told_alone_at = models.DateTimeField(null=True)
    idempotency_key = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="queue_entry_idempotent"),
            models.UniqueConstraint(
                fields=["tenant", "patient"],
                condition=Q(status__in=[status.value for status in IN_LINE]),
                name="queue_entry_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "joined_at"],
                condition=Q(status__in=[status.value for status in IN_LINE]),
                name="queue_entry_in_line",
            )
        ]


class QueueLink(TenantModel):
    """A link in a message that opens one entry, and the visit that comes of it. Its token is kept as a hash."""

    entry = TenantForeignKey("scheduling.QueueEntry", related_name="links")
    token_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token_hash"], name="queue_link_once")]


class CallBack(TenantModel):
    """Somebody who would rather be called, or whom nobody could see: a task of the front desk until it is closed."""

    entry = TenantForeignKey("scheduling.QueueEntry", related_name="call_backs")
    phone = models.CharField(max_length=40)
    window = models.CharField(max_length=12, default=CallWindow.SOON)
    why = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    tries = models.PositiveSmallIntegerField(default=0)
    last_try_at = models.DateTimeField(null=True)
    last_note = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, blank=True)
    closed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "entry"], condition=Q(closed_at=None), name="call_back_once")
        ]


class Reminder(TenantModel):
    """One reminder of an appointment as it stood at a ``sequence``. There is one for each step, whatever happens.

    ``digest`` is the number that was texted, by which an answer finds it; ``cancel_asked_at``: the patient answered that she
    wants to cancel, and was asked once more. Without messages nobody could be reached, or nobody wanted to be.
    """

    appointment = TenantForeignKey("scheduling.Appointment", related_name="reminders")
    sequence = models.PositiveIntegerField()
    step = models.CharField(max_length=40)
    digest = models.BinaryField(max_length=32, null=True)
    text_id = models.UUIDField(null=True)
    email_id = models.UUIDField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "appointment", "sequence", "step"], name="reminder_once")
        ]
        indexes = [models.Index(fields=["tenant", "digest"], name="reminder_of_number")]


class WaitlistEntry(TenantModel):
    """Somebody who waits for a time of a service that becomes free, and which times would suit her.

    ``weekdays`` (0 is Monday) and ``day_parts`` are of the wall clock of ``timezone``; empty: any. ``notice_hours``: how long
    before a visit she must know. ``until`` is the last day that suits. ``practitioner``: with nobody else.
    ``appointment`` is the visit that she would move to an earlier time. ``joined_at`` is her place and stays. The worker
    looks for her when ``look_at`` has come, and for everybody else then. ``by_guardian``: her guardian put her there.
    """

    patient = TenantForeignKey("people.Patient", related_name="waitlist_entries")
    service = TenantForeignKey("catalog.HealthcareService", related_name="waitlist_entries")
    practitioner = TenantForeignKey("people.Practitioner", null=True, related_name="+")
    appointment = TenantForeignKey("scheduling.Appointment", null=True, related_name="waitlist_entries")
    status = models.CharField(max_length=12, default=WaitlistStatus.WAITING)
    state = models.CharField(max_length=2)
    timezone = models.CharField(max_length=60)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list)
    day_parts = ArrayField(models.CharField(max_length=12), default=list)
    notice_hours = models.PositiveSmallIntegerField()
    until = models.DateField()
    reason_text = models.TextField(blank=True)
    joined_at = models.DateTimeField(default=clock.now)
    joined_by = models.CharField(max_length=160)
    by_guardian = models.BooleanField(default=False)
    look_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)
    idempotency_key = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="waitlist_entry_idempotent"),
            models.UniqueConstraint(
                fields=["tenant", "patient", "service"],
                condition=Q(status=WaitlistStatus.WAITING.value),
                name="waitlist_entry_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "joined_at"],
                condition=Q(status=WaitlistStatus.WAITING.value),
                name="waitlist_waiting",
            )
        ]


class WaitlistOffer(Timed, TenantModel):
    """A time that was offered to somebody on the waiting list, and held for her until ``until``.

    While it is open a *pending* appointment of the same id holds the time, so that PostgreSQL keeps it from others.
    """

    entry = TenantForeignKey("scheduling.WaitlistEntry", related_name="offers")
    practitioner = TenantForeignKey("people.Practitioner", related_name="+")
    period = DateTimeRangeField()
    status = models.CharField(max_length=12, default=OfferStatus.OPEN)
    offered_at = models.DateTimeField(default=clock.now)
    offered_by = models.CharField(max_length=160)
    until = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "entry"], condition=Q(status=OfferStatus.OPEN.value), name="waitlist_offer_once"
            )
        ]


class WaitlistLink(TenantModel):
    """A link in a message that opens one entry of the waiting list. Its token is kept as a hash."""

    entry = TenantForeignKey("scheduling.WaitlistEntry", related_name="links")
    token_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token_hash"], name="waitlist_link_once")]


class CalendarFeed(TenantModel):
    """A private address that calendars subscribe to: the visits of one practitioner, or of one patient.

    Its token is kept as a hash. A new address ends the one before.
    """

    practitioner = TenantForeignKey("people.Practitioner", null=True, related_name="calendar_feeds")
    patient = TenantForeignKey("people.Patient", null=True, related_name="calendar_feeds")
    token_hash = models.BinaryField(max_length=32)
    ended_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="calendar_feed_once"),
            models.CheckConstraint(
                condition=Q(practitioner=None, patient__isnull=False) | Q(practitioner__isnull=False, patient=None),
                name="calendar_feed_of_one",
            ),
            *(
                models.UniqueConstraint(
                    fields=["tenant", whose],
                    condition=Q(ended_at=None, **{f"{whose}__isnull": False}),
                    name=f"calendar_feed_{whose}",
                )
                for whose in ("practitioner", "patient")
            ),
        ]


class OtherCalendar(TenantModel):
    """A calendar that a practitioner keeps elsewhere: when it says that she is busy, her hours here are blocked.

    Its address opens all that is in it, so it is sealed; ``host`` is what people are shown, ``digest`` by what the same
    address is known again. ``whole_at``: when it was last read whole; it is asked for news only in between, by ``etag`` and
    ``last_modified``. ``failing_since`` is empty while it can be read; ``unclear`` counts what could not be understood.
    The worker reads it when ``look_at`` has come.
    """

    practitioner = TenantForeignKey("people.Practitioner", related_name="other_calendars")
    name = models.CharField(max_length=60, blank=True)
    host = models.CharField(max_length=253)
    address_sealed = models.BinaryField()
    digest = models.BinaryField(max_length=32)
    added_by = models.CharField(max_length=160)
    look_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True)
    whole_at = models.DateTimeField(null=True)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=80, blank=True)
    unclear = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=20, blank=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "practitioner", "digest"], name="other_calendar_once"),
        ]
        indexes = [models.Index(fields=["tenant", "look_at"], name="other_calendar_to_read")]

    @property
    def address(self) -> str:
        """Where it is read. Raises ``core.crypto.Unreadable`` where the key is missing."""
        return keyring().open(bytes(self.address_sealed), place=f"other-calendar:{self.id}").decode()

    @address.setter
    def address(self, plain: str) -> None:
        self.address_sealed = keyring().seal(plain.encode(), place=f"other-calendar:{self.id}")
        self.digest = keyring().blind_index(plain, place=f"other-calendar:{self.practitioner_id}")


class BookingSite(TenantModel):
    """A site of the clinic's own whose pages may show its services and times in a frame: an origin, and nothing wider."""

    origin = models.CharField(max_length=300)
    added_by = models.CharField(max_length=160)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "origin"], name="booking_site_once")]


class BusyTime(TenantModel):
    """A stretch in which another calendar says that a practitioner is busy. Never with what, where or with whom."""

    calendar = TenantForeignKey("scheduling.OtherCalendar", related_name="busy_times")
    practitioner = TenantForeignKey("people.Practitioner", related_name="busy_times")
    period = DateTimeRangeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "practitioner"], name="busy_time_of")]


class OnCallHours(TenantModel):
    """Weekly hours in which the clinic wants somebody on call, in wall-clock time of ``timezone``.

    An end that isn't after the start is on the next day. ``weekday`` is 0 for Monday.
    """

    weekday = models.PositiveSmallIntegerField()
    starts_at = models.TimeField()
    ends_at = models.TimeField()
    timezone = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "weekday", "starts_at"], name="on_call_hours_once"),
        ]


class OnCallStretch(Timed, TenantModel):
    """A stretch in which somebody is on call: she is reached when what others were asked is left undone.

    ``phone``: where she is reached then; empty, the number of her record. ``offered_at``: she would give it away, and has it
    until a colleague takes it (``taken_from`` is then whose it was). ``confirmed_at``: she has said yes to what somebody else
    planned for her; she is reached without it as well. Removed ones stay: they show who was to be reached.
    """

    practitioner = TenantForeignKey("people.Practitioner", related_name="on_call")
    period = DateTimeRangeField()
    phone = models.CharField(max_length=40, blank=True)
    planned_by = models.CharField(max_length=160)
    planner_id = models.UUIDField(null=True)
    offered_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    taken_from = TenantForeignKey("people.Practitioner", null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)
    removed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="on_call_stretch_once",
                expressions=[
                    ("tenant", RangeOperators.EQUAL),
                    ("practitioner", RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
                condition=Q(removed_at=None),
            ),
        ]

    @property
    def is_agreed(self) -> bool:
        """Whether she knows of it: she has said yes, or planned or took it herself."""
        own = self.planner_id is not None and self.planner_id == self.practitioner.user_id
        return own or self.confirmed_at is not None

    @property
    def reached_at(self) -> str:
        """The number by which she is reached; empty where none is known."""
        return self.phone or self.practitioner.phone


class OnCallGap(Timed, TenantModel):
    """A stretch of the clinic's on-call hours in which nobody is on call, of which the front desk was told."""

    period = DateTimeRangeField()
