"""What a setting is: its names, how its text is read, and the places a value may come from.

The settings there are stand in :mod:`samlauth.settings`; which value counts, :mod:`samlauth.sources`
says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Generic, NamedTuple, TypeVar, cast

from samlauth import durations

T = TypeVar("T")


class Layer(IntEnum):
    """The sources, best first."""

    FLAG = 0
    ANSWER = 1
    SAMLAUTH = 2
    PEER_ENVIRONMENT = 3
    PROFILE = 4
    PEER_PROFILE = 5
    BASE = 6
    PEER_BASE = 7
    SHARED = 8
    SAML2AWS = 9
    DEFAULT = 10


class Source(NamedTuple):
    """Where a value came from."""

    layer: Layer
    where: str
    """The flag, the variable, or the profile's key; for a person to read."""


class Alias(NamedTuple):
    """Another tool's name for a setting."""

    name: str
    convert: Callable[[str], str] = str
    """Its value in our spelling; an empty string leaves the setting unset."""
    unless: str = ""
    """A variable whose presence makes this one mean something else."""
    idp: str = ""
    """The one identity provider it counts for; empty for all."""


class Part(NamedTuple):
    """A section of a file that settings may be in."""

    layer: Layer
    """PROFILE, BASE, SHARED or SAML2AWS."""
    keys: Mapping[str, str]
    """In lower case."""
    name: str = ""
    """What to call it: ``[profile x] of /home/ada/.aws/config``."""


class Setting(Generic[T]):
    """One row of the table."""

    def __init__(
        self,
        name: str,
        read: Callable[[str], T],
        default: T,
        help: str,
        *,
        short: str = "",
        metavar: str = "",
        group: str = "",
        environment: tuple[Alias, ...] = (),
        keys: tuple[Alias, ...] = (),
        account: tuple[Alias, ...] = (),
        stored: bool = True,
        runs: bool = False,
    ) -> None:
        self.name = name
        self.read = read
        self.default = default
        self.help = help
        self.short = short
        self.metavar = metavar
        self.group = group
        """The heading it stands under in ``--help``; empty for none."""
        self.environment = environment
        self.keys = keys
        """In the profile."""
        self.account = account
        """In an account of saml2aws."""
        self.stored = stored
        """Whether a value given by a flag or an answer is written to the profile."""
        self.runs = runs
        """Whether the value names a program that is run."""

    @property
    def flag(self) -> str:
        """``--x-y``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """``SAMLAUTH_X_Y``."""
        return "SAMLAUTH_" + self.name.upper()

    @property
    def key(self) -> str:
        """The key of the profile: ``samlauth.x_y``, and plain ``region`` for the region."""
        return self.name if self.name == "region" else "samlauth." + self.name

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no value and has a ``--no-`` twin."""
        return cast("Any", self.read) is switch

    @property
    def is_path(self) -> bool:
        """Whether the value is the path of a file."""
        return cast("Any", self.read) is path

    @property
    def words(self) -> tuple[str, ...]:
        """The only values it can have, where they are a few words; else none."""
        return self.read.words if isinstance(self.read, one_of) else ()

    def write(self, value: T) -> str:
        """The value as text that :attr:`read` reads back."""
        if isinstance(value, tuple):
            return ",".join(value)
        return str(value).lower() if isinstance(value, bool) else str(value)


def text(value: str) -> str | None:
    """Any text."""
    return value


def path(value: str) -> str | None:
    """The path of a file; given as a flag, it is from the current folder on."""
    return value


def switch(value: str) -> bool:
    """true/yes/1/on or false/no/0/off, in any case. Raises ValueError for other words."""
    match value.lower():
        case "true" | "yes" | "1" | "on":
            return True
        case "false" | "no" | "0" | "off":
            return False
    raise ValueError("neither true nor false")


def duration(value: str) -> int | None:
    """Seconds, as :func:`samlauth.durations.read` has and raises it; None from ``auto``."""
    return None if value.lower() == "auto" else durations.read(value)


def identifier(value: str) -> str | None:
    """An id of letters and digits; a stray comma or blank in one costs an hour of searching.

    Raises ValueError for an id with any other character than those, ``_`` and ``-``.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        raise ValueError("not an id: it has characters other than letters and digits")
    return value


class one_of:  # noqa: N801 - it is called like the functions beside it
    """Reads one of these words, in any case, as lower case. What reads raises ValueError."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, value: str) -> str:
        """The word."""
        if value.lower() not in self.words:
            raise ValueError(f"not one of {', '.join(self.words)}")
        return value.lower()


def provider_name(value: str) -> str:
    """The name of an identity provider, one of ours or of an installed plugin, in lower case.

    Whether there is such a plugin is not looked up. Raises ValueError for what is no such name.
    """
    name = value.lower()
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ValueError(
            "not the name of an identity provider: google, adfs, browser or a plugin's"
        )
    return name


def policy_arns(value: str) -> tuple[str, ...]:
    """ARNs of managed policies, AWS's or an account's, with commas or blanks between.

    Raises ValueError for what is no such ARN.
    """
    arns = tuple(re.findall(r"[^\s,]+", value))
    for arn in arns:
        if not re.fullmatch(r"arn:aws[a-z0-9-]*:iam::(?:aws|\d{12}):policy/\S+", arn):
            raise ValueError("not the ARN of a managed policy (arn:aws:iam::aws:policy/…)")
    return arns


def account(value: str) -> str | None:
    """An account id, which people write with dashes, too; or an account's name, as it is."""
    digits = value.replace("-", "")
    return digits if re.fullmatch(r"\d{12}", digits, re.ASCII) else value


def template(value: str) -> str:
    """The name of a profile, with ``{alias}``, ``{account}`` and ``{role}`` in it.

    Raises ValueError for other braces.
    """
    if re.search(r"[{}]", re.sub(r"\{(?:alias|account|role)\}", "", value)):
        raise ValueError("not a name whose fields are {alias}, {account} and {role}")
    return value
