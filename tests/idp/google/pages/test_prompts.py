from __future__ import annotations

from collections.abc import Callable

import pytest

from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Poll, Press, Prompt

from .. import served
from ..scramble import scrambled

Words = Callable[[Page], Page]


@pytest.fixture(params=["as served", "scrambled"])
def words(request: pytest.FixtureRequest) -> Words:
    return scrambled if request.param == "scrambled" else lambda page: page


def prompt(page: Page) -> Prompt:
    state = read(page)
    assert isinstance(state, Prompt)
    return state


def test_the_older_prompt_and_what_it_is_polled_by(words: Words) -> None:
    state = prompt(words(served.glif_prompt()))
    assert (state.kind, state.seconds, state.number) == ("az", 180.0, "")
    assert state.poll == Poll("key/1&", "tx-1=")
    assert state.form.path == "/signin/challenge/az/6"
    assert state.another and state.another.form.path == "/signin/challenge/skip"
    # The form to send it again comes first on the page, and is neither the answer nor a menu.
    assert state.resend and state.resend.form.path == "/signin/challenge"
    tl = state.resend.form.control("TL")
    assert tl and tl.value == "resend-tl"


def test_the_newer_prompt(words: Words) -> None:
    state = prompt(words(served.glif_prompt("dp")))
    assert (state.kind, state.poll, state.seconds) == ("dp", None, None)
    assert state.form.path == "/signin/challenge/dp/6"
    state = prompt(words(served.lite_prompt(lifetime="60000")))
    assert (state.kind, state.poll, state.seconds) == ("dp", None, 60.0)
    assert state.another == Press(state.form, ("action", "3"))


@pytest.mark.parametrize(
    "data",
    ['data-tx-id="x"', 'data-tx-id="" data-api-key="k"', 'data-tx-id="x" data-api-key=""', ""],
)
def test_a_prompt_without_all_that_a_poll_needs_is_not_polled(data: str) -> None:
    assert prompt(served.glif_prompt(data=data)).poll is None


@pytest.mark.parametrize("lifetime", ["", "soon", "-1", "1e9", "99999999", "٩٠٠٠"])
def test_a_senseless_lifetime_is_none(lifetime: str) -> None:
    assert prompt(served.lite_prompt(lifetime=lifetime)).seconds is None


@pytest.mark.parametrize("kind", ["az", "dp"])
@pytest.mark.parametrize("year", [2018, 2022, 2025, 2026, 0])
def test_the_number_to_tap_in_the_mark_up_of_each_year(words: Words, kind: str, year: int) -> None:
    page = served.glif_prompt(kind, number="89", year=year)
    assert prompt(words(page)).number == "89"


def test_the_number_to_tap_on_the_newest_pages(words: Words) -> None:
    assert prompt(words(served.lite_prompt(number="7"))).number == "7"


def test_the_clearest_mark_of_a_number_wins() -> None:
    marks = [served.number_mark(year, number) for year, number in ((2018, "1"), (2026, "2"))]
    page = served.glif_prompt("dp", number="4", year=0, device="".join(marks))
    assert prompt(page).number == "2"
    marks.append(served.number_mark(2022, "3"))
    page = served.glif_prompt("dp", number="4", year=0, device="".join(marks))
    assert prompt(page).number == "3"


@pytest.mark.parametrize("number", ["", "Yes", "1234", "8 9", "G-8"])
def test_what_is_no_number_to_tap(number: str) -> None:
    assert prompt(served.glif_prompt("dp", number=number, year=2025)).number == ""


def test_where_to_look_for_the_prompt_is_quoted_fit_to_print() -> None:
    assert prompt(served.glif_prompt()).device == "Schau auf dein Pixel"
    assert prompt(served.glif_prompt(device="")).device == "Tippe Ja, dann"
    assert prompt(served.glif_prompt(device="a\u202eb")).device == "a\\u202eb"
    assert prompt(served.lite_prompt()).device == ""


def test_what_google_says_of_a_prompt() -> None:
    assert prompt(served.glif_prompt(said="Zu spät")).said == "Zu spät"
    assert prompt(served.lite_prompt(said="Trop tard")).said == "Trop tard"
    assert prompt(served.lite_prompt()).said == ""
