"""A SAML response that is handed over: from another samlauth, a file, a pipe, or a paste."""

from __future__ import annotations

import base64
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.idp.assertion import read_pasted
from samlauth.saml import read_assertion
from samlauth.sandbox.assertions import Statement, forged_signer, signer
from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.stage import SAMLAUTH, MakeStage, Run, Stage

SHELL = ["/bin/sh", "-c"]


def statement(rehearsal: Rehearsal, *, age: timedelta = timedelta(0)) -> Statement:
    """What Google would say now, or would have said then."""
    return Statement(
        issuer=rehearsal.google.issuer,
        subject=rehearsal.username,
        roles=tuple(role.attribute_value for role in rehearsal.roles),
        issued=datetime.now(UTC) - age,
        role_session_name=rehearsal.username,
    )


def response(stage: Stage) -> str:
    return signer().sign(statement(stage.rehearsal))


def in_shell(stage: Stage, script: str, *arguments: str, **more: str) -> Run:
    """A script on a terminal; samlauth is its ``$0`` and the arguments its ``$@``."""
    return Run(stage, [*SHELL, script, str(SAMLAUTH), *arguments], stage.environ(more))


def contacts(stage: Stage) -> set[str]:
    return {contact.host for contact in stage.rehearsal.proxy_log}


# samlauth assertion


