"""Who may see and change people."""

from __future__ import annotations

import pytest

from webside.core.actor import Actor, ActorKind
from webside.people import policies
from webside.people.models import Patient
from webside.testing.cast import Cast

OTHER = {"given": "Olive", "family": "Other", "record_number": "L-9"}


@pytest.mark.parametrize(
    ("who", "sees", "registers", "changes"),
    [
        ("maya", "all", False, False),
        ("priya", "all", False, False),
        ("grace", "all", True, True),
        ("marcus", "all", False, False),
        ("ingrid", "all", False, False),
        ("admin", "none", True, False),
        ("liz", "herself", True, True),
    ],
)
def test_who_sees_registers_and_changes_a_patient(
    cast: Cast, who: str, sees: str, registers: bool, changes: bool
) -> None:
    with cast.as_(getattr(cast, f"{who}_user")) as actor:
        other = Patient.objects.create(birth_date="1980-01-01", **OTHER)
        seen = set(policies.visible_patients(actor, Patient.objects.all()))
        assert seen == {"all": {cast.liz, other}, "herself": {cast.liz}, "none": set()}[sees]
        assert policies.can_register_patient(actor) is registers
        assert policies.can_change_patient(actor, cast.liz) is changes
        assert policies.can_change_patient(actor, other) is (who == "grace")


def test_who_came_by_a_link_sees_nobody(cast: Cast) -> None:
    link = Actor(kind=ActorKind.LINK, label="link", tenant_id=cast.larkspur.id, subject_id=cast.liz.id)
    with cast.as_(cast.liz_user):
        assert not policies.visible_patients(link, Patient.objects.all()).exists()
        assert not policies.can_change_patient(link, cast.liz)
