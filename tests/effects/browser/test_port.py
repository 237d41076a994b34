"""DevTools over a port, as on Windows: the same sign-ins in the real Chromium."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samlauth.effects.browser import endings, port
from samlauth.effects.browser.devtools import DevTools, NoAnswerError
from samlauth.effects.browser.port import Port
from samlauth.flow import BrowserEnded
from samlauth.saml import SAMLResponse
from tests.effects.browser.site import ASSERTION, AWS, Person, Stage, posts
from tests.effects.browser.test_browser import CAUGHT, after, close_windows
from tests.effects.loopback import Listener, Proxy, Received, Reply, Server, response


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.wire = Port
    # The port that samlauth asks for is the only one.
    stage.wrap("--headless=new")
    return stage


def flags(stage: Stage) -> set[str]:
    words = stage.starts.read_text().split()
    return {word for word in words if word.startswith("--remote-debugging")}


def test_a_session_leads_to_aws_without_a_window(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    with Proxy({}) as proxy:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "corp.example")
        assert stage.browse(Person(), "/straight", account="/account") == CAUGHT
        assert proxy.connections == 0
    assert stage.started() == ["silent"]
    assert flags(stage) == {"--remote-debugging-port=0"}


def test_a_plain_window_has_no_port(stage: Stage) -> None:
    person = after(lambda: stage.site.got("/seen"), "enter")
    assert stage.browse(person, account="/account") == CAUGHT
    assert stage.started() == ["silent", "plain", "silent"]


@pytest.mark.parametrize("way", ["last of 300 kB", "tab"])
def test_a_watched_window(stage: Stage, way: str) -> None:
    stage.site.pages["/go"] = posts(AWS, ("RelayState", "x" * 300_000))
    link = '<a target="_blank" href="/go">x</a><script>document.links[0].click()</script>'
    stage.site.pages["/way"] = stage.site.pages["/go"] if way != "tab" else link
    stage.wrap("--headless=new --disable-popup-blocking")
    assert stage.browse(Person(), "/way") == SAMLResponse(ASSERTION, AWS)
    assert stage.started() == ["watched"]


def test_the_window_is_closed(stage: Stage) -> None:
    person = Person(lambda: close_windows(stage) if stage.site.got("/sso") else None)
    assert stage.browse(person) == endings.closed()
    assert stage.started() == ["watched"]


def test_the_time_is_over(stage: Stage) -> None:
    ended = stage.browse(Person(), seconds=2)
    assert isinstance(ended, BrowserEnded)
    assert ended.reason == "timed out"


def test_the_browser_is_killed(stage: Stage) -> None:
    person = after(
        lambda: stage.site.got("/sso") and bool(stage.main_process()),
        None,
        lambda: os.kill(stage.main_process(), signal.SIGKILL),
    )
    ended = stage.browse(person)
    assert isinstance(ended, BrowserEnded)
    assert "SIGKILL" in ended.message
    # The file of the one that was killed is no way to the next.
    stage.site.pages["/straight"] = posts(AWS)
    assert stage.browse(Person(), "/straight") == CAUGHT


def test_the_run_is_interrupted(stage: Stage) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    person = after(lambda: stage.site.got("/sso"), None, interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.browse(person)
    assert stage.processes() == []


def test_nor_is_anything_left_when_it_is_while_the_browser_starts(stage: Stage) -> None:
    class Interrupted(Port):
        def connect(self, gone: Callable[[], bool]) -> None:
            def look() -> bool:
                if stage.main_process():
                    raise KeyboardInterrupt
                return gone()

            super().connect(look)

    stage.wire = Interrupted
    # Never a port for us, so that it is still being waited for.
    stage.wrap(
        "--headless=new", run="set -- $(echo $* | sed 's/--remote-debugging-port=0//'); exec"
    )
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stage.browse(Person())
    assert stage.processes() == []
    assert time.monotonic() - start < 5  # it was asked to close, and did


def test_a_browser_that_cannot_run(stage: Stage) -> None:
    stage.wrapper.write_text("#!/bin/sh\necho 'browser: it broke' >&2\nexit 3\n")
    ended = stage.browse(Person(), account="/account")
    assert isinstance(ended, BrowserEnded)
    assert (ended.reason, "status 3" in ended.message) == ("crashed", True)


def test_one_that_opens_no_port(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "CONNECT_SECONDS", 0.3)
    stage.wrapper.write_text("#!/bin/sh\nexec sleep 100\n")
    ended = stage.browse(Person(), account="/account")
    assert isinstance(ended, BrowserEnded)
    assert (ended.reason, "DevTools" in ended.message) == ("crashed", True)


class TestPlace:
    """Where the browser says that its port is."""

    def test_what_an_earlier_browser_said_is_not_gone_to(self, tmp_path: Path) -> None:
        with Server(lambda _: response("", 404)) as stranger:
            file = tmp_path / "DevToolsActivePort"
            file.write_text(f"{stranger.port}\n/devtools/browser/1-a")
            wire = Port(tmp_path)
            looks = iter([False, False, True])
            wire.connect(lambda: next(looks))
            assert stranger.connections == 0
            file.write_text(f"{stranger.port}\n/devtools/browser/1-b")
            looks = iter([False, True])
            wire.connect(lambda: next(looks))
            assert stranger.connections == 2
            wire.close()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{port}",
            "{port}\n",
            "{port}\n/devtools/browser/a b",
            "{port}\n/other",
            "{port}\n/devtools/browser/../a",
            "evil.example:{port}\n/devtools/browser/a",
            "99999\n/devtools/browser/a",
            "\xff",
        ],
    )
    def test_what_is_no_place_is_waited_with(self, tmp_path: Path, text: str) -> None:
        with Listener() as listener:
            wire = Port(tmp_path)
            written = text.format(port=listener.port).encode("latin-1")
            (tmp_path / "DevToolsActivePort").write_bytes(written)
            wire.connect(lambda: True)
            assert listener.connections == 0
            wire.close()

    def test_a_stranger_that_does_not_answer_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(port, "_GREETING_SECONDS", 0.1)
        monkeypatch.setattr(port, "CONNECT_SECONDS", 0.2)
        asked: list[Received] = []

        def until_it_leaves(sock: socket.socket) -> None:
            while sock.recv(1):
                pass

        def silent(request: Received) -> Reply:
            asked.append(request)
            return until_it_leaves

        with Server(silent) as stranger:
            wire = Port(tmp_path)
            (tmp_path / "DevToolsActivePort").write_text(f"{stranger.port}\n/devtools/browser/a")
            with pytest.raises(NoAnswerError):
                wire.connect(lambda: False)
        assert asked
        assert not [request for request in asked if "origin" in request.headers]

    def test_nothing_is_said_to_one_that_was_never_reached(self, tmp_path: Path) -> None:
        tools = DevTools(Port(tmp_path))
        tools.connect(lambda: True)
        tools.send("Browser.close")
        assert (tools.next(10), tools.over) == (None, True)
        tools.close()
