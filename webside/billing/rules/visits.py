"""Visits: the level by time or by decision-making, and the family of codes that the payer takes."""

from __future__ import annotations

from webside.billing.codes import DecisionMaking, Modality
from webside.billing.rules import tables
from webside.billing.rules.coverage import REFUSED, coverage_of, payer_name
from webside.billing.rules.draft import Candidate, Draft, Ground, ground
from webside.billing.rules.lines import add_ons, candidate_for, settle
from webside.billing.rules.medicare import BEHAVIOURAL, TELEPHONE
from webside.billing.rules.timed import refuse_retired, settle_tiers
from webside.core.dated import Row

OFFICE = "office"
MAJORITY = "majority"


def visit(draft: Draft) -> None:
    """Choose the code of a visit by picture or by sound alone."""
    facts = draft.facts
    modality = _billed_modality(draft)
    gaps = {
        "connected": facts.connected,
        "video_minutes": facts.video_minutes,
        "patient.new": facts.patient.new,
    }
    lacking = [name for name, value in gaps.items() if value is None]
    if facts.mdm is None and facts.total_minutes is None and not _is_telephone(draft, modality):
        lacking += ["mdm", "total_minutes"]
    if modality is None or lacking:
        more = {"patient.at": facts.patient.at, "clinician.profession": facts.clinician.profession}
        draft.lack(*lacking, *(name for name, value in more.items() if value is None))
        return
    if draft.modality is Modality.AUDIO and facts.audio_minutes == 0:
        draft.reject(
            "service.no_contact", None, "service.no_contact", "Sound reached both sides for less than a minute."
        )
        return
    _look_at_times(draft)
    family = _family(draft, modality)
    if family is None:
        text = f"No visit codes are known for {payer_name(draft)} and {modality} on that day."
        draft.reject("visit.no_codes", None, "visit.no_codes", text)
        return
    if family["family"] == TELEPHONE:
        _telephone(draft, family)
    else:
        _leveled(draft, family, modality)
    refuse_retired(draft, modality=str(modality))


def _billed_modality(draft: Draft) -> Modality | None:
    """Return the modality by which the visit is billed.

    Some payers count a visit that fell from picture to sound as what most of its live time was.
    """
    video, audio = draft.facts.video_minutes, draft.facts.audio_minutes
    if video and audio and audio > video and draft.payer_row is not None and draft.payer_row.get("mixed") == MAJORITY:
        return Modality.AUDIO
    return draft.modality


def _look_at_times(draft: Draft) -> None:
    facts = draft.facts
    video, audio, total = facts.video_minutes or 0, facts.audio_minutes or 0, facts.total_minutes
    if total is not None and total < video + audio:
        draft.warn(f"The clinician's total of {total} minutes is less than the {video + audio} minutes of the call.")
    if video and audio > video:
        draft.warn(f"Most of the call was by sound alone ({audio} of {video + audio} minutes): look at the record.")


def _family(draft: Draft, modality: Modality | None) -> Row | None:
    """Return the row that says which family of codes the payer takes; the more special scope wins."""
    visit_codes = draft.payer_row["visit_codes"] if draft.payer_row is not None else OFFICE
    rows = tables.VISIT_FAMILIES.in_force(
        draft.day, payer=str(draft.payer), visit_codes=visit_codes, modality=modality and str(modality)
    )
    by_scope = {row.get("scope"): row for row in rows}
    return by_scope.get(draft.scope) or by_scope.get(None)


def _is_telephone(draft: Draft, modality: Modality | None) -> bool:
    family = _family(draft, modality)
    return family is not None and family["family"] == TELEPHONE


def _telephone(draft: Draft, family: Row) -> None:
    """Bill the telephone visit codes of the years before the office codes were open to sound alone."""
    facts = draft.facts
    if facts.behavioural is None and tables.VISIT_FAMILIES.in_force(
        draft.day, payer=str(draft.payer), modality=str(Modality.AUDIO), scope=BEHAVIOURAL
    ):
        draft.missing("behavioural")
    if facts.audio_minutes is None:
        draft.lack("audio_minutes")
        return
    rows = tables.TIMED.in_force(draft.day, service=str(draft.name), family=TELEPHONE)
    settle_tiers(draft, rows, facts.audio_minutes, _family_ground(draft, family))
    _refuse_coming_family(draft, family)


def _refuse_coming_family(draft: Draft, family: Row) -> None:
    """Name the code that the payer takes for such a visit from a later day on."""
    match = {column: family[column] for column in ("payer", "visit_codes", "modality")}
    for row in tables.VISIT_FAMILIES.upcoming(draft.day, **match):
        levels = _levels(draft, row["family"])
        chosen = _best(levels, _by_mdm(levels, draft.facts.mdm), _by_time(levels, draft.facts.total_minutes))
        if chosen is not None:
            text = f"{payer_name(draft)} takes it for a visit by sound alone from {row.effective_from} only."
            draft.reject(chosen["code"], row, "payer.not_yet", text)


