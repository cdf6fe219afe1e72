"""The pure rules of triage. Importing this package registers them.

``triage.choose_service`` is in :mod:`webside.triage.rules.chooser`; how words are read in
:mod:`~webside.triage.rules.words`, what stands around them in :mod:`~webside.triage.rules.context`,
what is read from files in :mod:`~webside.triage.rules.tables`; what is asked to be ticked in
:mod:`~webside.triage.rules.signs`.
"""

from __future__ import annotations

from webside.triage.rules.chooser import choose_service
from webside.triage.rules.facts import ChooserAnswer, ChooserFacts, PatientFacts

__all__ = ["ChooserAnswer", "ChooserFacts", "PatientFacts", "choose_service"]
