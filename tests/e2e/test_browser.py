"""Where pages are not enough: the person's own browser, and on from there by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from samlauth.sandbox.google.keys import RP_ID
from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e import simplesaml
from tests.e2e.browser import CHATTER, Bed, Gone, Window
from tests.e2e.simplesaml import SimpleSAML
from tests.e2e.stage import MakeStage, Run, Stage
from tests.e2e.test_challenges import AUTHENTICATOR, pick
from tests.e2e.test_keys import INJECTED

QUESTION = "Open your browser and sign in there? [Y/n] "
OR_ANOTHER_WAY = "Open your browser and sign in there (no: another way)? [Y/n] "
PLAIN = "Sign in in the browser window, then close it or press ENTER here."
WATCHED = "Sign in in the browser window; samlauth goes on by itself."

MakeBed = Callable[[Stage], Bed]


@pytest.fixture
def make_bed() -> Iterator[MakeBed]:
    """Puts a browser into a rehearsal; afterwards nothing of it is left, and AWS saw no post."""
    with ExitStack() as stack:
        stages: list[tuple[Stage, Bed]] = []

        def make(stage: Stage) -> Bed:
            stage.strangers = CHATTER
            stages.append((stage, stack.enter_context(Bed(stage.rehearsal))))
            return stages[-1][1]

        yield make
        for stage, bed in stages:
            assert bed.left() == []
            assert stage.rehearsal.sign_in.posts == 0
            password = stage.rehearsal.password
            assert not [start for start in bed.starts if password in " ".join(start.arguments)]


@pytest.fixture
def refusing(make_stage: MakeStage) -> Stage:
    """A Google that lets nobody in without a browser."""
    return make_stage(mfa="rejected", roles=1)


def begin(stage: Stage, bed: Bed, *arguments: str) -> Run:
    """Sign in as ever, up to the question."""
    run = stage.start(*stage.main_job, "--browser-path", str(bed.path), *arguments)
    run.expect("wants a browser")
    run.expect(QUESTION)
    return run


def sign_in(window: Window, rehearsal: Rehearsal) -> None:
    """As a person does, at Google."""
    window.answer(identifier=rehearsal.username)
    window.answer(Passwd=rehearsal.password)


def window_of(run: Run, bed: Bed) -> Window:
    """Say yes to the question; the window."""
    run.type("y")
    run.expect(WATCHED)
    return bed.window()


def assert_written(stage: Stage) -> None:
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")
    assert stage.config()["samlauth.browser"] == "true"


def assert_silent(stage: Stage, bed: Bed) -> None:
    """Another login shows no window, and nothing is asked."""
    before = stage.profile()
    bed.no_more_starts()
    run = stage.start("-p", "sts-temp", "--force", "--browser-path", str(bed.path))
    assert run.end() == 0, run.printed
    assert stage.profile() != before
    assert [start.has_window for start in bed.no_more_starts()] == [False]


def test_google_refuses_and_the_browser_goes_on(refusing: Stage, make_bed: MakeBed) -> None:
    bed, rehearsal = make_bed(refusing), refusing.rehearsal
    run = begin(refusing, bed)
    run.type("")
    run.expect(PLAIN)
    window = bed.window()
    assert window.is_plain
    sign_in(window, rehearsal)
    window.until("You are signed in")
    run.type("")
    assert run.end() == 0, run.printed
    assert_written(refusing)
    assert [start.has_window for start in bed.starts] == [False, True]
    assert [start.has_window for start in bed.no_more_starts()] == [False]
    google = rehearsal.google
    assert google.passwords == {rehearsal.password: 1}
    assert set(google.usernames) == {rehearsal.username}
    assert_silent(refusing, bed)
    assert google.assertions == 2


def test_in_a_window_that_is_watched_all_the_way(make_stage: MakeStage, make_bed: MakeBed) -> None:
    stage = make_stage(mfa="rejected", roles=1, pages="g2")
    bed, rehearsal = make_bed(stage), stage.rehearsal
    run = begin(stage, bed, "--browser-mode", "devtools")
    window = window_of(run, bed)
    assert not window.is_plain
    window.answer(Email=rehearsal.username)
    window.answer(Passwd=rehearsal.password)
    assert run.end() == 0, run.printed
    assert_written(stage)
    assert rehearsal.google.assertions == 1
    assert [start.has_window for start in bed.starts + bed.no_more_starts()] == [True]


@pytest.mark.parametrize(
    ("mfa", "wanted", "said", "question"),
    [
        # A passkey's page says what it asks to its script alone.
        ("passkey", False, "a passkey challenge (pk), which takes a browser.", OR_ANOTHER_WAY),
        ("passkey", True, "a passkey challenge (pk), which only a browser can answer", QUESTION),
        ("key", True, "install python-fido2: pip install 'samlauth[fido2]'", QUESTION),
    ],
)
def test_a_key_is_touched_in_the_browser(
    make_stage: MakeStage, make_bed: MakeBed, mfa: str, wanted: bool, said: str, question: str
) -> None:
    stage = make_stage(mfa=mfa, roles=1, pages="v3")
    bed, rehearsal = make_bed(stage), stage.rehearsal
    private = ec.generate_private_key(ec.SECP256R1())
    credential = bytes(range(64))
    rehearsal.person.keys.register(
        credential,
        RP_ID,
        private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    )
    run = stage.start(
        *stage.main_job,
        *(["--mfa", mfa] if wanted else []),
        *("--browser-path", str(bed.path), "--browser-mode", "devtools"),
        PYTHONPATH=INJECTED,
        SOFTKEYS="",  # which takes python-fido2 away
    )
    run.answer_password()
    run.expect(said)
    run.expect(question)
    window = window_of(run, bed)
    pkcs8 = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    window.answer(identifier=rehearsal.username)
    window.until("Good to see you")
    # Not before the first page: with that, the tab may change its process, and lose the key.
    window.plug_in(credential, pkcs8, RP_ID)
    window.answer(Passwd=rehearsal.password)
    assert run.end() == 0, run.printed
    assert_written(stage)
    assert rehearsal.person.keys.answers == [""]
    assert rehearsal.google.codes == {}


def test_a_passkey_is_left_for_another_way_by_whoever_wants_no_browser(
    make_stage: MakeStage, make_bed: MakeBed
) -> None:
    stage = make_stage(mfa="passkey", roles=1, pages="v3")
    bed = make_bed(stage)
    run = stage.start(*stage.main_job, "--browser-path", str(bed.path))
    run.answer_password()
    run.expect(OR_ANOTHER_WAY)
    run.type("n")
    pick(run, AUTHENTICATOR)
    run.answer_code()
    assert run.end() == 0, run.printed
    assert "samlauth.browser" not in stage.config()
    assert bed.no_more_starts() == []
    again = stage.start(*stage.main_job, "--browser-path", str(bed.path), "--no-browser", "--force")
    again.answer_password()
    pick(again, AUTHENTICATOR)
    assert "which takes a browser: another way." in again.printed
    again.answer_code()
    assert again.end() == 0, again.printed


def test_a_browser_that_was_asked_for_comes_first(refusing: Stage, make_bed: MakeBed) -> None:
    bed, rehearsal = make_bed(refusing), refusing.rehearsal
    run = refusing.start(
        *refusing.main_job, "--browser", "--browser-path", str(bed.path), "--browser-mode", "plain"
    )
    run.expect(PLAIN)
    window = bed.window()
    assert window.is_plain
    assert rehearsal.google.usernames == {}
    sign_in(window, rehearsal)
    window.until("You are signed in")
    # A person who goes on to AWS by themselves does not get there, where the response is lost.
    ids = f"idpid={rehearsal.idp_id}&spid={rehearsal.sp_id}"
    window.go(f"https://accounts.google.com/o/saml2/initsso?{ids}&forceauthn=false")
    window.until("ERR_")
    assert rehearsal.google.assertions == 1
    assert "signin.aws.amazon.com" not in {contact.host for contact in rehearsal.proxy_log}
    window.close()
    assert run.end() == 0, run.printed
    assert QUESTION not in run.printed
    assert_written(refusing)


def test_a_page_nobody_has_seen(make_stage: MakeStage, make_bed: MakeBed) -> None:
    stage = make_stage(mfa="unknown", roles=1)
    bed = make_bed(stage)
    run = stage.start(
        *stage.main_job, "--browser-path", str(bed.path), "--browser-mode", "devtools"
    )
    run.expect("Google showed ")
    run.expect(QUESTION)
    sign_in(window_of(run, bed), stage.rehearsal)
    assert run.end() == 0, run.printed
    assert_written(stage)


def test_a_page_to_agree_to(make_stage: MakeStage, make_bed: MakeBed) -> None:
    stage = make_stage(mfa="interstitial", roles=1)
    bed, rehearsal = make_bed(stage), stage.rehearsal
    run = stage.start(
        *stage.main_job, "--browser-path", str(bed.path), "--browser-mode", "devtools"
    )
    run.answer_password()
    run.answer_code()
    run.expect("Google accepted you and then showed")
    run.expect(QUESTION)
    window = window_of(run, bed)
    sign_in(window, rehearsal)
    window.answer(Pin=rehearsal.code())
    window.press("later")
    assert run.end() == 0, run.printed
    assert_written(stage)


def test_any_identity_provider(tmp_path: Path, make_bed: MakeBed) -> None:
    rehearsal = Rehearsal(roles=2)
    with SimpleSAML(tmp_path) as provider:
        provider.put_in(rehearsal)
        with rehearsal:
            stage = Stage(rehearsal)
            bed = make_bed(stage)
            run = stage.start(
                *("--idp", "browser", "--url", simplesaml.URL, "-p", "sts-temp"),
                *("-r", rehearsal.roles[1].role_arn, "--browser-path", str(bed.path)),
            )
            run.expect(WATCHED)
            window = bed.window()
            window.answer(username=provider.username, password="wrong")
            window.until("Incorrect username or password")
            window.answer(username=provider.username, password=provider.password)
            assert run.end() == 0, run.printed
            assert stage.profile()["aws_access_key_id"].startswith("ASIA")
            assert stage.config()["samlauth.url"] == simplesaml.URL
            assert_silent(stage, bed)
            assert not bed.left()
        refused = (contact.host for contact in rehearsal.proxy_log if not contact.admitted)
        assert all(host.endswith(CHATTER) for host in refused)
        assert rehearsal.google.violations == []


def test_a_window_that_is_closed(refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    run = begin(refusing, bed, "--browser-mode", "devtools")
    window_of(run, bed).close()
    assert run.end() == 4
    assert "closed before the sign-in had reached AWS" in run.printed
    assert not (refusing.aws / "credentials").exists()


def test_a_session_that_does_not_lead_to_aws(refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    run = begin(refusing, bed, "--browser-mode", "plain")
    run.type("y")
    run.expect(PLAIN)
    bed.window().close()
    assert run.end() == 4
    assert "--browser-mode auto" in run.printed


def test_nobody_signs_in(refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    run = begin(refusing, bed, "--browser-mode", "devtools", "--browser-timeout", "1s")
    run.type("y")
    assert run.end() == 5
    assert "did not reach AWS within 1 second" in run.printed
    assert "--browser-timeout" in run.printed


@pytest.mark.parametrize("mode", ["plain", "devtools"])
def test_a_browser_that_dies(mode: str, refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    run = begin(refusing, bed, "--browser-mode", mode)
    run.type("y")
    run.expect(PLAIN if mode == "plain" else WATCHED)
    os.kill(bed.window().pid, signal.SIGKILL)
    assert run.end() == 6
    assert "SIGKILL" in run.printed
    assert "--saml-assertion" in run.printed


@pytest.mark.parametrize(
    ("mode", "signal_", "status"),
    [("plain", signal.SIGINT, 130), ("devtools", signal.SIGTERM, 143)],
)
def test_a_signal_while_the_browser_is_open(
    mode: str, signal_: signal.Signals, status: int, refusing: Stage, make_bed: MakeBed
) -> None:
    bed = make_bed(refusing)
    run = begin(refusing, bed, "--browser-mode", mode)
    run.type("y")
    run.expect(PLAIN if mode == "plain" else WATCHED)
    bed.window()
    if signal_ is signal.SIGINT:
        run.terminal.sendintr()
    else:
        run.terminal.kill(signal_)
    assert run.end() == status
    assert "Traceback" not in run.printed
    # That nothing is left is make_bed's to see.


def test_a_browser_does_not_outlive_samlauth(refusing: Stage) -> None:
    refusing.strangers = CHATTER
    with Bed(refusing.rehearsal) as bed:
        run = begin(refusing, bed, "--browser-mode", "devtools")
        window = window_of(run, bed)
        run.terminal.kill(signal.SIGKILL)
        assert run.end() == 128 + signal.SIGKILL
        with pytest.raises(Gone):
            window.until("a page that never comes")


def test_a_browser_that_is_declined(refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    run = begin(refusing, bed)
    run.type("n")
    assert run.end() == 6
    # Google's reason was said above the question: once is enough.
    assert run.printed.count("Google refused to sign in") == 1
    assert "it was not opened" in run.printed
    assert bed.no_more_starts() == []


def test_a_browser_that_is_ruled_out(refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    run = refusing.start(*refusing.main_job, "--no-browser", "--browser-path", str(bed.path))
    assert run.end() == 6
    assert QUESTION not in run.printed
    assert "samlauth: Google refused to sign in from this program" in run.printed
    assert bed.no_more_starts() == []


def test_nobody_is_there_to_ask(refusing: Stage, make_bed: MakeBed) -> None:
    bed = make_bed(refusing)
    password = f"{refusing.rehearsal.password}\n"
    done = refusing.piped(*refusing.main_job, "--browser-path", str(bed.path), stdin=password)
    assert done.returncode == 6
    assert "Google refused to sign in from this program" in done.stderr
    assert "--browser" in done.stderr
    assert "--saml-assertion" in done.stderr
    assert bed.no_more_starts() == []


def test_a_browser_that_is_not_there(refusing: Stage) -> None:
    done = refusing.piped(*refusing.main_job, "--browser", "--browser-path", "/nowhere/browser")
    assert done.returncode == 6
    assert "/nowhere/browser" in done.stderr
    assert "--saml-assertion" in done.stderr
