"""Waiting for another run that is signing in."""

from __future__ import annotations

from pathlib import Path

import pytest

from samlauth.commands.supply import in_turn
from samlauth.errors import FileError


def test_one_signs_in_at_a_time_and_it_is_said_what_lasts(tmp_path: Path) -> None:
    config = tmp_path / "config"
    with (
        in_turn(config, "ada", 5.0),
        pytest.raises(FileError, match="Another samlauth has been signing in") as waited,
        in_turn(config, "ada", 0.01),
    ):
        raise AssertionError("two signed in")
    assert "another terminal" in waited.value.hint
    with in_turn(config, "ada", 0.01):
        pass


def test_what_goes_wrong_meanwhile_is_not_the_waiting(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="the disk"), in_turn(tmp_path / "config", "ada", 1.0):
        raise FileError("the disk is full")
