"""The real Chromium in a rehearsal, and a person in front of it."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.devtools import DevTools, Gone

CHATTER = ("clients2.google.com", ".googleapis.com", ".gvt1.com")
"""Hosts that Chromium asks by itself, flags or not; none is in the rehearsal."""

_SECONDS = 60
"""How long any one thing may take."""
_FLAGS = (
    "--no-sandbox",  # the tests may be run by root, for whom it has none
    "--headless=new",  # there may be no display
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",  # for the person
)

_SHOWN = "name => [...document.getElementsByName(name)].find(field => field.type !== 'hidden')"
"""The field of a name that a person sees, in JavaScript."""

# Says what was started, where and how, on the pipe; then is that browser. What it adds comes first, so
# that whatever samlauth asks for itself still holds.
_WRAPPER = """#!/bin/sh
for argument; do
    case $argument in --user-data-dir=*) rm -f "${{argument#*=}}/DevToolsActivePort";; esac
done
{{ printf '%s\\0' $$ "$TMPDIR" "$@"; echo; }} >{pipe}
exec {chromium} {flags} "$@"
"""


def needed(*programs: str) -> list[str]:
    """Where the programs are. Without one the test is skipped; in CI it fails."""
    found = [shutil.which(program) for program in programs]
    missing = [name for name, path in zip(programs, found, strict=True) if path is None]
    if missing:
        said = f"not installed: {', '.join(missing)}"
        pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
    return [path for path in found if path is not None]


@dataclass(frozen=True)
class Start:
    """One start of the browser."""

    pid: int
    """Of its first process, which leads its process group when it was given one of its own."""
    temporary: Path
    """Its TMPDIR."""
    arguments: tuple[str, ...]
    """As samlauth gave them."""

    @property
    def has_window(self) -> bool:
        return not any(argument.startswith("--headless") for argument in self.arguments)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the person controls it."""
        told = ("--remote-debugging", "--enable-automation", "--headless")
        return not any(argument.startswith(told) for argument in self.arguments)

    @property
    def folder(self) -> Path:
        (folder,) = (a for a in self.arguments if a.startswith("--user-data-dir="))
        return Path(folder.partition("=")[2])


class Bed:
    """A browser for the rehearsal, which trusts its authority and is behind its proxy.

    A context manager.
    """

    def __init__(self, rehearsal: Rehearsal) -> None:
        chromium, _ = needed("chromium", "certutil")
        self.rehearsal = rehearsal
        self.starts: list[Start] = []
        self._windows = ExitStack()
        assert rehearsal.open_to_browsers()
        pipe = rehearsal.folder / "starts"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR)  # both ways: no start has to wait for a reader
        self.path = rehearsal.folder / "bin" / "browser-of-the-rehearsal"
        """What ``--browser-path`` names."""
        self.path.write_text(_WRAPPER.format(pipe=pipe, chromium=chromium, flags=" ".join(_FLAGS)))
        self.path.chmod(0o700)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._windows.close()
        os.close(self._pipe)
        for pid in self.processes():  # a test that failed may leave some
            subprocess.run(["kill", "-9", str(pid)], check=False)

    def start(self) -> Start:
        """The next start, once it comes."""
        line = b""
        while not line.endswith(b"\0\n"):
            ready, _, _ = select.select([self._pipe], [], [], _SECONDS)
            assert ready, "no browser was started"
            line += os.read(self._pipe, 1)
        pid, temporary, *arguments = line[:-2].decode().split("\0")
        self.starts.append(Start(int(pid), Path(temporary), tuple(arguments)))
        return self.starts[-1]

    def window(self) -> Window:
        """The next window that is opened for the person."""
        while not (start := self.start()).has_window:
            pass
        return self._windows.enter_context(Window(start))

    def no_more_starts(self) -> list[Start]:
        """Those that nobody has waited for, when all is over."""
        seen = len(self.starts)
        while select.select([self._pipe], [], [], 0)[0]:
            self.start()
        return self.starts[seen:]

    def processes(self) -> list[int]:
        """Every process of this browser that is still there."""
        leaders = {start.pid for start in self.starts}
        home = str(self.rehearsal.folder).encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal() or int(folder.name) == os.getpid():
                continue
            try:
                told = (folder / "cmdline").read_bytes()
                # Behind the name, which is in brackets: state, parent, process group, session.
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # gone meanwhile
            browser = b"chromium" in told and home in told
            if stat[0] != "Z" and (browser or {int(stat[2]), int(stat[3])} & leaders):
                found.append(int(folder.name))
        return found

    def left(self) -> list[str]:
        """What a run has left behind that it should not: processes, temporary files, locks."""
        self.no_more_starts()
        processes = [f"process {pid}" for pid in self.processes()]
        temporary = [str(path) for path in self.rehearsal.folder.glob("tmp/*")]
        temporary += [str(start.temporary) for start in self.starts if start.temporary.exists()]
        singletons = [str(path) for path in self.rehearsal.home.rglob("Singleton*")]
        return processes + temporary + singletons


