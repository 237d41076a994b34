"""Sign in, write the profile, use it."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.stage import SAMLAUTH, MakeStage, Run, Stage

PROGRAM = """
import boto3
print(boto3.Session(profile_name="sts-temp").client("sts", region_name="eu-west-1").get_caller_identity()["Arn"])
"""


def assert_profile_works(stage: Stage, aws_cli: str, role_arn: str) -> None:
    """boto3 and the aws CLI sign with what was written, and STS knows them by it."""
    environ = stage.environ({})
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    who = f"arn:aws:sts::{account}:assumed-role/{name}/{stage.rehearsal.username}"
    boto = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert boto.stdout.strip() == who
    cli = subprocess.run(
        [aws_cli, "sts", "get-caller-identity", "--profile", "sts-temp", "--output", "json"],
        env=environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(cli.stdout)["Arn"] == who


@pytest.mark.parametrize("family", ["g2", "v3"])
def test_the_main_job(family: str, make_stage: MakeStage, aws_cli: str) -> None:
    stage = make_stage(pages=family)
    run = stage.start(*stage.main_job)
    run.answer_password()
    run.answer_code()
    roles = stage.rehearsal.roles
    for number, role in enumerate(roles, 1):
        run.expect(f"[{number:3}] {role.role_arn}")
    run.choose(2)
    run.expect(f"Assuming {roles[1].role_arn}")
    run.expect("Credentials Expiration: ")
    run.expect("Try: aws sts get-caller-identity --profile sts-temp")
    assert run.end() == 0

    written = stage.profile()
    assert set(written) == {
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token", "aws_session_expiration",
    }  # fmt: skip
    assert written["aws_security_token"] == written["aws_session_token"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", written["aws_session_expiration"])
    assert stage.config() == {
        "samlauth.username": stage.rehearsal.username,
        "samlauth.idp_id": stage.rehearsal.idp_id,
        "samlauth.sp_id": stage.rehearsal.sp_id,
        "samlauth.role_arn": roles[1].role_arn,
    }
    for path in (stage.aws / "credentials", stage.aws / "config", stage.aws / "samlauth" / "state"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert_profile_works(stage, aws_cli, roles[1].role_arn)
    google = stage.rehearsal.google
    assert (google.passwords.total(), google.codes.total(), google.assertions) == (1, 1, 1)
    assert set(google.bgresponses) <= {"js_enabled"}
    hosts = {contact.host for contact in stage.rehearsal.proxy_log}
    assert hosts <= {
        "accounts.google.com",
        "signin.aws.amazon.com",
        "sts.us-east-1.amazonaws.com",
        "sts.eu-west-1.amazonaws.com",
        "sts.amazonaws.com",
    }


@pytest.mark.parametrize("family", ["g2", "v3"])
def test_the_main_job_through_captured_pages(
    family: str, captured: Path, make_stage: MakeStage, aws_cli: str
) -> None:
    stage = make_stage(pages=family, captured=captured)
    stage.sign_in(role=3)
    assert_profile_works(stage, aws_cli, stage.rehearsal.roles[2].role_arn)


def test_the_profile_alone_signs_in_again(stage: Stage) -> None:
    stage.sign_in(role=2)
    before = stage.profile()
    printed = stage.sign_in("-p", "sts-temp", "--force", role=None)
    assert f"{stage.rehearsal.roles[1].role_arn} (remembered; -a chooses again)" in printed
    assert stage.profile() != before


def test_dash_a_chooses_again_and_the_choice_is_remembered(stage: Stage) -> None:
    stage.sign_in(role=1)
    stage.sign_in("-p", "sts-temp", "-a", role=3)
    assert stage.config()["samlauth.role_arn"] == stage.rehearsal.roles[2].role_arn


def test_credentials_that_are_still_good_are_left_alone(stage: Stage) -> None:
    stage.sign_in(role=2)
    before = (stage.aws / "credentials").stat().st_mtime_ns
    contacts = len(stage.rehearsal.proxy_log)
    for arguments in (("-p", "sts-temp"), stage.main_job):
        done = stage.piped(*arguments)
        assert done.returncode == 0
        assert re.fullmatch(
            r"The credentials of sts-temp are good until \d\d:\d\d \(in 11 h 59 min\); "
            r"--force signs in anyway\.\n",
            done.stderr,
        )
    assert len(stage.rehearsal.proxy_log) == contacts
    assert (stage.aws / "credentials").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "arguments",
    [("-u", "somebody@example.com"), ("-I", "C02other"), ("-r", "ReadOnly"), ("--force",), ("-a",)],
)
def test_still_good_is_never_said_of_another_identity(
    arguments: tuple[str, ...], stage: Stage
) -> None:
    stage.sign_in(role=2)
    run = stage.start("-p", "sts-temp", *arguments)
    if arguments == ("-I", "C02other"):
        assert run.end() == 4
        assert "app_not_configured" in run.printed
    else:
        run.expect("Google username: " if "-u" in arguments else "Google Password: ")
        run.terminal.sendintr()
        assert run.end() == 130


def test_still_good_is_never_said_of_keys_somebody_else_wrote(stage: Stage) -> None:
    stage.sign_in(role=2)
    text = (stage.aws / "credentials").read_text()
    key_id = stage.profile()["aws_access_key_id"]
    (stage.aws / "credentials").write_text(text.replace(key_id, "ASIASOMEBODYELSE0000"))
    run = stage.start("-p", "sts-temp")
    run.answer_password()
    run.answer_code()
    assert run.end() == 0


def test_what_is_missing_is_asked_for_and_remembered(stage: Stage) -> None:
    run = stage.start("-p", "sts-temp")
    run.expect("Google username: ")
    run.type(stage.rehearsal.username)
    run.expect("Google IDP ID: ")
    run.type("C01,rehearsal")
    run.expect("letters and digits")
    run.expect("Google IDP ID: ")
    run.type(stage.rehearsal.idp_id)
    run.expect("Google SP ID: ")
    run.type(stage.rehearsal.sp_id)
    run.answer_password()
    run.answer_code()
    run.choose(1)
    assert run.end() == 0
    assert stage.config()["samlauth.idp_id"] == stage.rehearsal.idp_id


def test_a_profile_of_aws_google_auth_needs_no_change(stage: Stage) -> None:
    rehearsal = stage.rehearsal
    theirs = (
        "# my profiles\n"
        "[profile work]\n"
        "region = eu-central-1\n"
        "google_config.ask_role = False\n"
        "google_config.keyring = False\n"
        "google_config.duration = 43200\n"
        f"google_config.google_idp_id = {rehearsal.idp_id}\n"
        f"google_config.role_arn = {rehearsal.roles[0].role_arn}\n"
        f"google_config.google_sp_id = {rehearsal.sp_id}\n"
        "google_config.u2f_disabled = False\n"
        f"google_config.google_username = {rehearsal.username}\n"
        "google_config.bg_response = None\n"
    )
    stage.write_config(theirs)
    printed = stage.sign_in("-p", "work", role=None)
    # Its 43200 seconds are only where auto starts: this role allows one hour.
    assert "asked for 1 h instead" in printed
    assert (stage.aws / "config").read_text().startswith(theirs)
    assert any(contact.host == "sts.eu-central-1.amazonaws.com" for contact in rehearsal.proxy_log)


def test_print_creds_prints_one_line_a_shell_can_evaluate(stage: Stage) -> None:
    script = 'eval "$("$0" "$@" --print-creds)" && env | grep ^AWS_SE && echo id=$AWS_ACCESS_KEY_ID'
    run = Run(stage, ["/bin/sh", "-c", script, str(SAMLAUTH), *stage.main_job], stage.environ({}))
    run.answer_password()
    run.answer_code()
    run.choose(2)
    assert run.end() == 0
    written = stage.profile()
    assert f"id={written['aws_access_key_id']}" in run.printed
    assert f"AWS_SESSION_EXPIRATION={written['aws_session_expiration']}" in run.printed
    again = stage.piped("-p", "sts-temp", "-q", "--print-creds")
    assert again.stdout.startswith(f"export AWS_ACCESS_KEY_ID='{written['aws_access_key_id']}' ")
    assert again.stderr == ""


def test_quiet_says_nothing(stage: Stage) -> None:
    run = stage.start(*stage.main_job, "-q")
    run.answer_password()
    run.answer_code()
    run.choose(2)
    assert run.end() == 0
    assert run.printed.endswith("of the role to assume: 2\r\n")


def test_the_expiration_is_told_in_local_time_and_utc(stage: Stage) -> None:
    printed = stage.sign_in(role=1, TZ="Asia/Kolkata")
    found = re.search(r"Credentials Expiration: (\S+ \S+) IST \((\S+) UTC, in \d+ h\)", printed)
    assert found
    expires = datetime.strptime(stage.profile()["aws_session_expiration"], "%Y-%m-%dT%H:%M:%S%z")
    assert found[2] == f"{expires.astimezone(UTC):%H:%M:%S}"
    assert found[1] != f"{expires.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def test_everything_else_in_the_files_stays(stage: Stage) -> None:
    stage.write_config(
        "; mine\n[profile other]\noutput=json\ns3 =\n  max_concurrent_requests = 20\n"
    )
    keys = "[other]\naws_access_key_id = AKIAEXAMPLEEXAMPLE00\naws_secret_access_key = x # not a comment\n\n\n"
    (stage.aws / "credentials").write_text(keys)
    config = (stage.aws / "config").read_text()
    stage.sign_in(role=2)
    assert (stage.aws / "config").read_text().startswith(config)
    assert (stage.aws / "credentials").read_text().startswith(keys)


def test_the_files_can_be_elsewhere(stage: Stage) -> None:
    config, credentials = stage.rehearsal.home / "c" / "conf", stage.rehearsal.home / "d" / "cred"
    stage.sign_in(role=2, AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE=str(credentials))
    assert "[sts-temp]" in credentials.read_text()
    assert "[profile sts-temp]" in config.read_text()
    assert (config.parent / "samlauth" / "state").exists()
    assert not (stage.aws).exists()
    assert {"c", "d"} == {path.name for path in stage.rehearsal.home.iterdir()}


def test_the_role_is_picked_by_typing_a_part_of_its_account_and_name(stage: Stage) -> None:
    role = stage.rehearsal.roles[1]
    run = stage.start(*stage.main_job, TERM="xterm")
    run.answer_password()
    run.answer_code()
    run.expect("ReadOnly")
    run.terminal.send("222 devel\r")
    run.expect(f"Assuming {role.role_arn}")
    assert run.end() == 0
    again = stage.start("-p", "sts-temp", "-a", TERM="xterm")
    again.answer_password()
    again.answer_code()
    again.expect("Developer")
    again.terminal.send("\r")  # the one used last is on top
    again.expect(f"Assuming {role.role_arn}")
    assert again.end() == 0
    asked = [
        contact for contact in stage.rehearsal.proxy_log if contact.host == "signin.aws.amazon.com"
    ]
    assert len(asked) == 1  # the accounts' names are remembered
