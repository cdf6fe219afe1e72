"""The gates of law that every clinic has: compliance knows the rules, the catalogue asks them.

Compliance is below the catalogue and can't register here itself; so its pure rule is wrapped here.
None of these gates may be overridden.

The rule speaks English, and what it said is kept as it said it. A page in another language tells it by the code
(:func:`told`); what has no words there stays English and says so, for screen readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from webside.catalog import gates
from webside.catalog.codes import Kind
from webside.catalog.gates import Case, Finding, Moment
from webside.compliance.codes import PASSING, ReasonCode
from webside.compliance.rules.facts import MayTreatAnswer, MayTreatFacts
from webside.compliance.rules.may_treat import may_treat
from webside.compliance.selectors import facts_for, on_record
from webside.core.decisions import Reason

EVERY_MOMENT = frozenset(Moment)
ALL_CONSENTS = frozenset({"telehealth", "telecare"})
A_GROWN_PERSON = 40
"""A visitor's age while she only looks; the booking asks again with her date of birth."""
RECORD = "compliance.record"
"""Name of the fact of ``Case`` that holds what compliance has on record, for a caller that asks about many people."""


BY_LAW = frozenset({"licence", "consent", "guardian"})
"""Gates whose texts are the rule's."""

TOLD: dict[ReasonCode, Promise] = {
    ReasonCode.STATE_KNOWN: gettext_lazy("The patient is in %(place)s."),
    ReasonCode.STATE_UNKNOWN: gettext_lazy("We don’t know the law of the place of the visit."),
    ReasonCode.FACT_MISSING: gettext_lazy("Something that the law asks for is not on record, so it was not checked."),
    ReasonCode.GATE_NOT_CHECKED: gettext_lazy("What the law asks for was not checked."),
    ReasonCode.PROFESSION_CLINICAL: gettext_lazy("The profession of %(who)s may treat people."),
    ReasonCode.PROFESSION_NOT_CLINICAL: gettext_lazy("The profession of %(who)s may coach and teach, and not treat."),
    ReasonCode.PROFESSION_CONTRADICTED: gettext_lazy("What is on record of the profession of %(who)s doesn’t fit."),
    ReasonCode.LICENCE_VALID: gettext_lazy("%(who)s has a licence that is good in %(place)s."),
    ReasonCode.LICENCE_NOT_NEEDED: gettext_lazy("This service needs no licence."),
    ReasonCode.LICENCE_MISSING: gettext_lazy("%(who)s has no licence that is good in %(place)s."),
    ReasonCode.LICENCE_EXPIRED: gettext_lazy("A licence of %(who)s has ended by the day of the visit."),
    ReasonCode.LICENCE_NOT_STARTED: gettext_lazy("A licence of %(who)s begins after the day of the visit."),
    ReasonCode.LICENCE_INACTIVE: gettext_lazy("A licence of %(who)s doesn’t hold now."),
    ReasonCode.COMPACT_NOT_MEMBER: gettext_lazy(
        "The states’ agreement by which %(who)s may treat doesn’t hold in %(place)s."
    ),
    ReasonCode.COMPACT_NOT_FOR_PROFESSION: gettext_lazy("The states’ agreement is not for the profession of %(who)s."),
    ReasonCode.COMPACT_NO_PRIVILEGE: gettext_lazy(
        "The states’ agreement alone doesn’t let %(who)s treat in %(place)s."
    ),
    ReasonCode.REGISTRATION_NOT_COVERED: gettext_lazy("%(place)s registers nobody for visits at a distance."),
    ReasonCode.REGISTRATION_UNCONFIRMED: gettext_lazy(
        "Nobody has confirmed that %(place)s registers for visits at a distance."
    ),
    ReasonCode.REGISTRATION_REMOTE_ONLY: gettext_lazy(
        "The registration in %(place)s is for visits at a distance only."
    ),
    ReasonCode.CREDENTIAL_VALID: gettext_lazy("The clinic has looked at the papers of %(who)s."),
    ReasonCode.CREDENTIAL_EXPIRED: gettext_lazy("The clinic has to look at the papers of %(who)s again."),
    ReasonCode.CLINICIAN_NOT_EXCLUDED: gettext_lazy("%(who)s is on no exclusion list."),
    ReasonCode.CLINICIAN_EXCLUDED: gettext_lazy("%(who)s is on an exclusion list."),
    ReasonCode.CONSENT_GIVEN: gettext_lazy("The patient has agreed to this kind of care."),
    ReasonCode.CONSENT_MISSING: gettext_lazy("The patient has not agreed to this kind of care."),
    ReasonCode.GUARDIAN_NOT_NEEDED: gettext_lazy("At this age no guardian is needed in %(place)s."),
    ReasonCode.GUARDIAN_PRESENT: gettext_lazy("A guardian is there."),
    ReasonCode.GUARDIAN_MISSING: gettext_lazy("At this age a guardian is needed in %(place)s, and none is there."),
}
"""What the rule's codes mean, for pages that aren't in English. Codes of prescribing are read by clinicians alone."""


