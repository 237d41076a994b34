"""``samlauth rehearse adfs``: what it can be told, and what it tells the person."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from samlauth.commands import rehearse
from samlauth.errors import UsageError
from samlauth.sandbox.adfs import Mfa
from samlauth.sandbox.adfs.adapters import ADAPTERS
from samlauth.sandbox.rehearsal import Rehearsal

_CODE = r"code      \d{6}  until"
_TAP = r"phone     says yes by itself after 20 seconds.*\n +/.*/bin/rehearsal-phone tap"
NEEDED: dict[str, str] = {
    "none": "no second factor",
    "azure-push": _TAP + " NUMBER\n",
    "azure-sms": r"message   G-\d{6}  once it was sent",
    "azure-choice": rf"{_TAP} NUMBER\n(.|\n)*message(.|\n)*{_CODE}",
    "choice": rf"{_TAP} NUMBER\n(.|\n)*{_CODE}",
    "mfa-server": _TAP + "\n",
    "silverfort": _TAP + "\n",
    "rsa-next": rf"{_CODE}(.|\n)*then      the code that follows it",
    "certificate": r"then      a client certificate.*\n +/.*/ada\.pem",
    "duo": "Duo's pages",
    "hrd": "realm     AD AUTHORITY",
    "paginated": "no second factor",
    "paginated-two": "no second factor",
    "adfs2": "no second factor",
    "expired": "too old",
    "disabled": "switched off",
    "unknown-rp": "has not heard of AWS",
    "refused-rp": "may not use AWS",
    "wsfed": "another protocol",
    "kerberos": "Kerberos ticket",
    "landing": "page of all services",
    "truncated": "breaks off",
    "empty": "is empty",
    "astray": "somewhere else",
}


def test_the_command_knows_all_that_can_be_played() -> None:
    assert get_args(Mfa) == rehearse.ADFS_MFA


@pytest.mark.parametrize("mfa", get_args(Mfa))
def test_the_banner_says_what_is_needed(mfa: Mfa) -> None:
    with Rehearsal(idp="adfs", mfa=mfa) as rehearsal:
        banner = rehearse._banner(rehearsal)
        over = rehearse._count(rehearsal)
    assert banner.startswith("\nREHEARSAL: nothing here is real. A fake ADFS and a fake AWS run")
    assert "  host      adfs.example.com\n" in banner
    assert f"  password  {rehearsal.password}\n" in banner
    assert re.search(NEEDED.get(mfa, _CODE), banner), banner
    assert all(line == line.rstrip() for line in banner.splitlines())
    assert over == "\nRehearsal over. Passwords posted: 0, codes: 0, hosts contacted: none."


def test_what_is_said_of_adapters_is_said_of_each() -> None:
    assert {mfa for mfa in get_args(Mfa) if mfa not in NEEDED} <= ADAPTERS.keys()


def test_the_main_job_names_the_host() -> None:
    with Rehearsal(idp="adfs") as rehearsal:
        words = rehearse._main_job(rehearsal)
    assert words == [
        *("samlauth", "--adfs-host", "adfs.example.com"),
        *("-u", "ada@example.com", "-p", "sts-temp"),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"idp": "adfs", "mfa": "totp"}, "ADFS's pages have no totp."),
        ({"idp": "adfs", "pages": "v3"}, "ADFS has no pages v3."),
        ({"idp": "google", "mfa": "rsa"}, "Google's pages have no rsa."),
    ],
)
def test_what_the_other_provider_has(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        Rehearsal(**options)  # type: ignore[arg-type]  # that is the point
    assert raised.value.message == sentence
    assert raised.value.hint


def test_a_rehearsal_has_one_provider() -> None:
    of_google, of_adfs = Rehearsal(), Rehearsal(idp="adfs")
    assert of_google.provider is of_google.google
    assert of_adfs.provider is of_adfs.adfs
    with pytest.raises(AssertionError, match="of ADFS"):
        _ = of_adfs.google
    with pytest.raises(AssertionError, match="of Google"):
        _ = of_google.adfs
