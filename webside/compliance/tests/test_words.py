"""The words of a consent: in the language of who reads them, kept as they stood above the box."""

from __future__ import annotations

import json
import re
from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from webside.compliance import selectors, services
from webside.compliance.forms import AgreeField
from webside.compliance.models import Consent, ConsentText
from webside.fhirkit.models import ResourceVersion
from webside.scheduling.tests.test_pages import form as booking_form
from webside.testing.cast import Cast, agreed, sign_in
from webside.visits.tests import factories

SPANISH = {"title": "Atención por video", "body": "Nos vemos por video. Puede parar en cualquier momento."}


def translate(cast: Cast, scope: str = "telehealth", **changes: object) -> ConsentText:
    """Publish the version in force in Spanish too."""
    with cast.as_(cast.admin_user):
        return ConsentText.objects.create(
            **{"scope": scope, "version": "2026-10-01", "language": "es", "effective_from": date(2026, 10, 1)}
            | SPANISH | changes
        )  # fmt: skip


def new_version(cast: Cast, scope: str = "telehealth", language: str = "en") -> ConsentText:
    return translate(
        cast, scope, version="2026-11-01", language=language, effective_from=date(2026, 11, 1), body="New."
    )


def text(scope: str, language: str = "") -> ConsentText:
    found = selectors.current_text(scope, language)
    assert found is not None
    return found


def test_the_language_chooses_within_the_version_in_force_and_never_an_older_one(cast: Cast) -> None:
    translate(cast)
    with cast.as_(cast.liz_user):
        assert [text("telehealth", each).language for each in ("es", "en", "en-us", "fr", "")] == [
            "es", "en", "en", "en", "en",
        ]  # fmt: skip
    newer = new_version(cast)
    with cast.as_(cast.liz_user):
        assert text("telehealth", "es").id == newer.id, "an old translation isn't what people agree to today"


def test_a_clinic_that_writes_in_spanish_alone_has_words(cast: Cast) -> None:
    only = new_version(cast, language="es")
    with cast.as_(cast.liz_user):
        assert text("telehealth", "en").id == only.id


def test_a_version_has_one_text_in_each_language(cast: Cast) -> None:
    translate(cast)
    with pytest.raises(IntegrityError), transaction.atomic():
        translate(cast)


def test_what_stood_above_the_box_is_what_is_kept(cast: Cast) -> None:
    spanish = translate(cast)
    with cast.as_(cast.liz_user) as liz:
        given = services.give_consent(
            actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz", words=spanish.digest
        )
        assert (given.text_id, given.language, given.digest) == (spanish.id, "es", spanish.digest)
        version = ResourceVersion.objects.get(resource_type="Consent", resource_id=given.id)
        shown = json.loads(bytes(version.body))["sourceAttachment"]
        assert (shown["language"], shown["title"]) == ("es", "Atención por video")


