"""One's own e-mail address: one, which another replaces once it is confirmed."""

from __future__ import annotations

from typing import Any

from allauth.account.views import EmailView
from django.http import Http404, HttpRequest, HttpResponse


class OwnAddress(EmailView):  # type: ignore[misc]
    """allauth's page. An address is one's own once a message to it was answered, and never by choosing it.

    allauth lets somebody without a confirmed address make any her main one, by a form that its page doesn't show. Here the
    address says who is invited, who acts for whom, and whom a clinic's service signs in.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add, confirm or take back an address. Raises :class:`Http404` for choosing one."""
        if "action_primary" in request.POST:
            raise Http404
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer
