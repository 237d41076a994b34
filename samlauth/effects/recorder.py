"""What a sign-in came across, kept in memory, and written as skeletons only when it fails.

The pages of a run that succeeds are never written, unless ``--save-saml-flow`` asks for them. One
file, ``samlauth/failure`` beside the AWS config file, has the last run that failed; ``samlauth
report`` makes a bundle of it. What cannot be written costs no sign-in anything.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import samlauth
from samlauth.effects import descriptors, files
from samlauth.errors import FileError, SamlauthError, STSRefused
from samlauth.flow import Page, Request
from samlauth.reports import MOST_PAGES, Event, Report, Seen, encode
from samlauth.values import dataclass

if TYPE_CHECKING:
    from samlauth.redactor import Redactor

log = logging.getLogger("samlauth.recorder")

FAILURE = "failure"
"""The file of the last run that failed."""
FAILURE_HTML = "failure.html"
"""The last page of that run, for ``--save-failure-html``."""
FLOW = "flow"
"""The folder of every page of the last run, for ``--save-saml-flow``."""

_LOCK_SECONDS = 1.0
_MOST_EVENTS = 500
_LIBRARIES = ("requests", "urllib3", "beautifulsoup4", "lxml", "botocore", "keyring")


@dataclass(frozen=True)
class _Page:
    page: Page | None
    """None for an image, and where none came."""
    verb: str
    url: str
    began: float
    took: float
    error: str = ""
    """The class of what kept it from coming."""


class Recorder:
    """Takes down what a run does. ``clock`` counts seconds."""

    def __init__(
        self, idp: str, username: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._idp = idp
        self._usernames = {username}
        self._clock = clock
        self._began = clock()
        self._events: deque[Event | _Page] = deque(maxlen=_MOST_EVENTS)

    def signs_in(self, username: str) -> None:
        """Know one more name of the person's: it is nowhere in a report."""
        self._usernames.add(username)

    def send(self, request: Request, send: Callable[[Request], Page]) -> Page:
        """What ``send`` makes of the request."""
        verb = "GET" if request.form is None and request.json is None else "POST"
        began = self._clock()
        try:
            page = send(request)
        except SamlauthError as error:
            took = self._clock() - began
            self._events.append(_Page(None, verb, request.url, began, took, type(error).__name__))
            raise
        kept = None if request.binary else page
        self._events.append(_Page(kept, verb, request.url, began, self._clock() - began))
        return page

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Anything else that takes its time, by its kind alone; it may end in an error."""
        began = self._clock()
        ended = ""
        try:
            yield
        except SamlauthError as error:
            ended = f": {type(error).__name__}"
            raise
        finally:
            self._events.append(
                Event(round(began - self._began, 3), what + ended, round(self._clock() - began, 3))
            )

    @property
    def has_pages(self) -> bool:
        """Whether any page came at all."""
        return any(map(_has_page, self._events))

    def report(self, error: BaseException | None, redactor: Redactor) -> Report:
        """The run so far as a report, without what the redactor knows."""
        from samlauth.skeletons import place, private_words

        private = frozenset().union(*map(private_words, self._usernames))
        events: list[Event] = []
        pages: list[Seen] = []
        left_out = sum(map(_has_page, self._events)) - MOST_PAGES
        for event in self._events:
            if isinstance(event, Event):
                events.append(event)
                continue
            status, kept = 0, None
            if event.page is not None:
                left_out -= 1
                status = event.page.status
                if left_out < 0:
                    kept = len(pages)
                    pages.append(self._seen(event.page, private, redactor))
            did = f"{event.verb} {place(event.url, private)}"
            if _tells(did, redactor):
                did = event.verb
            if event.error:
                did += f": {event.error}"
            began = round(event.began - self._began, 3)
            events.append(Event(began, did, round(event.took, 3), status, kept))
        return Report(
            f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            self._idp,
            _called(error),
            error.exit_code if isinstance(error, SamlauthError) else 1,
            () if error is None or isinstance(error, SamlauthError) else _places(error),
            _versions(),
            tuple(events),
            tuple(pages),
        )

    def _seen(self, page: Page, private: frozenset[str], redactor: Redactor) -> Seen:
        from samlauth.idp.readers import name
        from samlauth.skeletons import is_given_name, skeleton

        named = name(self._idp, page)
        if named and not is_given_name(named, private):
            named = named.partition(" ")[0]  # the kind of challenge is a part of an address
        seen = Seen(skeleton(page, private), named)
        if _tells(encode(_bare(seen)), redactor):
            return Seen(Page("", page.status, ""), seen.named, withheld=True)
        return seen

    def keep_failure(
        self, folder: Path, error: BaseException, redactor: Redactor, *, html: bool
    ) -> Path | None:
        """Write the run as the last that failed; the page it ended at, too, if ``html`` says so.

        The path of that page, if it was written. Never raises: there is an error on its way already.
        """
        try:
            report = self.report(error, redactor)
            with files.locked(folder / FAILURE, _LOCK_SECONDS):
                _write(folder / FAILURE, encode(report), redactor)
                if html and report.pages:
                    return _write(folder / FAILURE_HTML, report.pages[-1].page.body, redactor)
        except Exception as fault:  # noqa: BLE001 - the error that ended the run must not be lost for this one
            log.debug("the failure was not recorded: %s", type(fault).__name__)
        return None

    def keep_flow(self, folder: Path, error: BaseException | None, redactor: Redactor) -> Path:
        """Write every page of the run, in order, in place of the run before; the folder.

        Raises FileError and OSError.
        """
        report = self.report(error, redactor)
        target = folder / FLOW
        with files.locked(target / "run.json", _LOCK_SECONDS):
            for old in target.glob("[0-9][0-9]-*.html"):
                old.unlink()
            for number, seen in enumerate(report.pages, 1):
                _write(target / f"{number:02}-{seen.word}.html", seen.page.body, redactor)
            _write(target / "run.json", encode(report, bodies=False), redactor)
        return target


def _write(path: Path, text: str, redactor: Redactor) -> Path | None:
    """The path; None when it was not written, for each page was looked through by itself, and
    whatever is left is not for a file."""
    if _tells(text, redactor):
        log.debug("%s was not written: there is a secret in it", path.name)
        return None
    files.write_private(path, text.encode("utf-8", "backslashreplace"))
    return path


def forget(folder: Path) -> Iterator[Path]:
    """Remove what runs have left there; yields what was. Raises OSError when that cannot be."""
    flow = folder / FLOW
    for path in (folder / FAILURE, folder / FAILURE_HTML, *sorted(flow.glob("*"))):
        if path.is_file() and path.suffix != ".lock":
            path.unlink()
            yield path


def load(folder: Path) -> str:
    """The text of the last failure. Raises FileError when there is none, or none that is ours."""
    path = folder / FAILURE
    try:
        descriptor = os.open(path, descriptors.READ_ITSELF)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if sys.platform != "win32" and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
                raise FileError(
                    f"{path} can be read by others, or is somebody else's: it is not used.",
                    hint=f"Look at it and remove it: rm {path}",
                )
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        raise FileError(
            "There is no failed sign-in to report: none is on record.",
            hint="Run the command that fails once more, then samlauth report.",
        ) from None
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}.", hint="See its mode, and whose it is."
        ) from error


def _tells(text: str, redactor: Redactor) -> bool:
    """Whether a secret is in a text that is made of skeletons."""
    from samlauth.skeletons import FIXED, is_given_name

    return redactor.holds(text, fixed=FIXED, is_word=is_given_name)


def _has_page(event: Event | _Page) -> bool:
    return isinstance(event, _Page) and event.page is not None


def _bare(seen: Seen) -> Report:
    return Report("", "", "", 0, pages=(seen,))


def _called(error: BaseException | None) -> str:
    if error is None:
        return ""
    code = error.code if isinstance(error, STSRefused) else ""
    return f"{type(error).__name__} {code}" if code.isalnum() else type(error).__name__


def _places(error: BaseException) -> tuple[str, ...]:
    """The places in the code an error passed: no values, and no folder of the person's."""
    frames = traceback.extract_tb(error.__traceback__)
    return tuple(
        f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} in {frame.name}"
        for frame in frames
    )


def _versions() -> dict[str, str]:
    import platform
    import ssl
    from importlib.metadata import PackageNotFoundError, version

    found = {
        "samlauth": samlauth.__version__,
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "platform": f"{sys.platform} {platform.machine()}",
    }
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
