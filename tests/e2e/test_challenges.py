"""Each second step and each page on the way, through the installed command and a whole sign-in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from samlauth.sandbox.google.methods import Family, Mfa
from samlauth.sandbox.google.pages import DEMAND, DENIED, REFUSED, Markup
from samlauth.sandbox.phone import LASTS, MASKED
from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.stage import MakeStage, Run

Begin = Callable[..., Run]

AUTHENTICATOR = "TOTP (Google Authenticator)"


@pytest.fixture
def begin(make_stage: MakeStage) -> Begin:
    """Starts a sign-in that comes across ``mfa``, and answers the password."""

    def begin(
        mfa: Mfa,
        pages: Family | None = None,
        *arguments: str,
        password: bool = True,
        **options: object,
    ) -> Run:
        stage = make_stage(mfa=mfa, pages=pages, roles=1, **options)
        run = stage.start(*stage.main_job, *arguments)
        if password:
            run.answer_password()
        return run

    return begin


def assert_signed_in(run: Run, *, codes: int | None = 1) -> None:
    """The profile is written; the password and each code were posted once."""
    assert run.end() == 0, run.printed
    google = run.stage.rehearsal.google
    assert google.passwords == {run.stage.rehearsal.password: 1}
    assert set(google.codes.values()) <= {1}
    assert codes is None or google.codes.total() == codes
    assert google.assertions == 1
    assert run.stage.profile()["aws_access_key_id"].startswith("ASIA")


def answer(run: Run, prompt: str, code: str) -> None:
    run.expect(f"{prompt}: ")
    run.type(code)


def pick(run: Run, label: str) -> None:
    """Choose a way from the menu by what it is called."""
    run.expect("of the method to use: ")
    number = re.findall(rf"\[ *(\d+)\] {re.escape(label)}", run.printed)[-1]
    run.type(number)


def press(run: Run, key: str) -> None:
    run.terminal.send(key)


def number_to_tap(run: Run) -> str:
    run.expect("Number to tap:   ")
    return run.terminal.read(2)


both = pytest.mark.parametrize("pages", ["g2", "v3"])

# What comes across, the prompt of its code, and who knows the code.
CODES: dict[Mfa, tuple[str, Callable[[Rehearsal], str]]] = {
    "totp": ("MFA token", lambda rehearsal: rehearsal.code()),
    "sms": ("Enter SMS token", lambda rehearsal: rehearsal.phone.code),
    "voice": ("Enter VOICE token", lambda rehearsal: rehearsal.phone.code),
    "backup": ("Backup code", lambda rehearsal: rehearsal.person.backup.code()),
    "ootp": ("Security code", lambda rehearsal: rehearsal.person.offline.code()),
    "skotp": ("Security code", lambda rehearsal: rehearsal.person.key.code()),
}
each_code = pytest.mark.parametrize("mfa", CODES)


@each_code
def test_a_code(begin: Begin, mfa: Mfa) -> None:
    prompt, code = CODES[mfa]
    run = begin(mfa, "v3")
    run.expect(f"{prompt}: ")
    run.type(code(run.stage.rehearsal))
    assert_signed_in(run)
    assert REFUSED["code"] not in run.printed
    assert "Enter a code" not in run.printed  # what such a page says before anybody answered
    assert len(run.stage.rehearsal.phone.messages) == (mfa in ("sms", "voice"))


@each_code
def test_a_wrong_code_and_then_a_right_one(begin: Begin, mfa: Mfa) -> None:
    prompt, code = CODES[mfa]
    run = begin(mfa, "g2")
    run.expect(f"{prompt}: ")
    assert "Enter a code" not in run.printed
    run.type("0000001")
    run.expect(REFUSED["code"])
    run.expect(f"{prompt}: ")
    right = code(run.stage.rehearsal)
    run.type(f"{right[:3]} {right[3:]}")
    assert_signed_in(run, codes=2)
    assert len(run.stage.rehearsal.phone.messages) == (mfa in ("sms", "voice"))


class Clock:
    """The rehearsal's time of day, which a test can move on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@both
