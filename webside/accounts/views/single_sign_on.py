"""Signing in by a clinic's own service, and the administrator's pages about such services."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import requests
from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webside.accounts import saml, selectors, services, single_sign_on
from webside.accounts.adapters import SocialAdapter
from webside.accounts.codes import Protocol
from webside.accounts.forms import IdentityProviderForm, SamlProviderForm, WorkAddressForm
from webside.accounts.views._guard import administrator, not_here
from webside.core.actor import Actor


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a work address, and lead to the service that speaks for it."""
    form = WorkAddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        provider = selectors.provider_for_address(form.cleaned_data["email"])
        if provider is not None:
            return redirect("accounts:sso-provider", provider_id=provider.id)
        form.add_error(
            "email", _("No clinic here signs this address in by a service of its own. Sign in with your password.")
        )
    return render(request, "accounts/sso.html", {"form": form}, status=422 if form.errors else 200)


def _provider_or_404(provider_id: UUID, *, speaks_saml: bool = False) -> Any:
    provider = selectors.identity_provider(provider_id)
    if provider is None or (speaks_saml and not provider.is_saml):
        raise Http404
    return provider


@never_cache
@require_GET
def service(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    """Say where somebody is led to sign in. An address to keep: a clinic can put it on its own pages."""
    return render(request, "accounts/sso_provider.html", {"provider": _provider_or_404(provider_id)})


@never_cache
@require_GET
def begin(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    """Lead to the service. It is a link and no form: browsers stop a form that ends on another site."""
    provider = _provider_or_404(provider_id)
    wanted = request.GET.get("next", "")
    following = wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else reverse("portal:start")
    if provider.is_saml:
        if request.build_absolute_uri("/") != f"{settings.PUBLIC_URL}/":
            # The service knows one address of ours, and a browser's session belongs to one host.
            return redirect(f"{settings.PUBLIC_URL}{request.get_full_path()}")
        return redirect(single_sign_on.ask(provider, request.session, following))
    try:
        answer = (
            get_adapter().get_provider(request, str(provider.id)).redirect(request, process="login", next_url=following)
        )
    except (requests.RequestException, KeyError, ValueError):
        return render(request, "accounts/sso_refused.html", {"why": "failed", "provider": provider}, status=502)
    return answer  # type: ignore[no-any-return]


@never_cache
@require_GET
def finish(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    """Sign in whom the service has named to this browser's question (SAML 2.0); the lean lane leads here."""
    provider = _provider_or_404(provider_id, speaks_saml=True)
    try:
        answer_id = UUID(request.GET.get("answer", ""))
    except ValueError:
        return render(request, "accounts/sso_refused.html", {"why": "failed", "provider": provider}, status=502)
    fetched = single_sign_on.fetch_answer(provider, request.session, answer_id)
    if fetched is None:
        return SocialAdapter.refused(request, "failed", provider)
    return SocialAdapter.complete(request, provider, *fetched)


@never_cache
@require_GET
def metadata(request: HttpRequest, provider_id: UUID) -> HttpResponse:
    """Say to a service what this installation is to it (SAML 2.0 metadata). Anybody may know it."""
    provider = _provider_or_404(provider_id, speaks_saml=True)
    return HttpResponse(saml.describe(provider), content_type="application/samlmetadata+xml")


# ------------------------------------------------------------------------------------------------ administration


def _own(actor: Actor, provider_id: UUID) -> Any:
    provider = selectors.identity_providers(actor).filter(id=provider_id).first()
    if provider is None:
        not_here(actor, "IdentityProvider", provider_id)
    return provider


@require_GET
def providers(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the services that sign this clinic's staff in."""
    actor = administrator(request)
    found = list(selectors.identity_providers(actor))
    return render(request, "accounts/sso_list.html", {"providers": found, "switched_off": not settings.ENV.saml})


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a service sign staff in."""
    actor = administrator(request)
    form = IdentityProviderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = _try(form, lambda given: services.add_identity_provider(actor=actor, **given))
        if made is not None:
            messages.success(request, _("Your colleagues can sign in by %(name)s now.") % {"name": made.name})
            return redirect("accounts:sso-detail", slug=slug, provider_id=made.id)
    return render(request, "accounts/sso_edit.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def add_saml(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a service that speaks SAML 2.0 sign staff in."""
    actor = administrator(request)
    form = SamlProviderForm(request.POST or None)
    if request.method == "POST" and not settings.ENV.saml:
        form.add_error(None, _("This installation doesn’t speak SAML yet. Ask whoever runs it to switch it on."))
    elif request.method == "POST" and form.is_valid():
        made = _try(form, lambda given: services.add_identity_provider(actor=actor, protocol=Protocol.SAML, **given))
        if made is not None:
            messages.success(
                request, _("Tell the service now what stands here. Then your colleagues can sign in by it.")
            )
            return redirect("accounts:sso-detail", slug=slug, provider_id=made.id)
    context = {"form": form, "speaks_saml": True, "switched_off": not settings.ENV.saml}
    return render(request, "accounts/sso_edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, slug: str, provider_id: UUID) -> HttpResponse:
    """Show what to enter at the service, and change what is known of it."""
    actor = administrator(request)
    provider = _own(actor, provider_id)
    known = {
        "name": provider.name, "issuer": provider.issuer, "client_id": provider.client_id,
        "sign_in_url": provider.sign_in_url, "certificates": provider.certificates,
        "domains": ", ".join(provider.domains), "asks_twice": provider.asks_twice,
    }  # fmt: skip
    form: IdentityProviderForm | SamlProviderForm
    if provider.is_saml:
        form = SamlProviderForm(request.POST or None, initial=known)
    else:
        form = IdentityProviderForm(request.POST or None, initial=known, known=True)
    if request.method == "POST" and provider.active and form.is_valid():
        changed = _try(form, lambda given: services.change_identity_provider(actor=actor, provider=provider, **given))
        if changed is not None:
            messages.success(request, _("Saved."))
            return redirect("accounts:sso-detail", slug=slug, provider_id=provider.id)
    context = {
        "form": form,
        "provider": provider,
        "not_led": [each for each in provider.domains if not selectors.speaks_for(provider.tenant, each)],
        "speaks_saml": provider.is_saml,
        "switched_off": provider.is_saml and not settings.ENV.saml,
        **_what_to_enter(request, provider),
        "entrance": request.build_absolute_uri(reverse("accounts:sso-provider", args=[provider.id])),
    }
    return render(request, "accounts/sso_edit.html", context, status=422 if form.errors else 200)


def _what_to_enter(request: HttpRequest, provider: Any) -> dict[str, Any]:
    """Return what the administrator enters at a service."""
    if not provider.is_saml:
        return {"callback": request.build_absolute_uri(reverse("openid_connect_callback", args=[provider.id]))}
    return {
        "metadata": saml.name_of_ours(provider.id),
        "answers_to": saml.answers_to(provider.id),
        "good_until": [each.not_valid_after_utc for each in saml.certificates_in(provider.certificates)],
    }


def _try(form: IdentityProviderForm | SamlProviderForm, save: Any) -> Any:
    """Save what was entered if the service answers at its address; say what is wrong otherwise.

    One that speaks SAML is never asked by this server: browsers carry what is said.
    """
    try:
        if isinstance(form, IdentityProviderForm):
            form.cleaned_data["secret_by"] = services.check_provider(form.cleaned_data["issuer"])
        provider = save(form.cleaned_data)
    except services.NoProvider as wrong:
        form.add_error("issuer", {
            "away": _("Nothing answers at this address. Is it right, and can this server reach it?"),
            "answer": _("What answers at this address is no OpenID Connect service."),
            "issuer": _("The service calls itself by another address. Copy the one that it names as its issuer."),
        }[wrong.why])  # fmt: skip
    except services.DomainTaken:
        form.add_error("domains", _("Another service signs in addresses that end so."))
    except services.AlreadyThere:
        form.add_error("issuer", _("Your clinic has this service already. Change it where it stands in the list."))
    else:
        return provider
    return None


@require_POST
def end(request: HttpRequest, slug: str, provider_id: UUID) -> HttpResponse:
    """Let a service sign nobody in any more."""
    actor = administrator(request)
    provider = _own(actor, provider_id)
    services.end_identity_provider(actor=actor, provider=provider)
    messages.success(request, _("%(name)s signs nobody in any more.") % {"name": provider.name})
    return redirect("accounts:sso-list", slug=slug)
