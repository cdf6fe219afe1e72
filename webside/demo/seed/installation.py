"""The accounts, the two clinics, and who belongs to which."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password

from webside.accounts.models import Membership, User
from webside.core import frames
from webside.core.models import Tenant
from webside.demo.people import EVERYBODY, PASSWORD
from webside.demo.seed.clinic import Demo
from webside.demo.seed.larkspur import make_larkspur
from webside.demo.seed.northgate import make_northgate


def seed() -> list[str]:
    """Make or refresh the demo; return what was done, in words. Run it as often as you like."""
    users = _users()
    larkspur = _tenant(
        "larkspur", name="Larkspur Clinic", strapline="Online care", phone="(845) 555-0110",
        opening_hours="Monday to Friday, 8 am to 6 pm", timezone="America/New_York",
    )  # fmt: skip
    northgate = _tenant(
        "northgate", name="Northgate Health", phone="(212) 555-0190", timezone="America/New_York",
        opening_hours="Monday to Friday, 9 am to 5 pm",
    )  # fmt: skip
    for somebody in EVERYBODY:
        tenant = {"larkspur": larkspur, "northgate": northgate}[somebody.tenant]
        Membership.objects.get_or_create(
            user=users[somebody.key], tenant=tenant, defaults={"roles": [somebody.role.value]}
        )
    said = []
    for tenant, make in ((larkspur, make_larkspur), (northgate, make_northgate)):
        demo = Demo(tenant, users)
        with frames.begin(tenant_id=tenant.id, actor=demo.machine):
            said += make(demo)
    return said


def _tenant(slug: str, **details: Any) -> Tenant:
    tenant, _ = Tenant.objects.update_or_create(slug=slug, defaults=details)
    return tenant


def _users() -> dict[str, User]:
    """Return the account of everybody, made where there is none."""
    known = {user.email: user for user in User.objects.filter(email__in=[each.email for each in EVERYBODY])}
    missing = [each for each in EVERYBODY if each.email not in known]
    # One password, so one hash: hashing is slow on purpose, and nine times that is felt at each first start.
    password = make_password(PASSWORD) if missing else ""
    for each in missing:
        known[each.email] = User.objects.create(email=each.email, name=each.name, password=password)
    return {each.key: known[each.email] for each in EVERYBODY}
