"""What a shell has to know of the commands, whichever shell it is."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from samlauth.command import Command
from samlauth.settings import BUILT_IN, TABLE

_WORDS: Final = {setting.name: setting.words for setting in TABLE} | {
    "idp": BUILT_IN,
    "mfa": ("totp", "sms", "voice", "prompt", "backup"),
}
_LOOKED_UP: Final = {
    "profile": "profiles",
    "source_profile": "profiles",
    "role_arn": "roles",
    "account": "accounts",
    "group": "groups",
}
_FILES: Final = ("FILE", "VALUE")
"""Metavars of options that take a file."""


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    names: tuple[str, ...]
    help: str
    takes_value: bool = False
    words: tuple[str, ...] = ()
    """The values to offer."""
    looked_up: str = ""
    """The kind of value that ``samlauth complete`` is asked for; empty for none."""
    is_file: bool = False

    @property
    def short(self) -> tuple[str, ...]:
        """``-p``."""
        return tuple(name for name in self.names if not name.startswith("--"))

    @property
    def long(self) -> tuple[str, ...]:
        """``--profile``."""
        return tuple(name for name in self.names if name.startswith("--"))


@dataclass(frozen=True)
class Offered:
    """What a shell offers of a command: its name, what may follow that at once, and its options."""

    name: str
    help: str
    words: tuple[str, ...]
    options: tuple[Option, ...]

    @property
    def brief(self) -> str:
        """The first clause of its help, which a list of commands has room for."""
        return self.help.split(":")[0].split(";")[0].rstrip(".")

    @property
    def names(self) -> list[str]:
        """All of its options' names."""
        return [name for option in self.options for name in option.names]

    @property
    def runs(self) -> bool:
        """Whether a command of the person's may follow, after ``--``."""
        return self.name in {"exec", "rehearse"}


def gathered(declared: Iterable[tuple[str, Command]]) -> list[Offered]:
    """What a shell has to know of the commands, given each with what is typed for it.

    Those of ``configure`` and ``configure chain`` are one command's to it.
    """
    found: dict[str, list[Command]] = {}
    for typed, each in declared:
        found.setdefault(typed.split()[0], []).append(each)
    return [
        Offered(name, each[0].description, each[0].words, _options(each))
        for name, each in found.items()
    ]


def _options(declared: Iterable[Command]) -> tuple[Option, ...]:
    """Each option once, though one parser gives it another short name."""
    options: dict[str, Option] = {}
    for parser in (parser for each in declared for parser in _parsers(each.parser())):
        for action in parser._actions:  # the only way to what it takes
            if action.option_strings and action.help != argparse.SUPPRESS:
                options.setdefault(max(action.option_strings, key=len), _option(action))
    return tuple(options.values())


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _option(action: argparse.Action) -> Option:
    takes_value = action.nargs != 0
    words = tuple(map(str, action.choices or _WORDS.get(action.dest, ())))
    return Option(
        tuple(action.option_strings),
        " ".join((action.help or "").split()),
        takes_value,
        words if takes_value else (),
        _LOOKED_UP.get(action.dest, "") if takes_value else "",
        takes_value and action.metavar in _FILES,
    )
