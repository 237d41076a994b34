"""``samlauth configure``: ask for the settings of a profile, and write them to it.

It can be run again: each question shows what holds now, and ENTER keeps that.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from samlauth import awsfiles, parsers, settings
from samlauth.awsfiles.edits import edit
from samlauth.command import Command
from samlauth.commands.target import target
from samlauth.commands.target import warn as warn_of
from samlauth.effects import output
from samlauth.effects.console import Console
from samlauth.errors import NobodyToAsk, SettingsError, UsageError
from samlauth.peers import PROCESS, in_query
from samlauth.printable import folded, safe
from samlauth.profiles import refuse_unwritable
from samlauth.setting import Layer, Setting
from samlauth.sources import Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.commands.target import Target

_FILES: Final = frozenset(
    {"HOME", "USERPROFILE", "PROGRAMDATA", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    | {"SAMLAUTH_CONFIG", "SAML2AWS_CONFIGFILE", "AWS_PROFILE", "SAMLAUTH_PROFILE"}
)
"""What of the environment counts: where the files are, and which profile it is. The rest is for
today, and not for the profile."""

_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d+")
_NONE: Final = "-"
"""What is typed to have no value."""


@dataclass(frozen=True)
class Question:
    """A setting to ask for."""

    setting: Setting[Any]
    label: str
    example: str
    required: bool = False
    check: Callable[[str], object] = str
    """Besides the setting's own reader. Raises ValueError or SettingsError."""


def _host(text: str) -> None:
    from samlauth.idp.adfs.entry import read_entry

    read_entry(text)


def _address(text: str) -> None:
    from samlauth.idp.browser import Browser

    Browser(text)


def _installed(text: str) -> None:
    name = settings.IDP.read(text)
    if name not in settings.BUILT_IN:
        from samlauth.idp.plugins import find

        find(name, settings.BUILT_IN)


def _region(text: str) -> None:
    if not _REGION.fullmatch(text):
        raise ValueError("not the name of a region")


