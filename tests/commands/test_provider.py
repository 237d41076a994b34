"""What is asked for when the settings do not say where to sign in, and what is said with it."""

from __future__ import annotations

import pytest

from samlauth import sources
from samlauth.challenges import EnterSetting
from samlauth.commands.provider import complete
from samlauth.errors import NobodyToAsk
from samlauth.testing import replay

ELSEWHERE = "For any other: samlauth configure -p 'my work'"


def test_who_did_not_say_where_is_told_that_it_is_google() -> None:
    given = sources.resolve({"profile": "my work"}, {}, {})
    run = replay(complete(given), "ada", "C01", "12")
    notes = [asked.note for asked in run.challenges if isinstance(asked, EnterSetting)]
    assert ELSEWHERE in notes[0]
    assert notes[1:] == ["", ""]


@pytest.mark.parametrize(
    ("said", "answers"),
    [({"idp": "google"}, ("ada", "C01", "12")), ({"idp_id": "C01"}, ("ada", "12"))],
)
def test_who_said_where_is_told_nothing(said: dict[str, str], answers: tuple[str, ...]) -> None:
    run = replay(complete(sources.resolve(said, {}, {})), *answers)
    assert {asked.note for asked in run.challenges if isinstance(asked, EnterSetting)} == {""}


def test_with_nobody_there_the_same_is_said() -> None:
    given = sources.resolve({"profile": "my work"}, {}, {})
    run = replay(complete(given), NobodyToAsk("no terminal"), raises=NobodyToAsk)
    assert ELSEWHERE in run.result.hint
