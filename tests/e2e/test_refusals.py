"""What is refused, by whom, in which words, and with which exit code."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from samlauth.sandbox.google.pages import REFUSED
from tests.e2e.stage import SAMLAUTH, MakeStage, Run, Stage

WRONG_PASSWORD = REFUSED["password"]


@pytest.mark.parametrize("family", ["g2", "v3"])
def test_a_wrong_password_is_asked_for_again_with_googles_words(
    family: str, make_stage: MakeStage
) -> None:
    stage = make_stage(pages=family)
    run = stage.start(*stage.main_job)
    run.answer_password("wrong-password-1")
    run.expect(WRONG_PASSWORD)
    run.answer_password()
    run.answer_code()
    run.choose(1)
    assert run.end() == 0
    assert set(stage.rehearsal.google.passwords.values()) == {1}


def test_the_same_wrong_password_is_not_sent_twice_and_three_are_enough(stage: Stage) -> None:
    run = stage.start(*stage.main_job)
    run.answer_password("wrong-password-1")
    run.answer_password("wrong-password-1")
    run.answer_password("wrong-password-2")
    run.answer_password("wrong-password-3")
    assert run.end() == 4
    assert WRONG_PASSWORD in run.printed
    assert set(stage.rehearsal.google.passwords.values()) == {1}
    assert stage.rehearsal.google.passwords.total() == 3


@pytest.mark.parametrize("family", ["g2", "v3"])
def test_a_wrong_code_is_asked_for_again(family: str, make_stage: MakeStage) -> None:
    stage = make_stage(pages=family)
    right = stage.rehearsal.code()
    wrong = "000000" if right != "000000" else "111111"
    run = stage.start(*stage.main_job)
    run.answer_password()
    run.answer_code(wrong)
    run.answer_code(f"{right[:3]} {right[3:]}")
    run.choose(1)
    assert run.end() == 0
    assert set(stage.rehearsal.google.codes.values()) == {1}


def test_three_wrong_codes_end_it(stage: Stage) -> None:
    run = stage.start(*stage.main_job)
    run.answer_password()
    for wrong in ("000001", "000002", "000003"):
        run.answer_code(wrong)
    assert run.end() == 5
    assert stage.rehearsal.google.passwords.total() == 1


def test_a_person_google_does_not_know_is_asked_for_again(stage: Stage) -> None:
    run = stage.start("-u", "nobody@example.com", *stage.main_job[2:])
    run.expect("Google username: ")
    run.type(stage.rehearsal.username)
    run.answer_password()
    run.answer_code()
    run.choose(1)
    assert run.end() == 0
    assert stage.config()["samlauth.username"] == stage.rehearsal.username


def sign_in_as(stage: Stage, username: str) -> tuple[int, str]:
    run = stage.start("-u", username, *stage.main_job[2:], "--no-browser")
    return run.end(), run.printed


def test_a_page_nobody_has_seen_ends_in_one_sentence_and_what_to_do(stage: Stage) -> None:
    status, printed = sign_in_as(stage, "unknown-page@example.com")
    assert status == 6
    first, *hints = [line for line in printed.splitlines() if line]
    assert re.fullmatch(r"samlauth: Google showed .*\.", first), first
    assert hints
    assert "Traceback" not in printed
    assert "password" not in first


def test_google_wanting_a_browser_is_named(stage: Stage) -> None:
    status, printed = sign_in_as(stage, "rejected@example.com")
    assert status == 6
    assert "browser" in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("sp_id", "said"),
    [("999999999999", "app_not_configured"), ("000111000405", "not_a_saml_app")],
)
def test_an_app_that_is_not_set_up_is_named(sp_id: str, said: str, stage: Stage) -> None:
    run = stage.start("-u", stage.rehearsal.username, "-I", stage.rehearsal.idp_id, "-S", sp_id)
    assert run.end() == 4
    assert said in run.printed


def test_without_a_terminal_the_first_line_of_stdin_is_the_password(make_stage: MakeStage) -> None:
    stage = make_stage(roles=1)
    done = stage.piped(*stage.main_job, stdin=f"{stage.rehearsal.password}\n123456\n")
    assert done.returncode == 6
    assert "MFA token" in done.stderr
    assert "Run it in a terminal: samlauth -u" in done.stderr
    assert stage.rehearsal.google.passwords == {stage.rehearsal.password: 1}


def test_without_a_terminal_a_refused_password_is_not_asked_for_again(stage: Stage) -> None:
    done = stage.piped(*stage.main_job, stdin="wrong-password\nnext line\n")
    assert done.returncode == 4
    assert WRONG_PASSWORD in done.stderr
    assert stage.rehearsal.google.passwords.total() == 1


def test_without_a_terminal_and_a_password_it_ends_at_once(stage: Stage) -> None:
    done = stage.piped(*stage.main_job)
    assert done.returncode == 6
    assert "Google Password" in done.stderr
    missing = stage.piped("-p", "sts-temp")
    assert missing.returncode == 6
    assert "-u" in missing.stderr


def test_with_a_terminal_stdin_is_left_to_whoever_it_is_for(stage: Stage) -> None:
    """``while read p; do samlauth -p $p; done <list`` posts no line of the list."""
    script = 'printf "sts-temp\\nnever-a-password\\n" | (read p; "$0" "$@" -p $p; read rest; echo "left: $rest")'
    arguments = [argument for argument in stage.main_job if argument not in ("-p", "sts-temp")]
    run = Run(stage, ["/bin/sh", "-c", script, str(SAMLAUTH), *arguments], stage.environ({}))
    run.answer_password()
    run.answer_code()
    run.choose(1)
    run.expect("left: never-a-password")
    assert run.end() == 0
    assert stage.rehearsal.google.passwords == {stage.rehearsal.password: 1}


def test_stdin_is_read_on_a_terminal_when_asked_to(stage: Stage) -> None:
    script = 'printf "%s\\n" "$PASSWORD" | "$0" "$@" --stdin'
    environ = stage.environ({"PASSWORD": stage.rehearsal.password})
    run = Run(stage, ["/bin/sh", "-c", script, str(SAMLAUTH), *stage.main_job], environ)
    run.answer_code()
    run.choose(1)
    assert run.end() == 0


def test_roles_without_a_terminal_name_the_flag(stage: Stage) -> None:
    stage.sign_in(role=1)
    # A remembered role would answer; the account flag leaves two roles open.
    run = stage.start("-p", "sts-temp", "-r", "Nobody")
    run.answer_password()
    run.answer_code()
    assert run.end() == 7
    assert all(role.role_arn in run.printed for role in stage.rehearsal.roles)


def test_a_promised_duration_that_is_too_long_is_an_error(stage: Stage) -> None:
    run = stage.start(*stage.main_job, "-d", "12h", "-r", "ReadOnly")
    run.answer_password()
    run.answer_code()
    assert run.end() == 8
    assert "does not allow credentials of 12 h" in run.printed
    assert not (stage.aws / "credentials").exists()


def test_auto_steps_down_says_so_once_and_remembers(stage: Stage) -> None:
    printed = stage.sign_in(*stage.main_job, "-r", "ReadOnly", role=None)
    assert "ReadOnly does not allow 12 h: asked for 1 h instead" in printed
    again = stage.sign_in("-p", "sts-temp", "--force", role=None)
    assert "does not allow" not in again
    assert [call for call in stage.rehearsal.proxy_log if call.host.startswith("sts.")]


@pytest.mark.parametrize(
    ("signal_", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_at_the_prompt_ends_it_with_the_terminal_as_it_was(
    signal_: signal.Signals, status: int, stage: Stage
) -> None:
    script = '"$0" "$@"; echo "status=$?"; stty -a'
    run = Run(stage, ["/bin/bash", "-c", script, str(SAMLAUTH), *stage.main_job], stage.environ({}))
    run.expect("Google Password: ")
    run.terminal.waitnoecho(20)
    (child,) = (
        Path(f"/proc/{run.terminal.pid}/task/{run.terminal.pid}/children").read_text().split()
    )
    os.kill(int(child), signal_)
    run.expect(f"status={status}")
    assert run.end() == 0
    assert re.search(r"(?<!-)\becho\b", run.printed)
    assert "Traceback" not in run.printed


def test_default_and_long_lived_keys_are_left_alone(stage: Stage) -> None:
    stage.aws.mkdir(mode=0o700)
    keys = "[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE00\naws_secret_access_key = x\n"
    (stage.aws / "credentials").write_text(keys)
    unnamed = stage.piped(*stage.main_job[:-2], AWS_PROFILE="default")
    assert (unnamed.returncode, "-p default" in unnamed.stderr) == (3, True)
    named = stage.piped(*stage.main_job[:-2], "-p", "default")
    assert (named.returncode, "--overwrite-keys" in named.stderr) == (3, True)
    assert (stage.aws / "credentials").read_text() == keys
    assert stage.rehearsal.proxy_log == []


def test_a_chained_profile_names_the_one_to_sign_in_to(stage: Stage) -> None:
    stage.write_config(
        "[profile x]\nrole_arn = arn:aws:iam::111111111111:role/R\nsource_profile = base\n"
    )
    done = stage.piped(*stage.main_job[:-2], "-p", "x")
    assert done.returncode == 3
    assert "samlauth -p base" in done.stderr


def test_an_untrusted_certificate_is_an_error_that_helps(stage: Stage) -> None:
    done = stage.piped(
        *stage.main_job,
        stdin="password-never-sent\n",
        SSL_CERT_FILE="/dev/null",
        REQUESTS_CA_BUNDLE="",
        CURL_CA_BUNDLE="",
        AWS_CA_BUNDLE="",
    )
    assert done.returncode in (3, 9)
    assert stage.rehearsal.google.passwords.total() == 0
    without = stage.piped(
        *stage.main_job,
        stdin="password-never-sent\n",
        SSL_CERT_FILE="",
        REQUESTS_CA_BUNDLE="",
        CURL_CA_BUNDLE="",
        AWS_CA_BUNDLE="",
    )
    assert without.returncode == 9
    assert "--ca-bundle" in without.stderr
    assert stage.rehearsal.google.passwords.total() == 0
