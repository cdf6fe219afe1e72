"""The app ``accounts``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, memberships, sessions, keys."""

    name = "webside.accounts"

    def ready(self) -> None:
        """Say the words of the trail; note who signs in and out; take what services that speak SAML answer."""
        from webside.accounts import lean, sessions, signins, single_sign_on
        from webside.audit import sentences
        from webside.core import lean as lanes

        signins.connect()
        sessions.connect()
        single_sign_on.connect()
        lanes.register(*lean.ROUTES)
        sentences.register(
            {
                "accounts.session.signin": _("signed in"),
                "accounts.session.signout": _("signed out"),
                "accounts.session.expire": _("was signed out, because nobody used the browser"),
                "accounts.device.end": _("signed out in other browsers of theirs"),
                "accounts.session.refuse": _("could not sign in"),
                "accounts.staff.refuse": _("asked for staff pages that are not theirs"),
                "accounts.staff.invite": _("invited a colleague"),
                "accounts.staff.join": _("joined the staff"),
                "accounts.staff.change": _("changed what a colleague may do"),
                "accounts.invitation.revoke": _("took an invitation back"),
                "accounts.identity-provider.create": _("let a service sign staff in"),
                "accounts.identity-provider.change": _("changed a service that signs staff in"),
                "accounts.identity-provider.end": _("ended a service that signed staff in"),
                "accounts.api-key.create": _("made a key for a program"),
                "accounts.api-key.revoke": _("ended a key"),
                "realtime.ticket.refuse": _("asked for live updates that are not theirs"),
            }
        )
