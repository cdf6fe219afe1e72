"""What is said to a clinic's service in SAML 2.0, and what of its answers is believed. Knows no session and no database.

The toolkit (python3-saml, with xmlsec and lxml) checks the schema, the signature, the issuer and the times. It leaves to
an answer what it may leave out, takes an address that only begins rightly, and looks for what it reads in a document that
may hold more than was signed. So before it is asked, a document is refused that isn't one assertion, signed as a whole, in
one response, of plain elements; and afterwards what was signed must name us, our address and our question, each exactly.

The packages come with ``make saml``; nothing here is loaded before a service that speaks SAML is asked for.
Sources: OASIS saml-core-2.0-os, saml-profiles-2.0-os (4.1.4.3, what an answer must hold), saml-metadata-2.0-os.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings

from webside.accounts.models import IdentityProvider

LARGEST = 256 * 1024
"""Bytes of an answer or of a description. Real ones have under 20 kB."""
RSA_BITS = 2048

_PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
_ENCRYPTED = "{http://www.w3.org/2001/04/xmlenc#}"
_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_SIGNED_BY = frozenset(
    {
        f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha{bits}"
        for kind in ("rsa", "ecdsa")
        for bits in (256, 384, 512)
    }
)
_DIGESTED_BY = frozenset({
    "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
})  # fmt: skip
_TRANSFORMED_BY = frozenset({
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
})  # fmt: skip
"""saml-core-2.0-os, 5.4.3 and 5.4.4: these alone. What else XML signatures may do changes what is signed."""

ADDRESSES = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "mail",
    "email",
)
"""Attributes in which a service says the address, the first that is there counts: the LDAP profile's, Microsoft's, plain ones."""
CONFIRMED = ("http://schemas.auth0.com/email_verified", "email_verified")
METHODS = "http://schemas.microsoft.com/claims/authnmethodsreferences"
TWICE = frozenset({
    "https://refeds.org/profile/mfa",
    "http://schemas.microsoft.com/claims/multipleauthn",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
})  # fmt: skip
"""Ways of asking that are of two kinds: REFEDS MFA profile 1.2; saml-authn-context-2.0-os, 3.4; Microsoft's name for several."""


class Refused(ValueError):
    """An answer isn't believed; ``why`` is a word for the log, and nothing of the answer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class BadDescription(ValueError):
    """What was entered describes no service that signs people in."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says of somebody: ``subject`` is empty where the service calls them differently each time."""

    assertion_id: str
    subject: str
    email: str
    verified: bool
    twice: bool


@dataclass(frozen=True, slots=True)
class Description:
    """A service, as its metadata describe it."""

    issuer: str
    sign_in_url: str
    certificates: str


# ------------------------------------------------------------------------------------------------ what we are


def name_of_ours(provider_id: UUID) -> str:
    """Return what this installation is called at a service: the address of what it says of itself."""
    return f"{settings.PUBLIC_URL}/sso/{provider_id}/metadata/"


def answers_to(provider_id: UUID) -> str:
    """Return the address to which a service's answers are brought."""
    return f"{settings.PUBLIC_URL}/ingest/saml/{provider_id}"


def _toolkit(provider: IdentityProvider) -> Any:
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    signing = [_plain(each) for each in certificates_in(provider.certificates)]
    return OneLogin_Saml2_Settings({
        "strict": True,
        "debug": False,
        "sp": {
            "entityId": name_of_ours(provider.id),
            "assertionConsumerService": {"url": answers_to(provider.id), "binding": _POST},
            "NameIDFormat": _UNSPECIFIED,
        },
        "idp": {
            "entityId": provider.issuer,
            "singleSignOnService": {"url": escape(provider.sign_in_url), "binding": _REDIRECT},
            "x509certMulti": {"signing": signing},
        },
        "security": {
            "wantAssertionsSigned": True, "wantNameId": False, "wantAttributeStatement": False,
            "rejectDeprecatedAlgorithm": True, "allowRepeatAttributeName": True, "requestedAuthnContext": False,
            "allowSingleLabelDomains": True, "metadataCacheDuration": "P7D", "metadataValidUntil": "",
        },
    })  # fmt: skip


def describe(provider: IdentityProvider) -> bytes:
    """Return what a service wants to know of this installation (its metadata)."""
    told = _toolkit(provider).get_sp_metadata()
    return told if isinstance(told, bytes) else str(told).encode()