@pytest.mark.parametrize("mfa", ["totp", "sms", "voice"])
def test_a_code_that_comes_too_late_and_then_another(begin: Begin, mfa: Mfa, pages: Family) -> None:
    prompt, code = CODES[mfa]
    clock = Clock()
    run = begin(mfa, pages, clock=clock)
    run.expect(f"{prompt}: ")
    late = code(run.stage.rehearsal)
    clock.ahead += 2 * LASTS
    run.type(late)
    run.expect(REFUSED["code"])
    if mfa != "totp":
        answer(run, prompt, "?")
        if pages == "g2":
            run.expect("1 for another way, 2 to have it sent again")
            run.type("2")
        else:
            pick(run, "SMS to" if mfa == "sms" else "Voice call to")
    run.expect(f"{prompt}: ")
    run.type(code(run.stage.rehearsal))
    assert_signed_in(run, codes=2)


@pytest.mark.parametrize(("mfa", "pages"), [("backup", "g2"), ("sms", "v3")])
def test_three_wrong_codes_end_it(begin: Begin, mfa: Mfa, pages: Family) -> None:
    prompt, _ = CODES[mfa]
    run = begin(mfa, pages)
    for wrong in ("0000001", "0000002", "0000003"):
        answer(run, prompt, wrong)
    assert run.end() == 5
    google = run.stage.rehearsal.google
    assert REFUSED["code"] in run.printed
    assert google.codes == {"0000001": 1, "0000002": 1, "0000003": 1}
    assert google.passwords.total() == 1


def test_a_message_as_it_reads_on_the_telephone(begin: Begin) -> None:
    run = begin("sms", "g2")
    run.expect("Enter SMS token: ")
    assert MASKED in run.printed
    run.type(f"G-{run.stage.rehearsal.phone.code}")
    assert_signed_in(run)
    assert set(run.stage.rehearsal.google.codes) == {run.stage.rehearsal.phone.code}


def test_a_message_is_sent_again(begin: Begin) -> None:
    run = begin("sms", "g2")
    answer(run, "Enter SMS token", "?")
    run.expect("1 for another way, 2 to have it sent again, ENTER to go back: ")
    run.type("2")
    run.expect("Enter SMS token: ")
    phone = run.stage.rehearsal.phone
    assert phone.messages == ["SMS", "SMS"]
    run.type(phone.code)
    assert_signed_in(run)


def test_the_phone_prompt_that_is_polled_for(begin: Begin) -> None:
    run = begin("prompt", "g2", poll_seconds=0.5)
    run.expect("Waiting for your answer on the phone")
    run.stage.rehearsal.phone.tap()
    assert_signed_in(run, codes=0)
    assert len(run.stage.rehearsal.phone.prompts) == 1


def test_a_poll_that_ends_without_an_answer_is_sent_again(begin: Begin) -> None:
    run = begin("prompt", "g2", poll_seconds=0, taps_after=3)
    assert_signed_in(run, codes=0)
    assert run.stage.rehearsal.poll.polls > 1


def test_a_phone_prompt_needs_no_terminal(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="number", pages="g2", roles=1, taps_after=1)
    done = stage.piped(*stage.main_job, stdin=f"{stage.rehearsal.password}\n")
    assert done.returncode == 0, done.stderr
    assert f"Number to tap:   {stage.rehearsal.phone.shows}" in done.stderr


def test_the_phone_prompt_is_sent_again(begin: Begin) -> None:
    run = begin("prompt", "g2")
    run.expect("Waiting for your answer on the phone")
    phone = run.stage.rehearsal.phone
    press(run, "?")
    run.expect("2 to have it sent again")
    press(run, "2")
    run.expect("Look at the phone")
    assert len(phone.prompts) == 2
    phone.tap()
    assert_signed_in(run, codes=0)


@both
def test_the_phone_prompt_that_is_asked_about(begin: Begin, pages: Family) -> None:
    run = begin("dp", pages)
    run.expect("Waiting for your answer on the phone")
    press(run, "\r")  # too early: the same page comes back
    run.stage.rehearsal.phone.tap()
    press(run, "\r")
    assert_signed_in(run, codes=0)


@pytest.mark.parametrize(
    ("pages", "markup"),
    [("g2", "EKvSSd"), ("g2", "feLNVc"), ("v3", "samp"), ("v3", "strong")],
)
def test_a_number_to_tap_in_each_mark_up(begin: Begin, pages: Family, markup: Markup) -> None:
    run = begin("number", pages, markup=markup)
    number = number_to_tap(run)
    run.expect(f"Waiting for you to tap {number} on your phone")
    assert run.stage.rehearsal.phone.tap(number)
    press(run, "\r")
    assert_signed_in(run, codes=0)


