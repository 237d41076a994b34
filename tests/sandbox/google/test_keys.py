"""What proves that a security key answered, and what does not."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from samlauth.sandbox.google.keys import APP_ID, ORIGIN, RP_ID, SecurityKeys
from samlauth.sandbox.google.methods import Family
from samlauth.sandbox.google.pages import REFUSED
from samlauth.sandbox.rehearsal import Rehearsal
from tests.sandbox.browser import Browser
from tests.sandbox.google.test_second_steps import another_way

CREDENTIAL = bytes(range(64))


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(frozen=True)
class Hand:
    """A key worked by hand: each of its parts can be wrong."""

    keys: SecurityKeys
    private: ec.EllipticCurvePrivateKey
    webauthn: bool
    challenge: bytes
    credential: bytes = CREDENTIAL
    origin: str = ORIGIN
    name: str = ""
    kind: str = ""
    flags: int = 1
    counter: int = 7
    claims_app_id: bool = False

    def answer(self, signer: ec.EllipticCurvePrivateKey | None = None) -> str:
        name = self.name or (RP_ID if self.webauthn else APP_ID)
        kind = self.kind or ("webauthn.get" if self.webauthn else "navigator.id.getAssertion")
        client = json.dumps(
            {
                "type" if self.webauthn else "typ": kind,
                "challenge": b64(self.challenge),
                "origin": self.origin,
            }
        ).encode()
        data = sha256(name.encode()).digest() + bytes([self.flags]) + self.counter.to_bytes(4)
        signature = (signer or self.private).sign(
            data + sha256(client).digest(), ec.ECDSA(hashes.SHA256())
        )
        if not self.webauthn:
            return json.dumps(
                {
                    "keyHandle": b64(self.credential),
                    "clientData": b64(client),
                    "signatureData": b64(data[32:] + signature),
                }
            )
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(signature),
        }
        return json.dumps(
            {
                "id": b64(self.credential),
                "rawId": b64(self.credential),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {"appid": True} if self.claims_app_id else {},
            }
        )


def hand(webauthn: bool, name: str = "") -> Hand:
    keys, private = SecurityKeys(), ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys.register(CREDENTIAL, name or (RP_ID if webauthn else APP_ID), point)
    return Hand(keys, private, webauthn, keys.challenge())


both = pytest.mark.parametrize("webauthn", [True, False])


@both
def test_a_right_answer_is_right_once(webauthn: bool) -> None:
    it = hand(webauthn)
    answer = it.answer()
    assert it.keys.verify(it.challenge, answer)
    assert not it.keys.verify(it.challenge, answer)
    # Not even where the challenge were given out again.
    it.keys._open.add(it.challenge)
    assert not it.keys.verify(it.challenge, answer)
    assert it.keys.answers == [
        "",
        "The challenge was answered before.",
        "The counter did not go on.",
    ]


@both
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"challenge": bytes(32)}, "for another challenge"),
        ({"origin": "https://accounts.google.com.evil.example"}, "for another origin"),
        ({"origin": "http://accounts.google.com"}, "for another origin"),
        ({"kind": "webauthn.create"}, "for another typ"),
        ({"counter": 0}, "counter"),
        ({"flags": 0}, "not touched"),
        ({"credential": bytes(64)}, "not registered"),
    ],
)
def test_a_wrong_answer_is_refused(webauthn: bool, changed: dict[str, object], why: str) -> None:
    it = hand(webauthn)
    wrong = replace(it, **changed)  # type: ignore[arg-type]  # its own fields
    assert not it.keys.verify(it.challenge, wrong.answer())
    assert why in it.keys.answers[0]
    # The challenge is spent, and the key is as good as before.
    assert not it.keys.verify(it.challenge, it.answer())
    fresh = replace(it, challenge=it.keys.challenge())
    assert it.keys.verify(fresh.challenge, fresh.answer())


@both
def test_another_keys_signature_is_refused(webauthn: bool) -> None:
    it = hand(webauthn)
    other = ec.generate_private_key(ec.SECP256R1())
    assert not it.keys.verify(it.challenge, it.answer(other))
    assert "signature" in it.keys.answers[0]


def test_webauthn_may_name_the_app_that_u2f_knew() -> None:
    it = hand(True, APP_ID)
    right = replace(it, name=APP_ID, claims_app_id=True)
    assert it.keys.verify(it.challenge, right.answer())
    for wrong in (replace(right, claims_app_id=False), replace(right, name=RP_ID)):
        again = replace(wrong, challenge=it.keys.challenge(), counter=9)
        assert not it.keys.verify(again.challenge, again.answer())
        assert it.keys.answers[-1] == "The key signed for another app."


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[]", "7", "null", "no JSON", '{"response": {}}', '{"response": 7}',
        '{"keyHandle": "", "clientData": "", "signatureData": ""}',
        '{"keyHandle": 7, "clientData": "W10", "signatureData": "AAAAAAAAAA"}',
        '{"keyHandle": "AA", "clientData": "W10", "signatureData": "AAAAAAAAAA"}',
        '{"keyHandle": "AA==", "clientData": "e30", "signatureData": "AAAAAAAAAA"}',
    ],
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    it = hand(False)
    assert not it.keys.verify(it.challenge, text)
    assert it.keys.answers == ["The answer cannot be read."]


# The pages


@dataclass(frozen=True)
class Person:
    """In front of the page that asks for the key."""

    browser: Browser
    private: ec.EllipticCurvePrivateKey

    def answer(self, **changed: object) -> str:
        """What the key answers to the page."""
        google = self.browser.rehearsal.google
        (visit,) = google._visits._visits.values()
        assert visit.ticket is not None
        it = Hand(
            google.person.keys,
            self.private,
            self.browser.rehearsal.pages == "v3",
            visit.ticket.nonce,
        )
        return replace(it, **changed).answer()  # type: ignore[arg-type]  # its own fields

    def submit(self, answer: str) -> None:
        self.browser.submit("id-assertion", answer)


@pytest.fixture(params=["g2", "v3"])
def person(request: pytest.FixtureRequest) -> Iterator[Person]:
    pages: Family = request.param
    with Rehearsal(mfa="key", pages=pages) as rehearsal, Browser(rehearsal) as browser:
        it = hand(pages == "v3")
        rehearsal.person.keys.registered += it.keys.registered
        browser.open()
        browser.identify()
        browser.submit("Passwd", rehearsal.password)
        yield Person(browser, it.private)


def test_a_right_answer_signs_in(person: Person) -> None:
    person.submit(person.answer())
    assert person.browser.saml_response
    assert person.browser.rehearsal.person.keys.answers == [""]


def test_a_replay_signs_nobody_in(person: Person) -> None:
    of_this_page = person.answer()
    person.submit(person.answer(counter=0))
    assert REFUSED["key"] in person.browser.text
    person.submit(of_this_page)
    assert REFUSED["key"] in person.browser.text
    person.submit(person.answer())
    assert person.browser.saml_response
    assert person.browser.rehearsal.person.keys.answers == [
        "The counter did not go on.",
        "The key signed for another challenge.",
        "",
    ]


def test_the_menu_offers_keys_that_are_registered(person: Person) -> None:
    another_way(person.browser)
    if person.browser.rehearsal.pages == "g2":
        person.browser.send("challengeType", "2")
    else:
        person.browser.press("challenge", "10,undefined")
    person.submit(person.answer())
    assert person.browser.saml_response
    assert person.browser.rehearsal.violations == []
