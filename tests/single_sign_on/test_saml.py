"""Staff signed in by a service that speaks SAML 2.0: who gets in, and which answers are never believed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import etree

from tests.single_sign_on.saml_provider import (
    ASSERTION,
    EMAIL,
    MAIL,
    PASSWORD_ONLY,
    PERSISTENT,
    PROTOCOL,
    SIGNATURE,
    Idp,
    Question,
    written,
)
from webside.accounts import saml, services, single_sign_on
from webside.accounts.models import IdentityProvider, Membership, SamlRequest, User
from webside.audit.models import AuditEvent
from webside.core import clock
from webside.core.actor import Role
from webside.testing.cast import Cast, sign_in

HOME = "/o/larkspur/home/"
MAYA = "maya.chen@larkspur.example"
ADD = "/o/larkspur/staff/services/add-saml/"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


@pytest.fixture(scope="module")
def idp() -> Idp:
    """Larkspur's service."""
    return Idp("http://localhost:9")


@pytest.fixture(scope="module")
def stranger() -> Idp:
    """A service that calls itself by the same name, with a key of its own."""
    return Idp("http://localhost:9")


@pytest.fixture(autouse=True)
def switched_on(settings: Any) -> None:
    """Let this installation speak SAML, at the address that the tests' clients ask for."""
    settings.ENV = settings.ENV.model_copy(update={"saml": True, "sign_in_domains": {"larkspur": ["larkspur.example"]}})
    settings.PUBLIC_URL = "http://testserver"


def details(idp: Idp, **changes: Any) -> dict[str, Any]:
    """What an administrator enters."""
    return {"name": "Larkspur sign-in", "metadata": idp.metadata(), "domains": "larkspur.example", **changes}


@pytest.fixture
def provider(cast: Cast, idp: Idp) -> IdentityProvider:
    """Larkspur's service, added on its page, and Maya's address there."""
    User.objects.filter(id=cast.maya_user.id).update(email=MAYA)
    answer = sign_in(Client(), cast.admin_user).post(ADD, details(idp))
    assert answer.status_code == 302, answer.content.decode()
    return IdentityProvider.objects.get()


def asks(client: Client, provider: IdentityProvider, following: str = "") -> Question:
    """Begin to sign in; return what the service is asked."""
    led = client.get(reverse("accounts:sso-begin", args=[provider.id]), {"next": following} if following else {})
    assert led.status_code == 302, led.content.decode()
    return Idp.read(parse_qs(urlsplit(led["Location"]).query)["SAMLRequest"][0])


def comes_back(client: Client, provider: IdentityProvider, encoded: str) -> Any:
    """Bring an answer and follow to the page that fetches it, as the lean lane leads there."""
    answer_id = single_sign_on.take_answer(provider, encoded)
    return client.get(reverse("accounts:sso-finish", args=[provider.id]), {"answer": answer_id})


def walk_in(client: Client, idp: Idp, provider: IdentityProvider, email: str, **said: Any) -> Any:
    """Sign in by the service as a browser does."""
    return comes_back(client, provider, idp.answer(asks(client, provider), email, **said))


def refused(provider: IdentityProvider, encoded: str) -> str:
    """Return why an answer is refused; it must be."""
    before = SamlRequest.objects.exclude(answered_at=None).count()
    with pytest.raises(saml.Refused) as refusal:
        single_sign_on.take_answer(provider, encoded)
    assert SamlRequest.objects.exclude(answered_at=None).count() == before
    return refusal.value.why


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# ------------------------------------------------------------------------------------------------ who gets in


