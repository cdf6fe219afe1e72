"""Medicare's limits on telehealth: the law in force, where the patient is, and sound alone."""

from __future__ import annotations

from webside.billing.codes import Modality, Service, WindowStatus
from webside.billing.rules import tables
from webside.billing.rules.draft import Candidate, Draft, Findings, spoken
from webside.billing.rules.place import ANY, is_medicare_telehealth
from webside.core.dated import Row

BEHAVIOURAL = "behavioural"
TELEPHONE = "telephone"


def check_medicare(draft: Draft, candidate: Candidate, findings: Findings) -> None:
    """Ask the law of the day. Other payers, and services that are not telehealth, pass."""
    if not is_medicare_telehealth(draft):
        return
    _check_window(draft, findings)
    _check_site(draft, findings)
    # The telephone visit codes were for sound alone by their nature: none of these conditions was theirs.
    if draft.modality is Modality.AUDIO and candidate.tag != TELEPHONE:
        _check_audio(draft, findings)


def _check_window(draft: Draft, findings: Findings) -> None:
    window = tables.MEDICARE_WINDOWS.one(draft.day)
    if window is None:
        findings.refuse(None, "medicare.no_window", "No Medicare rule for telehealth is known for that day.")
        return
    status = WindowStatus(window["status"])
    findings.support(window, "medicare.window", f"The law of the day is {window['basis']}.")
    if status is WindowStatus.IN_FORCE_RETROACTIVE:
        findings.warnings.append(
            f"On {draft.day} the law had lapsed; {window['basis']}, fills the gap. {window['action']} "
            f"[{window.citation}]"
        )


def _check_site(draft: Draft, findings: Findings) -> None:
    at = draft.facts.patient.at
    if at is None:
        return  # named by the place of service already
    site = _site(draft, at)
    if site is None:
        findings.refuse(
            tables.MEDICARE_WINDOWS.one(draft.day),
            "medicare.site",
            f"On that day Medicare does not pay for this service with the patient at: {at}.",
        )
        _may_depend_on_behavioural(draft, findings)
        return
    findings.support(site, "medicare.site", f"Where the patient is: {site['basis']}.")
    if site.get("check"):
        findings.checks.append(site["check"])


def _site(draft: Draft, at: str) -> Row | None:
    for scope in (draft.scope, ANY):
        row = tables.MEDICARE_SITES.one(draft.day, at=str(at), scope=scope)
        if row is not None:
            return row
    return None


def _check_audio(draft: Draft, findings: Findings) -> None:
    facts = draft.facts
    rule = tables.MEDICARE_AUDIO.one(draft.day, scope=draft.scope)
    if rule is None:
        findings.refuse(
            None, "audio.not_payable", "On that day no Medicare rule is known that pays this service by sound alone."
        )
        _may_depend_on_behavioural(draft, findings)
        return
    if facts.patient.at is not None and facts.patient.at != rule["at"]:
        findings.refuse(rule, "audio.not_at_home", "By sound alone Medicare pays only with the patient at home.")
    if facts.audio_reason is None:
        findings.lack("audio_reason")
        return
    reason = tables.AUDIO_REASONS.one(draft.day, audio_reason=str(facts.audio_reason))
    if reason is None:
        findings.refuse(rule, "audio.reason", f"{spoken([facts.audio_reason])} is no reason that Medicare accepts.")
        return
    findings.support(rule, "audio.payable", "By sound alone it is payable: the patient is at home.")
    findings.support(reason, "audio.reason", f"Why by sound alone: {reason['label']}.")
    findings.checks.append(f"sound alone: {rule['check']}")


def _may_depend_on_behavioural(draft: Draft, findings: Findings) -> None:
    """Behavioural care has wider rules: where a visit's purpose is not told, say that it was not checked."""
    if draft.name is Service.VISIT and draft.facts.behavioural is None:
        findings.missing.append("behavioural")
