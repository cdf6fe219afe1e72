"""What happened in a call, in minutes that a claim may rest on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from webside.visits.codes import MAIN, ParticipantRole
from webside.visits.rules.figures import lasting
from webside.visits.rules.stretches import Stretch, both, lasted, merged


def least_sound(on: date) -> timedelta | None:
    """Return for how long sound must reach each side before a visit counts as having taken place at all."""
    return lasting("least_sound", on)


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
    ``billing.codes``, empty where nobody said. ``apart_minutes``: the team met without the patient, before or within the
    visit; they are in none of the others.
    """

    connected: bool
    video_minutes: int
    audio_minutes: int
    audio_reason: str
    total_minutes: int
    phone_minutes: int = 0
    apart_minutes: int = 0

    @property
    def heard_minutes(self) -> int:
        """For how many minutes both heard each other, with picture or without."""
        return self.video_minutes + self.audio_minutes


def summed(samples: Iterable[tuple[ParticipantRole, float, float]]) -> dict[ParticipantRole, Heard]:
    """Add up (role, seconds of sound, seconds of picture)."""
    result: dict[ParticipantRole, Heard] = {}
    for role, sound, picture in samples:
        before = result.get(role, Heard())
        result[role] = Heard(before.sound + sound, before.picture + picture)
    return result


def call_facts(
    heard: Mapping[ParticipantRole, Heard],
    *,
    on: date,
    failed: bool,
    began: datetime | None,
    ended: datetime | None,
    audio_reason: str = "",
    phone: float = 0.0,
    apart: Iterable[Stretch] = (),
) -> CallFacts:
    """Say what happened, from what reached each side.

    Each side counts what arrives there, so a minute of a conversation is one that both report: the
    smaller of the two. Nobody was connected without as much of it as is asked on the day (``on``); where no
    row says how much, nobody was, since a claim may rest on it. ``failed`` is the clinician's word that the
    call did not serve; it outweighs the numbers. Nobody has heard for longer than the visit lasted,
    whatever the pages say. ``phone``: seconds for which both were on the phone together and the pages measured nothing
    (:func:`phone_seconds`); there was no picture in them. ``apart``: when the team met without the patient; she heard
    nothing then, and it is no time of the visit.
    """
    sides = [heard.get(role, Heard()) for role in MAIN]
    met = merged(apart)
    within = lasted(both(met, [(began, ended)])) if began and ended else 0.0
    open_for = max(0.0, (ended - began).total_seconds() - within) if began and ended else 0.0
    longest = open_for if began and ended else math.inf
    measured = max(0.0, min(side.sound for side in sides))
    sound = min(longest, measured + phone)
    picture = min(measured, sound, *(side.picture for side in sides))
    video, audio = _whole_minutes(picture, sound)
    least = least_sound(on)
    return CallFacts(
        connected=not failed and least is not None and sound >= least.total_seconds(),
        video_minutes=video,
        audio_minutes=audio,
        audio_reason=audio_reason,
        total_minutes=int(open_for // 60),
        phone_minutes=min(audio, int(phone // 60)),
        apart_minutes=int(lasted(met) // 60),
    )


def _whole_minutes(picture: float, sound: float) -> tuple[int, int]:
    return int(picture // 60), int((sound - picture) // 60)
