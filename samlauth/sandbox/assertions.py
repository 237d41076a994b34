"""SAML responses as Google issues them for AWS, signed with a key that exists for the rehearsal."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.builder import ElementMaker
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.signer import XMLSigner

ACS = "https://signin.aws.amazon.com/saml"
"""AWS's assertion consumer service: where the response is posted, and its audience."""
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"

_P = ElementMaker(namespace=SAMLP, nsmap={"saml2p": SAMLP})
_A = ElementMaker(namespace=SAML, nsmap={"saml2": SAML})
_FIVE_MINUTES = timedelta(minutes=5)


@dataclass(frozen=True)
class Statement:
    """What an identity provider says about a person, before it is signed."""

    issuer: str
    subject: str
    """The person's address, the response's NameID."""
    roles: tuple[str, ...]
    """The values of ``…/Attributes/Role``, each a comma-separated pair of ARNs."""
    issued: datetime
    """Aware, UTC."""
    role_session_name: str | None
    session_duration: int | None = None
    """Seconds, the attribute that AWS takes when the call names no duration."""
    session_not_on_or_after: datetime | None = None
    audience: str = ACS
    recipient: str = ACS
    not_before: timedelta = -_FIVE_MINUTES
    """From ``issued``, as Google does to forgive a slow clock."""
    lifetime: timedelta = _FIVE_MINUTES
    """From ``issued`` to both NotOnOrAfter."""

    def response(self) -> etree._Element:
        """The ``saml2p:Response``, not yet signed."""
        issued, assertion_id = _time(self.issued), _id()
        expires = _time(self.issued + self.lifetime)
        authn: dict[str, str] = {"AuthnInstant": issued, "SessionIndex": assertion_id}
        if self.session_not_on_or_after:
            authn["SessionNotOnOrAfter"] = _time(self.session_not_on_or_after)
        assertion = _A.Assertion(
            _A.Issuer(self.issuer),
            _A.Subject(
                _A.NameID(
                    self.subject,
                    Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
                ),
                _A.SubjectConfirmation(
                    _A.SubjectConfirmationData(NotOnOrAfter=expires, Recipient=self.recipient),
                    Method="urn:oasis:names:tc:SAML:2.0:cm:bearer",
                ),
            ),
            _A.Conditions(
                _A.AudienceRestriction(_A.Audience(self.audience)),
                NotBefore=_time(self.issued + self.not_before),
                NotOnOrAfter=expires,
            ),
            _A.AttributeStatement(*self._attributes()),
            _A.AuthnStatement(
                _A.AuthnContext(
                    _A.AuthnContextClassRef("urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified")
                ),
                **authn,
            ),
            ID=assertion_id,
            IssueInstant=issued,
            Version="2.0",
        )
        return _P.Response(
            _A.Issuer(self.issuer),
            _P.Status(_P.StatusCode(Value="urn:oasis:names:tc:SAML:2.0:status:Success")),
            assertion,
            Destination=self.recipient,
            ID=_id(),
            IssueInstant=issued,
            Version="2.0",
        )

    def _attributes(self) -> list[etree._Element]:
        values: dict[str, tuple[str, ...]] = {"Role": self.roles}
        if self.role_session_name is not None:
            values["RoleSessionName"] = (self.role_session_name,)
        if self.session_duration is not None:
            values["SessionDuration"] = (str(self.session_duration),)
        typed = {f"{{{_XSI}}}type": "xs:anyType"}
        return [
            _A.Attribute(
                *(
                    ElementMaker(
                        namespace=SAML,
                        nsmap={
                            "saml2": SAML,
                            "xs": "http://www.w3.org/2001/XMLSchema",
                            "xsi": _XSI,
                        },
                    ).AttributeValue(text, **typed)
                    for text in texts
                ),
                Name=ATTRIBUTES + name,
            )
            for name, texts in values.items()
        ]


@dataclass(frozen=True)
class Signer:
    """An identity provider's key (RSA-2048) and certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def certificate_pem(self) -> str:
        """The certificate as the provider's metadata would give it to AWS, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, statement: Statement) -> str:
        """The response in base64, its assertion signed (RSA-SHA256, exclusive c14n)."""
        response = statement.response()
        assertion = response.find(f"{{{SAML}}}Assertion")
        assert assertion is not None
        # The schema wants the signature right after Issuer; signxml puts it where this stands.
        assertion.insert(1, etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS}, Id="placeholder"))
        signed = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        ).sign(
            assertion,
            key=self.key,
            cert=[self.certificate],
            reference_uri="#" + str(assertion.get("ID")),
        )
        response.replace(assertion, signed)
        return base64.b64encode(
            etree.tostring(response, xml_declaration=True, encoding="UTF-8", standalone=False)
        ).decode()


@cache
def signer() -> Signer:
    """The identity provider's key and certificate, made once in a process."""
    return forged_signer()


def forged_signer() -> Signer:
    """A key of its own under the same name: what nobody trusts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "samlauth rehearsal"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Not Google"),
        ]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate)


def _id() -> str:
    return "_" + secrets.token_hex(16)


def _time(moment: datetime) -> str:
    """Google's way to write a time: milliseconds and ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
