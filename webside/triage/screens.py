"""What somebody writes on a form is read for signs of danger, too: she is told what to do before she books or waits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from webside.core import clock
from webside.scheduling.codes import Urgency
from webside.scheduling.registry import Screened
from webside.triage.codes import Action
from webside.triage.rules.chooser import choose_service
from webside.triage.rules.facts import ChooserFacts

TITLES = {
    Action.CALL_911: _("Call 911 now"),
    Action.CRISIS_988: _("Call or text 988 now"),
    Action.ED_NOW: _("Go to an emergency room now"),
    Action.POISON_CONTROL: _("Call Poison Control now"),
    Action.SAFE_PLACE: _("You can get help now"),
}


def screen(text: str) -> Screened | None:
    """Return what ``triage.choose_service`` finds dangerous in a text, with what to do; None where it finds nothing."""
    if not text.strip():
        return None
    told = choose_service(ChooserFacts(text=text, on=clock.now().date()))
    if not told.red_flags:
        return None
    first = told.now[0]
    said = " ".join([*(flag.text for flag in told.red_flags), *(step.text for step in told.now)])
    return Screened(
        urgency=Urgency.URGENT,
        danger=True,
        title=str(TITLES[first.action]),
        text=said,
        source=told.red_flags[0].source,
    )
