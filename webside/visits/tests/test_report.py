"""How the call went: each side reads its own side, the other's, and what nobody measured."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from webside.core import clock
from webside.testing.cast import Cast, sign_in
from webside.visits import selectors, services
from webside.visits.codes import Grade, ParticipantRole
from webside.visits.models import Participant, QualitySample, Visit
from webside.visits.tests import factories

POOR = {"broken_s": 4, "concealed_pct": 14, "rtt_ms": 700, "reconnects": 1}
FINE = {"broken_s": 0, "concealed_pct": 0.2, "rtt_ms": 60, "reconnects": 0}


def _over(cast: Cast, **sides: dict[str, float]) -> Visit:
    visit = factories.admitted(cast)
    with cast.as_(cast.maya_user) as maya:
        services.start_visit(actor=maya, visit=visit, started_at=clock.now())
        for role, digest in sides.items():
            seat = Participant.objects.get(visit=visit, role=role)
            for _ in range(6):
                QualitySample.objects.create(
                    participant=seat, seconds=10, sound_seconds=9, picture_seconds=10, digest=digest
                )
        services.end_visit(actor=maya, visit=visit)
        return selectors.visit(maya, visit.id)


def _page(cast: Cast, visit: Visit, who: str) -> str:
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    return client.get(reverse("visits:visit-report", args=["larkspur", visit.id])).content.decode()


def test_each_side_reads_its_own_side_first(cast: Cast) -> None:
    visit = _over(cast, patient=POOR, clinician=FINE)
    with cast.as_(cast.maya_user):
        found = selectors.connection_reports(visit)
    assert found[ParticipantRole.PATIENT].sound is Grade.POOR and found[ParticipantRole.PATIENT].broken_seconds == 24
    assert found[ParticipantRole.CLINICIAN].sound is Grade.GOOD
    hers, his = _page(cast, visit, "liz"), _page(cast, visit, "maya")
    assert "Sit near the Wi-Fi box" in hers and "24 seconds in all" in hers
    assert "What to do better next time" not in his and "24 seconds in all" in his


def test_a_side_that_sent_nothing_is_not_measured(cast: Cast) -> None:
    page = _page(cast, _over(cast, clinician=FINE), "liz")
    assert "sent no numbers" in page and "You did not hear each other long enough" in page


@pytest.mark.parametrize("who", ["daniel", "grace", "admin", "mallory"])
def test_nobody_else_reads_it(cast: Cast, who: str) -> None:
    visit = _over(cast, patient=FINE)
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    assert client.get(reverse("visits:visit-report", args=["larkspur", visit.id])).status_code == 404


def test_there_is_none_before_the_end(cast: Cast) -> None:
    visit = factories.admitted(cast)
    client = sign_in(Client(), cast.liz_user)
    assert client.get(reverse("visits:visit-report", args=["larkspur", visit.id])).status_code == 302
