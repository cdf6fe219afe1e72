"""Services whose code follows from minutes: check-ins, e-visits, e-consults, sessions and classes."""

from __future__ import annotations

from webside.billing.codes import Modality, PayerGroup, ServiceKind
from webside.billing.rules import tables
from webside.billing.rules.coverage import REFUSED, coverage_of
from webside.billing.rules.draft import Draft, Ground, ground, spoken
from webside.billing.rules.lines import candidate_for, settle
from webside.core.dated import Row

TALK = "talk_minutes"
VERBAL, WRITTEN = "e_consult_verbal", "e_consult_written"


def timed(draft: Draft) -> None:
    """Choose the code by the minutes of the service."""
    minutes = _minutes(draft)
    if minutes is None or not _took_place(draft):
        return
    settle_tiers(draft, tables.TIMED.in_force(draft.day, service=str(draft.name)), minutes)
    for row in tables.TIMED.upcoming(draft.day, service=str(draft.name)):
        if _fits_time(row, minutes) and _for_this_clinician(draft, row):
            refuse_upcoming(draft, row)
    refuse_retired(draft)


def e_consult(draft: Draft) -> None:
    """Choose between the codes for talk with a report and for a report alone."""
    facts = draft.facts
    gaps = {"minutes": facts.minutes, "written_report": facts.written_report}
    if facts.verbal is None:
        draft.missing("verbal")
    lacking = [name for name, value in gaps.items() if value is None]
    if facts.minutes is None or lacking:
        draft.lack(*lacking)
        return
    family = VERBAL if facts.verbal else WRITTEN
    rows = tables.TIMED.in_force(draft.day, service=str(draft.name))
    taken = [row for row in rows if row["family"] == family]
    if not facts.written_report:
        text = "It needs a written report to the one who asked."
        refused = [row for row in taken if _fits_time(row, facts.minutes) and _for_this_clinician(draft, row)]
        for row in refused:
            draft.reject(row["code"], row, "report.missing", text)
        if not refused:
            draft.reject("report.missing", draft.service, "report.missing", text)
        return
    settle_tiers(draft, taken, facts.minutes)
    for row in rows:
        if row["family"] != family and _fits_time(row, facts.minutes) and _for_this_clinician(draft, row):
            text = (
                "More than half of the time was talk, so the code for talk with a report is taken."
                if facts.verbal
                else "It needs more than half of the time in talk between the clinicians."
            )
            draft.reject(row["code"], row, "report.other_form", text)
    for row in tables.TIMED.upcoming(draft.day, service=str(draft.name), family=family):
        if _fits_time(row, facts.minutes) and _for_this_clinician(draft, row):
            refuse_upcoming(draft, row)


def settle_tiers(draft: Draft, rows: list[Row], minutes: int, *grounds: Ground) -> None:
    """Settle the rows whose minutes fit; say how far away the nearest is where none does.

    Codes of another profession are considered only where this clinician's own give no line.
    """
    if not rows:
        refuse_no_codes(draft)
    own = [row for row in rows if _for_this_clinician(draft, row)]
    payable = [row for row in own if coverage_of(draft, row) not in REFUSED]
    fitting = [row for row in own if _fits_time(row, minutes)]
    if not any(row in payable for row in fitting):
        fitting = [row for row in rows if _fits_time(row, minutes)]
        if own or not fitting:
            _refuse_nearest(draft, payable or own or rows, minutes)
    for row in fitting:
        if _fits_group(draft, row):
            unit = tables.number(row, "unit_minutes")
            units = minutes // unit if unit else 1
            text = f"{minutes} minutes: {row['label']}" + (f", {units} × {unit} minutes." if unit else ".")
            settle(draft, candidate_for(row, ground(row, "time.tier", text), *grounds, units=units))


def refuse_no_codes(draft: Draft) -> None:
    """Say that the service has no code of this kind on that day."""
    text = f"No code for this is known on that day: {draft.service['label']}."
    draft.reject("service.no_codes", draft.service, "service.no_codes", text)


def refuse_retired(draft: Draft, modality: str | None = None) -> None:
    """Name the codes that were used for this service until their time was over."""
    for row in tables.RETIRED.in_force(draft.day, service=str(draft.name), modality=modality, considered="yes"):
        reject_retired(draft, row)


