"""The security keys that are plugged in, by python-fido2: this module and its connections load it.

U2F's own messages (CTAP1) go to keys that know them where a credential was registered by U2F, all
else is CTAP2. A credential is looked for without a touch first, so that only keys that can answer
blink, and one that cannot is told from one nobody touched.
"""

from __future__ import annotations

import json
import struct
import time
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from secrets import token_bytes
from threading import Event
from typing import Any, Final, Literal

from fido2 import hid
from fido2.ctap import STATUS, CtapError
from fido2.ctap1 import APDU, ApduError, Ctap1
from fido2.ctap2.base import Ctap2, Info
from fido2.ctap2.pin import ClientPin
from fido2.hid.base import CtapHidConnection, HidDescriptor
from fido2.rpid import verify_rp_id

from samlauth.challenges import AssertionRequest, AuthenticatorAssertion
from samlauth.effects.security_key.connection import Connection
from samlauth.printable import safe

Reason = Literal["removed", "denied", "blocked", "wrong key", "timed out"]

_ERR = CtapError.ERR
_U2F_HANDLE: Final = 255
"""Bytes a key handle has at most (FIDO U2F Raw Message Formats §5.1)."""
_POLL: Final = 0.2
"""Seconds between two questions to a U2F key whether it was touched: it does not say by itself."""
_PATIENCE: Final = 3.0
"""Seconds for what needs no touch."""
_PATIENCE_OVER: Final = (_ERR.USER_ACTION_TIMEOUT, _ERR.ACTION_TIMEOUT, _ERR.KEEPALIVE_CANCEL)
"""How a key says that nobody touched it in time: its own patience is shorter than a page's."""
_FAULTS = (OSError, struct.error, hid.ConnectionFailure, ValueError, TypeError, KeyError)
"""What reading from a key that is being pulled out ends in, or from one that answers nonsense."""


