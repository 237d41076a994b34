"""What is known of a computer, a profile and its network: gathered elsewhere, judged here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from samlauth.errors import SamlauthError
from samlauth.sources import Settings


@dataclass(frozen=True)
class Entry:
    """A file or folder that is there."""

    path: str
    """With links followed."""
    mode: int
    """The permission bits, with the sticky bit."""
    owner: int
    """A user id."""
    is_folder: bool = False


@dataclass(frozen=True)
class AWSFile:
    """One of the two files of the AWS tools."""

    path: str
    """By the name the person knows."""
    real: str
    """With links followed."""
    private: bool
    """Whether it is the one with the credentials."""
    entry: Entry | None = None
    """None where there is none."""
    unreadable: str = ""
    """Why it cannot be read."""
    data: bytes = field(default=b"", repr=False)
    folder: Entry | None = None
    """That it lies in; None where there is none."""
    writable: bool = True
    """Whether new files can be made in that folder, or a folder that is missing be made."""
    mounted: bool = False
    """Whether it is mounted by itself, so that no other file can take its place."""
    free: int | None = None
    """Bytes left where it lies."""
    locked: Literal["", "held", "impossible"] = ""
    """Why its lock cannot be had."""
    lock: str = ""
    """The lock's own path."""


@dataclass(frozen=True)
class Leftover:
    """A new version of a file that never took its place, and is not being written any more."""

    path: str
    of: str


@dataclass(frozen=True)
class Profile:
    """A profile, as far as its settings make sense."""

    name: str
    settings: Settings
    config: Mapping[str, str] = field(repr=False)
    """Its section of the config file, keys in lower case."""
    credentials: Mapping[str, str] = field(repr=False)
    """Its section of the credentials file."""
    chained: bool = False
    """Whether it takes its role with another profile's credentials."""
    placed: bool = True
    """Whether it is known where to sign in."""
    passed_over: tuple[str, ...] = ()
    """A sentence for each value that made no sense and was another tool's."""


Lack = Literal["unreachable", "untrusted", "other"]


@dataclass(frozen=True)
class Answer:
    """What a host answered."""

    ahead: float | None
    """Seconds that its clock is ahead of ours; None if it did not tell the time."""
    issuer: str
    """Who signed its certificate; empty for http."""


@dataclass(frozen=True)
class NoAnswer:
    """Why a host gave none."""

    kind: Lack
    what: str
    fix: str


@dataclass(frozen=True)
class Host:
    """A host that a sign-in talks to."""

    name: str
    outcome: Answer | NoAnswer
    proxy: str = ""
    """The proxy it is reached through, as :attr:`Proxy.name`."""


@dataclass(frozen=True)
class Proxy:
    """A proxy that the environment names."""

    name: str
    """Host and port."""
    source: str
    """The variable."""
    dead: str = ""
    """Why it cannot be reached."""


@dataclass(frozen=True)
class Network:
    """What became of asking each host."""

    hosts: tuple[Host, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    unusable: SamlauthError | None = None
    """A setting that no connection can be made with."""


@dataclass(frozen=True)
class Keyring:
    """What keeps secrets."""

    backend: str
    """Its class, with the module; empty where it was not found out."""
    unusable: str = ""
    """Why it cannot be used."""


@dataclass(frozen=True)
class NoBrowser:
    """Why there is no browser to sign in with."""

    what: str
    fix: str


@dataclass(frozen=True)
class SecurityKey:
    """Whether a security key could be used."""

    is_possible: bool = True
    """Whether the program for them is installed."""
    keys: int = 0
    """How many are plugged in, where that is known."""
    message: str = ""
    """What is in the way, a sentence; empty when nothing is."""
    hint: str = ""


@dataclass(frozen=True)
class Facts:
    """All that is looked at."""

    person: int
    """The user id we run as."""
    environ: Mapping[str, str] = field(repr=False)
    profile: Profile | SamlauthError
    """Why its settings cannot be read, where they cannot."""
    home: str = ""
    """The person's home folder, with links followed; "" where it is not known."""
    files: tuple[AWSFile, ...] = ()
    own: tuple[Entry, ...] = ()
    """samlauth's own folders and what is in them."""
    leftovers: tuple[Leftover, ...] = ()
    provider: SamlauthError | None = None
    """Why the identity provider can make nothing of its settings."""
    helpers: tuple[SamlauthError, ...] = ()
    """Why a sign-in would make nothing of the files and programs that the settings name."""
    network: Network = Network()
    keyring: Keyring = Keyring("")
    browser: str | NoBrowser = ""
    """Where it is."""
    security_key: SecurityKey = SecurityKey()
    plugins: tuple[str, ...] = ()
    """Identity providers from other packages, each with its package."""
    versions: tuple[tuple[str, str], ...] = ()
