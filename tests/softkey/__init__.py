"""A security key in software, which speaks 64-byte CTAPHID packets behind an unmodified python-fido2.

U2F (FIDO U2F Raw Message Formats) and CTAP2 with PINs (CTAP 2.1), touch, keepalives and cancelling. All
it knows is in a file, so that one process registers it and another uses it; and beside that lies a
second file with what a person's hands do to it: plug it in, touch it, refuse.
"""

from __future__ import annotations

import errno
import hmac
import json
import os
import queue
import secrets
import struct
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor, hid
from fido2.ctap2.pin import PinProtocolV1
from fido2.hid.base import CtapHidConnection, HidDescriptor

Touch = Literal["no", "yes", "deny", "busy", "silent", "endless"]
"""``busy`` with another program; ``silent``: it takes packets and sends none; ``endless``: it says that
it is at work, whatever it is told."""

PACKET = 64
_INIT, _MSG, _CBOR, _CANCEL, _PING, _ERROR, _KEEPALIVE = 0x06, 0x03, 0x10, 0x11, 0x01, 0x3F, 0x3B
_WINK_CBOR, _NO_MSG = 0x04, 0x08
_TRIES, _IN_A_ROW = 8, 3
_ANOTHERS = (b"\0\0\0\x09" + bytes([0x80 | _KEEPALIVE, 0, 1, 2])).ljust(PACKET, b"\0")
"""What the key has to say to another program: Linux shows it to everybody."""
_KEEPALIVE_EVERY = 0.02


@dataclass(frozen=True)
class Kind:
    """What a key can do."""

    name: str = "SoftKey"
    u2f: bool = True
    ctap2: bool = True
    pin: str = ""
    """Empty for a key that has none."""
    always_uv: bool = False
    selects: bool = False
    """Whether it can be told from others by a touch (CTAP 2.1 §6.9); older ones have a way round."""


@dataclass
class Memory:
    """What a key remembers."""

    kind: Kind
    counter: int = 0
    credentials: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Id, to the hash of whom it is for and the private key; hexadecimal and PEM."""
    tries: int = _TRIES
    in_a_row: int = 0


class SoftKey:
    """One key: its file, and the hands on it."""

    def __init__(self, path: Path, kind: Kind | None = None) -> None:
        self.path = path
        self._hands = path.with_suffix(".hands")
        if kind is not None:
            self.keep(Memory(kind))
            self.hold(plugged=True, touch="no")

    @property
    def memory(self) -> Memory:
        known = json.loads(self.path.read_text())
        return Memory(**{**known, "kind": Kind(**known["kind"])})

    def keep(self, memory: Memory) -> None:
        _write(self.path, asdict(memory))

    @property
    def plugged(self) -> bool:
        return bool(json.loads(self._hands.read_text())["plugged"])

    @property
    def touched(self) -> Touch:
        touch: Touch = json.loads(self._hands.read_text())["touch"]
        return touch

    def hold(self, *, plugged: bool | None = None, touch: Touch | None = None) -> None:
        """What a person does to it."""
        held = {"plugged": True, "touch": "no"}
        if self._hands.exists():
            held = json.loads(self._hands.read_text())
        if plugged is not None:
            held["plugged"] = plugged
            self.keep(replace(self.memory, in_a_row=0))  # it has no current to remember them by
        if touch is not None:
            held["touch"] = touch
        _write(self._hands, held)

    # What it does

    def register(self, for_hash: bytes) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
        credential, key = secrets.token_bytes(64), ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        memory = self.memory
        memory.credentials[credential.hex()] = (for_hash.hex(), pem.decode())
        self.keep(memory)
        return credential, key

    def find(self, credential: bytes, for_hash: bytes) -> ec.EllipticCurvePrivateKey | None:
        owner, pem = self.memory.credentials.get(credential.hex(), ("", ""))
        if owner != for_hash.hex():
            return None
        key = serialization.load_pem_private_key(pem.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key

    def count(self) -> bytes:
        memory = self.memory
        memory.counter += 1
        self.keep(memory)
        return struct.pack(">I", memory.counter)


def _write(path: Path, value: object) -> None:
    """At once, for another process is reading."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    new.write_text(json.dumps(value))
    new.replace(path)


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _public(key: ec.EllipticCurvePrivateKey) -> dict[int, Any]:
    """The public key as COSE has it (RFC 9053 §7.1)."""
    numbers = key.public_key().public_numbers()
    return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}


class _Refused(Exception):
    """A status other than success."""

    def __init__(self, status: int) -> None:
        super().__init__(hex(status))
        self.status = status


