"""``samlauth import``: what is found of the other tools, and what is written."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from samlauth.commands import adopt

ROLE = "arn:aws:iam::111111111111:role/Admin"
CONFIG = f"""\
# of aws-google-auth
[profile google]
region = eu-west-1
google_config.ask_role = False
google_config.keyring = True
google_config.duration = 43200
google_config.google_idp_id = C01
google_config.role_arn = {ROLE}
google_config.google_sp_id = 12
google_config.u2f_disabled = False
google_config.google_username = ada@example.com
google_config.bg_response = None

[profile adfs]
adfs_config.adfs_host = adfs.example.com
adfs_config.adfs_user = ada
adfs_config.provider_id = urn:amazon:webservices
adfs_config.ssl_verification = False
s3 =
  signature_version = s3v4
[profile "with space"]
credential_process = gsts --idp-id=C02 --sp-id=13 --aws-region us-west-2
[profile two]
gsts.idp_id = C02
adfs_config.adfs_host = adfs.example.com
[profile plain]
region = eu-west-1
"""
ACCOUNT = "[default]\nurl = https://sso.example.com\nprovider = ADFS2\nusername = bo\nmfa = Auto\n"


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / ".aws" / "config"
        self.config.parent.mkdir()

    def adopt(self, *words: str) -> int:
        parser = argparse.ArgumentParser()
        adopt.arguments(parser)
        return adopt.run(parser.parse_args([*words]))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "SAML2AWS_CONFIGFILE"):
        monkeypatch.delenv(name, raising=False)
    home = Home(tmp_path)
    home.config.write_text(CONFIG)
    (tmp_path / ".saml2aws").write_text(ACCOUNT)
    return home


def test_what_there_is_is_listed_and_with_check_no_more(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.adopt("--check") == 0
    listed = capsys.readouterr()
    rows = [row.split("  from ")[0].strip() for row in listed.out.splitlines()]
    assert rows == [
        "[profile google]",
        "samlauth.username = ada@example.com",
        f"samlauth.role_arn = {ROLE}",
        "samlauth.keyring = true",
        "samlauth.disable_u2f = false",
        "samlauth.idp_id = C01",
        "samlauth.sp_id = 12",
        "[profile adfs]",
        "samlauth.username = ada",
        "samlauth.adfs_host = adfs.example.com",
        "samlauth.adfs_rp = urn:amazon:webservices",
        "[profile 'with space']",
        "samlauth.idp_id = C02",
        "samlauth.sp_id = 13",
        "[profile saml]",
        "samlauth.username = bo",
        "samlauth.idp = adfs",
        "samlauth.adfs_host = https://sso.example.com",
    ]
    assert "samlauth import would write 14 settings" in listed.err
    assert "adfs_config.ssl_verification turns off" in listed.err
    assert "Passing over the profile two: gsts.idp_id" in listed.err
    assert "samlauth configure process -p 'with space'" in listed.err
    assert home.config.read_text() == CONFIG


def test_it_is_written_beside_theirs_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.adopt() == 0
    assert "Wrote 14 settings" in capsys.readouterr().err
    text = home.config.read_text()
    ours = {line for line in text.splitlines() if line.startswith("samlauth.")}
    assert "samlauth.idp_id = C01" in ours
    kept = [line for line in text.splitlines() if line in CONFIG.splitlines() and line]
    assert kept == list(filter(None, CONFIG.splitlines())), "every line of theirs, in its order"
    assert home.adopt() == 0
    again = capsys.readouterr()
    assert again.out.count(", but is set already") == 14
    assert "All of that is set already." in again.err
    assert home.config.read_text() == text


def test_a_setting_of_ours_stays_as_it_is(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.config.write_text("[profile x]\nsamlauth.idp_id = C9\ngoogle_config.google_idp_id = C1\n")
    (home.folder / ".saml2aws").unlink()
    home.adopt()
    assert home.config.read_text().count("idp_id") == 2
    assert "samlauth.idp_id = C1  from google_config" in capsys.readouterr().out


@pytest.mark.parametrize("config", [None, "", "[profile x]\nregion = eu-west-1\n"])
def test_with_none_of_them_it_says_so(
    config: str | None, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.folder / ".saml2aws").unlink()
    home.config.unlink()
    if config is not None:
        home.config.write_text(config)
    for words in (["--check"], []):
        assert home.adopt(*words) == 0
        said = capsys.readouterr()
        assert said.out == ""
        assert "There are no settings of aws-google-auth, aws-adfs or gsts in" in said.err
    assert home.config.exists() is (config is not None)


def test_what_cannot_be_stored_is_passed_over(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.folder / ".saml2aws").unlink()
    home.config.write_text(
        "[profile x]\ngsts.idp_id = C1\ngoogle_config.google_username = ad\u00e9\n"
    )
    home.adopt()
    assert "samlauth.idp_id = C1" in home.config.read_text()
    assert "Passing over google_config.google_username" in capsys.readouterr().err


def test_what_a_line_says_goes_beside_it_unless_it_is_there() -> None:
    line = {"credential_process": "gsts --idp-id=C1 --sp-id=2", "google_config.keyring": "True"}
    assert adopt.beside(line) == {"samlauth.idp_id": "C1", "samlauth.sp_id": "2"}
    assert adopt.beside({**line, "samlauth.sp_id": "3"}) == {"samlauth.idp_id": "C1"}
    assert adopt.beside({"credential_process": "other", "gsts.idp_id": "C1"}) == {}
