"""Registering and changing people; who may act for whom; who covers for whom."""

from __future__ import annotations

from webside.people.services.coverings import NoSuchCover, end_covering, set_covering
from webside.people.services.delegations import (
    INVITATION_DAYS,
    InvitationGone,
    NotForOneself,
    TooLong,
    TooMany,
    accept_delegation,
    begin_acting,
    end_delegation,
    grant_delegation,
    open_invitation,
    record_guardian,
    stop_acting,
)
from webside.people.services.people import (
    NotAllowed,
    add_practitioner,
    add_related_person,
    change_patient,
    describe_practitioner,
    register_patient,
    translate_practitioner,
)

__all__ = [
    "INVITATION_DAYS",
    "InvitationGone",
    "NoSuchCover",
    "NotAllowed",
    "NotForOneself",
    "TooLong",
    "TooMany",
    "accept_delegation",
    "add_practitioner",
    "add_related_person",
    "begin_acting",
    "change_patient",
    "describe_practitioner",
    "end_covering",
    "end_delegation",
    "grant_delegation",
    "open_invitation",
    "record_guardian",
    "register_patient",
    "set_covering",
    "stop_acting",
    "translate_practitioner",
]