class U2F:
    """CTAP1: what a raw message is answered by."""

    def __init__(self, key: SoftKey) -> None:
        self._key = key

    def answer(self, message: bytes) -> bytes:
        command, how = message[1], message[2]
        (length,) = struct.unpack(">H", message[5:7])
        data = message[7 : 7 + length]
        try:
            match command:
                case 3:
                    return b"U2F_V2\x90\x00"
                case 1:
                    return self._register(data) + b"\x90\x00"
                case 2:
                    return self._authenticate(data, check_only=how == 7) + b"\x90\x00"
                case _:
                    raise _Refused(0x6D00)
        except _Refused as refused:
            return struct.pack(">H", refused.status)

    def _register(self, data: bytes) -> bytes:
        self._need_touch()
        challenge, app = data[:32], data[32:64]
        handle, key = self._key.register(app)
        point = key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        signed = _sign(key, b"\0" + app + challenge + handle + point)
        return b"\x05" + point + bytes([len(handle)]) + handle + _certificate(key) + signed

    def _authenticate(self, data: bytes, *, check_only: bool) -> bytes:
        challenge, app, handle = data[:32], data[32:64], data[65 : 65 + data[64]]
        key = self._key.find(handle, app)
        if key is None:
            raise _Refused(0x6A80)
        if check_only:
            raise _Refused(0x6985)
        self._need_touch()
        presence = b"\x01" + self._key.count()
        return presence + _sign(key, app + presence + challenge)

    def _need_touch(self) -> None:
        if self._key.touched != "yes":
            raise _Refused(0x6985)


