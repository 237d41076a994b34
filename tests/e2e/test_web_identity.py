"""A role taken with an OpenID Connect token, by the installed command."""

from __future__ import annotations

import json
import shutil
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.stage import Stage

ROLE = "arn:aws:iam::888777666555:role/deploy"
TAKE = ("assume-role-with-web-identity", "-p", "ci")


def token(ends: float) -> str:
    """Unsigned: the rehearsal's STS does not ask an issuer."""
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, {"sub": "ci", "exp": ends}))
    return ".".join((*(urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2lnbmVk"))


# A day: tests that are collected may wait long for their turn.
GOOD, OLD = token(time.time() + 86400), token(time.time() - 600)


@pytest.fixture(scope="module")
def running() -> Iterator[Stage]:
    with Rehearsal(roles=1, mfa="none") as rehearsal:
        yield Stage(rehearsal)
    assert rehearsal.violations == []


@pytest.fixture
def stage(running: Stage) -> Stage:
    shutil.rmtree(running.aws, ignore_errors=True)
    running.rehearsal.sts.calls.clear()
    running.outputs.clear()
    return running


@pytest.fixture
def file(stage: Stage) -> Path:
    path = stage.rehearsal.home / "token"
    path.write_text(GOOD + "\n")
    return path


def test_the_profile_has_the_roles_credentials(stage: Stage, file: Path) -> None:
    done = stage.piped(
        *TAKE, "--role-arn", ROLE, "--web-identity-token-file", str(file), "--verify"
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "assumed-role/deploy/samlauth" in done.stderr
    assert stage.profile("ci")["aws_session_token"]
    call, proof = stage.rehearsal.sts.calls
    assert (call.action, call.fault) == ("AssumeRoleWithWebIdentity", "")
    assert dict(call.parameters) == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "samlauth",
        "DurationSeconds": "3600",
    }
    assert proof.action == "GetCallerIdentity"
    assert "a web identity token" in stage.piped("status").stdout
    printed = stage.piped("env", "-p", "ci", "--format", "json")
    assert printed.returncode == 0, printed.stderr
    assert GOOD not in "".join(stage.outputs)


def test_it_is_told_by_awss_own_variables(stage: Stage, file: Path) -> None:
    done = stage.piped(
        *TAKE,
        *("--no-write", "--json", "-d", "2h"),
        AWS_ROLE_ARN=ROLE,
        AWS_WEB_IDENTITY_TOKEN_FILE=str(file),
        AWS_ROLE_SESSION_NAME="build-7",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["AccessKeyId"].startswith("ASIA")
    (call,) = stage.rehearsal.sts.calls
    assert call.parameters["RoleSessionName"] == "build-7"
    assert call.parameters["DurationSeconds"] == "7200"
    assert not (stage.aws / "credentials").exists()


def test_the_token_may_come_on_standard_input(stage: Stage) -> None:
    done = stage.piped(
        *TAKE,
        *("--role-arn", ROLE, "--web-identity-token-file", "-", "--no-write", "--print-creds"),
        stdin=GOOD + "\n",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("export AWS_ACCESS_KEY_ID='ASIA")


@pytest.mark.parametrize(
    ("held", "words", "code", "said"),
    [
        (OLD, (), 8, "The web identity token has expired"),
        ("no token", (), 8, "cannot use the web identity token"),
        ("", (), 10, "it holds nothing"),
        (GOOD, ("--session-name", "ada lovelace"), 8, "does not take 'ada lovelace'"),
        (GOOD, ("--web-identity-token-file", GOOD), 2, "the token itself"),
        (GOOD, ("--web-identity-token-file", "/no/such/file"), 10, "No such file"),
        (GOOD, ("--role-arn", "deploy"), 3, "not the ARN of a role"),
    ],
    ids=["expired", "no token", "empty", "session name", "on argv", "no file", "no role"],
)
def test_what_goes_wrong_is_said_and_writes_nothing(
    stage: Stage, file: Path, held: str, words: tuple[str, ...], code: int, said: str
) -> None:
    file.write_text(held)
    given = ("--role-arn", ROLE, "--web-identity-token-file", str(file))
    done = stage.piped(*TAKE, *given, *words, "-l", "debug")
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr
    assert GOOD not in done.stderr
    assert not (stage.aws / "credentials").exists()


def test_what_is_missing_is_named(stage: Stage) -> None:
    done = stage.piped(*TAKE)
    assert (done.returncode, "needs --role-arn" in done.stderr) == (2, True)
    done = stage.piped(*TAKE, "--role-arn", ROLE)
    assert (done.returncode, "needs --web-identity-token-file" in done.stderr) == (2, True)
