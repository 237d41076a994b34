"""The person's telephone: it receives codes and is asked whether it is them who signs in.

``python -m samlauth.sandbox.phone PORT KEY [tap [NUMBER] | deny]`` looks at the telephone of a
running rehearsal, and answers its prompt.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from samlauth.sandbox.codes import Codes
from samlauth.sandbox.listener import Listener

Means = Literal["SMS", "VOICE"]
Answer = Literal["none", "yes", "no", "late"]

COUNTRY = "GB"
NUMBER = "+447700900123"
"""In E.164. The range is set aside for fiction (Ofcom)."""
MASKED = "•••• ••• 123"
_NATIONAL = "7700900123"

LASTS = 600.0
"""Seconds for which a code that was sent is good."""
_LOOKS = 2
"""After how many looks at a page that shows a number it shows another one."""


def is_number(digits: str, country: str) -> bool:
    """Whether a number as a person may type it is :data:`NUMBER`; ``country`` as ISO 3166."""
    typed = "".join(character for character in digits if character.isdigit() or character == "+")
    if typed.startswith("+"):
        return typed == NUMBER
    return country == COUNTRY and typed.removeprefix("0") == _NATIONAL


@dataclass
class Prompt:
    """One question on the telephone: is it you?"""

    ends: float
    """When it is too late to answer, seconds, Unix."""
    taps_at: float
    """When the telephone answers by itself, seconds, Unix."""
    numbers: list[str]
    """The numbers the page has shown, the last one now; empty when it shows none."""
    transaction: str = field(default_factory=lambda: f"{secrets.token_urlsafe(12)}=")
    token: str = field(default_factory=lambda: secrets.token_urlsafe(30), repr=False)
    """What proves that the answer was given."""
    answer: Literal["none", "yes", "no"] = "none"
    looks: int = 0

    @property
    def number(self) -> str:
        """What the page shows now; empty for a prompt that wants no number."""
        return self.numbers[-1] if self.numbers else ""


class Phone:
    """A telephone that any thread may use. A prompt is answered by :meth:`tap` or :meth:`deny`.

    ``taps_after``: seconds after which the telephone says yes by itself; None for never.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, *, taps_after: float | None = None
    ) -> None:
        self.codes = Codes(6)
        self.messages: list[Means] = []
        """How each code came; the n-th brought the n-th of :attr:`codes`."""
        self.prompts: list[Prompt] = []
        self.taps_after = taps_after
        self._received: list[float] = []
        """When each code came, seconds, Unix."""
        self._clock = clock
        self._changed = threading.Condition()
        self._closed = False

    @property
    def code(self) -> str:
        """The code that was received last. Raises IndexError when none was."""
        return self.codes[range(len(self.messages))[-1]]

    @property
    def shows(self) -> str:
        """The number of the last prompt; empty when it has none."""
        return self.prompts[-1].number if self.prompts else ""

    def upcoming(self, count: int) -> list[str]:
        """The codes that the next messages will bring."""
        sent = len(self.messages)
        return [self.codes[number] for number in range(sent, sent + count)]

    def receive(self, means: Means) -> None:
        """The next code comes."""
        with self._changed:
            self.messages.append(means)
            self._received.append(self._clock())

    def verify(self, code: str) -> bool:
        """Whether the code came not too long ago, and is used for the first time. Uses it up."""
        for number, received in enumerate(self._received):
            if self.codes[number] == code:
                return self._clock() - received < LASTS and self.codes.verify(code)
        return False

    def ask(self, *, seconds: float, numbered: bool) -> Prompt:
        """A prompt comes; it takes the place of the one before."""
        now = self._clock()
        prompt = Prompt(
            ends=now + seconds,
            taps_at=float("inf") if self.taps_after is None else now + self.taps_after,
            numbers=[_number()] if numbered else [],
        )
        with self._changed:
            self.prompts.append(prompt)
            self._changed.notify_all()
        return prompt

    def asked(self, times: int, seconds: float) -> bool:
        """Whether that many prompts have come, waited for so long."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.prompts) >= times, seconds)

    def tap(self, number: str = "") -> bool:
        """Say yes to the last prompt, or tap the number the page shows; whether that was right.

        A number that the page does not show, nor showed before, is a no.
        """
        with self._changed:
            prompt = self.prompts[-1]
            right = number in prompt.numbers if prompt.numbers else not number
            prompt.answer = "yes" if right else "no"
            self._changed.notify_all()
        return right

    def deny(self) -> None:
        """Say no to the last prompt."""
        with self._changed:
            self.prompts[-1].answer = "no"
            self._changed.notify_all()

    def answer(self, prompt: Prompt) -> Answer:
        """What was answered so far; ``late`` when nothing was, and it is too late."""
        with self._changed:
            return self._answer(prompt)

    def look(self, prompt: Prompt) -> None:
        """The page is asked for once more: one that shows a number changes it, once."""
        with self._changed:
            prompt.looks += 1
            if prompt.looks == _LOOKS and prompt.numbers:
                prompt.numbers.append(_number(prompt.number))

    def wait(self, prompt: Prompt, seconds: float) -> Answer:
        """The answer, waited for so long."""
        until = time.monotonic() + seconds
        with self._changed:
            while (answer := self._answer(prompt)) == "none" and not self._closed:
                left = min(until - time.monotonic(), prompt.taps_at - self._clock())
                if left <= 0:
                    break
                self._changed.wait(left)
            return answer

    def close(self) -> None:
        """Nobody waits any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _answer(self, prompt: Prompt) -> Answer:
        now = self._clock()
        if prompt.answer == "none" and now >= prompt.taps_at:
            prompt.answer = "yes"
        if prompt.answer == "none" and now >= prompt.ends:
            return "late"
        return prompt.answer


