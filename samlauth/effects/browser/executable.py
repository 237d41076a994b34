"""Which browser there is: Chrome, Chromium, Edge or Brave, by their usual names and places.

Firefox is not looked for: it does not speak DevTools.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from samlauth.effects.paths import expanded
from samlauth.flow import BrowserEnded
from samlauth.printable import safe

_NAMES = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
    "brave",
)
_PLACES = (
    "/opt/google/chrome/chrome",
    "/usr/lib/chromium/chromium",
    "/opt/microsoft/msedge/msedge",
    "/opt/brave.com/brave/brave",
)
_WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMW6432", "PROGRAMFILES(X86)", "LOCALAPPDATA")
"""Variables that name where programs are installed: for everybody, and for one person."""
_WINDOWS_PLACES = (
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
    "BraveSoftware/Brave-Browser/Application/brave.exe",
)
_MAC_NAMES = ("Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser")

_PASTE = (
    "Or sign in with any browser, and give samlauth the SAMLResponse it posts to AWS with "
    "--saml-assertion."
)


def find(
    environ: Mapping[str, str], path: str | None, platform: str = sys.platform
) -> Path | BrowserEnded:
    """The browser to start: the one at ``path``, else the first there is."""
    if path:
        return _given(environ, path, platform)
    snap = False
    for candidate in _candidates(environ, platform):
        if _is_snap(candidate):
            snap = True
        else:
            return candidate
    return _absent(environ, snap)


def _given(environ: Mapping[str, str], path: str, platform: str) -> Path | BrowserEnded:
    # A bare name is looked up, a path is not: what makes the difference is the slash in it.
    found = shutil.which(str(expanded(path)) if "/" in path else path, path=environ.get("PATH"))
    # Windows would run a batch file by cmd.exe, to which an address may hold commands.
    script = bool(found) and platform == "win32" and Path(str(found)).suffix.lower() != ".exe"
    if found and not script:
        return Path(found)
    there = script or expanded(path).exists()
    why = "cannot be executed" if there else "is not there"
    return BrowserEnded(
        "absent",
        f"The browser {safe(path, 1000)} (--browser-path) {why}.",
        "Correct --browser-path, or leave it out: the usual places are then looked at. " + _PASTE,
    )


def _candidates(environ: Mapping[str, str], platform: str) -> Iterator[Path]:
    if platform == "win32":
        for place in _WINDOWS_PLACES:
            for name in _WINDOWS_FOLDERS:
                if (folder := environ.get(name)) and (program := Path(folder, place)).is_file():
                    yield program
        return
    if platform == "darwin":
        home = environ.get("HOME", "")
        for folder in ("/Applications", *([f"{home}/Applications"] if home else [])):
            for name in _MAC_NAMES:
                app = Path(folder, f"{name}.app", "Contents", "MacOS", name)
                if os.access(app, os.X_OK):
                    yield app
    for name in (*_NAMES, *_PLACES):
        if found := shutil.which(name, path=environ.get("PATH")):
            yield Path(found)


def _is_snap(browser: Path) -> bool:
    """Whether it is a snap, which may neither see our profile folder nor be handed a pipe.

    Ubuntu's ``chromium-browser`` is a script that starts the snap.
    """
    real = Path(os.path.realpath(browser))
    if real.name == "snap" or real.is_relative_to("/snap"):
        return True
    try:
        with real.open("rb") as file:
            first = file.read(4096)
    except OSError:
        return False
    return first.startswith(b"#!") and b"/snap/bin/" in first


def _absent(environ: Mapping[str, str], snap: bool) -> BrowserEnded:
    if snap:
        message = "The only browser found is a snap, which cannot use samlauth's own profile."
        how = "Install Chrome, Edge or Brave from its .deb package"
    elif environ.get("WSL_DISTRO_NAME"):
        message = "No Chrome, Chromium, Edge or Brave was found in WSL; the one of Windows cannot be used from here."
        how = "Install one inside WSL, which shows its window"
    else:
        message = "No Chrome, Chromium, Edge or Brave was found on this computer."
        how = "Install one"
    return BrowserEnded("absent", message, f"{how}, or name one with --browser-path. {_PASTE}")
