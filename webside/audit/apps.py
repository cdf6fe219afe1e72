"""The app ``audit``."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """The trail."""

    name = "webside.audit"

    def ready(self) -> None:
        """Take away what nobody may do to the trail; let the worker seal it, and jobs write it."""
        from webside.audit import sealing, sentences, services
        from webside.core import jobs, loops, schema

        schema.limit_grants("audit_auditevent", app="SELECT, INSERT", sealer="SELECT")
        schema.limit_grants("audit_seal", app="SELECT", sealer="SELECT, INSERT")
        schema.limit_grants("audit_sealedrow", app="SELECT", sealer="SELECT, INSERT")
        loops.register("sealer", sealing.seal_pending, every=0.5)
        jobs.record_with(services.record)
        sentences.register({"core.rows.delete": _("deleted what had reached its time")})
