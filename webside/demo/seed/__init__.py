"""The demo clinic: made once through the services, and made fresh again at each start.

Everything that a person could have done goes through the service that they would have used, with
their own actor, so the trail, the events and the FHIR versions are those of a real clinic. What has
no service yet (a payer, the words of a consent) is set up as rows.
"""

from __future__ import annotations

from webside.demo.seed.installation import seed

__all__ = ["seed"]
