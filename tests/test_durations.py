import pytest

from samlauth import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("3600s", 3600),
        ("1h30m", 5400),
        ("1H 30M", 5400),
        ("45m", 2700),
        ("12h", 43200),
        ("15m", 900),
    ],
)
def test_reads_what_people_write(text: str, seconds: int) -> None:
    assert durations.read(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "h", "1x", "-3600", "+3600", "1.5h", "३६००", "1m1h", "ten"]
)
def test_anything_else_is_named_as_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="1h30m"):
        durations.read(text)


@pytest.mark.parametrize("text", ["0", "899", "14m", "43201", "13h", "99999999999"])
def test_what_aws_never_allows_is_refused_here(text: str) -> None:
    with pytest.raises(ValueError, match="15 minutes and 12 hours"):
        durations.read(text)


def test_a_wait_for_a_person_may_be_short_but_has_an_end() -> None:
    assert [durations.patience(text) for text in ("1", "5m", "1h")] == [1, 300, 3600]
    for text in ("0", "61m"):
        with pytest.raises(ValueError, match="a second and an hour"):
            durations.patience(text)
    with pytest.raises(ValueError, match="like 5m"):
        durations.patience("soon")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (43200, "12 h"),
        (5400, "1 h 30 min"),
        (2700, "45 min"),
        (60, "1 min"),
        (59.9, "59 s"),
        (-3, "0 s"),
    ],
)
def test_spells_as_people_say_it(seconds: float, text: str) -> None:
    assert durations.spell(seconds) == text
