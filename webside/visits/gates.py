"""What a visit asks of itself: who the patient is, how she can be reached, whether video suits, where she is."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webside.catalog import gates
from webside.catalog.codes import Kind, Modality
from webside.catalog.gates import Area, Case, Finding, Moment, Outcome
from webside.core.decisions import Reason
from webside.visits import rules, selectors
from webside.visits.codes import DeviceVerdict
from webside.visits.models import SafeStart

SOURCE = "the clinic's own rule for a safe start"


def _finding(
    gate: str, area: Area, outcome: Outcome, code: str, text: str, fix: str = "", source: str = SOURCE, short: str = ""
) -> Finding:
    reasons = () if outcome == "pass" else (Reason(code=code, text=text, source=source),)
    return Finding(gate, area, outcome, text, reasons, (fix,) if fix else (), short=short)


def _safe_start(case: Case) -> SafeStart | None:
    room = selectors.room_of(case)
    return selectors.safe_start_of(room) if room else None


def identity_document(case: Case) -> Finding | None:
    """Whether somebody of the clinic has seen a document. It can only be shown in the call, so joining warns."""
    start = _safe_start(case)
    if start is None:
        return None
    if start.identity_document:
        return _finding("identity_document", "law", "pass", "", _("Seen on a document."), short=_("seen on a document"))
    signing = case.moment is Moment.SIGN
    outcome: Outcome = "stop" if signing else "warn"
    return _finding(
        "identity_document", "law", outcome, "identity.no_document",
        _("Not seen on a document. The patient says: %(name)s.") % {"name": case.patient}
        if start.identity_confirmed and case.patient
        else _("Not seen on a document."),
        _("Say why you went on without it.") if signing
        else _("Ask for a photo ID in the call, or say why you go on without it."),
        short=_("no document yet"),
    )  # fmt: skip


def callback_number(case: Case) -> Finding | None:
    """Whether there is a number to call when the video breaks off, or when help must find the person.

    Where she gave none, the number of the place that helps with the visit is one.
    """
    start = _safe_start(case)
    if start is None:
        return None
    if number := start.phone or start.site_phone:
        return _finding("callback_number", "care", "pass", "", number)
    return _finding(
        "callback_number", "care", "stop", "callback.missing", _("No number to call back was given."),
        _("Ask for a number first, or say why you go on without one."),
    )  # fmt: skip


def suited_for_video(case: Case) -> Finding | None:
    """Whether the patient's devices and network carry a visit, as far as she had them checked."""
    room = selectors.room_of(case)
    if room is None or case.service.modality != Modality.VIDEO:
        return None
    verdict = selectors.patient_verdict(room)
    name = "suited_for_video"
    if verdict is None:
        return _finding(
            name, "care", "warn", "video.not_checked", _("Camera and sound were not checked before the visit."),
            short=_("not checked"),
        )  # fmt: skip
    if verdict == DeviceVerdict.PHONE:
        return _finding(
            name, "care", "stop", "video.unsuited", _("The device check says that a video visit won’t work from there."),
            _("Call by phone, or say why you try it by video."), _("the patient’s device check"),
        )  # fmt: skip
    if verdict == DeviceVerdict.AUDIO_ONLY:
        return _finding(
            name, "care", "warn", "video.sound_only", _("The device check says: sound only."), short=_("sound only")
        )
    if verdict == DeviceVerdict.LOW_VIDEO:
        return _finding(
            name, "care", "pass", "", _("The device check says: a small picture."), short=_("small picture")
        )
    return _finding(name, "care", "pass", "", _("Devices and network are good for video."), short=_("yes"))


def place_now(case: Case) -> Finding | None:
    """Whether the place was said lately. An ambulance goes where it says."""
    start = _safe_start(case)
    if start is None or start.completed_at is None:
        return None
    if rules.place_is_old(start.place_said_at, case.at):
        holds = rules.place_holds(case.at.date())
        text = (
            _("The place was said more than %(minutes)d minutes ago.") % {"minutes": holds.total_seconds() // 60}
            if holds
            else _("Not checked: for how long a place holds that was said.")
        )
        return _finding("place_now", "care", "warn", "place.old", text, _("Ask again when you meet."))
    return None


def visit_consent(case: Case) -> Finding | None:
    """Whether the agreement to this very visit was taken back since it was given at the check-in."""
    start = _safe_start(case)
    if start is None or start.consent is None or start.consent.withdrawn_at is None:
        return None
    return _finding(
        "visit_consent", "law", "stop", "consent.withdrawn", _("The agreement to this visit was taken back."),
        _("It can be given again at the check-in."),
    )  # fmt: skip


def register() -> None:
    """Register the gates of this app."""
    every = tuple(Kind)
    gates.register(
        "visit_consent", visit_consent, moments={Moment.JOIN}, kinds=every, area="law", overridable=False,
        title=gettext_lazy("Agreement to this visit"),
    )  # fmt: skip
    gates.register(
        "identity_document", identity_document, moments={Moment.JOIN, Moment.SIGN}, kinds={Kind.TELEMEDICINE},
        area="law", overridable=True, title=gettext_lazy("Identity"),
    )  # fmt: skip
    gates.register(
        "callback_number", callback_number, moments={Moment.JOIN}, kinds=every, area="care", overridable=True,
        title=gettext_lazy("Call-back number"),
    )  # fmt: skip
    gates.register(
        "suited_for_video", suited_for_video, moments={Moment.JOIN}, kinds=every, area="care", overridable=True,
        title=gettext_lazy("Suited for video"),
    )  # fmt: skip
    gates.register(
        "place_now", place_now, moments={Moment.JOIN}, kinds=every, area="care", overridable=False,
        title=gettext_lazy("Place"),
    )  # fmt: skip
