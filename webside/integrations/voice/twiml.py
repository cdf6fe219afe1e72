"""What a call is to do, in the carrier's XML (TwiML). Nothing of it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID
from xml.etree import ElementTree as ET  # nosec B405 - written here, never read

from webside.visits.engines.phone import Said, Then, Turn

VOICES = {"en": "en-US", "es": "es-US"}
TYPE_SECONDS = 12
PRESS_SECONDS = 10
WAIT_SECONDS = 20
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'

Step = Callable[[str], str]
"""Gives the address of a next step of the same call."""


def room_name(visit_id: UUID) -> str:
    """Return what the carrier calls the conference of a visit: an id, nothing of a person."""
    return f"visit-{visit_id}"


def visit_of(room: str) -> UUID | None:
    """Return the visit of a conference by its name."""
    try:
        return UUID(room.removeprefix("visit-")) if room.startswith("visit-") else None
    except ValueError:
        return None


def drawn(turn: Turn, step: Step, moved: str) -> str:
    """Return a turn as the carrier reads it. ``moved``: where it tells who comes into the room and who leaves."""
    response = ET.Element("Response")
    match turn.then:
        case Then.CODE:
            _gather(response, turn, step(f"code/{turn.number}"), TYPE_SECONDS)
        case Then.PRESS:
            _gather(response, turn, step(f"press/{turn.number}"), PRESS_SECONDS)
        case Then.WAIT:
            _say(response, turn.say)
            ET.SubElement(response, "Pause", length=str(WAIT_SECONDS))
            ET.SubElement(response, "Redirect", method="POST").text = step(f"wait/{turn.number + 1}")
        case Then.JOIN:
            _say(response, turn.say)
            _join(response, turn, step("next"), moved)
        case Then.HANG_UP:
            _say(response, turn.say)
            ET.SubElement(response, "Hangup")
    return HEAD + ET.tostring(response, encoding="unicode")


def _say(parent: ET.Element, said: tuple[Said, ...]) -> None:
    for each in said:
        ET.SubElement(parent, "Say", language=VOICES.get(each.language, VOICES["en"])).text = each.text


def _gather(response: ET.Element, turn: Turn, action: str, seconds: int) -> None:
    # Digits alone: what somebody says must not be sent to a recogniser of speech.
    gather = ET.SubElement(
        response, "Gather", input="dtmf", numDigits=str(turn.digits), timeout=str(seconds), finishOnKey="#",
        action=action, method="POST", actionOnEmptyResult="true",
    )  # fmt: skip
    _say(gather, turn.say)


def _join(response: ET.Element, turn: Turn, action: str, moved: str) -> None:
    """Bring a call into its visit's room, which opens when the clinician comes and closes for everybody when she goes.

    Each coming and going beeps. The carrier takes ``statusCallback`` from who came first, so it names no call.
    """
    dial = ET.SubElement(response, "Dial", action=action, method="POST")
    leads = "true" if turn.leads else "false"
    conference = ET.SubElement(
        dial, "Conference", startConferenceOnEnter=leads, endConferenceOnExit=leads, beep="true",
        muted="true" if turn.listens else "false", record="do-not-record", maxParticipants="10",
        statusCallback=moved, statusCallbackEvent="join leave", statusCallbackMethod="POST",
    )  # fmt: skip
    conference.text = room_name(turn.room) if turn.room else ""