def _leveled(draft: Draft, family: Row, modality: Modality) -> None:
    facts = draft.facts
    levels = _levels(draft, family["family"])
    if not levels:
        text = "No codes of this family of visits are known for that day."
        draft.reject("visit.no_codes", family, "visit.no_codes", text)
        return
    by_mdm = _by_mdm(levels, facts.mdm)
    by_time = _by_time(levels, facts.total_minutes)
    if facts.mdm is None and by_time is not levels[-1]:
        draft.missing("mdm")
    if facts.total_minutes is None:
        draft.missing("total_minutes")
    chosen = _best(levels, by_mdm, by_time)
    if chosen is None:
        _refuse_level(draft, levels[0])
    else:
        candidate = candidate_for(chosen, _level_ground(draft, chosen, by_mdm, by_time), _family_ground(draft, family))
        if _talked_enough(draft, candidate) and settle(draft, candidate):
            add_ons(draft, candidate, facts.total_minutes, "total_minutes")
        following = levels.index(chosen) + 1
        if following < len(levels):
            _refuse_level(draft, levels[following])
    _refuse_other_families(draft, family["family"], modality, levels.index(chosen) if chosen else 0)


def _levels(draft: Draft, family: str) -> list[Row]:
    patient = "new" if draft.facts.patient.new else "established"
    rows = tables.VISITS.in_force(draft.day, family=family, patient=patient)
    return sorted(rows, key=lambda row: tables.number(row, "min_minutes") or 0)


def _by_mdm(levels: list[Row], mdm: DecisionMaking | None) -> Row | None:
    return next((row for row in levels if mdm is not None and row["mdm"] == str(mdm)), None)


def _best(levels: list[Row], *supported: Row | None) -> Row | None:
    """Return the highest of the levels that something supports."""
    return max((row for row in supported if row is not None), key=levels.index, default=None)


def _by_time(levels: list[Row], minutes: int | None) -> Row | None:
    reached = [row for row in levels if minutes is not None and tables.within(minutes, row, "min_minutes", "")]
    return reached[-1] if reached else None


def _level_ground(draft: Draft, chosen: Row, by_mdm: Row | None, by_time: Row | None) -> Ground:
    """Say which of time and decision-making carries the level, and what the other would have given."""
    minutes = f"{draft.facts.total_minutes} minutes"
    thinking = f"{draft.facts.mdm} decision-making"
    code = chosen["code"]
    if by_mdm is by_time:
        return ground(chosen, "level.both", f"Time ({minutes}) and {thinking} both support {code}.")
    if chosen is by_mdm:
        if draft.facts.total_minutes is None:
            other = "the time was not given"
        else:
            other = f"{minutes} support {by_time['code'] if by_time else 'no level'}"
        return ground(chosen, "level.mdm", f"By decision-making: {thinking} supports {code}; {other}.")
    other = "decision-making was not given" if by_mdm is None else f"{thinking} supports {by_mdm['code']}"
    return ground(chosen, "level.time", f"By time: {minutes} support {code}; {other}.")


def _family_ground(draft: Draft, family: Row) -> Ground:
    if draft.payer_row is not None:
        return ground(draft.payer_row, "payer.row", f"The payer takes {draft.payer_row['label']}.")
    return ground(family, "payer.family", f"{payer_name(draft)} takes the {family['family']} visit codes here.")


def _talked_enough(draft: Draft, candidate: Candidate) -> bool:
    """Some codes ask for live talk of a certain length whatever the level."""
    least = tables.number(candidate.row, "min_talk_minutes")
    if least is None:
        return True
    audio = draft.facts.audio_minutes
    if audio is None:
        draft.lack("audio_minutes")
        return False
    talk = audio + (draft.facts.video_minutes or 0)
    if talk < least:
        text = f"It needs {least} minutes of live talk; there were {talk}."
        draft.reject(candidate.code, candidate.row, "time.below_minimum", text)
        return False
    return True


def _refuse_level(draft: Draft, row: Row) -> None:
    facts = draft.facts
    given = [f"there were {facts.total_minutes} minutes"] if facts.total_minutes is not None else []
    given += [f"decision-making was {facts.mdm}"] if facts.mdm is not None else []
    text = f"It needs {row['min_minutes']} minutes in all or {row['mdm']} decision-making; {' and '.join(given)}."
    draft.reject(row["code"], row, "level.not_reached", text)


def _refuse_other_families(draft: Draft, taken: str, modality: Modality, level: int) -> None:
    """Name the code of the same level in each family that other payers take for this modality."""
    rows = tables.VISIT_FAMILIES.in_force(draft.day, modality=str(modality))
    for family in dict.fromkeys(row["family"] for row in rows if row["family"] != taken):
        for row in _levels(draft, family)[level : level + 1]:
            coverage = coverage_of(draft, row)
            if coverage in REFUSED:
                reason, text = REFUSED[coverage]
                draft.reject(row["code"], row, reason, text.format(payer=payer_name(draft)))
            else:
                text = f"{payer_name(draft)} is not known to ask for this family of codes; see the payer's row."
                draft.reject(row["code"], row, "payer.other_family", text)
