"""AWS's credential_process, answered by the installed command."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.effects import cache
from samlauth.effects.turns import turn
from tests.e2e.stage import SAMLAUTH, MakeStage, Run, Stage

ASK = ("credential-process", "-p", "x")
TOGETHER = 50


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    """With a profile that gets its credentials from us, and a program that knows the password."""
    return prepared(make_stage(roles=2, mfa="none"))


@pytest.fixture
def with_code(make_stage: MakeStage) -> Stage:
    """The same with a code, which is good once."""
    return prepared(make_stage(roles=2))


def prepared(stage: Stage) -> Stage:
    configure(stage, program(stage, "password", f"printf '%s\\n' '{stage.rehearsal.password}'"))
    return stage


def program(stage: Stage, name: str, *lines: str) -> Path:
    path = stage.rehearsal.folder / "bin" / name
    path.write_text("\n".join(("#!/bin/sh", *lines)))
    path.chmod(0o700)
    return path


def configure(stage: Stage, password: Path | None, **more: str) -> None:
    rehearsal = stage.rehearsal
    settings = {
        "samlauth.username": rehearsal.username,
        "samlauth.idp_id": rehearsal.idp_id,
        "samlauth.sp_id": rehearsal.sp_id,
        "samlauth.role_arn": rehearsal.roles[0].role_arn,
        "credential_process": f'"{SAMLAUTH}" credential-process -p x',
        **more,
    }
    if password is not None:
        settings |= {
            "samlauth.password_command": str(password),
            "samlauth.code_command": str(rehearsal.show_code),
        }
    stage.aws.mkdir(exist_ok=True)
    lines = (f"{key} = {value}\n" for key, value in settings.items())
    (stage.aws / "config").write_text("[profile x]\n" + "".join(lines))


def cache_of(stage: Stage) -> Path:
    return stage.aws / "samlauth" / "cache" / "x"


def key_id(printed: str) -> str:
    answer = json.loads(printed)
    assert answer.keys() == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    }
    assert answer["Version"] == 1
    assert answer["Expiration"].endswith("Z")
    return str(answer["AccessKeyId"])


def test_the_json_and_nothing_else_is_printed_and_printed_again_from_the_cache(
    stage: Stage,
) -> None:
    first = stage.piped(*ASK)
    assert (first.returncode, first.stdout.count("\n")) == (0, 1)
    assert key_id(first.stdout).startswith("ASIA")
    for again in (stage.piped(*ASK), stage.piped("credential-process", "--profile", "x", "-q")):
        assert (again.stdout, again.stderr) == (first.stdout, "")
    assert stage.rehearsal.google.passwords.total() == 1
    assert cache_of(stage).stat().st_mode & 0o777 == 0o600
    assert stage.profile("x") == {}, "credentials are in the cache or in the file, never in both"


def test_a_person_is_asked_on_the_terminal(make_stage: MakeStage) -> None:
    stage = make_stage(roles=1)
    configure(stage, None)
    out = stage.rehearsal.folder / "out"
    command = f'"{SAMLAUTH}" credential-process -p x > "{out}" < /dev/null'
    run = Run(stage, ["/bin/sh", "-c", command], stage.environ({}))
    run.answer_password()
    run.answer_code()
    assert run.end() == 0
    assert key_id(out.read_text()).startswith("ASIA")


def test_with_nobody_to_ask_one_line_names_the_command(make_stage: MakeStage) -> None:
    stage = make_stage(roles=1)
    configure(stage, None)
    done = stage.piped(*ASK, stdin=f"{stage.rehearsal.password}\n")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.splitlines()[-1] == "  Run: samlauth -p x"
    assert stage.rehearsal.google.passwords.total() == 0, "standard input is not ours to read"


def test_a_person_is_told_what_is_waited_for(stage: Stage) -> None:
    person = f"google {stage.rehearsal.idp_id} {stage.rehearsal.username}"
    with turn(stage.aws / "config", person, 1.0):
        run = stage.start("exec", "-p", "x", "--", "echo", "ran")
        run.expect("Another samlauth is signing in; waiting for it")
    run.expect("ran")
    assert run.end() == 0, run.printed


def ask_together(stage: Stage) -> list[tuple[int, str, str]]:
    running = [
        subprocess.Popen(
            [SAMLAUTH, *ASK],
            env=stage.environ({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(TOGETHER)
    ]
    ended = [(child.communicate(timeout=240), child.returncode) for child in running]
    return [(code, out, err) for (out, err), code in ended]


def test_fifty_at_once_make_one_sign_in(with_code: Stage) -> None:
    ended = ask_together(with_code)
    assert Counter(code for code, _, _ in ended) == {0: TOGETHER}
    assert len({out for _, out, _ in ended}) == 1
    google = with_code.rehearsal.google
    assert (google.passwords.total(), google.codes.total(), google.assertions) == (1, 1, 1)


def test_fifty_at_once_are_refused_once(with_code: Stage) -> None:
    stage = with_code
    configure(stage, program(stage, "wrong", "echo wrong-password"))
    ended = ask_together(stage)
    assert Counter((code, out) for code, out, _ in ended) == {(4, ""): TOGETHER}
    assert len({err for _, _, err in ended}) == 1
    assert stage.rehearsal.google.passwords == {"wrong-password": 1}
    # One who comes later and could not answer either gets the same; a person is asked afresh.
    assert stage.piped(*ASK).returncode == 4
    assert stage.rehearsal.google.passwords.total() == 1
    configure(stage, None)
    run = stage.start(*ASK)
    run.answer_password()
    run.answer_code()
    assert run.end() == 0


def test_a_refusal_from_a_day_to_come_stops_nobody(stage: Stage) -> None:
    """The clock was wrong when it was noted."""
    configure(stage, program(stage, "wrong", "echo wrong-password"))
    assert stage.piped(*ASK).returncode == 4
    state = stage.aws / "samlauth" / "state"
    content = json.loads(state.read_text())
    for refused in content["refusals"].values():
        refused["when"] = (datetime.now(UTC) + timedelta(days=20)).isoformat()
    state.write_text(json.dumps(content))
    prepared(stage)
    done = stage.piped(*ASK)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("spoil", ["corrupt", "cut", "open", "link"])
def test_a_cache_that_cannot_be_believed_is_as_good_as_none_and_said(
    stage: Stage, spoil: str
) -> None:
    first = key_id(stage.piped(*ASK).stdout)
    path = cache_of(stage)
    match spoil:
        case "corrupt":
            path.write_bytes(path.read_bytes().replace(b"}", b"", 1))
        case "cut":
            path.write_bytes(path.read_bytes()[:100])
        case "open":
            path.chmod(0o644)
        case _:
            path.rename(path.with_name("elsewhere"))
            path.symlink_to(path.with_name("elsewhere"))
    again = stage.piped(*ASK)
    assert key_id(again.stdout) != first
    assert f"Passing over {path}" in again.stderr
    assert stage.piped(*ASK).stdout == again.stdout, "the new one is believed"


def test_only_what_was_asked_for_is_given_from_the_cache(stage: Stage) -> None:
    first = key_id(stage.piped(*ASK).stdout)
    role = stage.rehearsal.roles[1].role_arn
    config = (stage.aws / "config").read_text()

    assert key_id(stage.piped(*ASK, SAMLAUTH_ROLE_ARN=role).stdout) != first
    (stage.aws / "config").write_text(config + "[profile other]\nregion = eu-west-1\n")
    second = key_id(stage.piped(*ASK).stdout)
    posted = stage.rehearsal.google.passwords.total()
    (stage.aws / "config").write_text(config)
    assert key_id(stage.piped(*ASK).stdout) == second, "another profile's settings change nothing"
    assert stage.rehearsal.google.passwords.total() == posted

    (stage.aws / "config").write_text(config.replace("samlauth.sp_id", "samlauth.x"))
    assert stage.piped(*ASK, GOOGLE_SP_ID="999999999999").returncode != 0
    (stage.aws / "config").write_text(config)
    assert stage.piped(*ASK, SAMLAUTH_USERNAME="eve@example.com").returncode != 0
    assert key_id(stage.piped(*ASK).stdout) == second


def test_what_a_variable_asked_for_is_not_given_without_it(stage: Stage) -> None:
    asked, other = (role.role_arn for role in stage.rehearsal.roles)
    varied = stage.piped(*ASK, SAMLAUTH_ROLE_ARN=other)
    assert varied.returncode == 0, varied.stderr
    plain = stage.piped(*ASK)
    assert plain.stdout != varied.stdout
    assert stage.rehearsal.sts.calls[0].role_arn == other
    assert stage.rehearsal.sts.calls[-1].role_arn == asked
    # What the files ask for needs no second thought, whoever got it.
    assert believed(stage)
    stage.piped(*ASK, SAMLAUTH_ROLE_ARN=other)
    assert not believed(stage)
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert stage.piped("env", "-p", "x", SAMLAUTH_POLICY_ARN=policy).returncode == 0
    whole = stage.piped(*ASK)
    assert stage.rehearsal.sts.calls[-1].policy_arns == ()
    assert stage.piped("env", "-p", "x", "-A", asked.split(":")[4]).returncode == 0
    assert (stage.piped(*ASK).stdout, believed(stage)) == (whole.stdout, True)


def believed(stage: Stage, profile: str = "x") -> bool:
    """Whether the cache answers before anything is loaded."""
    environ = stage.environ({"AWS_CONFIG_FILE": str(stage.aws / "config")})
    return cache.answer(("credential-process", "-p", profile), environ) is not None


def test_a_policy_that_is_narrowed_holds_at_once(stage: Stage) -> None:
    policy = stage.rehearsal.home / "my policy.json"
    policy.write_text('{"Version": "2012-10-17", "Statement": []}')
    config = stage.aws / "config"
    config.write_text(config.read_text() + f"samlauth.policy = {policy}\n")
    wide = stage.piped(*ASK)
    assert (wide.returncode, believed(stage)) == (0, True), wide.stderr
    assert stage.piped(*ASK).stdout == wide.stdout
    policy.write_text('{"Version": "2012-10-17", "Statement": [], "Id": "narrow"}')
    assert not believed(stage)
    narrow = stage.piped(*ASK)
    assert narrow.stdout != wide.stdout
    assert "narrow" in stage.rehearsal.sts.calls[-1].policy
    assert believed(stage)
    policy.unlink()
    assert stage.piped(*ASK).returncode == 3


def test_a_read_only_profile_is_never_given_all_rights(stage: Stage) -> None:
    whole = key_id(stage.piped(*ASK).stdout)
    config = (stage.aws / "config").read_text()
    (stage.aws / "config").write_text(config + "samlauth.read_only = true\n")
    held = key_id(stage.piped(*ASK).stdout)
    assert held != whole
    assert key_id(stage.piped(*ASK).stdout) == held
    call = stage.rehearsal.sts.calls[-1]
    assert call.policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    (stage.aws / "config").write_text(config)
    assert key_id(stage.piped(*ASK).stdout) != held


def test_the_login_of_such_a_profile_fills_the_cache(stage: Stage) -> None:
    done = stage.piped("-p", "x", "-q")
    assert done.returncode == 0, done.stderr
    assert stage.profile("x") == {}
    answered = stage.piped(*ASK)
    assert (answered.returncode, answered.stderr) == (0, "")
    assert stage.rehearsal.google.passwords.total() == 1
    assert "are good until" in stage.piped("-p", "x").stderr
