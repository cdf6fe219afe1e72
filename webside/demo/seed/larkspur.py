"""Larkspur Clinic: its services, and the order in which it is made."""

from __future__ import annotations

from dataclasses import asdict
from datetime import time

from webside.catalog import services as catalog
from webside.catalog.models import HealthcareService
from webside.demo.people import IN_SPANISH, PATIENTS, PLACES, SERVICES, WAITING_WORDS
from webside.demo.seed.clinic import Demo, add_consent_texts
from webside.demo.seed.last_weeks import live_last_weeks
from webside.demo.seed.patients import add_patient, fill_lists, give_consents, let_ana_help
from webside.demo.seed.plans import agree_with_liz
from webside.demo.seed.staff import add_staff, renew_licences
from webside.demo.seed.today import book_today
from webside.people.models import Practitioner
from webside.scheduling import services as scheduling
from webside.scheduling.rules import WeeklyHours
from webside.visits import selectors as visits_selectors
from webside.visits import services as visits
from webside.visits.selectors import Words

DAY_AND_NIGHT = [WeeklyHours(weekday, time(0), time(0), "America/New_York") for weekday in range(7)]
"""When people may wait in line: always, so that the demo lives at any hour of any day."""


def make_larkspur(demo: Demo) -> list[str]:
    """Make Larkspur Clinic, or refresh it; return what was done, in words."""
    fresh = not Practitioner.objects.exists()
    add_consent_texts()
    add_staff(demo)
    _services(demo)
    _places(demo)
    for facts in PATIENTS:
        add_patient(demo, facts)
    if fresh:
        give_consents(demo)
        let_ana_help(demo)
        live_last_weeks(demo)
        fill_lists(demo)
        agree_with_liz(demo)
        _say_to_who_waits(demo)
    renew_licences(demo)
    return ["Larkspur Clinic is set up" if fresh else "Larkspur Clinic is there already", *book_today(demo)]


def _say_to_who_waits(demo: Demo) -> None:
    """Let the administrator write what people read while they wait."""
    for name, said in WAITING_WORDS.items():
        words = {language: Words(language, ready, text) for language, (ready, text) in said.items()}
        visits.set_waiting_words(actor=demo.actor("sol"), service=demo.services[name], said=words)


def _places(demo: Demo) -> None:
    known = {site.name for site in visits_selectors.sites(demo.machine)}
    for each in PLACES:
        if each.name not in known:
            visits.add_site(actor=demo.machine, **asdict(each))


def _services(demo: Demo) -> None:
    for position, each in enumerate(SERVICES, start=1):
        service = HealthcareService.objects.filter(name=each.name).first()
        if service is None:
            service = catalog.add_service(
                actor=demo.machine, name=each.name, kind=each.kind, modality=each.modality, summary=each.summary,
                description=each.description, professions=list(each.professions), duration_minutes=each.minutes,
                price_cents=each.cents, price_note=each.price, billing_service=each.billing,
                needs=each.needs.split(), documentation=list(each.documentation), position=position,
                on_demand=each.on_demand, translations={"es": IN_SPANISH[each.name]},
            )  # fmt: skip
            for key in each.by:
                catalog.assign_practitioner(actor=demo.machine, service=service, practitioner=demo.practitioners[key])
            if each.on_demand:
                scheduling.set_queue_hours(actor=demo.machine, service=service, hours=DAY_AND_NIGHT)
        demo.services[each.name] = service