def told(code: str, text: str, *, who: str = "", place: str = "") -> tuple[str, str]:
    """Return a text of the rule in the page's language, and the language that it is in, if that is another one.

    ``who`` is the clinician's name and ``place`` the state's, where they are known.
    """
    if _in_english():
        return text, ""
    words = TOLD.get(ReasonCode(code)) if code in set(ReasonCode) else None
    if words is None:
        return text, "en"
    return str(words) % {"who": who or _("the clinician"), "place": place or _("the place of the visit")}, ""


def told_finding(finding: Finding, *, who: str = "", place: str = "") -> dict[str, Any]:
    """Return what a page shows of a finding: its ``text`` with its ``lang``, and ``fixes``, in the page's language."""
    if finding.gate not in BY_LAW or not finding.reasons:
        return {"text": str(finding.text), "lang": "", "fixes": [str(fix) for fix in finding.fixes]}
    text, lang = told(finding.reasons[0].code, finding.text, who=who, place=place)
    fixes = finding.fixes
    if finding.reasons[0].code == ReasonCode.GUARDIAN_MISSING:
        fixes = (
            _("A parent or guardian signs in, acts for the child and asks for it. The clinic sets that up: call it."),
        )
    elif finding.gate == "licence" and not _in_english():
        fixes = (_("Choose somebody else, or call the front desk."),)
    return {"text": text, "lang": lang, "fixes": [str(fix) for fix in fixes]}


def lacks_guardian(codes: Iterable[str]) -> bool:
    """Whether the codes of what stands in the way say that a guardian is all that is missing: the place isn't it."""
    return set(codes) == {ReasonCode.GUARDIAN_MISSING}


def told_reasons(gate: str, reasons: Sequence[Any], *, who: str = "", place: str = "") -> list[dict[str, str]]:
    """Return the reasons of a gate's finding as a page shows them, each thing once; sources stay as they are cited."""
    shown: dict[tuple[str, str], dict[str, str]] = {}
    for each in reasons:
        text, lang = told(each.code, each.text, who=who, place=place) if gate in BY_LAW else (each.text, "")
        shown.setdefault((text, each.source), {"text": text, "lang": lang, "source": each.source})
    return list(shown.values())


def _in_english() -> bool:
    return (get_language() or "en").startswith("en")


def licence(case: Case) -> Finding:
    """Whether the law lets this clinician treat this person there and then, but for consent."""
    answer = _ask(case, consents=ALL_CONSENTS)
    refused = [reason for reason in answer.reasons if reason.code not in PASSING]
    if refused:
        return Finding("licence", "law", "stop", refused[0].text, tuple(refused), tuple(answer.fixes))
    notes = tuple(Reason(code=ReasonCode.GATE_NOT_CHECKED, text=text, source="") for text in answer.not_checked)
    valid = next((reason for reason in answer.reasons if reason.code == ReasonCode.LICENCE_VALID), None)
    text = valid.text if valid else _("The law allows this visit.")
    short = _("good in %(place)s") % {"place": case.state} if valid else ""
    return Finding("licence", "law", "pass", text, (*answer.reasons, *notes), short=short)


