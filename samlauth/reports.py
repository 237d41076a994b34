"""What is kept of a failed run, for whoever mends what failed: a closed form, written and read here.

A report holds skeletons of pages, what they were named, what was asked and sent in which order, how
long each took, and versions. There is no text of a person's or a server's in it: the error is a class
and an exit code, its sentence stayed on the screen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, Final

from samlauth.flow import Page
from samlauth.values import dataclass

FORMAT: Final = 1
"""Of the JSON; a report of another format counts as none."""
MOST_PAGES: Final = 60
"""Kept of a run: the last ones."""


@dataclass(frozen=True)
class Event:
    """One thing that a run did."""

    seconds: float
    """Since it began."""
    did: str
    """``GET`` or ``POST`` and where to, or the kind of step: ``EnterCode``, ``CallSTS``, …"""
    took: float
    """Seconds."""
    status: int = 0
    """The HTTP status of the page that answered; 0 for none."""
    page: int | None = None
    """Which of the pages that was, from 0."""


@dataclass(frozen=True)
class Seen:
    """A page, as its skeleton, and what it was named."""

    page: Page
    named: str
    """Empty for a provider that reads no pages."""
    withheld: bool = False
    """Whether the skeleton was left out, because something of the person's was found in it."""

    @property
    def word(self) -> str:
        """The name as part of a file's name."""
        return re.sub(r"[^A-Za-z]+", "-", self.named).strip("-")[:60] or "page"


@dataclass(frozen=True)
class Report:
    """One failed run."""

    when: str
    """UTC, ISO 8601, to the second."""
    idp: str
    error: str
    """The error's class; with STS's own code, if it was STS's."""
    exit_code: int
    at: tuple[str, ...] = ()
    """Of an error that is a fault of ours: each place in the code it passed, the innermost last."""
    versions: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    pages: tuple[Seen, ...] = ()

    @property
    def path(self) -> str:
        """The names of the pages in their order."""
        return " → ".join(seen.named or "page" for seen in self.pages) or "no page"


def encode(report: Report, *, bodies: bool = True) -> str:
    """The report as JSON; without ``bodies``, the pages have no content."""
    content = asdict(report)
    content["pages"] = [_encode_seen(seen, bodies=bodies) for seen in report.pages]
    return json.dumps({"format": FORMAT, **content}, indent=1, ensure_ascii=False) + "\n"


def decode(text: str, bodies: Mapping[int, str] | None = None) -> Report:
    """What :func:`encode` made, with the content of pages from ``bodies`` where it was left out.

    Raises ValueError for anything else.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ValueError("its format is not one this version knows")
        return Report(
            str(content["when"]),
            str(content["idp"]),
            str(content["error"]),
            int(content["exit_code"]),
            tuple(map(str, content["at"])),
            {str(name): str(version) for name, version in content["versions"].items()},
            tuple(map(_decode_event, content["events"])),
            tuple(
                _decode_seen(entry, (bodies or {}).get(number))
                for number, entry in enumerate(content["pages"])
            ),
        )
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError("it is not a report of samlauth") from error


def _encode_seen(seen: Seen, *, bodies: bool) -> dict[str, object]:
    page = seen.page
    return {
        "named": seen.named,
        "url": page.url,
        "status": page.status,
        "authenticate": page.authenticate,
        "elsewhere": page.elsewhere,
        "withheld": seen.withheld,
        **({"body": page.body} if bodies else {}),
    }


def _decode_event(entry: Any) -> Event:  # noqa: ANN401 - whatever JSON holds, until it is checked here
    page = entry["page"]
    return Event(
        float(entry["seconds"]),
        str(entry["did"]),
        float(entry["took"]),
        int(entry["status"]),
        None if page is None else int(page),
    )


def _decode_seen(entry: Any, body: str | None) -> Seen:  # noqa: ANN401 - as above
    elsewhere = entry["elsewhere"]
    page = Page(
        str(entry["url"]),
        int(entry["status"]),
        str(entry.get("body", "")) if body is None else body,
        authenticate=tuple(map(str, entry["authenticate"])),
        elsewhere=None if elsewhere is None else str(elsewhere),
    )
    return Seen(page, str(entry["named"]), bool(entry["withheld"]))
