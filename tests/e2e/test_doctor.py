"""Doctor in the rehearsal: what samlauth writes itself is in order, and nothing is sent."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.e2e.stage import MakeStage, Stage


def problems(stage: Stage, **more: str) -> list[str]:
    done = stage.piped("doctor", "-p", "sts-temp", "--json", **more)
    rows = json.loads(done.stdout)
    assert done.returncode == max(row["exit_code"] for row in rows), done.stderr
    return [row["what"] for row in rows if row["severity"] == "problem"]


@pytest.mark.parametrize("idp", ["google", "adfs"])
def test_after_a_sign_in_nothing_is_wrong(idp: str, make_stage: MakeStage) -> None:
    stage = make_stage(idp=idp, mfa="none")
    run = stage.start(*stage.main_job)
    run.answer_password()
    run.choose(2)
    assert run.end() == 0, run.printed
    assert problems(stage) == []
    done = stage.piped("configure", "process", "-p", "sts-temp")
    assert done.returncode == 0, done.stderr
    assert problems(stage) == []
    done = stage.piped("doctor", "-p", "sts-temp")
    assert (done.returncode, done.stderr) == (0, "Nothing is wrong.\n")
    host = "accounts.google.com" if idp == "google" else stage.rehearsal.adfs_host
    assert f"{host} (certificate by samlauth rehearsal, not a real authority)" in (
        " ".join(done.stdout.split())
    )
    assert stage.rehearsal.password not in done.stdout


def test_keys_left_beside_the_process_are_found_and_its_fix_helps(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="none")
    run = stage.start(*stage.main_job)
    run.answer_password()
    run.choose(2)
    assert run.end() == 0, run.printed
    credentials = stage.aws / "credentials"
    shutil.copy2(credentials, stage.rehearsal.folder / "kept")
    stage.piped("configure", "process", "-p", "sts-temp")
    shutil.copy2(stage.rehearsal.folder / "kept", credentials)
    (found,) = problems(stage)
    assert "both a credential_process and keys in the credentials file" in found
    done = stage.piped("configure", "process", "-p", "sts-temp")
    assert done.returncode == 0, done.stderr
    assert problems(stage) == []
    assert problems(stage, AWS_ACCESS_KEY_ID="AKIA1", AWS_SECRET_ACCESS_KEY="x") == [
        "AWS_ACCESS_KEY_ID is set in the environment."
    ]
