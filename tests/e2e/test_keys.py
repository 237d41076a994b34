"""Security keys, through the installed command and a whole sign-in.

The keys are software, and everything between them and the identity provider is as installed: they
answer python-fido2 packet by packet, and were registered by another process, this one.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fido2 import hid

from samlauth.effects.security_key.devices import plugged_in
from samlauth.sandbox.google.keys import APP_ID, RP_ID
from samlauth.sandbox.google.methods import Family
from samlauth.sandbox.google.pages import REFUSED
from tests.e2e.stage import SAMLAUTH, MakeStage, Run, Stage
from tests.e2e.test_challenges import AUTHENTICATOR, assert_signed_in, pick, press
from tests.sandbox.browser import Browser
from tests.softkey import Kind, SoftKey, plug_into_fido2

INJECTED = str(Path(__file__).parents[1] / "softkey" / "injected")
TOUCH = "Touch your security key"
NONE = "No security key is plugged in. Insert one."

both = pytest.mark.parametrize("pages", ["g2", "v3"])
WITH_PIN = Kind(u2f=False, pin="24680", name="YubiKey")


class Desk:
    """A person with keys, in front of a rehearsal that asks for one."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.keys: list[SoftKey] = []
        self.root = folder / "root"
        """The file system of the computer, as far as it says what keeps keys away."""
        self._folder = folder

    @property
    def told(self) -> dict[str, str]:
        """What the command is told of the keys."""
        return {
            "PYTHONPATH": INJECTED,
            "SOFTKEYS": os.pathsep.join(str(key.path) for key in self.keys),
            "SOFTKEYS_ROOT": str(self.root),
        }

    def key(self, kind: Kind | None = None, *, registered: bool = True) -> SoftKey:
        """A key that is plugged in; as a rule one that Google knows."""
        key = SoftKey(self._folder / f"{len(self.keys)}.key", kind or Kind())
        self.keys.append(key)
        if registered:
            key.hold(touch="yes")
            plug_into_fido2(key)
            with plugged_in() as (device,):
                made = device.register(APP_ID, RP_ID, threading.Event())
            assert made is not None
            self.stage.rehearsal.person.keys.register(made.credential, made.name, made.point)
            key.hold(touch="no")
        return key

    def start(self, *arguments: str) -> Run:
        run = self.stage.start(*self.stage.main_job, *arguments, **self.told)
        run.answer_password()
        return run


MakeDesk = Callable[..., Desk]


@pytest.fixture
def make_desk(make_stage: MakeStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeDesk:
    for name in ("list_descriptors", "open_connection"):
        monkeypatch.setattr(hid, name, getattr(hid, name))  # put back afterwards

    def make(pages: Family = "v3", **options: object) -> Desk:
        return Desk(make_stage(**{"mfa": "key", "pages": pages, "roles": 1, **options}), tmp_path)

    return make


def answers(run: Run) -> list[str]:
    """What Google thought of the keys' answers; nothing for a right one."""
    return run.stage.rehearsal.person.keys.answers


@both
@pytest.mark.parametrize("kind", [Kind(), Kind(ctap2=False)])
def test_the_right_key(make_desk: MakeDesk, pages: Family, kind: Kind) -> None:
    desk = make_desk(pages)
    key = desk.key(kind)
    run = desk.start()
    run.expect(f"{TOUCH} (SoftKey)")
    run.expect("? for another way")
    assert "ENTER" not in run.printed
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)
    assert answers(run) == [""]


def test_a_terminal_whose_line_can_be_written_over(make_desk: MakeDesk) -> None:
    desk = make_desk("g2")
    key = desk.key()
    run = desk.stage.start(*desk.stage.main_job, **desk.told, TERM="xterm")
    run.answer_password()
    run.expect(f"{TOUCH} (SoftKey) · 60 s left; ? for another way")
    run.expect("\x1b[J")
    run.expect(f"{TOUCH} (SoftKey) · 59 s left; ? for another way")
    key.hold(touch="yes")
    run.expect("\x1b[J")
    assert_signed_in(run, codes=0)


