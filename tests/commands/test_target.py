"""Which files the settings of a profile come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from samlauth.commands.target import Target, target
from samlauth.errors import SettingsError
from samlauth.settings import (
    CA_BUNDLE,
    CLIENT_CERT,
    DURATION,
    IDP,
    IDP_ID,
    ROLE_ARN,
    SP_ID,
    USERNAME,
)

CONFIG = """\
[profile x]
samlauth.base = team
[profile team]
samlauth.base = company
samlauth.username = ada
google_config.google_idp_id = C1
[profile company]
samlauth.username = nobody
samlauth.sp_id = 1
samlauth.role_arn = arn:aws:iam::111111111111:role/Admin
[profile loop]
samlauth.base = loop2
[profile loop2]
samlauth.base = loop
[profile own]
samlauth.base = own
[profile lost]
samlauth.base = nowhere
[profile none]
samlauth.base = None
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    (tmp_path / "shared").write_text("[samlauth]\nsp_id = 2\nduration = 1h\n")
    return tmp_path


def aim(home: Path, profile: str, **more: str) -> Target:
    return target({"profile": profile}, {"HOME": str(home), **more})


def test_a_base_and_its_own_base_are_followed(home: Path) -> None:
    found = aim(home, "x", SAMLAUTH_CONFIG=str(home / "shared")).settings
    assert (found[USERNAME], found[IDP_ID], found[SP_ID]) == ("ada", "C1", "1")
    assert found[DURATION] == 3600
    config = home / ".aws" / "config"
    assert found.source(SP_ID).where == f"samlauth.sp_id in [profile company] of {config}"
    assert found.source(DURATION).where == f"duration in [samlauth] of {home / 'shared'}"
    assert found.remembered_role == found[ROLE_ARN]


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("loop", "loop > loop2 > loop"),
        ("own", "own > own"),
        ("lost", "names nowhere, which is no profile there"),
    ],
)
def test_a_base_that_leads_nowhere_is_said(profile: str, said: str, home: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        aim(home, profile)


def test_no_base_is_none(home: Path) -> None:
    assert aim(home, "none").settings[USERNAME] is None


def test_of_an_account_that_nobody_asked_for_nothing_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".saml2aws").write_text("no section\n")
    assert aim(home, "x").settings[IDP] == "google"
    assert capsys.readouterr().err == ""
    aim(home, "y")
    assert "is no file of saml2aws's" in capsys.readouterr().err


def test_a_file_that_a_flag_names_is_that_file_from_everywhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", "/home/ada")
    flags = {
        "profile": "x",
        "ca_bundle": "ca.pem",
        "policy": "~/policy.json",
        "password_file": "~nobody-of-that-name/x",
        "client_cert": "None",
    }
    values = target(flags, {"HOME": str(home)}).settings
    stored = dict(values.to_store())
    assert stored["samlauth.ca_bundle"] == values[CA_BUNDLE] == str(home / "ca.pem")
    assert stored["samlauth.policy"] == "/home/ada/policy.json"
    assert stored["samlauth.password_file"] == str(home / "~nobody-of-that-name/x")
    assert values[CLIENT_CERT] is None
