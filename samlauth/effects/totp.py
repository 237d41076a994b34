"""One-time codes made here, from an authenticator's secret in the keyring (RFC 6238).

No code is given twice, whichever run asks: an identity provider takes each once, and a second
one counts as a wrong one. So the step in time that a code is of is noted in a file before it is
used.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from samlauth.challenges import AnyChallenge, EnterCode
from samlauth.effects import files
from samlauth.effects.extras import adding
from samlauth.effects.ring import SERVICE, Ring, entry
from samlauth.errors import FileError, SettingsError

log = logging.getLogger("samlauth.totp")

FORMAT: Final = 1
MARGIN: Final = 3.0
"""Seconds that have to be left of a step: a code takes a while to get there."""
LONGEST: Final = 90.0
"""Seconds to wait for a step at most: with a few runs ahead, a person is faster."""
_AHEAD: Final = 10
"""Steps that other runs may be ahead; a note of one later still was made by a clock that was wrong."""

NEEDS: Final = f"To make codes, samlauth needs cryptography: {adding('secrets')}"

_ALGORITHMS: Final = frozenset({"SHA1", "SHA256", "SHA512"})
_LENGTHS: Final = range(6, 9)
_PERIODS: Final = range(10, 121)


def secret_name(username: str, origin: str) -> str:
    """What the secret is kept under in the keyring."""
    return entry(username.casefold(), origin, "authenticator secret")


def device_name(serial: str) -> str:
    """The same, for an MFA device in AWS."""
    return entry(serial, "AWS", "authenticator secret")


@dataclass(frozen=True)
class Authenticator:
    """What makes codes."""

    secret: str = field(repr=False)
    """Base32, in upper case, without padding."""
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    """Seconds that a code is good for."""

    def code(self, step: int) -> str:
        """The code of a step in time."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.twofactor.totp import TOTP

        # Some companies' secrets are shorter than RFC 4226 would have them.
        maker = TOTP(
            _decoded(self.secret),
            self.digits,
            getattr(hashes, self.algorithm)(),
            self.period,
            enforce_key_length=False,
        )
        return maker.generate(step * self.period).decode("ascii")

    @property
    def uri(self) -> str:
        """As authenticators exchange it (Google's "Key URI Format")."""
        return (
            f"otpauth://totp/samlauth?secret={self.secret}&algorithm={self.algorithm}"
            f"&digits={self.digits}&period={self.period}"
        )


def read(text: str) -> Authenticator:
    """The authenticator whose secret a person has pasted.

    It comes as an ``otpauth://totp/…`` URI, which is what a QR code says, or as the base32 that is
    shown beside it, in groups or not. Raises SettingsError, which does not repeat it.
    """
    text = text.strip()
    scheme = text.partition(":")[0].lower()
    if scheme == "otpauth-migration":
        raise _unreadable("It is an export of several, which only an authenticator can read.")
    if scheme != "otpauth":
        return _checked({"secret": text})
    try:
        parts = urlsplit(text)
        members = parse_qsl(parts.query)
    except ValueError:
        raise _unreadable("It cannot be read.") from None
    if parts.netloc.lower() != "totp":
        raise _unreadable("Its codes do not go by the time.")
    given = {name.lower(): value for name, value in members}
    if len(given) < len(members):
        raise _unreadable("It says something twice.")
    return _checked(given)


def _checked(given: Mapping[str, str]) -> Authenticator:
    secret = "".join(given.get("secret", "").split()).replace("-", "").rstrip("=").upper()
    algorithm = given.get("algorithm", "SHA1").upper().replace("-", "")
    try:
        digits, period = int(given.get("digits", "6")), int(given.get("period", "30"))
        empty = not _decoded(secret)
    except ValueError:  # base64's own error is one
        raise _unreadable("It is neither an otpauth:// URI nor base32.") from None
    if empty:
        raise _unreadable("There is nothing in it.")
    if algorithm not in _ALGORITHMS or digits not in _LENGTHS or period not in _PERIODS:
        raise _unreadable("It asks for codes of a kind that nobody uses.")
    return Authenticator(secret, algorithm, digits, period)


