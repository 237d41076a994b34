"""Where a password can come from besides the person: standard input, a file, the keyring."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import field
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from samlauth.challenges import AnyChallenge, EnterPassword, EnterSetting, EnterUsername
from samlauth.effects.paths import path_of
from samlauth.effects.ring import SERVICE, Ring, entry
from samlauth.errors import FileError, SettingsError
from samlauth.printable import safe, utf8
from samlauth.values import dataclass

Answer = Callable[[AnyChallenge], object | None]

PEER_SERVICE: Final = "aws-google-auth"
"""The name aws-google-auth keeps its users' Google passwords under."""
_GOOGLE: Final = "https://accounts.google.com"

_MOUNTED: Final = Path("/run/secrets")
"""Where containers are given secrets, with modes and owners that are not theirs to choose."""
_LARGEST: Final = 65_536


def first_of(*answerers: Answer) -> Answer:
    """The first answer any of them has."""

    def answer(challenge: AnyChallenge) -> object | None:
        for answerer in answerers:
            found = answerer(challenge)
            if found is not None:
                return found
        return None

    return answer


class PasswordLine:
    """The next line of a stream, as the password; given once, for a refused one is not sent again.

    With ``names`` the line before it is the user name, if that has to be asked for. Raises
    SettingsError for a line that is no text.
    """

    def __init__(self, stream: TextIO, *, names: bool = False) -> None:
        self._stream: TextIO | None = stream
        self._names = names

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The password, the first time one is asked for; the name before it."""
        match challenge:
            case EnterSetting(name="username", refused="") | EnterUsername(refused="") if (
                self._names and self._stream is not None
            ):
                self._names = False
                return _line(self._stream).strip() or None
            case EnterPassword() if self._stream is not None:
                stream, self._stream = self._stream, None
                return _line(stream) or None
            case _:
                return None


class PasswordFile:
    """The first line of ``--password-file``, read at once and given once.

    Raises SettingsError for a file that cannot be read, has nothing to give, or is not as secret as
    what it holds: others can read or write it, or it is neither the person's nor root's. What is
    mounted under ``/run/secrets`` has no such choice.
    """

    def __init__(self, name: str) -> None:
        self._password: str | None = _first_line(path_of(name))

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The password, the first time one is asked for."""
        if not isinstance(challenge, EnterPassword) or challenge.refused:
            return None
        password, self._password = self._password, None
        return password


@dataclass(frozen=True)
class Typed:
    """A password that was typed."""

    name: str
    """What it would be kept under in the keyring."""
    password: str = field(repr=False)


class Noted:
    """The answerer behind it, with the password that it gave last noted: the one that was right."""

    def __init__(self, behind: Answer) -> None:
        self._behind = behind
        self.typed: Typed | None = None

    def answer(self, challenge: AnyChallenge) -> object | None:
        """Its answer."""
        answer = self._behind(challenge)
        if isinstance(challenge, EnterPassword) and isinstance(answer, str):
            self.typed = Typed(entry(challenge.username, challenge.origin), answer)
        return answer


class _Given(NamedTuple):
    service: str
    name: str


