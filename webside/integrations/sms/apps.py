"""The app ``sms``: texts by the carrier that the settings name."""

from __future__ import annotations

from django.apps import AppConfig


class SmsConfig(AppConfig):
    """Text messages, and what the carrier tells of them."""

    name = "webside.integrations.sms"
    label = "sms"

    def ready(self) -> None:
        """Add the routes that the carrier calls; send by it, if the settings name one."""
        from django.conf import settings

        from webside.integrations.sms import lean
        from webside.integrations.sms.client import HttpSms
        from webside.notifications import ports

        lean.register()
        if settings.ENV.sms_url:
            address = settings.ENV.sms_url.get_secret_value()
            ports.use_sms(HttpSms.at(address, settings.ENV.sms_numbers, lean.status_address))
