"""Sign-ins in the real Chromium, against hosts of our own."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

import pytest

from samlauth.effects.browser import SILENT_SECONDS, endings, profile
from samlauth.flow import Browse, BrowserEnded
from samlauth.saml import SAMLResponse
from tests.effects.browser.site import ASSERTION, AWS, Ends, Person, Stage, posts
from tests.effects.loopback import Proxy

CAUGHT = SAMLResponse(ASSERTION, AWS)


def after(seen: Callable[[], bool], ends: Ends | None, act: Callable[[], object] = bool) -> Person:
    """Somebody who does something once, when the time has come for it."""
    done: list[bool] = []

    def look() -> Ends | None:
        if not done and seen():
            done.append(True)
            act()
            return ends
        return None

    return Person(look)


def devtools(stage: Stage, path: str) -> bytes:
    """From DevTools' own HTTP endpoint, which the wrapper opens beside the pipe."""
    port = (stage.profile / "DevToolsActivePort").read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/{path}", timeout=10) as answer:
        return bytes(answer.read())


def pages(stage: Stage) -> list[dict[str, str]]:
    return [target for target in json.loads(devtools(stage, "list")) if target["type"] == "page"]


def close_windows(stage: Stage) -> None:
    """As the person does. To be called until there are none: one that is about to load stays."""
    for page in pages(stage):
        with suppress(HTTPError):  # it is about to close already
            devtools(stage, f"close/{page['id']}")


def test_a_session_leads_to_aws_without_a_window(stage: Stage) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    person = Person()
    assert stage.browse(person, "/straight", account="/account") == CAUGHT
    assert stage.started() == ["silent"]
    assert (person.lines, person.told) == ([], [])


def test_a_plain_window_and_then_the_session_in_it(stage: Stage) -> None:
    person = after(lambda: stage.site.got("/seen"), "enter")
    assert stage.browse(person, account="/account") == CAUGHT
    assert stage.started() == ["silent", "plain", "silent"]
    (line,) = person.lines
    assert "ENTER" in line
    plain = stage.starts.read_text().splitlines()[1]
    assert plain.endswith(" https://idp.example/account")
    for flag in ("headless", "remote", "automation", "sandbox", "/sso"):
        assert flag not in plain


def test_the_plain_window_is_closed_instead(stage: Stage) -> None:
    # Without a display Chromium outlives its last window, so that it is asked to close itself.
    person = after(
        lambda: stage.site.got("/seen"),
        None,
        lambda: os.kill(stage.main_process(), signal.SIGHUP),
    )
    assert stage.browse(person, account="/account") == CAUGHT
    assert stage.started() == ["silent", "plain", "silent"]


def test_the_next_time_nobody_is_needed(stage: Stage) -> None:
    person = after(lambda: stage.site.got("/seen"), "enter")
    assert stage.browse(person, account="/account") == CAUGHT
    for account in ("/account", ""):
        assert stage.browse(Person(), account=account) == CAUGHT
    assert stage.started() == ["silent", "plain", "silent", "silent", "silent"]


def test_where_the_session_is_not_enough_a_watched_window_is_shown(stage: Stage) -> None:
    stage.site.pages["/consent"] = '<input name="reason">'
    stage.site.pages["/straight"] = posts(AWS)

    def look() -> Ends | None:
        if len(person.lines) == 2:
            # The person has given their reason, and the page goes on.
            stage.site.pages["/consent"] = "<script>location = '/straight'</script>"
            return None
        return "enter" if stage.site.got("/seen") else None

    person = Person(look)
    stage.site.pages["/consent"] = '<meta http-equiv="refresh" content="4"><input name="reason">'
    assert stage.browse(person, "/consent", account="/account") == CAUGHT
    assert stage.started() == ["silent", "plain", "silent", "watched"]
    assert "by itself" in person.lines[1]


def test_in_plain_mode_it_is_not(stage: Stage) -> None:
    stage.site.pages["/consent"] = '<input name="reason">'
    person = after(lambda: stage.site.got("/seen"), "enter")
    ended = stage.browse(person, "/consent", account="/account", mode="plain")
    assert ended == endings.not_far_enough()
    assert stage.started() == ["silent", "plain", "silent"]


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "behind a proxy"])
def test_a_plain_window_cannot_post_to_aws(stage: Stage, proxied: bool) -> None:
    stage.site.pages["/posts"] = posts(AWS, attributes='target="_self"')
    port = stage.site.server.port
    routes = {"idp.example:443": port, "signin.aws.amazon.com:443": port}
    with Proxy(routes) as proxy:
        if proxied:
            stage.environ["HTTPS_PROXY"] = proxy.url
        person = after(lambda: stage.site.got("/posts"), None)
        person.seconds = 5
        ended = stage.browse(person, "/sso", account="/posts", mode="plain")
        assert isinstance(ended, BrowserEnded)
        assert ended.reason == "timed out"
        assert stage.started() == ["silent", "plain"]
        assert stage.site.got("/posts")
        assert stage.site.posted_to_aws() == []
        assert bool(proxy.asked) == proxied
        assert [asked for asked in proxy.asked if "aws" in asked] == []


