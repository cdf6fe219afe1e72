"""Writers that are killed, again and again, between saving and committing.

Run as a program with ``<database name> <e-mail of the user> <kills>``: for each kill it forks a writer, who gives one
consent after another, each with its event, until SIGKILL ends it: once what was saved is not noted yet, once what was
noted is not committed yet, and once at whatever moment it is. Prints how many writers died that way.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from typing import Any

MOMENTS = ("saved", "noted", "any")
WHOLE = 3  # changes at most that a writer may finish before the one in which it dies

FOR_LONG = 10_000


def _write(email: str, moment: str, whole: int, told: int) -> None:
    from webside.accounts import selectors
    from webside.accounts.models import Membership, User
    from webside.compliance import services
    from webside.core import frames
    from webside.core.ids import uuid7
    from webside.people.models import Patient

    note = services.record

    def die_beside_noting(*given: Any, **more: Any) -> None:
        if moment == "noted":
            note(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    user = User.objects.get(email=email)
    tenant_id = Membership.objects.get(user=user).tenant_id
    for number in range(FOR_LONG if moment == "any" else whole + 1):
        if number == whole and moment != "any":
            services.record = die_beside_noting  # type: ignore[assignment]
        with frames.begin(tenant_id=tenant_id, actor=selectors.actor_in(user, tenant_id)) as frame:
            patient = Patient.objects.get(user=user)
            services.give_consent(actor=frame.actor, patient=patient, scope="visit", given_by="she", visit_id=uuid7())
        os.write(told, b".")


def main(database: str, email: str, kills: int) -> int:
    """Kill ``kills`` writers; return how many died by it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import connections

    connections["default"].settings_dict["NAME"] = database
    chance, died = random.Random(11), 0
    for number in range(kills):
        moment, whole = MOMENTS[number % len(MOMENTS)], chance.randrange(WHOLE)
        heard, told = os.pipe()
        writer = os.fork()
        if writer == 0:
            try:
                _write(email, moment, whole, told)
            finally:
                os._exit(3)  # it failed by itself
        os.close(told)
        if moment == "any":
            os.read(heard, 1)
            time.sleep(chance.random() * 0.05)
            os.kill(writer, signal.SIGKILL)
        _, status = os.waitpid(writer, 0)
        os.close(heard)
        died += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return died


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))  # noqa: T201 - the answer of the program
