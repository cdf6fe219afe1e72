"""The app ``notifications``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Messages to people, and how they went."""

    name = "webside.notifications"

    def ready(self) -> None:
        """Let the worker send; register the words of the trail and the places of the navigation."""
        from webside.audit import sentences
        from webside.core import loops
        from webside.core.actor import Role
        from webside.notifications import handlers, lean, services
        from webside.ui.registry import NavItem, register

        loops.register("mail", services.send_due, every=0.5)
        loops.register("texts", services.send_due_texts, every=0.5)
        loops.register("pushes", services.send_due_pushes, every=0.5)
        handlers.connect()
        lean.register()
        sentences.register(
            {
                "notifications.message.retry": _("sent a message again"),
                "notifications.message.read": _("looked at who got a message"),
                "notifications.message.refuse": _("asked for messages that are not theirs"),
                "notifications.text.receive": _("took in a text message"),
                "notifications.text.status": _("heard how a text message fared"),
                "notifications.text.note": _("noted what a text message answers"),
                "notifications.text.done": _("took care of a text message"),
                "notifications.text.read": _("read text messages"),
                "notifications.text.refuse": _("asked for text messages that are not theirs"),
                "notifications.preference.change": _("changed how the patient is reached"),
                "notifications.preference.read": _("looked at how the patient is reached"),
                "notifications.preference.refuse": _("asked how somebody is reached who is not theirs"),
                "notifications.device.add": _("turned on notifications on a device"),
                "notifications.device.renew": _("followed a device to another address for notifications"),
                "notifications.device.remove": _("turned off notifications on a device"),
                "notifications.device.try": _("tried notifications on a device"),
                "notifications.device.refuse": _("asked for devices or notifications that are not theirs"),
                "outbox.delivery.retry": _("delivered an event again"),
                "core.timer.retry": _("ran again what was due"),
                "core.timer.refuse": _("asked for timers that are not theirs"),
                "core.job.retry": _("ran a job again"),
                "core.job.refuse": _("asked for jobs that are not theirs"),
                "outbox.delivery.refuse": _("asked for events that are not theirs"),
            }
        )
        register(
            NavItem(
                "staff", _("Messages sent"), "send", "notifications:message-list", order=70, group=2, bar=False,
                roles=frozenset({Role.COORDINATOR, Role.ADMINISTRATOR}),
            ),
            NavItem(
                "staff", _("Texts"), "message", "notifications:text-list", order=65, group=2, bar=False,
                roles=frozenset({Role.COORDINATOR}),
            ),
            NavItem(
                "staff", _("Events"), "rotate", "notifications:event-list", order=80, group=2, bar=False,
                roles=frozenset({Role.ADMINISTRATOR}),
            ),
        )  # fmt: skip
