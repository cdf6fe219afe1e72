"""What ``billing.codes`` is asked with, and what it answers.

Every fact but the day may be absent: what is not known is never assumed, and is named in
``not_checked`` where it matters. An unknown field is refused by name.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from webside.billing.codes import AudioReason, DecisionMaking, PatientAt, Payer, Profession, Service, TurnedInto
from webside.core.decisions import Answer, Facts, Reason

Count = Annotated[int, msgspec.Meta(ge=0)]
"""A whole number of minutes, days or people."""


class PatientFacts(Facts, frozen=True, kw_only=True):
    """The patient, as far as a payer asks.

    ``state``: two letters, where the patient is. ``new``: not seen in three years by this
    specialty of this group. ``at``: where the patient is during the service.
    """

    state: Annotated[str, msgspec.Meta(min_length=2, max_length=2)] | None = None
    new: bool | None = None
    at: PatientAt | None = None


class ClinicianFacts(Facts, frozen=True, kw_only=True):
    """Who bills. ``credential`` (CNS, CNM, LMSW, …) refines the profession."""

    profession: Profession | None = None
    credential: str | None = None


class CodesFacts(Facts, frozen=True, kw_only=True):
    """What happened.

    - ``on``: the day of the service; for a month of monitoring its last day.
    - ``connected``: whether patient and clinician were connected; ``false`` says that the service
      did not take place.
    - ``video_minutes``, ``audio_minutes``: live minutes with a picture, and by sound alone. A visit
      by sound alone has no video minutes and an ``audio_reason``.
    - ``total_minutes``: the clinician's own time for this patient on that day.
    - ``mdm``: complexity of decision-making.
    - ``minutes``: time of a session (psychotherapy, smoking, education, coaching), of an e-consult,
      or of a month's monitoring.
    - ``minutes_7_days``: time of an e-visit over seven days.
    - ``written_report``, ``verbal``: an e-consult ended in a report; more than half of its time was
      discussion between the clinicians.
    - ``days_with_readings`` (in thirty), ``interactive`` (live contact in the month),
      ``device_supplied`` (by the practice): monitoring.
    - ``behavioural``: a visit is for a mental-health or substance-use disorder.
    - ``group_size``: patients in a class.
    - ``turned_into``: the visit turned into an emergency or into care in person; ``seen_within_a_day``: whether she was
      seen there within a day of it.
    - ``payer_row``: which row of ``data/payer_rows.csv`` the payer's contract names.
    - ``proposed``: codes that somebody wants to bill; each that does not stand is refused with its
      reason, and with its successor if its time is over.
    """

    on: date
    payer: Payer | None = None
    service: Service | None = None
    patient: PatientFacts = PatientFacts()
    clinician: ClinicianFacts = ClinicianFacts()
    connected: bool | None = None
    video_minutes: Count | None = None
    audio_minutes: Count | None = None
    total_minutes: Count | None = None
    mdm: DecisionMaking | None = None
    audio_reason: AudioReason | None = None
    minutes: Count | None = None
    minutes_7_days: Count | None = None
    written_report: bool | None = None
    verbal: bool | None = None
    days_with_readings: Count | None = None
    interactive: bool | None = None
    device_supplied: bool | None = None
    behavioural: bool | None = None
    group_size: Count | None = None
    turned_into: TurnedInto | None = None
    seen_within_a_day: bool | None = None
    payer_row: str | None = None
    proposed: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a claim: what may be billed, and on what grounds."""

    code: str
    label: str
    modifiers: list[str]
    pos: str
    units: int
    reasons: list[Reason]


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was considered, or the service as a whole, and why it is not billed.

    ``code`` is a billing code; where the service as a whole cannot be billed it is the reason
    itself (``service.not_connected``). ``reason`` is stable and for machines.
    """

    code: str
    reason: str
    text: str
    source: str


class CodesAnswer(Answer, frozen=True, kw_only=True):
    """Lines of the claim, what was refused, what a biller should know, and what was not checked.

    In ``not_checked`` a bare name (``patient.at``) is a fact that was not given; a sentence is
    something that only a person or the payer's manual can settle.
    """

    lines: list[Line]
    rejected: list[Rejection]
    warnings: list[str]
    not_checked: list[str]
