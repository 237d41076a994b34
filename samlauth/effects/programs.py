"""Passwords and codes that a program of the person's prints, a password manager's for one."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from samlauth.challenges import AnyChallenge, EnterCode, EnterPassword, EnterSetting, EnterUsername
from samlauth.effects.paths import expanded
from samlauth.errors import SettingsError
from samlauth.printable import safe

_SECONDS = 60.0


class PasswordCommand:
    """The password, and the user name if it prints one, of ``--password-command``.

    ``text`` is split as a shell would split it, and run once, without a shell. What it prints is a
    JSON object with ``password`` and perhaps ``username``, as aws-adfs takes it; else the password
    is its first line. ``seconds`` is how long it may take. Raises SettingsError for a text that is
    no command; so does every method when the command fails.
    """

    def __init__(self, text: str, *, seconds: float = _SECONDS) -> None:
        self._program = _Program(text, "--password-command", seconds)
        self._printed: _Printed | None = None
        self._given = False
        self._named = False

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The password or the name, once each: what was refused is not given again."""
        match challenge:
            case EnterSetting(name="username", refused="") | EnterUsername(refused="") if (
                not self._named
            ):
                self._named = True
                return self.username()
            case EnterPassword(refused="", username=username) if not self._given:
                self._given = True
                return self._password_of(username)
            case _:
                return None

    def username(self) -> str | None:
        """Whose password it is, if the command says so."""
        return self._print().value("username") or None

    def _password_of(self, username: str) -> str:
        named = self.username()
        if named is not None and _local(named) != _local(username):
            # Somebody else's password would count as a failed attempt, and accounts lock.
            raise SettingsError(
                f"{self._program.name} (--password-command) printed the password of "
                f"{safe(named)}, and you are signing in as {safe(username)}.",
                hint="Give the same user name with -u, or leave it out.",
            )
        return self._print().secret("password")

    def _print(self) -> _Printed:
        if self._printed is None:
            self._printed = self._program.run()
        return self._printed


class CodeCommand:
    """The one-time codes of ``--code-command``, which is run for each.

    As :class:`PasswordCommand`; its JSON object has ``mfa_token``. The same code is not given
    twice: a refused one stays refused, and one that has been used is refused.
    """

    def __init__(self, text: str, *, seconds: float = _SECONDS) -> None:
        self._program = _Program(text, "--code-command", seconds)
        self._given: set[str] = set()

    def answer(self, challenge: AnyChallenge) -> object | None:
        """A code not given before, if the command has one."""
        if not isinstance(challenge, EnterCode):
            return None
        code = self._program.run().secret("mfa_token").strip()
        if code in self._given:
            return None
        self._given.add(code)
        return code


@dataclass(frozen=True)
class _Printed:
    text: str = field(repr=False)
    source: str
    """The program and the flag that names it, fit to print."""

    def secret(self, key: str) -> str:
        """The value of ``key``, or the first line when it is no JSON object."""
        members = self._members()
        if members is None:
            found: str | None = self.text.partition("\n")[0].rstrip("\r")
        else:
            found = self.value(key)
        if not found or not found.strip():
            what = "nothing" if members is None else f'a JSON object without "{key}"'
            raise SettingsError(
                f"{self.source} printed {what}.",
                hint=f'It should print {{"{key}": "…"}}, or the {_WHAT[key]} as its first line.',
            )
        return found

    def value(self, key: str) -> str | None:
        """What the JSON object has under ``key``; None when there is none."""
        match (self._members() or {}).get(key):
            case bool():
                return None
            case str() | int() as found:
                return str(found)
            case _:
                return None

    def _members(self) -> dict[str, object] | None:
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


_WHAT = {"password": "password", "mfa_token": "code"}


class _Program:
    def __init__(self, text: str, flag: str, seconds: float) -> None:
        try:
            program, *arguments = shlex.split(text)
        except ValueError:
            # Not shown: there may be a secret among the arguments.
            raise SettingsError(
                f"{flag} names no command: nothing is in it, or a quote is not closed.",
                hint=f"Give it as one argument: {flag} 'pass show company'.",
            ) from None
        self.name = safe(Path(program).name)
        self._command = [str(expanded(program)), *arguments]
        self._flag = flag
        self._seconds = seconds

    def run(self) -> _Printed:
        # Its stderr and its terminal are ours, so that it can ask for a master password.
        try:
            ended = subprocess.run(  # noqa: S603 - the person's own command, split, without a shell
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                timeout=self._seconds,
                check=False,
            )
        except FileNotFoundError:
            raise self._failed("is not to be found", "Give its whole path.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no such name is possible"
            raise self._failed(f"cannot be run: {safe(reason)}", "See its path and mode.") from None
        except subprocess.TimeoutExpired:
            raise self._failed(
                f"did not end within {self._seconds:g} seconds and was stopped",
                "Run it by itself to see what it waits for; its standard input is empty here.",
            ) from None
        if ended.returncode:
            how = (
                f"was ended by signal {-ended.returncode}"
                if ended.returncode < 0
                else f"failed with exit code {ended.returncode}"
            )
            raise self._failed(
                how,
                "Run it by itself to see why. No shell runs it: pipes and variables need "
                "sh -c '…' around them.",
            )
        try:
            text = ended.stdout.decode("utf-8")
        except UnicodeDecodeError:
            raise self._failed(
                "printed something else than UTF-8 text", "Run it by itself to see what it prints."
            ) from None
        return _Printed(text, f"{self.name} ({self._flag})")

    def _failed(self, how: str, hint: str) -> SettingsError:
        return SettingsError(f"{self.name} ({self._flag}) {how}.", hint=hint)


def _local(username: str) -> str:
    """The name without its domain, whichever way that is written."""
    return username.rpartition("\\")[2].partition("@")[0].casefold()
