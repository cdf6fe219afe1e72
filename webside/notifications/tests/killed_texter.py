"""A sender of texts that is killed, again and again, between *sent* and *marked sent*.

Run as a program with ``<database name> <port of the carrier> <kills>``: for each kill it forks a sender, which the carrier
answers and SIGKILL ends before it can note that; then, when its claim is over, it sends in peace. Prints how many senders
died that way.
"""

from __future__ import annotations

import os
import signal
import sys


def main(database: str, port: int, kills: int) -> int:
    """Kill ``kills`` senders; return how many died at the point."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from datetime import timedelta

    from django.db import connections

    from webside.integrations.sms.client import HttpSms
    from webside.notifications import ports, services
    from webside.testing.texts import NUMBERS

    connections["default"].settings_dict["NAME"] = database
    client = HttpSms.at(f"http://ACtests:not-a-secret-of-anybody@127.0.0.1:{port}", NUMBERS)
    ports.lend_sms(lambda: client)
    died = 0
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            services.texts.LEASE = timedelta(0)  # the next sender need not wait
            services.texts.mark_text_sent = lambda row_id, sid: os.kill(os.getpid(), signal.SIGKILL)
            services.send_due_texts(limit=1)
            os._exit(3)  # nothing was due, or the kill did not happen
        _, status = os.waitpid(child, 0)
        died += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        # A process that forks must share no connection with its children.
        peaceful = os.fork()
        if peaceful == 0:
            services.send_due_texts(limit=1)
            os._exit(0)
        os.waitpid(peaceful, 0)
    return died


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))  # noqa: T201 - the answer of the program
