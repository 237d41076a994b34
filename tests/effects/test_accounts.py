from __future__ import annotations

from pathlib import Path

import pytest

from samlauth.effects.accounts import account
from samlauth.setting import Layer
from samlauth.settings import ADFS_HOST, DURATION, IDP, USERNAME
from samlauth.sources import resolve

WRITTEN = """\
[default]
name                 = default
app_id               = 
url                  = https://adfs.example.com
username             = ada@example.com
provider             = ADFS
mfa                  = Auto
skip_verify          = false
timeout              = 0
aws_urn              = urn:amazon:webservices
aws_session_duration = 3600 ; an hour
aws_profile          = saml
role_arn             = 

[work]
url         = `https://idp.example.com/#start`
provider    = Browser
aws_profile = "work"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".saml2aws").write_text(WRITTEN)
    return tmp_path


def test_the_account_for_the_profile(home: Path) -> None:
    (part,), why_none = account({"HOME": str(home)}, "saml")
    assert (part.layer, why_none) == (Layer.SAML2AWS, [])
    found = resolve({}, {}, {}, "", [part])
    assert (found[IDP], found[ADFS_HOST]) == ("adfs", "https://adfs.example.com")
    assert (found[USERNAME], found[DURATION]) == ("ada@example.com", 3600)
    assert found.source(USERNAME).where == f"username in [default] of {home / '.saml2aws'}"


def test_quotes_are_not_part_of_a_value(home: Path) -> None:
    (part,), _ = account({"HOME": str(home)}, "work")
    assert part.keys["aws_profile"] == "work"


def test_no_account_for_another_profile_and_none_without_a_file(home: Path) -> None:
    assert account({"HOME": str(home)}, "sts") == ([], [])
    assert account({"HOME": str(home / "none")}, "saml") == ([], [])


def test_an_account_without_a_profile_is_for_the_one_saml2aws_writes(home: Path) -> None:
    path = home / "elsewhere"
    path.write_text("[default]\nurl = https://a\n")
    (part,), _ = account({"HOME": str(home), "SAML2AWS_CONFIGFILE": str(path)}, "saml")
    assert part.name == f"[default] of {path}"


def test_two_accounts_for_a_profile_are_none(home: Path) -> None:
    path = home / ".saml2aws"
    path.write_text(WRITTEN + "[other]\naws_profile = saml\n")
    parts, (why,) = account({"HOME": str(home)}, "saml")
    assert parts == []
    assert "several accounts for the profile saml (default, other)" in why


@pytest.mark.parametrize("content", [b"\xff\xfe[\x00", b"url = no section\n", b"[default\nx"])
def test_a_file_that_is_none_of_its_own_is_passed_over(content: bytes, home: Path) -> None:
    (home / ".saml2aws").write_bytes(content)
    parts, (why,) = account({"HOME": str(home)}, "saml")
    assert parts == []
    assert "is no file of saml2aws's" in why


def test_one_that_cannot_be_read_is_passed_over(home: Path) -> None:
    (home / ".saml2aws").unlink()
    (home / ".saml2aws").mkdir()
    parts, (why,) = account({"HOME": str(home)}, "saml")
    assert parts == []
    assert "cannot be read (Is a directory)" in why
