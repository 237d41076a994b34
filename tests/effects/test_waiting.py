"""What ends a wait, with keys and a clock that are lists."""

import io
import threading
from collections.abc import Callable, Iterator

import pytest

from samlauth.challenges import AnotherWay, Resend, Way
from samlauth.effects.console import Console
from samlauth.effects.waiting import WHICH, hints, live, offer, printed, wait
from samlauth.errors import NetworkError
from samlauth.flow import Page, Request, Wait

POLL = Request("https://polls.example/awaittx", json="{}")
PAGE = Page(POLL.url, 200, "{}")
BOTH: tuple[Way, ...] = ("another", "resend")


class Person:
    """Presses keys and lets time pass, as a list says; waits for no real time."""

    def __init__(self, *presses: str) -> None:
        self._presses: Iterator[str] = iter(presses)
        self.now = 100.0
        self.shown: list[str] = []
        self.pauses: list[float] = []

    def keys(self, seconds: float) -> str:
        self.pauses.append(seconds)
        self.now += seconds
        return next(self._presses, "")

    def show(self, text: str) -> None:
        if text not in self.shown[-1:]:
            self.shown.append(text)

    def wait(self, step: Wait, send: Callable[[Request], Page] = lambda _: PAGE) -> object:
        return wait(step, send, self.keys, self.show, lambda: self.now, with_keys=True)


def test_the_seconds_are_counted_down_to_the_end() -> None:
    person = Person()
    assert person.wait(Wait(12.5, "Tap Yes")) is None
    assert person.shown == [f"{left} s left; ENTER when done" for left in range(13, 0, -1)]
    assert person.now == 112.5
    assert person.pauses == [0.5] + [1.0] * 12


def test_a_short_wait_is_not_counted() -> None:
    person = Person()
    assert person.wait(Wait(5, "Tap Yes", ("another",))) is None
    assert person.shown == ["? for another way; ENTER when done"]


@pytest.mark.parametrize(
    ("ways", "words"),
    [
        ((), ""),
        (("another",), "? for another way"),
        (("resend",), "? to have it sent again"),
        (BOTH, "? for another way, or to have it sent again"),
        (("resend", "another"), "? for another way, or to have it sent again"),
    ],
)
def test_what_the_question_mark_is_for_is_said(ways: tuple[Way, ...], words: str) -> None:
    assert offer(ways) == words


def test_hints_name_keys_only_where_there_are_keys() -> None:
    step = Wait(30, "Tap Yes", BOTH)
    assert hints(step, 29.2, with_keys=False) == "30 s left"
    assert hints(Wait(5, "Tap Yes", BOTH), 5, with_keys=False) == ""
    assert hints(step, 30, with_keys=True, brief=True) == (
        "30 s left; ? for other ways; ENTER when done"
    )
    assert "ENTER" not in hints(Wait(30, "Tap Yes", BOTH, POLL), 30, with_keys=True)


@pytest.mark.parametrize(
    ("ways", "presses", "ended"),
    [
        (("another",), ["?"], AnotherWay()),
        (("another",), ["", "", "x?"], AnotherWay()),
        (("resend",), ["?"], Resend()),
        (BOTH, ["?", "1"], AnotherWay()),
        (BOTH, ["?", "2"], Resend()),
        (BOTH, ["?1"], AnotherWay()),
        (BOTH, ["?", "", "", "2"], Resend()),
        (("resend", "another"), ["?", "1"], AnotherWay()),
        (BOTH, ["?", "\n", "?", "2"], Resend()),
        (BOTH, ["?", "?", "1", "2"], None),
        (BOTH, ["1", "2"], None),
        ((), ["?", "1"], None),
    ],
)
def test_keys_choose_what_the_page_offers(
    ways: tuple[Way, ...], presses: list[str], ended: object
) -> None:
    assert Person(*presses).wait(Wait(20, "Tap Yes", ways)) == ended


def test_going_back_goes_on_with_the_time_that_is_left() -> None:
    person = Person("?", "", "\n")
    assert person.wait(Wait(12, "Tap Yes", BOTH)) is None
    assert person.now == 112
    assert person.shown[1] == WHICH
    assert person.shown[2].startswith("9 s left")


