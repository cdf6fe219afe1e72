"""Who may do what with accounts."""

from __future__ import annotations

import pytest

from webside.accounts import policies
from webside.testing.cast import Cast


def test_administrators_manage_staff_and_nobody_else_does(cast: Cast) -> None:
    assert policies.can_manage_staff(cast.actor_of(cast.admin_user))
    others = (cast.maya_user, cast.priya_user, cast.grace_user, cast.marcus_user, cast.ingrid_user, cast.liz_user)
    assert not [user for user in others if policies.can_manage_staff(cast.actor_of(user))]


@pytest.mark.parametrize(
    ("who", "must"),
    [
        ("maya", True),
        ("priya", True),
        ("grace", True),
        ("marcus", True),
        ("ingrid", True),
        ("admin", True),
        ("liz", False),
    ],
)
def test_staff_need_a_second_factor_and_patients_choose(cast: Cast, who: str, must: bool) -> None:
    assert policies.must_have_second_factor(cast.actor_of(getattr(cast, f"{who}_user"))) is must
