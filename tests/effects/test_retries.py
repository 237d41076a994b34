from __future__ import annotations

import pytest

from samlauth.effects.retries import BUSY, Failure, Kind, pause

UNSEEN = Failure(seen=False)


def after(
    failure: Failure,
    kind: Kind = "get",
    tries: int = 1,
    *,
    left: float = 90,
    chance: float = 1,
) -> float | None:
    return pause(kind, tries, failure, left=left, chance=lambda: chance)


SAID = "Sun, 22 Nov 2026 05:59:50 GMT"


def busy(status: int, retry_after: str = "", date: str = "") -> Failure:
    return Failure(seen=True, status=status, retry_after=retry_after, date=date)


def test_a_get_that_nobody_saw_is_tried_three_times_in_all() -> None:
    assert [after(UNSEEN, tries=tries) for tries in (1, 2, 3)] == [0.5, 1.0, None]


def test_the_pauses_are_anything_up_to_that() -> None:
    assert [after(UNSEEN, chance=chance) for chance in (0, 0.25, 1)] == [0, 0.125, 0.5]
    assert after(UNSEEN, tries=2, chance=0.25) == 0.25


@pytest.mark.parametrize(
    "failure",
    [UNSEEN, Failure(seen=True), *map(busy, sorted(BUSY)), busy(503, "0"), busy(429, "1")],
)
def test_what_has_a_body_is_never_sent_again(failure: Failure) -> None:
    assert after(failure, "post") is None


def test_what_was_seen_and_broke_off_is_not_sent_again() -> None:
    assert after(Failure(seen=True)) is None


def test_what_would_fail_again_is_not_tried_again() -> None:
    assert after(Failure(seen=False, final=True)) is None


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    assert after(busy(status)) == 0.5
    assert after(busy(status, "tomorrow", SAID)) == 0.5


def test_one_that_refuses_to_be_asked_so_often_only_when_it_says_when() -> None:
    assert after(busy(429)) is None
    assert after(busy(429, "soon")) is None
    assert after(busy(429, "2")) == 2


@pytest.mark.parametrize("status", sorted(BUSY))
@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [("0", 0.5), ("1", 1), (" 30 ", 30), ("31", None), ("9" * 5000, None)],
)
def test_what_it_asks_for_is_waited_for_up_to_half_a_minute(
    status: int, retry_after: str, wait: float | None
) -> None:
    assert after(busy(status, retry_after)) == wait


@pytest.mark.parametrize("status", sorted(BUSY))
@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [
        ("Sun, 22 Nov 2026 06:00:00 GMT", 10),
        (" Sunday, 22-Nov-26 06:00:00 GMT ", 10),
        ("Sun Nov 22 06:00:00 2026", 10),
        ("Sun, 22 Nov 2026 06:00:20 GMT", 30),
        ("Sun, 22 Nov 2026 06:00:21 GMT", None),
        ("Sat, 21 Nov 2026 06:00:00 GMT", 0.5),
        (SAID, 0.5),
    ],
)
def test_a_date_is_waited_for_by_the_server_s_own_clock(
    status: int, retry_after: str, wait: float | None
) -> None:
    assert after(busy(status, retry_after, SAID)) == wait


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 22 Nov 2026 25:00:00 GMT",
        "Sun, 99 Nov 2026 06:00:00 GMT",
        "Sun, 22 Nov 99999999999 06:00:00 GMT",
        "Sun, 22 Nov 2026 06:00:00 +9999999999",
        "Sun, " * 9999,
        "soon",
        "",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert busy(503, text, SAID).asked_for is None
    assert busy(503, SAID, text).asked_for is None


@pytest.mark.parametrize("text", ["", "-1", "1.5", "+1", "٣", "1 s"])
def test_what_is_no_number_of_seconds_is_none(text: str) -> None:
    assert busy(503, text).asked_for is None


def test_the_redirects_of_a_post_are_sent_again_only_if_nobody_saw_them() -> None:
    assert after(UNSEEN, "redirected") == 0.5
    assert after(Failure(seen=True), "redirected") is None
    for status in BUSY:
        assert after(busy(status, "1"), "redirected") is None


def test_no_try_begins_when_the_time_is_over() -> None:
    assert after(UNSEEN, left=0.6) == 0.5
    assert after(UNSEEN, left=0.5) is None
    assert after(busy(503, "20"), left=20) is None
    assert after(UNSEEN, left=-1, chance=0) is None
