"""The fault programs at a length for every day; ``python -m tests.faults`` has the full one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samlauth.effects.files import AWSFiles
from tests.faults import accounts, syscalls
from tests.faults.syscalls import CASES, ERRORS, GOOD, ROOT, Harness

needs_strace = pytest.mark.skipif(
    not shutil.which("strace") and "CI" not in os.environ,
    reason="strace is not installed; in CI it must be",
)


def program(name: str, *arguments: int, home: Path) -> dict[str, Any]:
    """What a fault program found. It forks, which a process with threads, as pytest is, must not."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.faults.{name}", *map(str, arguments)],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@needs_strace
@pytest.mark.parametrize("case", CASES)
def test_a_kill_before_any_call_loses_nothing(
    case: Callable[[Path], AWSFiles], tmp_path: Path
) -> None:
    results = Harness(case, tmp_path).kills(brief=True)
    assert [result for result in results if result.outcome not in GOOD] == []
    assert {result.outcome for result in results} == set(GOOD)


@needs_strace
@pytest.mark.parametrize("error", ERRORS)
def test_a_call_that_fails_leaves_the_old_and_says_so_or_does_not_matter(
    error: str, tmp_path: Path
) -> None:
    results = Harness(syscalls.update, tmp_path).failures(error, brief=True)
    assert [result for result in results if result.outcome not in GOOD] == []
    assert {result.code for result in results} == {0, 10}


@needs_strace
def test_nothing_takes_its_place_before_it_is_on_the_disk(tmp_path: Path) -> None:
    accounts.make(tmp_path / "aws")
    assert syscalls.run(tmp_path / "aws", tmp_path / "cache").returncode == 0
    seen: dict[str, str] = {}
    order = []
    for line in (tmp_path / "aws.trace").read_text().splitlines():
        if opened := re.match(
            r'openat\(AT_FDCWD, "(.*/aws(?:/\..*samlauth-.*)?)", .* = (\d+)$', line
        ):
            seen[opened[2]] = "folder" if opened[1].endswith("/aws") else "file"
        elif called := re.match(r"(write|fsync)\((\d+)", line):
            if called[2] in seen:
                order.append(f"{called[1]} {seen[called[2]]}")
        elif closed := re.match(r"close\((\d+)\)", line):
            seen.pop(closed[1], None)
        elif re.match(r'rename\(".*/aws/\.', line):  # and not of a module just compiled
            order.append("rename")
    assert order == ["write file", "fsync file", "rename", "fsync folder"] * 2


def test_a_thousand_kills_at_random_lose_nothing(tmp_path: Path) -> None:
    found = program("kills", 1000, home=tmp_path)
    assert found["in_time"] > 300
    assert found["most_leftovers"] <= 1
    wrong = ("lost", "mixed", "too_open", "leftovers_in_the_end")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)


def test_every_update_of_many_writers_is_kept_and_no_reader_sees_a_part(tmp_path: Path) -> None:
    found = program("crowd", 32, 10, home=tmp_path)
    assert found["kept"] == found["updates"] == 320
    assert found["reads"] > 50
    wrong = ("old_lost", "broken_reads")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)


def test_a_hundred_rounds_beside_aws_configure_set_lose_nothing_of_others(tmp_path: Path) -> None:
    found = program("neighbour", 100, home=tmp_path)
    assert found["rounds"] == 100
    assert found["writes"] > 100
    wrong = ("old_lost", "neighbours_lost", "ours_refused")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0)


def test_the_aws_command_itself_writes_beside_us(tmp_path: Path) -> None:
    files = accounts.make(tmp_path / "aws")
    command = Path(sys.executable).with_name("aws")
    environ = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(files.config),
        "AWS_SHARED_CREDENTIALS_FILE": str(files.credentials),
    }
    for number in range(3):
        arguments = ["configure", "set", "aws_session_token", str(number), "--profile", "theirs"]
        with subprocess.Popen([command, *arguments], env=environ) as aws:
            written = 0
            while aws.poll() is None:
                written += 1
                files.write({}, {"ours": {"aws_session_token": f"{number}-{written}"}})
        assert aws.returncode == 0
        assert written
        credentials = accounts.parsed(files.credentials)
        assert credentials["theirs"] == {"aws_session_token": str(number)}
        assert accounts.lost(files) == 0
