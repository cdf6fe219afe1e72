"""One entry and one port, two lanes behind it.

Pages go to Django's WSGI handler in threads: the same view costs a fifth of the CPU that Django's
ASGI handler takes. What they are sent is read in the event loop first, so that no thread waits for
a slow sender. Sockets, FHIR, ingest and ``decide`` go to a lean ASGI application with a connection
pool of its own, which reads no Django session (see ARCHITECTURE.md).
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

pages = get_wsgi_application()

from django.conf import settings  # noqa: E402 - settings are read only after the handler is made

from webside.core.bodies import WholeBodies  # noqa: E402
from webside.core.lean import LeanApplication  # noqa: E402

lean = LeanApplication()
_pages = WholeBodies(WSGIMiddleware(pages, workers=settings.ENV.web_threads))  # type: ignore[arg-type]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Hand a connection to its lane."""
    if scope["type"] == "lifespan" or lean.serves(scope):
        await lean(scope, receive, send)
    else:
        await _pages(scope, receive, send)


def warm() -> None:
    """Load what the first requests would load, all but connections: the web process is forked from what is loaded."""
    from pathlib import Path

    from django.template import engines
    from django.template.loader import get_template
    from django.urls import get_resolver, reverse

    get_resolver().url_patterns  # noqa: B018 - imports every view
    reverse("core:health-live")
    for folder in map(Path, engines["django"].template_dirs):
        if folder.is_relative_to(settings.BASE_DIR / "webside"):
            for path in folder.rglob("*.html"):
                get_template(str(path.relative_to(folder)))
