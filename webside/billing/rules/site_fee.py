"""Whether the place where a patient sits has a fee of its own for that. It never stands on the clinician's claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from webside.billing.codes import SiteFeeOf
from webside.billing.rules import tables
from webside.billing.rules.place import ANY


@dataclass(frozen=True, slots=True)
class SiteFee:
    """Who has such a fee. ``code``: by which the place bills it; ``check``: what only a person can settle."""

    of: SiteFeeOf
    code: str = ""
    check: str = ""
    source: str = ""


def site_fee(day: date, *, payer: str, at: str, site: str) -> SiteFee:
    """Say who has a fee for the place on that day.

    ``payer`` is one of the nine kinds, ``at`` where the patient was, ``site`` the kind of place (``SiteKind`` of
    ``visits``) or nothing. Where no row answers, it was not checked.
    """
    known = tables.PAYERS.one(day, payer=payer)
    group = known["group"] if known else ANY
    for who, where in ((group, site), (group, ANY), (ANY, site), (ANY, ANY)):
        row = tables.SITE_FEES.one(day, payer=who, at=at, site=where)
        if row is not None:
            return SiteFee(SiteFeeOf(row["fee"]), row.get("code") or "", row.get("check") or "", row.citation)
    return SiteFee(SiteFeeOf.NOT_CHECKED)
