"""The prompt's line: what the files say, found without parsing them."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.credentials import Credentials
from samlauth.effects import cache, prompt
from samlauth.effects.state import Identity, Issued, State, StateFile


def now() -> datetime:
    """Not a constant: tests that are collected may wait long for their turn."""
    return datetime.now(UTC).replace(microsecond=0)


WHO = Identity("google", "C01", "12", "ada", "arn:aws:iam::111111111111:role/Admin")


class Home:
    def __init__(self, folder: Path) -> None:
        self.aws = folder / ".aws"
        self.aws.mkdir()
        self.environ = {
            "AWS_CONFIG_FILE": str(self.aws / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.aws / "credentials"),
        }

    def written(self, left: timedelta, profile: str = "dev", key_id: str = "ASIA1") -> None:
        ends = now() + left
        StateFile.beside(self.aws / "config").update(
            lambda _: State({profile: Issued("ASIA1", WHO, now() - timedelta(hours=1), ends)})
        )
        (self.aws / "credentials").write_text(
            f"\ufeff[other]\naws_access_key_id = ASIA1\n[{profile}]\n# x\nAWS_Access_Key_Id={key_id}\n"
            f"aws_session_expiration = {ends:%Y-%m-%dT%H:%M:%S%z}\n[later]\n"
        )

    def cached(self, left: timedelta, profile: str = "dev") -> Path:
        ends = now() + left
        path = cache.path_beside(str(self.aws / "config"), profile)
        issued = Issued("ASIA2", WHO, now() - timedelta(hours=1), ends)
        cache.keep(path, str(self.aws / "config"), Credentials("ASIA2", "s", "t", ends), issued)
        return Path(path)

    def line(self, profile: str = "", **more: str) -> str:
        return prompt.line(profile, {**self.environ, **more}).decode()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(hours=11, minutes=5, seconds=30), "11h05m"),
        (timedelta(minutes=58, seconds=30), "58m"),
        (timedelta(minutes=1, seconds=30), "1m"),
    ],
)
@pytest.mark.parametrize("kind", ["written", "cached"])
def test_profile_and_time_left(left: timedelta, said: str, kind: str, home: Home) -> None:
    getattr(home, kind)(left)
    assert home.line("dev") == f"dev {said}\n"


def test_the_last_minute_is_told_in_seconds(home: Home) -> None:
    home.written(timedelta(seconds=55))
    assert re.fullmatch(r"dev \d\ds\n", home.line("dev"))


def test_nothing_is_said_of_what_is_over_or_not_there(home: Home) -> None:
    assert home.line("dev") == ""
    home.written(timedelta(seconds=-1))
    assert home.line("dev") == ""
    home.cached(timedelta(seconds=-1))
    assert home.line("dev") == ""


def test_nothing_is_said_of_keys_somebody_else_wrote(home: Home) -> None:
    home.written(timedelta(hours=1), key_id="ASIA9")
    assert home.line("dev") == ""


def test_a_cache_file_that_is_not_believed_counts_for_nothing(home: Home) -> None:
    home.cached(timedelta(hours=1)).chmod(0o644)
    assert home.line("dev") == ""


def test_the_environment_names_the_profile(home: Home) -> None:
    home.written(timedelta(hours=1, seconds=30), "other")
    assert home.line(AWS_PROFILE="other") == "other 1h00m\n"
    assert home.line(AWS_PROFILE="dev", SAMLAUTH_PROFILE="other") == "other 1h00m\n"
    assert home.line("dev", AWS_PROFILE="other") == ""
    home.written(timedelta(hours=1, seconds=30), "sts")
    assert home.line() == "sts 1h00m\n"


@pytest.mark.parametrize("profile", ["\x1b[31m", "a]\nb", "\udcff"])
def test_no_profile_can_write_on_the_terminal(profile: str, home: Home) -> None:
    (home.aws / "credentials").write_bytes(f"[{profile}]\n".encode("utf-8", "replace"))
    assert home.line(profile) == ""


@pytest.mark.parametrize(
    ("words", "answered"),
    [
        ("status --short", True),
        ("status --short -p dev", True),
        ("status --profile dev --short", True),
        ("status", False),
        ("status --short --short", False),
        ("status --short --json", False),
        ("status --short -p", False),
        ("status -p --short dev", True),
        ("--short", False),
        ("login --short", False),
    ],
)
def test_which_command_lines_are_answered(words: str, answered: bool, home: Home) -> None:
    assert (prompt.answer(words.split(), home.environ) is not None) is answered


def test_the_clock_is_reckoned_as_the_calendar_has_it() -> None:
    rng = random.Random(7)
    for _ in range(2000):
        moment = datetime.fromtimestamp(rng.randrange(0, 2**33), UTC)
        left = moment.timestamp() - time.time()
        for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"):
            assert abs(prompt._left(f"{moment:{form}}".encode()) - left) <= 1.5, moment


@pytest.mark.parametrize(
    "text", [b"", b"soon", b"2026-11-21", b"2026-11-21T21:00:00+02:00", b"a-b-cTd:e:f", b"\xff"]
)
def test_what_is_no_time_counts_for_nothing(text: bytes) -> None:
    assert prompt._left(text) == 0


def test_next_to_nothing_is_loaded_for_it(home: Home) -> None:
    home.cached(timedelta(hours=2, seconds=30))
    program = (
        "import os, sys; before = set(sys.modules); write = os._exit\n"
        "def leave(code):\n"
        "    sys.stderr.write(' '.join(sorted(set(sys.modules) - before))); sys.stderr.flush()\n"
        "    write(code)\n"
        "os._exit = leave\n"
        "sys.argv = ['samlauth', 'status', '--short', '-p', 'dev']\n"
        "from samlauth.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=home.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "dev 2h00m\n"
    loaded = {name for name in done.stderr.split() if not name.startswith("samlauth")}
    assert loaded <= {"__future__", "_bootlocale"}, json.dumps(sorted(loaded))
