"""The demo's mailbox: what people would have found in theirs."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from webside.core.files import name_for
from webside.demo import mailbox
from webside.demo.guard import demo_only

SHOWN_AS_FILE = "application/octet-stream"


@require_GET
@demo_only
def mails(request: HttpRequest) -> HttpResponse:
    """List the messages, newest first."""
    return render(request, "demo/mail_list.html", {"mails": mailbox.mails()})


@require_GET
@demo_only
def mail(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    """Show one message."""
    found = mailbox.mail(mail_id)
    if found is None:
        raise Http404
    return render(request, "demo/mail_detail.html", {"mail": found})


@require_GET
@demo_only
def attachment(request: HttpRequest, mail_id: UUID, number: int) -> HttpResponse:
    """Hand over an attachment, always as a file."""
    found = mailbox.attachment(mail_id, number)
    if found is None:
        raise Http404
    name, content_type, content = found
    stem, dot, ending = name.rpartition(".")
    safe = name_for(stem or name, content_type) + (f".{ending}" if dot and ending.isalnum() else "")
    response = HttpResponse(content, content_type=content_type if content_type == "text/calendar" else SHOWN_AS_FILE)
    response["Content-Disposition"] = f'attachment; filename="{safe}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
