"""Home monitoring: set-up, the device of a month, and the minutes of managing it."""

from __future__ import annotations

from webside.billing.rules import tables
from webside.billing.rules.draft import Draft, ground
from webside.billing.rules.lines import add_ons, candidate_for, settle
from webside.billing.rules.timed import refuse_no_codes, refuse_upcoming
from webside.core.dated import Row


def setup(draft: Draft) -> None:
    """Bill the set-up and teaching, once enough days have readings."""
    days = draft.facts.days_with_readings
    if days is None:
        draft.lack("days_with_readings", what="code for the set-up")
        return
    for row in _rows(draft, "setup"):
        if not tables.within(days, row, "min_days", ""):
            _too_few_days(draft, row, days)
            continue
        settle(draft, candidate_for(row, ground(row, "days.enough", f"{days} days have readings.")))


def month(draft: Draft) -> None:
    """Bill a month: the device by its days, the management by its minutes."""
    _device(draft)
    _management(draft)
    for row in tables.ADD_ONS.in_force(draft.day, service=str(draft.name)):
        if row["base"] not in draft.codes():
            draft.reject(row["code"], row, "add_on.no_base", f"It stands only beside {row['base']}.")


def _rows(draft: Draft, part: str) -> list[Row]:
    rows = tables.MONITORING.in_force(draft.day, part=part)
    if not rows:
        refuse_no_codes(draft)
    return rows


def _device(draft: Draft) -> None:
    facts = draft.facts
    gaps = {"days_with_readings": facts.days_with_readings, "device_supplied": facts.device_supplied}
    lacking = [name for name, value in gaps.items() if value is None]
    days = facts.days_with_readings
    if days is None or lacking:
        draft.lack(*lacking, what="code for the device")
        return
    rows = _rows(draft, "device")
    fitting = [row for row in rows if tables.within(days, row, "min_days", "max_days")]
    for row in fitting:
        if row.get("supplied") == "yes" and not facts.device_supplied:
            draft.reject(row["code"], row, "device.not_supplied", "The practice did not supply the device.")
            continue
        settle(draft, candidate_for(row, ground(row, "days.enough", f"{days} days have readings.")))
    if not fitting:
        for row in sorted(rows, key=lambda row: tables.number(row, "min_days") or 0)[:1]:
            _too_few_days(draft, row, days)
        for row in tables.MONITORING.upcoming(draft.day, part="device"):
            if tables.within(days, row, "min_days", "max_days"):
                refuse_upcoming(draft, row)


def _management(draft: Draft) -> None:
    facts = draft.facts
    gaps = {"minutes": facts.minutes, "interactive": facts.interactive}
    lacking = [name for name, value in gaps.items() if value is None]
    minutes = facts.minutes
    if minutes is None or lacking:
        draft.lack(*lacking, what="code for the management")
        return
    rows = _rows(draft, "management")
    fitting = [row for row in rows if tables.within(minutes, row, "min_minutes", "max_minutes")]
    for row in fitting:
        if row.get("interactive") == "yes" and not facts.interactive:
            text = "There was no live contact with the patient in the month."
            draft.reject(row["code"], row, "contact.missing", text)
            continue
        candidate = candidate_for(row, ground(row, "time.tier", f"{minutes} minutes in the month: {row['label']}."))
        if settle(draft, candidate):
            add_ons(draft, candidate, minutes, "minutes")
    if not fitting:
        for row in sorted(rows, key=lambda row: tables.number(row, "min_minutes") or 0)[:1]:
            text = f"It begins at {row['min_minutes']} minutes in the month; there were {minutes}."
            draft.reject(row["code"], row, "time.below_minimum", text)
        for row in tables.MONITORING.upcoming(draft.day, part="management"):
            if tables.within(minutes, row, "min_minutes", "max_minutes"):
                refuse_upcoming(draft, row)


def _too_few_days(draft: Draft, row: Row, days: int) -> None:
    text = f"It needs {row['min_days']} days with readings; there were {days}."
    draft.reject(row["code"], row, "days.below_minimum", text)
