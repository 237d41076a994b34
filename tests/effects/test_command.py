"""The person's command: found as a shell finds it, waited for as a shell waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from samlauth.effects.command import become, find, wait_for
from samlauth.errors import SamlauthError


def script(path: Path, *, mode: int = 0o755) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(mode)
    return str(path)


def path_of(*folders: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, folders))}


def test_the_first_that_can_be_executed_is_found(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    (one / "tool").mkdir(parents=True)
    script(two / "tool", mode=0o644)
    wanted = script(three / "tool")
    assert find("tool", path_of(one, two, three)) == wanted
    assert find(wanted, {}) == wanted


def test_a_name_with_a_slash_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "tool")
    monkeypatch.chdir(tmp_path)
    assert find("./tool", path_of(tmp_path / "elsewhere")) == "./tool"


@pytest.mark.parametrize("name", ["tool", "/nowhere/tool", "", "a\x1b[31mb"])
def test_no_such_command_is_127(name: str, tmp_path: Path) -> None:
    with pytest.raises(SamlauthError) as refused:
        find(name, path_of(tmp_path))
    assert refused.value.exit_code == 127
    assert "\x1b" not in refused.value.message


def test_what_is_no_program_is_126(tmp_path: Path) -> None:
    script(tmp_path / "tool", mode=0o644)
    for name, environ, why in (
        ("tool", path_of(tmp_path), "you may not execute it"),
        (str(tmp_path), {}, "it is a folder"),
    ):
        with pytest.raises(SamlauthError) as refused:
            find(name, environ)
        assert refused.value.exit_code == 126
        assert why in refused.value.message


@pytest.mark.parametrize(
    ("content", "why"), [(b"\x00\x01", "no #! line"), (b"#!/no/such/sh\n", "")]
)
def test_what_the_system_will_not_run_is_126(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "tool"
    path.write_bytes(content)
    path.chmod(0o755)
    program = (
        "import sys; from samlauth.effects.command import become\n"
        "from samlauth.errors import SamlauthError\n"
        "try: become(sys.argv[1], ['tool'], {})\n"
        "except SamlauthError as error: print(error.exit_code, error.message)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith("126 tool cannot be run: ")
    assert why in done.stdout


def test_where_nothing_can_be_become_it_is_waited_for() -> None:
    environ = {"PATH": os.defpath, "X": "y"}
    before = signal.getsignal(signal.SIGINT)
    assert wait_for("/bin/sh", ["sh", "-c", 'test "$X$0" = ysh && exit 7'], environ) == 7
    assert wait_for("/bin/sh", ["sh", "-c", "kill -TERM $$"], environ) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is before


def test_a_windows_process_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "name", "nt")
    assert become("/bin/sh", ["sh", "-c", "exit 5"], {}) == 5
