"""Who else is booked, as several pages say it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from webside.scheduling import policies, selectors, services


def lines(actor: Any, appointment: Any) -> list[dict[str, Any]]:
    """Return who else is booked, as pages draw it."""
    return [
        {
            "id": each.id,
            "name": each.shown_name,
            "title": selectors.title_of(each),
            "wish": each.is_wish,
            "colleague": each.is_colleague,
            "reached": ""
            if each.is_colleague or actor.only_by_link
            else " · ".join(filter(None, (each.email, each.phone))),
            "may_remove": policies.can_take_off(actor, appointment, each),
        }
        for each in selectors.people_of(appointment)
    ]


def busy_text(busy: services.ColleagueBusy) -> str:
    """Return who has something else then, in one sentence."""
    return _("Not free at this time: %s.") % selectors.names_of(busy.people)
