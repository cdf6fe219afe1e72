"""Rows of several tables in one query come back as the ORM would have read them."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from webside.chart.models import Condition, Observation
from webside.compliance.models import Licence
from webside.core.rows import array_of, instances
from webside.people.models import Patient, Practitioner
from webside.testing.cast import Cast


def _same(found: list[object], wanted: QuerySet[object]) -> bool:
    return [vars(row) | {"_state": None} for row in found] == [vars(row) | {"_state": None} for row in wanted]


def test_rows_beside_their_owner_are_whole_and_in_order(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        held = Licence.objects.filter(practitioner=OuterRef("pk")).order_by("-state")
        row = Practitioner.objects.annotate(held=array_of(held)).get(id=cast.maya.id)
        assert len(row.held) > 1
        assert _same(instances(Licence, row.held), Licence.objects.filter(practitioner=cast.maya).order_by("-state"))


def test_a_row_is_its_own_tables_behind_a_join_and_behind_a_window(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        for value in ("98.600", "0.100", "1234567.125"):
            Observation.objects.create(patient=cast.liz, code="8310-5", display="Temperature", value=value, unit="F")
        Condition.objects.create(patient=cast.liz, code="I10", display="Hypertension")
        number = Window(RowNumber(), partition_by=[F("code")], order_by=F("value").asc())
        newest = Observation.objects.filter(patient=OuterRef("pk")).annotate(number=number).filter(number__lte=2)
        joined = Condition.objects.filter(patient=OuterRef("pk"), patient__family=cast.liz.family)
        row = Patient.objects.annotate(
            readings=array_of(newest.order_by("-value")), problems=array_of(joined.order_by("patient__family"))
        ).get(id=cast.liz.id)
        readings = instances(Observation, row.readings)
        assert [each.value for each in readings] == [Decimal("98.600"), Decimal("0.100")]
        assert str(readings[0].value) == "98.600", "a decimal keeps its places"
        short = instances(Observation, row.readings, only=("id", "value"))
        assert [each.value for each in short] == [each.value for each in readings]
        assert "code" in short[0].get_deferred_fields(), "what isn't asked for isn't made"
        assert _same(instances(Condition, row.problems), Condition.objects.filter(patient=cast.liz))
