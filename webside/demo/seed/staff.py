"""Who works at Larkspur, with licences and credentials."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from webside.compliance import services as compliance
from webside.compliance.models import Credentialing, Licence
from webside.core import clock
from webside.demo.seed.clinic import Demo
from webside.demo.seed.hours import EXTRA_PEOPLE, keep_extra_time, keep_weekly_hours, plan_on_call
from webside.people import services as people
from webside.people.models import Practitioner

LICENCE_LEFT = timedelta(days=8)

STAFF: dict[str, dict[str, Any]] = {
    "maya": {
        "given": "Maya", "family": "Chen", "profession": "physician", "prefix": "Dr.", "qualification": "MD",
        "specialty": "Family doctor, diabetes", "home_state": "NY", "gender": "female", "languages": ["en", "zh"],
        "npi": "1730000017", "timezone": "America/New_York",
        "about": "Looks after people with diabetes, and their families.",
        "translations": {
            "es": {
                "specialty": "Médica de familia, diabetes",
                "about": "Atiende a personas con diabetes y a sus familias.",
            }
        },
    },
    "daniel": {
        "given": "Daniel", "family": "Whitfield", "profession": "physician", "prefix": "Dr.", "qualification": "MD",
        "specialty": "Family doctor, same-day care", "home_state": "OR", "gender": "male", "languages": ["en", "es"],
        "npi": "1730000025", "timezone": "America/Los_Angeles",
        "about": "Sees what came up today: fever, coughs, rashes.",
        "translations": {
            "es": {
                "specialty": "Médico de familia, consultas para hoy",
                "about": "Atiende lo que surge hoy: fiebre, tos, sarpullidos.",
            }
        },
    },
    "priya": {
        "given": "Priya", "family": "Nair", "profession": "coach", "specialty": "Wellness coach",
        "gender": "female", "languages": ["en", "hi"], "timezone": "America/New_York",
        "about": "Food, movement and sleep, in small steps.",
        "translations": {
            "es": {"specialty": "Coach de bienestar", "about": "Alimentación, movimiento y sueño, paso a paso."}
        },
    },
}  # fmt: skip
_LICENCES = {"maya": ("NY", "NJ"), "daniel": ("OR", "WA"), "priya": ()}


def add_staff(demo: Demo) -> None:
    """Add who treats and coaches, if they are not there, with their hours; let the doctors work extra, and be on call."""
    for key, details in STAFF.items():
        practitioner = Practitioner.objects.filter(user=demo.users[key]).first()
        if practitioner is None:
            practitioner = people.add_practitioner(
                actor=demo.machine, user_id=demo.users[key].id, email=demo.users[key].email, **details
            )
            _credentials(demo, practitioner, _LICENCES[key])
        keep_weekly_hours(demo, key, practitioner)
        demo.practitioners[key] = practitioner
    for key in EXTRA_PEOPLE:
        keep_extra_time(demo, demo.practitioners[key])
    plan_on_call(demo)


def _credentials(demo: Demo, practitioner: Practitioner, states: tuple[str, ...]) -> None:
    officer = demo.actor("ingrid")
    today = clock.now().date()
    compliance.set_credentialing(
        actor=officer, practitioner=practitioner, credentialed_until=today + timedelta(days=500), excluded=False
    )
    for number, state in enumerate(states):
        compliance.add_licence(
            actor=officer, practitioner=practitioner, state=state, licence_type="full",
            number=f"{state}-{31000 + demo.chance.randrange(9000)}", status="active",
            period_start=today - timedelta(days=700 + 90 * number), period_end=today + timedelta(days=610),
            verified_with=f"{state} medical board",
        )  # fmt: skip


def renew_licences(demo: Demo) -> None:
    """Let Dr. Chen's New Jersey licence end in eight days, whenever the demo is started."""
    officer, today = demo.actor("ingrid"), clock.now().date()
    ending = Licence.objects.get(practitioner=demo.practitioners["maya"], state="NJ")
    if ending.period_end != today + LICENCE_LEFT:
        compliance.change_licence(actor=officer, licence=ending, period_end=today + LICENCE_LEFT)
    for licence in Licence.objects.exclude(id=ending.id).filter(period_end__lt=today + timedelta(days=100)):
        compliance.change_licence(actor=officer, licence=licence, period_end=today + timedelta(days=610))
    for each in Credentialing.objects.filter(credentialed_until__lt=today + timedelta(days=60)):
        compliance.set_credentialing(
            actor=officer, practitioner=each.practitioner, credentialed_until=today + timedelta(days=500),
            excluded=False,
        )  # fmt: skip
