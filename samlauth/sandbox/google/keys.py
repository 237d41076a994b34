"""The security keys a person registered, and whether an answer is one of theirs."""

from __future__ import annotations

import binascii
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN: Final = "https://accounts.google.com"
APP_ID: Final = "https://www.gstatic.com/securitykey/origins.json"
"""What Google's keys are registered for by U2F."""
RP_ID: Final = "google.com"
"""The same, by WebAuthn."""
ANSWER: Final = "id-assertion"
"""The field for a key's answer."""


@dataclass
class Registered:
    """One key that was registered."""

    credential: bytes
    name: str
    """What for: :data:`APP_ID` or :data:`RP_ID`."""
    public_key: ec.EllipticCurvePublicKey = field(repr=False)
    counter: int = 0
    """The highest one seen."""


class Refused(Exception):
    """An answer that proves nothing: why, a sentence."""


class SecurityKeys:
    """Those of one person. A challenge is good for one answer, right or wrong."""

    def __init__(self) -> None:
        self.registered: list[Registered] = []
        self.answers: list[str] = []
        """What came of each answer: why it was refused, or nothing for one that was right."""
        self._open: set[bytes] = set()

    def register(self, credential: bytes, name: str, point: bytes) -> None:
        """Accept a key from now on; ``point`` is its public key as X9.62 has it, uncompressed."""
        public_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        self.registered.append(Registered(credential, name, public_key))

    def challenge(self) -> bytes:
        """A new challenge."""
        challenge = secrets.token_bytes(32)
        self._open.add(challenge)
        return challenge

    def verify(self, challenge: bytes, answer: str) -> bool:
        """Whether the answer to that challenge is right: U2F's, or WebAuthn's, as JSON."""
        try:
            self._verify(challenge, answer)
        except Refused as refused:
            self.answers.append(str(refused))
            return False
        self.answers.append("")
        return True

    def _verify(self, challenge: bytes, text: str) -> None:
        if not text:
            raise Refused("No key answered.")
        if challenge not in self._open:
            raise Refused("The challenge was answered before.")
        self._open.discard(challenge)
        try:
            answer = json.loads(text)
            by_webauthn = "response" in answer
            signed = _webauthn(answer) if by_webauthn else _u2f(answer)
        except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
            raise Refused("The answer cannot be read.") from None
        key = next((k for k in self.registered if k.credential == signed.credential), None)
        if key is None:
            raise Refused("The key is not registered.")
        expected = {
            ("type" if by_webauthn else "typ"): (
                "webauthn.get" if by_webauthn else "navigator.id.getAssertion"
            ),
            "challenge": _base64(challenge),
            "origin": ORIGIN,
        }
        for name, value in expected.items():
            if signed.client_data.get(name) != value:
                raise Refused(f"The key signed for another {name}.")
        if signed.name != key.name or signed.data[:32] != sha256(key.name.encode()).digest():
            raise Refused("The key signed for another app.")
        if not signed.data[32] & 1:
            raise Refused("The key was not touched.")
        counter = int.from_bytes(signed.data[33:37])
        if counter <= key.counter:
            raise Refused("The counter did not go on.")
        message = signed.data + sha256(signed.raw).digest()
        try:
            key.public_key.verify(signed.signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Refused("The signature is not the key's.") from None
        key.counter = counter


@dataclass(frozen=True)
class _Signed:
    """What both standards have in their answers."""

    credential: bytes
    name: str
    raw: bytes
    client_data: dict[str, object]
    data: bytes
    """The hash of the name, flags, counter, and maybe more."""
    signature: bytes


def _u2f(answer: dict[str, str]) -> _Signed:
    """FIDO U2F JavaScript API §5.3, SignResponse; Raw Message Formats §5.4."""
    if answer.keys() != {"keyHandle", "clientData", "signatureData"}:
        raise ValueError("the members are others")
    raw, signature = _bytes(answer["clientData"]), _bytes(answer["signatureData"])
    if len(signature) < 5:
        raise ValueError("the data is short")
    data = sha256(APP_ID.encode()).digest() + signature[:5]
    return _Signed(_bytes(answer["keyHandle"]), APP_ID, raw, _members(raw), data, signature[5:])


def _webauthn(answer: dict[str, object]) -> _Signed:
    """WebAuthn §5.1.8, AuthenticationResponseJSON."""
    response, extensions = answer["response"], answer["clientExtensionResults"]
    if not isinstance(response, dict) or not isinstance(extensions, dict):
        raise TypeError("the members are others")
    if answer["id"] != answer["rawId"] or answer["type"] != "public-key":
        raise ValueError("the id is another")
    raw, data = _bytes(response["clientDataJSON"]), _bytes(response["authenticatorData"])
    if len(data) < 37:
        raise ValueError("the data is short")
    return _Signed(
        _bytes(str(answer["id"])),
        APP_ID if extensions.get("appid") is True else RP_ID,
        raw,
        _members(raw),
        data,
        _bytes(response["signature"]),
    )


def _members(raw: bytes) -> dict[str, object]:
    members = json.loads(raw)
    if not isinstance(members, dict):
        raise TypeError("no client data")
    return members


def u2f_request(challenge: bytes, credentials: tuple[bytes, ...]) -> str:
    """What a page of U2F has beside its challenge: lists, with the app's id in JSON of its own."""
    listed = [[_padded(credential) for credential in credentials], _padded(challenge)]
    return f"%.@.{json.dumps({'1': [*listed, 2, json.dumps({'appid': APP_ID})]})}]"


def webauthn_options(challenge: bytes, credentials: tuple[bytes, ...], seconds: float) -> str:
    """PublicKeyCredentialRequestOptionsJSON (WebAuthn §5.1.9)."""
    return json.dumps(
        {
            "challenge": _base64(challenge),
            "timeout": round(seconds * 1000),
            "rpId": RP_ID,
            "allowCredentials": [
                {"type": "public-key", "id": _base64(credential)} for credential in credentials
            ],
            "userVerification": "preferred",
            "extensions": {"appid": APP_ID},
        }
    )


def webauthn_request(options: str) -> str:
    """What a page has where its script reads the options."""
    return f"%.@.{json.dumps({'1': options})}]"


def script(options: str) -> str:
    """What has a browser ask the key, put its answer into the field, and go on."""
    return f"""<script>
const asked = PublicKeyCredential.parseRequestOptionsFromJSON({options});
navigator.credentials.get({{publicKey: asked}}).then(key => {{
  const [field] = document.getElementsByName("{ANSWER}");
  field.value = JSON.stringify(key.toJSON());
  field.form.submit();
}}, error => document.body.append(String(error)));
</script>"""


def _padded(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    if "=" in text:
        raise ValueError("unpadded is meant")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
