"""What is asked about allergies and medicines before a note is signed, and what the patient is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from webside.chart import gates, selectors, services
from webside.chart.codes import ListCode
from webside.chart.models import Encounter, List
from webside.chart.rules.confirmation import Standing, confirmation
from webside.chart.tests import factories
from webside.core import clock
from webside.testing.cast import sign_in

HOST = {"HTTP_HOST": "localhost"}
BOTH = (ListCode.ALLERGIES, ListCode.MEDICATIONS)


@pytest.mark.parametrize(
    ("confirmed", "changed", "standing", "months"),
    [
        (None, None, Standing.NEVER, 0),
        (datetime(2026, 11, 1, tzinfo=UTC), None, Standing.CURRENT, 0),
        (datetime(2026, 1, 1, tzinfo=UTC), None, Standing.CURRENT, 10),
        (datetime(2025, 11, 27, tzinfo=UTC), None, Standing.CURRENT, 11),
        (datetime(2025, 11, 26, tzinfo=UTC), None, Standing.OLD, 12),
        (datetime(2025, 11, 20, tzinfo=UTC), None, Standing.OLD, 12),
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), Standing.CHANGED, 0),
        (datetime(2020, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), Standing.CHANGED, 72),
    ],
)
def test_a_confirmation_holds_for_a_year_and_until_a_change(
    confirmed: datetime | None, changed: datetime | None, standing: Standing, months: int
) -> None:
    how = confirmation(confirmed, changed, date(2026, 11, 26))
    assert (how.standing, how.months) == (standing, months)
    assert how.holds is (standing is Standing.CURRENT)


def _asked(encounter: Encounter) -> Any:
    return gates.lists_confirmed(selectors.sign_case(encounter))


def test_signing_asks_whether_the_lists_were_confirmed_and_never_stops(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, parts=factories.PARTS)
        found = _asked(encounter)
        assert (found.outcome, found.area) == ("warn", "care")
        assert found.text == (
            "Allergies: never confirmed with the patient. Medicines: never confirmed with the patient."
        )
        for code in BOTH:
            services.confirm_list(actor=maya, patient=cast.liz, code=code)
        found = _asked(encounter)
        assert found.outcome == "pass"
        assert found.text.startswith("Allergies and medicines confirmed on ")
        services.add_medication(actor=maya, patient=cast.liz, medication="Metformin")
        List.objects.filter(code=ListCode.ALLERGIES).update(confirmed_at=clock.now() - timedelta(days=430))
        found = _asked(encounter)
        assert found.outcome == "warn"
        assert found.text.startswith("Allergies: last confirmed 14 months ago. Medicines: changed since confirmed on ")
        assert [reason.code for reason in found.reasons] == ["lists.allergies", "lists.medications"]


def test_the_warning_leads_to_the_lists_beside_the_note(cast: Any, all_codes: None) -> None:
    with cast.as_(cast.maya_user):
        encounter = factories.encounter(cast, parts=factories.PARTS)
    client = sign_in(Client(), cast.maya_user)
    page = reverse("chart:encounter-detail", args=["larkspur", encounter.id])
    text = client.get(reverse("chart:encounter-sign", args=["larkspur", encounter.id]), **HOST).content.decode()
    note = client.get(page, **HOST).content.decode()
    for code in BOTH:
        assert f'href="{page}#{code}"' in text
        assert f'<section id="{code}"' in note


def test_the_patient_reads_whether_her_medicines_were_confirmed(cast: Any) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast, parts=factories.PARTS)
        services.add_medication(actor=maya, patient=cast.liz, medication="Metformin")
        encounter.note.status, encounter.note.signed_at, encounter.note.signed_by = "final", clock.now(), cast.maya
        encounter.note.save()
    client = sign_in(Client(), cast.liz_user)
    page = reverse("chart:encounter-summary", args=["larkspur", encounter.id])

    def sign_now() -> None:
        encounter.note.signed_at = clock.now()
        with cast.as_(cast.maya_user):
            encounter.note.save()

    def text() -> str:
        return client.get(page, **HOST).content.decode()

    assert "Not confirmed with you yet." in text()
    with cast.as_(cast.maya_user) as maya:
        services.confirm_list(actor=maya, patient=cast.liz, code=ListCode.MEDICATIONS)
    assert "Not confirmed with you yet." in text(), "as it was when it was signed"
    sign_now()
    assert "Last confirmed with you on" in text()
    with cast.as_(cast.maya_user) as maya:
        services.add_medication(actor=maya, patient=cast.liz, medication="Lisinopril")
    assert "Last confirmed with you on" in text(), "as it was when it was signed"
    sign_now()
    assert "Not confirmed with you yet." in text()
    with cast.as_(cast.maya_user) as maya:
        services.confirm_list(actor=maya, patient=cast.liz, code=ListCode.MEDICATIONS)
    assert "Not confirmed with you yet." in text(), "whatever comes later"