def consent(case: Case) -> Finding | None:
    """Whether the patient agrees to care of this kind (or agrees in the same form)."""
    if case.patient is None:
        return None
    answer = _ask(case, consents=frozenset(case.facts.get("consents", ())))
    missing = tuple(reason for reason in answer.reasons if reason.code == ReasonCode.CONSENT_MISSING)
    if missing:
        return Finding(
            "consent", "law", "stop", missing[0].text, missing, (_("Ask the patient to agree before it begins."),)
        )
    given = tuple(reason for reason in answer.reasons if reason.code == ReasonCode.CONSENT_GIVEN)
    if given:
        return Finding("consent", "law", "pass", given[0].text, given, short=_("given"))
    return Finding("consent", "law", "pass", _("No consent is needed."), short=_("not needed"))


def guardian(case: Case) -> Finding | None:
    """Whether somebody who is not of age has a guardian there, for services that need no licence."""
    if case.patient is None:
        return None
    answer = _ask(case, consents=ALL_CONSENTS)
    missing = tuple(reason for reason in answer.reasons if reason.code == ReasonCode.GUARDIAN_MISSING)
    if missing:
        return Finding(
            "guardian", "law", "stop", missing[0].text, missing, (_("A parent or guardian books and is there."),)
        )
    return None


def exclusion(case: Case) -> Finding | None:
    """Whether somebody who needs no licence stands on an exclusion list.

    An exclusion bars payment by federal programmes (42 U.S.C. 1320a-7). Where nobody has looked, that is
    said; it doesn't hold up a service that goes to no insurer.
    """
    facts = _facts(case, frozenset()).clinician
    excluded = facts.excluded if facts else None
    source = "42 U.S.C. 1320a-7"
    if excluded:
        text = _("%(name)s stands on an exclusion list.") % {"name": case.practitioner.display_name}
        reason = Reason(code=ReasonCode.CLINICIAN_EXCLUDED, text=text, source=source)
        return Finding("exclusion", "payment", "stop", text, (reason,), (_("Choose somebody else."),))
    if excluded is None:
        text = _("Not checked: whether %(name)s stands on an exclusion list.") % {
            "name": case.practitioner.display_name
        }
        reason = Reason(code=ReasonCode.GATE_NOT_CHECKED, text=text, source=source)
        return Finding("exclusion", "payment", "not_checked", text, (reason,), (_("Ask compliance to look."),))
    return None


def _facts(case: Case, consents: frozenset[str]) -> MayTreatFacts:
    """Return what the rule is asked. Of a person whom we know, no guardian is there until one is said to be."""
    record = case.once(RECORD, lambda: on_record([case.practitioner], case.patient))
    facts = facts_for(
        record, practitioner=case.practitioner, patient=case.patient, service=case.service, state=case.state, at=case.at,
        consents=consents, guardian_present=bool(case.facts.get("guardian_present")) if case.patient is not None else None,
    )  # fmt: skip
    if case.patient is None and facts.patient is not None:
        facts = msgspec.structs.replace(facts, patient=msgspec.structs.replace(facts.patient, age=A_GROWN_PERSON))
    return facts


def _ask(case: Case, *, consents: frozenset[str]) -> MayTreatAnswer:
    return may_treat(_facts(case, consents))


def register() -> None:
    """Register the gates of law."""
    medicine, without_licence = {Kind.TELEMEDICINE}, {Kind.TELEHEALTH, Kind.TELECARE}
    gates.register("licence", licence, moments=EVERY_MOMENT, kinds=medicine, area="law", overridable=False,
                   title=gettext_lazy("Licence"))  # fmt: skip
    gates.register("consent", consent, moments=EVERY_MOMENT, kinds={Kind.TELEMEDICINE, Kind.TELECARE}, area="law",
                   overridable=False, title=gettext_lazy("Consent"))  # fmt: skip
    gates.register("guardian", guardian, moments={Moment.BOOK, Moment.JOIN}, kinds=without_licence, area="law",
                   overridable=False, title=gettext_lazy("Guardian"))  # fmt: skip
    gates.register("exclusion", exclusion, moments={Moment.BOOK, Moment.JOIN}, kinds=without_licence, area="payment",
                   overridable=False, title=gettext_lazy("Exclusion lists"))  # fmt: skip
