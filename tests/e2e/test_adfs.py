"""ADFS through the installed command: each page, each adapter, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from samlauth.sandbox.adfs import Mfa, duo, pages
from samlauth.sandbox.adfs.idp import CERTIFICATES, HOST
from samlauth.sandbox.phone import Phone
from tests.e2e.browser import CHATTER, Bed, Window
from tests.e2e.stage import MakeStage, Run, Stage
from tests.e2e.test_main_job import assert_profile_works
from tests.e2e.test_secrets_stay import files_under, found

Open = Callable[..., Stage]


@pytest.fixture
def adfs(make_stage: MakeStage) -> Open:
    """A rehearsal of ADFS with one role, unless told otherwise."""

    def adfs(mfa: Mfa = "none", **options: object) -> Stage:
        return make_stage(idp="adfs", mfa=mfa, **{"roles": 1, **options})

    return adfs


@pytest.fixture
def begin(adfs: Open) -> Callable[..., Run]:
    """Starts a sign-in that comes across ``mfa``, and answers the password."""

    def begin(mfa: Mfa, *arguments: str, **options: object) -> Run:
        stage = adfs(mfa, **options)
        run = stage.start(*stage.main_job, *arguments)
        run.answer_password()
        return run

    return begin


Begin = Callable[..., Run]


def assert_signed_in(run: Run, *, codes: int = 0) -> None:
    """The profile is written; the password and each code were posted once."""
    assert run.end() == 0, run.printed
    adfs = run.stage.rehearsal.adfs
    assert adfs.passwords == {run.stage.rehearsal.password: 1}
    assert adfs.usernames == {run.stage.rehearsal.username: 1}
    assert set(adfs.codes.values()) <= {1}
    assert adfs.codes.total() == codes
    assert (adfs.assertions, adfs.kept) == (1, 0)
    assert run.stage.profile()["aws_access_key_id"].startswith("ASIA")
    assert run.stage.rehearsal.password not in run.printed


def assert_refused(run: Run, status: int, *said: str) -> None:
    """It ends so, in a sentence that says so and with something to do; nothing is written."""
    assert run.end() == status, run.printed
    assert "Traceback" not in run.printed
    refusal = run.printed[run.printed.index("samlauth: ") :]
    sentence, hint, _ = refusal.partition("\r\n  ")  # which may have filled several lines
    assert all(words in refusal for words in said), refusal
    assert sentence.rstrip("”").endswith((".", "?"))
    assert hint, refusal
    assert not (run.stage.aws / "credentials").exists()
    assert run.stage.rehearsal.adfs.passwords.total() <= 1


def pick(run: Run, label: str) -> None:
    run.expect("of the method to use: ")
    number = re.findall(rf"\[ *(\d+)\] {re.escape(label)}", run.printed)[-1]
    run.type(number)


def number_to_enter(run: Run) -> str:
    run.expect("Number to enter:   ")
    return run.terminal.read(2)


def test_the_main_job(adfs: Open, aws_cli: str) -> None:
    stage = adfs(roles=3)
    run = stage.start(*stage.main_job)
    run.answer_password()
    roles = stage.rehearsal.roles
    for number, role in enumerate(roles, 1):
        run.expect(f"[{number:3}] {role.role_arn}")
    run.choose(2)
    assert_signed_in(run)
    assert "Credentials Expiration: " in run.printed
    assert stage.config() == {
        "samlauth.adfs_host": HOST,
        "samlauth.username": stage.rehearsal.username,
        "samlauth.role_arn": roles[1].role_arn,
    }
    assert_profile_works(stage, aws_cli, roles[1].role_arn)
    hosts = {contact.host for contact in stage.rehearsal.proxy_log}
    assert {HOST, "signin.aws.amazon.com"} < hosts
    assert {host for host in hosts if not host.endswith(".amazonaws.com")} == {
        HOST,
        "signin.aws.amazon.com",
    }


def test_the_profile_alone_signs_in_again(adfs: Open) -> None:
    stage = adfs("oath", roles=2)
    for arguments, asked in ((stage.main_job, True), (("-p", "sts-temp", "--force"), False)):
        run = stage.start(*arguments)
        run.answer_password()
        run.answer_code()
        if asked:
            run.choose(2)
        assert run.end() == 0, run.printed
    assert stage.rehearsal.adfs.assertions == 2
    again = stage.piped("-p", "sts-temp")
    assert "are good until" in again.stderr


def test_what_is_missing_is_asked_for(adfs: Open) -> None:
    stage = adfs()
    run = stage.start("--idp", "adfs", "-p", "sts-temp")
    run.expect("ADFS host: ")
    run.type(HOST)
    run.expect("ADFS username: ")
    run.type(stage.rehearsal.username)
    run.answer_password()
    assert_signed_in(run)
    assert stage.config()["samlauth.adfs_host"] == HOST
    assert stage.config()["samlauth.username"] == stage.rehearsal.username


def test_a_profile_of_aws_adfs_needs_no_change(adfs: Open) -> None:
    stage = adfs(roles=2, relying_party="urn:amazon:webservices2")
    role = stage.rehearsal.roles[1].role_arn
    theirs = (
        "[profile work]\n"
        "region = eu-central-1\n"
        "output = json\n"
        "adfs_config.ssl_verification = True\n"
        f"adfs_config.role_arn = {role}\n"
        f"adfs_config.adfs_host = {HOST}\n"
        f"adfs_config.adfs_user = {stage.rehearsal.username}\n"
        "adfs_config.session_duration = 3600\n"
        "adfs_config.provider_id = urn:amazon:webservices2\n"
        "adfs_config.sspi = False\n"
        "adfs_config.duo_factor = None\n"
        "adfs_config.duo_device = None\n"
    )
    stage.write_config(theirs)
    run = stage.start("-p", "work")
    run.answer_password()
    assert run.end() == 0, run.printed
    assert stage.profile("work")["aws_access_key_id"].startswith("ASIA")
    assert (stage.aws / "config").read_text().startswith(theirs)


@pytest.mark.parametrize(
    "given",
    [
        f"https://{HOST}",
        f"{HOST}:443",
        f"https://{HOST.upper()}/adfs/ls/idpinitiatedsignon.htm",
        f"https://{HOST}/adfs/ls/idpinitiatedsignon.aspx?loginToRp=urn:amazon:webservices"
        "&RedirectToIdentityProvider=AD+AUTHORITY",
    ],
)
def test_what_people_take_for_the_host(given: str, adfs: Open) -> None:
    stage = adfs("hrd")
    run = stage.start("--adfs-host", given, *stage.main_job[2:])
    run.answer_password()
    assert_signed_in(run)


@pytest.mark.parametrize(
    ("arguments", "rp"),
    [
        (("--partition", "aws-us-gov"), "urn:amazon:webservices:govcloud"),
        (("--adfs-rp", "urn:our aws&co"), "urn:our aws&co"),
    ],
)
def test_another_relying_party(arguments: tuple[str, str], rp: str, adfs: Open) -> None:
    stage = adfs(relying_party=rp)
    run = stage.start(*stage.main_job, *arguments)
    run.answer_password()
    assert_signed_in(run)


# The password


@pytest.mark.parametrize("mfa", ["none", "paginated", "paginated-two", "adfs2", "hrd"])
def test_each_kind_of_page(mfa: Mfa, begin: Begin) -> None:
    assert_signed_in(begin(mfa))


@pytest.mark.parametrize("mfa", ["none", "paginated", "paginated-two", "adfs2"])
def test_a_wrong_password_and_then_the_right_one(mfa: Mfa, adfs: Open) -> None:
    stage = adfs(mfa)
    run = stage.start(*stage.main_job)
    run.answer_password("wrong-password-1")
    run.expect(pages.WRONG_PASSWORD)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert stage.rehearsal.adfs.passwords == {"wrong-password-1": 1, stage.rehearsal.password: 1}


def test_three_wrong_passwords_are_enough_and_none_goes_twice(adfs: Open) -> None:
    stage = adfs()
    run = stage.start(*stage.main_job)
    for wrong in ("wrong-1", "wrong-1", "wrong-2", "wrong-3"):
        run.answer_password(wrong)
    assert run.end() == 4, run.printed
    assert pages.WRONG_PASSWORD in run.printed
    assert "locked" in run.printed  # for ADFS does not tell
    assert stage.rehearsal.adfs.passwords == {"wrong-1": 1, "wrong-2": 1, "wrong-3": 1}


def test_a_name_that_adfs_cannot_read(adfs: Open) -> None:
    stage = adfs()
    done = stage.piped(
        "--adfs-host", HOST, "-u", "ada", "-p", "x", stdin=f"{stage.rehearsal.password}\n"
    )
    assert done.returncode == 4
    assert pages.NAME_FORMAT in done.stderr
    assert stage.rehearsal.adfs.passwords.total() == 1


def test_a_name_with_its_domain(adfs: Open) -> None:
    stage = adfs()
    run = stage.start("--adfs-host", HOST, "-u", "EXAMPLE\\ada", "-p", "sts-temp")
    run.answer_password()
    assert run.end() == 0, run.printed


def test_staying_signed_in_is_asked_for(adfs: Open) -> None:
    stage = adfs()
    run = stage.start(*stage.main_job, "--trust-device")
    run.answer_password()
    assert run.end() == 0, run.printed
    assert stage.rehearsal.adfs.kept == 1


def test_without_a_terminal(adfs: Open) -> None:
    stage = adfs("oath")
    wrong = stage.piped(*stage.main_job, stdin="wrong\nnext line\n")
    assert (wrong.returncode, pages.WRONG_PASSWORD in wrong.stderr) == (4, True)
    nobody = stage.piped(*stage.main_job)
    assert (nobody.returncode, "ADFS Password" in nobody.stderr) == (6, True)
    done = stage.piped(*stage.main_job, stdin=f"{stage.rehearsal.password}\n123456\n")
    assert (done.returncode, "MFA token" in done.stderr) == (6, True)
    assert stage.rehearsal.adfs.passwords == {"wrong": 1, stage.rehearsal.password: 1}
    assert stage.rehearsal.adfs.codes.total() == 0


# Codes

each_code = pytest.mark.parametrize(
    "mfa",
    [
        "azure-code",
        "azure-sms",
        "rsa",
        "rsa-v2",
        "vip",
        "vip-renamed",
        "vip-upn",
        "safenet",
        "defender",
        "oath",
        "generic",
    ],
)


@each_code
def test_a_code(mfa: Mfa, begin: Begin) -> None:
    run = begin(mfa)
    run.expect("MFA token: ")
    run.type(run.stage.rehearsal.code())
    assert_signed_in(run, codes=1)
    assert pages.WRONG_CODE not in run.printed
    assert len(run.stage.rehearsal.phone.messages) == (mfa == "azure-sms")


@each_code
def test_a_wrong_code_and_then_a_right_one(mfa: Mfa, begin: Begin) -> None:
    run = begin(mfa)
    run.answer_code("0000001")
    run.expect(pages.WRONG_CODE)
    run.expect("MFA token: ")
    right = run.stage.rehearsal.code()
    run.type(f"{right[:3]} {right[3:]}")
    assert_signed_in(run, codes=2)
    assert right in run.stage.rehearsal.adfs.codes
    assert len(run.stage.rehearsal.phone.messages) == (mfa == "azure-sms")


@pytest.mark.parametrize("mfa", ["azure-code", "generic"])
def test_three_wrong_codes_end_it(mfa: Mfa, begin: Begin) -> None:
    run = begin(mfa)
    for wrong in ("0000001", "0000001", "0000002", "0000003"):
        run.answer_code(wrong)
    assert_refused(run, 5, pages.WRONG_CODE)
    assert run.stage.rehearsal.adfs.codes == {"0000001": 1, "0000002": 1, "0000003": 1}


def test_two_codes_in_a_row(begin: Begin) -> None:
    run = begin("rsa-next")
    run.answer_code()
    run.expect("Next MFA token: ")
    run.type(run.stage.rehearsal.code())
    assert_signed_in(run, codes=2)


# Answers on the telephone


def test_a_number_to_enter(begin: Begin) -> None:
    run = begin("azure-push")
    number = number_to_enter(run)
    assert run.stage.rehearsal.phone.tap(number)
    run.expect("ENTER when done")
    run.terminal.send("\r")
    assert_signed_in(run)
    assert len(run.stage.rehearsal.phone.prompts) == 1


def test_a_number_that_changes_is_shown_again(begin: Begin) -> None:
    run = begin("azure-push")
    first, second = number_to_enter(run), number_to_enter(run)
    assert first != second
    run.stage.rehearsal.phone.tap(second)
    run.expect("ENTER when done")
    run.terminal.send("\r")
    assert_signed_in(run)


def test_a_number_that_is_denied(begin: Begin) -> None:
    run = begin("azure-push")
    number_to_enter(run)
    run.stage.rehearsal.phone.deny()
    run.expect("ENTER when done")
    run.terminal.send("\r")
    assert_refused(run, 5, pages.DENIED)


def test_a_number_that_nobody_enters(begin: Begin) -> None:
    run = begin("azure-push", prompt_seconds=0.5)
    number_to_enter(run)
    assert_refused(run, 5, pages.LATE)


@pytest.mark.parametrize("mfa", ["mfa-server", "silverfort"])
def test_an_answer_that_is_held_back(mfa: Mfa, begin: Begin) -> None:
    run = begin(mfa)
    phone = run.stage.rehearsal.phone
    assert phone.asked(1, 30)
    assert phone.tap()
    assert_signed_in(run)
    assert len(phone.prompts) == 1


@pytest.mark.parametrize(
    ("mfa", "said"), [("mfa-server", pages.DENIED), ("silverfort", pages.DENIED_IN_TEXT)]
)
def test_held_back_and_denied(mfa: Mfa, said: str, begin: Begin) -> None:
    run = begin(mfa)
    phone: Phone = run.stage.rehearsal.phone
    assert phone.asked(1, 30)
    phone.deny()
    assert_refused(run, 5, said)
    assert len(phone.prompts) == 1


@pytest.mark.parametrize(
    ("mfa", "said"), [("mfa-server", pages.LATE), ("silverfort", pages.LATE_IN_TEXT)]
)
def test_held_back_until_it_is_too_late(mfa: Mfa, said: str, begin: Begin) -> None:
    run = begin(mfa, prompt_seconds=0.5)
    assert_refused(run, 5, said)
    assert len(run.stage.rehearsal.phone.prompts) == 1


def test_an_interrupt_while_an_answer_is_held_back(begin: Begin) -> None:
    run = begin("mfa-server")
    assert run.stage.rehearsal.phone.asked(1, 30)
    run.terminal.sendintr()
    assert run.end() == 130
    assert "Traceback" not in run.printed


# Choices


@pytest.mark.parametrize(
    ("label", "codes"), [("Say yes in the app", 0), ("A message to", 1), ("A code from the app", 1)]
)
def test_a_way_of_azure(label: str, codes: int, begin: Begin) -> None:
    run = begin("azure-choice")
    pick(run, label)
    if codes:
        run.expect("MFA token: ")
        run.type(run.stage.rehearsal.code())
    else:
        run.stage.rehearsal.phone.tap(number_to_enter(run))
    assert_signed_in(run, codes=codes)


@pytest.mark.parametrize(("mfa", "messages"), [("sms", 1), ("totp", 0)])
def test_a_way_of_azure_by_name(mfa: str, messages: int, begin: Begin) -> None:
    run = begin("azure-choice", "--mfa", mfa)
    run.expect("MFA token: ")
    run.type(run.stage.rehearsal.code())
    assert_signed_in(run, codes=1)
    assert len(run.stage.rehearsal.phone.messages) == messages


def test_an_adapter_of_several(begin: Begin) -> None:
    run = begin("choice")
    pick(run, "One-time pad")
    run.answer_code()
    assert_signed_in(run, codes=1)


@pytest.mark.parametrize("mfa", ["rsa", "RehearsalOneTimePad", "one-time pad"])
def test_an_adapter_by_name(mfa: str, begin: Begin) -> None:
    run = begin("choice", "--mfa", mfa)
    run.answer_code()
    assert_signed_in(run, codes=1)


# What is not asked for on a terminal


def own_certificate(stage: Stage) -> tuple[str, ...]:
    return "--client-cert", str(stage.rehearsal.client_certificate)


def test_a_certificate_as_the_second_factor(adfs: Open) -> None:
    stage = adfs("certificate")
    run = stage.start(*stage.main_job, *own_certificate(stage))
    run.answer_password()
    assert_signed_in(run)
    assert CERTIFICATES in {contact.host for contact in stage.rehearsal.proxy_log}


def test_a_certificate_in_place_of_the_password(adfs: Open) -> None:
    stage = adfs("certificate")
    run = stage.start(*stage.main_job, *own_certificate(stage), "--mfa", "certificate")
    assert run.end() == 0, run.printed
    assert stage.rehearsal.adfs.passwords.total() == 0
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")


def test_a_certificate_that_is_missing(begin: Begin) -> None:
    assert_refused(begin("certificate"), 9, "client certificate", "--client-cert")


def test_a_certificate_that_cannot_be_read(adfs: Open, tmp_path: Path) -> None:
    stage = adfs("certificate")
    (tmp_path / "no.pem").write_text("nothing of the kind\n")
    run = stage.start(*stage.main_job, "--client-cert", str(tmp_path / "no.pem"))
    assert_refused(run, 3, "no.pem (--client-cert)")
    assert stage.rehearsal.proxy_log == []


def test_duo_needs_a_browser(begin: Begin) -> None:
    run = begin("duo", "--no-browser")
    assert_refused(run, 6, "Duo", "browser")
    assert duo.HOST not in {contact.host for contact in run.stage.rehearsal.proxy_log}


def sign_in(window: Window, stage: Stage) -> None:
    """As a person does who wants to stay signed in, at ADFS, whose button is none."""
    answers = {"userNameInput": stage.rehearsal.username, "passwordInput": stage.rehearsal.password}
    window._wait("document.getElementById('passwordInput')")
    window._evaluate(
        f"""for (const [id, value] of Object.entries({json.dumps(answers)}))
            document.getElementById(id).value = value;
        document.getElementById("kmsiInput").checked = true;
        document.getElementById("submitButton").click();"""
    )


def test_duo_in_the_browser(adfs: Open) -> None:
    stage = adfs("duo")
    stage.strangers = (*CHATTER, "accounts.google.com")
    with Bed(stage.rehearsal) as bed:
        run = stage.start(*stage.main_job, "--browser-path", str(bed.path))
        run.answer_password()
        run.expect("Open your browser and sign in there?")
        run.type("y")
        window = bed.window()
        sign_in(window, stage)
        window.press("yes")
        assert run.end() == 0, run.printed
        assert stage.config()["samlauth.browser"] == "true"
        again = stage.start("-p", "sts-temp", "--force", "--browser-path", str(bed.path))
        assert again.end() == 0, again.printed
        assert [start.has_window for start in bed.no_more_starts()] == [False]
        assert bed.left() == []
    adfs_ = stage.rehearsal.adfs
    assert adfs_.passwords == {stage.rehearsal.password: 2}  # by the pages, and in the browser
    assert adfs_.assertions == 2
    assert stage.rehearsal.sign_in.posts == 0
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")


def test_duo_asks_before_it_opens_one(begin: Begin) -> None:
    run = begin("duo")
    run.expect("Open your browser and sign in there?")
    run.type("n")
    assert run.end() == 6
    assert "Duo" in run.printed


@pytest.mark.parametrize("mfa", ["none", "oath"])
def test_a_ticket_that_is_missing_and_the_password_instead(mfa: Mfa, begin: Begin) -> None:
    run = begin(mfa, "--kerberos")
    if mfa == "oath":
        run.answer_code()
    assert_signed_in(run, codes=int(mfa == "oath"))
    assert "Kerberos ticket" in run.printed


# Ends


@pytest.mark.parametrize(
    ("mfa", "status", "said"),
    [
        ("expired", 4, ("changed your password", f"https://{HOST}/adfs/portal/updatepassword/")),
        ("refused-rp", 4, (pages.REFUSED_RP, "Activity ID")),
        ("wsfed", 3, ("WS-Federation", "--adfs-rp")),
        ("empty", 6, ("SAML response", "nothing in it")),
    ],
)
def test_an_end_after_the_password(
    mfa: Mfa, status: int, said: tuple[str, ...], begin: Begin
) -> None:
    run = begin(mfa, "--no-browser")
    assert_refused(run, status, *said)
    assert run.stage.rehearsal.adfs.passwords.total() == 1


@pytest.mark.parametrize(
    ("mfa", "status", "said"),
    [
        ("disabled", 4, (pages.DISABLED, "EnableIdPInitiatedSignonPage", "Activity ID")),
        ("unknown-rp", 4, ("MSIS7007", "urn:amazon:webservices", "--adfs-rp")),
        ("landing", 3, ("Payroll, Travel & expenses", "--adfs-rp")),
        ("kerberos", 4, ("HTTP 401", "Windows integrated", "WiaSupportedUserAgents")),
        ("truncated", 6, ("cannot answer",)),
    ],
)
def test_an_end_before_the_password(
    mfa: Mfa, status: int, said: tuple[str, ...], adfs: Open
) -> None:
    stage = adfs(mfa)
    run = stage.start(*stage.main_job, "--no-browser")
    assert_refused(run, status, *said)
    assert stage.rehearsal.adfs.passwords.total() == 0


def test_a_page_that_wants_the_password_elsewhere(begin: Begin) -> None:
    run = begin("astray")
    assert_refused(run, 6, f"{HOST}.evil.example", "Nothing was sent")
    assert run.stage.rehearsal.adfs.passwords.total() == 0


def test_who_is_to_look_at_that_page_is_told_so_whatever_ran_us(adfs: Open) -> None:
    stage = adfs("astray")
    rehearsal = stage.rehearsal
    program = rehearsal.folder / "bin" / "password"
    program.write_text(f"#!/bin/sh\necho '{rehearsal.password}'\n")
    program.chmod(0o700)
    keys = {
        "adfs_host": HOST,
        "username": rehearsal.username,
        "role_arn": rehearsal.roles[0].role_arn,
        "password_command": str(program),
    }
    lines = "".join(f"samlauth.{key} = {value}\n" for key, value in keys.items())
    stage.write_config(f"[profile x]\n{lines}")
    done = stage.piped("env", "-p", "x")
    assert (done.returncode, done.stdout) == (6, "")
    assert "Nothing was sent" in done.stderr
    assert "look at the address bar" in done.stderr
    assert "Run: samlauth" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--adfs-host", f"http://{HOST}"), 3, "https"),
        (("--adfs-host", "https://ada:word@adfs.example.com"), 3, "--adfs-host"),
        (("--adfs-host", "not a host"), 3, "--adfs-host"),
        (("--adfs-host", HOST, "--home-realm", "nowhere"), 3, "MSIS7600"),
        (
            ("--adfs-host", HOST, "--home-realm", "http://partner.example.net/adfs/services/trust"),
            6,
            "sts.partner.example.net",
        ),
        (("--adfs-host", HOST, "--adfs-rp", "urn:nobody"), 4, "urn:nobody"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], status: int, said: str, adfs: Open) -> None:
    stage = adfs("hrd")
    run = stage.start(*arguments, "-u", stage.rehearsal.username, "-p", "x", "--no-browser")
    assert_refused(run, status, said)
    assert stage.rehearsal.adfs.passwords.total() == 0


def test_a_host_that_is_not_there(adfs: Open) -> None:
    stage = adfs()
    stage.strangers = ("adfs.example.net",)
    run = stage.start("--adfs-host", "adfs.example.net", *stage.main_job[2:])
    assert_refused(run, 9, "adfs.example.net")


# Secrets


def test_no_secret_is_printed_logged_or_kept(adfs: Open) -> None:
    stage = adfs("generic")
    code = stage.rehearsal.code()
    run = stage.start(*stage.main_job, "-l", "debug")
    run.answer_password("wrong-canary-password")
    run.answer_password()
    run.expect("MFA token: ")
    run.terminal.setecho(False)
    run.type(code)
    assert run.end() == 0, run.printed
    assert f"samlauth.http: POST {HOST}" in run.printed
    written = stage.profile()
    secrets = {
        "password": stage.rehearsal.password,
        "wrong password": "wrong-canary-password",
        "code": code,
        "secret key": written["aws_secret_access_key"],
        "session token": written["aws_session_token"],
        **{f"cookie {n}": value for n, value in enumerate(stage.rehearsal.adfs.handed_out)},
    }
    assert len(secrets) == 9
    assert found(secrets, run.printed) == []
    kept = {
        path.name: found(secrets, path.read_text("utf-8", "replace"))
        for path in files_under(stage.rehearsal.folder)
    }
    assert kept.pop("credentials") == ["secret key", "session token"]
    assert set(map(tuple, kept.values())) == {()}


# The rehearsal itself


def test_a_rehearsal_of_adfs(make_stage: MakeStage) -> None:
    stage = make_stage()  # for its home and temporary folder
    run = stage.start("rehearse", "adfs", "--mfa", "oath", "--roles", "1")
    run.expect("  password  ")
    run.expect("\r\n")
    password = run.printed.rpartition("  password  ")[2].strip()
    run.expect("  code      ")
    code = run.terminal.read(6)
    run.expect(f"$ samlauth --adfs-host {HOST} -u {stage.rehearsal.username} -p sts-temp")
    run.expect("ADFS Password: ")
    run.terminal.waitnoecho(20)
    run.type(password)
    run.answer_code(code)
    run.expect(f":assumed-role/ReadOnly/{stage.rehearsal.username}")
    run.expect("Rehearsal over. Passwords posted: 1, codes: 1, hosts contacted: adfs.example.com")
    assert run.end() == 0, run.printed
