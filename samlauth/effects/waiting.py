"""Waits that a person can end: the time that is left, single keys, and a poll beside them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Literal

from samlauth.challenges import AnotherWay, Resend, Way
from samlauth.effects.console import Console, ReadKeys
from samlauth.effects.live import Live
from samlauth.flow import Ended, Page, Request, Wait

WHICH = "1 for another way, 2 to have it sent again, ENTER to go back"
"""The question after a ``?`` where a page offers both."""

BRIEFLY = "? for other ways"
"""What stands for both on the live line; the question says which they are."""

_GLANCE = 0.05
"""Seconds between two looks at whether the poll is over: no wait is good for keys and threads."""
_GRACE = 5
"""Seconds a poll may outlast its wait: the wait's end is no error, the poll's own would be."""
_COUNTED = 10
"""Seconds from which on they are counted down. A shorter wait is one of several for the same thing,
whose end only the flow knows."""


def offer(ways: tuple[Way, ...]) -> str:
    """What ``?`` is for, in a few words; empty when it is for nothing."""
    match "another" in ways, "resend" in ways:
        case True, True:
            return "? for another way, or to have it sent again"
        case True, False:
            return "? for another way"
        case False, True:
            return "? to have it sent again"
        case _:
            return ""


def only(ways: tuple[Way, ...]) -> AnotherWay | Resend | None:
    """What ``?`` means by itself; None when :data:`WHICH` has to be asked."""
    match ways:
        case ("another",):
            return AnotherWay()
        case ("resend",):
            return Resend()
        case _:
            return None


def which(typed: str) -> AnotherWay | Resend | None:
    """The answer to :data:`WHICH`; None for going back."""
    match typed:
        case "1":
            return AnotherWay()
        case "2":
            return Resend()
        case _:
            return None


def hints(
    step: Wait, left: float, with_keys: bool, enter: str = "when done", *, brief: bool = False
) -> str:
    """How many seconds are left, and what keys do meanwhile; so ``brief`` that a line has room.

    ENTER does nothing if ``enter`` is empty.
    """
    parts = [f"{math.ceil(left)} s left"] if step.seconds >= _COUNTED else []
    if with_keys:
        other = BRIEFLY if brief and len(step.ways) > 1 else offer(step.ways)
        pressed = f"ENTER {enter}" if enter and not step.poll else ""
        parts += filter(None, [other, pressed])
    return "; ".join(parts)


Show = Callable[[str], None]
"""Is given the hints, or the question, whenever they may have changed."""


def unseen(_: str) -> None:
    """Show nothing."""


def printed(console: Console) -> Show:
    """Print the question when it comes; the hints were said, and a line printed stays as it is."""
    seen = ""

    def show(text: str) -> None:
        nonlocal seen
        if text == WHICH != seen:
            with suppress(OSError):  # the terminal is gone; the wait goes on
                console.say(f"Type {text}.")
        seen = text

    return show


@contextmanager
def live(console: Console, step: Wait) -> Iterator[Show]:
    """What is waited for, with the hints or the question: written over, and gone after the block."""
    lines = Live(lambda text: console.say(text, end=""), lambda: console.columns)
    seen = None

    def show(text: str) -> None:
        nonlocal seen
        if text != seen:
            lines.show(f"{step.shows} · {text}" if text else step.shows, step.number)
        seen = text

    try:
        yield show
    finally:
        lines.clear()


def wait(
    step: Wait,
    send: Callable[[Request], Page],
    keys: ReadKeys,
    show: Show,
    clock: Callable[[], float],
    *,
    with_keys: bool,
) -> Ended:
    """Wait until the poll is answered, a key ends it, or its time has come.

    ``clock`` counts seconds. Raises what sending the poll raised.
    """
    poll = None if step.poll is None else _beside(send, step.poll, step.seconds)
    until = clock() + step.seconds
    asking = False
    while poll is None or not poll.done():
        left = until - clock()
        if left <= 0:
            return None
        show(WHICH if asking else hints(step, left, with_keys, brief=True))
        next_second = left - (math.ceil(left) - 1)
        for key in keys(next_second if poll is None else min(next_second, _GLANCE)):
            if asking:
                if other := which(key):
                    return other
                asking = False
            elif key == "?" and step.ways:
                if other := only(step.ways):
                    return other
                asking = True
            elif key in "\r\n" and step.poll is None:
                return None
    return poll.result()


def until(
    step: Wait,
    over: Callable[[], bool],
    keys: ReadKeys,
    show: Show,
    clock: Callable[[], float],
    *,
    with_keys: bool,
    enter: str = "when done",
) -> Literal["enter", "over", "time", "another"]:
    """Wait until it is ``over``, a key is pressed, or the step's time has come; which it was.

    The keys are ENTER, if it is for something, and ``?`` where the step has another way. ``over``
    is called several times a second, and may do a little work. ``clock`` counts seconds.
    """
    deadline = clock() + step.seconds
    while not over():
        left = deadline - clock()
        if left <= 0:
            return "time"
        show(hints(step, left, with_keys, enter, brief=True))
        for key in keys(min(left, _GLANCE)):
            if key in "\r\n" and enter:
                return "enter"
            if key == "?" and "another" in step.ways:
                return "another"
    return "over"


def _beside(send: Callable[[Request], Page], request: Request, seconds: float) -> Future[Page]:
    """Send the request on a thread of its own, which does not keep the process from ending."""
    if request.seconds is None:
        request = replace(request, seconds=seconds + _GRACE)
    future: Future[Page] = Future()

    def run() -> None:
        try:
            future.set_result(send(request))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result is to see it
            future.set_exception(error)

    threading.Thread(target=run, name="poll", daemon=True).start()
    return future
