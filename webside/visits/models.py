"""The virtual room of an appointment: who is in it, the safe start, how the call went."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from webside.core import clock
from webside.core.ids import uuid7
from webside.core.models import TenantForeignKey, TenantModel, TenantOneToOneField
from webside.visits.codes import MAIN, Ink, ParticipantRole, PhoneState, Shape, SiteKind, VisitStatus, VoiceAnswer


class Visit(TenantModel):
    """The room of one appointment, whose id it shares: whoever has the one can name the other.

    ``encounter_id`` is set when the encounter is made (chart owns it; the room keeps its id).
    ``stopped_by`` keeps the answer of the gates that stopped a visit before it began.
    """

    appointment = TenantOneToOneField("scheduling.Appointment", related_name="visit")
    status = models.CharField(max_length=12, default=VisitStatus.PLANNED)
    engine = models.CharField(max_length=20, default="peer")
    encounter_id = models.UUIDField(null=True)
    waiting_since = models.DateTimeField(null=True)
    admitted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)
    stopped_by = models.JSONField(null=True)
    audio_reason = models.CharField(max_length=20, blank=True)


class Participant(TenantModel):
    """A seat in a visit. It stays the same over reloads and reconnects; ``socket_id`` is the newest socket.

    Who was asked in has a seat of her own, what she may do in it (``speak`` … ``show_screen``), and waits in
    the lobby until ``admitted_at``. ``browser_hash`` is of the key of the browser that took the seat by a link: no other
    comes in by it. ``made_room_at``: since when she is in the lobby for somebody else to be in the room, until she is let
    in again. ``unwanted_at``: the patient has asked that she leave. ``attended_by`` says who sits there
    now for the patient, where it is somebody who acts for her. ``dial_digest`` is of the code by which she comes in by
    phone, which ``dial_turn`` leads to and which is kept nowhere (``selectors.phone``). ``captions_since``: she reads what
    the others say. ``voice``: whether hers may be written down for who reads, in ``voice_language``; nothing of it is kept.
    """

    visit = TenantForeignKey("visits.Visit", related_name="participants")
    role = models.CharField(max_length=12, choices=[(role, role) for role in ParticipantRole])
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=160)
    attended_by = models.CharField(max_length=200, blank=True)
    socket_id = models.UUIDField(null=True)
    seen_at = models.DateTimeField(null=True)
    joined_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    device_check = models.JSONField(null=True)
    relation = models.CharField(max_length=12, blank=True)
    speak = models.BooleanField(default=True)
    see_chart = models.BooleanField(default=False)
    write = models.BooleanField(default=False)
    stay_without_patient = models.BooleanField(default=False)
    show_screen = models.BooleanField(default=False)
    invited_by = TenantForeignKey("visits.Participant", null=True, related_name="+")
    invited_at = models.DateTimeField(null=True)
    asked_key = models.CharField(max_length=40, blank=True)
    admitted_at = models.DateTimeField(null=True)
    made_room_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    unwanted_at = models.DateTimeField(null=True)
    browser_hash = models.BinaryField(max_length=32, null=True)
    dial_turn = models.PositiveSmallIntegerField(default=0)
    dial_digest = models.BinaryField(max_length=32, null=True)
    captions_since = models.DateTimeField(null=True)
    voice = models.CharField(max_length=8, blank=True, choices=[(answer, answer) for answer in VoiceAnswer])
    voice_language = models.CharField(max_length=8, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "dial_digest"], name="dial_code_once"),
            models.UniqueConstraint(
                fields=["tenant", "visit", "asked_key"],
                condition=Q(removed_at=None) & ~Q(asked_key=""),
                name="participant_asked_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "visit", "role"],
                condition=Q(role__in=[role.value for role in MAIN]),
                name="participant_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "visit", "user"],
                condition=Q(removed_at=None) & ~Q(role__in=[role.value for role in MAIN]),
                name="colleague_once",
            ),
        ]


class Invitation(TenantModel):
    """A link by which one person, named, takes her seat, once. Its token is kept as a hash.

    ``knocks`` counts who came with the link when the seat was taken. ``email``: where it was sent, if it was.
    """

    participant = TenantForeignKey("visits.Participant", related_name="invitations")
    token_hash = models.BinaryField(max_length=32)
    email = models.EmailField(max_length=254, blank=True)
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    knocks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "token_hash"], name="invitation_link_once")]


class CodeCheck(TenantModel):
    """What somebody found when comparing the verification code with one other person: same or different."""

    participant = TenantForeignKey("visits.Participant", related_name="code_checks")
    peer = TenantForeignKey("visits.Participant", related_name="+")
    result = models.CharField(max_length=12)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "participant", "peer"], name="code_check_once")]


class Site(TenantModel):
    """A place that helps with visits: there somebody sits beside the patient, in a room with ``kit``.

    The clinic whose visit it is doesn't run it. ``kit``: words of ``codes.Kit``. One that helps no more has ``closed_at``
    and is never deleted: check-ins name it.
    """

    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in SiteKind])
    address_line = models.CharField(max_length=160)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=2)
    postal_code = models.CharField(max_length=12)
    phone = models.CharField(max_length=40)
    kit = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name", "city"], condition=Q(closed_at=None), name="site_once")
        ]


class SafeStart(TenantModel):
    """What is asked before each visit: who, where now, how to reach, who is near, and consent.

    It feeds the licence gate, the place of service and the emergency card. ``decision`` keeps what
    ``compliance.may_treat`` answered for the place given; ``answered_by`` who checked in for the patient, if she didn't.
    At a place that helps with visits, ``site`` and what was true of it then; who is near is who sits beside her there,
    and ``presenter_role`` what they are (``codes.PresenterRole``).
    """

    visit = TenantOneToOneField("visits.Visit", related_name="safe_start")
    identity_confirmed = models.BooleanField(default=False)
    identity_document = models.BooleanField(null=True)
    location = models.CharField(max_length=10, blank=True)
    address_line = models.CharField(max_length=160, blank=True)
    city = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=2, blank=True)
    postal_code = models.CharField(max_length=12, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    alone = models.BooleanField(null=True)
    nearby_name = models.CharField(max_length=160, blank=True)
    nearby_phone = models.CharField(max_length=40, blank=True)
    site = TenantForeignKey("visits.Site", null=True, related_name="+")
    site_name = models.CharField(max_length=160, blank=True)
    site_kind = models.CharField(max_length=16, blank=True)
    site_phone = models.CharField(max_length=40, blank=True)
    site_kit = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    presenter_role = models.CharField(max_length=12, blank=True)
    consent = TenantForeignKey("compliance.Consent", null=True, related_name="+")
    decision = models.JSONField(null=True)
    place_said_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    guardian_present = models.BooleanField(null=True)
    completed_at = models.DateTimeField(null=True)


class Signal(TenantModel):
    """A signalling message on its way between two participants; lives for a minute."""

    visit = TenantForeignKey("visits.Visit", related_name="+")
    sender = TenantForeignKey("visits.Participant", related_name="+")
    recipient = TenantForeignKey("visits.Participant", related_name="+")
    data = models.JSONField()


class TeamMeeting(TenantModel):
    """The care team meets in the room while the patient is not in it: before she is let in, or while she waits again.

    At most one of a visit is open. Its time is no time of the visit (``rules.call_facts``).
    """

    visit = TenantForeignKey("visits.Visit", related_name="team_meetings")
    began_by = models.CharField(max_length=200)
    began_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "visit"], condition=Q(ended_at=None), name="team_meeting_one_open"
            )
        ]


class ApartConsent(TenantModel):
    """The patient is asked whether one of her family may be with the team while she is not there: by ``asked_by``, or by herself.

    ``agreed`` is empty until she has answered. ``answered_by`` says who, where somebody acts for her.
    """

    seat = TenantForeignKey("visits.Participant", related_name="apart_consents")
    asked_by = TenantForeignKey("visits.Participant", null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    agreed = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "seat"],
                condition=Q(withdrawn_at=None) & (Q(agreed=None) | Q(agreed=True)),
                name="apart_consent_once",
            )
        ]

    @property
    def holds(self) -> bool:
        """Whether she has agreed and not taken it back."""
        return self.agreed is True and self.withdrawn_at is None

    @property
    def is_open(self) -> bool:
        """Whether she has not answered yet."""
        return self.agreed is None and self.withdrawn_at is None


class ChatMessage(TenantModel):
    """A line of the chat of a visit. Kept with the visit. ``written_by``: who wrote it for the patient, if she didn’t.

    ``apart``: the team wrote it while the patient was not in the room. It is never shown to her in the chat.
    """

    visit = TenantForeignKey("visits.Visit", related_name="chat")
    author = TenantForeignKey("visits.Participant", related_name="+")
    text = models.TextField()
    written_by = models.CharField(max_length=200, blank=True)
    apart = models.BooleanField(default=False)
    sent_at = models.DateTimeField(default=clock.now)
    client_key = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "visit", "client_key"], name="chat_message_once")]


class HelpRequest(TenantModel):
    """Somebody on the patient's side said that something is wrong. It stays open until a person has answered it.

    ``words`` may tell of her health: they are on the front desk's list and nowhere else. ``taken_by`` is who said
    that she looks after it, ``answer`` what was done. ``alarms`` counts how often more people were told.
    """

    visit = TenantForeignKey("visits.Visit", related_name="help_requests")
    asked_by = models.CharField(max_length=200)
    words = models.TextField()
    phone = models.CharField(max_length=40, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    client_key = models.CharField(max_length=40)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.CharField(max_length=160, blank=True)
    taker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=160, blank=True)
    answer = models.TextField(blank=True)
    alarms = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "visit", "client_key"], name="help_request_once")]
        indexes = [models.Index(fields=["tenant", "asked_at"], condition=Q(answered_at=None), name="help_request_open")]


class HandOver(TenantModel):
    """A clinician asks a colleague to go on with a visit whose patient is there. Nothing changes until it is taken.

    ``words`` say what matters and why, for the colleague alone: they may tell of her health. ``stays``: who hands over
    stays in the call as a guest. ``overdue_at``: when she was told that nobody has answered. ``answer``: why not.
    ``reads_until``: until when who gave the visit away may still read the chart, by the rule of the day on which it was taken.
    """

    visit = TenantForeignKey("visits.Visit", related_name="hand_overs")
    asked_by = TenantForeignKey("people.Practitioner", related_name="+")
    to = TenantForeignKey("people.Practitioner", related_name="+")
    words = models.TextField()
    stays = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=clock.now)
    overdue_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True)
    answer = models.TextField(blank=True)
    reads_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "visit"], condition=Q(answered_at=None), name="hand_over_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "to"], condition=Q(answered_at=None), name="hand_over_asked_of"),
            models.Index(fields=["tenant", "asked_by", "reads_until"], name="hand_over_given"),
        ]


class WaitingWords(TenantModel):
    """What the clinic says in one language to who waits for a service: what to have ready, a few words, pages of its own.

    ``ready`` holds one thing a line. ``links``: each ``address`` and ``name``.
    """

    service = TenantForeignKey("catalog.HealthcareService", related_name="+")
    language = models.CharField(max_length=8)
    ready = models.TextField(blank=True)
    text = models.TextField(blank=True)
    links = models.JSONField(default=list)
    changed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "service", "language"], name="waiting_words_once")]


class FollowUp(TenantModel):
    """The clinician proposes to meet again after so many ``days``; ``appointment`` is what the patient booked of it."""

    visit = TenantOneToOneField("visits.Visit", related_name="follow_up")
    days = models.PositiveSmallIntegerField()
    proposed_by = models.CharField(max_length=160)
    proposed_at = models.DateTimeField(default=clock.now)
    appointment = TenantForeignKey("scheduling.Appointment", null=True, related_name="+")
    booked_at = models.DateTimeField(null=True)


class SurveyAnswer(TenantModel):
    """What one seat said of a visit: how the call worked, and whether she got what she came for (1 to 5, 5 is best).

    It is about the clinic, not part of the chart, and is read without her name. ``answered_at``: the first time.
    """

    participant = TenantOneToOneField("visits.Participant", related_name="survey")
    call = models.PositiveSmallIntegerField(null=True)
    purpose = models.PositiveSmallIntegerField(null=True)
    words = models.TextField(blank=True)
    answered_at = models.DateTimeField(default=clock.now)


class PhoneCall(TenantModel):
    """One phone call of a visit, or of somebody who dialled the clinic's number and has shown no code yet (no ``visit``).

    ``number`` is the other end in E.164 form, empty where it was withheld. ``tries`` counts what was asked of the caller,
    ``wrong`` the codes among them that are nobody's. ``admitted_at``: the clinician let this very call in, and no other by
    the same code. ``turned_at``: the call belongs elsewhere and the carrier has not been heard to follow. ``heard_at``: when
    the carrier last spoke of it. ``unsure``: the carrier may have been told to call, its answer was lost.
    """

    visit = TenantForeignKey("visits.Visit", null=True, related_name="phone_calls")
    seat = TenantForeignKey("visits.Participant", null=True, related_name="phone_calls")
    outgoing = models.BooleanField(default=False)
    carrier_id = models.CharField(max_length=64, blank=True)
    number = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=8, default=PhoneState.ASKED)
    tries = models.PositiveSmallIntegerField(default=0)
    wrong = models.PositiveSmallIntegerField(default=0)
    asked_by = models.CharField(max_length=200, blank=True)
    client_key = models.CharField(max_length=40, blank=True)
    began_at = models.DateTimeField(default=clock.now)
    heard_at = models.DateTimeField(null=True)
    admitted_at = models.DateTimeField(null=True)
    turned_at = models.DateTimeField(null=True)
    hung_up_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=10, blank=True)
    unsure = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "carrier_id"], condition=~Q(carrier_id=""), name="phone_call_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "visit", "client_key"], condition=~Q(client_key=""), name="phone_call_asked_once"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "began_at"], condition=Q(wrong__gt=0), name="phone_call_wrong")]

    @property
    def caller(self) -> Participant:
        """The seat of a call that belongs to a visit. Raises :class:`LookupError` for one that has shown no code."""
        if self.seat is None:
            raise LookupError("a call of no visit")
        return self.seat

    @property
    def room(self) -> UUID:
        """The visit of such a call, by its id."""
        return self.caller.visit_id


class PhoneMove(TenantModel):
    """The carrier said that a call came into a room, or left it. ``sequence`` is its own count within the conference.

    Told twice it is one row; told late it still stands in its place (``rules.phone_stretches``).
    """

    call = TenantForeignKey("visits.PhoneCall", related_name="moves")
    conference = models.CharField(max_length=64)
    sequence = models.PositiveIntegerField()
    joined = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "call", "conference", "sequence"], name="phone_move_once")
        ]


class QualitySample(TenantModel):
    """Ten seconds of one participant's call with ``peer``, in numbers (see ``static/visits/README.md``)."""

    participant = TenantForeignKey("visits.Participant", related_name="samples")
    peer = TenantForeignKey("visits.Participant", null=True, related_name="+")
    client_key = models.UUIDField(default=uuid7)
    taken_at = models.DateTimeField(default=clock.now)
    seconds = models.FloatField()
    sound_seconds = models.FloatField()
    picture_seconds = models.FloatField()
    digest = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "participant", "client_key"], name="sample_once")]


