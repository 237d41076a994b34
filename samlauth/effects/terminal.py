"""The person at the terminal: asked on the controlling terminal, told on standard error."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Literal, TypeVar, assert_never

from samlauth.challenges import (
    AnotherWay,
    AnyChallenge,
    ChooseMethod,
    ChooseRoles,
    Confirm,
    EnterAssertion,
    EnterCode,
    EnterPassword,
    EnterPhone,
    EnterPin,
    EnterSetting,
    EnterUsername,
    Phone,
    Resend,
    SolveCaptcha,
    TouchKey,
    Way,
)
from samlauth.effects import output, waiting
from samlauth.effects.console import Console, can_rewrite, columns, no_keys
from samlauth.effects.images import format_of, inline, saved
from samlauth.effects.live import Live
from samlauth.errors import NobodyToAsk
from samlauth.flow import Ended, Page, Request, Tell, Wait
from samlauth.printable import folded, safe
from samlauth.saml import Role

LIVE_AFTER = 0.5
"""Seconds a step must last before a line about it is worth showing."""

_CAPTCHA = "Captcha (case insensitive): "

T = TypeVar("T")


class Terminal:
    """Answers challenges by asking the person; shows them the lines of a flow; waits with them.

    A ``plain`` one writes no line over and draws no image. ``clock`` counts seconds.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        plain: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quiet = quiet
        self._plain = plain
        self._clock = clock
        self._offered: set[str] = set()
        """The questions at which ``?`` was explained."""
        self._waited_for = ""
        """The line of the last wait, if nothing was asked since."""

    def answer(self, challenge: AnyChallenge) -> object | None:
        """What the person answers; None when there is no terminal.

        Raises NobodyToAsk when the terminal closes instead of answering.
        """
        self._waited_for = ""
        try:
            console = Console.open()
        except OSError:
            return None
        with console:
            try:
                return _ask(console, challenge, self._offered, self._plain)
            except (EOFError, OSError):
                with suppress(OSError):
                    console.say("")
                raise NobodyToAsk(
                    "The question was left without an answer.", hint="Run the command again."
                ) from None

    def tell(self, line: Tell) -> None:
        """Show a line on standard error."""
        if not (self._quiet and line.quiet):
            output.tell(line.live if line.live and self._is_live() else line.text)

    def _is_live(self) -> bool:
        """Whether a wait would be shown by a live line."""
        try:
            console = Console.open()
        except OSError:
            return False
        with console:
            return not self._plain and can_rewrite(console.screen)

    @contextmanager
    def showing(self, text: str | None) -> Iterator[None]:
        """Show ``text`` on the terminal's last line while the block runs, if it takes long."""
        if text is None or self._quiet or self._plain or not can_rewrite(sys.stderr):
            yield
            return
        lock = threading.Lock()
        line = Live(lambda shown: output.tell(shown, end=""), lambda: columns(sys.stderr))
        over = False

        def show() -> None:
            with lock:
                if not over:
                    line.show(f"{text} …")

        timer = threading.Timer(LIVE_AFTER, show)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with lock:
                over = True
                line.clear()

    def wait(self, step: Wait, send: Callable[[Request], Page]) -> Ended:
        """Wait, with a poll sent by ``send`` on another thread, until something ends it.

        The person may end it by a key: ``?`` for the step's ways, ENTER where there is no poll. The
        answer to a poll that did not end it is dropped. What is waited for is shown to ``quiet``
        people, too: it is theirs to do. Without a terminal it is said once, on standard error, and
        no key is read. Raises what the poll raises.
        """
        try:
            console = Console.open()
        except OSError:
            self._announce(step, output.tell, with_keys=False)
            return waiting.wait(step, send, no_keys, waiting.unseen, self._clock, with_keys=False)
        with console, console.keys() as keys:
            with_keys = keys is not no_keys
            if self._plain or not can_rewrite(console.screen):
                self._announce(step, console.say, with_keys=with_keys)
                show = waiting.printed(console)
                return waiting.wait(step, send, keys, show, self._clock, with_keys=with_keys)
            with waiting.live(console, step) as show:
                return waiting.wait(step, send, keys, show, self._clock, with_keys=with_keys)

    def until(
        self, text: str, seconds: float, over: Callable[[], bool]
    ) -> Literal["enter", "over", "time"]:
        """Show ``text`` until ENTER is pressed, it is ``over``, or so many seconds have passed.

        As :meth:`wait`, without a poll: without a terminal the text is said once, on standard
        error, and only ``over`` and the time end it. Raises what ``over`` raises.
        """
        ended = self._until(Wait(seconds, text), over, "when done")
        assert ended != "another", "nothing was offered"
        return ended

    def until_or_other(
        self, step: Wait, over: Callable[[], bool], enter: str = "when done"
    ) -> Literal["enter", "over", "time", "another"]:
        """As :meth:`until`, with the step's ways; ``enter`` says what ENTER is for, if anything."""
        self._waited_for = ""
        return self._until(step, over, enter)

    def _until(
        self, step: Wait, over: Callable[[], bool], enter: str
    ) -> Literal["enter", "over", "time", "another"]:
        clock = self._clock
        try:
            console = Console.open()
        except OSError:
            self._announce(step, output.tell, with_keys=False)
            return waiting.until(step, over, no_keys, waiting.unseen, clock, with_keys=False)
        with console, console.keys() as keys:
            with_keys = keys is not no_keys
            if self._plain or not can_rewrite(console.screen):
                self._announce(step, console.say, with_keys=with_keys, enter=enter)
                return waiting.until(
                    step, over, keys, waiting.unseen, clock, with_keys=with_keys, enter=enter
                )
            with waiting.live(console, step) as show:
                return waiting.until(
                    step, over, keys, show, clock, with_keys=with_keys, enter=enter
                )

    def _announce(
        self, step: Wait, say: Callable[[str], None], *, with_keys: bool, enter: str = "when done"
    ) -> None:
        """Say what is waited for, with the hints, where no live line does.

        Not again when the same is waited for once more, as where a page has to be asked over and
        over.
        """
        if step.shows != self._waited_for:
            self._waited_for = step.shows
            hints = waiting.hints(step, step.seconds, with_keys, enter)
            say(safe(step.shows, 1000) + (f" ({hints})" if hints else ""))


