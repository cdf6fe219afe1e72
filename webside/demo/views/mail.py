"""The demo's mailbox and telephone: what people would have found on theirs, and what they answer."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from webside.core.files import name_for
from webside.demo import mailbox, telephone
from webside.demo.guard import demo_only

SHOWN_AS_FILE = "application/octet-stream"


@require_GET
@demo_only
def mails(request: HttpRequest) -> HttpResponse:
    """List the texts and the e-mails, newest first."""
    return render(request, "demo/mail_list.html", {"mails": mailbox.mails(), "talks": telephone.talks()})


@require_POST
@demo_only
def reply(request: HttpRequest) -> HttpResponse:
    """Answer a text as the person whose telephone it is."""
    phone, clinic = request.POST.get("phone", ""), request.POST.get("clinic", "")
    body = request.POST.get("body", "").strip()
    if not any((talk.phone, talk.clinic) == (phone, clinic) for talk in telephone.talks()):
        raise Http404
    if not body:
        messages.info(request, _("Write something first."))
    elif telephone.reply(phone, clinic, body[:1600]):
        messages.success(request, _("Sent. What comes back is here within seconds."))
    else:
        messages.warning(request, _("It was not taken. Is the worker running?"))
    return redirect("demo:mail-list")


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