class SharedFile(TenantModel):
    """A picture or a document that somebody sent in a visit, and where its content lies (``core.files``).

    ``name`` is what the sender's device called it; ``content_type`` is what its bytes are. A picture has its size in
    pixels and a small one that stands for it. One that its sender removed keeps its row, not its content.
    """

    message = TenantOneToOneField("visits.ChatMessage", related_name="file")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.UUIDField()
    preview = models.UUIDField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    removed_at = models.DateTimeField(null=True)


class Board(TenantModel):
    """The picture that everybody in the room looks at and draws on; none where ``shared`` is empty."""

    visit = TenantOneToOneField("visits.Visit", related_name="board")
    shared = TenantForeignKey("visits.SharedFile", null=True, related_name="+")
    shown_by = TenantForeignKey("visits.Participant", related_name="+")
    shown_at = models.DateTimeField(default=clock.now)


class Mark(TenantModel):
    """A line or an arrow on a picture: ``points`` are x and y in turn, each from 0 to 10,000 of the picture's side.

    What was taken back keeps its row. ``drawn_by``: who drew it for the patient, if she didn’t.
    """

    shared = TenantForeignKey("visits.SharedFile", related_name="marks")
    author = TenantForeignKey("visits.Participant", related_name="+")
    drawn_by = models.CharField(max_length=200, blank=True)
    client_key = models.UUIDField()
    shape = models.CharField(max_length=8, choices=[(shape, shape) for shape in Shape])
    ink = models.CharField(max_length=8, choices=[(ink, ink) for ink in Ink])
    points = models.JSONField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "shared", "client_key"], name="mark_once")]


class PictureConsent(TenantModel):
    """The clinician asks to keep one picture in the chart, and the patient answers: ``agreed`` is empty until she has.

    ``answered_by`` says who, where somebody acts for her. What she takes back before the note is signed has
    ``withdrawn_at``, and stands in no chart.
    """

    shared = TenantForeignKey("visits.SharedFile", related_name="consents")
    asked_by = TenantForeignKey("visits.Participant", related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    body_site = models.CharField(max_length=120)
    agreed = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "shared"],
                condition=Q(withdrawn_at=None) & (Q(agreed=None) | Q(agreed=True)),
                name="picture_consent_once",
            )
        ]


class Upload(TenantModel):
    """A file on its way: ``have`` of ``size`` bytes have come. It goes when the last one has, or after a day."""

    visit = TenantForeignKey("visits.Visit", related_name="+")
    author = TenantForeignKey("visits.Participant", related_name="+")
    client_key = models.UUIDField()
    name = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    have = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "visit", "client_key"], name="upload_once")]


class UploadPart(TenantModel):
    """Some bytes of a file on its way, sealed, from ``start`` on."""

    upload = TenantForeignKey("visits.Upload", on_delete=models.CASCADE, related_name="parts")
    start = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "upload", "start"], name="upload_part_once")]
