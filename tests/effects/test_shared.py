from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from samlauth.effects.shared import shared
from samlauth.errors import SettingsError
from samlauth.setting import Layer
from samlauth.settings import IDP_ID
from samlauth.sources import resolve

TEXT = """\
# for everybody
[samlauth]
idp_id = C01
password_command = vault read
[profile x]
idp_id = C02
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "shared"
    found.write_text(TEXT)
    found.chmod(0o644)
    return found


def read(path: Path, profile: str = "x") -> tuple[list[dict[str, str]], list[str]]:
    parts, passed_over = shared({"SAMLAUTH_CONFIG": str(path)}, profile)
    assert all(part.layer is Layer.SHARED for part in parts)
    return [dict(part.keys) for part in parts], passed_over


def test_a_profiles_own_section_comes_before_everybodys(path: Path) -> None:
    parts, _ = shared({"SAMLAUTH_CONFIG": str(path)}, "x")
    found = resolve({}, {}, {}, "", parts)
    assert found[IDP_ID] == "C02"
    assert found.source(IDP_ID) == (Layer.SHARED, f"idp_id in [profile x] of {path}")
    parts, _ = shared({"SAMLAUTH_CONFIG": str(path)}, "y")
    assert resolve({}, {}, {}, "", parts)[IDP_ID] == "C01"


def test_the_usual_place_may_be_empty_and_a_named_one_may_not(tmp_path: Path) -> None:
    assert shared({"SAMLAUTH_CONFIG": ""}, "x")[1] == []
    with pytest.raises(SettingsError, match=r"There is no .*absent, which SAMLAUTH_CONFIG names"):
        read(tmp_path / "absent")


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o620, 0o602])
def test_one_that_others_can_write_is_refused(mode: int, path: Path) -> None:
    path.chmod(mode)
    with pytest.raises(SettingsError, match="others can write it") as refused:
        read(path)
    assert refused.value.exit_code == 3
    assert "chmod go-w" in refused.value.hint


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused(make: Callable[[Path], object], path: Path) -> None:
    path.unlink()
    make(path)
    with pytest.raises(SettingsError, match="is not a file"):
        read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_of_somebody_else_is_refused(path: Path) -> None:
    os.chown(path, 4242, -1)
    with pytest.raises(SettingsError, match=r"belongs to somebody else \(user 4242\)"):
        read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_programs_count_only_if_root_owns_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = {"idp_id": "C01", "password_command": "vault read"}
    assert read(path, "y") == ([everybody], [])
    os.chown(path, 4242, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    parts, (warning,) = read(path, "y")
    assert parts == [{"idp_id": "C01"}]
    assert f"password_command in [samlauth] of {path} names a program" in warning


def test_where_it_is_made_no_difference_by_links(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    assert read(link)[0] == read(path)[0]
    path.chmod(0o666)
    with pytest.raises(SettingsError, match="others can write it"):
        read(link)