@both
def test_a_number_that_changes_is_shown_again(begin: Begin, pages: Family) -> None:
    run = begin("number", pages)
    first = number_to_tap(run)
    press(run, "\r")
    second = number_to_tap(run)
    assert second == run.stage.rehearsal.phone.shows != first
    run.stage.rehearsal.phone.tap(second)
    press(run, "\r")
    assert_signed_in(run, codes=0)


PROMPTS = pytest.mark.parametrize(
    ("mfa", "pages"), [("prompt", "g2"), ("dp", "g2"), ("number", "v3")]
)


@PROMPTS
def test_a_prompt_that_is_denied(begin: Begin, mfa: Mfa, pages: Family) -> None:
    run = begin(mfa, pages, prompt_seconds=4, poll_seconds=0.5)
    run.expect("Waiting for ")
    run.stage.rehearsal.phone.deny()
    assert run.end() == 5
    assert DENIED in run.printed
    assert not (run.stage.aws / "credentials").exists()


@PROMPTS
def test_a_prompt_that_nobody_answers(begin: Begin, mfa: Mfa, pages: Family) -> None:
    run = begin(mfa, pages, prompt_seconds=2, poll_seconds=0.2)
    assert run.end() == 5
    assert "not answered within 2 seconds" in run.printed
    assert len(run.stage.rehearsal.phone.prompts) == 1


@PROMPTS
def test_another_way_than_the_prompt(begin: Begin, mfa: Mfa, pages: Family) -> None:
    run = begin(mfa, pages, poll_seconds=0.5)
    run.expect("Waiting for ")
    press(run, "?")
    if mfa == "prompt":
        run.expect("1 for another way")
        press(run, "1")
    pick(run, AUTHENTICATOR)
    run.answer_code()
    assert_signed_in(run)


@pytest.mark.parametrize(
    ("pages", "mfa", "prompt"),
    [
        ("g2", "totp", "MFA token"),
        ("g2", "sms", "Enter SMS token"),
        ("g2", "backup", "Backup code"),
        ("g2", "kpp", "Enter your phone number"),
        ("g2", "iap", "Enter your phone number"),
        ("v3", "totp", "MFA token"),
        ("v3", "voice", "Enter VOICE token"),
        ("v3", "ootp", "Security code"),
        ("v3", "kpp", "Enter your phone number"),
    ],
)
def test_another_way_at_every_prompt(begin: Begin, pages: Family, mfa: Mfa, prompt: str) -> None:
    run = begin(mfa, pages)
    answer(run, prompt, "?")
    if (pages, mfa) == ("g2", "sms"):
        run.expect("1 for another way")
        run.type("1")
    pick(run, "Backup code" if mfa != "backup" else AUTHENTICATOR)
    rehearsal = run.stage.rehearsal
    if mfa == "backup":
        answer(run, "MFA token", rehearsal.code())
    else:
        answer(run, "Backup code", rehearsal.person.backup.code())
    assert_signed_in(run)


@both
def test_the_menu(begin: Begin, pages: Family) -> None:
    run = begin("selection", pages)
    pick(run, f"SMS to {MASKED}")
    assert "Security key" not in run.printed
    assert f"Voice call to {MASKED}" in run.printed
    run.expect("Enter SMS token: ")
    assert run.stage.rehearsal.phone.messages == ["SMS"]
    run.type(run.stage.rehearsal.phone.code)
    assert_signed_in(run)


@both
def test_a_call_from_the_menu(begin: Begin, pages: Family) -> None:
    """On the older pages it has the same entry id as the message."""
    run = begin("selection", pages)
    pick(run, "Voice call")
    run.expect("Enter VOICE token: ")
    assert run.stage.rehearsal.phone.messages == ["VOICE"]
    run.type(run.stage.rehearsal.phone.code)
    assert_signed_in(run)


def test_a_menu_without_a_terminal_names_what_there_is(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="selection", roles=1)
    done = stage.piped(*stage.main_job, stdin=f"{stage.rehearsal.password}\n")
    assert done.returncode == 6
    for name in ("totp", "sms", "voice", "prompt", "backup"):
        assert re.search(rf"\b{name}\b", done.stderr)
    assert "--mfa" in done.stderr