def question(provider: IdentityProvider) -> tuple[str, str]:
    """Return the id of a new question, and the address at which it is asked."""
    from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request

    request = OneLogin_Saml2_Authn_Request(_toolkit(provider))
    joint = "&" if urlsplit(provider.sign_in_url).query else "?"
    return request.get_id(), f"{provider.sign_in_url}{joint}{urlencode({'SAMLRequest': request.get_request()})}"


# ------------------------------------------------------------------------------------------------ what is answered


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is shaped as one must be. Nothing of it is believed yet."""

    encoded: str
    in_response_to: str
    assertion: Any


def shape(encoded: str) -> Answer:
    """Read an answer (base64 of the form's field). Raises :class:`Refused` unless it is of the one shape that is taken."""
    if len(encoded) > LARGEST:
        raise Refused("large")
    try:
        document = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("encoding") from error
    response = _parse(document)
    if response.tag != f"{_PROTOCOL}Response":
        raise Refused("response")
    elements = list(response.iter())
    if any(not isinstance(each.tag, str) for each in elements):
        raise Refused("comment")  # or an instruction: a name must not be read in two ways
    assertions = [each for each in elements if each.tag == f"{_ASSERTION}Assertion"]
    if any(each.tag.startswith(_ENCRYPTED) for each in elements):
        raise Refused("encrypted")  # nobody has a key of ours
    if len(assertions) != 1 or assertions[0].getparent() is not response:
        raise Refused("assertions")
    ids = [each.get("ID") for each in elements if each.get("ID") is not None]
    if len(set(ids)) != len(ids) or any(each.get(_XML_ID) is not None for each in elements):
        raise Refused("ids")
    signatures = [each for each in elements if each.tag == f"{_SIGNATURE}Signature"]
    if not any(each.getparent() is assertions[0] for each in signatures):
        raise Refused("unsigned")
    for each in signatures:
        _check_signature(each, (response, assertions[0]))
    return Answer(encoded, response.get("InResponseTo") or "", assertions[0])


def _parse(document: bytes) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("xml") from error
    tree = root.getroottree()
    if tree.docinfo.doctype or root.getprevious() is not None or root.getnext() is not None:
        raise Refused("doctype")
    return root


def _check_signature(signature: Any, owners: tuple[Any, ...]) -> None:
    """Refuse a signature over anything but the whole element that it stands in, or made by anything but what is safe."""
    owner = signature.getparent()
    references = list(signature.iter(f"{_SIGNATURE}Reference"))
    if not any(owner is each for each in owners) or len(references) != 1:
        raise Refused("signature")
    if references[0].get("URI") != f"#{owner.get('ID')}" or any(signature.iter(f"{_SIGNATURE}Object")):
        raise Refused("signature")
    used = {
        name: {each.get("Algorithm") for each in signature.iter(f"{_SIGNATURE}{name}")}
        for name in ("SignatureMethod", "DigestMethod", "Transform", "CanonicalizationMethod")
    }
    safe = (
        used["SignatureMethod"] <= _SIGNED_BY
        and used["DigestMethod"] <= _DIGESTED_BY
        and used["Transform"] | used["CanonicalizationMethod"] <= _TRANSFORMED_BY
    )
    if not safe:
        raise Refused("algorithm")


def believe(provider: IdentityProvider, answer: Answer, *, request_id: str, now: datetime) -> Said:
    """Return what a service says in its answer to a question of ours. Raises :class:`Refused` for anything else."""
    from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError

    try:
        response = _checked(provider, answer, request_id)
        _check_signed(provider, answer.assertion, request_id, now)
        return _said(response)
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        raise Refused("invalid") from error


def _checked(provider: IdentityProvider, answer: Answer, request_id: str) -> Any:
    from onelogin.saml2.response import OneLogin_Saml2_Response

    place = urlsplit(answers_to(provider.id))
    here = {"https": "on" if place.scheme == "https" else "off", "http_host": place.netloc, "script_name": place.path}
    response = OneLogin_Saml2_Response(_toolkit(provider), answer.encoded)
    if answer.in_response_to != request_id or not response.is_valid(here, request_id):
        raise Refused("invalid")
    if response.document.get("Destination") not in (None, answers_to(provider.id)):
        raise Refused("destination")
    return response


def _said(response: Any) -> Said:
    attributes: dict[str, list[str]] = {
        name: [each for each in values if isinstance(each, str)] for name, values in response.get_attributes().items()
    }
    name_id, kind = response.get_nameid() or "", response.get_nameid_format() or ""
    confirmed = [each for name in CONFIRMED for each in attributes.get(name, [])]
    used = {*response.get_authn_contexts(), *attributes.get(METHODS, [])}
    return Said(
        assertion_id=str(response.get_assertion_id()),
        subject=name_id if kind == _PERSISTENT else "",
        email=_address(attributes, name_id if kind != _PERSISTENT else ""),
        verified=all(each.strip().lower() in ("true", "1") for each in confirmed),
        twice=bool(TWICE & used),
    )


def _address(attributes: dict[str, list[str]], name_id: str) -> str:
    """Return the one address of an answer; none where it has several, of which each might be another person's."""
    for name in ADDRESSES:
        if name in attributes:
            found = set(attributes[name])
            return found.pop() if len(found) == 1 else ""
    return name_id if "@" in name_id else ""


def _check_signed(provider: IdentityProvider, assertion: Any, request_id: str, now: datetime) -> None:
    """Refuse an assertion that doesn't name us, our address and our question, or doesn't say until when (profiles, 4.1.4.2)."""
    issuers = [each.text for each in assertion.findall(f"{_ASSERTION}Issuer")]
    if issuers != [provider.issuer]:
        raise Refused("issuer")
    conditions = assertion.find(f"{_ASSERTION}Conditions")
    restrictions = [] if conditions is None else conditions.findall(f"{_ASSERTION}AudienceRestriction")
    ours = name_of_ours(provider.id)
    if not restrictions or any(
        ours not in [each.text for each in one.findall(f"{_ASSERTION}Audience")] for one in restrictions
    ):
        raise Refused("audience")
    confirmations = [
        each
        for each in assertion.findall(f"{_ASSERTION}Subject/{_ASSERTION}SubjectConfirmation")
        if each.get("Method") == _BEARER
    ]
    if len(confirmations) != 1 or (data := confirmations[0].find(f"{_ASSERTION}SubjectConfirmationData")) is None:
        raise Refused("confirmation")
    if data.get("Recipient") != answers_to(provider.id):
        raise Refused("recipient")
    if data.get("InResponseTo") != request_id:
        raise Refused("question")
    if not (until := _moment(data.get("NotOnOrAfter"))) or until <= now:
        raise Refused("late")


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


# ------------------------------------------------------------------------------------------------ what is entered


def certificates_in(text: str) -> list[x509.Certificate]:
    """Return the certificates of a text: PEM, one after the other, or the one bare base64 text of metadata.

    Raises :class:`BadDescription` where one can't be read, or its key is of no kind that signs here.
    """
    text = text.strip()
    if text and "-----BEGIN" not in text:
        text = f"-----BEGIN CERTIFICATE-----\n{''.join(text.split())}\n-----END CERTIFICATE-----\n"
    try:
        found = x509.load_pem_x509_certificates(text.encode()) if text else []
        keys = [each.public_key() for each in found]
    except Exception as error:
        raise BadDescription from error
    if not keys or not all(
        (isinstance(each, rsa.RSAPublicKey) and each.key_size >= RSA_BITS)
        or isinstance(each, ec.EllipticCurvePublicKey)
        for each in keys
    ):
        raise BadDescription
    return found


def pem(certificates: list[x509.Certificate]) -> str:
    """Return certificates as they are kept."""
    return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in certificates)