def _decoded(secret: str) -> bytes:
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def _unreadable(why: str) -> SettingsError:
    return SettingsError(
        f"That is not a secret samlauth can make codes of. {why}",
        hint="It is what is shown, beside the QR code, when an authenticator is set up.",
    )


class Codes:
    """Answers where a code of an authenticator is asked for.

    ``whose`` says who is signing in where, or None while that is not known; ``hide`` is told the
    secret, ``warn`` why there is no code after all. ``clock`` gives seconds since 1970, ``sleep``
    waits so many.
    """

    def __init__(
        self,
        ring: Ring,
        steps: Steps,
        whose: Callable[[], tuple[str, str] | None],
        warn: Callable[[str], None],
        hide: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ring = ring
        self._steps = steps
        self._whose = whose
        self._warn = warn
        self._hide = hide
        self._clock = clock
        self._sleep = sleep
        self._given = False

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The next code; none after a refused one, for another would be refused for the same reason."""
        if not isinstance(challenge, EnterCode) or challenge.kind != "totp":
            return None
        if challenge.refused:
            if self._given:
                self._warn(
                    "The code made of the secret in the keyring was refused: see whether this "
                    "computer's clock is right, and whether it is the secret in use."
                )
            self._given = False
            return None
        name = self._name(challenge)
        if name is None:
            return None
        authenticator = self._authenticator(name)
        if authenticator is None:
            return None
        step = self._steps.take(name, authenticator.period, self._clock())
        if step is None:
            self._warn(
                "No code is made of the secret in the keyring: other runs have used the next ones, "
                "or it cannot be noted which."
            )
            return None
        try:
            code = authenticator.code(step)
        except ImportError:
            self._warn(NEEDS)
            return None
        left = step * authenticator.period - self._clock()
        if left > 0:
            self._sleep(left)
        self._given = True
        return code

    def _name(self, challenge: EnterCode) -> str | None:
        if challenge.device:
            return device_name(challenge.device)
        whose = self._whose()
        return None if whose is None else secret_name(*whose)

    def _authenticator(self, name: str) -> Authenticator | None:
        uri = self._ring.get(SERVICE, name)
        if uri is None:
            self._warn("The keyring has no secret to make codes of: samlauth totp add keeps one.")
            return None
        try:
            found = read(uri)
        except SettingsError as error:
            self._warn(error.message)
            return None
        self._hide(found.secret)
        return found


class Steps:
    """A file with the last step in time that was used of each secret."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def beside(cls, config: Path) -> Steps:
        """The one that belongs to this AWS config file."""
        return cls(config.parent / "samlauth" / "steps")

    def take(self, name: str, period: int, now: float) -> int | None:
        """The first step that nobody has used, noted as used; it may begin later than ``now``.

        ``period`` is its length in seconds. None when it begins too late, or cannot be noted.
        """
        step = int(now // period)
        if (step + 1) * period - now < MARGIN:
            step += 1
        try:
            with files.locked(self._path):
                used = self._load()
                last = used.get(name, -1)
                if step <= last <= step + _AHEAD:
                    step = last + 1
                if step * period - now > LONGEST:
                    return None
                content = {"format": FORMAT, "steps": {**used, name: step}}
                files.write_private(self._path, json.dumps(content, indent=1).encode() + b"\n")
        except (FileError, OSError) as error:
            log.debug("step not noted: %s", error)
            return None
        return step

    def _load(self) -> dict[str, int]:
        try:
            content = json.loads(self._path.read_bytes())
            if content["format"] != FORMAT:
                return {}
            return {str(name): int(step) for name, step in content["steps"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            log.debug("steps passed over: %s", type(error).__name__)
            return {}
