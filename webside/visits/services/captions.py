"""Captions: somebody asks to read what is said; the others say whether their voices may be written down for her.

Nothing of what is said comes here. The trail keeps who read, who agreed, and until when.
"""

from __future__ import annotations

from webside.audit.services import action
from webside.core import clock, frames
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.realtime.services import say_on_commit
from webside.visits import policies, selectors
from webside.visits.codes import VoiceAnswer
from webside.visits.engines import captions
from webside.visits.models import Participant, Visit
from webside.visits.services.errors import NotAllowed
from webside.visits.services.rooms import locked, note_step, tell


@action("visits.captions.read")
def read_captions(*, actor: Actor, visit: Visit) -> Participant:
    """Read from now on what the others say who let it be written. Again changes nothing.

    Raises :class:`NotAllowed`, also where the clinic has no recogniser.
    """
    visit, seat = _own(actor, visit)
    if not captions.offered(_clinic()):
        raise NotAllowed
    if seat.captions_since is None:
        seat.captions_since = clock.now()
        seat.save(update_fields=["captions_since", "updated_at"])
        _follow(visit)
    note_step("visits.captions.read", actor, visit, changes={"seat": str(seat.id)})
    return seat


@action("visits.captions.stop")
def stop_captions(*, actor: Actor, visit: Visit) -> Participant:
    """Read no more; where nobody else does, no voice is written any more. Again changes nothing. Raises :class:`NotAllowed`."""
    visit, seat = _own(actor, visit)
    if seat.captions_since is not None:
        seat.captions_since = None
        seat.save(update_fields=["captions_since", "updated_at"])
        _follow(visit)
    note_step("visits.captions.stop", actor, visit, changes={"seat": str(seat.id)})
    return seat


@action("visits.captions.answer")
def answer_voice(*, actor: Actor, visit: Visit, agrees: bool, language: str = "") -> Participant:
    """Say whether one's own voice may be written down, in which language; another answer takes the first one back at once.

    Raises :class:`NotAllowed`, and :class:`ValueError` for a language that the clinic's recogniser doesn't write.
    """
    visit, seat = _own(actor, visit)
    if agrees and language not in {offer.language for offer in captions.offered(_clinic())}:
        raise ValueError(language)
    answer = VoiceAnswer.AGREED if agrees else VoiceAnswer.DECLINED
    if (seat.voice, seat.voice_language) != (answer, language if agrees else ""):
        seat.voice, seat.voice_language = answer, language if agrees else ""
        seat.save(update_fields=["voice", "voice_language", "updated_at"])
        _follow(visit)
    note_step("visits.captions.answer", actor, visit, changes={"seat": str(seat.id), "agrees": agrees})
    return seat


def _own(actor: Actor, visit: Visit) -> tuple[Visit, Participant]:
    """Lock the visit; return it with the actor's own seat in its room."""
    visit = locked(visit)
    seat = selectors.own_seat(actor, visit)
    if seat is None or not policies.can_use_captions(visit, seat):
        raise NotAllowed
    return visit, seat


def _clinic() -> str:
    return Tenant.objects.get(id=frames.current_tenant_id()).slug


def _follow(visit: Visit) -> None:
    """Let the pages in the room draw it anew, and the voices look whether they may still be written."""
    tell(visit, "captions")
    say_on_commit(f"visit-voice:{visit.id}", "look")
