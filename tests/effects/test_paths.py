"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from samlauth.effects.paths import from_anywhere, path_of


def test_the_home_folder_and_nobodys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.chdir(tmp_path)
    assert path_of("~/x") == Path("/home/ada/x")
    assert path_of("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")
    assert from_anywhere("a/../x") == str(tmp_path / "x")
    assert from_anywhere("~/x") == "/home/ada/x"
