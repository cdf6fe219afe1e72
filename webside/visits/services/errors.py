"""Why a visit does not go on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from webside.catalog.gates import Finding
from webside.visits.codes import Stage


class NotAllowed(PermissionError):
    """The actor may not do this."""


class WrongStage(Exception):
    """The visit is not where this can be done; ``stage`` says where it is."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.value)
        self.stage = stage


class Incomplete(ValueError):
    """Answers are missing; ``fields`` names them."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(", ".join(self.fields))


class NeedsReason(Exception):
    """The clinician must answer for these findings before the visit goes on."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__(", ".join(finding.gate for finding in self.findings))


class NotAsked(Exception):
    """It isn't for the patient to say whether this person may be there without her, or she has said so before."""


class NotOffered(Exception):
    """The time of the colleague is gone; a fresh look shows what there is now."""


class MayNotTreat(Exception):
    """The gates let this colleague not go on with the visit; ``findings`` say why, or what could not be checked."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        super().__init__(", ".join(finding.gate for finding in self.findings))


class AskedAlready(Exception):
    """A colleague was asked to go on with the visit and has not answered; ``of`` says who."""

    def __init__(self, of: str) -> None:
        super().__init__("AskedAlready")
        self.of = of


class Answered(Exception):
    """It was answered, or taken back; ``outcome`` says what."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class WithSomebody(Exception):
    """Who would go on with a visit has another patient in her room."""


class NoTime(Exception):
    """Who would go on with a visit has another one too soon; ``start`` says when."""

    def __init__(self, start: datetime) -> None:
        super().__init__("NoTime")
        self.start = start


class SignedAlready(Exception):
    """The note of the visit is signed: what was signed stays with who signed it."""


class RoomFull(Exception):
    """As many are in the room as a call holds, or have a seat as a visit has; ``most`` says how many that is."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class WrongPicture(Exception):
    """It is no picture, was taken back, or another one is shown by now."""


class PictureFull(Exception):
    """A picture holds as many marks as it may; ``most`` says how many that is."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class NothingBegun(LookupError):
    """No file with this key was begun by who goes on with it."""


class TooManyFiles(Exception):
    """A visit holds as many files as it may; ``most`` says how many that is."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class NotWithoutPatient(Exception):
    """Somebody may be in the room only while the patient is, and she is not."""


class NoNumber(Exception):
    """There is no number to call: none was given, or the clinic has no telephone line."""


class TooMany(Exception):
    """So many requests of a kind came from one visit within an hour (``most``) that the page says what to do instead."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most


class TakenAlready(Exception):
    """A colleague looks after this request for help; ``by`` says who."""

    def __init__(self, by: str) -> None:
        super().__init__("TakenAlready")
        self.by = by


class KnownSite(Exception):
    """A place of this name and town helps with visits already."""


class TooManySites(Exception):
    """No more places can be added; ``most`` is how many there may be."""

    def __init__(self, most: int) -> None:
        super().__init__(str(most))
        self.most = most