def test_where_nothing_stood_above_the_box_nothing_is_claimed(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        for words in ("", "on", agreed("visit")):
            given = services.give_consent(actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz", words=words)
            assert (given.text, given.language, given.digest, given.is_altered) == (None, "", "", False)
            services.withdraw_consent(actor=liz, consent=given)


def test_words_that_were_changed_afterwards_are_found(cast: Cast) -> None:
    with cast.as_(cast.liz_user) as liz:
        given = services.give_consent(
            actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz", words=agreed("telehealth")
        )
        assert not given.is_altered
        ConsentText.objects.filter(id=given.text_id).update(body="Something else.")
        assert Consent.objects.get(id=given.id).is_altered
    page = sign_in(Client(), cast.ingrid_user).get(reverse("compliance:consents", args=["larkspur"]))
    assert "the words were changed since" in page.content.decode()


def test_the_box_is_ticked_for_the_words_above_it_and_for_no_others(cast: Cast) -> None:
    from django import forms

    class Form(forms.Form):
        consent = AgreeField()

    def filled(value: str, shown: ConsentText) -> Form:
        form = Form({"consent": value} if value else {})
        form.fields["consent"].show([shown])  # type: ignore[attr-defined]
        return form

    spanish = translate(cast)
    with cast.as_(cast.liz_user):
        english = text("telehealth", "en")
        same = filled(english.digest, english)
        assert same.is_valid() and " checked" in str(same["consent"])
        other = filled(english.digest, spanish)
        assert other.is_valid() and other.cleaned_data["consent"] == english.digest, "she read the English"
        assert " checked" not in str(other["consent"])
        for sent in ("", "on", "0" * 64, text("visit").digest):
            assert not filled(sent, english).is_valid(), sent
    new_version(cast)
    with cast.as_(cast.liz_user):
        stale = filled(english.digest, text("telehealth"))
        assert "These words are new since you opened this page." in str(stale.errors)
        assert " checked" not in str(stale["consent"])


def _sent(cast: Cast, language: str, **changes: str) -> tuple[Client, str, dict[str, str], str]:
    """Walk to the booking form in a language; return the page with what it would send."""
    client = Client(headers={"accept-language": language})
    address, values = booking_form(client, cast, **changes)
    return (
        client,
        address,
        values,
        client.get(address, {k: values[k] for k in ("state", "zone", "slot")}).content.decode(),
    )


def test_she_books_in_spanish_and_the_record_says_so(cast: Cast) -> None:
    spanish = translate(cast)
    client, address, values, page = _sent(cast, "es")
    assert '<h2 class="ws-h3" id="consent-title" lang="es">Atención por video</h2>' in page
    assert "Sin traducir todavía" not in page
    box = re.search(r'<input type="checkbox" name="consent" value="([0-9a-f]{64})"', page)
    assert box and box[1] == spanish.digest
    assert client.post(address, {**values, "consent": box[1]}).status_code == 302
    with cast.as_(cast.ingrid_user):
        agreed_to = Consent.objects.select_related("patient").get(scope="telehealth")
        assert (agreed_to.language, agreed_to.patient.language) == ("es", "es"), "we write to her as she read"
    ingrid, consents = sign_in(Client(), cast.ingrid_user), reverse("compliance:consents", args=["larkspur"])
    officer = ingrid.get(consents).content.decode()
    assert "Spanish</span>" in officer and "not confirmed by a lawyer" in officer
    assert "the patient’s language is" not in officer
    with cast.as_(cast.grace_user):
        type(cast.liz).objects.filter(id=agreed_to.patient_id).update(language="en")
    officer = ingrid.get(consents).content.decode()
    assert "the patient’s language is English" in officer, "whose record says English agreed in Spanish"


def test_a_missing_translation_is_said_and_the_other_words_are_marked(cast: Cast) -> None:
    page = _sent(cast, "es")[3]
    assert "Sin traducir todavía" in page and '<div class="ws-stack ws-stack--s" lang="en">' in page
    officer = (
        sign_in(Client(), cast.ingrid_user).get(reverse("compliance:consents", args=["larkspur"])).content.decode()
    )
    assert officer.count("<span>not translated yet</span>") == 3
    assert "Not translated yet" not in _sent(cast, "en")[3]


def test_words_that_changed_while_the_page_was_open_are_asked_again_and_nothing_is_booked(cast: Cast) -> None:
    client, address, values, _page = _sent(cast, "en")
    newer = new_version(cast)
    again = client.post(address, {**values, "consent": agreed("telehealth")}, follow=True).content.decode()
    assert "These words are new since you opened this page." in again
    assert f'name="consent" value="{newer.digest}"' in again and "A cough that stays" in again
    with cast.as_(cast.ingrid_user):
        assert not Consent.objects.exists()


def test_the_front_desk_reads_them_out_in_the_patients_language(cast: Cast) -> None:
    address = f"/o/larkspur/home/book/{cast.liz.id}/{cast.video_visit.id}/?state=NY"
    desk = sign_in(Client(), cast.grace_user)
    with cast.as_(cast.grace_user):
        type(cast.liz).objects.filter(id=cast.liz.id).update(language="es")
    page = desk.get(address).content.decode()
    assert "Not translated yet" in page and "qualified interpreter" in page
    translate(cast)
    page = desk.get(address).content.decode()
    assert "Nos vemos por video." in page and "In the patient’s language: Spanish" in page
    assert "Not translated yet" not in page


def test_at_check_in_both_consents_are_shown_and_kept_in_her_language(cast: Cast) -> None:
    visit = factories.planned(cast)
    translate(cast)
    translate(cast, "visit", title="Esta consulta")
    url = reverse("visits:visit-check-in", args=["larkspur", visit.id])
    liz = sign_in(Client(headers={"accept-language": "es"}), cast.liz_user)
    page = liz.get(url).content.decode()
    assert page.count("Nos vemos por video.") == 2
    kept = {**factories.FORM, "agrees": agreed("visit", "telehealth")}
    assert liz.post(url, kept, headers={"x-autosave": "1"}).status_code == 200, (
        "what is typed is kept, whatever is agreed to"
    )
    box = re.search(r'name="agrees" value="([0-9a-f ]+)"', page)
    assert box
    assert liz.post(url, {**factories.FORM, "agrees": box[1]}).status_code == 302
    with cast.as_(cast.ingrid_user):
        assert sorted(Consent.objects.values_list("scope", "language")) == [("telehealth", "es"), ("visit", "es")]


def test_another_clinics_words_are_no_words_here(cast: Cast) -> None:
    with cast.as_(cast.mallory_user, cast.northgate):
        theirs = ConsentText.objects.create(
            scope="telehealth", version=uuid4().hex[:8], title="Theirs", body="Theirs", effective_from=date(2026, 10, 1)
        )
    with cast.as_(cast.liz_user) as liz:
        assert not selectors.are_in_force(theirs.digest, ["telehealth"])
        given = services.give_consent(
            actor=liz, patient=cast.liz, scope="telehealth", given_by="Liz", words=theirs.digest
        )
        assert given.text is None