def test_the_question_does_not_stop_the_clock() -> None:
    person = Person("?")
    assert person.wait(Wait(12, "Tap Yes", BOTH)) is None
    assert person.shown[-1] == WHICH


@pytest.mark.parametrize("enter", ["\n", "\r"])
def test_enter_ends_a_wait_that_has_no_poll(enter: str) -> None:
    person = Person("", enter)
    assert person.wait(Wait(20, "Tap Yes")) is None
    assert person.now == 102


def test_enter_does_not_end_a_poll() -> None:
    never = threading.Event()

    def send(_: Request) -> Page:
        never.wait(20)
        return PAGE

    person = Person("\n", "\r", "?")
    try:
        assert person.wait(Wait(20, "Tap Yes", ("another",), POLL), send) == AnotherWay()
        assert len(person.pauses) == 3
    finally:
        never.set()


def ended(thread_name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == thread_name:
            thread.join(10)
            assert not thread.is_alive()


class Server:
    """Answers when it is told to."""

    def __init__(self, outcome: Page | Exception = PAGE) -> None:
        self.outcome = outcome
        self.asked: list[Request] = []
        self.may_answer = threading.Event()

    def send(self, request: Request) -> Page:
        self.asked.append(request)
        assert self.may_answer.wait(20)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Tapping(Person):
    """Has the poll answered while the keys are read."""

    def __init__(self, server: Server, *presses: str) -> None:
        super().__init__(*presses)
        self._server = server

    def keys(self, seconds: float) -> str:
        self._server.may_answer.set()
        ended("poll")
        return super().keys(seconds)


def test_the_answer_to_the_poll_ends_the_wait() -> None:
    server = Server()
    person = Tapping(server)
    assert person.wait(Wait(20, "Tap Yes", BOTH, POLL), server.send) is PAGE
    (pause,) = person.pauses
    assert pause <= 0.05  # it is looked at often, whatever the second


def test_an_error_of_the_poll_is_raised_here() -> None:
    server = Server(NetworkError("down"))
    with pytest.raises(NetworkError, match="down"):
        Tapping(server).wait(Wait(20, "Tap Yes", poll=POLL), server.send)


@pytest.mark.parametrize("presses", [["?"], []], ids=["another way", "time over"])
@pytest.mark.parametrize("outcome", [PAGE, NetworkError("down")], ids=["page", "error"])
def test_what_a_poll_says_later_is_dropped(presses: list[str], outcome: Page | Exception) -> None:
    server = Server(outcome)
    try:
        result = Person(*presses).wait(Wait(3, "Tap Yes", ("another",), POLL), server.send)
        assert result == (AnotherWay() if presses else None)
    finally:
        server.may_answer.set()
    ended("poll")  # and nothing is raised on its thread, which would fail the test


@pytest.mark.parametrize("own", [None, 7])
def test_the_poll_is_sent_once_and_may_outlast_the_wait(own: float | None) -> None:
    server = Server()
    request = Request(POLL.url, json="{}", seconds=own)
    assert Tapping(server).wait(Wait(180, "Tap Yes", poll=request), server.send) is PAGE
    (asked,) = server.asked
    assert (asked.url, asked.json) == (POLL.url, POLL.json)
    assert asked.seconds == own if own else asked.seconds is not None and asked.seconds > 180


def test_the_line_says_what_for_and_is_written_again_only_when_that_changes() -> None:
    screen = io.StringIO()
    with live(Console(io.StringIO(), screen), Wait(12, "Tap Yes \x1b")) as show:
        for text in ("12 s left", "12 s left", "11 s left", ""):
            show(text)
    drawn = ("Tap Yes \\x1b · 12 s left", "Tap Yes \\x1b · 11 s left", "Tap Yes \\x1b", "")
    assert screen.getvalue() == "".join(f"\r\x1b[J{line}" for line in drawn)


def test_where_nothing_can_be_written_over_the_question_alone_is_printed() -> None:
    screen = io.StringIO()
    show = printed(Console(io.StringIO(), screen))
    for text in ("12 s left", WHICH, WHICH, "10 s left", WHICH):
        show(text)
    assert screen.getvalue() == f"Type {WHICH}.\n" * 2
