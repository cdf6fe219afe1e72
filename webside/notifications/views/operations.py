"""The delivery log of messages, and the events that were given up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from webside.audit.services import record, refuse
from webside.notifications import policies, ports, selectors, services
from webside.notifications.codes import Channel, MessageStatus
from webside.outbox import selectors as outbox

PAGE = 50


def _only(request: HttpRequest, allowed: bool, action: str) -> None:
    if not allowed:
        refuse(action, actor=request.actor)  # type: ignore[attr-defined]


@require_GET
def messages_sent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what was sent, what waits, and what was given up."""
    actor = request.actor  # type: ignore[attr-defined]
    _only(request, policies.can_see_messages(actor), "notifications.message.refuse")
    status = request.GET.get("status", "")
    found = selectors.messages(actor)
    if status in set(MessageStatus):
        found = found.filter(status=status)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    counts = selectors.counts(actor)
    record("notifications.message.read", actor=actor, ground="delivery log")
    words = {"": _("All"), "queued": _("Waiting"), "sent": _("Sent"), "failed": _("Given up")}
    return render(
        request,
        "notifications/message_list.html",
        {
            "page": page,
            "rows": [{"message": row, "recipient": selectors.recipient(row)} for row in page],
            "tabs": [
                {
                    "text": text,
                    "url": f"?status={name}" if name else request.path,
                    "current": name == status,
                    "count": counts.get(name, sum(counts.values())),
                }
                for name, text in words.items()
            ],
            "waiting": counts[MessageStatus.QUEUED],
            "no_email": ports.smtp() is None,
            "senders": [
                (_("E-mail"), _("a mail server is set") if ports.smtp() else _("no sender configured")),
                (_("Text messages"), _("set") if Channel.SMS not in ports.missing() else _("no sender configured")),
                (_("Push"), _("set") if Channel.PUSH not in ports.missing() else _("no sender configured")),
            ],
        },
    )


@require_POST
def retry(request: HttpRequest, slug: str, message_id: UUID) -> HttpResponse:
    """Send a message again that was given up."""
    actor = request.actor  # type: ignore[attr-defined]
    message = selectors.message(actor, message_id)
    _only(request, message is not None, "notifications.message.refuse")
    try:
        services.retry_message(actor=actor, message=message)  # type: ignore[arg-type]
    except services.Emptied:
        notes.error(request, _("Its words were deleted when their time was over. Write a new message."))
    else:
        notes.success(request, _("It is back in the queue and leaves within seconds."))
    return redirect(reverse("notifications:message-list", args=[slug]))


@require_GET
def events(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the deliveries of events, the timers and the jobs that were given up."""
    actor = request.actor  # type: ignore[attr-defined]
    _only(request, policies.can_see_events(actor), "outbox.delivery.refuse")
    page = Paginator(outbox.dead_deliveries(actor.tenant_id), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "timers": selectors.timers_given_up(actor)[:PAGE],
        "jobs": selectors.jobs_given_up(actor)[:PAGE],
    }
    return render(request, "notifications/event_list.html", context)


@require_POST
def retry_event(request: HttpRequest, slug: str, delivery_id: UUID) -> HttpResponse:
    """Deliver an event again."""
    return _again(
        request, slug, partial(services.retry_event, delivery_id=delivery_id), "outbox.delivery.refuse",
        _("The event is delivered again within seconds."),
    )  # fmt: skip


@require_POST
def retry_timer(request: HttpRequest, slug: str, timer_id: UUID) -> HttpResponse:
    """Run a timer again that was given up."""
    return _again(
        request, slug, partial(services.retry_timer, timer_id=timer_id), "core.timer.refuse",
        _("What was due is done again within seconds."),
    )  # fmt: skip


@require_POST
def retry_job(request: HttpRequest, slug: str, job_id: int) -> HttpResponse:
    """Do a job again that was given up."""
    return _again(
        request, slug, partial(services.retry_job, job_id=job_id), "core.job.refuse",
        _("The job runs again within seconds."),
    )  # fmt: skip


def _again(request: HttpRequest, slug: str, retry: Callable[..., None], refusal: str, said: str) -> HttpResponse:
    """Take back into the queue what was given up, and say so. What isn't there is a refusal like any other."""
    actor = request.actor  # type: ignore[attr-defined]
    _only(request, policies.can_see_events(actor), refusal)
    try:
        retry(actor=actor)
    except LookupError:
        _only(request, False, refusal)
    notes.success(request, said)
    return redirect(reverse("notifications:event-list", args=[slug]))
