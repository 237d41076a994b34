"""The figures that are promised: what each is, what it may be, and how it is measured."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from samlauth.credentials import Credentials
from samlauth.effects import cache
from samlauth.effects.state import Identity, Issued
from tests.bench.floor import wire
from tests.bench.runs import Runs, in_turn, median

HERE = Path(sys.executable).parent
PASSWORD = "not-a-real-password"
ROLE = "arn:aws:iam::111111111111:role/Developer"
WHO = ("-u", "ada@example.com", "-I", "C01bench", "-S", "000111000111", "-R", "us-east-1")
TRIP = 50
"""Milliseconds, of the rows with a distance."""
MANY = 100
SIDE_BY_SIDE = 8

_LIBRARIES = "import gc; gc.disable(); import requests, lxml.etree, bs4"
"""What must be there before a page can be asked for and read."""
_PIP_23 = """#!{python}
# -*- coding: utf-8 -*-
import re
import sys
from samlauth.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""


@dataclass(frozen=True)
class Figure:
    """One figure of one row, and the most it may be."""

    row: str
    what: str
    value: float
    goal: float | None = None
    unit: str = "x"
    measured: str = ""
    """What it was made of."""

    @property
    def falls_short(self) -> bool:
        return self.goal is not None and self.value > self.goal


@dataclass(frozen=True)
class Bench:
    """Where the peers are and what may be used."""

    folder: Path
    """Empty, on the file system to measure."""
    google_peer: Path
    """The program aws-google-auth."""
    adfs_peer: Path
    """The program aws-adfs."""
    rounds: int

    @property
    def plain(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), "COLUMNS": "100"}

    def fresh(self, name: str) -> Path:
        """A folder that was not there before."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir()
        return self.folder / name


Found = Iterator[Figure]


def start_up(bench: Bench) -> Found:
    """What prompts and other programs start all day."""
    home = cached(bench)
    wrapper = bench.fresh("pip23") / "samlauth"
    wrapper.write_text(_PIP_23.format(python=HERE / "python"))
    wrapper.chmod(0o755)
    process = ("credential-process", "-p", "x")
    commands: dict[str, list[str | Path]] = {
        "bare": [HERE / "python", "-c", "pass"],
        "cached": [HERE / "samlauth", *process],
        "pip 23": [wrapper, *process],
        "--help": [HERE / "samlauth", "--help"],
        "--version": [HERE / "samlauth", "--version"],
        "status --short": [HERE / "samlauth", "status", "--short"],
        "peer": [bench.google_peer, "--help"],
    }
    rows = {name: Runs(name, command, home) for name, command in commands.items()}
    in_turn(bench.rounds * 2, *(row.run for row in rows.values()))
    wall = {name: median(row.wall) for name, row in rows.items()}

    def against(name: str, other: str, goal: float, row: str, what: str) -> Figure:
        measured = f"{wall[name]:.1f} / {wall[other]:.1f} ms"
        return Figure(row, what, wall[name] / wall[other], goal, measured=measured)

    cached_row = "credential-process, cached"
    yield against("cached", "bare", 1.0, cached_row, "/ bare Python")
    yield against("pip 23", "bare", 1.5, f"{cached_row}, pip 23", "/ bare Python")
    for name in ("--help", "--version", "status --short"):
        yield against(name, "bare", 3, name, "/ bare Python")
        yield against(name, "peer", 0.1, name, "/ aws-google-auth --help")


@dataclass
class Logins:
    """Logins by password at one distance: ours, the peer's, and what they are measured against."""

    ours: Runs
    peer: Runs
    bare: Runs
    way: Mapping[str, str]
    count: Callable[[], list[int]]
    wires: list[float] = field(default_factory=list)
    """Milliseconds on the wire alone."""

    @property
    def turns(self) -> tuple[Callable[[bool], None], ...]:
        """One run of each."""
        return self.ours.run, self.peer.run, self.bare.run, self._wire

    def _wire(self, count: bool) -> None:
        took = wire(self.way)
        if count:
            self.wires.append(took)

    def counts(self) -> tuple[list[int], list[int]]:
        """Connections and requests of a login of ours, and of the peer's."""
        self.count()
        self.ours.run(count=False)
        ours = self.count()
        self.peer.run(count=False)
        return ours, self.count()


@contextmanager
def google(bench: Bench, milliseconds: int) -> Iterator[Logins]:
    """Logins at Google, so many milliseconds away."""
    theirs = bench.fresh(f"theirs{milliseconds}")
    with site(bench, milliseconds / 1000) as (way, count):
        environ = bench.plain | way
        peer = Runs(
            "aws-google-auth",
            [bench.google_peer, *WHO, "-p", "x", "-r", ROLE, "-d", "3600", "--no-cache"],
            environ | {"HOME": str(theirs)},
            PASSWORD + "\n",
            theirs / ".aws" / "credentials",
        )
        ours = Runs(
            "samlauth",
            [HERE / "samlauth", *WHO, "-p", "x", "-r", ROLE, "--force"],
            environ | {"HOME": str(bench.fresh(f"ours{milliseconds}"))},
            PASSWORD + "\n",
        )
        bare = Runs("bare Python", [HERE / "python", "-c", "pass"], bench.plain)
        yield Logins(ours, peer, bare, way, count)


