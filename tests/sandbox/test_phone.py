from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from samlauth.sandbox import phone as telephone
from samlauth.sandbox.phone import Line, Phone, Prompt, is_number


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize(
    ("digits", "country", "right"),
    [
        ("+447700900123", "", True),
        ("+44 7700-900 123", "US", True),
        ("07700 900123", "GB", True),
        ("7700900123", "GB", True),
        ("07700 900123", "IE", False),
        ("07700 900124", "GB", False),
        ("447700900123", "GB", False),
        ("", "GB", False),
    ],
)
def test_a_number_as_a_person_types_it(digits: str, country: str, right: bool) -> None:
    assert is_number(digits, country) == right


def test_a_code_is_right_once_it_was_received() -> None:
    phone = Phone()
    first, second = phone.upcoming(2)
    assert not phone.verify(first)
    phone.receive("SMS")
    assert phone.code == first
    assert phone.upcoming(1) == [second]
    assert phone.verify(first)
    assert not phone.verify(first)
    assert not phone.verify(second)


def test_who_waits_for_a_prompt_learns_of_it() -> None:
    phone = Phone()
    assert not phone.asked(1, 0)
    learnt: list[bool] = []
    waiting = threading.Thread(target=lambda: learnt.append(phone.asked(1, 60)))
    waiting.start()
    phone.ask(seconds=180, numbered=False)
    waiting.join(30)
    assert learnt == [True]


def test_a_prompt_is_answered_once(clock: Clock) -> None:
    phone = Phone(clock)
    assert phone.shows == ""
    prompt = phone.ask(seconds=180, numbered=False)
    assert phone.answer(prompt) == "none"
    assert phone.tap()
    assert phone.answer(prompt) == "yes"
    again = phone.ask(seconds=180, numbered=False)
    phone.deny()
    assert (phone.answer(prompt), phone.answer(again)) == ("yes", "no")
    assert again.token != prompt.token


def test_it_gets_too_late(clock: Clock) -> None:
    phone = Phone(clock)
    prompt = phone.ask(seconds=180, numbered=False)
    clock.now += 180
    assert phone.answer(prompt) == "late"


def test_it_answers_by_itself(clock: Clock) -> None:
    phone = Phone(clock, taps_after=20)
    prompt = phone.ask(seconds=180, numbered=True)
    clock.now += 19
    assert phone.answer(prompt) == "none"
    clock.now += 1
    assert phone.answer(prompt) == "yes"


def answers_of(phone: Phone, prompt: Prompt) -> tuple[threading.Thread, list[str]]:
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(phone.wait(prompt, 600)))
    waiting.start()
    return waiting, answers


def test_it_wakes_up_to_answer_by_itself() -> None:
    phone = Phone(taps_after=0.05)
    waiting, answers = answers_of(phone, phone.ask(seconds=600, numbered=False))
    waiting.join(10)
    phone.close()
    assert answers == ["yes"]


def test_a_number_has_two_digits_and_changes_once() -> None:
    phone = Phone()
    prompt = phone.ask(seconds=180, numbered=True)
    for _ in range(9):
        phone.look(prompt)
    first, second = prompt.numbers
    assert first != second
    assert 10 <= int(first) <= 99
    assert 10 <= int(second) <= 99
    assert phone.tap(first)
    assert phone.tap(second)
    assert not phone.tap("9")
    assert phone.answer(prompt) == "no"


def test_who_waits_is_told_at_once_and_never_left() -> None:
    phone = Phone()
    prompt = phone.ask(seconds=180, numbered=False)
    assert phone.wait(prompt, 0) == "none"
    waiting, answers = answers_of(phone, prompt)
    phone.close()
    waiting.join(10)
    assert answers == ["none"]


@pytest.fixture
def line() -> Iterator[tuple[Phone, Line]]:
    phone = Phone()
    with closing(Line(phone)) as line:
        yield phone, line


def test_it_can_be_looked_at_and_answered_from_elsewhere(line: tuple[Phone, Line]) -> None:
    phone, port_and_key = line

    def say(*words: str) -> str:
        return telephone.main(str(port_and_key.port), port_and_key.key, *words)

    assert say() == "Nothing came yet.\n"
    assert say("tap") == "Nothing is asked yet.\n"
    phone.receive("SMS")
    phone.receive("VOICE")
    first, second = phone.codes.upcoming(2)
    assert say() == f"message  G-{first} is your code.\ncall     G-{second} is your code.\n"
    prompt = phone.ask(seconds=180, numbered=True)
    assert say().endswith(f"prompt   Is it you? Tap {prompt.number}.\n")
    assert say("tap", "0") == "That is not what the page shows: counted as no.\n"
    assert say().endswith(" (answered: no)\n")
    assert say("tap", prompt.number) == "Tapped.\n"
    assert say("deny") == "Denied.\n"
    assert phone.answer(prompt) == "no"
    assert say("call", "me").startswith("The telephone knows: tap")


def test_nobody_else_can_answer(line: tuple[Phone, Line]) -> None:
    phone, there = line
    prompt = phone.ask(seconds=180, numbered=False)
    assert telephone.main(str(there.port), "wrong", "tap") == ""
    assert telephone.main(str(there.port), "") == ""
    assert phone.answer(prompt) == "none"


def test_a_rehearsal_that_is_over_is_told() -> None:
    there = Line(Phone())
    there.close()
    assert telephone.main(str(there.port), there.key) == "The rehearsal is over.\n"