_IDP: Final = Question(
    settings.IDP,
    "Identity provider",
    "google, adfs, browser, or a plugin's name",
    required=True,
    check=_installed,
)
_USERNAME: Final = Question(settings.USERNAME, "Username", "ada@example.com", required=True)
_IDS: Final[Mapping[str, tuple[Question, ...]]] = {
    "google": (
        Question(
            settings.IDP_ID,
            "Google IDP ID",
            "C01abc23d, or the link of the AWS app in Google's apps menu",
            required=True,
        ),
        Question(settings.SP_ID, "Google SP ID", "000111000111", required=True),
        _USERNAME,
    ),
    "adfs": (
        Question(
            settings.ADFS_HOST,
            "ADFS host",
            "adfs.example.com, or the link you sign in with",
            required=True,
            check=_host,
        ),
        _USERNAME,
    ),
    "browser": (
        Question(
            settings.URL,
            "URL where the sign-in to AWS begins",
            "https://idp.example.com/link/to/aws",
            required=True,
            check=_address,
        ),
    ),
}
_OF_A_PLUGIN: Final = (
    Question(
        settings.URL,
        "URL where the sign-in begins",
        "https://idp.example.com; without one, if the plugin needs none",
        check=_address,
    ),
    _USERNAME,
)
_REST: Final = (
    Question(settings.REGION, "AWS region", "eu-west-1", check=_region),
    Question(
        settings.ROLE_ARN,
        "Role",
        "its ARN or its name; without one you choose it when you sign in",
    ),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parsers.profile_argument(parser)


def split(words: list[str]) -> tuple[list[str], None]:
    """All of the words. Raises UsageError for one that says what to configure, and is unknown."""
    if words and not words[0].startswith("-"):
        raise UsageError(
            f"samlauth configure has to be told what to configure, and {words[0]!r} is nothing it "
            "knows.",
            hint="There is samlauth configure process -p NAME, which makes AWS tools get that "
            "profile's credentials from samlauth whenever they need some, samlauth configure chain "
            "NAME, for a role that is taken with another profile's credentials, and samlauth "
            "configure [-p NAME], which asks for its settings.",
        )
    return words, None


def run(options: argparse.Namespace) -> int:
    """Ask on the terminal, and write what was answered to the profile; nothing before the last
    answer. Raises NobodyToAsk without a terminal, SettingsError and FileError as the login does.
    """
    flags = parsers.flags(options)
    environ = {name: value for name, value in os.environ.items() if name in _FILES}
    goal = target(flags, environ)
    refuse_unwritable(
        goal.profile,
        {key: value for key, value in goal.config.items() if key != PROCESS},
        {},  # no credentials are written
        named=goal.is_named,
    )
    try:
        console = Console.open()
    except OSError:
        raise NobodyToAsk(
            "samlauth configure asks questions, and there is no terminal to ask them on.",
            hint="Give the settings as flags, which are kept: "
            f"samlauth -p {shlex.quote(goal.profile)} -u … -I … -S …",
        ) from None
    with console:
        try:
            changes = _ask_all(console, goal)
        except (EOFError, OSError):
            raise NobodyToAsk(
                "A question was left without an answer, so nothing was written.",
                hint="Run the command again.",
            ) from None
    changes = {key: value for key, value in changes.items() if value != goal.config.get(key)}
    if not changes:
        output.tell(f"The profile {goal.profile} is as it was.")
        return 0
    for notice in goal.files.write({goal.profile: changes}, {}).notices:
        warn_of(notice)
    output.tell(f"Wrote to [{awsfiles.config_section(goal.profile)}] of {goal.files.config}:")
    for key, value in changes.items():
        output.tell(f"  {key} = {safe(value)}" if value is not None else f"  {key} removed")
    output.tell(f"Now sign in: samlauth -p {shlex.quote(goal.profile)}")
    return 0


COMMAND = Command(
    "samlauth configure [-p NAME]",
    "Ask for the settings of a profile, and write them to it.",
    "samlauth configure process -p NAME makes AWS tools get its credentials from samlauth.\n",
    arguments=arguments,
    run=run,
    split=split,
    words=("process", "chain"),
)


def _ask_all(console: Console, goal: Target) -> dict[str, str | None]:
    """The profile's keys and their new values, None for one to be removed."""
    _say(
        console,
        f"The settings of the profile {goal.profile}. ENTER keeps what is in brackets"
        f"; {_NONE} leaves out what need not be set.",
    )
    if goal.settings.source(settings.IDP).layer is Layer.DEFAULT:
        _say(console, "Entra, Okta, Keycloak, Ping and all others are signed in to in a browser.")
    changes: dict[str, str | None] = {}
    idp = ask(console, _IDP, goal.settings, changes)
    for question in _IDS.get(idp or settings.IDP.default, _OF_A_PLUGIN):
        if question.setting.key not in changes:
            ask(console, question, goal.settings, changes)
    for question in _REST:
        ask(console, question, goal.settings, changes)
    _ask_for_keyring(console, goal.settings, changes)
    return changes


def ask(
    console: Console, question: Question, values: Settings, changes: dict[str, str | None]
) -> str | None:
    """Ask until the answer makes sense; the value in force afterwards.

    What is to be written is put into ``changes``: nothing for what is kept from another source.
    Raises EOFError when the terminal closes.
    """
    setting = question.setting
    now = None if values[setting] is None else setting.write(values[setting])
    known = values.source(setting).layer is not Layer.DEFAULT
    shown = f" [{safe(now)}]" if now is not None else ""
    hint = "" if known else f" ({question.example})"
    while True:
        prompt = folded(f"{question.label}{hint}{shown}:", console.columns - 1)
        typed = console.line(f"{prompt} ", empty=now is not None or not question.required)
        if not typed:
            if not known and now is not None:
                changes[setting.key] = now
            return now
        if typed == _NONE and not question.required:
            changes[setting.key] = None
            return None
        if setting is settings.IDP_ID and (pair := _ids(typed)):
            changes |= {settings.IDP_ID.key: pair[0], settings.SP_ID.key: pair[1]}
            return pair[0]
        try:
            value = setting.write(setting.read(typed))
            question.check(typed)
            edit(b"", {"profile": {setting.key: value}})
        except SettingsError as error:
            _say(console, safe(f"{error.message} {error.hint}", 400))
        except ValueError as error:
            _say(console, f"That is {error}. For example: {question.example}")
        else:
            changes[setting.key] = value
            return value


def _say(console: Console, text: str) -> None:
    console.say(folded(text, console.columns))


def _ids(address: str) -> tuple[str, str] | None:
    """Both of Google's ids, when the address of the AWS app was given."""
    found = in_query("idpid")(address), in_query("spid")(address)
    try:
        for text in found:
            settings.IDP_ID.read(text)
    except ValueError:
        return None
    return found


def _ask_for_keyring(console: Console, values: Settings, changes: dict[str, str | None]) -> None:
    now = values[settings.KEYRING]
    while True:
        typed = console.line(
            f"Keep the password in this computer's keyring? [{'Y/n' if now else 'y/N'}] ",
            empty=True,
        )
        match typed.lower():
            case "":
                return
            case "y" | "yes" | "n" | "no":
                changes[settings.KEYRING.key] = "true" if typed.lower()[0] == "y" else "false"
                return
        console.say("Type y or n.")