def test_the_person_sees_our_page_where_that_of_aws_would_have_been(stage: Stage) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    titles: list[str] = []

    class Slow(Person):
        """Is not told at once that it is over, so that a request would have the time to leave."""

        def until(self, text: str, seconds: float, over: Callable[[], bool]) -> Ends:
            ended = super().until(text, seconds, over)
            pause = threading.Event()
            while "samlauth" not in titles and not stage.site.posted_to_aws():
                over()
                pause.wait(0.05)
                titles[:] = [page["title"] for page in pages(stage)]
            return ended

    assert stage.browse(Slow(), "/straight") == CAUGHT
    assert titles == ["samlauth"]


WAYS: dict[str, tuple[str | bytes, str]] = {
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /go\r\nContent-Length: 0\r\n\r\n", AWS),
    "region": (
        posts("https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLABC"),
        "https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLABC",
    ),
    "gov": (
        posts("https://signin.amazonaws-us-gov.com/saml"),
        "https://signin.amazonaws-us-gov.com/saml",
    ),
    "china": (posts("https://signin.amazonaws.cn/saml"), "https://signin.amazonaws.cn/saml"),
    "last of 300 kB": (posts(AWS, ("RelayState", "x" * 300_000)), AWS),
    "frame": ('<iframe src="https://hub.example/go"></iframe>', AWS),
    "hub": (posts("https://hub.example/saml"), AWS),
    "307 by a hub": (posts("https://hub.example/again"), AWS),
    "link to a tab": (
        '<a target="_blank" href="/go">x</a><script>document.links[0].click()</script>',
        AWS,
    ),
    "form to a tab": (posts(AWS, attributes='target="_blank"'), AWS),
    "window": ("<script>open('/go', 'w', 'popup,width=300,height=300')</script>", AWS),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_way_it_takes_to_aws_it_is_caught(stage: Stage, way: str) -> None:
    page, acs = WAYS[way]
    stage.site.pages |= {"/way": page, "/go": posts(AWS)}
    # No person clicks here, and what a page opens by itself is not let up otherwise.
    stage.wrap("--headless=new --disable-popup-blocking")
    person = Person()
    assert stage.browse(person, "/way") == SAMLResponse(ASSERTION, acs)
    assert stage.started() == ["watched"]
    if way == "hub":
        assert stage.site.got("/saml")


def test_what_only_looks_like_aws_is_left_alone(stage: Stage) -> None:
    hosts = ("signin.aws.amazon.com.evil.example", "xsignin.aws.amazon.com")
    frames = "".join(f'<iframe src="/to/{host}"></iframe>' for host in hosts)
    stage.site.pages["/way"] = f"{frames}<script>setTimeout(() => location = '/go', 2000)</script>"
    stage.site.pages |= {f"/to/{host}": posts(f"https://{host}/saml") for host in hosts}
    stage.site.pages["/go"] = posts(AWS)
    assert stage.browse(Person(), "/way") == CAUGHT
    posted = [r for r in stage.site.log if r.method == "POST" and r.target == "/saml"]
    assert {r.headers["host"] for r in posted} == set(hosts)
    assert all(b"SAMLResponse=" in r.body for r in posted)
    stage.site.log.clear()  # the second host is at Amazon, but not AWS's sign-in


def test_the_assertion_is_kept_nowhere(stage: Stage) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    for account in ("", "/account"):
        assert stage.browse(Person(), "/straight", account=account) == CAUGHT
    pieces = (ASSERTION[40:80], ASSERTION[40:80].replace("+", "%2B").replace("/", "%2F"))
    wanted = [piece.encode(code) for piece in pieces for code in ("utf-8", "utf-16-le")]
    for path in stage.profile.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [piece for piece in wanted if piece in data], path
    assert not list(stage.profile.glob("*/Session*"))


def test_the_profile_is_for_its_owner_alone(stage: Stage) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    stage.browse(Person(), "/straight")
    folder = stage.profile
    while folder != stage.home:
        assert folder.stat().st_mode & 0o777 == 0o700, folder
        folder = folder.parent


def test_no_password_is_kept_there(stage: Stage) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    for _ in range(2):
        stage.browse(Person(), "/straight")
        found = json.loads((stage.profile / "Default/Preferences").read_text())
        assert len(found) > 2  # Chromium has written it
        assert found["credentials_enable_service"] is False
        assert found["profile"]["password_manager_enabled"] is False


class TestEndings:
    def test_the_window_is_closed(self, stage: Stage) -> None:
        person = Person(lambda: close_windows(stage) if stage.site.got("/sso") else None)
        assert stage.browse(person) == endings.closed()
        assert stage.started() == ["watched"]

    def test_enter_gives_up(self, stage: Stage) -> None:
        person = after(lambda: stage.site.got("/sso"), "enter")
        assert stage.browse(person) == endings.given_up()

    def test_the_time_is_over(self, stage: Stage) -> None:
        ended = stage.browse(Person(), seconds=3)
        assert isinstance(ended, BrowserEnded)
        assert ended.reason == "timed out"
        assert "--browser-timeout" in ended.hint

    @pytest.mark.parametrize(("account", "target"), [("", "/sso"), ("/account", "/seen")])
    def test_the_browser_is_killed(self, stage: Stage, account: str, target: str) -> None:
        person = after(
            lambda: stage.site.got(target) and bool(stage.main_process()),
            None,
            lambda: os.kill(stage.main_process(), signal.SIGKILL),
        )
        ended = stage.browse(person, account=account)
        assert isinstance(ended, BrowserEnded)
        assert ended.reason == "crashed"
        assert "SIGKILL" in ended.message
        assert not (stage.profile / "SingletonLock").is_symlink()

    @pytest.mark.parametrize(
        ("account", "target", "interruption"),
        [("", "/sso", KeyboardInterrupt), ("/account", "/seen", SystemExit)],
    )
    def test_the_run_is_interrupted(
        self, stage: Stage, account: str, target: str, interruption: type[BaseException]
    ) -> None:
        def interrupt() -> None:
            raise interruption

        person = after(lambda: stage.site.got(target), None, interrupt)
        with pytest.raises(interruption):
            stage.browse(person, account=account)
        assert stage.processes() == []
        stage.site.pages["/straight"] = posts(AWS)
        assert stage.browse(Person(), "/straight") == CAUGHT

    def test_a_wrapper_that_stays_before_the_browser_is_ended_with_it(self, stage: Stage) -> None:
        stage.wrap(run="")
        person = after(lambda: stage.site.got("/seen"), "enter")
        assert stage.browse(person, account="/account") == CAUGHT

    def test_no_display(self, stage: Stage) -> None:
        stage.wrap("")
        assert stage.browse(Person()) == endings.no_display()

    def test_no_display_and_no_browser_named(self, stage: Stage, chromium: str) -> None:
        person = Person()
        stage.environ["PATH"] = f"{Path(chromium).parent}:{os.defpath}"
        browser = stage.browser(person, path=None)
        assert browser.browse(Browse("https://idp.example/sso", "ada")) == endings.no_display()
        assert person.lines == []

    def test_a_browser_that_cannot_run(self, stage: Stage) -> None:
        stage.wrapper.write_text("#!/bin/sh\necho 'browser: it broke' >&2\nexit 3\n")
        ended = stage.browse(Person(), account="/account")
        assert isinstance(ended, BrowserEnded)
        assert (ended.reason, "status 3" in ended.message) == ("crashed", True)

    def test_what_the_system_does_not_execute(self, stage: Stage) -> None:
        stage.wrapper.write_text("#!/nowhere/at/all\n")
        ended = stage.browse(Person(), account="/account")
        assert isinstance(ended, BrowserEnded)
        assert ended.reason == "absent"
        assert str(stage.wrapper) in ended.message

    def test_a_provider_that_cannot_be_reached_is_shown_to_the_person_soon(
        self, stage: Stage
    ) -> None:
        person = after(lambda: True, None)
        person.seconds = 0.1
        step = Browse("https://gone.example/", "ada", "https://idp.example/account")
        start = time.monotonic()
        ended = stage.browser(person).browse(step)
        assert isinstance(ended, BrowserEnded)
        assert stage.started() == ["silent", "plain"]
        assert time.monotonic() - start < SILENT_SECONDS


def test_one_run_at_a_time(stage: Stage) -> None:
    stage.site.pages["/straight"] = posts(AWS)
    waiting = threading.Event()
    results: list[object] = []

    def second() -> None:
        other = Person()
        other.told = told
        results.append(stage.browse(other, "/straight"))

    class Told(list[str]):
        def append(self, text: str) -> None:
            super().append(text)
            waiting.set()

    told = Told()
    thread = threading.Thread(target=second)

    def start_second() -> None:
        thread.start()
        assert waiting.wait(20)
        assert not results

    person = after(lambda: stage.site.got("/sso"), "enter", start_second)
    assert stage.browse(person) == endings.given_up()
    thread.join(60)
    assert results == [CAUGHT]
    assert ["Another samlauth" in line for line in told] == [True]


def test_it_does_not_wait_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "LOCK_SECONDS", 0.2)
    with profile.held(stage.environ, "google ada@example.com", print):
        assert stage.browse(Person()) == endings.busy(0.2)
    assert stage.started() == []