def has_terminal() -> bool:
    """Whether there is a controlling terminal to ask on."""
    try:
        Console.open().close()
    except OSError:
        return False
    return True


def _ask(console: Console, challenge: AnyChallenge, offered: set[str], plain: bool) -> object:
    match challenge:
        case EnterSetting(_, label, refused, note):
            _report(console, refused, note)
            return console.line(f"{safe(label)}: ")
        case EnterUsername(label, refused):
            _report(console, refused)
            return console.line(f"{safe(label)}: ")
        case EnterPassword(label, refused=refused, ways=ways):
            _report(console, refused)
            # Nearly everybody just types it: a line more each morning would be noise.
            if refused:
                _offer(console, label, ways, offered)
            return _or_other(console, ways, partial(console.secret, f"{safe(label)}: "))
        case EnterCode(label, refused, note, ways):
            _report(console, refused, note)
            _offer(console, label, ways, offered)
            return _or_other(console, ways, partial(console.line, f"{safe(label)}: "))
        case EnterPhone(label, countries, refused, note, ways):
            _report(console, refused, note)
            _offer(console, label, ways, offered)
            return _phone(console, label, countries, ways)
        case ChooseMethod(methods):
            return _choose(console, methods, [method.label for method in methods], "method to use")
        case SolveCaptcha(image, url, refused):
            _report(console, refused)
            return _captcha(console, image, url, {} if plain else os.environ)
        case EnterPin(label, refused, ways):
            _report(console, refused)
            _offer(console, label, ways, offered)
            return _or_other(console, ways, partial(console.secret, f"{safe(label)}: "))
        case TouchKey():
            return None  # the keys have an answerer of their own, and it found nothing to say
        case Confirm(question, note, default=default):
            _report(console, note)
            return _confirm(console, question, default)
        case EnterAssertion(note, refused):
            _report(console, refused)
            for line in note.splitlines():
                console.say(safe(line, 400))
            return console.pasted("SAML response: ", plain=plain)
        case ChooseRoles():
            return (_pick(console, challenge, plain),)
        case _:
            assert_never(challenge)


