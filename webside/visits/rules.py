"""What a visit's numbers and marks mean. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from webside.catalog.codes import ScreenSharing
from webside.core.dated import figure, load
from webside.visits.codes import (
    MAIN,
    OVER,
    Advice,
    Grade,
    LinkStanding,
    ParticipantRole,
    PhonePlace,
    SeatStage,
    Stage,
    Step,
    VisitStatus,
)

DATA = Path(__file__).resolve().parent / "data"
FIGURES = DATA / "figures.csv"
SEATS = DATA / "seats.csv"


def least_sound(on: date) -> timedelta | None:
    """Return for how long sound must reach each side before a visit counts as having taken place at all."""
    return _lasting("least_sound", on)


def hand_over_waits(on: date) -> timedelta:
    """Return after how long who hands over is told that her colleague has not answered; at once where no row says."""
    return _lasting("hand_over_waits", on) or timedelta(0)


def hand_over_reads(on: date) -> timedelta:
    """Return for how long who handed a patient over may still read her chart; not at all where no row says."""
    return _lasting("hand_over_reads", on) or timedelta(0)


def place_holds(on: date) -> timedelta | None:
    """Return for how long a place holds that somebody said: people move, and an ambulance must find them."""
    return _lasting("place_holds", on)


def check_in_opens(start: datetime) -> datetime | None:
    """Return when a patient is asked to check in for a visit that starts then; nothing where no row says."""
    holds = place_holds(start.date())
    return start - holds if holds else None


def _lasting(name: str, on: date) -> timedelta | None:
    row = figure(FIGURES, name, on)
    return timedelta(**{row["unit"]: int(row["value"])}) if row else None


@dataclass(frozen=True, slots=True)
class Heard:
    """What reached one side, in seconds, over the whole call."""

    sound: float = 0.0
    picture: float = 0.0


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What happened in a call, in whole minutes.

    ``video_minutes`` had sound and picture on both sides, ``audio_minutes`` sound alone, ``phone_minutes`` of these went
    over the telephone. The minutes are rounded down: a claim may rest on them. ``audio_reason`` is a word of
    ``billing.codes``, empty where nobody said.
    """

    connected: bool
    video_minutes: int
    audio_minutes: int
    audio_reason: str
    total_minutes: int
    phone_minutes: int = 0

    @property
    def heard_minutes(self) -> int:
        """For how many minutes both heard each other, with picture or without."""
        return self.video_minutes + self.audio_minutes


