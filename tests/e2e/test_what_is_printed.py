"""The login's credentials, printed, proved, and not stored."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stage import SAMLAUTH, MakeStage, Stage


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    return make_stage(roles=1, mfa="none")


def log_in(stage: Stage, *words: str) -> tuple[int, str, str]:
    done = stage.piped(*stage.main_job, *words, stdin=stage.rehearsal.password + "\n")
    return done.returncode, done.stdout, done.stderr


def test_json_besides_storing(stage: Stage) -> None:
    for again in (False, True):
        code, out, err = log_in(stage, "--json", "--verify")
        assert code == 0, err
        printed, stored = json.loads(out), stage.profile()
        assert printed["Version"] == 1
        assert printed["AccessKeyId"] == stored["aws_access_key_id"]
        assert printed["SessionToken"] == stored["aws_session_token"]
        assert "AWS says you are arn:aws:sts::111111111111:assumed-role/" in err
        assert ("are good until" in err) is again
    actions = [call.action for call in stage.rehearsal.sts.calls if not call.fault]
    assert actions == ["AssumeRoleWithSAML", "GetCallerIdentity", "GetCallerIdentity"]


def test_nothing_is_stored_that_must_not_be(stage: Stage) -> None:
    code, out, err = log_in(stage, "--no-write", "--print-creds")
    assert code == 0, err
    assert out.startswith("export AWS_ACCESS_KEY_ID='ASIA")
    assert "Try:" not in err
    assert stage.profile() == stage.config() == {}
    assert stage.rehearsal.google.passwords.total() == 1


def test_a_profile_that_must_not_be_written_can_still_be_signed_in_to(stage: Stage) -> None:
    stage.aws.mkdir()
    kept = "[sts-temp]\naws_access_key_id = AKIA1\naws_secret_access_key = x\n"
    (stage.aws / "credentials").write_text(kept)
    code, _, err = log_in(stage, "--json")
    assert (code, "long-lived keys" in err) == (3, True)
    code, out, err = log_in(stage, "--json", "--no-write")
    assert code == 0, err
    assert json.loads(out)["AccessKeyId"].startswith("ASIA")
    assert (stage.aws / "credentials").read_text() == kept


@pytest.mark.parametrize("words", [("--no-write",), ("--json", "--print-creds")])
def test_what_cannot_be_meant_is_said_before_anybody_signs_in(
    stage: Stage, words: tuple[str, ...]
) -> None:
    code, out, err = log_in(stage, *words)
    assert (code, out) == (2, ""), err
    assert stage.rehearsal.google.passwords.total() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("leads_to", ["2>/dev/full", "2>&1 | true"])
def test_nobody_to_tell_is_no_reason_to_fail(stage: Stage, leads_to: str) -> None:
    """A service may have its log on a disk that is full, or nobody who reads it."""
    code = stage.rehearsal.home / "code"
    script = f'{{ "$0" "$@"; echo $? >{code}; }} {leads_to}'
    for words, expected in (
        (stage.main_job, "0"),
        (("nonsense",), "2"),
        (("status", "-p", "no"), "3"),
    ):
        subprocess.run(
            ["/bin/sh", "-c", script, str(SAMLAUTH), *words],
            input=stage.rehearsal.password + "\n",
            env=stage.environ({}),
            start_new_session=True,
            text=True,
            timeout=60,
        )
        assert code.read_text().strip() == expected
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_output_costs_nobody_the_sign_in(stage: Stage) -> None:
    words = ["/bin/sh", "-c", '"$0" "$@" >/dev/full', str(SAMLAUTH), *stage.main_job]
    done = subprocess.run(
        [*words, "--json", "--force"],
        input=stage.rehearsal.password + "\n",
        env=stage.environ({}),
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 10
    assert "samlauth: Standard output could not be written: No space left" in done.stderr
    assert "fault of samlauth" not in done.stderr
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")