def near(bench: Bench) -> Found:
    """A Google login without a distance: what we ourselves take."""
    with google(bench, 0) as logins:
        in_turn(bench.rounds, *logins.turns)
        counts = logins.counts()
    ours, peer = logins.ours, logins.peer
    row = "Google login, 0 ms"
    for what, mine, theirs, goal, unit in (
        ("wall / aws-google-auth", ours.wall, peer.wall, 0.5, "ms"),
        ("CPU / aws-google-auth", ours.cpu, peer.cpu, 0.5, "ms"),
        ("memory / aws-google-auth", ours.memory, peer.memory, 0.8, "MB"),
    ):
        a, b = median(mine), median(theirs)
        yield Figure(row, what, a / b, goal, measured=f"{a:.1f} / {b:.1f} {unit}")
    for what, mine_, theirs_ in zip(("connections", "requests"), *counts, strict=True):
        ratio = mine_ / theirs_
        yield Figure(row, f"{what} / aws-google-auth", ratio, 1, measured=f"{mine_} / {theirs_}")


def far(bench: Bench) -> Found:
    """A Google login over a distance."""
    with google(bench, TRIP) as logins:
        libraries = Runs("libraries", [HERE / "python", "-c", _LIBRARIES], bench.plain)
        in_turn(bench.rounds, *logins.turns, libraries.run)
    row, wall = f"Google login, {TRIP} ms", median(logins.ours.wall)
    theirs, floor = median(logins.peer.wall), median(logins.wires) + median(logins.bare.wall)
    measured = f"{wall:.0f} / {theirs:.0f} ms"
    yield Figure(row, "wall / aws-google-auth", wall / theirs, 0.55, measured=measured)
    measured = f"{wall:.0f} / {floor:.0f} ms"
    yield Figure(row, "wall / its wire and bare Python", wall / floor, 1.25, measured=measured)
    loaded = median(logins.wires) + median(libraries.wall)
    measured = f"{wall:.0f} / {loaded:.0f} ms"
    yield Figure(row, "wall / its wire and the libraries", wall / loaded, measured=measured)


def adfs(bench: Bench) -> Found:
    """An ADFS login over a distance, at the rehearsal."""
    with serving("tests.bench.adfs", str(TRIP / 1000)) as (told, _):
        environ = bench.plain | told["way"]
        where = ("--adfs-host", told["host"], "--region", "us-east-1")
        role, fresh = ("--role-arn", told["role"]), ("--no-session-cache",)
        ours = Runs(
            "samlauth",
            [HERE / "samlauth", *where, "-u", told["username"], *role, "-p", "x", "--force"],
            environ | {"HOME": str(bench.fresh("ours"))},
            told["password"] + "\n",
        )
        peer = Runs(
            "aws-adfs",
            [bench.adfs_peer, "login", *where, *role, "--profile", "x", "--stdin", *fresh],
            environ | {"HOME": str(bench.fresh("theirs"))},
            f"{told['username']}\n{told['password']}\n",
            bench.folder / "theirs" / ".aws" / "credentials",
        )
        in_turn(bench.rounds, ours.run, peer.run)
    a, b = median(ours.wall), median(peer.wall)
    row, measured = f"ADFS login, {TRIP} ms", f"{a:.0f} / {b:.0f} ms"
    yield Figure(row, "wall / aws-adfs", a / b, 0.6, measured=measured)


def roles(bench: Bench) -> Found:
    """The roles of one response, ready to be picked from."""
    took: dict[int, list[float]] = {1250: [], 5000: []}

    def taking(number: int) -> Callable[[bool], None]:
        def take(count: bool) -> None:
            out = subprocess.check_output([HERE / "python", "-m", "tests.bench.roles", str(number)])
            if count:
                took[number].append(float(out))

        return take

    in_turn(bench.rounds, *map(taking, took))
    few, many = (median(times) for times in took.values())
    row = "5,000 roles, from SAMLResponse to picker"
    yield Figure(row, "CPU", many, 50, "ms")
    measured = f"{many:.1f} / 4 x {few:.1f} ms"
    yield Figure(row, "linear: / 4 x 1,250 roles", many / 4 / few, 1.5, measured=measured)


