"""The signed note as FHIR: what is written is what stands in the golden file."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import time_machine

from webside.chart import services
from webside.chart.models import Encounter
from webside.chart.tests import factories
from webside.fhirkit.models import ResourceVersion
from webside.fhirkit.services import read_body
from webside.testing.cast import Cast

pytestmark = pytest.mark.usefixtures("own_gates")

GOLDEN = Path(__file__).parent / "golden"
SIGNED = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)


def _versions(resource_type: str) -> list[dict[str, Any]]:
    found = ResourceVersion.objects.filter(resource_type=resource_type).order_by("version")
    return [orjson.loads(read_body(version)) for version in found]


def _signed(cast: Cast) -> Encounter:
    with cast.as_(cast.maya_user) as maya:
        start = SIGNED - timedelta(minutes=30)
        encounter = factories.encounter(
            cast, parts=factories.PARTS, started_at=start, ended_at=start + timedelta(minutes=20), status="finished"
        )
        factories.diagnosis(encounter)
        services.sign_note(actor=maya, encounter=encounter, revision=len(factories.PARTS))
    return encounter


def _golden(name: str, found: dict[str, Any], cast: Cast, encounter: Encounter) -> None:
    """Compare with a golden file; ids, which are new each time, stand there as words."""
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    names = {cast.liz.id: "liz", cast.maya.id: "maya", encounter.id: "encounter", encounter.note.id: "note"}
    for row_id, word in names.items():
        text = text.replace(str(row_id), word)
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_a_signed_note_is_a_composition_and_a_document(cast: Cast) -> None:
    with time_machine.travel(SIGNED, tick=False):
        encounter = _signed(cast)
    with cast.as_(cast.maya_user):
        [composition], [document] = _versions("Composition"), _versions("DocumentReference")
    _golden("composition.json", composition, cast, encounter)
    _golden("document_reference.json", document, cast, encounter)


def test_the_document_holds_the_whole_note_and_what_was_added(cast: Cast) -> None:
    with time_machine.travel(SIGNED, tick=False):
        encounter = _signed(cast)
    with cast.as_(cast.maya_user) as maya:
        services.add_addendum(actor=maya, encounter=encounter, text="The lab called: 7.1 %.")
        first, second = _versions("DocumentReference")
    texts = []
    for document in (first, second):
        attachment = document["content"][0]["attachment"]
        text = base64.b64decode(attachment["data"])
        assert attachment["size"] == len(text)
        assert base64.b64decode(attachment["hash"]) == hashlib.sha1(text, usedforsecurity=False).digest()
        texts.append(text.decode())
    assert [document["docStatus"] for document in (first, second)] == ["final", "amended"]
    assert all(part in texts[0] for part in factories.PARTS.values())
    assert texts[1].startswith(texts[0].rstrip("\n"))
    assert texts[1].endswith("The lab called: 7.1 %.\n")
    assert "Dr. Maya Chen" in texts[1]


def test_a_draft_leaves_no_document(cast: Cast) -> None:
    with cast.as_(cast.maya_user) as maya:
        encounter = factories.encounter(cast)
        services.save_note_part(actor=maya, encounter=encounter, part="plan", text="Rest.", revision=0)
        assert _versions("DocumentReference") == []
