"""Why a browser gave no SAML response, in words for the person."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from samlauth.flow import BrowserEnded
from samlauth.printable import safe

_NO_DISPLAY = re.compile(r"Missing X server or \$DISPLAY|ozone_platform|cannot open display")
_AS_ROOT = "without --no-sandbox is not supported"
_NO_SANDBOX = "No usable sandbox"
_LIBRARY = re.compile(r"error while loading shared libraries: ([\w.+-]+)")
_ELSEWHERE = "in use by another"

_OTHERWISE = (
    "Name another browser with --browser-path, or sign in with any browser and give samlauth the "
    "SAMLResponse it posts to AWS with --saml-assertion."
)


def no_display() -> BrowserEnded:
    """A window would be needed."""
    return BrowserEnded(
        "no display",
        "You have to sign in in a browser, and there is no display to show one on.",
        "Run the command where there is one.",
    )


def closed() -> BrowserEnded:
    """The person closed the last window."""
    return BrowserEnded(
        "closed",
        "The browser was closed before the sign-in had reached AWS.",
        "Run the command again and sign in to the end; samlauth closes the window itself.",
    )


def given_up() -> BrowserEnded:
    """The person pressed ENTER while samlauth was watching."""
    return BrowserEnded(
        "closed",
        "You pressed ENTER before the sign-in had reached AWS, so the browser was closed.",
        "Run the command again and sign in to the end; samlauth closes the window itself.",
    )


def not_far_enough() -> BrowserEnded:
    """The person was done in a browser that nobody drives, and is not signed in for AWS."""
    return BrowserEnded(
        "closed",
        "The browser was closed, but the session in it does not lead to AWS by itself.",
        "Run the command again and sign in to the end; or let samlauth show the rest of the way "
        "in a window that it watches: --browser-mode auto.",
    )


def timed_out(seconds: float) -> BrowserEnded:
    """Nothing came."""
    return BrowserEnded(
        "timed out",
        f"The browser did not reach AWS within {seconds:g} seconds.",
        "Run the command again, with more time if you need it: --browser-timeout.",
    )


def busy(seconds: float) -> BrowserEnded:
    """Another run has the profile."""
    return BrowserEnded(
        "timed out",
        f"Another samlauth has used the browser profile for the last {seconds:g} seconds.",
        "Finish the sign-in there, or end it; then run the command again.",
    )


def out_of_step(fault: str) -> BrowserEnded:
    """The browser does not do as DevTools says."""
    return BrowserEnded("crashed", fault, "Update the browser. " + _OTHERWISE)


def not_started(path: Path, reason: str) -> BrowserEnded:
    """The system did not execute it."""
    return BrowserEnded(
        "absent",
        f"The browser {safe(str(path), 1000)} could not be started: {reason}.",
        _OTHERWISE,
    )


def died(path: Path, status: int | None, complaints: str, taken: bool) -> BrowserEnded:
    """It ended by itself: its exit status, what it had said, whether another has the profile."""
    if taken or _ELSEWHERE in complaints:
        return BrowserEnded(
            "crashed",
            "Another browser is still open on the profile that is samlauth's own.",
            "Close its windows, on whichever computer they are, and run the command again. If "
            "there are none, samlauth logout removes the profile.",
        )
    if _NO_DISPLAY.search(complaints):
        return no_display()
    name = safe(str(path), 1000)
    if _AS_ROOT in complaints:
        return BrowserEnded(
            "crashed",
            f"{name} refuses to run as root.",
            "Run samlauth as yourself. " + _OTHERWISE,
        )
    if _NO_SANDBOX in complaints:
        return BrowserEnded(
            "crashed",
            f"{name} cannot set up its sandbox on this system.",
            "Ask the administrator to allow user namespaces. " + _OTHERWISE,
        )
    if library := _LIBRARY.search(complaints):
        return BrowserEnded(
            "crashed", f"{name} needs {library[1]}, which is not installed.", _OTHERWISE
        )
    return BrowserEnded("crashed", f"{name} ended unexpectedly ({_how(status)}).", _OTHERWISE)


def _how(status: int | None) -> str:
    if status is None or status >= 0:
        return f"status {status or 0}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
