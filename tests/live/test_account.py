"""One sign-in with a real account, at a terminal, and what comes of it.

``SAMLAUTH_LIVE=1 SAMLAUTH_LIVE_PROFILE=work python -m pytest tests/live`` signs in to the profile
``work`` of the AWS config file, which has to name all there is to know but the answers: the identity
provider, the user, and a role that is taken without asking. The questions come on the terminal.

The tests work on a copy of the config file, in a folder of their own. Nothing is written to the AWS
files, and the credentials are gone afterwards; a keyring and a browser profile are the person's own.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from samlauth.effects import files
from tests.e2e.stage import SAMLAUTH

PATIENCE = 600
"""Seconds a person has for the whole sign-in."""

WHO = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""


class Account:
    """The person's profile, signed in to once."""

    def __init__(self, profile: str, folder: Path) -> None:
        self.profile = profile
        self.config, self.credentials = folder / "config", folder / "credentials"
        theirs = files.locate(os.environ).config
        if not theirs.is_file():
            pytest.skip(f"{theirs} is not there, and SAMLAUTH_LIVE_PROFILE is a profile of it")
        self.config.write_bytes(theirs.read_bytes())
        self.environ = {
            name: value
            for name, value in os.environ.items()
            if name == "AWS_CA_BUNDLE" or not name.startswith(("AWS_", "SAMLAUTH_"))
        } | {
            "AWS_CONFIG_FILE": str(self.config),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def run(self, *arguments: str, alone: bool = True) -> str:
        """What samlauth prints; ``alone`` without a terminal, so that it cannot ask."""
        return self.run_any([str(SAMLAUTH), *arguments], alone=alone)

    def run_any(self, command: Sequence[str], *, alone: bool = True) -> str:
        done = subprocess.run(
            command,
            env=self.environ,
            stdin=subprocess.DEVNULL if alone else None,
            stdout=subprocess.PIPE,
            start_new_session=alone,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0
        return done.stdout


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    profile = os.environ.get("SAMLAUTH_LIVE_PROFILE")
    if not profile:
        pytest.skip("SAMLAUTH_LIVE_PROFILE names no profile to sign in to")
    account = Account(profile, tmp_path_factory.mktemp("aws"))
    yield account
    for path in (account.credentials, account.config):
        path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def signed_in(account: Account) -> dict[str, Any]:
    """What ``--json`` prints, once AWS has said whose the credentials are."""
    printed = account.run("-p", account.profile, "--force", "--json", "--verify", alone=False)
    answer: dict[str, Any] = json.loads(printed)
    return answer


def test_the_credentials_are_for_the_role(account: Account, signed_in: dict[str, Any]) -> None:
    client = boto3.client(
        "sts",
        region_name=_region(account),
        aws_access_key_id=signed_in["AccessKeyId"],
        aws_secret_access_key=signed_in["SecretAccessKey"],
        aws_session_token=signed_in["SessionToken"],
    )
    [row] = json.loads(account.run("status", "-p", account.profile, "--json"))
    role = row["role_arn"].rpartition("/")[2]
    assert f":assumed-role/{role}/" in client.get_caller_identity()["Arn"]
    assert datetime.fromisoformat(signed_in["Expiration"]) > datetime.now(UTC)
    assert stat.S_IMODE(account.credentials.stat().st_mode) == 0o600


def test_nobody_is_asked_again(account: Account, signed_in: dict[str, Any]) -> None:
    assert signed_in
    before = account.credentials.read_bytes()
    account.run("-p", account.profile)
    assert account.credentials.read_bytes() == before


def test_a_program_gets_them(account: Account, signed_in: dict[str, Any]) -> None:
    assert signed_in
    printed = account.run("exec", "-p", account.profile, "--", sys.executable, "-c", WHO)
    assert ":assumed-role/" in printed


def _region(account: Account) -> str:
    return files.locate(account.environ).read_config(account.profile).get("region", "us-east-1")
