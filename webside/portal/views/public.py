"""Pages for anybody: the front page, where to go after signing in, a clinic's own page."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_safe

from webside.accounts import selectors as accounts
from webside.accounts.single_sign_on import tenant_of
from webside.core import clock
from webside.portal import registry, selectors
from webside.portal.forms import WishForm
from webside.scheduling.views.places import Place, place_of


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """Show the clinics of this installation; one mapped to this host is its own front page."""
    page = registry.front_page()
    if page is not None:
        return page(request)
    tenant = accounts.tenant_by_host(request.get_host().partition(":")[0])
    if tenant is not None:
        return redirect("portal:clinic", slug=tenant.slug)
    return render(
        request,
        "portal/front.html",
        {"tenants": selectors.tenants(), "sign_in_url": settings.LOGIN_URL},
    )


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Lead a signed-in person to where they belong; ask where they belong to several clinics."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.path, str(settings.LOGIN_URL))
    wanted = request.GET.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return redirect(wanted)
    memberships = list(accounts.memberships_of(request.user, tenant_of(request)))  # type: ignore[arg-type]
    if len(memberships) == 1:
        return redirect("portal:home", slug=memberships[0].tenant.slug)
    return render(request, "portal/start.html", {"memberships": memberships})


@require_safe
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who gives care here, as the visitor wishes: what for, in which language, who, and where she will be."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    if request.GET.get("state") == "":  # she doesn't know yet: what she said before is taken back
        request.session.pop("place", None)
        place = Place(None)
    else:
        place = place_of(request)
    state = place.state.code if place.state else ""
    choice = selectors.people_there(actor)
    known = WishForm(request.GET, choice=choice).known()
    found = selectors.people_that_fit(tenant, choice, wish := selectors.Wish(state=state, **known))
    return render(
        request,
        "portal/people.html",
        {
            "form": WishForm({**known, "state": state}, choice=choice),
            "people": [each for each in found if each.services],
            "elsewhere": [each for each in found if not each.services],
            "place": place,
            "zone": place.zone or tenant.timezone,
            "wished": wish != selectors.Wish(),
            "now": clock.now(),
        },
    )


@require_GET
def clinic(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a clinic offers, who works there and how a visit goes."""
    actor, tenant = request.actor, request.tenant  # type: ignore[attr-defined]
    return render(
        request,
        "portal/clinic.html",
        {
            "clinic": selectors.clinic(actor, tenant),
            "now": clock.now(),
            "sign_in_url": f"{settings.LOGIN_URL}?next={reverse('portal:home', args=[slug])}",
            "home_url": reverse("portal:home", args=[slug]) if actor.roles else "",
        },
    )
