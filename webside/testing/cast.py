"""The cast of the tests: the same people everywhere, with their relations.

``cast`` is a clinic, Larkspur in New York, and Northgate, another tenant, where Mallory works: a
real clinician who must see nothing of Larkspur.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

from webside.accounts.models import Membership, User
from webside.catalog.models import HealthcareService, ServicePractitioner
from webside.compliance.models import ConsentText, Credentialing, Licence, digest_of
from webside.core import clock, frames
from webside.core.actor import Actor, ActorKind, OnBehalf, Role, system
from webside.core.models import Tenant
from webside.people.codes import OFFERED, Basis, Relation, Scope
from webside.people.models import Delegation, Patient, Practitioner
from webside.people.selectors import behalf_of
from webside.scheduling.models import Availability

PASSWORD = "a-long-enough-passphrase"  # nosec B105 - the cast of the tests


@dataclass(slots=True)
class Cast:
    """Everybody, and what they hold. Users by role; ``actor_of`` makes the actor of a user."""

    larkspur: Tenant
    northgate: Tenant
    # Liz has type 2 diabetes; she lives in Kingston, New York. She has an account and a chart.
    liz: Patient
    liz_user: User
    # Her daughter, no patient here: she books for Liz, is in her visits and reads what came of them.
    ana_user: User
    ana_for_liz: Delegation
    # Her physician, licensed in New York and New Jersey.
    maya: Practitioner
    maya_user: User
    # A physician of the same clinic, licensed in Oregon and Washington only.
    daniel: Practitioner
    daniel_user: User
    # A wellness coach: telehealth, no licence, no diagnosis, no claim.
    priya: Practitioner
    priya_user: User
    # The front desk, the biller, the compliance officer, the administrator.
    grace_user: User
    marcus_user: User
    ingrid_user: User
    admin_user: User
    # A physician of the other tenant, and a patient of hers.
    mallory: Practitioner
    mallory_user: User
    oscar: Patient
    video_visit: HealthcareService
    coaching: HealthcareService
    safe_at_home: HealthcareService

    def actor_of(self, user: User, tenant: Tenant | None = None) -> Actor:
        """Return the actor that a user is in a tenant (their own by default)."""
        membership = Membership.objects.filter(user=user, **({"tenant": tenant} if tenant else {})).first()
        tenant_id = tenant.id if tenant else (membership.tenant_id if membership else self.larkspur.id)
        return Actor(
            kind=ActorKind.PERSON,
            label=str(user),
            tenant_id=tenant_id,
            user_id=user.id,
            roles=frozenset(Role(role) for role in membership.roles) if membership else frozenset(),
        )

    @contextmanager
    def as_(self, user: User, tenant: Tenant | None = None) -> Iterator[Actor]:
        """Open a frame as a user; give the actor."""
        actor = self.actor_of(user, tenant)
        with frames.begin(tenant_id=actor.tenant_id, actor=actor):
            yield actor


def sign_in(client: Any, user: User) -> Any:
    """Sign a Django test client in as somebody, with a second factor, long ago, and return it."""
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}, {"method": "mfa", "at": 0}]
    session.save()
    return client


def _user(email: str, name: str, tenant: Tenant, *roles: Role) -> User:
    user = User.objects.create(email=email, name=name, password="!")  # nosec B106 - no password fits it
    Membership.objects.create(user=user, tenant=tenant, roles=list(roles))
    return user


def _physician(user: User, given: str, family: str, states: dict[str, date], **extra: Any) -> Practitioner:
    practitioner = Practitioner.objects.create(
        user=user, given=given, family=family, prefix="Dr.", qualification="MD", profession="physician", **extra
    )
    Licence.objects.bulk_create(
        Licence(
            tenant_id=practitioner.tenant_id,
            practitioner=practitioner,
            state=state,
            number=f"{state}-{family[:3].upper()}-1",
            period_start=date(2024, 1, 1),
            period_end=until,
            verified_at=clock.now(),
            verified_with="state board",
        )
        for state, until in states.items()
    )
    Credentialing.objects.create(
        practitioner=practitioner,
        credentialed_until=clock.now().date() + timedelta(days=400),
        excluded=False,
        exclusion_checked_at=clock.now(),
    )
    return practitioner


def delegation(patient: Patient, user: User, *scopes: Scope, **more: Any) -> Delegation:
    """Let somebody act for a patient, by her own word, for ``scopes`` (all that there is to give), since yesterday."""
    now = clock.now()
    given: dict[str, Any] = {
        "relation": Relation.DAUGHTER, "basis": Basis.GRANTED, "given_by": patient.full_name,
        "created_at": now - timedelta(days=2),
        "starts_at": now - timedelta(days=1), "accepted_at": now - timedelta(days=1), "invited_until": now,
        "expires_at": now + timedelta(days=180),
    }  # fmt: skip
    return Delegation.objects.create(
        patient=patient, user=user, name=user.name, email=user.email, scopes=list(scopes or OFFERED), **given | more
    )


def acting(actor: Actor, grant: Delegation) -> Actor:
    """Return the actor as who acts by a grant, as a request would have her: with nothing where it doesn't stand."""
    behalf = behalf_of(actor, grant.id)
    if behalf is None:
        over = OnBehalf(grant_id=grant.id, patient_id=grant.patient_id, stands=False)
        return replace(actor, roles=frozenset(), on_behalf=over)
    return replace(actor, roles=frozenset({Role.PATIENT}), on_behalf=behalf)


