"""``samlauth totp``: keep an authenticator's secret in the keyring, or remove it from there."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from contextlib import suppress
from typing import Final, NamedTuple

from samlauth import parsers, settings
from samlauth.command import Command
from samlauth.commands.hops import is_chained
from samlauth.commands.provider import is_complete, provider_for
from samlauth.commands.target import Target, target, warn
from samlauth.effects import cores, output, totp
from samlauth.effects.console import Console
from samlauth.effects.ring import Ring
from samlauth.errors import FileError, NobodyToAsk, SettingsError, UsageError
from samlauth.printable import safe

ACTIONS: Final = ("add", "remove")

_WEAKENS: Final = """\
A one-time code proves that you have a second device. With its secret on this computer, beside your
password, it proves that no more: whoever gets at this computer and its keyring has both factors.
Your company may forbid it. Ctrl-C leaves everything as it is."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line, after the word that says what to do."""
    parsers.profile_argument(parser)
    parser.add_argument(
        "--serial-number",
        metavar="SERIAL",
        help="the MFA device in AWS whose codes they are (default: that of the profile, where it "
        "takes its role with another profile's credentials)",
    )
    parsers.quiet_argument(parser)


def split(words: list[str]) -> tuple[list[str], argparse.Namespace | None]:
    """What follows the action, and that; no action for ``--help``. Raises UsageError for any other."""
    if words and words[0] in ACTIONS:
        return words[1:], argparse.Namespace(action=words[0])
    if words and words[0] in {"-h", "--help", "-V", "--version"}:
        return words, None
    raise UsageError(
        "samlauth totp has to be told what to do.",
        hint="There are: samlauth totp add -p NAME, and samlauth totp remove -p NAME.",
    )


def run(options: argparse.Namespace) -> int:
    """Keep the secret that is typed, or remove it; the profile says whose.

    Raises SettingsError for a profile that does not, or a secret that is none, NobodyToAsk without
    a terminal, FileError when the keyring is of no use.
    """
    cores.leave_none()
    flags = parsers.flags(options)
    goal = target(flags, os.environ)
    whose = _device(goal, options.serial_number) or _person(goal)
    name, ring = whose.name, Ring(warn)
    if options.action == "add":
        _require_cryptography()
        if not ring.put(name, totp.read(_ask(whose.shown)).uri):
            raise FileError(
                "The secret was not kept: there is no keyring that takes it.",
                hint="--code-command can have another program make the codes.",
            )
        told = (
            f"The codes of {whose.shown} are made here from now on. samlauth totp "
            f"remove -p {shlex.quote(goal.profile)} ends that."
        )
    else:
        if not ring.remove(name):
            raise FileError(
                "The secret may still be in the keyring, which cannot be used.",
                hint="Unlock the keyring and run this again.",
            )
        told = f"The keyring has no secret for the codes of {whose.shown} any more."
    value = "true" if options.action == "add" else None
    for notice in goal.files.write({goal.profile: {settings.TOTP.key: value}}, {}).notices:
        warn(notice)
    if not options.quiet:
        output.tell(told)
    return 0


COMMAND = Command(
    "samlauth totp add | remove [-p NAME]",
    "Keep an authenticator's secret in the keyring and make its codes here, or remove it again.",
    "It is off until you add one, and it weakens the second factor: add says how.\n",
    arguments=arguments,
    run=run,
    split=split,
    words=ACTIONS,
)


class _Whose(NamedTuple):
    """Whose codes they are."""

    name: str
    """What the secret is kept under in the keyring."""
    shown: str


def _device(goal: Target, serial: str | None) -> _Whose | None:
    """The MFA device in AWS, where the codes are to be those of one."""
    if not serial and is_chained(goal.config, goal.credentials):
        serial = {**goal.config, **goal.credentials}.get("mfa_serial")
        if not serial:
            raise SettingsError(
                f"The profile {safe(goal.profile)} takes its role without a code: it has no "
                "mfa_serial.",
                hint="Name the profile that signs in with -p, or a device with --serial-number.",
            )
    return _Whose(totp.device_name(serial), safe(serial)) if serial else None


def _person(goal: Target) -> _Whose:
    """The person at the identity provider."""
    values = goal.settings
    username = values[settings.USERNAME]
    if not username or not is_complete(values):
        raise SettingsError(
            f"The profile {safe(goal.profile)} does not say who signs in where.",
            hint=f"Sign in once: samlauth -p {shlex.quote(goal.profile)}",
        )
    if values[settings.IDP] == "browser":
        raise SettingsError(
            f"The profile {safe(goal.profile)} signs in by the browser, where you type the codes.",
            hint="samlauth types them at Google and ADFS, whose pages it reads.",
        )
    origin = str(provider_for(values).reach.password_origin)
    return _Whose(totp.secret_name(username, origin), f"{safe(username)} at {origin}")


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401 - to see whether it is there
    except ImportError:
        raise SettingsError(
            "Codes cannot be made here: the package cryptography is missing.", hint=totp.NEEDS
        ) from None


def _ask(shown: str) -> str:
    try:
        console = Console.open()
    except OSError:
        raise NobodyToAsk(
            "The secret is typed on a terminal, and there is none.",
            hint=f"Run it in a terminal: {shlex.join(['samlauth', *sys.argv[1:]])}",
        ) from None
    with console:
        console.say(_WEAKENS)
        console.say("")
        try:
            return console.secret(f"Secret (base32) or otpauth:// URI of {shown}: ")
        except (EOFError, OSError):
            with suppress(OSError):
                console.say("")
            raise NobodyToAsk("No secret was given.", hint="Run the command again.") from None
