"""The delivery log of messages, and the events that were given up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from webside.audit.services import record, refuse
from webside.notifications import policies, ports, selectors, services
from webside.notifications.codes import Channel, MessageKind, MessageStatus, Reply
from webside.notifications.telephone import shown
from webside.outbox import selectors as outbox

PAGE = 50
CHANNELS = {
    Channel.EMAIL.value: gettext_lazy("E-mail"),
    Channel.SMS.value: gettext_lazy("Text messages"),
    Channel.PUSH.value: gettext_lazy("Notifications"),
}
KINDS = {
    MessageKind.REMINDER.value: gettext_lazy("Text: reminder of a visit"),
    MessageKind.CHANGE.value: gettext_lazy("Text: news of a visit"),
    MessageKind.READY.value: gettext_lazy("Text: the clinician is ready"),
    MessageKind.ANSWER.value: gettext_lazy("Text: answer to a text"),
    MessageKind.ASKED.value: gettext_lazy("Text: link that was asked for again"),
}
PUSHES = {
    MessageKind.REMINDER.value: gettext_lazy("Notification: reminder of a visit"),
    MessageKind.READY.value: gettext_lazy("Notification: what can’t wait"),
    MessageKind.ANSWER.value: gettext_lazy("Notification: tried out"),
}
REPLIES = {
    Reply.STOP.value: gettext_lazy("No more texts"),
    Reply.START.value: gettext_lazy("Texts again"),
    Reply.HELP.value: gettext_lazy("Asked for help"),
    Reply.CONFIRM.value: gettext_lazy("Confirms"),
    Reply.CANCEL.value: gettext_lazy("Wants to cancel"),
    Reply.OTHER.value: gettext_lazy("Something else"),
}


def _only(request: HttpRequest, allowed: bool, action: str) -> None:
    if not allowed:
        refuse(action, actor=request.actor)  # type: ignore[attr-defined]


@require_GET
def messages_sent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what was sent, what waits, and what was given up."""
    actor = request.actor  # type: ignore[attr-defined]
    _only(request, policies.can_see_messages(actor), "notifications.message.refuse")
    status, channel = request.GET.get("status", ""), request.GET.get("channel", "")
    channel = channel if channel in set(Channel) else ""
    found = selectors.messages(actor)
    if channel:
        found = found.filter(channel=channel)
    if status in set(MessageStatus):
        found = found.filter(status=status)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    counts = selectors.counts(actor, channel)
    record("notifications.message.read", actor=actor, ground="delivery log")
    words = {
        "": _("All"), "queued": _("Waiting"), "sent": _("Sent"), "failed": _("Given up"), "withheld": _("Not sent"),
    }  # fmt: skip

    def address(**query: str) -> str:
        asked = urlencode({name: value for name, value in query.items() if value})
        return f"?{asked}" if asked else request.path

    return render(
        request,
        "notifications/message_list.html",
        {
            "page": page,
            "rows": [
                {"message": row, "recipient": _recipient(row), "what": _what(row)} for row in selectors.explained(page)
            ],
            "tabs": [
                {
                    "text": text,
                    "url": address(status=name, channel=channel),
                    "current": name == status,
                    "count": counts.get(name, sum(counts.values())),
                }
                for name, text in words.items()
            ],
            "chips": [
                {"text": text, "url": address(status=status, channel=name), "current": name == channel}
                for name, text in {"": _("All channels"), **CHANNELS}.items()
            ],
            "waiting": counts[MessageStatus.QUEUED],
            "no_email": ports.smtp() is None,
            "channels_away": _away(actor),
            "texts_url": reverse("notifications:text-list", args=[slug]) if policies.can_see_texts(actor) else "",
            "senders": _senders(slug),
        },
    )


def _recipient(row: Any) -> str:
    found = selectors.recipient(row)
    return shown(found) if row.channel == Channel.SMS else found


def _what(row: Any) -> Any:
    return row.subject or (PUSHES if row.channel == Channel.PUSH else KINDS).get(row.kind, "")


def _senders(slug: str) -> list[tuple[str, str]]:
    none = _("no sender configured")
    number = ports.texts_from(slug)
    return [
        (_("E-mail"), _("a mail server is set") if ports.smtp() else none),
        (_("Text messages"), _("from %(number)s") % {"number": shown(number)} if number else none),
        (_("Notifications"), _("set") if Channel.PUSH not in ports.missing() else none),
    ]


def _away(actor: Any) -> list[dict[str, Any]]:
    """Return the channels that take nothing, since when, why, and how many of the clinic's messages wait for them."""
    found = []
    for state in selectors.channels_away():
        why, todo = selectors.FAILURES[state.reason]
        found.append({
            "channel": CHANNELS[state.channel], "since": state.away_since, "why": why, "todo": todo,
            "waiting": selectors.counts(actor, state.channel)[MessageStatus.QUEUED],
        })  # fmt: skip
    return found


@require_GET
def texts(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what people texted to us: what needs a person first, then the rest."""
    actor = request.actor  # type: ignore[attr-defined]
    _only(request, policies.can_see_texts(actor), "notifications.text.refuse")
    todo = request.GET.get("show") != "all"
    found = selectors.incoming_texts(actor)
    open_ones = found.filter(needs_person=True, done_at=None)
    page = Paginator(open_ones if todo else found, PAGE).get_page(request.GET.get("page"))
    rows = [{"text": row, "number": shown(number), "tel": number, "words": words, "meaning": REPLIES[row.reply]}
            for row in page for number, words in [selectors.words_of(row)]]  # fmt: skip
    if rows:
        record("notifications.text.read", actor=actor, ground="front desk",
               changes={"texts": [str(row.id) for row in page]})  # fmt: skip
    tabs = [
        {"text": _("Needs somebody"), "url": request.path, "current": todo, "count": open_ones.count()},
        {"text": _("All"), "url": "?show=all", "current": not todo, "count": found.count()},
    ]
    context = {"page": page, "rows": rows, "tabs": tabs, "todo": todo, "number": shown(ports.texts_from(slug))}
    return render(request, "notifications/text_list.html", context)


@require_POST
def text_done(request: HttpRequest, slug: str, text_id: UUID) -> HttpResponse:
    """Note that a text was taken care of."""
    actor = request.actor  # type: ignore[attr-defined]
    text = selectors.incoming_text(actor, text_id)
    _only(request, text is not None, "notifications.text.refuse")
    services.mark_text_done(actor=actor, text=text)  # type: ignore[arg-type]
    notes.success(request, _("Noted as done."))
    return redirect(reverse("notifications:text-list", args=[slug]))


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