def _open_hours(timezones: dict[Practitioner, str]) -> None:
    """Let them be there from 8 to 18 each day; in one statement, since most tests begin with it."""
    Availability.objects.bulk_create(
        Availability(
            tenant_id=practitioner.tenant_id, practitioner=practitioner, weekday=weekday, starts_at=time(8),
            ends_at=time(18), timezone=timezone,
        )
        for practitioner, timezone in timezones.items()
        for weekday in range(7)
    )  # fmt: skip


def _larkspur(tenant: Tenant) -> dict[str, Any]:
    later = clock.now().date() + timedelta(days=500)
    people: dict[str, Any] = {}
    people["liz_user"] = _user("liz@example.test", "Liz Moreno", tenant, Role.PATIENT)
    people["liz"] = Patient.objects.create(
        user=people["liz_user"], record_number="LC-20418", given="Liz", family="Moreno", birth_date=date(1969, 4, 18),
        gender="female", pronouns="she/her", email="liz@example.test", phone="845-555-0142",
        address_line="41 Wall Street, Apt 2", city="Kingston", state="NY", postal_code="12401",
        timezone="America/New_York",
    )  # fmt: skip
    people["ana_user"] = _user("ana@example.test", "Ana Moreno", tenant, Role.DELEGATE)
    people["ana_for_liz"] = delegation(people["liz"], people["ana_user"])
    people["maya_user"] = _user("maya@example.test", "Dr. Maya Chen", tenant, Role.CLINICIAN)
    people["maya"] = _physician(
        people["maya_user"], "Maya", "Chen", {"NY": later, "NJ": later}, home_state="NY", specialty="Family medicine"
    )
    people["daniel_user"] = _user("daniel@example.test", "Dr. Daniel Whitfield", tenant, Role.CLINICIAN)
    people["daniel"] = _physician(
        people["daniel_user"], "Daniel", "Whitfield", {"OR": later, "WA": later}, home_state="OR",
        specialty="Family medicine",
    )  # fmt: skip
    people["priya_user"] = _user("priya@example.test", "Priya Nair", tenant, Role.COACH)
    people["priya"] = Practitioner.objects.create(
        user=people["priya_user"], given="Priya", family="Nair", profession="coach", specialty="Wellness coaching"
    )
    Credentialing.objects.create(practitioner=people["priya"], excluded=False, exclusion_checked_at=clock.now())
    zones = {"maya": "America/New_York", "daniel": "America/Los_Angeles", "priya": "America/New_York"}
    _open_hours({people[name]: zone for name, zone in zones.items()})
    people["grace_user"] = _user("grace@example.test", "Grace Lin", tenant, Role.COORDINATOR)
    people["marcus_user"] = _user("marcus@example.test", "Marcus Hale", tenant, Role.BILLER)
    people["ingrid_user"] = _user("ingrid@example.test", "Ingrid Vass", tenant, Role.COMPLIANCE)
    people["admin_user"] = _user("admin@example.test", "Sol Adeyemi", tenant, Role.ADMINISTRATOR)
    people["video_visit"] = HealthcareService.objects.create(
        name="Same-day video visit", kind="telemedicine", modality="video", summary="Fever, cough, infection, refills",
        duration_minutes=20, price_cents=7500, price_note="Co-pay or $75", professions=["physician"],
        billing_service="visit", documentation=["subjective", "assessment", "plan"], position=1,
    )  # fmt: skip
    people["coaching"] = HealthcareService.objects.create(
        name="Wellness coaching", kind="telehealth", modality="video", summary="Sleep, movement, stress, weight",
        duration_minutes=30, price_cents=4000, price_note="$40 for 30 minutes", professions=["coach"],
        documentation=["subjective", "plan"], position=2,
    )  # fmt: skip
    people["safe_at_home"] = HealthcareService.objects.create(
        name="Safe at home", kind="telecare", modality="monitoring", summary="Button, fall sensor, answered in seconds",
        duration_minutes=30, price_cents=3200, price_note="$32 a month", professions=[], position=3,
    )  # fmt: skip
    ServicePractitioner.objects.bulk_create(
        ServicePractitioner(tenant_id=tenant.id, service=people[service], practitioner=people[practitioner])
        for service, practitioner in (("video_visit", "maya"), ("video_visit", "daniel"), ("coaching", "priya"))
    )
    publish_words(*CONSENT_TITLES)
    return people


