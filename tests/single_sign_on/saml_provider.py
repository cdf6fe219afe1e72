"""A SAML 2.0 identity provider for the tests, on this machine: it answers questions with assertions that it signs itself.

:class:`Idp` writes descriptions, reads questions (redirect binding) and signs answers; the tests take it alone to write
answers that no honest provider would. Run as ``python -m tests.single_sign_on.saml_provider PORT`` it is a site where
people sign in with the one password and are brought back by a form (POST binding). ``POST /control/`` (JSON) says which
installation it knows, and what it claims of somebody: those are the provider's own pages in the world.
"""

from __future__ import annotations

import base64
import html
import json
import sys
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PASSWORD = "one password for all"
PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
PASSWORD_ONLY = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
TWICE = "https://refeds.org/profile/mfa"
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"


@dataclass(frozen=True, slots=True)
class Question:
    """What an installation asked: its name, where it wants the answer, and what it called the question."""

    id: str
    issuer: str
    answers_to: str
    destination: str


@dataclass
class Idp:
    """A provider with a key of its own, at an address."""

    address: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    days: int = 30

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sign-in.example")])
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=60))
        made = made.not_valid_after(now + timedelta(days=self.days))
        self.certificate = made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        self.private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def name(self) -> str:
        """What it calls itself."""
        return f"{self.address}/metadata"

    @property
    def sign_in_url(self) -> str:
        """Where it is asked."""
        return f"{self.address}/sign-in?realm=staff&language=en"

    def metadata(self) -> str:
        """Describe itself."""
        bare = "".join(self.certificate.splitlines()[1:-1])
        return f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.name}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="{PROTOCOL}">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{SIGNATURE}"><ds:X509Data>
      <ds:X509Certificate>{bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
      Location="{html.escape(self.sign_in_url)}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>"""

    @staticmethod
    def read(encoded: str) -> Question:
        """Read a question of the redirect binding."""
        from lxml import etree

        found = etree.fromstring(zlib.decompress(base64.b64decode(encoded), -15))
        assert found.tag == f"{{{PROTOCOL}}}AuthnRequest", found.tag
        return Question(
            found.get("ID"), found.findtext(f"{{{ASSERTION}}}Issuer"), found.get("AssertionConsumerServiceURL"),
            found.get("Destination"),
        )  # fmt: skip

    def sign(self, element: Any, algorithm: str = "") -> None:
        """Sign an element as a whole, as it stands in its document."""
        import xmlsec

        template = xmlsec.template.create(
            element, xmlsec.Transform.EXCL_C14N, getattr(xmlsec.Transform, algorithm or "RSA_SHA256"), ns="ds"
        )
        element.insert(1, template)  # after the issuer, as the schema has it
        digest = xmlsec.Transform.SHA1 if algorithm == "RSA_SHA1" else xmlsec.Transform.SHA256
        reference = xmlsec.template.add_reference(template, digest, uri=f"#{element.get('ID')}")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
        xmlsec.tree.add_ids(element, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(self.private, xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_memory(self.certificate.encode(), xmlsec.KeyFormat.PEM)
        context.sign(template)

    def response(self, question: Question, email: str, **said: Any) -> Any:
        """Return an answer as a document, its assertion signed; what is ``said`` changes what an honest one holds."""
        from lxml import etree

        now = datetime.now(UTC) + timedelta(minutes=said.get("minutes", 0))
        values = {
            "issuer": self.name, "to": question.answers_to, "question": question.id, "audience": question.issuer,
            "recipient": question.answers_to, "confirms": question.id, "format": PERSISTENT, "subject": f"of {email}",
            "how": TWICE, "id": f"_{uuid4().hex}", "status": "Success", "confirmed": "",
            "now": _stamp(now), "until": _stamp(now + timedelta(minutes=5)),
        } | {name: value for name, value in said.items() if isinstance(value, str)}  # fmt: skip
        values = {name: html.escape(value) for name, value in values.items()}
        attributes = said.get("attributes", {MAIL: [email]})
        written = "".join(
            f'<saml:Attribute Name="{html.escape(name)}" NameFormat="{BASIC}">'
            + "".join(f"<saml:AttributeValue>{html.escape(each)}</saml:AttributeValue>" for each in found)
            + "</saml:Attribute>"
            for name, found in attributes.items()
        )
        if written:
            written = f"<saml:AttributeStatement>{written}</saml:AttributeStatement>"
        audience = "<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
        document = etree.fromstring(
            (
                '<samlp:Response xmlns:samlp="{protocol}" xmlns:saml="{assertion}" ID="_{answer}" Version="2.0"'
                ' IssueInstant="{now}" Destination="{to}" InResponseTo="{question}"><saml:Issuer>{issuer}</saml:Issuer>'
                '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>'
                '<saml:Assertion ID="{id}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer>'
                '<saml:Subject><saml:NameID Format="{format}">{subject}</saml:NameID>'
                '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
                '<saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{recipient}" InResponseTo="{confirms}"/>'
                '</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{now}" NotOnOrAfter="{until}">'
                + ("" if said.get("for_anybody") else audience)
                + '</saml:Conditions><saml:AuthnStatement AuthnInstant="{now}" SessionIndex="{id}"><saml:AuthnContext>'
                "<saml:AuthnContextClassRef>{how}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
                "{attributes}</saml:Assertion></samlp:Response>"
            ).format(protocol=PROTOCOL, assertion=ASSERTION, answer=uuid4().hex, attributes=written, **values)
        )
        if "qualifier" in said:
            next(document.iter(f"{{{ASSERTION}}}NameID")).set("SPNameQualifier", said["qualifier"])
        if said.get("signed", True):
            self.sign(document.find(f"{{{ASSERTION}}}Assertion"), said.get("algorithm", ""))
        return document

    def answer(self, question: Question, email: str, **said: Any) -> str:
        """Return an answer as its form carries it."""
        return written(self.response(question, email, **said))


def written(document: Any) -> str:
    """Return a document as a form carries it."""
    from lxml import etree

    return base64.b64encode(etree.tostring(document)).decode()


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# ------------------------------------------------------------------------------------------------ as a site

PAGE = """<!doctype html><html lang="en"><title>Sign-in of the clinic</title><main><h1>{title}</h1>
<form method="post" action="{action}">{fields}<button type="submit">{button}</button></form></main>{script}"""
ASKED = """<p>{problem}</p><input type="hidden" name="SAMLRequest" value="{question}">
<label>E-mail <input name="login" autocomplete="off"></label>
<label>Password <input name="password" type="password"></label>"""


class Site:
    """The provider's pages."""

    def __init__(self, idp: Idp) -> None:
        self.idp = idp
        self.known: dict[str, str] = {}
        self.claims: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        """Answer a request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        status, kind, text = self.page(environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"]), body)
        start(status, [("Content-Type", f"{kind}; charset=utf-8")])
        return [text.encode()]

    def page(self, path: str, query: dict[str, list[str]], body: str) -> tuple[str, str, str]:
        """Return a page: its status, kind and text."""
        if path == "/metadata":
            return "200 OK", "application/samlmetadata+xml", self.idp.metadata()
        if path == "/control/":
            said = json.loads(body)
            if "knows" in said:
                self.known[said["knows"]] = said["answers_to"]
            if "email" in said:
                self.claims[said["email"]] = said.get("claims", {})
            return "200 OK", "text/plain", "kept"
        if path != "/sign-in":
            return "404 Not Found", "text/plain", "nothing here"
        given = parse_qs(body) if body else query
        encoded = given.get("SAMLRequest", [""])[0]
        question = self.idp.read(encoded)
        if self.known.get(question.issuer) != question.answers_to or question.destination != self.idp.sign_in_url:
            return "403 Forbidden", "text/plain", f"nobody has told this service of {question}"
        email, password = (given.get(name, [""])[0] for name in ("login", "password"))
        if not body or password != PASSWORD or email not in self.claims:
            problem = "That is not right." if body else "Who are you?"
            fields = ASKED.format(problem=problem, question=html.escape(encoded))
            action = html.escape(self.idp.sign_in_url)
            return "200 OK", "text/html", PAGE.format(
                title="Sign-in of the clinic", action=action, fields=fields, button="Sign in", script=""
            )  # fmt: skip
        answer = self.idp.answer(question, email, **self.claims[email])
        fields = f'<input type="hidden" name="SAMLResponse" value="{answer}">'
        script = "<script>document.forms[0].submit()</script>"
        return "200 OK", "text/html", PAGE.format(
            title="Back to the clinic", action=html.escape(question.answers_to), fields=fields, button="Go on", script=script
        )  # fmt: skip


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until stopped; say so when ready."""
    port = int(sys.argv[1])
    with make_server("localhost", port, Site(Idp(f"http://localhost:{port}")), handler_class=Quiet) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
