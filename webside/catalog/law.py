"""The gates of law that every clinic has: compliance knows the rules, the catalogue asks them.

Compliance is below the catalogue and can't register here itself; so its pure rule is wrapped here.
None of these gates may be overridden.
"""

from __future__ import annotations

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
    record = case.once(RECORD, lambda: on_record([case.practitioner], case.patient))
    facts = facts_for(
        record, practitioner=case.practitioner, patient=case.patient, service=case.service, state=case.state, at=case.at,
        consents=consents, guardian_present=case.facts.get("guardian_present"),
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