@pytest.mark.parametrize(
    ("pages", "default", "mfa"),
    [
        ("g2", "selection", "voice"),
        ("g2", "prompt", "totp"),
        ("g2", "sms", "backup"),
        ("g2", "totp", "skotp"),
        ("v3", "selection", "totp"),
        ("v3", "dp", "sms"),
        ("v3", "totp", "voice"),
        ("v3", "key", "ootp"),
    ],
)
def test_mfa_goes_straight_there(begin: Begin, pages: Family, default: Mfa, mfa: Mfa) -> None:
    prompt, code = CODES[mfa]
    run = begin(default, pages, "--mfa", mfa)
    run.expect(f"{prompt}: ")
    run.type(code(run.stage.rehearsal))
    assert_signed_in(run)
    assert "of the method to use" not in run.printed
    assert "Waiting for" not in run.printed
    assert len(run.stage.rehearsal.phone.messages) == (mfa in ("sms", "voice"))


@both
def test_mfa_finds_the_prompt(begin: Begin, pages: Family) -> None:
    run = begin("totp", pages, "--mfa", "prompt")
    run.expect("Waiting for your answer on the phone")
    run.stage.rehearsal.phone.tap()
    press(run, "\r")
    assert_signed_in(run, codes=0)


def test_mfa_may_be_words_of_the_name(begin: Begin) -> None:
    run = begin("sms", "v3", "--mfa", "google authenticator")
    run.answer_code()
    assert_signed_in(run)
    assert run.stage.rehearsal.phone.messages == []


def test_mfa_that_is_there_already_asks_for_nothing_else(begin: Begin) -> None:
    run = begin("sms", "v3", "--mfa", "sms")
    run.expect("Enter SMS token: ")
    run.type(run.stage.rehearsal.phone.code)
    assert_signed_in(run)


@both
def test_a_recovery_phone(begin: Begin, pages: Family) -> None:
    run = begin("kpp", pages)
    answer(run, "Enter your phone number", "+44 7700 900124")
    run.expect(REFUSED["number"])
    answer(run, "Enter your phone number", "+44 7700 900123")
    assert_signed_in(run, codes=0)
    assert set(run.stage.rehearsal.google.numbers.values()) == {1}


def test_three_wrong_numbers_end_it(begin: Begin) -> None:
    run = begin("kpp", "v3")
    for number in ("+1", "+447700900125", "+447700900126", "+447700900127"):
        answer(run, "Enter your phone number", number)
    assert run.end() == 5
    assert run.stage.rehearsal.google.numbers.total() == 3


@pytest.mark.parametrize(("label", "means"), [("SMS", "SMS"), ("Voice call", "VOICE")])
def test_any_phone_with_its_country(begin: Begin, label: str, means: str) -> None:
    run = begin("iap", "g2")
    answer(run, "Enter your phone number", "07700 900199")
    run.expect("Country of that number")
    run.type("xx")
    run.expect("The page takes one of these:")
    run.type("gb")
    pick(run, label)
    run.expect(REFUSED["number"])
    answer(run, "Enter your phone number", "07700 900123")
    run.expect("Country of that number")
    run.type("gb")
    run.expect(f"Enter {means} token: ")
    phone = run.stage.rehearsal.phone
    assert phone.messages == [means]
    run.type(phone.code)
    assert_signed_in(run)


CAPTCHAS = pytest.mark.parametrize(
    ("mfa", "pages"), [("captcha", "v3"), ("old-captcha", "g2"), ("old-captcha", "g1")]
)
CAPTCHA = "Captcha (case insensitive)"


@CAPTCHAS
def test_a_captcha(begin: Begin, mfa: Mfa, pages: Family) -> None:
    run = begin(mfa, pages, password=False)
    run.expect(f"{CAPTCHA}: ")
    google = run.stage.rehearsal.google
    assert "https://accounts.google.com/Captcha?" in run.printed
    (path,) = re.findall(r"The image is in (\S+) while you are asked\.", run.printed)
    text = google.pictures.text
    image = Path(path).read_bytes()
    assert image.startswith(b"\x89PNG")
    run.type(text.lower())
    run.answer_password()
    run.answer_code()
    assert_signed_in(run)
    assert google.captchas == {text.lower(): 1}
    assert not Path(path).exists()
    assert REFUSED["captcha"] not in run.printed


@CAPTCHAS
def test_a_captcha_that_was_misread(begin: Begin, mfa: Mfa, pages: Family) -> None:
    run = begin(mfa, pages, password=False)
    answer(run, CAPTCHA, "misread")
    run.expect(REFUSED["captcha"])
    run.expect(f"{CAPTCHA}: ")
    run.type(run.stage.rehearsal.google.pictures.text)
    run.answer_password()
    run.answer_code()
    assert_signed_in(run)