def profiles(bench: Bench) -> Found:
    """One profile of a large credentials file."""
    took = {number: updates(bench, number) for number in (10_000, 100_000)}
    ours, least, plain = took[10_000]
    row = "one profile of 10,000"
    measured = f"{ours:.1f} / {plain:.1f} ms"
    yield Figure(row, "/ read, write, fsync in place", ours / plain, 1.75, measured=measured)
    measured = f"{ours:.1f} / {least:.1f} ms"
    yield Figure(row, "/ the same to a new file, renamed", ours / least, measured=measured)
    more = took[100_000][0]
    measured = f"{more:.1f} / 10 x {ours:.1f} ms"
    yield Figure(row, "linear: 100,000 / 10 x this", more / 10 / ours, 1.5, measured=measured)


def updates(
    bench: Bench, number: int, of: Callable[[Sequence[float]], float] = median
) -> tuple[float, float, float]:
    """Milliseconds of an update: ours, by a new file, in place."""
    folder = bench.fresh("files")
    command = [str(HERE / "python"), "-m", "tests.bench.profiles", str(folder), str(number)]
    taken = json.loads(subprocess.check_output([*command, str(bench.rounds)]))
    ours, renamed, in_place = (of(times) for times in zip(*taken, strict=True))
    return ours, renamed, in_place


def batch(bench: Bench) -> Found:
    """A hundred roles with one sign-in, each answer after a round trip."""
    with site(bench, 0, thought=TRIP / 1000, roles=MANY) as (way, _):
        one = Runs(
            "one role",
            [HERE / "samlauth", *WHO, "-r", "ReadOnly", "-p", "x", "-d", "1h", "--force"],
            bench.plain | way | {"HOME": str(bench.fresh("one"))},
            PASSWORD + "\n",
        )
        every = ["--all-roles", "--profile-name", "{account}-{role}", "-d", "1h", "--force"]
        many = Runs(
            f"{MANY} roles",
            [HERE / "samlauth", *WHO, *every],
            bench.plain | way | {"HOME": str(bench.fresh("many"))},
            PASSWORD + "\n",
        )
        in_turn(bench.rounds, one.run, many.run)
    # The login has one call of its own already.
    least = median(one.wall) + (math.ceil(MANY / SIDE_BY_SIDE) - 1) * TRIP
    took = median(many.wall)
    row, measured = f"--all-roles, {MANY} roles, {TRIP} ms", f"{took:.0f} / {least:.0f} ms"
    yield Figure(row, "/ the login and the calls, 8 at once", took / least, 1.3, measured=measured)


def browser(bench: Bench) -> Found:
    """A browser that is signed in, its start included; where there is one."""
    if shutil.which("chromium") is None or shutil.which("certutil") is None:
        return
    with serving("tests.bench.browser") as (told, _):
        row = Runs("browser", [HERE / "samlauth", *told["arguments"]], told["environ"])
        in_turn(bench.rounds, row.run)
    yield Figure("silent browser", "wall", median(row.wall), unit="ms")


FIGURES: Mapping[str, Callable[[Bench], Found]] = {
    "start": start_up,
    "near": near,
    "far": far,
    "adfs": adfs,
    "roles": roles,
    "profiles": profiles,
    "batch": batch,
    "browser": browser,
}
"""By the word that ``--rows`` knows them by."""


@contextmanager
def serving(module: str, *words: str) -> Iterator[tuple[Any, Callable[[], Any]]]:
    """A module that serves until its standard input ends: what it says first, and when it is asked."""
    command = [sys.executable, "-m", module, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin and child.stdout
        stdin, stdout = child.stdin, child.stdout

        def ask() -> object:
            stdin.write(b"\n")
            stdin.flush()
            return json.loads(stdout.readline())

        yield json.loads(stdout.readline()), ask
        stdin.close()


@contextmanager
def site(
    bench: Bench, round_trip: float, *, thought: float = 0, roles: int = 1
) -> Iterator[tuple[dict[str, str], Callable[[], list[int]]]]:
    """The fake services: the variables that lead there; connections and requests since last asked."""
    words = (str(bench.fresh(f"site{round_trip}")), str(round_trip), str(thought), str(roles))
    with serving("tests.bench.site", *words) as (way, count):
        yield way, count


def cached(bench: Bench) -> dict[str, str]:
    """The variables that lead to a profile whose credentials are in the cache."""
    now = datetime.now(UTC)
    home = bench.fresh("cached")
    config = home / ".aws" / "config"
    config.parent.mkdir()
    config.write_text("[profile x]\nregion = us-east-1\n")
    ends = now + timedelta(hours=12)
    identity = Identity("google", "C01bench", "000111000111", "ada@example.com", ROLE)
    cache.keep(
        cache.path_beside(str(config), "x"),
        str(config),
        Credentials("ASIABENCH", "not-real", "not-real" * 100, ends),
        Issued("ASIABENCH", identity, now, ends),
    )
    return bench.plain | {"HOME": str(home), "AWS_PROFILE": "x"}
