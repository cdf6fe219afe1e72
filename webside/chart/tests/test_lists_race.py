"""Two people, one list, the same moment: real threads, real transactions."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from webside.chart import selectors, services
from webside.chart.codes import ListCode
from webside.chart.models import List
from webside.chart.tests import factories
from webside.testing.cast import make_cast
from webside.testing.locks import until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_somebody_is_adding_is_not_confirmed_unseen() -> None:
    """Shown failing with ``_hold_lists`` holding nothing: "no known allergies" is confirmed beside the new allergy."""
    cast = make_cast()
    with cast.as_(cast.maya_user):
        factories.encounter(cast)
        seen = selectors.lists_of(cast.liz).allergies_seen
    results: list[Any] = []

    def confirm() -> None:
        try:
            with cast.as_(cast.maya_user) as maya:
                results.append(services.confirm_list(actor=maya, patient=cast.liz, code=ListCode.ALLERGIES, seen=seen))
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    waits = threading.Thread(target=confirm)
    with cast.as_(cast.maya_user) as maya:
        services.add_allergy(actor=maya, patient=cast.liz, substance="Penicillin")
        waits.start()
        until_somebody_waits()
    waits.join(30)
    (result,) = results
    assert isinstance(result, services.ListChanged), result
    assert result.change.came == ["Penicillin"]
    with cast.as_(cast.maya_user):
        assert not List.objects.exists()
