"""The clinic's services and next times in a frame on the clinic's own site, and where an administrator says on which."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from webside.audit.services import refuse
from webside.core import clock
from webside.core.actor import anonymous
from webside.portal import policies, selectors
from webside.portal.forms import SiteForm
from webside.scheduling import rules
from webside.scheduling import selectors as scheduling
from webside.scheduling import services as booking
from webside.scheduling.forms import slot_value
from webside.ui.undo import undo


@require_safe
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """Show services and next times to whoever looks at the clinic's own site; each leads to a page of ours in a new tab.

    It says the same to everybody, whoever is signed in here, takes no words, and sets no cookie: whoever frames it can lay
    anything over it (docs/adr/0016).
    """
    tenant = request.tenant  # type: ignore[attr-defined]
    origins = [site.origin for site in scheduling.booking_sites()]
    state = scheduling.state(request.GET.get("state", "").upper(), clock.now().date())
    found = selectors.times_for_site(anonymous(tenant.id), state.code if state else "")
    zone = state.zones[0] if state and len(state.zones) == 1 else tenant.timezone
    place = (
        {"state": state.code, "zone": zone} if state and zone in state.zones else {"state": state.code} if state else {}
    )
    answer = render(
        request,
        "portal/embed.html",
        {
            "kinds": [(kind, [_offer(slug, each, place) for each in offered]) for kind, offered in found],
            "state": state,
            "states": scheduling.states(clock.now().date()),
            "zone": zone,
            "now": clock.now(),
            "origins": " ".join(origins),
        },
    )
    if origins:
        answer.xframe_options_exempt = True  # type: ignore[attr-defined]
        answer._csp_replace = {"frame-ancestors": origins}  # type: ignore[attr-defined]
    return answer


def _offer(slug: str, offered: selectors.Timed, place: dict[str, str]) -> dict[str, Any]:
    """Return a service as the frame draws it, with where it and each of its times lead."""
    service = offered.service
    about = reverse("scheduling:service-detail", args=[slug, service.id])
    book = reverse("scheduling:appointment-book", args=[slug, service.id])
    known = "zone" in place
    return {
        "service": service,
        "price": offered.price,
        "url": f"{about}?{urlencode(place)}" if place else about,
        "times": [
            {
                "start": slot.start,
                "with": slot.practitioner.display_name if known else "",
                "url": f"{book}?{urlencode({**place, 'slot': slot_value(slot.start, slot.practitioner.id)})}"
                if known
                else f"{about}?{urlencode(place)}",
            }
            for slot in offered.times
        ],
    }


@require_safe
def script(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the script that makes a frame as tall as what is in it. It is the same for every clinic."""
    return render(request, "portal/embed_host.js", content_type="text/javascript; charset=utf-8")


@require_safe
def sites(request: HttpRequest, slug: str) -> HttpResponse:
    """Show which sites may show the times, and what to put into a page of theirs."""
    _guard(request, "scheduling.site.read")
    return _show(request, SiteForm(), 200)


def _guard(request: HttpRequest, action: str) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not policies.can_see_administration(actor):
        refuse(action, actor=actor)
    return actor


def _show(request: HttpRequest, form: SiteForm, status: int) -> HttpResponse:
    tenant = request.tenant  # type: ignore[attr-defined]
    here = settings.PUBLIC_URL
    return render(
        request,
        "portal/embed_sites.html",
        {
            "sites": list(scheduling.booking_sites()),
            "form": form,
            "embed_url": here + reverse("portal:embed", args=[tenant.slug]),
            "lines": _lines(tenant),
        },
        status=status,
    )


def _lines(tenant: Any) -> str:
    """Return what goes into a page of the clinic's site: the frame, the script that sizes it, and a plain link."""
    here = settings.PUBLIC_URL
    return format_html(
        '<iframe data-webside src="{}" title="{}" width="100%" height="700" loading="lazy" style="border: 0"></iframe>\n'
        '<script async src="{}"></script>\n<p><a href="{}">{}</a></p>',
        here + reverse("portal:embed", args=[tenant.slug]),
        title := _("Book a visit with %(clinic)s") % {"clinic": tenant.name},
        here + reverse("portal:embed-script", args=[tenant.slug]),
        here + reverse("portal:clinic", args=[tenant.slug]),
        title,
    )


@require_POST
def add_site(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a site show them. Also the way back after one was taken out."""
    actor = _guard(request, "scheduling.site.add")
    form = SiteForm({"address": request.POST.get("address") or request.GET.get("address", "")})
    if not form.is_valid():
        return _show(request, form, 422)
    try:
        site = booking.let_site_embed(actor=actor, address=form.cleaned_data["address"])
    except rules.NoOrigin:
        form.add_error("address", _("This is no address of a site. Write it like https://www.clinic.example."))
        return _show(request, form, 422)
    except booking.TooManySites:
        form.add_error("address", _("No more sites can be added. Take one out first."))
        return _show(request, form, 409)
    messages.success(request, _("%(site)s may show your times now.") % {"site": site.origin})
    return redirect("portal:embed-sites", slug=slug)


@require_POST
def remove_site(request: HttpRequest, slug: str, site_id: UUID) -> HttpResponse:
    """Let a site show them no more."""
    actor = _guard(request, "scheduling.site.remove")
    site = scheduling.booking_site(site_id)
    if site is None:
        refuse("scheduling.site.remove", actor=actor, target_type="BookingSite", target_id=site_id)
    booking.stop_site(actor=actor, site=site)
    back = f"{reverse('portal:embed-site-add', args=[slug])}?{urlencode({'address': site.origin})}"
    messages.success(request, _("%(site)s shows your times no more.") % {"site": site.origin}, extra_tags=undo(back))
    return redirect("portal:embed-sites", slug=slug)