def _certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "softkey")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2024, 1, 1))
        .not_valid_after(datetime(2050, 1, 1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


class Ctap2:
    """CTAP2: what a command is answered by. ``touch`` waits for one, and raises without."""

    def __init__(self, key: SoftKey, touch: Callable[[], None]) -> None:
        self._key = key
        self._touch = touch
        self._agreement = ec.generate_private_key(ec.SECP256R1())
        self._token = secrets.token_bytes(32)

    def answer(self, message: bytes) -> bytes:
        given: Any = cbor.decode(message[1:]) if len(message) > 1 else {}
        try:
            match message[0]:
                case 4:
                    said: dict[int, Any] = self._info()
                case 1:
                    said = self._make(given)
                case 2:
                    said = self._assert(given)
                case 6:
                    said = self._pin(given)
                case 11 if self._key.memory.kind.selects:
                    self._touch()
                    return b"\0"
                case _:
                    raise _Refused(0x01)
        except _Refused as refused:
            return bytes([refused.status])
        return b"\0" + cbor.encode(said)

    def _info(self) -> dict[int, Any]:
        kind = self._key.memory.kind
        options = {"rk": False, "up": True, "clientPin": bool(kind.pin)}
        if kind.always_uv:
            options["alwaysUv"] = True
        versions = ["FIDO_2_0", *(["U2F_V2"] if kind.u2f else [])]
        versions += ["FIDO_2_1"] if kind.selects else []
        said: dict[int, Any] = {1: versions, 3: bytes(16), 4: options, 5: 1200, 6: [1]}
        return said

    def _make(self, given: dict[int, Any]) -> dict[int, Any]:
        for_hash = sha256(given[2]["id"].encode()).digest()
        if given.get(8) == b"":
            # CTAP 2.0 §5.1: a touch, and then whether there is a PIN.
            self._touch()
            raise _Refused(0x31 if self._key.memory.kind.pin else 0x35)
        verified = self._verified(given, 8, 1)
        if self._key.memory.kind.always_uv and not verified:
            raise _Refused(0x36)
        self._touch()
        credential, key = self._key.register(for_hash)
        public = _public(key)
        data = (
            for_hash
            + bytes([0x41 | verified])
            + self._key.count()
            + bytes(16)
            + struct.pack(">H", len(credential))
            + credential
            + cbor.encode(public)
        )
        return {1: "packed", 2: data, 3: {"alg": -7, "sig": _sign(key, data + given[1])}}

    def _assert(self, given: dict[int, Any]) -> dict[int, Any]:
        for_hash = sha256(given[1].encode()).digest()
        present = given.get(5, {}).get("up", True)
        verified = self._verified(given, 6, 2)
        if self._key.memory.kind.always_uv and not verified:
            raise _Refused(0x36)
        found = [(c["id"], self._key.find(c["id"], for_hash)) for c in given.get(3, [])]
        known = [(credential, key) for credential, key in found if key is not None]
        if present:
            self._touch()
        if not known:
            raise _Refused(0x2E)
        credential, key = known[0]
        data = for_hash + bytes([int(present) | verified]) + self._key.count()
        named = {"id": credential, "type": "public-key"}
        return {1: named, 2: data, 3: _sign(key, data + given[2])}

    def _verified(self, given: dict[int, Any], parameter: int, digest: int) -> int:
        """The flag that says that the owner was known. Raises for a token that is none."""
        if parameter not in given:
            return 0
        expected = hmac.digest(self._token, given[digest], "sha256")[:16]
        if not hmac.compare_digest(given[parameter], expected):
            raise _Refused(0x33)
        return 0x04

    def _pin(self, given: dict[int, Any]) -> dict[int, Any]:
        match given[2]:
            case 1:
                return {3: self._key.memory.tries}
            case 2:
                return {1: {**_public(self._agreement), 3: -25}}
            case 5:
                return {2: self._unlock(given[3], given[6])}
            case _:
                raise _Refused(0x3E)

    def _unlock(self, peer: dict[int, Any], encrypted: bytes) -> bytes:
        memory = self._key.memory
        if not memory.tries:
            raise _Refused(0x32)
        if memory.in_a_row >= _IN_A_ROW:
            raise _Refused(0x34)
        x, y = (int.from_bytes(peer[place]) for place in (-2, -3))
        point = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        secret = sha256(self._agreement.exchange(ec.ECDH(), point)).digest()
        protocol: Any = PinProtocolV1()
        pin = sha256(memory.kind.pin.encode()).digest()[:16]
        if protocol.decrypt(secret, encrypted) != pin:
            self._agreement = ec.generate_private_key(ec.SECP256R1())
            memory.tries -= 1
            memory.in_a_row += 1
            self._key.keep(memory)
            if not memory.tries:
                raise _Refused(0x32)
            raise _Refused(0x34 if memory.in_a_row >= _IN_A_ROW else 0x31)
        memory.tries, memory.in_a_row = _TRIES, 0
        self._key.keep(memory)
        token: bytes = protocol.encrypt(secret, self._token)
        return token


class Connection(CtapHidConnection):
    """CTAPHID (CTAP §11.2) over two queues: one process, one channel."""

    _CHANNEL = b"\0\0\0\x07"

    def __init__(self, key: SoftKey) -> None:
        self._key = key
        self._packets: queue.Queue[bytes] = queue.Queue()
        self._cancelled = threading.Event()
        self._closed = threading.Event()
        self._command, self._length, self._message = 0, 0, b""
        self._channel = b""
        self._u2f = U2F(key)
        self._ctap2 = Ctap2(key, self._touch)

    def close(self) -> None:
        self._closed.set()
        self._cancelled.set()

    def read_packet(self) -> bytes:
        while True:
            self._stay_plugged()
            try:
                return self._packets.get(timeout=_KEEPALIVE_EVERY)
            except queue.Empty:
                pass

    def write_packet(self, data: bytes) -> None:
        self._stay_plugged()
        assert len(data) == PACKET
        self._channel, rest = data[:4], data[4:]
        if rest[0] & 0x80:
            self._command = rest[0] & 0x7F
            (self._length,) = struct.unpack(">H", rest[1:3])
            self._message = rest[3:]
        else:
            self._message += rest[1:]
        if len(self._message) >= self._length:
            self._do(self._command, self._message[: self._length])

    def _do(self, command: int, message: bytes) -> None:
        kind = self._key.memory.kind
        if self._key.touched == "silent":
            return
        if command != _INIT and self._key.touched == "busy":  # with another program
            self._packets.put(_ANOTHERS)
            self._send(_ERROR, b"\x06")
            return
        match command:
            case 0x06:
                can = (_WINK_CBOR if kind.ctap2 else 0) | (0 if kind.u2f else _NO_MSG)
                self._send(_INIT, message + self._CHANNEL + b"\x02\x01\x00\x00" + bytes([can]))
            case 0x01:
                self._send(_PING, message)
            case 0x11:
                self._cancelled.set()
            case 0x03 if kind.u2f:
                self._send(_MSG, self._u2f.answer(message))
            case 0x10 if kind.ctap2:
                self._cancelled.clear()
                work = threading.Thread(target=self._work, args=(message,), daemon=True)
                work.start()
            case _:
                self._send(_ERROR, b"\x01")

    def _work(self, message: bytes) -> None:
        while self._key.touched == "endless" and not self._closed.wait(_KEEPALIVE_EVERY):
            self._send(_KEEPALIVE, b"\x01")
        self._send(_CBOR, self._ctap2.answer(message))

    def _touch(self) -> None:
        while True:
            match self._key.touched:
                case "yes":
                    return
                case "deny":
                    raise _Refused(0x27)
            if self._cancelled.wait(_KEEPALIVE_EVERY):
                raise _Refused(0x2D)
            self._send(_KEEPALIVE, b"\x02")

    def _send(self, command: int, message: bytes) -> None:
        if self._key.touched == "silent":
            return
        head = self._channel + bytes([0x80 | command]) + struct.pack(">H", len(message))
        packet, message = head + message[:57], message[57:]
        self._packets.put(packet.ljust(PACKET, b"\0"))
        number = 0
        while message:
            packet, message = self._channel + bytes([number]) + message[:59], message[59:]
            self._packets.put(packet.ljust(PACKET, b"\0"))
            number += 1

    def _stay_plugged(self) -> None:
        if self._closed.is_set() or not self._key.plugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def plug_into_fido2(*keys: SoftKey) -> None:
    """Have python-fido2 see these keys, and no others, where it looks for devices."""

    def descriptors() -> list[HidDescriptor]:
        return [
            HidDescriptor(str(key.path), 0x1050, 0x0407, PACKET, PACKET, key.memory.kind.name, None)
            for key in keys
            if key.plugged
        ]

    def opened(descriptor: HidDescriptor) -> Connection:
        return Connection(SoftKey(Path(str(descriptor.path))))

    where: Any = hid
    where.list_descriptors, where.open_connection = descriptors, opened
