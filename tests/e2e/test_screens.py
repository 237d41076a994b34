"""What a person sees, as text: in tmux, 80 and 40 columns wide.

The screens are in ``goldens``. ``SAMLAUTH_GOLDENS=write`` in the environment writes them anew, to be
read before they are committed. What differs from run to run is known to the test, and stands there
as a value that is always the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.sandbox import phone
from samlauth.sandbox.accounts import account_role
from tests.e2e.screen import Screen
from tests.e2e.stage import SAMLAUTH, MakeStage, Stage

GOLDENS = Path(__file__).parent / "goldens"
WRITE = os.environ.get("SAMLAUTH_GOLDENS") == "write"
DEV, PROD = "111111111111", "222222222222"
EXPIRES = "2026-11-21 21:30:00"
NOTES = f"[profile sts-temp]\nsamlauth.note.{DEV} = 請求書 👩 Cafe\u0301\nsamlauth.note.{PROD} = ask Grace\n"
ROLES = (
    *(account_role(DEV, name) for name in ("ReadOnly", "Administrator")),
    *(account_role(PROD, name) for name in ("Developer", "ReadOnly")),
    account_role(PROD, "A-role-whose-name-is-longer-than-a-narrow-terminal-is-wide"),
)

each_width = pytest.mark.parametrize("columns", [80, 40])


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[ExitStack]:
    """Ends what was shown."""
    with ExitStack() as stack:
        yield stack


def show(screens: ExitStack, stage: Stage, columns: int, *arguments: str, **more: str) -> Screen:
    environ = {**stage.environ(more), "TZ": "UTC"}
    command = (str(SAMLAUTH), *(arguments or stage.main_job))
    screen = Screen(stage.rehearsal.folder, command, environ, columns=columns)
    return screens.enter_context(screen)


def assert_golden(name: str, columns: int, shown: str) -> None:
    path = GOLDENS / f"{name}-{columns}.txt"
    if WRITE:
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8"), f"{path.name}; SAMLAUTH_GOLDENS=write writes it anew"


def answer_password(screen: Screen, stage: Stage) -> None:
    screen.until("Google Password:")
    screen.type(stage.rehearsal.password)
    screen.press("Enter")


def settled(shown: str, stage: Stage) -> str:
    """The screen with the end of the credentials, which the file has, at a time of its own."""
    found = datetime.strptime(stage.profile()["aws_session_expiration"], "%Y-%m-%dT%H:%M:%S%z")
    return exchanged(shown, f"{found:%Y-%m-%d %H:%M:%S}", EXPIRES)


def exchanged(shown: str, text: str, other: str) -> str:
    """The screen with one text, that may be on two lines, exchanged for another as long."""
    assert len(text) == len(other)
    for at in range(1, len(text) + 1):
        broken = f"{text[:at]}\n{text[at:]}"
        shown = shown.replace(broken, f"{other[:at]}\n{other[at:]}")
        if text[at : at + 1] == " ":
            broken = f"{text[:at]}\n{text[at + 1 :]}"
            shown = shown.replace(broken, f"{other[:at]}\n{other[at + 1 :]}")
    return shown.replace(text, other)


@each_width
def test_a_login(columns: int, make_stage: MakeStage, screens: ExitStack) -> None:
    stage = make_stage(roles=ROLES[:2])
    screen = show(screens, stage, columns)
    answer_password(screen, stage)
    screen.until("MFA token:")
    code = stage.rehearsal.code()
    screen.type(code)
    screen.press("Enter")
    screen.until("Role to assume:")
    screen.press("Down", "Enter")
    assert screen.end() == 0
    shown = exchanged(screen.shown(), code, "492039")
    assert_golden("login", columns, settled(shown, stage))


@each_width
def test_the_picker(columns: int, make_stage: MakeStage, screens: ExitStack) -> None:
    stage = make_stage(mfa="none", roles=ROLES)
    stage.write_config(NOTES)
    config = stage.aws / "config"
    now = datetime.now(UTC)
    issued = Issued("x", Identity("", "", "", "", ROLES[3].role_arn), now, now)
    StateFile.beside(config).update(
        lambda state: state.with_login("x", issued, {}, roles=[ROLES[3].role_arn])
    )
    screen = show(screens, stage, columns)
    answer_password(screen, stage)
    assert_golden("picker", columns, screen.until("Roles: type"))
    screen.type("grace PROD narrow")
    assert_golden("picker-filtered", columns, screen.until("1 of 5"))
    screen.type("x")
    assert_golden("picker-nothing", columns, screen.until("No role matches"))
    screen.press("C-u")
    screen.until("Roles: type")
    screen.press("Enter")
    assert screen.end() == 0
    shown = settled(screen.shown(), stage)
    assert_golden("picker-after", columns, shown)
    assert f"Assuming {ROLES[3].role_arn}" in shown.replace("\n", " ")


@each_width
def test_the_plain_list(columns: int, make_stage: MakeStage, screens: ExitStack) -> None:
    stage = make_stage(mfa="none", roles=ROLES)
    stage.write_config(NOTES)
    if columns == 80:
        screen = show(screens, stage, columns, *stage.main_job, "--plain")
    else:
        screen = show(screens, stage, columns, SAMLAUTH_PLAIN="yes")
    answer_password(screen, stage)
    assert_golden("picker-plain", columns, screen.until("(1 - 5)"))
    screen.type("3")
    screen.press("Enter")
    assert screen.end() == 0


@each_width
def test_a_wait(
    columns: int, make_stage: MakeStage, screens: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone, "_number", lambda _="": "42")
    stage = make_stage(mfa="number", pages="g2", roles=ROLES[:1])
    screen = show(screens, stage, columns)
    answer_password(screen, stage)
    assert_golden("wait-number", columns, counted(screen.until("ENTER when")))
    stage.rehearsal.phone.tap("42")
    screen.press("Enter")
    assert screen.end() == 0
    shown = settled(screen.shown(), stage)
    assert_golden("wait-number-after", columns, shown)


@each_width
def test_a_wait_that_is_counted_down(
    columns: int, make_stage: MakeStage, screens: ExitStack
) -> None:
    stage = make_stage(mfa="prompt", pages="g2", roles=ROLES[:1])
    screen = show(screens, stage, columns)
    answer_password(screen, stage)
    screen.until(" s left")
    assert_golden("wait", columns, counted(screen.until("ways")))
    stage.rehearsal.phone.tap()
    assert screen.end() == 0


def test_a_wait_on_a_terminal_whose_width_changes(
    make_stage: MakeStage, screens: ExitStack
) -> None:
    stage = make_stage(mfa="prompt", pages="g2", roles=ROLES[:1])
    screen = show(screens, stage, 80)
    answer_password(screen, stage)
    screen.until("s left; ? for other ways")
    screen.widen(40)
    screen.until("phone ·\n1")
    screen.widen(100)
    shown = screen.until("phone · 1")
    # What was above the line still is.
    assert "Look at the phone of the rehearsal\nWaiting for your answer on the phone · 1" in shown
    screen.press("C-c")
    assert screen.end() == 130
    assert screen.shown().endswith("Look at the phone of the rehearsal\n\nsamlauth: stopped.\n")


def counted(shown: str) -> str:
    """The screen as it is when the wait begins, if it is no more than half a minute later."""
    (left,) = re.findall(r"(\d+) s left", shown) or ["180"]
    assert 150 <= int(left) <= 180
    return shown.replace(f"{left} s left", "180 s left")


@each_width
def test_an_error(columns: int, make_stage: MakeStage, screens: ExitStack) -> None:
    stage = make_stage(mfa="none", roles=ROLES[:3])
    screen = show(screens, stage, columns, *stage.main_job, "-r", "Nobody")
    answer_password(screen, stage)
    assert screen.end() == 7
    assert_golden("error", columns, screen.shown())


@each_width
def test_the_status(columns: int, make_stage: MakeStage, screens: ExitStack) -> None:
    stage = make_stage()
    now = datetime.now(UTC)
    keys = "[{0}]\naws_access_key_id = ASIA{0}\naws_secret_access_key = x\n"
    stage.aws.mkdir(mode=0o700)
    (stage.aws / "credentials").write_text(keys.format("sts-temp") + keys.format("old"))
    memory = StateFile.beside(stage.aws / "config")
    # Neither is another a quarter of a minute later.
    for profile, user, minutes in (("sts-temp", "ada", 58.5), ("old", "管理者", -1.0)):
        role = account_role(DEV, "Developer").role_arn
        whose = Identity("google", "C01", "1", f"{user}@example.com", role)
        ends = now + timedelta(minutes=minutes)
        issued = Issued(f"ASIA{profile}", whose, now - timedelta(hours=1), ends)
        memory.update(partial(State.with_login, profile=profile, issued=issued, durations={}))
    screen = show(screens, stage, columns, "status")
    assert screen.end() == 0
    assert_golden("status", columns, screen.shown())


def test_the_screens_are_nobodys() -> None:
    shown = {path.name: path.read_text("utf-8") for path in GOLDENS.iterdir()}
    assert len(shown) == 2 * len({name.rpartition("-")[0] for name in shown}) > 12
    for text in shown.values():
        # No folder of a machine, and nobody's address but ours.
        assert re.findall(r"(?:^|[\s\"'])/\w+", text) == []
        assert set(re.findall(r"@([\w.]+)", text)) <= {"example.com"}
