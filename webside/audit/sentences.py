"""A human sentence for each audit action. Apps add theirs in ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_sentences: dict[str, str | Promise] = {}


def register(sentences: Mapping[str, str | Promise]) -> None:
    """Add sentences: the action's dotted name, then what it did ("booked an appointment")."""
    _sentences.update(sentences)


def sentence(action: str) -> str:
    """Return what an action did, in words; the dotted name itself if nobody said."""
    return str(_sentences.get(action, action))


#: By what right somebody did it: the word that is kept, and how people read it. Others are words already.
_GROUNDS: dict[str, str | Promise] = {
    "treating": _("treats the patient"),
    "covering": _("covers for whoever treats the patient"),
    "own appointment": _("the patient’s own appointment"),
    "own decision": _("the person’s own decision"),
    "own encounter": _("a visit of their own"),
    "own encounters": _("visits of their own"),
    "own patients": _("patients of their own"),
    "own record": _("the person’s own record"),
    "own step": _("a step of a plan that is theirs to do"),
    "own visit": _("the patient’s own visit"),
    "asked into the visit": _("was asked into the visit"),
    "emergency access": _("opened it in an emergency"),
    "for the patient": _("acts for the patient"),
    "front desk": _("runs the front desk"),
    "on call": _("was on call, and nobody had answered"),
    "billing": _("works on the claim"),
    "oversight": _("oversees who looks"),
    "overrides": _("reviews overrides"),
    "delivery log": _("looks after messages"),
    "link from an e-mail": _("came by the link of an e-mail"),
    "said to the front desk": _("was said to the front desk"),
    "treating, before the visit": _("treats the patient, before the visit"),
    "encounter over": _("the visit was over"),
    "identity_document": _("a document of identity was not seen"),
    "handing over": _("a colleague hands the visit over"),
    "handed over": _("a colleague handed the visit over"),
    "telephone": _("by telephone"),
    "waiting list": _("from the waiting list"),
    "safe start": _("said at the check-in"),
    "link from a message": _("came by the link of a message"),
    "link of an invitation": _("came by the link of an invitation"),
    "own place in line": _("the patient’s own place in line"),
    "own place on the list": _("the patient’s own place on the list"),
    "contact details": _("contact details"),
    "reminder": _("a reminder"),
    "note signed": _("the note was signed"),
}


def ground(text: str) -> str:
    """Return by what right something was done, in words."""
    return str(_GROUNDS.get(text, text))


def registered() -> dict[str, str]:
    """Return every action with its sentence, for the documentation."""
    return {action: str(text) for action, text in sorted(_sentences.items())}
