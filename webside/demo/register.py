"""What the demo puts in place when it is on."""

from __future__ import annotations

from webside.core import loops
from webside.demo import calls, mailbox, telephone
from webside.demo.seed import hours
from webside.demo.views import front
from webside.notifications import ports
from webside.portal import registry
from webside.visits.engines import phone


def everything() -> None:
    """Our page at ``/``; mails, texts and calls go to stand-ins, which the worker keeps running; somebody always works."""
    registry.use_front_page(front.who)
    ports.lend_smtp(mailbox.server)
    ports.lend_sms(telephone.service)
    phone.lend(calls.service)
    loops.register("mailbox", mailbox.kept.keep_running, every=2)
    loops.register("telephone", telephone.kept.keep_running, every=2)
    loops.register("calls", calls.kept.keep_running, every=2)
    loops.register("extra-time", hours.renew_extra_time, every=600)
