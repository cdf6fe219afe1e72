"""Places that help with visits: the front desk and administrators add, change, close and open them again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from webside.audit.services import refuse
from webside.ui.kept import Kept, ask_again, forget, kept_for
from webside.ui.undo import undo
from webside.visits import policies, selectors, services
from webside.visits.forms import SiteForm

FIELDS = ("name", "kind", "address_line", "city", "state", "postal_code", "phone", "kit")


def _guard(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_keep_sites(actor):
        refuse("visits.site.refuse", actor=actor)
    return actor


def _site(request: HttpRequest, site_id: UUID) -> Any:
    actor = _guard(request)
    found = selectors.site(actor, site_id)
    if found is None:
        refuse("visits.site.refuse", actor=actor, target_type="Site", target_id=site_id)
    return found


@require_safe
def listed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the places that help with visits, and those that help no more."""
    found = list(selectors.sites(_guard(request)))
    shown = {
        "rows": [_row(site) for site in found if site.closed_at is None],
        "closed": [_row(site) for site in found if site.closed_at is not None],
    }
    return render(request, "visits/site_list.html", shown)


def _row(site: Any) -> dict[str, Any]:
    return {"site": site, "kind": selectors.kind_name(site.kind), "kit": selectors.kit_names(site.kit)}


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a place."""
    actor = _guard(request)
    if request.method == "POST":
        form = SiteForm(request.POST)
        if not form.is_valid():
            return ask_again(request, Kept.of(form))
        try:
            site = services.add_site(actor=actor, **form.facts())
        except (services.KnownSite, services.TooManySites) as error:
            return ask_again(request, Kept.of(form, trouble=_why(error)))
        return _done(request, slug, _("%(name)s is added. Patients can choose it when they check in.") % _named(site))
    return _show(request, {})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, slug: str, site_id: UUID) -> HttpResponse:
    """Change what is known of a place; what was said at check-ins stays."""
    site = _site(request, site_id)
    if request.method == "POST":
        form = SiteForm(request.POST)
        if not form.is_valid():
            return ask_again(request, Kept.of(form))
        try:
            services.change_site(actor=request.actor, site=site, **form.facts())  # type: ignore[attr-defined]
        except services.KnownSite as error:
            return ask_again(request, Kept.of(form, trouble=_why(error)))
        return _done(request, slug, _("%(name)s is changed. It holds for check-ins from now on.") % _named(site))
    return _show(request, {name: getattr(site, name) for name in FIELDS}, site)


def _show(request: HttpRequest, initial: dict[str, Any], site: Any = None) -> HttpResponse:
    kept = kept_for(request)
    form = SiteForm(kept.data if kept else None, initial=initial)
    if kept and kept.trouble:
        form.add_error(None, kept.trouble)
    return render(request, "visits/site_change.html", {"form": form, "site": site})


def _named(site: Any) -> dict[str, str]:
    return {"name": site.name}


def _why(error: Exception) -> str:
    if isinstance(error, services.TooManySites):
        return _("There are %(most)s places already. Close one first.") % {"most": error.most}
    return _("A place of this name in this town is on your list already.")


def _done(request: HttpRequest, slug: str, text: str, **more: Any) -> HttpResponse:
    forget(request)
    messages.success(request, text, **more)
    return redirect("visits:site-list", slug=slug)


@require_POST
def close(request: HttpRequest, slug: str, site_id: UUID) -> HttpResponse:
    """Let a place help no more; nobody can choose it."""
    site = services.close_site(actor=request.actor, site=_site(request, site_id))  # type: ignore[attr-defined]
    back = undo(reverse("visits:site-reopen", args=[slug, site.id]))
    return _done(request, slug, _("%(name)s is closed. Nobody can choose it now.") % _named(site), extra_tags=back)


@require_POST
def reopen(request: HttpRequest, slug: str, site_id: UUID) -> HttpResponse:
    """Let a place help again."""
    site = _site(request, site_id)
    try:
        services.reopen_site(actor=request.actor, site=site)  # type: ignore[attr-defined]
    except (services.KnownSite, services.TooManySites) as error:
        messages.error(request, _why(error))
        return redirect("visits:site-list", slug=slug)
    return _done(request, slug, _("%(name)s is open again.") % _named(site))
