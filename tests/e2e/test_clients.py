"""What samlauth gives, used by AWS's own clients: both aws CLIs, boto3 and the JavaScript SDK.

GetCallerIdentity proves it: the STS answers only what is signed with keys that it issued.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

from samlauth.effects import cache as kept
from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.stage import SAMLAUTH, Stage
from tests.e2e.test_credential_process import program

JAVASCRIPT = Path(__file__).parent / "javascript"
BOTO3 = """
import sys, boto3
print(boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()["Arn"])
"""
CLIENTS = (
    "aws CLI 1",
    "aws CLI 2",
    "boto3",
    "JavaScript fromIni",
    "JavaScript fromNodeProviderChain",
)


@dataclass(frozen=True)
class Profile:
    """A profile, whom it makes its user, and how a client gets there."""

    name: str
    arn: str
    """As GetCallerIdentity has it."""
    assumed: tuple[str, ...] = ()
    """ARNs of the roles that the client assumes by itself."""


PROFILES = (
    Profile("keys", "arn:aws:sts::111111111111:assumed-role/ReadOnly/ada@example.com"),
    Profile("process", "arn:aws:sts::222222222222:assumed-role/Developer/ada@example.com"),
    Profile(
        "chain-over-keys",
        "arn:aws:sts::888777666555:assumed-role/assumed-dev/ada-chained",
        ("arn:aws:iam::888777666555:role/assumed-dev",),
    ),
    Profile(
        "chain-over-process",
        "arn:aws:sts::777666555444:assumed-role/assumed-ops/ada-chained",
        ("arn:aws:iam::777666555444:role/assumed-ops",),
    ),
)
PROCESS = PROFILES[1]


@pytest.fixture(scope="module")
def signed_in() -> Iterator[Stage]:
    """A stage with the four profiles; a login has filled the two that others build on."""
    with Rehearsal(roles=2, mfa="none") as rehearsal:
        stage = Stage(rehearsal)
        password = program(stage, "password", f"printf '%s\\n' '{rehearsal.password}'")
        sections = [settings(stage, name, password) for name in ("keys", "process")]
        stage.write_config("\n".join(sections))
        role = rehearsal.roles
        for arguments in (
            ("-p", "keys", "-r", role[0].role_arn),
            ("configure", "process", "-p", "process"),
            ("-p", "process", "-r", role[1].role_arn),
            *map(chain, PROFILES[2:]),
        ):
            done = stage.piped(*arguments)
            assert done.returncode == 0, done.stderr
        assert "aws_session_token" in stage.profile("keys")
        assert stage.profile("process") == {}, "its credentials are in the cache"
        yield stage
    assert rehearsal.violations == []
    assert [str(contact) for contact in rehearsal.proxy_log if not contact.admitted] == []


def chain(profile: Profile) -> tuple[str, ...]:
    """What writes a profile that takes its role with the credentials of another."""
    (role_arn,) = profile.assumed
    source = profile.name.removeprefix("chain-over-")
    return (
        *("configure", "chain", profile.name, "--source-profile", source),
        *("--role-arn", role_arn, "--session-name", "ada-chained"),
    )


@pytest.fixture
def stage(signed_in: Stage) -> Stage:
    """The same, as long as no client has used it: both aws CLIs keep a chain's credentials."""
    shutil.rmtree(signed_in.aws / "cli", ignore_errors=True)
    signed_in.rehearsal.sts.calls.clear()
    return signed_in


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, with what it imports beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("node and npm: the JavaScript SDK runs on them")
    lock, installed = JAVASCRIPT / "package-lock.json", JAVASCRIPT / "node_modules" / ".installed"
    with FileLock(tmp_path_factory.getbasetemp().parent / "javascript.lock"):
        if not installed.exists() or installed.read_bytes() != lock.read_bytes():
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(
                command, cwd=JAVASCRIPT, capture_output=True, text=True, timeout=300
            )
            if done.returncode != 0:
                missing(f"the JavaScript SDK, which npm ci could not install:\n{done.stderr}")
            installed.write_bytes(lock.read_bytes())
    return JAVASCRIPT / "caller.js"


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The command that prints the ARN of the profile named after it."""
    match str(request.param).split():
        case ["aws", "CLI", major]:
            cli = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text", "--profile")
            return (aws_cli(major), *cli)
        case ["JavaScript", provider]:
            return ("node", str(request.getfixturevalue("javascript")), provider)
        case _:
            return (sys.executable, "-c", BOTO3)


@cache
def aws_cli(major: str) -> str:
    """The aws CLI of that major version: 1 is beside samlauth, 2 somewhere on the PATH."""
    for folder in (str(SAMLAUTH.parent), *os.get_exec_path(), "/usr/bin"):
        found = shutil.which("aws", path=folder)
        if found is not None:
            said = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=60)
            if said.stdout.startswith(f"aws-cli/{major}."):
                return found
    missing(f"an aws CLI of version {major}: PyPI's awscli is 1, Debian's is 2")


def missing(what: str) -> NoReturn:
    """Fails where everything has to be there, else skips."""
    said = f"This test needs {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


def settings(stage: Stage, profile: str, password: Path) -> str:
    """The section of a profile that signs in by itself."""
    return (
        f"[profile {profile}]\n"
        "region = eu-west-1\n"
        f"samlauth.username = {stage.rehearsal.username}\n"
        f"samlauth.idp_id = {stage.rehearsal.idp_id}\n"
        f"samlauth.sp_id = {stage.rehearsal.sp_id}\n"
        f"samlauth.password_command = {password}\n"
    )


def who(stage: Stage, client: tuple[str, ...], profile: Profile) -> str:
    """The ARN that the client prints."""
    done = subprocess.run(
        [*client, profile.name],
        env=stage.environ({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def calls(stage: Stage) -> list[tuple[str, str]]:
    """What STS was asked, and for which role; nothing of it was refused."""
    assert [call for call in stage.rehearsal.sts.calls if call.fault] == []
    return [(call.action, call.role_arn) for call in stage.rehearsal.sts.calls]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_client_is_who_the_profile_says(
    stage: Stage, client: tuple[str, ...], profile: Profile
) -> None:
    assert who(stage, client, profile) == profile.arn
    assumed = [("AssumeRole", role_arn) for role_arn in profile.assumed]
    assert calls(stage) == [*assumed, ("GetCallerIdentity", "")]


def test_credentials_that_ended_are_renewed_by_the_client_that_needs_them(
    stage: Stage, client: tuple[str, ...]
) -> None:
    path, config = str(stage.aws / "samlauth" / "cache" / PROCESS.name), str(stage.aws / "config")
    held = kept.held(path)
    assert isinstance(held, tuple)
    credentials, issued = held
    day = timedelta(days=1)
    issued = replace(issued, issued=issued.issued - day, expiration=issued.expiration - day)
    credentials = replace(credentials, expiration=issued.expiration)
    kept.keep(path, config, credentials, issued)
    passwords = stage.rehearsal.google.passwords.total()

    assert who(stage, client, PROCESS) == PROCESS.arn
    role_arn = stage.rehearsal.roles[1].role_arn
    assert calls(stage) == [("AssumeRoleWithSAML", role_arn), ("GetCallerIdentity", "")]
    assert stage.rehearsal.google.passwords.total() == passwords + 1
    renewed = kept.held(path)
    assert isinstance(renewed, tuple)
    assert renewed[0].access_key_id != credentials.access_key_id
