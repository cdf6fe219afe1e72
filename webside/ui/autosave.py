"""The server's half of ``static/ui/autosave.js``: forms that keep what is typed as it is typed.

Every change posts the whole form and ``version`` (X-Autosave: 1, Accept: application/json). The server answers::

    200 {"version": 19, "saved_at": "2026-11-23T20:43:07Z"}                    after its commit
    409 {"version": 21, "by": "Dr Ortiz", "saved_at": "…", "fields": {"plan": "their text"}}
    422 {"errors": {"plan": ["…"]}}

"Saved 3:43:07 pm" appears only for a 200 with both fields, and only while nothing newer was typed.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

VERSION = "version"
"""The field that says what its writer has seen. Every autosaved form sends it."""


def is_autosave(request: HttpRequest) -> bool:
    """Whether the script sent this, not the person's button: it wants JSON."""
    return request.headers.get("X-Autosave") == "1"


def incomplete(request: HttpRequest) -> HttpResponse | None:
    """Return the refusal (400) of a body that came without its version; nothing for a whole one.

    A request that broke off on its way has fields missing; taken as it is, it would look like a form
    that somebody has emptied. The script tries again, and the text stays on the page.
    """
    if request.POST.get(VERSION):
        return None
    said = _("This did not arrive whole, so nothing was changed. What you typed is still on your page: send it again.")
    if is_autosave(request):
        return JsonResponse({"error": "incomplete", "message": said}, status=400)
    return HttpResponse(said, status=400, content_type="text/plain; charset=utf-8")