def call_facts(
    heard: Mapping[ParticipantRole, Heard],
    *,
    on: date,
    failed: bool,
    began: datetime | None,
    ended: datetime | None,
    audio_reason: str = "",
    phone: float = 0.0,
) -> CallFacts:
    """Say what happened, from what reached each side.

    Each side counts what arrives there, so a minute of a conversation is one that both report: the
    smaller of the two. Nobody was connected without as much of it as is asked on the day (``on``); where no
    row says how much, nobody was, since a claim may rest on it. ``failed`` is the clinician's word that the
    call did not serve; it outweighs the numbers. Nobody has heard for longer than the visit lasted,
    whatever the pages say. ``phone``: seconds for which both were on the phone together and the pages measured nothing
    (:func:`phone_seconds`); there was no picture in them.
    """
    sides = [heard.get(role, Heard()) for role in MAIN]
    lasted = (ended - began).total_seconds() if began and ended else math.inf
    measured = max(0.0, min(side.sound for side in sides))
    sound = min(lasted, measured + phone)
    picture = min(measured, sound, *(side.picture for side in sides))
    total = int((ended - began).total_seconds() // 60) if began and ended and ended > began else 0
    video, audio = _whole_minutes(picture, sound)
    least = least_sound(on)
    return CallFacts(
        connected=not failed and least is not None and sound >= least.total_seconds(),
        video_minutes=video,
        audio_minutes=audio,
        audio_reason=audio_reason,
        total_minutes=total,
        phone_minutes=min(audio, int(phone // 60)),
    )


def _whole_minutes(picture: float, sound: float) -> tuple[int, int]:
    return int(picture // 60), int((sound - picture) // 60)


def stage(*, cancelled: bool, status: VisitStatus, checked_in: bool, admitted: bool) -> Stage:
    """Say which page a visit is on.

    ``checked_in``: the safe start is complete. ``admitted``: the clinician has let the patient in.
    """
    if status in OVER:
        return Stage.ENDED
    if cancelled:
        return Stage.CANCELLED
    if status is VisitStatus.STOPPED:
        return Stage.STOPPED
    if not checked_in:
        return Stage.CHECK_IN
    return Stage.ROOM if admitted or status is VisitStatus.IN_PROGRESS else Stage.WAITING


def steps_done(*, stage: Stage, devices: bool, answers: bool) -> frozenset[Step]:
    """Return the steps on her way in that a patient has done.

    ``devices``: she has a verdict of the device check; ``answers``: each question but the agreement is answered, the
    place not too long ago. Who waits, or is in the room, has answered and agreed: she is there.
    """
    here = stage in (Stage.WAITING, Stage.ROOM)
    done = {
        Step.DEVICES: devices,
        Step.ANSWERS: here or answers,
        Step.AGREEMENT: here,
        Step.WAITING: stage is Stage.ROOM,
    }
    return frozenset(step for step in Step if done[step])


def next_step(done: Collection[Step], *, stage: Stage) -> Step:
    """Return the first step that isn't done. Who waits already isn't called back to the device check."""
    if stage in (Stage.WAITING, Stage.ROOM):
        return Step.WAITING
    return next(step for step in Step if step not in done)


def help_alarm(on: date) -> timedelta:
    """Return after how long nobody's having taken a request for help is told to more people; at once where no row says."""
    return _lasting("help_alarm", on) or timedelta()


def help_again(on: date) -> timedelta:
    """Return after how long one that was taken and not answered is told again; as soon as the first where no row says."""
    return _lasting("help_again", on) or help_alarm(on)


def most_help(on: date) -> int | None:
    """Return how many requests for help one visit may send within an hour; no bound where no row says."""
    return _count("help_most", on) or None


def survey_is_open(answered_at: datetime | None, now: datetime) -> bool:
    """Whether an answer about a visit may still be given or changed; one that was given is fixed where no row says."""
    changes = _lasting("survey_changes", now.date())
    return answered_at is None or (changes is not None and now < answered_at + changes)


def on_time(on: date) -> timedelta | None:
    """Return how long after its booked time a visit still begins on time; nothing where no row says."""
    return _lasting("on_time", on)


def fewest_answers(on: date) -> int | None:
    """Return from how many answers on a figure about one clinician or service is shown; none is where no row says."""
    return _count("survey_fewest", on) or None


_ZIP = re.compile(r"\d{5}(-\d{4})?", re.ASCII)
_BEGUN_ZIP = re.compile(r"\d{0,5}|\d{5}-\d{0,4}", re.ASCII)


def is_zip(code: str) -> bool:
    """Whether this is a ZIP code: five digits, or nine as ZIP+4."""
    return _ZIP.fullmatch(code) is not None


def begins_a_zip(code: str) -> bool:
    """Whether this may become a ZIP code by typing on."""
    return _BEGUN_ZIP.fullmatch(code) is not None


def place_is_old(said_at: datetime | None, at: datetime) -> bool:
    """Whether a place said at ``said_at`` must be asked again at ``at``. It must where no row says how long it holds."""
    holds = place_holds(at.date())
    return said_at is None or holds is None or at - said_at > holds


def summed(samples: Iterable[tuple[ParticipantRole, float, float]]) -> dict[ParticipantRole, Heard]:
    """Add up (role, seconds of sound, seconds of picture)."""
    result: dict[ParticipantRole, Heard] = {}
    for role, sound, picture in samples:
        before = result.get(role, Heard())
        result[role] = Heard(before.sound + sound, before.picture + picture)
    return result


# Who is asked in


@dataclass(frozen=True, slots=True)
class Permissions:
    """What somebody may do in a visit beside being there."""

    speak: bool = False
    see_chart: bool = False
    write: bool = False
    stay_without_patient: bool = False
    show_screen: bool = False


def default_permissions(role: ParticipantRole, on: date) -> Permissions:
    """Return what somebody in this role may do until the clinician says otherwise; nothing where no row says."""
    row = load(SEATS).one(on, role=role.value)
    return Permissions(**{name: row[name] == "yes" for name in Permissions.__slots__}) if row else Permissions()


def is_for_staff(role: ParticipantRole, on: date) -> bool:
    """Whether only colleagues of the clinic come in this role; so it is too where no row says."""
    row = load(SEATS).one(on, role=role.value)
    return row is None or bool(row["staff_only"] == "yes")


def allowed(wanted: Permissions, *, role: ParticipantRole, opens_charts: bool) -> Permissions:
    """Return what may be given of what is wanted.

    ``opens_charts``: she works here and her own roles open charts. Nobody else ever sees the chart or writes in the
    note, whatever was pressed; nor do family and observers, wherever they work: they aren't here to treat. Who writes
    reads what is there.
    """
    treats = opens_charts and role in (ParticipantRole.NURSE, ParticipantRole.SPECIALIST)
    return Permissions(
        speak=wanted.speak,
        see_chart=treats and (wanted.see_chart or wanted.write),
        write=treats and wanted.write,
        stay_without_patient=wanted.stay_without_patient and role is not ParticipantRole.FAMILY,
        show_screen=wanted.show_screen,
    )


def may_show_screen(sharing: str, *, role: ParticipantRole, seat_allows: bool) -> bool:
    """Say whether somebody may show a screen in a visit.

    ``sharing``: whom the service lets (``catalog.ScreenSharing``); a word that nobody knows lets nobody. The two people
    of the visit need no leave beyond that; who was asked in needs it in the seat too.
    """
    if sharing == ScreenSharing.STAFF:
        works_here = role in (ParticipantRole.CLINICIAN, ParticipantRole.NURSE, ParticipantRole.SPECIALIST)
    else:
        works_here = sharing == ScreenSharing.EVERYBODY
    return works_here and (role in MAIN or seat_allows)


def seat_stage(*, closed: bool, removed: bool, admitted: bool) -> SeatStage:
    """Say on which page somebody is who was asked in."""
    if removed:
        return SeatStage.REMOVED
    if closed:
        return SeatStage.ENDED
    return SeatStage.ROOM if admitted else SeatStage.LOBBY


def link_ends(now: datetime) -> datetime:
    """Return when an invitation made now ends by itself; its visit's end ends it sooner (:func:`link_standing`).

    At once where no row says for how long one holds.
    """
    row = figure(FIGURES, "link_lasts", now.date())
    return now + timedelta(**{row["unit"]: int(row["value"])}) if row else now


def link_standing(
    *, now: datetime, expires_at: datetime, closed: bool, revoked: bool, removed: bool, taken: bool
) -> LinkStanding:
    """Say whether an invitation's link still seats somebody, or why not: the reason first that ends all others."""
    if closed:
        return LinkStanding.OVER
    if revoked or removed:
        return LinkStanding.REVOKED
    if expires_at <= now:
        return LinkStanding.EXPIRED
    return LinkStanding.TAKEN if taken else LinkStanding.OPEN


def most_in_the_room(on: date) -> int:
    """Return how many people a call holds at once; two where no row says."""
    return _count("mesh_most", on) or len(MAIN)


def most_seats(on: date) -> int:
    """Return how many may have a seat in one visit; two where no row says."""
    return _count("seats_most", on) or len(MAIN)


def most_files(on: date) -> int:
    """Return how many pictures and documents may be in one visit; none where no row says."""
    return _count("files_most", on)


def _count(name: str, on: date) -> int:
    row = figure(FIGURES, name, on)
    return int(row["value"]) if row else 0


def is_polite(role: ParticipantRole, own: UUID, other_role: ParticipantRole, other: UUID) -> bool:
    """Whether one gives way to the other when both offer at once: a stable property of the two, opposite on their sides.

    The patient gives way to everybody and the clinician to nobody, so that between the two all stays as it was.
    """
    if role is not other_role:
        if ParticipantRole.PATIENT in (role, other_role):
            return role is ParticipantRole.PATIENT
        if ParticipantRole.CLINICIAN in (role, other_role):
            return other_role is ParticipantRole.CLINICIAN
    return own < other


# How the call went


@dataclass(frozen=True, slots=True)
class Sample:
    """A stretch of one side's call: ``seconds`` of which ``broken`` without a connection, and what arrived.

    ``concealed``: percent of the sound that the browser had to guess; ``rtt``: round trip in milliseconds; both ``None``
    where nothing was measured. ``reconnects`` counts since the page was loaded.
    """

    seconds: float
    sound: float
    picture: float
    broken: float = 0.0
    concealed: float | None = None
    rtt: float | None = None
    reconnects: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """How the call arrived at one side. ``minutes`` were measured, rounded; nothing is said of the others."""

    minutes: int
    interruptions: int
    broken_seconds: int
    sound: Grade
    picture: Grade
    delayed: bool | None
    advice: tuple[Advice, ...]


def connection_report(samples: Iterable[Sample], on: date) -> ConnectionReport | None:
    """Say how a call arrived at one side, from its samples in the order of time; nothing where there are none.

    ``on`` is the day of the visit. A number that nobody measured is not good: it is unknown.
    """
    taken = [sample for sample in samples if sample.seconds > 0]
    if not taken:
        return None
    seconds = sum(sample.seconds for sample in taken)
    broken = sum(min(sample.broken, sample.seconds) for sample in taken)
    connected = seconds - broken
    sound = grade_sound(_mean([(sample.concealed, sample.seconds) for sample in taken]), on)
    share = 100 * sum(min(sample.picture, sample.seconds) for sample in taken) / connected if connected > 0 else None
    picture = grade_picture(share, on)
    delayed = is_delayed(_mean([(sample.rtt, sample.seconds) for sample in taken]), on)
    interruptions = _reconnected(taken)
    found = {
        Advice.NEARER: interruptions > 0,
        Advice.LINE: sound in (Grade.FAIR, Grade.POOR),
        Advice.DELAY: delayed is True,
        Advice.PICTURE: picture is Grade.POOR,
    }
    return ConnectionReport(
        minutes=round(seconds / 60),
        interruptions=interruptions,
        broken_seconds=round(broken),
        sound=sound,
        picture=picture,
        delayed=delayed,
        advice=tuple(advice for advice in Advice if found[advice]),
    )


def _mean(values: Iterable[tuple[float | None, float]]) -> float | None:
    """Return the mean of what was measured, by how long each was; nothing where nothing was."""
    known = [(value, weight) for value, weight in values if value is not None]
    weights = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / weights if weights else None


def _reconnected(samples: Iterable[Sample]) -> int:
    """Count how often the connection came back. A page that was loaded again counts from nought."""
    total = before = 0
    for sample in samples:
        total += sample.reconnects - before if sample.reconnects >= before else sample.reconnects
        before = sample.reconnects
    return total


def grade_sound(concealed: float | None, on: date) -> Grade:
    """Say how sound was, from the percent of it that had to be guessed."""
    fair, poor = _count("report_sound_fair", on), _count("report_sound_poor", on)
    if concealed is None or not fair or not poor:
        return Grade.UNKNOWN
    return Grade.GOOD if concealed < fair else Grade.FAIR if concealed < poor else Grade.POOR


def grade_picture(share: float | None, on: date) -> Grade:
    """Say how the picture was, from the percent of the connected time in which it was there."""
    fair, poor = _count("report_picture_fair", on), _count("report_picture_poor", on)
    if share is None or not fair or not poor:
        return Grade.UNKNOWN
    return Grade.GOOD if share >= fair else Grade.FAIR if share >= poor else Grade.POOR


def is_delayed(rtt: float | None, on: date) -> bool | None:
    """Whether the two had to wait for each other's words; nothing where nobody measured or no row says."""
    fair = _count("report_delay_fair", on)
    return None if rtt is None or not fair else rtt >= fair


# By phone


@dataclass(frozen=True, slots=True)
class Move:
    """A call came into a room or left it, as the carrier told. ``ended_at``: when the call itself ended, if it has."""

    call: UUID
    role: ParticipantRole
    conference: str
    sequence: int
    joined: bool
    at: datetime
    ended_at: datetime | None = None


Stretch = tuple[datetime, datetime]


def phone_stretches(moves: Iterable[Move], until: datetime) -> dict[ParticipantRole, list[Stretch]]:
    """Return from when to when each role was in the room by phone, in order and without overlaps.

    The carrier's own count says what came first, not the order in which it was told. Who left without having been seen to
    come makes no time; who was not seen to leave was there until her call ended, or is there still (``until``).
    """
    found: dict[ParticipantRole, list[Stretch]] = {}
    came: dict[tuple[UUID, str], Move] = {}
    for move in sorted(moves, key=lambda each: (each.call, each.conference, each.sequence)):
        key = (move.call, move.conference)
        if move.joined:
            came.setdefault(key, move)
        elif (start := came.pop(key, None)) is not None:
            found.setdefault(move.role, []).append((start.at, move.at))
    for start in came.values():
        found.setdefault(start.role, []).append((start.at, start.ended_at or until))
    return {role: _merged(stretches) for role, stretches in found.items()}


def phone_seconds(
    stretches: Mapping[ParticipantRole, list[Stretch]], measured: Iterable[Stretch], since: datetime, until: datetime
) -> float:
    """Return for how long the two people of a visit were on the phone together, in seconds.

    ``measured``: when a page reported sound; that time is counted by the pages, and never twice. Nothing counts before the
    visit began (``since``) or after it ended.
    """
    patient, clinician = (stretches.get(role, []) for role in MAIN)
    talked = _both(_both(patient, clinician), [(since, until)])
    heard = _both(talked, _merged(measured))
    return _lasted(talked) - _lasted(heard)


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for began, ended in sorted(stretches):
        if ended <= began:
            continue
        if merged and began <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ended))
        else:
            merged.append((began, ended))
    return merged


def _both(one: list[Stretch], other: list[Stretch]) -> list[Stretch]:
    """Return when both were; each list is in order and has no overlaps."""
    pairs = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return _merged((began, ended) for began, ended in pairs if began < ended)


def _lasted(stretches: Iterable[Stretch]) -> float:
    return sum((ended - began).total_seconds() for began, ended in stretches)


def phone_place(
    *, closed: bool, stopped: bool, hung_up: bool, removed: bool, admitted: bool, inside: bool
) -> PhonePlace:
    """Say where a phone call belongs.

    ``admitted``: the clinician let this very call in. ``inside``: its seat may be in the room; the two people of a visit
    may, who was asked in once she was let in there too.
    """
    if closed or hung_up or removed:
        return PhonePlace.GONE
    return PhonePlace.ROOM if admitted and inside and not stopped else PhonePlace.LOBBY


def phone_closes(end: datetime) -> datetime:
    """Return when the codes of a visit that nobody came to end by themselves; with its booked time where no row says."""
    return end + (_lasting("phone_closes", end.date()) or timedelta())


def most_tries(on: date) -> int:
    """Return how often one caller may try a code before the line ends; once where no row says."""
    return _count("phone_tries", on) or 1


def most_wrong_of_caller(on: date) -> int:
    """Return how many wrong codes of one caller within an hour end her tries; the first where no row says."""
    return _count("phone_wrong_caller", on) or 1


def most_wrong_of_number(on: date) -> int:
    """Return how many wrong codes of everybody within an hour end all tries; the first where no row says."""
    return _count("phone_wrong_number", on) or 1


def most_phone_calls(on: date) -> int:
    """Return how many calls one visit may ask for within an hour; none where no row says: they cost and they ring."""
    return _count("phone_calls", on)
