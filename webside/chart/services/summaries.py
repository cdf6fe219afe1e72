"""What somebody who came by a link must say before she reads a summary."""

from __future__ import annotations

from datetime import date

from webside.audit.codes import Outcome
from webside.audit.services import action, record
from webside.chart import policies, selectors
from webside.chart.models import Encounter
from webside.chart.services.errors import Barred, NotAllowed
from webside.core.actor import Actor
from webside.scheduling.models import Appointment


@action("chart.summary.identify")
def identify(*, actor: Actor, encounter: Encounter, birth_date: date) -> bool:
    """Compare the date of birth that the bearer of a link gave with that of who was seen; return whether it is hers.

    Either is written to the trail, without the date; a wrong one as a refusal, which counts for the appointment,
    whatever browser it came from. Raises :class:`Barred` where so many were wrong that nothing is compared now, and
    :class:`NotAllowed` for whoever is not to be asked.
    """
    if not policies.can_identify(actor, encounter):
        raise NotAllowed
    # Two at once: the second counts after the first has been written.
    appointment = Appointment.objects.select_for_update(no_key=True).get(id=encounter.appointment_id)
    wrong = selectors.wrong_dates(encounter)
    if wrong >= selectors.MOST_WRONG:
        raise Barred
    right = birth_date == encounter.patient.birth_date
    last = not right and wrong == selectors.MOST_WRONG - 1
    record(
        "chart.summary.identify",
        actor=actor,
        target=appointment,
        patient_id=encounter.patient_id,
        ground="link from an e-mail",
        reason="so many were wrong: no link opens it for now" if last else "",
        outcome=Outcome.SUCCESS if right else Outcome.REFUSED,
    )
    return right