class KeyFailed(Exception):
    """A key that gives no answer: why, a sentence, and what to do next."""

    def __init__(self, reason: Reason, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.reason: Reason = reason
        self.message = message
        self.hint = hint


class WrongPin(Exception):
    """The PIN was wrong; ``tries`` are left before the key blocks itself."""

    def __init__(self, tries: int) -> None:
        super().__init__(f"{tries} tries left")
        self.tries = tries


@dataclass(frozen=True)
class Match:
    """Credentials of a request that a key has."""

    rp: str
    """What they were registered for: an RP's id or an app's."""
    by_app_id: bool
    credentials: tuple[bytes, ...]
    """One; all of the request where the key says nothing before it knows its owner."""
    by_u2f: bool


@dataclass(frozen=True)
class Registration:
    """A credential that a key has just made."""

    credential: bytes
    name: str
    """What for: the RP's id or the app's."""
    point: bytes
    """Its public key, uncompressed as X9.62 has it."""


def is_for(request: AssertionRequest, origin: str) -> bool:
    """Whether a page of that origin may ask in the name of the request's RP (WebAuthn §5.1.4.1)."""
    return not request.rp_id or verify_rp_id(request.rp_id, origin)


@contextmanager
def plugged_in() -> Iterator[list[Key]]:
    """The keys that can be talked to, until the end of the block."""
    keys: list[Key] = []
    try:
        # python-fido2 has no types for what differs by platform.
        for descriptor in hid.list_descriptors():  # type: ignore[no-untyped-call]  # see above
            with suppress(*_FAULTS):
                connection: CtapHidConnection = hid.open_connection(descriptor)  # type: ignore[no-untyped-call]  # see above
                keys.append(Key(descriptor, Connection(connection)))
        yield keys
    finally:
        for key in keys:
            key.close()


class _Patience(Event):
    """An event that happens by itself, when its time is over.

    Asking raises TimeoutError when it is long over: a key that was told to stop goes on regardless.
    """

    def __init__(self) -> None:
        super().__init__()
        self._until = time.monotonic() + _PATIENCE

    def is_set(self) -> bool:
        late = time.monotonic() - self._until
        if late > _PATIENCE:
            raise TimeoutError
        return super().is_set() or late >= 0

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        return self.is_set()


class _Device(hid.CtapHidDevice):
    """A device that is not waited for without end while it is busy with another program."""

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        return super().call(cmd, data, event or _Patience(), on_keepalive)


class Key:
    """One security key. Its methods raise KeyFailed."""

    def __init__(self, descriptor: HidDescriptor, connection: CtapHidConnection) -> None:
        self._descriptor = descriptor
        self._connection = connection

    # The first thing a key is told is that somebody is there, the second to say what it can do; and it
    # may not answer.

    @cached_property
    def _device(self) -> _Device:
        return _Device(self._descriptor, self._connection)

    @cached_property
    def _ctap1(self) -> Ctap1 | None:
        can = hid.CAPABILITY(self._device.capabilities)
        return None if hid.CAPABILITY.NMSG in can else Ctap1(self._device)

    @cached_property
    def _ctap2(self) -> Ctap2 | None:
        can = hid.CAPABILITY(self._device.capabilities)
        return Ctap2(self._device) if hid.CAPABILITY.CBOR in can else None

    @property
    def name(self) -> str:
        """What it says it is, fit to print."""
        return safe(self._descriptor.product_name or "a security key", 60)

    def close(self) -> None:
        """Let go of it."""
        with suppress(*_FAULTS):
            self._connection.close()

    def find(self, request: AssertionRequest) -> Match | None:
        """What of the request it has, without a touch."""
        with _explained(self.name):
            for rp, by_app_id in ((request.rp_id, False), (request.app_id, True)):
                if rp and (match := self._find(rp, by_app_id, request)):
                    return match
            return None

    def needs_pin(self, match: Match, request: AssertionRequest) -> bool:
        """Whether its owner's PIN has to be asked for. A finger on its own reader spares that.

        Raises KeyFailed when it has to know its owner and cannot.
        """
        if match.by_u2f or self._ctap2 is None:
            return False
        options = self._ctap2.info.options
        wanted = request.user_verification
        can = bool(options.get("uv") or options.get("clientPin"))
        if wanted == "required" and not can:
            raise KeyFailed(
                "wrong key",
                f"The page wants a key that knows its owner, and {self.name} has no PIN yet.",
                "Give it one with the program of its maker, or use another key.",
            )
        must = wanted == "required" or bool(options.get("alwaysUv"))
        return can and (must or wanted == "preferred") and not options.get("uv")

    def unlock(self, match: Match, pin: str) -> tuple[ClientPin, bytes]:
        """What its owner's PIN opens. Raises WrongPin, and KeyFailed when there are no tries left."""
        assert self._ctap2 is not None, "only such a key needs a PIN"
        with _explained(self.name):
            client = ClientPin(self._ctap2)
            try:
                normal = unicodedata.normalize("NFC", pin)  # CTAP 2.1 §6.5.1
                token = client.get_pin_token(normal, ClientPin.PERMISSION.GET_ASSERTION, match.rp)
            except CtapError as error:
                if error.code in (_ERR.PIN_INVALID, _ERR.PIN_AUTH_INVALID):
                    tries, _ = client.get_pin_retries()
                    if tries:
                        raise WrongPin(tries) from None
                    raise CtapError(_ERR.PIN_BLOCKED) from None
                raise
            return client, token

    def sign(
        self,
        match: Match,
        request: AssertionRequest,
        origin: str,
        unlocked: tuple[ClientPin, bytes] | None,
        cancelled: Event,
    ) -> AuthenticatorAssertion | None:
        """The answer, once it was touched; None when it was ``cancelled``."""
        data = client_data(request, origin)
        with _explained(self.name):
            if match.by_u2f:
                return self._sign_by_u2f(match, data, cancelled)
            while not cancelled.is_set():
                try:
                    return self._sign(match, request, data, cancelled, unlocked)
                except CtapError as error:
                    if error.code not in _PATIENCE_OVER:
                        raise
                    cancelled.wait(_POLL)
            return None

    def select(self, cancelled: Event) -> bool:
        """Whether it was touched, as a person does to say which key they mean; not if ``cancelled``.

        It gives nothing away: who its owner is remains to be proven.
        """
        assert self._ctap2 is not None, "only a key with a PIN has to be chosen first"
        with _explained(self.name):
            while not cancelled.is_set():
                try:
                    if "FIDO_2_1" in self._ctap2.info.versions:
                        self._ctap2.selection(event=cancelled)
                    else:
                        self._select_by_a_credential(cancelled)
                except CtapError as error:
                    if error.code not in _PATIENCE_OVER:
                        raise
                    cancelled.wait(_POLL)
                else:
                    return True
            return False

    def _select_by_a_credential(self, cancelled: Event) -> None:
        """Ask for a credential by an empty PIN: none is made (CTAP 2.0 §5.1, the first step)."""
        assert self._ctap2 is not None
        try:
            self._ctap2.make_credential(
                bytes(32),
                {"id": "example.com", "name": "example.com"},
                {"id": b"nobody", "name": "nobody"},
                [{"type": "public-key", "alg": -7}],
                pin_uv_param=b"",
                event=cancelled,
            )
        except CtapError as error:
            if error.code not in (_ERR.PIN_NOT_SET, _ERR.PIN_INVALID, _ERR.PIN_AUTH_INVALID):
                raise

    def register(self, app_id: str, rp_id: str, cancelled: Event) -> Registration | None:
        """A new credential, once it was touched; None when it was ``cancelled``."""
        with _explained(self.name):
            if self._ctap1 is None:
                assert self._ctap2 is not None, "a key knows one of the two"
                made = self._ctap2.make_credential(
                    token_bytes(32),
                    {"id": rp_id, "name": rp_id},
                    {"id": token_bytes(16), "name": "rehearsal"},
                    [{"type": "public-key", "alg": -7}],
                    event=cancelled,
                )
                data = made.auth_data.credential_data
                assert data is not None, "it was asked for"
                point = b"\x04" + data.public_key[-2] + data.public_key[-3]
                return Registration(data.credential_id, rp_id, point)
            while not cancelled.is_set():
                try:
                    it = self._ctap1.register(token_bytes(32), _hash(app_id))
                except ApduError as error:
                    if error.code != APDU.USE_NOT_SATISFIED:
                        raise
                    cancelled.wait(_POLL)
                else:
                    return Registration(it.key_handle, app_id, it.public_key)
            return None

    def _find(self, rp: str, by_app_id: bool, request: AssertionRequest) -> Match | None:
        u2f = self._ctap1 if by_app_id or self._ctap2 is None else None
        if u2f is not None and request.user_verification == "required":
            u2f = None  # which knows no owners
        if u2f is None and self._ctap2 is None:
            return None
        for credential in request.allow_credentials:
            if u2f is not None:
                if self._has_by_u2f(u2f, rp, credential):
                    return Match(rp, by_app_id, (credential,), by_u2f=True)
                continue
            assert self._ctap2 is not None
            longest = self._ctap2.info.max_cred_id_length
            if longest and len(credential) > longest:
                continue
            try:
                self._ctap2.get_assertion(
                    rp, bytes(32), [_descriptor(credential)], options={"up": False}
                )
            except CtapError as error:
                if error.code == _ERR.PUAT_REQUIRED:
                    return Match(rp, by_app_id, request.allow_credentials, by_u2f=False)
                if error.code not in (
                    _ERR.NO_CREDENTIALS,
                    _ERR.INVALID_CREDENTIAL,
                    _ERR.UNSUPPORTED_OPTION,
                    _ERR.INVALID_OPTION,
                    _ERR.LIMIT_EXCEEDED,
                ):
                    raise
            else:
                return Match(rp, by_app_id, (credential,), by_u2f=False)
        return None

    @staticmethod
    def _has_by_u2f(u2f: Ctap1, rp: str, handle: bytes) -> bool:
        if len(handle) > _U2F_HANDLE:
            return False
        try:
            u2f.authenticate(bytes(32), _hash(rp), handle, check_only=True)
        except ApduError as error:
            # "A touch is missing" is how a key says that it knows the handle (§5.1).
            return error.code == APDU.USE_NOT_SATISFIED
        return True

    def _sign_by_u2f(
        self, match: Match, data: bytes, cancelled: Event
    ) -> AuthenticatorAssertion | None:
        assert self._ctap1 is not None
        (handle,) = match.credentials
        while not cancelled.is_set():
            try:
                signed = self._ctap1.authenticate(sha256(data).digest(), _hash(match.rp), handle)
            except ApduError as error:
                if error.code != APDU.USE_NOT_SATISFIED:
                    raise
                cancelled.wait(_POLL)
            else:
                return AuthenticatorAssertion(
                    handle, data, _hash(match.rp) + signed[:5], signed[5:], match.by_app_id
                )
        return None

    def _sign(
        self,
        match: Match,
        request: AssertionRequest,
        data: bytes,
        cancelled: Event,
        unlocked: tuple[ClientPin, bytes] | None,
    ) -> AuthenticatorAssertion:
        assert self._ctap2 is not None
        digest = sha256(data).digest()
        own = _own_check(self._ctap2.info, request) if unlocked is None else None
        client, token = unlocked or (None, b"")
        answer = self._ctap2.get_assertion(
            match.rp,
            digest,
            [_descriptor(credential) for credential in match.credentials],
            options=own,
            pin_uv_param=client.protocol.authenticate(token, digest) if client else None,
            pin_uv_protocol=client.protocol.VERSION if client else None,
            event=cancelled,
        )
        # With one credential asked for, a key may leave out which it was.
        named = (answer.credential or {}).get("id", match.credentials[0])
        user = (answer.user or {}).get("id", b"")
        return AuthenticatorAssertion(
            bytes(named), data, bytes(answer.auth_data), answer.signature, match.by_app_id, user
        )


def client_data(request: AssertionRequest, origin: str) -> bytes:
    """What is signed for, as a browser would have it: WebAuthn §5.8.1.1, or U2F's older form."""
    challenge = urlsafe_b64encode(request.challenge).decode().rstrip("=")
    if request.rp_id:
        said: dict[str, object] = {
            "type": "webauthn.get", "challenge": challenge, "origin": origin, "crossOrigin": False
        }  # fmt: skip
    else:
        said = {"typ": "navigator.id.getAssertion", "challenge": challenge, "origin": origin}
    return json.dumps(said, separators=(",", ":")).encode()


def _own_check(info: Info, request: AssertionRequest) -> dict[str, bool] | None:
    """The option that has the key check its owner by itself."""
    has = info.options.get("uv")
    return {"uv": True} if has and request.user_verification != "discouraged" else None


def _descriptor(credential: bytes) -> dict[str, Any]:
    return {"type": "public-key", "id": credential}


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turns what the device or python-fido2 raises into KeyFailed."""
    try:
        yield
    except CtapError as error:
        raise _failed(error, name) from None
    except TimeoutError:
        raise KeyFailed(
            "removed", f"{name} does not answer.", "Pull it out and put it in again."
        ) from None
    except (ApduError, *_FAULTS):
        raise KeyFailed(
            "removed",
            f"{name} was pulled out, or no longer answers.",
            "Put it in again.",
        ) from None


def _failed(error: CtapError, name: str) -> KeyFailed:
    match error.code:
        case _ERR.PIN_BLOCKED:
            return KeyFailed(
                "blocked",
                f"{name} is blocked: its PIN was wrong too often.",
                "It has to be reset, which makes it forget its accounts; use another key.",
            )
        case _ERR.PIN_AUTH_BLOCKED:
            return KeyFailed(
                "blocked",
                f"{name} takes no more PINs for now: three were wrong.",
                "Pull it out and put it in again.",
            )
        case _ERR.UV_BLOCKED | _ERR.UV_INVALID:
            return KeyFailed(
                "denied", f"{name} did not know your finger.", "Try again, or use another key."
            )
        case _ERR.OPERATION_DENIED | _ERR.NOT_ALLOWED:
            return KeyFailed(
                "denied", f"{name} said no.", "Try again, and touch it when it blinks."
            )
        case _ERR.CHANNEL_BUSY:
            return KeyFailed(
                "denied",
                f"{name} is in use by another program, such as a browser that asks for it.",
                "Answer or close that first.",
            )
        case _ERR.PUAT_REQUIRED:
            # Signing asks for it before; a rehearsal that registers a key does not.
            return KeyFailed(
                "wrong key",
                f"{name} wants its PIN, which is not asked for here.",
                "Use another key.",
            )
        case _ERR.NO_CREDENTIALS | _ERR.INVALID_CREDENTIAL:
            return KeyFailed("wrong key", f"{name} does not know this account.", "Use another key.")
        case code:
            return KeyFailed(
                "removed",
                f"{name} did not do what it was asked (CTAP error {int(code):#04x}).",
                "Pull it out and put it in again.",
            )
