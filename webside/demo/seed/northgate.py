"""Northgate Health, the other clinic."""

from __future__ import annotations

from datetime import date, timedelta

from webside.catalog import services as catalog
from webside.compliance.models import Credentialing, Licence
from webside.core import clock
from webside.demo.seed.clinic import Demo, add_consent_texts
from webside.demo.seed.hours import keep_weekly_hours
from webside.people import services as people
from webside.people.models import Practitioner


def make_northgate(demo: Demo) -> list[str]:
    """Make Northgate Health, if it is not there; return what was done, in words."""
    if Practitioner.objects.exists():
        return ["Northgate Health is there already"]
    add_consent_texts()
    mallory = people.add_practitioner(
        actor=demo.machine, user_id=demo.users["mallory"].id, given="Mallory", family="Reed", profession="physician",
        prefix="Dr.", qualification="MD", specialty="Internist", home_state="NY", timezone="America/New_York",
        email=demo.users["mallory"].email, translations={"es": {"specialty": "Internista"}},
    )  # fmt: skip
    keep_weekly_hours(demo, "mallory", mallory)
    today = clock.now().date()
    Licence.objects.create(
        practitioner=mallory, state="NY", number="NY-40211", period_start=today - timedelta(days=500),
        period_end=today + timedelta(days=500), verified_at=clock.now(), verified_with="NY medical board",
    )  # fmt: skip
    Credentialing.objects.create(
        practitioner=mallory, credentialed_until=today + timedelta(days=500), excluded=False,
        exclusion_checked_at=clock.now(),
    )  # fmt: skip
    service = catalog.add_service(
        actor=demo.machine, name="Video visit", kind="telemedicine", modality="video", summary="Adults, all questions",
        professions=["physician"], duration_minutes=20, price_cents=8000, price_note="Co-pay or $80",
        needs=["primary_care", "urgent_care"], billing_service="visit", documentation=["subjective", "assessment", "plan"],
        translations={"es": {"name": "Videoconsulta", "summary": "Adultos, todas las preguntas",
                             "price_note": "Copago o $80"}},
    )  # fmt: skip
    catalog.assign_practitioner(actor=demo.machine, service=service, practitioner=mallory)
    people.register_patient(
        actor=demo.machine, given="Oscar", family="Ortiz", birth_date=date(1980, 1, 2), state="NY",
        email="oscar@ortiz.example", phone="212-555-0133", timezone="America/New_York", record_number="NG-10001",
        gender="male",
    )  # fmt: skip
    return ["Northgate Health is set up"]
