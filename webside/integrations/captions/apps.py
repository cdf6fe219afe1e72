"""The app ``captions``: what is said in visits, written down by the recognisers that the settings name."""

from __future__ import annotations

from django.apps import AppConfig


class CaptionsConfig(AppConfig):
    """Captions, where a clinic runs a recogniser."""

    name = "webside.integrations.captions"
    label = "captions"

    def ready(self) -> None:
        """Write down voices by the clinics' recognisers, if the settings name any."""
        from django.conf import settings

        from webside.integrations.captions.client import SocketRecogniser
        from webside.visits.engines import captions

        if settings.ENV.captions:
            captions.use(SocketRecogniser.of(settings.ENV.captions))
