"""The app ``voice``: the phone calls of visits, by the carrier that the settings name."""

from __future__ import annotations

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    """Phone calls, and what the carrier asks and tells of them."""

    name = "webside.integrations.voice"
    label = "voice"

    def ready(self) -> None:
        """Add the routes that the carrier calls; carry calls by it, if the settings name one."""
        from django.conf import settings

        from webside.integrations.voice import lean
        from webside.integrations.voice.client import HttpVoice
        from webside.visits.engines import phone

        lean.register()
        if settings.ENV.voice_url:
            address = settings.ENV.voice_url.get_secret_value()
            phone.use(HttpVoice.at(address, settings.ENV.voice_numbers, lean.address))