class Keyring:
    """The keyring, in front of whoever answers when it has no password.

    A password it gave that is refused is removed from it and asked for. Nothing is kept before
    :meth:`keep`, and no failure of it fails a login.

    ``turn`` is had from before a password is looked up until it is known to be right, or is
    removed: what one run finds to be wrong, another that started with it must not send, too. It
    raises FileError when another run keeps it for too long.
    """

    def __init__(
        self,
        behind: Answer,
        ring: Ring,
        warn: Callable[[str], None],
        turn: Callable[[str], AbstractContextManager[object]],
    ) -> None:
        self._behind = behind
        self._ring = ring
        self._warn = warn
        self._turn = turn
        self._held = ExitStack()
        self._given: _Given | None = None
        """Where the password that was given out last came from."""
        self._typed: tuple[str, str] | None = None
        """A name in the keyring, and the password to be kept there."""

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The stored password; else what the answerer behind says, remembered for :meth:`keep`."""
        if not isinstance(challenge, EnterPassword):
            # Nobody is asked for more after a wrong password.
            self.settled()
            return self._behind(challenge)
        name = entry(challenge.username, challenge.origin)
        if not challenge.refused:
            self.settled()
            if self._has_turn(name):
                password, self._given = self._find(challenge, name)
                if password:
                    return password
        elif self._given is not None:
            self._forget(self._given, challenge)
            self._given = None
        self.settled()
        answer = self._behind(challenge)
        self._typed = (name, answer) if isinstance(answer, str) else None
        return answer

    def settled(self) -> None:
        """It is known whether the password that was given is right: it is another run's turn."""
        self._held.close()

    def keep(self) -> None:
        """Store the password that was typed, once the login has shown it to be right."""
        if self._typed is not None:
            self._ring.put(*self._typed)

    def _has_turn(self, name: str) -> bool:
        try:
            self._held.enter_context(self._turn(name))
        except FileError:
            self._warn(
                "The password in the keyring is not used: another samlauth is still trying it."
            )
            return False
        return True

    def _find(self, challenge: EnterPassword, name: str) -> tuple[str, _Given | None]:
        ours = self._ring.get(SERVICE, name)
        if ours:
            return ours, _Given(SERVICE, name)
        # An empty one of ours says that the other tool's was refused.
        if ours is None and (password := self._peers(challenge)):
            return password, _Given(PEER_SERVICE, name)
        return "", None

    def _peers(self, challenge: EnterPassword) -> str:
        if challenge.origin != _GOOGLE:
            return ""
        # aws-google-auth stores the line as it was piped in, newline and all.
        return (self._ring.get(PEER_SERVICE, challenge.username) or "").rstrip("\r\n")

    def _forget(self, given: _Given, challenge: EnterPassword) -> None:
        if given.service == PEER_SERVICE:
            done = self._ring.put(given.name, "")
            told = (
                "The password that aws-google-auth keeps in the keyring was refused; samlauth "
                "leaves it there and does not use it again."
            )
        else:
            # With ours gone, the other tool's would come back, which is older still.
            hides = bool(self._peers(challenge))
            done = self._ring.put(given.name, "") if hides else self._ring.remove(given.name)
            told = "The password in the keyring was refused, and has been removed from it."
        self._warn(
            told
            if done
            else "The password in the keyring was refused, and cannot be removed from it. Remove "
            f"it yourself, for it would be sent again: keyring del {given.service} "
            f"'{safe(given.name if given.service == SERVICE else challenge.username)}'"
        )


def _line(stream: TextIO) -> str:
    try:
        # PowerShell's pipe begins with a byte order mark.
        return utf8(stream.readline().rstrip("\r\n")).removeprefix("\ufeff")
    except ValueError:  # which what a decoder raises is as well
        # What is read out of it might be another password, and would count as an attempt.
        raise SettingsError(
            "The line on standard input is not UTF-8 text, so it was not sent.",
            hint="Convert it first: … | iconv -f ISO-8859-1 -t UTF-8 | samlauth …",
        ) from None


def _first_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            _require_secret(path, os.fstat(file.fileno()))
            content = file.read(_LARGEST)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name is possible"
        raise _of_no_use(
            path, f"cannot be read: {safe(reason)}", "See its path and mode."
        ) from None
    try:
        password = content.partition(b"\n")[0].rstrip(b"\r").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _of_no_use(
            path, "holds something else than UTF-8 text", "Put the password into its first line."
        ) from None
    if not password.strip():
        raise _of_no_use(
            path, "has no password in its first line", "Put the password into its first line."
        )
    return password


def _require_secret(path: Path, found: os.stat_result) -> None:
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode)):
        raise _of_no_use(path, "is no file", "Name the file that holds the password.")
    if sys.platform == "win32" or path.resolve().is_relative_to(_MOUNTED.resolve()):
        return
    if found.st_mode & 0o077:
        raise _of_no_use(
            path,
            f"can be read or written by others (mode {stat.S_IMODE(found.st_mode):04o})",
            f"Take that away from them: chmod 600 {safe(str(path), 1000)}",
        )
    if found.st_uid not in {0, os.geteuid()}:
        raise _of_no_use(
            path,
            "belongs to somebody else",
            "Use a file of your own: who owns it can read it and change it.",
        )


def _of_no_use(path: Path, how: str, hint: str) -> SettingsError:
    return SettingsError(f"{safe(str(path), 1000)} (--password-file) {how}.", hint=hint)