def test_staff_are_signed_in_by_a_service_that_speaks_saml(
    cast: Cast, client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    asked = client.post(reverse("accounts:sso"), {"email": MAYA.upper()})
    page = client.get(asked["Location"]).content.decode()
    assert "localhost:9" in page and cast.larkspur.name in page
    question = asks(client, provider, following=HOME)
    assert question.issuer == saml.name_of_ours(provider.id) and question.answers_to == saml.answers_to(provider.id)
    with CaptureQueriesContext(connection) as noted:
        answer = comes_back(client, provider, idp.answer(question, MAYA))
    assert any("accounts.session.signin" in query["sql"] for query in noted.captured_queries)
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert client.get(HOME).status_code == 200, "without a second factor of ours: the service has asked for one"
    kept = SocialAccount.objects.get()
    assert (kept.user_id, kept.uid, kept.extra_data) == (cast.maya_user.id, f"of {MAYA}", {})
    assert bytes(SamlRequest.objects.get().said_sealed) == b"", "nothing of what it said of her is kept"


def test_what_waits_to_be_fetched_is_sealed(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    single_sign_on.take_answer(provider, idp.answer(asks(client, provider), MAYA))
    kept = SamlRequest.objects.get()
    assert b"larkspur" not in bytes(kept.said_sealed) and MAYA.encode() in kept.said


def test_the_same_subject_is_the_same_person_and_one_who_works_here_no_more_is_not_let_in(
    cast: Cast, client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    walk_in(client, idp, provider, MAYA)
    again = Client()
    new = walk_in(again, idp, provider, "maya.new@larkspur.example", subject=f"of {MAYA}")
    assert new.status_code == 302 and again.session["_auth_user_id"] == str(cast.maya_user.id)
    Membership.objects.filter(user=cast.maya_user).update(active=False)
    ended = Client()
    answer = walk_in(ended, idp, provider, MAYA)
    assert answer.status_code == 403 and "has invited your address" in answer.content.decode()
    assert not is_signed_in(ended)


@pytest.mark.parametrize(
    ("format", "attributes"),
    [
        (EMAIL, {}),
        (TRANSIENT, {MAIL: [MAYA]}),
        (EMAIL, {"mail": [MAYA]}),
        (PERSISTENT, {"email": [MAYA], "x": ["y", "z"]}),
    ],
)
def test_a_subject_that_may_change_is_not_kept(
    client: Client, idp: Idp, provider: IdentityProvider, format: str, attributes: dict[str, list[str]]
) -> None:
    walk_in(client, idp, provider, MAYA, format=format, subject=MAYA, attributes=attributes)
    assert is_signed_in(client)
    assert SocialAccount.objects.exists() is (format == PERSISTENT)


@pytest.mark.parametrize(
    ("email", "said", "words"),
    [
        ("maya@elsewhere.example", {}, "doesn’t speak for"),
        ("maya@larkspur.example.elsewhere.example", {}, "doesn’t speak for"),
        (MAYA, {"attributes": {}}, "doesn’t speak for"),
        (MAYA, {"attributes": {MAIL: [MAYA, "admin@larkspur.example"]}}, "doesn’t speak for"),
        (MAYA, {"attributes": {MAIL: [MAYA], "email_verified": ["false"]}}, "hasn’t confirmed"),
        (MAYA, {"attributes": {MAIL: [MAYA], "email_verified": ["true", "no"]}}, "hasn’t confirmed"),
        ("unknown@larkspur.example", {}, "has invited your address"),
    ],
)
def test_whom_it_cannot_speak_for_is_not_signed_in(
    client: Client, idp: Idp, provider: IdentityProvider, email: str, said: dict[str, Any], words: str
) -> None:
    answer = walk_in(client, idp, provider, email, **said)
    assert answer.status_code == 403 and words in answer.content.decode()
    assert not is_signed_in(client) and not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("said", "welcome"),
    [
        ({"how": PASSWORD_ONLY}, False),
        ({"how": "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"}, False),
        ({"how": "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"}, True),
        ({"how": PASSWORD_ONLY, "attributes": {MAIL: [MAYA], saml.METHODS: [PASSWORD_ONLY]}}, False),
        (
            {
                "how": PASSWORD_ONLY,
                "attributes": {MAIL: [MAYA], saml.METHODS: ["http://schemas.microsoft.com/claims/multipleauthn"]},
            },
            True,
        ),
    ],
)
def test_without_a_second_factor_nobody_is_signed_in(
    client: Client, idp: Idp, provider: IdentityProvider, said: dict[str, Any], welcome: bool
) -> None:
    answer = walk_in(client, idp, provider, MAYA, **said)
    assert is_signed_in(client) is welcome
    assert welcome or "second factor" in answer.content.decode()


def test_a_service_that_always_asks_twice_need_not_say_so(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    IdentityProvider.objects.update(asks_twice=True)
    walk_in(client, idp, provider, MAYA, how=PASSWORD_ONLY)
    assert is_signed_in(client)


def test_a_patient_is_never_signed_in_by_it(cast: Cast, client: Client, idp: Idp, provider: IdentityProvider) -> None:
    User.objects.filter(id=cast.liz_user.id).update(email="liz@larkspur.example")
    assert walk_in(client, idp, provider, "liz@larkspur.example").status_code == 403
    assert not is_signed_in(client)


def test_who_is_invited_joins_by_it_and_an_account_that_is_there_is_not_taken_over(
    cast: Cast, client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    User.objects.filter(id=cast.liz_user.id).update(email="liz@larkspur.example")
    with cast.as_(cast.admin_user) as admin:
        for name in ("nina", "liz"):
            services.invite_staff(
                actor=admin, email=f"{name}@larkspur.example", name=name.title(), roles=[Role.COORDINATOR], link_to=str
            )
    taken = walk_in(client, idp, provider, "liz@larkspur.example")
    assert taken.status_code == 403 and "open the link of the invitation" in taken.content.decode()
    assert walk_in(client, idp, provider, "nina@larkspur.example").status_code == 302
    nina = User.objects.get(email="nina@larkspur.example")
    assert nina.memberships.get().roles == [Role.COORDINATOR] and not nina.has_usable_password()


def test_it_is_good_for_its_own_clinic_alone(cast: Cast, client: Client, idp: Idp, provider: IdentityProvider) -> None:
    other = cast.mallory_user.memberships.get().tenant
    Membership.objects.create(user=cast.maya_user, tenant=other, roles=[Role.CLINICIAN, Role.ADMINISTRATOR])
    walk_in(client, idp, provider, MAYA)
    assert client.get(HOME).status_code == 200
    assert client.get(f"/o/{other.slug}/staff/").status_code == 404
    for name in ("account_email", "account_change_password", "mfa_index"):
        assert client.get(reverse(name))["Location"] == reverse("portal:start")


# ------------------------------------------------------------------------------------------------ another browser's, used


def test_an_answer_is_taken_once(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    question = asks(client, provider)
    encoded = idp.answer(question, MAYA, id="_first")
    assert comes_back(client, provider, encoded).status_code == 302
    assert refused(provider, encoded) == "unasked"
    second = asks(client, provider)
    assert refused(provider, idp.answer(second, MAYA, id="_first")) == "used", "its assertion was taken before"
    assert refused(provider, idp.answer(question, MAYA)) == "unasked", "and its question is answered"


def test_it_is_fetched_once_and_by_the_browser_that_asked(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    """A stranger's page may bring an answer in anybody's browser; nobody is signed in as the stranger by that."""
    answer_id = single_sign_on.take_answer(provider, idp.answer(asks(client, provider), MAYA))
    page = f"{reverse('accounts:sso-finish', args=[provider.id])}?answer={answer_id}"
    other = Client()
    asks(other, provider)
    for somebody in (other, Client()):
        assert somebody.get(page).status_code == 502 and not is_signed_in(somebody)
    assert client.get(page).status_code == 302 and is_signed_in(client)
    client.post(reverse("account_logout"))
    assert client.get(page).status_code == 502 and not is_signed_in(client)


def test_it_is_fetched_at_once_or_not_at_all(
    client: Client, idp: Idp, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_id = single_sign_on.take_answer(provider, idp.answer(asks(client, provider), MAYA))
    SamlRequest.objects.update(answered_at=clock.now() - single_sign_on.FETCHED_WITHIN)
    page = client.get(reverse("accounts:sso-finish", args=[provider.id]), {"answer": answer_id})
    assert page.status_code == 502 and not is_signed_in(client)


def test_a_question_waits_a_quarter_of_an_hour(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    question = asks(client, provider)
    SamlRequest.objects.update(ends_at=clock.now())
    assert refused(provider, idp.answer(question, MAYA)) == "unasked"


def test_nobody_begins_at_the_service(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    question = asks(client, provider)
    unasked = Question("_never", question.issuer, question.answers_to, question.destination)
    assert refused(provider, idp.answer(unasked, MAYA)) == "unasked"
    document = idp.response(question, MAYA)
    del document.attrib["InResponseTo"]
    assert refused(provider, written(document)) == "unasked"
    assert client.get(reverse("accounts:sso-finish", args=[provider.id])).status_code == 502


# ------------------------------------------------------------------------------------------------ what is not believed


@pytest.mark.parametrize(
    "said",
    [
        {"minutes": -11},
        {"minutes": 11},
        {"audience": "https://another.example/metadata"},
        {"for_anybody": True},
        {"recipient": "https://another.example/acs"},
        {"recipient": "http://testserver/ingest/saml/x"},
        {"to": "https://another.example/acs"},
        {"confirms": "_another"},
        {"issuer": "http://localhost:9/another"},
        {"status": "AuthnFailed"},
        {"until": "2020-01-01T00:00:00Z"},
        {"signed": False},
        {"algorithm": "RSA_SHA1"},
    ],
    ids=str,
)
def test_what_an_honest_answer_would_not_say_is_refused(
    client: Client, idp: Idp, provider: IdentityProvider, said: dict[str, Any]
) -> None:
    assert refused(provider, idp.answer(asks(client, provider), MAYA, **said))


def test_an_address_that_only_begins_with_ours_is_not_ours(
    client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    question = asks(client, provider)
    longer = f"{question.answers_to}.another.example/"
    assert refused(provider, idp.answer(question, MAYA, recipient=longer)) == "recipient"
    assert refused(provider, idp.answer(question, MAYA, to=longer, recipient=question.answers_to)) == "destination"


def test_another_services_key_signs_nobody_in(client: Client, stranger: Idp, provider: IdentityProvider) -> None:
    assert refused(provider, stranger.answer(asks(client, provider), MAYA)) == "invalid"


def test_another_clinics_service_signs_nobody_in_here(
    cast: Cast, client: Client, idp: Idp, stranger: Idp, provider: IdentityProvider
) -> None:
    with cast.as_(cast.mallory_user, cast.northgate):
        theirs = IdentityProvider.objects.create(
            tenant=cast.northgate, protocol="saml", name="Theirs", issuer=stranger.name,
            sign_in_url=stranger.sign_in_url, certificates=stranger.certificate, domains=["larkspur.example"],
        )  # fmt: skip
    ours, at_theirs = asks(client, provider), asks(client, theirs)
    assert refused(provider, stranger.answer(at_theirs, MAYA)) == "unasked"
    mixed = Question(ours.id, at_theirs.issuer, at_theirs.answers_to, at_theirs.destination)
    assert refused(theirs, stranger.answer(mixed, MAYA)) == "unasked"
    assert refused(provider, stranger.answer(ours, MAYA)) == "invalid"
    answer = comes_back(client, theirs, stranger.answer(at_theirs, MAYA))
    assert answer.status_code == 403 and not is_signed_in(client), "Maya doesn't work for Northgate"
    answer_id = single_sign_on.take_answer(theirs, stranger.answer(asks(client, theirs), MAYA))
    page = client.get(reverse("accounts:sso-finish", args=[provider.id]), {"answer": answer_id})
    assert page.status_code == 502, "and what was answered to one clinic is not fetched at another"


def _find(document: Any, name: str) -> Any:
    return next(document.iter(f"{{{ASSERTION}}}{name}"))


def _evil(document: Any) -> Any:
    """Return a copy of the assertion that names somebody else and carries no signature."""
    evil = deepcopy(_find(document, "Assertion"))
    evil.remove(evil.find(f"{{{SIGNATURE}}}Signature"))
    evil.set("ID", "_evil")
    _find(evil, "AttributeValue").text = "admin@larkspur.example"
    return evil


def _altered(document: Any, idp: Idp) -> str:
    _find(document, "AttributeValue").text = "admin@larkspur.example"
    return written(document)


def _beside(document: Any, idp: Idp) -> str:
    document.insert(2, _evil(document))
    return written(document)


def _around(document: Any, idp: Idp) -> str:
    signed = _find(document, "Assertion")
    evil = _evil(document)
    document.replace(signed, evil)
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    extensions.append(signed)
    document.insert(1, extensions)
    return written(document)


def _within_the_signature(document: Any, idp: Idp) -> str:
    signed = _find(document, "Assertion")
    evil = _evil(document)
    signature = signed.find(f"{{{SIGNATURE}}}Signature")
    evil.insert(1, deepcopy(signature))
    place = etree.SubElement(evil.find(f"{{{SIGNATURE}}}Signature"), f"{{{SIGNATURE}}}Object")
    place.append(deepcopy(signed))
    document.replace(signed, evil)
    return written(document)


def _same_id(document: Any, idp: Idp) -> str:
    signed = _find(document, "Assertion")
    document.set("ID", signed.get("ID"))
    return written(document)


def _xml_id(document: Any, idp: Idp) -> str:
    signed = _find(document, "Assertion")
    document.find(f"{{{PROTOCOL}}}Status").set("{http://www.w3.org/XML/1998/namespace}id", signed.get("ID"))
    return written(document)


def _signed_response_alone(document: Any, idp: Idp) -> str:
    signed = _find(document, "Assertion")
    signed.remove(signed.find(f"{{{SIGNATURE}}}Signature"))
    idp.sign(document)
    return written(document)


def _two_references(document: Any, idp: Idp) -> str:
    reference = next(document.iter(f"{{{SIGNATURE}}}Reference"))
    reference.getparent().append(deepcopy(reference))
    return written(document)


def _another_transform(document: Any, idp: Idp) -> str:
    transform = next(document.iter(f"{{{SIGNATURE}}}Transform"))
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    return written(document)


def _weak_mac(document: Any, idp: Idp) -> str:
    next(document.iter(f"{{{SIGNATURE}}}SignatureMethod")).set(
        "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
    )
    return written(document)


def _encrypted(document: Any, idp: Idp) -> str:
    etree.SubElement(document, "{http://www.w3.org/2001/04/xmlenc#}EncryptedData")
    return written(document)


def _comment_in_address(document: Any, idp: Idp) -> str:
    return _raw(document, MAYA.encode(), b"maya.chen<!-- -->@larkspur.example")


def _comment_in_name(document: Any, idp: Idp) -> str:
    return _raw(document, b">of maya", b">of <!---->maya")


def _instruction(document: Any, idp: Idp) -> str:
    return _raw(document, b">of maya", b">of <?x y?>maya")


def _entity(document: Any, idp: Idp) -> str:
    text = b'<!DOCTYPE r [<!ENTITY who "admin">]>' + etree.tostring(document).replace(b">of maya", b">&who;")
    return base64.b64encode(text).decode()


def _many_entities(document: Any, idp: Idp) -> str:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<!DOCTYPE r [<!ENTITY l0 "lol">{laughs}]><r>&l9;</r>'
    return base64.b64encode(text.encode()).decode()


def _outside_entity(document: Any, idp: Idp) -> str:
    text = b'<!DOCTYPE r SYSTEM "http://localhost:9/x.dtd"><r/>'
    return base64.b64encode(text).decode()


def _raw(document: Any, before: bytes, after: bytes) -> str:
    text = etree.tostring(document)
    assert before in text
    return base64.b64encode(text.replace(before, after)).decode()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_altered, "invalid"),
        (_beside, "assertions"),
        (_around, "assertions"),
        (_within_the_signature, "assertions"),
        (_same_id, "ids"),
        (_xml_id, "ids"),
        (_signed_response_alone, "unsigned"),
        (_two_references, "signature"),
        (_another_transform, "algorithm"),
        (_weak_mac, "algorithm"),
        (_encrypted, "encrypted"),
        (_comment_in_address, "comment"),
        (_comment_in_name, "comment"),
        (_instruction, "comment"),
        (_entity, "doctype"),
        (_many_entities, "xml"),
        (_outside_entity, "doctype"),
    ],
)
def test_a_document_that_was_played_with_is_refused(
    client: Client, idp: Idp, provider: IdentityProvider, spoil: Callable[[Any, Idp], str], why: str
) -> None:
    question = asks(client, provider)
    assert refused(provider, spoil(idp.response(question, MAYA), idp)) == why
    assert comes_back(client, provider, idp.answer(question, MAYA)).status_code == 302, "an honest one is still taken"


@pytest.mark.parametrize("encoded", ["", "é", "not base64", "PHg+", "AAAA", "A" * (saml.LARGEST + 1)])
def test_what_is_no_answer_is_refused(provider: IdentityProvider, encoded: str) -> None:
    assert refused(provider, encoded)


def test_a_comment_never_makes_another_address_even_where_the_shape_is_not_looked_at(
    client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    """The toolkit by itself reads the whole of what was signed, not what stands before a comment."""
    question = asks(client, provider)
    signed = idp.response(question, "admin@larkspur.example.stranger.example", format=EMAIL)
    text = etree.tostring(signed).replace(b"larkspur.example.", b"larkspur.example<!-- -->.")
    answer = saml.Answer(base64.b64encode(text).decode(), question.id, _find(signed, "Assertion"))
    said = saml.believe(provider, answer, request_id=question.id, now=clock.now())
    assert said.email == "admin@larkspur.example.stranger.example"


# ------------------------------------------------------------------------------------------------ what is entered


def test_the_administrator_reads_what_to_enter_there(cast: Cast, idp: Idp, provider: IdentityProvider) -> None:
    assert (provider.issuer, provider.sign_in_url) == (idp.name, idp.sign_in_url)
    admin = sign_in(Client(), cast.admin_user)
    page = reverse("accounts:sso-detail", args=["larkspur", provider.id])
    shown = admin.get(page).content.decode()
    assert saml.answers_to(provider.id) in shown and saml.name_of_ours(provider.id) in shown
    told = Client().get(reverse("accounts:sso-metadata", args=[provider.id]))
    described = etree.fromstring(told.content)
    assert told["Content-Type"] == "application/samlmetadata+xml"
    assert described.get("entityID") == saml.name_of_ours(provider.id)
    service = next(described.iter("{urn:oasis:names:tc:SAML:2.0:metadata}AssertionConsumerService"))
    assert service.get("Location") == saml.answers_to(provider.id)
    assert (
        next(described.iter("{urn:oasis:names:tc:SAML:2.0:metadata}SPSSODescriptor")).get("WantAssertionsSigned")
        == "true"
    )


def test_the_three_things_can_be_entered_one_by_one_and_certificates_change_in_turn(
    cast: Cast, client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    admin, new = sign_in(Client(), cast.admin_user), Idp(idp.address)
    page = reverse("accounts:sso-detail", args=["larkspur", provider.id])
    entered = details(
        idp, metadata="", issuer=idp.name, sign_in_url=idp.sign_in_url, certificates=idp.certificate + new.certificate
    )
    assert admin.post(page, entered).status_code == 302
    provider.refresh_from_db()
    for each in (idp, new):
        walk_in(client, each, provider, MAYA)
        assert is_signed_in(client)
        client.post(reverse("account_logout"))
    assert admin.post(page, {**entered, "certificates": new.certificate}).status_code == 302
    provider.refresh_from_db()
    assert refused(provider, idp.answer(asks(client, provider), MAYA)) == "invalid"
    with cast.as_(cast.ingrid_user):
        changes = AuditEvent.objects.filter(action="accounts.identity-provider.change").values_list(
            "changes", flat=True
        )
        assert [each["certificates"] for each in changes] == [True, True]


BY_HAND = {"metadata": "", "issuer": "x", "certificates": "x", "sign_in_url": "https://a.example/"}


def _weak() -> str:
    return Idp("http://localhost:9", key=rsa.generate_private_key(65537, 1024)).certificate  # noqa: S505 - it is refused


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"metadata": ""}, "issuer", "fill this in"),
        ({"metadata": ""}, "certificates", "fill this in"),
        ({"metadata": "<x/>"}, "metadata", "describes no service"),
        ({"metadata": "no xml"}, "metadata", "describes no service"),
        ({"metadata": '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'}, "metadata", "describes no service"),
        (BY_HAND | {"sign_in_url": "javascript:x"}, "sign_in_url", "https"),
        (BY_HAND | {"sign_in_url": "http://a.example/"}, "sign_in_url", "https"),
        (BY_HAND | {"sign_in_url": "https://a..b/x"}, "sign_in_url", "https"),
        (BY_HAND, "certificates", "be read"),
        ({"domains": "not a domain!"}, "domains", "like clinic.example"),
    ],
)
def test_what_does_not_work_is_said_where_it_was_entered(
    cast: Cast, idp: Idp, changes: dict[str, str], field: str, words: str
) -> None:
    answer = sign_in(Client(), cast.admin_user).post(ADD, details(idp, **changes))
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert not IdentityProvider.objects.exists()


@pytest.mark.parametrize("make", [_weak, lambda: Idp("http://localhost:9", days=-1).certificate])
def test_a_weak_key_and_a_certificate_that_is_over_are_not_taken(cast: Cast, idp: Idp, make: Callable[[], str]) -> None:
    entered = details(idp, metadata="", issuer="x", sign_in_url="https://a.example", certificates=make())
    answer = sign_in(Client(), cast.admin_user).post(ADD, entered)
    assert answer.status_code == 422 and answer.context["form"].errors["certificates"]


def test_a_service_is_there_once_and_comes_back_after_it_was_ended(
    cast: Cast, idp: Idp, provider: IdentityProvider
) -> None:
    admin = sign_in(Client(), cast.admin_user)
    again = admin.post(ADD, details(idp, domains="b.example"))
    assert "has this service already" in str(again.context["form"].errors["issuer"])
    assert "Another service" in str(admin.post(ADD, details(idp)).context["form"].errors["domains"])
    admin.post(reverse("accounts:sso-end", args=["larkspur", provider.id]))
    assert admin.post(ADD, details(idp)).status_code == 302


@pytest.mark.parametrize("who", ["maya", "grace", "liz", "mallory"])
def test_only_administrators_of_the_clinic_see_and_change_it(
    cast: Cast, idp: Idp, provider: IdentityProvider, who: str
) -> None:
    client = sign_in(Client(), getattr(cast, f"{who}_user"))
    page = reverse("accounts:sso-detail", args=["larkspur", provider.id])
    assert {client.get(each).status_code for each in (ADD, page)} == {404}
    assert {client.post(each, details(idp)).status_code for each in (ADD, page)} == {404}


def test_a_service_that_is_ended_signs_nobody_in(
    cast: Cast, client: Client, idp: Idp, provider: IdentityProvider
) -> None:
    answer_id = single_sign_on.take_answer(provider, idp.answer(asks(client, provider), MAYA))
    sign_in(Client(), cast.admin_user).post(reverse("accounts:sso-end", args=["larkspur", provider.id]))
    page = client.get(reverse("accounts:sso-finish", args=[provider.id]), {"answer": answer_id})
    assert page.status_code == 404 and not is_signed_in(client), "even who was on the way"
    assert client.get(reverse("accounts:sso-begin", args=[provider.id])).status_code == 404


def test_where_saml_is_switched_off_such_a_service_signs_nobody_in(
    cast: Cast, client: Client, idp: Idp, provider: IdentityProvider, settings: Any
) -> None:
    settings.ENV = settings.ENV.model_copy(update={"saml": False})
    for name in ("sso-provider", "sso-begin", "sso-finish", "sso-metadata"):
        assert client.get(reverse(f"accounts:{name}", args=[provider.id])).status_code == 404
    assert client.post(reverse("accounts:sso"), {"email": MAYA}).status_code == 422
    admin = sign_in(Client(), cast.admin_user)
    assert "Not switched on" in admin.get(reverse("accounts:sso-list", args=["larkspur"])).content.decode()
    assert "WEBSIDE_SAML" in admin.get(ADD).content.decode()
    again = admin.post(ADD, details(idp, domains="b.example"))
    assert again.status_code == 422 and "doesn’t speak SAML yet" in again.content.decode()


def test_the_openid_connect_entrance_knows_no_service_that_speaks_saml(
    client: Client, provider: IdentityProvider
) -> None:
    back = client.get(reverse("openid_connect_callback", args=[provider.id]), {"code": "x", "state": "y"})
    assert back.status_code == 404


def test_another_host_of_this_installation_leads_to_the_one_that_the_service_knows(
    client: Client, provider: IdentityProvider, settings: Any
) -> None:
    settings.PUBLIC_URL = "http://localhost:1"
    begin = reverse("accounts:sso-begin", args=[provider.id])
    assert client.get(f"{begin}?next={HOME}")["Location"] == f"http://localhost:1{begin}?next={HOME}"
    assert not SamlRequest.objects.exists()


# ------------------------------------------------------------------------------------------------ over the wire


@pytest.fixture
def served(transactional_db: None, address: str, settings: Any) -> str:
    """The whole application, both lanes."""
    settings.PUBLIC_URL = address.rstrip("/")
    return str(settings.PUBLIC_URL)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_form_of_the_services_page_is_taken_without_a_session_and_leads_on(served: str, idp: Idp) -> None:
    from webside.testing.cast import make_cast

    cast = make_cast()
    User.objects.filter(id=cast.maya_user.id).update(email=MAYA)
    provider = IdentityProvider.objects.create(
        tenant=cast.larkspur, protocol="saml", name="Ours", issuer=idp.name, sign_in_url=idp.sign_in_url,
        certificates=idp.certificate, domains=["larkspur.example"],
    )  # fmt: skip
    acs = saml.answers_to(provider.id)
    with httpx.Client(base_url=served) as browser:
        begun = browser.get(reverse("accounts:sso-begin", args=[provider.id]))
        question = Idp.read(parse_qs(urlsplit(begun.headers["Location"]).query)["SAMLRequest"][0])
        assert question.answers_to == acs
        spoiled = idp.answer(question, MAYA, audience="x")
        for bad in ({"SAMLResponse": spoiled}, {"SAMLResponse": "x"}, {}, {str(n): "" for n in range(20)}):
            nothing = httpx.post(acs, data=bad)
            assert nothing.status_code == 303
            assert nothing.headers["Location"] == f"{served}{reverse('accounts:sso-finish', args=[provider.id])}"
        brought = httpx.post(
            acs, data={"SAMLResponse": idp.answer(question, MAYA), "RelayState": "https://evil.example"}
        )
        assert brought.status_code == 303 and "set-cookie" not in brought.headers
        page = browser.get(brought.headers["Location"])
        assert page.status_code == 302 and page.headers["Location"] == reverse("portal:start")
        assert browser.get(HOME).status_code == 200
    assert httpx.get(acs).status_code == 405
    unknown = re.sub(r"[0-9a-f]{12}$", "0" * 12, acs)
    assert httpx.post(unknown, data={"SAMLResponse": "x"}).status_code == 404
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_auditevent WHERE action = 'accounts.session.refuse'")
        assert cursor.fetchone() == (4,)


def test_who_only_guesses_fills_neither_the_trail_nor_the_memory(served: str, idp: Idp) -> None:
    from webside.accounts import lean
    from webside.testing.cast import make_cast

    provider = IdentityProvider.objects.create(
        tenant=make_cast().larkspur, protocol="saml", name="Ours", issuer=idp.name, sign_in_url=idp.sign_in_url,
        certificates=idp.certificate, domains=["larkspur.example"],
    )  # fmt: skip
    lean._guesses._by_who.clear()
    acs = saml.answers_to(provider.id)
    found = [httpx.post(acs, data={"SAMLResponse": "x"}).status_code for _ in range(lean.GUESSES + 5)]
    assert found[0] == 303 and found[-1] == 429
    large = httpx.post(acs, data={"SAMLResponse": "A" * (saml.LARGEST * 3)})
    assert large.status_code in (303, 429)
    lean._guesses._by_who.clear()


def test_the_time_of_an_answer_is_that_of_our_clock(client: Client, idp: Idp, provider: IdentityProvider) -> None:
    question = asks(client, provider)
    answer = saml.shape(idp.answer(question, MAYA))
    for later, right in ((timedelta(minutes=4), True), (timedelta(minutes=6), False)):
        try:
            saml.believe(provider, answer, request_id=question.id, now=clock.now() + later)
        except saml.Refused as refusal:
            assert not right and refusal.why == "late"
        else:
            assert right
