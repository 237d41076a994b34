"""The person's own browser, for what pages alone cannot do: performs the step ``Browse``.

Providers refuse to sign people in to a browser that is driven by a program, and they may: nothing
here hides it. So the sign-in itself happens in a plain browser that nobody drives, and only the way
from the session to AWS in one that samlauth watches over DevTools:

1.  without a window, watched: is there a session already?
2.  plain, at the provider's account page, until the person is done
3.  as 1
4.  in a window, watched, for whatever else the provider wants

Where there is no account page to sign in at, 2 and 3 are left out. All of them use a profile of
samlauth's own, and in all of them AWS is sent nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from samlauth.effects.browser import arguments, endings, profile
from samlauth.effects.browser.devtools import DevTools, NoAnswerError, Wire
from samlauth.effects.browser.executable import can_show, find
from samlauth.effects.browser.process import NotStartedError, surroundings
from samlauth.effects.browser.profile import Profile
from samlauth.effects.browser.visit import Visit
from samlauth.flow import Browse, BrowserEnded
from samlauth.saml import SAMLResponse

if sys.platform == "win32":
    from samlauth.effects.browser.windows import Child
else:
    from samlauth.effects.browser.posix import Child

Mode = Literal["auto", "plain", "devtools"]
"""``plain`` shows no watched window, ``devtools`` no other."""

Until = Callable[[str, float, Callable[[], bool]], Literal["enter", "over", "time"]]
"""Shows a line until ENTER is pressed, the function says it is over, or so many seconds passed."""

SILENT_SECONDS: Final = 10.0
"""How long a browser without a window may take to come to AWS."""

_LOOK_SECONDS = 0.5
_STILL: Final = 4
"""Looks in a row that have to find the same page waiting for somebody to type."""
_END_SECONDS = 3.0
"""How long a browser may take to end after its last window, until that is no ending but a crash."""


def usual_wire(folder: Path) -> Wire:
    """To the browser on the profile in ``folder``: a pipe, and on Windows a port."""
    if sys.platform == "win32":
        from samlauth.effects.browser.port import Port

        return Port(folder)
    else:
        from samlauth.effects.browser.pipe import Pipe

        return Pipe()


class Browser:
    """Performs Browse with the browser at ``path``, or the first that is found.

    ``seconds`` are the person's, in all windows together. Signed in silently there is no window.
    ``wire`` makes what DevTools is spoken over, for each start anew.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        path: str | None,
        mode: Mode,
        seconds: float,
        until: Until,
        tell: Callable[[str], None],
        wire: Callable[[Path], Wire] = usual_wire,
    ) -> None:
        self._environ = environ
        self._path = path
        self._mode = mode
        self._seconds = seconds
        self._until = until
        self._tell = tell
        self._wire = wire

    def browse(self, step: Browse) -> SAMLResponse | BrowserEnded:
        """What the browser was about to post to AWS, or why nothing.

        Raises SettingsError for a proxy in the environment that cannot be used, FileError when
        there can be no profile. Nothing of the browser is left running, whatever happens.
        """
        executable = find(self._environ, self._path)
        if isinstance(executable, BrowserEnded):
            return executable
        try:
            with profile.held(self._environ, step.owner, self._tell) as held:
                return self._in_phases(executable, held, step)
        except profile.BusyError:
            return endings.busy(profile.LOCK_SECONDS)
        except NotStartedError as error:
            return endings.not_started(executable, error.reason)
        except NoAnswerError:
            return endings.out_of_step("The browser did not let samlauth watch it over DevTools.")

    def _in_phases(
        self, executable: Path, held: Profile, step: Browse
    ) -> SAMLResponse | BrowserEnded:
        held.prepare()
        two_phases = bool(step.account_url) and self._mode != "devtools"
        if two_phases or held.existed:
            ended = self._silently(executable, held, step.url)
            if ended is not None:
                return ended
        if not can_show(self._environ, self._path):
            return endings.no_display()
        deadline = time.monotonic() + self._seconds
        if two_phases:
            plain = self._plainly(executable, held, step.account_url)
            if plain is not None:
                return plain
            self._tell("Going on to AWS with that session.")
            ended = self._silently(executable, held, step.url)
            if ended is not None:
                return ended
            if self._mode == "plain":
                return endings.not_far_enough()
        return self._watched(executable, held, step.url, deadline)

    def _silently(
        self, executable: Path, held: Profile, url: str
    ) -> SAMLResponse | BrowserEnded | None:
        """Without a window; None when a person is needed."""
        with self._driven(executable, held, url, headless=True) as (child, visit):
            deadline = time.monotonic() + SILENT_SECONDS
            looked = time.monotonic()
            while not visit.look(0.05):
                now = time.monotonic()
                if now > deadline or visit.unreachable or visit.asked_times >= _STILL:
                    return None
                if now - looked > _LOOK_SECONDS:
                    looked = now
                    visit.ask_page()
            return self._outcome(executable, held, child, visit)

    def _plainly(self, executable: Path, held: Profile, url: str) -> BrowserEnded | None:
        """In a window that nobody drives, until the person is done; None when they are."""
        command = [str(executable), *arguments.plain(held.folder, self._environ, url)]
        child = Child()
        with surroundings(self._environ) as environ:
            try:
                child.start(command, environ, None)
                match self._until(
                    "Sign in in the browser window, then close it or press ENTER here.",
                    self._seconds,
                    child.ended,
                ):
                    case "enter":
                        return None
                    case "time":
                        return endings.timed_out(self._seconds)
                    case "over":
                        return self._closed_well(executable, held, child)
            finally:
                child.end(lambda: child.hang_up(held.browser()))
                held.tidy()

    def _watched(
        self, executable: Path, held: Profile, url: str, deadline: float
    ) -> SAMLResponse | BrowserEnded:
        """In a window, over DevTools."""
        with self._driven(executable, held, url, headless=False) as (child, visit):
            match self._until(
                "Sign in in the browser window; samlauth goes on by itself.",
                max(0.0, deadline - time.monotonic()),
                visit.look,
            ):
                case "enter":
                    return visit.caught or endings.given_up()
                case "time":
                    return visit.caught or endings.timed_out(self._seconds)
                case "over":
                    return self._outcome(executable, held, child, visit)

    @contextmanager
    def _driven(
        self, executable: Path, held: Profile, url: str, *, headless: bool
    ) -> Iterator[tuple[Child, Visit]]:
        """A browser on its way to ``url``, watched; ended, with all that was its, after the block."""
        wire = self._wire(held.folder)
        child, tools = Child(), DevTools(wire)
        try:
            command = [
                str(executable),
                *arguments.devtools(held.folder, self._environ, wire.flag, headless=headless),
            ]
            with surroundings(self._environ) as environ:
                try:
                    child.start(command, environ, wire.theirs)
                    tools.connect(child.ended)
                    yield child, Visit(tools, url)
                finally:
                    child.end(lambda: _ask_to_close(tools, child, held))
                    held.tidy()
        finally:
            tools.close()

    def _outcome(
        self, executable: Path, held: Profile, child: Child, visit: Visit
    ) -> SAMLResponse | BrowserEnded:
        """Of a visit that is over."""
        if visit.caught is not None:
            return visit.caught
        if visit.left:
            return self._closed_well(executable, held, child) or endings.closed()
        return endings.out_of_step(visit.fault)

    def _closed_well(self, executable: Path, held: Profile, child: Child) -> BrowserEnded | None:
        """None for a browser whose windows the person has closed; else what became of it."""
        if not child.ends_within(_END_SECONDS):
            return None  # on macOS it outlives its windows
        another = held.in_use()
        if child.status == 0 and not another:
            return None
        return endings.died(executable, child.status, child.settled_complaints(), another)


def _ask_to_close(tools: DevTools, child: Child, held: Profile) -> None:
    if tools.over:
        child.hang_up(held.browser())
    else:
        tools.send("Browser.close")
