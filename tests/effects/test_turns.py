"""Turns: one run at a time, and nobody kept from a sign-in for want of a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from samlauth.effects.turns import turn
from samlauth.errors import FileError


def test_one_has_it_at_a_time(tmp_path: Path) -> None:
    config = tmp_path / "config"
    with (
        turn(config, "ada", 1.0),
        pytest.raises(FileError, match="locked by another program"),
        turn(config, "ada", 0.01),
    ):
        raise AssertionError("two had it")
    with turn(config, "ada", 0.01), turn(config, "bob", 0.01):
        pass


@pytest.mark.parametrize("taken", ["samlauth", "samlauth/locks"])
def test_where_there_can_be_no_lock_nobody_waits(tmp_path: Path, taken: str) -> None:
    """What is there is no folder: the disk, a mount or a mode may forbid one as well."""
    path = tmp_path / taken
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    with turn(tmp_path / "config", "ada", 0.01), turn(tmp_path / "config", "ada", 0.01):
        pass


def test_what_fails_meanwhile_is_not_taken_for_the_lock(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="the disk"), turn(tmp_path / "config", "ada", 1.0):
        raise FileError("the disk is full") from OSError("full")
