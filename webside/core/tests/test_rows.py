"""Rows of several tables in one query come back as the ORM would have read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import Now, RowNumber, Upper
from django.test.utils import CaptureQueriesContext

from webside.chart.models import Condition, Observation
from webside.compliance.models import Licence
from webside.core import frames
from webside.core.actor import Actor
from webside.core.models import Tenant
from webside.core.rows import PREPARED, array_of, instance, instances, prepared, prepared_anywhere
from webside.people.models import Patient, Practitioner
from webside.scheduling.models import Appointment
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


@prepared
def _problems(patient: UUID) -> QuerySet[Patient, dict[str, object]]:
    own = Condition.objects.filter(patient=OuterRef("pk"))
    return Patient.objects.filter(id=patient).values(kept_problems=array_of(own.order_by("code")))


def test_a_prepared_query_is_put_together_once_and_asks_for_each_patient_in_each_tenant(cast: Cast) -> None:
    PREPARED.clear()
    with cast.as_(cast.maya_user):
        Condition.objects.create(patient=cast.liz, code="I10", display="Hypertension")
        Condition.objects.create(patient=cast.liz, code="E11.9", display="Diabetes")
        assert [row["code"] for row in _problems(patient=cast.liz.id)[0]["kept_problems"]] == ["E11.9", "I10"]
        assert _same(
            instances(Condition, _problems(patient=cast.liz.id)[0]["kept_problems"]), Condition.objects.order_by("code")
        )
        (text,) = PREPARED.values()
        other = Patient.objects.create(family="Other", given="Olive", birth_date=date(1980, 1, 1), record_number="L-9")
        assert _problems(patient=other.id) == [{"kept_problems": []}]
    with cast.as_(cast.mallory_user):
        assert _problems(patient=cast.liz.id) == []
    assert list(PREPARED.values()) == [text]


def test_a_prepared_query_filters_each_table_by_the_tenant_who_asks_whoever_asked_first(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        _problems(patient=cast.liz.id)
    (text,) = (text for (make, *_), text in PREPARED.items() if make.__name__ == "_problems")
    assert text.slots == ("tenant", "tenant", "patient")
    assert text.parameters == (None, None, None), "it holds nobody's id"


@prepared
def _people(patient: UUID) -> QuerySet[Patient, dict[str, object]]:
    lists = {"kept": array_of(Condition.objects.filter(patient=OuterRef("pk")))}
    found = Patient.objects.filter(id=patient).annotate(short=Upper("given")).order_by("id")
    return found.values("birth_date", "short", "id", "updated_at", "tenant__slug", **lists)


def test_the_rows_of_a_prepared_query_are_what_the_orm_reads(cast: Cast) -> None:
    with cast.as_(cast.maya_user):
        Condition.objects.create(patient=cast.liz, code="I10", display="Hypertension")
        for _ in range(2):  # put together, and asked again
            assert _people(patient=cast.liz.id) == list(_people.__wrapped__(cast.liz.id))  # type: ignore[attr-defined]


@prepared
def _licences(holder: UUID, day: date, before: datetime) -> QuerySet[Licence, dict[str, object]]:
    return Licence.objects.filter(practitioner=holder, period_end__gte=day, created_at__lt=before).values()


def test_days_and_moments_are_asked_with_each_time_and_rows_can_be_whole(cast: Cast) -> None:
    far, now = datetime(2100, 1, 1, tzinfo=UTC), datetime.now(UTC)
    with cast.as_(cast.maya_user):
        ends = max(Licence.objects.filter(practitioner=cast.maya).values_list("period_end", flat=True))
        assert not _licences(holder=cast.maya.id, day=ends + timedelta(days=1), before=far)
        rows = _licences(holder=cast.maya.id, day=ends, before=far)
        whole = [instance(Licence, row) for row in rows]
        assert _same(whole, Licence.objects.filter(practitioner=cast.maya, period_end=ends))
        assert not _licences(holder=cast.maya.id, day=ends, before=now - timedelta(days=1))


def test_an_id_that_the_query_leaves_out_is_an_error(cast: Cast) -> None:
    @prepared
    def everybody(patient: UUID) -> QuerySet[Patient, dict[str, object]]:
        return Patient.objects.values(kept_problems=array_of(Condition.objects.filter(patient=OuterRef("pk"))))

    with cast.as_(cast.maya_user), pytest.raises(LookupError, match="patient is in no place"):
        everybody(patient=cast.liz.id)


@pytest.mark.parametrize(
    ("own", "kind"),
    [
        ({"id": uuid4()}, "UUID"),
        ({"birth_date": date(1980, 1, 1)}, "date"),
        ({"created_at__lt": datetime(2026, 1, 1, tzinfo=UTC)}, "datetime"),
    ],
)
def test_an_id_or_a_day_that_would_stay_for_all_is_an_error(cast: Cast, own: dict[str, object], kind: str) -> None:
    @prepared
    def somebody(patient: UUID) -> QuerySet[Patient, dict[str, object]]:
        return Patient.objects.filter(id=patient).exclude(**own).values("id")

    with cast.as_(cast.maya_user), pytest.raises(LookupError, match=f"holds a {kind} that"):
        somebody(patient=cast.liz.id)


def test_a_prepared_query_is_refused_outside_a_frame(cast: Cast) -> None:
    with pytest.raises(frames.OutsideFrame):
        _problems(patient=cast.liz.id)


@prepared
def _held(actor: Actor, holder: UUID) -> QuerySet[Licence]:
    own = Q() if actor.is_staff else Q(practitioner__user_id=actor.user_id)
    found = Licence.objects.filter(own, practitioner=holder).select_related("practitioner", "practitioner__tenant")
    return found.annotate(short=Upper("practitioner__family")).order_by("period_end", "id")


def test_instances_come_as_the_orm_reads_them_with_what_belongs_to_them(cast: Cast) -> None:
    with cast.as_(cast.maya_user) as actor:
        for _ in range(2):  # put together, and asked again
            found, wanted = _held(actor=actor, holder=cast.maya.id), _held.__wrapped__(actor, cast.maya.id)  # type: ignore[attr-defined]
            assert found
            assert [_seen(each) for each in found] == [_seen(each) for each in wanted]
            with CaptureQueriesContext(connection) as queries:  # type: ignore[no-untyped-call]
                assert {each.practitioner.tenant.slug for each in found} == {"larkspur"}
            assert len(queries) == 0, "they were read with their rows"


def _seen(licence: Licence) -> dict[str, object]:
    rows = (licence, licence.practitioner, licence.practitioner.tenant)
    return {f"{number}.{name}": value for number, row in enumerate(rows) for name, value in vars(row).items()
            if name != "_state"}  # fmt: skip


def test_another_actor_of_the_same_kind_is_asked_for_by_her_own_id_and_another_kind_has_another_text(
    cast: Cast,
) -> None:
    PREPARED.clear()
    with cast.as_(cast.liz_user) as liz:
        assert _held(actor=liz, holder=cast.maya.id) == []
        stranger = replace(liz, user_id=cast.maya.user_id)
        assert _held(actor=stranger, holder=cast.maya.id), "no other id than hers is asked for"
        assert len(PREPARED) == 1
    with cast.as_(cast.maya_user) as maya:
        assert _held(actor=maya, holder=cast.maya.id)
    assert len(PREPARED) == 2


class _Unit(StrEnum):
    GIVEN = "given"
    FAMILY = "family"


@prepared
def _named(name: str, by: _Unit, older: timedelta | None, few: int) -> QuerySet[Patient, dict[str, object]]:
    found = Patient.objects.filter(**{by.value: name}).order_by("id")
    if older is not None:
        found = found.filter(created_at__lt=Now() - older)
    return found.values("id")[:few]


def test_words_are_asked_with_each_time_and_each_kind_has_a_text_of_its_own(cast: Cast) -> None:
    PREPARED.clear()
    with cast.as_(cast.maya_user):
        others = [Patient.objects.create(family="Quiroga", given=given, birth_date=date(1980, 1, 1), record_number=given)
                  for given in ("Ana", "Abel")]  # fmt: skip
        ana, abel = (other.id for other in others)
        ids = sorted((ana, abel))  # two of one millisecond come in any order
        assert [row["id"] for row in _named(name="Quiroga", by=_Unit.FAMILY, older=None, few=9)] == ids
        assert [row["id"] for row in _named(name="Ana", by=_Unit.GIVEN, older=None, few=9)] == [ana]
        assert [row["id"] for row in _named(name="Abel", by=_Unit.GIVEN, older=None, few=9)] == [abel]
        assert len(PREPARED) == 2, "two units, two texts; the names are in none"
        assert "Ana" not in repr(PREPARED) and "Abel" not in repr(PREPARED)
        assert [row["id"] for row in _named(name="Quiroga", by=_Unit.FAMILY, older=None, few=1)] == ids[:1]
        assert _named(name="Quiroga", by=_Unit.FAMILY, older=timedelta(days=1), few=9) == []
        assert len(PREPARED) == 4


def test_kinds_are_told_apart_by_their_names(cast: Cast) -> None:
    @prepared
    def some(patient: UUID, first: int, second: int) -> QuerySet[Patient, dict[str, object]]:
        return Patient.objects.filter(id=patient).values(kept=Value(f"{first}, {second}"))

    with cast.as_(cast.maya_user):
        assert some(patient=cast.liz.id, first=1, second=2) == [{"kept": "1, 2"}]
        assert some(patient=cast.liz.id, second=1, first=2) == [{"kept": "2, 1"}]


@prepared_anywhere
def _tenants(slug: str) -> QuerySet[Tenant]:
    return Tenant.objects.filter(slug=slug)


@prepared_anywhere
def _patients_anywhere(family: str) -> QuerySet[Patient, dict[str, object]]:
    return Patient.objects.filter(family=family).values("id")


def test_which_tenant_it_is_is_asked_before_there_is_a_frame_and_nothing_of_a_tenant_is(cast: Cast) -> None:
    for slug in ("larkspur", "northgate", "larkspur"):
        assert [found.slug for found in _tenants(slug=slug)] == [slug]
    with pytest.raises(frames.OutsideFrame):
        _patients_anywhere(family=cast.liz.family)
    with cast.as_(cast.maya_user), pytest.raises(LookupError, match="holds a UUID that"):
        _patients_anywhere(family=cast.liz.family)


def test_a_stretch_of_time_that_would_stay_for_all_is_an_error(cast: Cast) -> None:
    @prepared
    def booked(patient: UUID, since: datetime) -> QuerySet[Appointment]:
        return Appointment.objects.filter(
            patient=patient, period__overlap=(since, since + timedelta(days=1)), created_at__lt=since
        )

    with cast.as_(cast.maya_user), pytest.raises(LookupError, match="that is no argument"):
        booked(patient=cast.liz.id, since=datetime.now(UTC))


def test_nothing_is_asked_for_somebody_who_may_see_nothing(cast: Cast) -> None:
    @prepared
    def nothing(patient: UUID) -> QuerySet[Patient]:
        return Patient.objects.filter(id=patient).none()

    with cast.as_(cast.maya_user):
        assert nothing(patient=cast.liz.id) == []
