"""Who one can be."""

from __future__ import annotations

from django.utils.translation import gettext as _

from webside.accounts.models import User
from webside.core.actor import Role
from webside.demo import mailbox
from webside.demo.people import EVERYBODY, Somebody


def everybody() -> list[tuple[str, list[Somebody]]]:
    """Return the people in the order in which a visit passes through their hands, under a heading each."""
    return [
        (_("Needs care"), [each for each in EVERYBODY if each.role in (Role.PATIENT, Role.DELEGATE)]),
        (_("Gives care"), [each for each in EVERYBODY if each.role in (Role.CLINICIAN, Role.COACH) and _here(each)]),
        (_("Keeps the clinic going"), [each for each in EVERYBODY if each.role in _DESK]),
        (_("Must see nothing"), [each for each in EVERYBODY if not _here(each)]),
    ]


_DESK = (Role.COORDINATOR, Role.BILLER, Role.COMPLIANCE, Role.ADMINISTRATOR)


def _here(each: Somebody) -> bool:
    return each.tenant == "larkspur"


def somebody(key: str) -> Somebody | None:
    """Return one of the people."""
    return next((each for each in EVERYBODY if each.key == key), None)


def user_of(each: Somebody) -> User | None:
    """Return the account of one of the people."""
    return User.objects.filter(email=each.email, is_active=True).first()


def letters() -> int:
    """Return how many mails lie in the mailbox."""
    return len(list(mailbox.folder().glob("*.eml")))
