"""Who notes who pays, and who sees and reviews claims."""

from __future__ import annotations

import pytest

from webside.billing import policies
from webside.billing.models import Claim
from webside.chart.models import Encounter
from webside.core import clock
from webside.testing.cast import Cast

EVERYBODY = ("maya", "daniel", "priya", "grace", "marcus", "ingrid", "admin", "liz")


def a_claim(cast: Cast) -> Claim:
    now = clock.now()
    encounter = Encounter.objects.create(
        patient=cast.liz, practitioner=cast.maya, service=cast.video_visit, started_at=now
    )
    return Claim.objects.create(
        encounter=encounter, patient=cast.liz, practitioner=cast.maya, service_date=now.date(), facts={}
    )


@pytest.mark.parametrize("who", EVERYBODY)
def test_billers_alone_see_and_review_claims(cast: Cast, who: str) -> None:
    with cast.as_(cast.marcus_user):
        claim = a_claim(cast)
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        seen = list(policies.visible_claims(actor, Claim.objects.all()))
        assert seen == ([claim] if who == "marcus" else [])
        assert policies.can_review_claims(actor) is (who == "marcus")
        assert policies.can_add_coverage(actor) is (who in ("grace", "marcus"))


def test_a_biller_sees_no_claim_of_another_clinic(cast: Cast) -> None:
    with cast.as_(cast.marcus_user):
        a_claim(cast)
    with cast.as_(cast.marcus_user, cast.northgate) as actor:
        assert not policies.visible_claims(actor, Claim.objects.all()).exists()
