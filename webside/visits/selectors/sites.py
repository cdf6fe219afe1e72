"""Places that help with visits: which there are, and what they are called."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from webside.core.actor import Actor
from webside.core.rows import prepared
from webside.visits import policies
from webside.visits.codes import Kit, PresenterRole, SiteKind
from webside.visits.models import Site

KIND_NAMES: dict[SiteKind, Promise] = {
    SiteKind.CLINIC: gettext_lazy("clinic or doctor’s office"),
    SiteKind.HEALTH_CENTER: gettext_lazy("rural or community health center"),
    SiteKind.HOSPITAL: gettext_lazy("hospital"),
    SiteKind.MENTAL_HEALTH: gettext_lazy("community mental health center"),
    SiteKind.NURSING_HOME: gettext_lazy("nursing home"),
    SiteKind.SCHOOL: gettext_lazy("school"),
    SiteKind.OTHER: gettext_lazy("another place"),
}
KIT_NAMES: dict[Kit, Promise] = {
    Kit.EXAM_CAMERA: gettext_lazy("camera to show skin or a wound"),
    Kit.STETHOSCOPE: gettext_lazy("digital stethoscope"),
    Kit.OTOSCOPE: gettext_lazy("camera for the ear (otoscope)"),
    Kit.DERMATOSCOPE: gettext_lazy("magnifier for skin (dermatoscope)"),
    Kit.BLOOD_PRESSURE: gettext_lazy("blood pressure cuff"),
    Kit.OXIMETER: gettext_lazy("finger clip for oxygen (pulse oximeter)"),
    Kit.THERMOMETER: gettext_lazy("thermometer"),
    Kit.GLUCOSE: gettext_lazy("blood sugar meter"),
    Kit.SCALE: gettext_lazy("scale"),
    Kit.ECG: gettext_lazy("ECG"),
    Kit.SPIROMETER: gettext_lazy("breath meter (spirometer)"),
}
PRESENTER_NAMES: dict[PresenterRole, Promise] = {
    PresenterRole.NURSE: gettext_lazy("nurse"),
    PresenterRole.ASSISTANT: gettext_lazy("medical assistant"),
    PresenterRole.AIDE: gettext_lazy("aide or carer"),
    PresenterRole.TEACHER: gettext_lazy("teacher or school staff"),
    PresenterRole.OTHER: gettext_lazy("somebody else who works there"),
}
ADDRESS = ("address_line", "city", "state", "postal_code")


def sites(actor: Actor) -> QuerySet[Site]:
    """Return all places of the clinic that the actor may keep, those that help no more last, by name."""
    found = Site.objects.order_by(F("closed_at").asc(nulls_first=True), "name", "city", "id")
    return found if policies.can_keep_sites(actor) else found.none()


def site(actor: Actor, site_id: UUID) -> Site | None:
    """Return one place that the actor may keep, or nothing."""
    return sites(actor).filter(id=site_id).first()


def open_sites() -> list[Site]:
    """Return the places that help with visits now, by name: whoever checks in may choose one."""
    return _open_sites()


@prepared
def _open_sites() -> QuerySet[Site]:
    return Site.objects.filter(closed_at=None).order_by("name", "city", "id")


def open_site(site_id: UUID | None) -> Site | None:
    """Return a place that helps with visits now, or nothing."""
    return Site.objects.filter(id=site_id, closed_at=None).first() if site_id else None


def address_of(site: Site) -> dict[str, str]:
    """Return the address of a place, in the fields of a safe start."""
    return {name: getattr(site, name) for name in ADDRESS}


def said_of(site: Site | None) -> dict[str, Any]:
    """Return what a safe start keeps of a place, so that it says later what was true on its day; anywhere else nothing."""
    if site is None:
        return {
            "site_id": None,
            "site_name": "",
            "site_kind": "",
            "site_phone": "",
            "site_kit": [],
            "presenter_role": "",
        }
    return address_of(site) | {
        "site_id": site.id, "site_name": site.name, "site_kind": site.kind, "site_phone": site.phone,
        "site_kit": site.kit,
    }  # fmt: skip


def kind_name(kind: str) -> str:
    """Return what kind of place that is, in words; nothing for a word that is no kind."""
    return str(KIND_NAMES[SiteKind(kind)]) if kind in set(SiteKind) else ""


def kit_names(kit: list[str]) -> list[str]:
    """Return what stands ready, in words, in the order of our list."""
    return [str(name) for code, name in KIT_NAMES.items() if code in kit]


def presenter_name(role: str) -> str:
    """Return what somebody is who sits beside a patient, in words; nothing where that was not said."""
    return str(PRESENTER_NAMES[PresenterRole(role)]) if role in set(PresenterRole) else ""