CONSENT_TITLES = {"telehealth": "Care by video", "telecare": "Safety at home", "visit": "This visit"}
CONSENT_BODY = "We talk by video. You can stop at any time. It doesn’t change the care you get from us."


def publish_words(*scopes: str) -> None:
    """Publish what people agree to, in English."""
    ConsentText.objects.bulk_create(
        ConsentText(
            tenant_id=frames.current_tenant_id(), scope=scope, version="2026-10-01", language="en",
            title=CONSENT_TITLES[scope], body=CONSENT_BODY, effective_from=date(2026, 10, 1),
        )
        for scope in scopes
    )  # fmt: skip


def agreed(*scopes: str) -> str:
    """Return what a page sends when the box below these words is ticked."""
    return " ".join(digest_of(CONSENT_TITLES[scope], CONSENT_BODY) for scope in scopes)


def make_cast() -> Cast:
    """Make both tenants and everybody in them, in the current transaction."""
    larkspur = Tenant.objects.create(
        slug="larkspur", name="Larkspur Clinic", strapline="Online care", phone="(845) 555-0110",
        opening_hours="Monday to Friday, 8 am to 6 pm",
    )  # fmt: skip
    northgate = Tenant.objects.create(slug="northgate", name="Northgate Health")
    with frames.begin(tenant_id=larkspur.id, actor=system("tests", larkspur.id)):
        people = _larkspur(larkspur)
    with frames.begin(tenant_id=northgate.id, actor=system("tests", northgate.id)):
        mallory_user = _user("mallory@example.test", "Dr. Mallory Reed", northgate, Role.CLINICIAN)
        later = clock.now().date() + timedelta(days=500)
        mallory = _physician(mallory_user, "Mallory", "Reed", {"NY": later}, home_state="NY")
        oscar = Patient.objects.create(
            record_number="NG-1", given="Oscar", family="Ortiz", birth_date=date(1980, 1, 2), state="NY"
        )
    return Cast(
        larkspur=larkspur, northgate=northgate, mallory=mallory, mallory_user=mallory_user, oscar=oscar, **people
    )
