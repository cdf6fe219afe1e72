"""Value sets of people (FHIR codes verbatim)."""

from __future__ import annotations

from enum import StrEnum


class Gender(StrEnum):
    """FHIR administrative-gender."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """What somebody is to a patient (HL7 v3 RoleCode)."""

    DAUGHTER = "DAUC"
    SON = "SONC"
    SPOUSE = "SPS"
    PARTNER = "DOMPART"
    MOTHER = "MTH"
    FATHER = "FTH"
    PARENT = "PRN"
    GRANDPARENT = "GRPRN"
    GRANDCHILD = "GRNDCHILD"
    SIBLING = "SIB"
    FAMILY = "FAMMEMB"
    FRIEND = "FRND"
    NEIGHBOUR = "NBOR"
    GUARDIAN = "GUARD"
    ATTORNEY = "POWATT"


class Scope(StrEnum):
    """What somebody who acts for a patient may do."""

    APPOINTMENTS = "appointments"
    VISITS = "visits"
    SUMMARIES = "summaries"
    MESSAGES = "messages"
    BILLING = "billing"


OFFERED = (Scope.APPOINTMENTS, Scope.VISITS, Scope.SUMMARIES)
"""What there is to give: messages and bills follow with their pages."""


class Basis(StrEnum):
    """How it came about that somebody may act for a patient."""

    GRANTED = "granted"
    GUARDIAN = "guardian"
    COURT = "court"


"""The patient said so herself; a parent or guardian of a minor; a court appointed somebody."""
