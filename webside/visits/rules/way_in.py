"""Where a visit stands, and a patient's way into it."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, timedelta

from webside.visits.codes import OVER, Stage, Step, VisitStatus
from webside.visits.rules.figures import lasting


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


def place_holds(on: date) -> timedelta | None:
    """Return for how long a place holds that somebody said: people move, and an ambulance must find them."""
    return lasting("place_holds", on)


def check_in_opens(start: datetime) -> datetime | None:
    """Return when a patient is asked to check in for a visit that starts then; nothing where no row says."""
    holds = place_holds(start.date())
    return start - holds if holds else None


def place_is_old(said_at: datetime | None, at: datetime) -> bool:
    """Whether a place said at ``said_at`` must be asked again at ``at``. It must where no row says how long it holds."""
    holds = place_holds(at.date())
    return said_at is None or holds is None or at - said_at > holds


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


_ZIP = re.compile(r"\d{5}(-\d{4})?", re.ASCII)
_BEGUN_ZIP = re.compile(r"\d{0,5}|\d{5}-\d{0,4}", re.ASCII)


def is_zip(code: str) -> bool:
    """Whether this is a ZIP code: five digits, or nine as ZIP+4."""
    return _ZIP.fullmatch(code) is not None


def begins_a_zip(code: str) -> bool:
    """Whether this may become a ZIP code by typing on."""
    return _BEGUN_ZIP.fullmatch(code) is not None
