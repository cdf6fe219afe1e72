"""Work of compliance that takes longer than a page may."""

from __future__ import annotations

from webside.compliance import services
from webside.core import frames
from webside.core.jobs import job

CHECK = "compliance.trail.check"


@job(CHECK)
def check_trail() -> None:
    """Check the trail of the frame's clinic; what was found stands in the trail itself."""
    services.verify_trail(actor=frames.current().actor)
