"""What a check can find, and what can be done about it without asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from samlauth.diagnosis.facts import Facts

Severity = Literal["ok", "note", "problem", "skipped", "fixed"]
"""``note``: nothing stops a sign-in; ``skipped``: could not be looked at; ``fixed``: was a problem."""

Group = Literal["profile", "files", "network", "computer"]


@dataclass(frozen=True)
class Mode:
    """Give a file or folder this mode, which takes rights away and adds none."""

    path: str
    mode: int


@dataclass(frozen=True)
class Unmark:
    """Take the byte order mark off an AWS file."""

    path: str
    private: bool


@dataclass(frozen=True)
class Unrepeat:
    """Take the keys out of an AWS file that repeat the value of one before."""

    path: str
    private: bool


@dataclass(frozen=True)
class Sweep:
    """Remove what killed runs left of new versions of a file."""

    path: str


Remedy = Mode | Unmark | Unrepeat | Sweep


@dataclass(frozen=True)
class Found:
    """What a check found, in sentences; nothing in them is a secret."""

    severity: Severity
    what: str
    why: str = ""
    """What it leads to, or how it is known."""
    fix: str = ""
    """A command, or a sentence."""
    remedy: Remedy | None = None
    """What ``--fix`` does about it; None where that is the person's to decide."""
    exit_code: int | None = None
    """Of a problem whose class is not its check's."""


@dataclass(frozen=True)
class Check:
    """One thing that is looked at."""

    name: str
    """As in ``--json``."""
    group: Group
    exit_code: int
    """Of a problem it finds: the class of :mod:`samlauth.errors`."""
    fine: str
    """What to call it when nothing is wrong."""
    look: Callable[[Facts], Iterator[Found]]
    """Finds nothing where all is well."""
    needs: Literal["", "files", "profile"] = ""
    """What it cannot be looked at without."""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: Check
    found: Found

    @property
    def exit_code(self) -> int:
        """0 for all but a problem."""
        if self.found.severity != "problem":
            return 0
        own = self.found.exit_code
        return self.check.exit_code if own is None else own


def ok(what: str) -> Found:
    """All is well, and there is something to say of it."""
    return Found("ok", what)


def note(what: str, why: str = "", fix: str = "") -> Found:
    """Nothing that stops a sign-in."""
    return Found("note", what, why, fix)


def problem(what: str, why: str = "", fix: str = "", remedy: Remedy | None = None) -> Found:
    """Something that will go wrong, or is not safe."""
    return Found("problem", what, why, fix, remedy)


def skipped(why: str) -> Found:
    """It could not be looked at."""
    return Found("skipped", why)
