"""The Content-Security-Policy: django-csp's, plus the hash of our import map."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from webside.ui import assets


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """Allows one inline script by its hash: the import map, which browsers don't take from a file."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Add the import map's hash to the policy of pages."""
        parts = super().get_policy_parts(request, response, report_only)
        if response.get("Content-Type", "").startswith("text/html"):
            update = dict(parts.update or {})
            update["script-src"] = [*update.get("script-src", []), assets.import_map_source()]
            parts.update = update
        return parts