def is_address(given: str) -> bool:
    """Whether people can be led to an address: the toolkit asks no question at one that it can't read."""
    from onelogin.saml2.settings import validate_url

    return bool(validate_url(given, allow_single_label_domain=True))


def _plain(certificate: x509.Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def read_description(text: str) -> Description:
    """Read the metadata of a service. Raises :class:`BadDescription` where they describe none, or several."""
    from lxml import etree
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

    document = text.strip().encode()
    if len(document) > LARGEST:
        raise BadDescription
    try:
        root = _parse(document)
        services = list(root.iter("{urn:oasis:names:tc:SAML:2.0:metadata}IDPSSODescriptor"))
        found = OneLogin_Saml2_IdPMetadataParser.parse(etree.tostring(root), required_sso_binding=_REDIRECT).get(
            "idp", {}
        )
    except (Refused, ValueError, KeyError, etree.LxmlError) as error:
        raise BadDescription from error
    several = found.get("x509certMulti", {}).get("signing") or [found.get("x509cert", "")]
    address = found.get("singleSignOnService", {}).get("url", "")
    if len(services) != 1 or not found.get("entityId") or not address or not all(several):
        raise BadDescription
    certificates = [each for one in several for each in certificates_in(one)]
    return Description(issuer=found["entityId"], sign_in_url=address, certificates=pem(certificates))