def _report(console: Console, *texts: str) -> None:
    for text in filter(None, texts):
        console.say(folded(safe(text, 400), console.columns))


def _offer(console: Console, label: str, ways: tuple[Way, ...], offered: set[str]) -> None:
    """Say that there is ``?``: once a question, however often it is asked."""
    if ways and label not in offered:
        offered.add(label)
        console.say(f"Type {waiting.offer(ways)}.")


def _or_other(
    console: Console, ways: tuple[Way, ...], read: Callable[[], str]
) -> str | AnotherWay | Resend:
    """What is typed, or what ``?`` is found to mean."""
    while (typed := read()) == "?" and ways:
        other = waiting.only(ways)
        if other is None:
            other = waiting.which(console.line(f"Type {waiting.WHICH}: ", empty=True))
        if other is not None:
            return other
    return typed


def _confirm(console: Console, question: str, default: bool) -> bool:
    while True:
        typed = console.line(f"{safe(question)} [{'Y/n' if default else 'y/N'}] ", empty=True)
        match typed.lower():
            case "":
                return default
            case "y" | "yes":
                return True
            case "n" | "no":
                return False
        console.say("Type y or n.")


def _phone(
    console: Console, label: str, countries: tuple[str, ...], ways: tuple[Way, ...]
) -> Phone | AnotherWay | Resend:
    number = _or_other(console, ways, partial(console.line, f"{safe(label)}: "))
    if not isinstance(number, str) or not countries:
        return Phone(number) if isinstance(number, str) else number
    offered = {country.upper(): country for country in countries}
    prompt = f"Country of that number (two letters, such as {safe(countries[0], 8)}): "
    while True:
        typed = _or_other(console, ways, partial(console.line, prompt))
        if not isinstance(typed, str):
            return typed
        if typed.upper() in offered:
            return Phone(number, offered[typed.upper()])
        console.say("The page takes one of these:")
        console.say(textwrap.fill(safe(" ".join(sorted(offered)), 2000), 78))


def _captcha(console: Console, image: bytes, url: str, environ: Mapping[str, str]) -> str:
    kind = format_of(image)
    if kind is None:
        console.say(f"To see the image, open {safe(url, 2000)}")
        return console.line(_CAPTCHA)
    with saved(image, f"captcha.{kind}") as path:
        if drawn := inline(image, environ):
            console.say(drawn)
        if path is not None:
            console.say(f"The image is in {safe(str(path), 1000)} while you are asked.")
        console.say(f"It is also at {safe(url, 2000)}")
        return console.line(_CAPTCHA)


def _pick(console: Console, challenge: ChooseRoles, plain: bool) -> Role:
    from samlauth.effects import picker  # only whoever has several roles waits for it

    if not plain and can_rewrite(console.screen):
        return picker.pick(challenge, console.keyboard, console.screen)
    numbered = picker.Numbered(challenge)
    for line in numbered.lines:
        console.say(line)
    while True:
        typed = console.line(numbered.question, empty=True)
        if role := numbered.chosen(typed):
            return role
        if typed:
            console.say("Invalid choice, try again.")


def _choose(console: Console, choices: Sequence[T], lines: Sequence[str], what: str) -> T:
    for number, line in enumerate(lines, 1):
        console.say(f"[{number:3}] {safe(line, 400)}")
    while True:
        typed = console.line(f"Type the number (1 - {len(choices)}) of the {what}: ")
        if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(choices):
            return choices[int(typed) - 1]
        console.say("Invalid choice, try again.")
