"""Minors among the clinic's patients: when they come of age, and what a guardian isn't shown."""

from __future__ import annotations

from webside.compliance.codes import PrivateTopic
from webside.compliance.rules import minors
from webside.core import clock
from webside.people.models import Patient
from webside.people.registry import OfAge


def of_age(patient: Patient) -> OfAge:
    """Return when a patient comes of age where she lives."""
    found = minors.majority(patient.birth_date, patient.state, clock.now().date())
    return OfAge(found.on, found.text)


def hidden_from_guardian(patient: Patient) -> frozenset[str]:
    """Return the topics of services that the patient's guardian isn't shown: hers by law, and what nobody has checked.

    Of age, or not known to be: all of them. The day is that of UTC: for some hours a birthday errs on her side.
    """
    today = clock.now().date()
    grown = minors.majority(patient.birth_date, patient.state, today).on
    if grown is None or grown <= today:
        return frozenset(topic.value for topic in PrivateTopic)
    return minors.private_topics(patient.birth_date, patient.state, today)