def reject_retired(draft: Draft, row: Row) -> None:
    """Refuse a code whose time is over, with the successors that this payer takes."""
    instead = spoken(code for code in tables.words(row, "successors") if _may_follow(draft, code))
    text = f"Not valid since {row.effective_from}. {row['advice']}" + (f" Instead: {instead}." if instead else "")
    draft.reject(row["code"], row, "code.retired", text)


def _may_follow(draft: Draft, code: str) -> bool:
    """Whether a successor is worth naming: a code that this group of payers refuses is not."""
    if draft.payer is PayerGroup.SELF_PAY:
        return True
    rows = [row for shelf in tables.CODE_SHELVES for row in shelf.in_force(draft.day, code=code)]
    return not any(coverage_of(draft, row) in REFUSED for row in rows)


def refuse_upcoming(draft: Draft, row: Row) -> None:
    """Refuse a code whose time has not come. A later row of a code that is in force changes its terms, no more."""
    if any(shelf.in_force(draft.day, code=row["code"]) for shelf in tables.CODE_SHELVES):
        return
    draft.reject(row["code"], row, "code.not_yet", f"In force from {row.effective_from} only.")


def _minutes(draft: Draft) -> int | None:
    """Return the minutes that the service counts, or ``None`` and name what is not known.

    Check-ins count live minutes with and without a picture. If only one of the two is known it is
    counted, since the other could only add to it, and the other is named.
    """
    facts = draft.facts
    name = draft.service["minutes_from"]
    if name != TALK:
        value: int | None = getattr(facts, name)
        if value is None:
            draft.lack(name)
        return value
    parts = {"video_minutes": facts.video_minutes, "audio_minutes": facts.audio_minutes}
    unknown = [part for part, minutes in parts.items() if minutes is None]
    if len(unknown) == len(parts):
        draft.lack(*unknown)
        return None
    for part in unknown:
        draft.missing(part)
    return sum(minutes for minutes in parts.values() if minutes is not None)


def _took_place(draft: Draft) -> bool:
    """Whether the facts say that patient and clinician met.

    A session's own minutes are live minutes, so they say it where ``connected`` does not.
    """
    facts = draft.facts
    if facts.connected is None and draft.service["connection"] == "needed":
        draft.lack("connected")
        return False
    if facts.connected is None and draft.service["connection"] == "implied":
        draft.missing("connected")
    if draft.kind is ServiceKind.TELEHEALTH and draft.modality is Modality.AUDIO and facts.audio_minutes == 0:
        draft.reject(
            "service.no_contact", None, "service.no_contact", "Sound reached both sides for less than a minute."
        )
        return False
    return True


def _fits_time(row: Row, minutes: int) -> bool:
    return tables.within(minutes, row, "min_minutes", "max_minutes")


def _for_this_clinician(draft: Draft, row: Row) -> bool:
    return draft.profession is not None and draft.profession["class"] in tables.words(row, "billers")


def _fits_group(draft: Draft, row: Row) -> bool:
    """Whether the class has the size that the code is for. A class is at least two where nobody counted."""
    size = draft.facts.group_size
    if size is None:
        if row.get("group_max") is None or coverage_of(draft, row) in REFUSED:
            return True
        draft.lack("group_size")
        return False
    if tables.within(size, row, "group_min", "group_max"):
        return True
    draft.reject(row["code"], row, "group.size", f"It is for another size of class: {row['label']}; there were {size}.")
    return False


def _refuse_nearest(draft: Draft, rows: list[Row], minutes: int) -> None:
    """Say by how much the minutes miss the rows, of which none fits."""
    by_length = sorted(rows, key=lambda row: tables.number(row, "min_minutes") or 0)
    if any(_fits_time(row, minutes) for row in by_length):
        return
    below = [row for row in by_length if not tables.within(minutes, row, "min_minutes", "")]
    if below:
        text = f"It begins at {below[0]['min_minutes']} minutes; there were {minutes}."
        draft.reject(below[0]["code"], below[0], "time.below_minimum", text)
    elif by_length:
        longest = by_length[-1]
        text = f"It ends at {longest['max_minutes']} minutes; there were {minutes}. Longer than that is a visit."
        draft.reject(longest["code"], longest, "time.above_maximum", text)