def test_it_is_printed_and_nothing_else_is(stage: Stage, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = in_shell(stage, 'exec "$0" assertion "$@" >"$OUT"', *stage.main_job, OUT=str(out))
    run.answer_password()
    run.answer_code()
    run.expect("AWS takes this SAML response for five minutes.")
    assert run.end() == 0, run.printed
    printed = out.read_text()
    assert printed.count("\n") == 1
    claims = read_assertion(read_pasted(printed))
    assert [role.role_arn for role in claims.roles] == [
        role.role_arn for role in stage.rehearsal.roles
    ]
    assert printed[:100] not in run.printed
    assert not stage.aws.exists(), "no file is written"
    assert contacts(stage) == {"accounts.google.com"}, "neither STS nor AWS's sign-in is asked"


def test_it_is_not_shown_on_a_terminal(stage: Stage) -> None:
    run = stage.start("assertion", *stage.main_job)
    run.expect("samlauth: Whoever has the SAML response can sign in to AWS as you")
    run.expect("| ssh HOST samlauth --saml-assertion -")
    assert run.end() == 2
    assert contacts(stage) == set(), "it is refused before anything is asked"


def test_unless_it_is_asked_to(stage: Stage) -> None:
    run = stage.start("assertion", *stage.main_job, "--show", "-q")
    run.answer_password()
    run.answer_code()
    assert run.end() == 0, run.printed
    assert "five minutes" not in run.printed
    assert len(read_assertion(read_pasted(run.printed.split("\n")[-2])).roles) == 3


def test_without_a_terminal_the_password_is_a_line_of_standard_input(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="none")
    done = stage.piped("assertion", *stage.main_job, stdin=stage.rehearsal.password + "\n")
    assert done.returncode == 0, done.stderr
    assert len(read_assertion(read_pasted(done.stdout)).roles) == 3
    done = stage.piped("assertion", *stage.main_job)
    assert done.returncode == 6
    assert done.stdout == ""
    assert "Run it in a terminal: samlauth assertion" in done.stderr


def test_one_signs_in_for_another(stage: Stage) -> None:
    role = stage.rehearsal.roles[1].role_arn
    script = '"$0" assertion "$@" | "$0" --saml-assertion - -p there -r "$ROLE"'
    run = in_shell(stage, script, *stage.main_job, ROLE=role)
    run.answer_password()
    run.answer_code()
    assert run.end() == 0, run.printed
    assert stage.profile("there")["aws_access_key_id"].startswith("ASIA")
    assert stage.profile("sts-temp") == {}
    assert stage.rehearsal.google.assertions == 1


def test_when_the_first_fails_the_second_says_what_it_lacks(stage: Stage) -> None:
    done = stage.piped("--saml-assertion", "-", "-p", "there")
    assert done.returncode == 8
    assert "There is no SAML response: what was given is empty." in done.stderr
    assert "see what the command before it said" in done.stderr


# --saml-assertion


@pytest.mark.parametrize("form", ["a file", "a file URL", "standard input", "XML", "itself"])
def test_a_response_from_elsewhere_is_all_a_login_needs(
    form: str, stage: Stage, tmp_path: Path
) -> None:
    given, file = response(stage), tmp_path / "response"
    file.write_text(base64.b64decode(given).decode() if form == "XML" else given)
    value = {"a file URL": file.as_uri(), "standard input": "-", "itself": given}.get(
        form, str(file)
    )
    role = stage.rehearsal.roles[2].role_arn
    done = stage.piped("--saml-assertion", value, "-p", "sts-temp", "-r", role, stdin=given)
    assert done.returncode == 0, done.stderr
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")
    assert "accounts.google.com" not in contacts(stage)
    assert ("every user of this computer can see it" in done.stderr) == (form == "itself")
    assert given[:100] not in done.stdout + done.stderr


@pytest.mark.parametrize("process", [False, True])
def test_what_it_gave_serves_the_profile_like_any_other(stage: Stage, process: bool) -> None:
    """Where nobody could sign in: all there is on that machine was brought there."""
    rehearsal = stage.rehearsal
    of_ours = f'credential_process = "{SAMLAUTH}" credential-process -p there\n' if process else ""
    stage.write_config(
        f"[profile there]\nsamlauth.username = {rehearsal.username}\n"
        f"samlauth.idp_id = {rehearsal.idp_id}\nsamlauth.sp_id = {rehearsal.sp_id}\n{of_ours}"
    )
    role, other = (role.role_arn for role in rehearsal.roles[1:])
    done = stage.piped("--saml-assertion", "-", "-p", "there", "-r", role, stdin=response(stage))
    assert done.returncode == 0, done.stderr
    for command in (["env"], ["credential-process"]):
        done = stage.piped(*command, "-p", "there")
        assert (done.returncode, "ASIA" in done.stdout) == (0, True), done.stderr
    assert "are good until" in stage.piped("-p", "there").stderr
    for more in (("-r", other), ("--read-only",), ("-u", "eve@example.com")):
        assert stage.piped("env", "-p", "there", *more).returncode in {4, 6}
    assert "accounts.google.com" in contacts(stage)


def test_it_is_pasted_where_standard_input_is_a_terminal(make_stage: MakeStage) -> None:
    stage = make_stage(roles=40)
    given = "\r".join(textwrap.wrap(response(stage), 76))
    assert len(given) > 8_192, "longer than a terminal's line can be"
    run = stage.start("--saml-assertion", "-", "-p", "sts-temp", "--plain")
    run.expect("Paste it here and press ENTER.")
    run.expect("SAML response: ")
    run.terminal.waitnoecho(20)
    run.type("<html>\r")
    run.expect("That is a web page and not a SAML response.")
    run.expect("SAML response: ")
    run.terminal.waitnoecho(20)
    for start in range(0, len(given), 1000):
        run.terminal.send(given[start : start + 1000])
    run.terminal.send("\r")
    run.expect(" characters\r\n")
    run.choose(1)
    assert run.end() == 0, run.printed
    assert given[:70] not in run.printed
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")


def test_it_is_pasted_where_a_browser_is_needed_and_there_is_none(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="rejected", roles=1)
    run = stage.start(*stage.main_job, "--browser-path", "/nowhere/chromium")
    run.expect("wants a browser")
    run.expect("Open your browser and sign in there? [Y/n] ")
    run.type("")
    run.expect("/nowhere/chromium")
    run.expect("sign in at https://accounts.google.com/o/saml2/initsso")
    run.expect("SAML response: ")
    run.terminal.waitnoecho(20)
    run.terminal.send(response(stage))
    run.terminal.send("\r")
    assert run.end() == 0, run.printed
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")


def test_with_nobody_there_the_other_ways_are_named(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="rejected")
    done = stage.piped(*stage.main_job, stdin=stage.rehearsal.password + "\n")
    assert done.returncode == 6
    for way in ("--browser", "samlauth assertion … | ssh HOST", "--saml-assertion FILE"):
        assert way in done.stderr


@pytest.mark.parametrize(
    ("value", "status", "said"),
    [
        ("/nowhere/response", 10, "could not be read from /nowhere/response"),
        ("<html>", 8, "That is a web page"),
        ("SAMLRequest=abc", 10, "could not be read"),
        ("A" * 400, 8, "not XML"),
    ],
)
def test_what_is_no_response_is_refused_before_anything_else(
    value: str, status: int, said: str, stage: Stage
) -> None:
    done = stage.piped("--saml-assertion", value, "-p", "sts-temp")
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert contacts(stage) == set()


def test_what_aws_refuses_is_said(stage: Stage) -> None:
    role = stage.rehearsal.roles[0].role_arn
    arguments = ("--saml-assertion", "-", "-p", "sts-temp", "-r", role)
    said = statement(stage.rehearsal)
    forged = forged_signer().sign(said)
    old = signer().sign(statement(stage.rehearsal, age=timedelta(minutes=20)))
    for given in (forged, old, signer().sign(replace(said, audience="https://hub.example"))):
        done = stage.piped(*arguments, stdin=given)
        assert done.returncode == 8, done.stderr
    assert not (stage.aws / "credentials").exists()


# samlauth logout


def test_a_logout_takes_back_what_a_login_left(stage: Stage) -> None:
    stage.sign_in(role=1)
    done = stage.piped("logout", "-p", "sts-temp")
    assert done.returncode == 0, done.stderr
    assert "Removed the credentials of the profile sts-temp" in done.stderr
    assert stage.profile() == {}
    assert stage.config()["samlauth.username"] == stage.rehearsal.username
    done = stage.piped("logout", "--all")
    assert (done.returncode, done.stderr) == (0, "Nothing is stored.\n")
    assert stage.sign_in("-p", "sts-temp", role=None)