class Window:
    """A browser's window, through the eyes and hands of a person.

    A context manager: the person looks away, and the window stays.
    """

    def __init__(self, start: Start) -> None:
        self.is_plain = start.is_plain
        self.pid = start.pid
        port, path = _debugger(start)
        self._tools = DevTools(port, path)
        self._tools.attach()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tools.close()

    def go(self, url: str) -> None:
        """Type the address."""
        self._tools.send("Page.navigate", url=url)

    def until(self, text: str) -> None:
        """Wait for a page that has the text."""
        self._wait(f"document.body.innerText.includes({json.dumps(text)})")

    def answer(self, click: str = "button, [type=submit]", **answers: str) -> None:
        """Wait for a page that asks for these, fill them in and press a button of the form.

        ``click`` is a selector of it: the first one unless said otherwise.
        """
        given = json.dumps(answers)
        self._wait(
            "!document.documentElement.dataset.answered"
            f" && Object.keys({given}).every(name => ({_SHOWN})(name))"
        )
        self._evaluate(
            f"""for (const [name, value] of Object.entries({given})) ({_SHOWN})(name).value = value;
            document.documentElement.dataset.answered = "yes";
            ({_SHOWN})(Object.keys({given})[0]).form.querySelector({json.dumps(click)}).click();"""
        )

    def press(self, name: str) -> None:
        """Wait for a page that has the button, and press it."""
        self._wait(f"document.getElementsByName({json.dumps(name)})[0]")
        self._evaluate(f"document.getElementsByName({json.dumps(name)})[0].click()")

    def plug_in(self, credential: bytes, private_key: bytes, rp_id: str) -> None:
        """A security key of Chromium's own making, which touches itself.

        ``private_key`` is in PKCS #8, of a credential that was made elsewhere.
        """
        self._tools.send("WebAuthn.enable", enableUI=False)
        made = self._tools.send(
            "WebAuthn.addVirtualAuthenticator",
            options={
                "protocol": "ctap2",
                "transport": "usb",
                "hasResidentKey": False,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            },
        )
        self._tools.send(
            "WebAuthn.addCredential",
            authenticatorId=made["authenticatorId"],
            credential={
                "credentialId": base64.b64encode(credential).decode(),
                "isResidentCredential": False,
                "rpId": rp_id,
                "privateKey": base64.b64encode(private_key).decode(),
                "signCount": 0,
            },
        )

    def close(self) -> None:
        """As a person closes the last window: the browser ends."""
        self._tools.send("Browser.close")

    def _wait(self, condition: str) -> None:
        events = self._tools.events()
        while not self._evaluate(f"document.readyState === 'complete' && !!({condition})"):
            for event in events:
                if event["method"] == "Page.loadEventFired":
                    break

    def _evaluate(self, expression: str) -> object:
        try:
            answer = self._tools.send("Runtime.evaluate", expression=expression, returnByValue=True)
        except ValueError:
            return None  # between two pages: the next one's event comes
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


def _debugger(start: Start) -> tuple[int, str]:
    """Port and path of the browser's DevTools, once it has written them."""
    ends = time.monotonic() + _SECONDS
    while time.monotonic() < ends:
        with_port = start.folder / "DevToolsActivePort"
        if with_port.exists() and (lines := with_port.read_text().split())[1:]:
            return int(lines[0]), lines[1]
        time.sleep(0.02)
    raise AssertionError(f"no browser at {start.folder}")


__all__ = ["CHATTER", "Bed", "Gone", "Start", "Window", "needed"]