def test_a_key_without_u2f(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(Kind(u2f=False))
    run = desk.start()
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


@both
def test_the_second_of_two_keys(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    desk.key(Kind(name="Stranger"), registered=False)
    key = desk.key(Kind(name="Mine"))
    run = desk.start()
    run.expect(f"{TOUCH} (Mine)")
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


@both
def test_either_of_two_keys_that_are_registered(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    desk.key(Kind(name="One"))
    two = desk.key(Kind(name="Two"))
    run = desk.start()
    run.expect(f"{TOUCH} (One or Two)")
    two.hold(touch="yes")
    assert_signed_in(run, codes=0)


@both
def test_a_wrong_key_and_then_the_right_one(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    wrong, right = desk.key(Kind(name="Wrong"), registered=False), desk.key(Kind(name="Right"))
    right.hold(plugged=False)
    run = desk.start()
    run.expect("No security key that is plugged in here (Wrong) is registered for this account.")
    run.expect("ENTER to try again")
    wrong.hold(plugged=False)
    right.hold(plugged=True)
    press(run, "\r")
    run.expect(f"{TOUCH} (Right)")
    right.hold(touch="yes")
    assert_signed_in(run, codes=0)
    assert wrong.memory.counter == 0


@both
def test_no_key_and_then_a_key(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    key.hold(plugged=False)
    run = desk.start()
    run.expect(NONE)
    run.expect("ENTER to try again")
    press(run, "\r")
    run.expect(NONE)
    key.hold(plugged=True)
    press(run, "\r")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


@pytest.mark.parametrize(
    ("pages", "files", "said"),
    [
        ("g2", {".dockerenv": b""}, "docker run --device /dev/hidrawN"),
        (
            "v3",
            {
                ".dockerenv": b"",
                "sys/class/hidraw/hidraw9/device/report_descriptor": b"\x06\xd0\xf1",
            },
            "docker run --device /dev/hidraw9",
        ),
        ("v3", {"proc/version": b"Linux version 6.6-microsoft-standard-WSL2"}, "usbipd"),
    ],
)
def test_where_no_key_can_be_reached_there_is_another_way(
    make_desk: MakeDesk, pages: Family, files: dict[str, bytes], said: str
) -> None:
    desk = make_desk(pages)
    desk.key().hold(plugged=False)
    for name, content in files.items():
        path = desk.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    run = desk.start()
    pick(run, AUTHENTICATOR)
    assert len([line for line in run.printed.splitlines() if said in line]) == 1
    run.answer_code()
    assert_signed_in(run)


@both
def test_another_way_than_a_key_that_blinks(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    run = desk.start()
    run.expect(TOUCH)
    press(run, "?")
    pick(run, AUTHENTICATOR)
    run.answer_code()
    assert_signed_in(run)
    assert key.memory.counter == 0


def test_a_touch_that_is_denied_and_then_given(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(Kind(u2f=False))
    run = desk.start()
    run.expect(TOUCH)
    key.hold(touch="deny")
    run.expect("SoftKey said no.")
    key.hold(touch="no")
    press(run, "\r")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


def test_a_pin_that_is_right(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(WITH_PIN)
    run = desk.start()
    run.expect("PIN of YubiKey: ")
    run.terminal.waitnoecho(20)
    run.type("24680")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)
    assert "24680" not in run.printed


def test_a_pin_that_is_wrong_and_then_right(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(WITH_PIN)
    run = desk.start()
    for pin, tries in (("11111", 7), ("22222", 6)):
        run.expect("PIN of YubiKey: ")
        run.terminal.waitnoecho(20)
        run.type(pin)
        run.expect(f"That is not its PIN. {tries} tries are left")
    run.expect("PIN of YubiKey: ")
    run.terminal.waitnoecho(20)
    run.type("24680")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


@pytest.mark.parametrize("selects", [True, False])
def test_the_second_of_two_keys_with_pins(make_desk: MakeDesk, selects: bool) -> None:
    desk = make_desk()
    one = desk.key(Kind(u2f=False, pin="11111", name="One", selects=selects))
    two = desk.key(Kind(u2f=False, pin="22222", name="Two", selects=selects))
    run = desk.start()
    run.expect("Touch the key you want to use (One or Two)")
    two.hold(touch="yes")
    run.expect("PIN of Two: ")
    run.terminal.waitnoecho(20)
    two.hold(touch="no")
    run.type("22222")
    run.expect(f"{TOUCH} again (Two)")
    two.hold(touch="yes")
    assert_signed_in(run, codes=0)
    assert answers(run) == [""]
    assert one.memory.tries == 8


def test_another_way_than_to_say_which_key(make_desk: MakeDesk) -> None:
    desk = make_desk()
    keys = [desk.key(WITH_PIN), desk.key(WITH_PIN)]
    run = desk.start()
    run.expect("Touch the key you want to use (YubiKey)")
    press(run, "?")
    pick(run, AUTHENTICATOR)
    run.answer_code()
    assert_signed_in(run)
    assert [len(key.memory.credentials) for key in keys] == [1, 1]


def test_a_pin_that_blocks_the_key(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(WITH_PIN)
    memory = key.memory
    memory.tries = 1
    key.keep(memory)
    run = desk.start()
    run.expect("PIN of YubiKey: ")
    run.terminal.waitnoecho(20)
    run.type("11111")
    run.expect("YubiKey is blocked: its PIN was wrong too often.")
    press(run, "?")
    pick(run, AUTHENTICATOR)
    run.answer_code()
    assert_signed_in(run)


@both
def test_ctrl_c_while_a_key_blinks(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    run = desk.start()
    run.expect(TOUCH)
    run.terminal.sendintr()
    assert run.end() == 130
    assert "Traceback" not in run.printed
    assert key.memory.counter == 0
    assert desk.stage.profile() == {}


@both
def test_a_key_that_is_pulled_out_while_it_blinks(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    run = desk.start()
    run.expect(TOUCH)
    key.hold(plugged=False)
    run.expect("SoftKey was pulled out")
    key.hold(plugged=True)
    press(run, "\r")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


@both
def test_a_key_that_does_not_answer_and_is_put_in_anew(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    key.hold(touch="silent")
    run = desk.start()
    run.expect("SoftKey does not answer. Pull it out and put it in again.")
    run.expect("ENTER to try again")
    key.hold(plugged=False)
    key.hold(plugged=True, touch="no")
    press(run, "\r")
    run.expect(TOUCH)
    key.hold(touch="silent")
    run.expect("SoftKey does not answer.")
    key.hold(touch="yes")
    press(run, "\r")
    assert_signed_in(run, codes=0)


def test_ctrl_c_while_a_key_is_silent(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.key().hold(touch="silent")
    run = desk.start()
    run.expect("does not answer")
    run.terminal.sendintr()
    assert run.end() == 130
    assert "Traceback" not in run.printed


def test_a_key_that_nobody_touches(make_desk: MakeDesk) -> None:
    desk = make_desk(prompt_seconds=1)
    desk.key()
    run = desk.start()
    run.expect(TOUCH)
    assert run.end() == 5
    assert "was not touched within 1 seconds" in run.printed
    assert "--mfa" in run.printed


@both
def test_an_answer_that_was_seen_signs_nobody_else_in(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    rehearsal = desk.stage.rehearsal
    keys, seen = rehearsal.person.keys, []
    verify = keys.verify

    def watched(challenge: bytes, answer: str) -> bool:
        seen.append((challenge, answer))
        return verify(challenge, answer)

    keys.verify = watched  # type: ignore[method-assign]  # somebody looks on
    run = desk.start()
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)
    [(challenge, answer)] = seen
    assert not verify(challenge, answer)
    with Browser(rehearsal) as thief:
        thief.open()
        thief.identify()
        thief.submit("Passwd", rehearsal.password)
        thief.submit("id-assertion", answer)
        assert REFUSED["key"] in thief.text
    assert answers(run) == [
        "",
        "The challenge was answered before.",
        "The key signed for another challenge.",
    ]


@both
def test_a_copy_of_a_key_is_refused_and_the_key_is_not(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    (known,) = desk.stage.rehearsal.person.keys.registered
    known.counter = 2
    key.hold(touch="yes")
    run = desk.start()
    # The answers count 1, 2 and 3: what was counted before is a replay.
    run.expect(f"{TOUCH} (SoftKey)")
    run.expect(REFUSED["key"])
    run.expect(f"{TOUCH} (SoftKey)")
    assert_signed_in(run, codes=0)
    assert answers(run) == ["The counter did not go on."] * 2 + [""]


def test_answers_that_are_never_taken(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key()
    (known,) = desk.stage.rehearsal.person.keys.registered
    known.counter = 99
    key.hold(touch="yes")
    run = desk.start()
    assert run.end() == 5
    assert f"Google did not accept the answer of the security key: {REFUSED['key']}" in run.printed
    assert len(answers(run)) == 3


@both
def test_keys_are_not_used(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages)
    key = desk.key()
    run = desk.start("--disable-u2f")
    pick(run, AUTHENTICATOR)
    assert "-D says to use none" in run.printed
    assert "Security key" not in run.printed
    run.answer_code()
    assert_signed_in(run)
    assert key.memory.counter == 0


@both
def test_without_the_package_it_is_named_and_there_is_another_way(
    make_desk: MakeDesk, pages: Family
) -> None:
    desk = make_desk(pages)
    desk.key()
    desk.keys.clear()  # which takes python-fido2 away
    run = desk.start()
    pick(run, AUTHENTICATOR)
    (line,) = re.findall(r".*fido2.*", run.printed)
    assert "pip install 'samlauth[fido2]'" in line
    run.answer_code()
    assert_signed_in(run)


@both
def test_the_key_is_chosen_by_mfa(make_desk: MakeDesk, pages: Family) -> None:
    desk = make_desk(pages, mfa="totp")
    key = desk.key()
    run = desk.start("--mfa", "key")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)


def test_a_key_needs_no_terminal(make_desk: MakeDesk) -> None:
    desk = make_desk("g2")
    desk.key().hold(touch="yes")
    stage = desk.stage
    done = stage.piped(*stage.main_job, stdin=f"{stage.rehearsal.password}\n", **desk.told)
    assert done.returncode == 0, done.stderr
    assert TOUCH in done.stderr
    assert done.stdout == ""


def test_a_wrong_key_and_nobody_to_change_it(make_desk: MakeDesk) -> None:
    desk = make_desk("g2")
    desk.key().hold(plugged=False)
    desk.key(Kind(name="Wrong"), registered=False)
    stage = desk.stage
    done = stage.piped(*stage.main_job, stdin=f"{stage.rehearsal.password}\n", **desk.told)
    assert done.returncode == 6
    assert "plugged in here (Wrong) is registered for this account." in done.stderr


def test_what_is_signed_is_in_no_log(make_desk: MakeDesk) -> None:
    desk = make_desk("v3")
    key = desk.key(WITH_PIN)
    run = desk.start("--log", "debug")
    run.expect("PIN of YubiKey: ")
    run.terminal.waitnoecho(20)
    run.type("24680")
    run.expect(TOUCH)
    key.hold(touch="yes")
    assert_signed_in(run, codes=0)
    assert "24680" not in run.printed
    assert "signature" not in run.printed


# Rehearse


def rehearse(desk: Desk, *words: str) -> Run:
    """``samlauth rehearse`` on a terminal, in an environment of its own."""
    environ = desk.stage.environ(desk.told)
    return Run(desk.stage, [str(SAMLAUTH), "rehearse", "google", *words], environ)


def test_a_rehearsal_registers_the_persons_key(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(registered=False)
    told = [f"{name}={value}" for name, value in desk.told.items()]
    rehearsal = desk.stage.rehearsal
    command = ["env", *told, str(SAMLAUTH), *desk.stage.main_job]
    run = rehearse(desk, "--mfa", "key", "--roles", "1", "--", *command)
    run.expect("Touch your security key to register it (SoftKey)")
    key.hold(touch="yes")
    run.expect("  key       the one that was registered")
    key.hold(touch="no")
    (password,) = re.findall(r"  password  (\S+)", run.printed)
    run.answer_password(password)
    run.expect(f"{TOUCH} (SoftKey)")
    key.hold(touch="yes")
    assert run.end() == 0, run.printed
    assert "No browser would have sent this" not in run.printed
    assert rehearsal.person.keys.registered == []


def test_a_rehearsal_without_a_key_says_so(make_desk: MakeDesk) -> None:
    desk = make_desk()
    key = desk.key(registered=False)
    key.hold(plugged=False)
    run = rehearse(desk, "--mfa", "key", "--", "true")
    run.expect("No security key is plugged in.")
    run.expect("Without a key, the page for one can only be left for another way.")
    assert run.end() == 0
    desk.keys.clear()
    run = rehearse(desk, "--mfa", "key", "--", "true")
    run.expect("pip install 'samlauth[fido2]'")
    assert run.end() == 0