def _number(other_than: str = "") -> str:
    while (number := str(secrets.randbelow(90) + 10)) == other_than:
        pass
    return number


class Line:
    """Lets another process look at the telephone: words in, text out, over loopback."""

    def __init__(self, phone: Phone) -> None:
        self.key = secrets.token_urlsafe(12)
        self._phone = phone
        self._listener = Listener(self._serve, name="rehearsal-phone")

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._listener.port

    def close(self) -> None:
        """Ends every connection and joins every thread."""
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            key, *words = lines.readline(200).decode("utf-8", "replace").split() or [""]
        if hmac.compare_digest(key.encode(), self.key.encode()):
            connection.sendall(self._obey(words).encode())

    def _obey(self, words: Sequence[str]) -> str:
        phone = self._phone
        match words:
            case []:
                return _screen(phone)
            case ["tap", *rest] if len(rest) < 2 and phone.prompts:
                right = phone.tap(*rest)
                return "Tapped.\n" if right else "That is not what the page shows: counted as no.\n"
            case ["deny"] if phone.prompts:
                phone.deny()
                return "Denied.\n"
            case ["tap" | "deny"]:
                return "Nothing is asked yet.\n"
            case _:
                return "The telephone knows: tap, tap NUMBER, deny, or nothing to look at it.\n"


def _screen(phone: Phone) -> str:
    lines = [
        f"{'message' if means == 'SMS' else 'call   '}  G-{phone.codes[number]} is your code."
        for number, means in enumerate(phone.messages)
    ]
    if phone.prompts:
        prompt = phone.prompts[-1]
        answer = phone.answer(prompt)
        asked = f"Is it you? Tap {prompt.number}." if prompt.number else "Is it you? Tap yes."
        lines.append(f"prompt   {asked}" + ("" if answer == "none" else f" (answered: {answer})"))
    return "\n".join(lines or ["Nothing came yet."]) + "\n"


def main(port: str, key: str, *words: str) -> str:
    """What the telephone of the rehearsal at ``port`` says to the words."""
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as connection:
            connection.sendall(" ".join((key, *words)).encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    except OSError:
        return "The rehearsal is over.\n"


if __name__ == "__main__":
    sys.stdout.write(main(*sys.argv[1:]))
