"""How a person wants to be reached."""

from __future__ import annotations

from datetime import time

from webside.audit.services import action, record
from webside.core.actor import Actor
from webside.core.locks import lock
from webside.notifications import policies, selectors
from webside.notifications.codes import Choice
from webside.notifications.models import ContactPreference
from webside.notifications.services.errors import NotAllowed
from webside.people.models import Patient


@action("notifications.preference.change")
def change_preference(
    *,
    actor: Actor,
    patient: Patient,
    reminders: Choice,
    changes: Choice,
    quiet_from: time,
    quiet_until: time,
    pushes: list[str] | None = None,
) -> ContactPreference:
    """Set by which channels reminders and changes come, what comes as a push (None: as before), and the quiet hours.

    Raises :class:`NotAllowed`.
    """
    if not policies.can_change_preference(actor, patient):
        raise NotAllowed
    lock(patient)  # the first choice makes the row: two at once would make two
    preference = selectors.preference_of(patient)
    pushes = preference.pushes if pushes is None else pushes
    new = {
        "reminders": reminders,
        "changes": changes,
        "pushes": pushes,
        "quiet_from": quiet_from,
        "quiet_until": quiet_until,
    }
    was = {name: str(getattr(preference, name)) for name in new}
    for name, value in new.items():
        setattr(preference, name, value)
    preference.save()
    record("notifications.preference.change", actor=actor, target=preference, patient_id=patient.id,
           changes={name: [was[name], str(value)] for name, value in new.items() if was[name] != str(value)})  # fmt: skip
    return preference