def test_a_captcha_that_nobody_can_read(begin: Begin) -> None:
    run = begin("captcha", "v3", "--no-browser", password=False)
    for wrong in ("one", "two", "three"):
        answer(run, CAPTCHA, wrong)
    assert run.end() == 6
    assert run.stage.rehearsal.google.passwords == {}
    assert run.stage.rehearsal.google.captchas.total() == 3


def test_the_administrators_demand(begin: Begin) -> None:
    run = begin("admin", "g2")
    run.expect(DEMAND)
    answer(run, "Backup code", run.stage.rehearsal.person.backup.code())
    assert_signed_in(run)


def test_the_demand_of_today_comes_with_the_backup_code(begin: Begin) -> None:
    run = begin("admin", "v3")
    run.expect(DEMAND)
    answer(run, "Backup code", run.stage.rehearsal.person.backup.code())
    assert_signed_in(run)


@pytest.mark.parametrize(("mfa", "pages"), [("key", "g2"), ("key", "v3"), ("passkey", "v3")])
def test_a_key_leads_to_another_way_by_itself(begin: Begin, mfa: Mfa, pages: Family) -> None:
    run = begin(mfa, pages)
    pick(run, AUTHENTICATOR)
    assert "another way" in run.printed
    run.answer_code()
    assert_signed_in(run)


@both
def test_the_list_of_accounts(begin: Begin, pages: Family) -> None:
    run = begin("chooser", pages)
    run.answer_code()
    assert_signed_in(run)
    assert run.stage.rehearsal.google.usernames == {run.stage.rehearsal.username: 1}


def test_the_oldest_pages(begin: Begin) -> None:
    run = begin("totp", "g1", password=False)
    run.answer_password("wrong-password-1")
    run.expect(REFUSED["password"])
    run.answer_password()
    run.answer_code()
    assert run.end() == 0
    assert set(run.stage.rehearsal.google.passwords.values()) == {1}


def test_without_a_second_step(begin: Begin) -> None:
    assert_signed_in(begin("none", "v3"), codes=0)


def test_another_way_than_the_password_leads_back_to_it(begin: Begin) -> None:
    run = begin("totp", "v3", password=False)
    run.answer_password("?")
    run.answer_password()
    run.answer_code()
    assert_signed_in(run)


@pytest.mark.parametrize(
    ("mfa", "pages", "said"),
    [
        ("rejected", "g1", "browser"),
        ("rejected", "v3", "browser"),
        ("federated", "g2", "rehearsal.okta.example"),
        ("federated", "v3", "rehearsal.okta.example"),
    ],
)
def test_what_ends_before_the_password(begin: Begin, mfa: Mfa, pages: Family, said: str) -> None:
    run = begin(mfa, pages, "--no-browser", password=False)
    assert run.end() == 6
    assert said in run.printed
    assert run.stage.rehearsal.google.passwords == {}


@both
def test_a_page_in_between_is_named(begin: Begin, pages: Family) -> None:
    run = begin("interstitial", pages, "--no-browser")
    run.answer_code()
    assert run.end() == 6
    assert "Google accepted you and then showed" in run.printed
    assert run.stage.rehearsal.google.assertions == 0


@pytest.mark.parametrize("pages", ["g1", "g2", "v3"])
def test_the_device_is_trusted_only_when_asked_for(make_stage: MakeStage, pages: Family) -> None:
    stage = make_stage(pages=pages, roles=1)
    stage.sign_in(role=None)
    assert stage.rehearsal.google.trusted == []
    stage.sign_in(*stage.main_job, "--force", "--trust-device", role=None)
    assert [path.rpartition("/challenge/")[2] for path in stage.rehearsal.google.trusted] == (
        {"g1": ["totp/2"], "g2": ["pwd/1", "totp/2"], "v3": ["pwd", "totp"]}[pages]
    )


def test_a_person_can_use_the_telephone_from_elsewhere(begin: Begin) -> None:
    run = begin("number", "v3")
    number = number_to_tap(run)
    rehearsal = run.stage.rehearsal
    other = Run(run.stage, [str(rehearsal.use_phone), "tap", number], rehearsal.environ)
    assert other.end() == 0
    assert "Tapped." in other.printed
    press(run, "\r")
    assert_signed_in(run, codes=0)
