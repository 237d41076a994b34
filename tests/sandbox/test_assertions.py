from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from lxml import etree
from signxml.exceptions import InvalidSignature
from signxml.verifier import XMLVerifier

from samlauth.sandbox.assertions import SAML, SAMLP, Statement, forged_signer, signer

NS = {"saml2": SAML, "saml2p": SAMLP}
STATEMENT = Statement(
    issuer="https://accounts.google.com/o/saml2?idpid=C01rehearsal",
    subject="ada@example.com",
    roles=("arn:one,arn:two", "arn:<three>&,arn:four"),
    issued=datetime(2026, 11, 21, 20, 0, 0, 5000, UTC),
    role_session_name="ada@example.com",
    session_duration=7200,
)


def read(encoded: str) -> etree._Element:
    return etree.fromstring(base64.b64decode(encoded, validate=True))


def test_the_assertion_is_signed_and_read_back() -> None:
    response = read(signer().sign(STATEMENT))
    signed = XMLVerifier().verify(response, x509_cert=signer().certificate_pem)
    assert not isinstance(signed, list)
    assert signed.signed_xml is not None
    assert signed.signed_xml.tag == f"{{{SAML}}}Assertion"
    values = signed.signed_xml.findall(".//saml2:AttributeValue", NS)
    assert [v.text for v in values] == [*STATEMENT.roles, "ada@example.com", "7200"]


def test_a_changed_role_breaks_the_signature() -> None:
    document = base64.b64decode(signer().sign(STATEMENT)).replace(b"arn:one", b"arn:0ne")
    with pytest.raises(InvalidSignature):
        XMLVerifier().verify(etree.fromstring(document), x509_cert=signer().certificate_pem)


def test_another_key_is_another_signer() -> None:
    with pytest.raises(InvalidSignature):
        XMLVerifier().verify(
            read(forged_signer().sign(STATEMENT)), x509_cert=signer().certificate_pem
        )


def test_times_and_places_have_googles_shape() -> None:
    response = read(signer().sign(STATEMENT))
    (assertion,) = response.findall("saml2:Assertion", NS)
    (conditions,) = assertion.findall("saml2:Conditions", NS)
    (confirmation,) = assertion.iterfind(".//saml2:SubjectConfirmationData", NS)
    assert response.get("Destination") == "https://signin.aws.amazon.com/saml"
    assert response.get("IssueInstant") == "2026-11-21T20:00:00.005Z"
    assert conditions.get("NotBefore") == "2026-11-21T19:55:00.005Z"
    assert conditions.get("NotOnOrAfter") == "2026-11-21T20:05:00.005Z"
    assert confirmation.get("NotOnOrAfter") == "2026-11-21T20:05:00.005Z"
    assert confirmation.get("Recipient") == "https://signin.aws.amazon.com/saml"
    assert assertion.findtext(".//saml2:Audience", namespaces=NS) == (
        "https://signin.aws.amazon.com/saml"
    )
    # The schema's order: the signature stands right after the issuer.
    assert [etree.QName(child).localname for child in assertion][:2] == ["Issuer", "Signature"]
