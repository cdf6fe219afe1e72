"""What lets a clinic's pages be put on the home screen, and say something useful without a network.

Nothing of a person is ever kept by the worker: what it holds is the clinic's page for being offline, which it fetches
without cookies, and the style, fonts and mark that this page needs.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

KEPT = (
    "ui/webside.css",
    "ui/favicon.svg",
    "ui/fonts/atkinson-hyperlegible-latin-400-normal.woff2",
    "ui/fonts/atkinson-hyperlegible-latin-700-normal.woff2",
)
PAPER, PRIMARY = "#FAF8F4", "#0B6A6A"


@require_safe
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest, slug: str) -> HttpResponse:
    """Describe the clinic's pages as an app (W3C Web Application Manifest)."""
    tenant = request.tenant  # type: ignore[attr-defined]
    icons: list[dict[str, Any]] = [
        {
            "src": static(f"ui/icons/app-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any maskable",
        }
        for size in (192, 512)
    ]
    answer = JsonResponse(
        {
            "id": reverse("portal:clinic", args=[slug]),
            "name": tenant.name,
            "short_name": tenant.name.split()[0],
            "lang": get_language(),
            "start_url": reverse("portal:home", args=[slug]),
            "scope": "/",
            "display": "standalone",
            "background_color": PAPER,
            "theme_color": PRIMARY,
            "icons": icons,
        }
    )
    answer["Content-Type"] = "application/manifest+json"
    return answer


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """Give the service worker, with the addresses of what it keeps; other contents make it another worker."""
    kept = [static(path) for path in KEPT]
    version = hashlib.sha256("".join(kept).encode()).hexdigest()[:12]
    context = {"kept": kept, "version": version, "icon": static("ui/icons/app-192.png"), "words": _words()}
    return render(request, "ui/sw.js", context, content_type="text/javascript")


def _words() -> list[dict[str, str]]:
    """Return what the worker says of a push that it can't read, in each language: one worker serves everybody."""
    found = []
    for language, __ in settings.LANGUAGES:
        with override(language):
            words = {"title": _("Your clinic"), "body": _("There is news. Open the page to see it.")}
        found.append({"language": language, **words})
    return found


@require_safe
def offline(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what to do without a network. The same for everybody: the worker keeps it."""
    return render(request, "ui/offline.html")
