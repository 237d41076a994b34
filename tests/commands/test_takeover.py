"""The offer to take the place of another tool in a profile's ``credential_process``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

GSTS = "[profile x]\ncredential_process = gsts --idp-id=C01 --sp-id=12\n"
PROGRAM = """
import os
from samlauth.commands.takeover import offer
from samlauth.commands.target import target
print("TAKEN" if offer(target({"profile": "x"}, os.environ)) else "LEFT")
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / ".aws" / "config"
    path.parent.mkdir()
    path.write_text(GSTS)
    return path


def environ(config: Path) -> dict[str, str]:
    return {"HOME": str(config.parents[1]), "PATH": "/usr/bin:/bin", "TERM": "dumb"}


def asked(config: Path, answer: str | None) -> str:
    """What is printed when the question is answered so; None for a question that must not come."""
    run = pexpect.spawn(
        sys.executable,
        ["-c", PROGRAM],
        env=environ(config),
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 250),
    )
    shown = ""
    if answer is not None:
        run.expect_exact("[Y/n] ")
        shown = str(run.before)
        run.sendline(answer)
    run.expect(pexpect.EOF)
    run.close()
    return shown + str(run.before)


def test_a_yes_takes_the_place_and_the_settings_along(config: Path) -> None:
    shown = asked(config, "")
    assert "credential_process = gsts --idp-id=C01 --sp-id=12" in shown
    assert "TAKEN" in shown
    text = config.read_text()
    assert "samlauth.idp_id = C01\nsamlauth.sp_id = 12\n" in text
    assert 'samlauth" credential-process -p x\n' in text


def test_a_no_leaves_it(config: Path) -> None:
    assert "LEFT" in asked(config, "n")
    assert config.read_text() == GSTS


@pytest.mark.parametrize("line", ["credential_process = other", "region = eu-west-1"])
def test_of_any_other_profile_nothing_is_asked(line: str, config: Path) -> None:
    config.write_text(f"[profile x]\n{line}\n")
    assert "LEFT" in asked(config, None)


def test_without_a_terminal_it_is_left(config: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environ(config),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "LEFT\n"
    assert config.read_text() == GSTS
