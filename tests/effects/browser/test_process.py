"""Processes that end as they should, and those that do not."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

import pytest

from samlauth.effects.browser import process
from samlauth.effects.browser.posix import Child
from samlauth.effects.browser.process import NotStartedError, surroundings

ENVIRON = {"PATH": os.defpath}


@contextmanager
def running(script: str, ready: Path | None = None) -> Iterator[Child]:
    """A shell that has got as far as to write ``ready``."""
    child = Child()
    child.start(["/bin/sh", "-c", script], ENVIRON, None)
    pause = threading.Event()
    while ready is not None and not ready.exists():
        assert not child.ends_within(0)
        pause.wait(0.01)
    try:
        yield child
    finally:
        child.end(lambda: None)


def gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FAREWELL_SECONDS", 0.3)
    monkeypatch.setattr(process, "HELPERS_SECONDS", 0.6)


def test_how_it_ended_and_what_it_said() -> None:
    with running("echo it broke >&2; exit 3") as child:
        assert child.ends_within(10)
        assert (child.status, child.settled_complaints()) == (3, "it broke\n")


def test_what_killed_it() -> None:
    with running("kill -9 $$") as child:
        assert child.ends_within(10)
        assert child.status == -9


def test_one_that_talks_without_end_is_not_held_up() -> None:
    with running("yes | head -c 3000000 >&2") as child:
        assert child.ends_within(10)
        assert len(child.settled_complaints()) < 1000


def test_one_that_minds_nothing_is_killed_with_its_helpers(tmp_path: Path) -> None:
    ready = tmp_path / "pids"
    script = f"trap '' TERM HUP INT; sleep 100 & echo $! $$ >{ready}.new; mv {ready}.new {ready}; wait; sleep 100"
    with running(script, ready) as child:
        pids = [int(word) for word in ready.read_text().split()]
        child.end(lambda: child.hang_up(0))
        assert all(map(gone, pids))
        assert child.status == -9


def test_helpers_of_one_that_has_ended_are_ended(tmp_path: Path) -> None:
    ready = tmp_path / "pids"
    with running(f"sleep 100 & echo $! >{ready}.new; mv {ready}.new {ready}") as child:
        pause = threading.Event()
        while not ready.exists():
            pause.wait(0.01)
        assert child.ends_within(10)
        pid = int(ready.read_text())
        assert not gone(pid)
        child.end(lambda: None)
        assert gone(pid)
        assert child.status == 0


def test_an_interrupt_while_it_is_asked_does_not_keep_it(tmp_path: Path) -> None:
    ready = tmp_path / "pid"

    def interrupted() -> None:
        raise KeyboardInterrupt

    with running(f"echo $$ >{ready}.new; mv {ready}.new {ready}; exec sleep 100", ready) as child:
        with pytest.raises(KeyboardInterrupt):
            child.end(interrupted)
        assert gone(int(ready.read_text()))


def test_the_browser_behind_a_wrapper_is_asked_itself(tmp_path: Path) -> None:
    ready, asked, inner = tmp_path / "pid", tmp_path / "asked", tmp_path / "inner"
    inner.write_text(
        f"trap 'echo >{asked}; exit' HUP\n"
        f"echo $$ >{ready}.new; mv {ready}.new {ready}\n"
        "sleep 100 & wait\n"
    )
    with running(f"/bin/sh {inner}; true", ready) as child:
        child.end(lambda: child.hang_up(int(ready.read_text())))
        assert asked.exists()


def test_a_stranger_is_not_asked(tmp_path: Path) -> None:
    with running("exec sleep 100") as child, running("exec sleep 100") as stranger:
        child.end(lambda: child.hang_up(stranger._pid))
        assert child.status == -1  # SIGHUP
        assert not stranger.ended()


def test_what_cannot_be_executed(tmp_path: Path) -> None:
    child = Child()
    with pytest.raises(NotStartedError) as caught:
        child.start([str(tmp_path / "gone")], ENVIRON, None)
    assert caught.value.reason == "No such file or directory"
    child.end(lambda: None)


def test_it_has_a_session_of_its_own_and_only_the_files_it_is_given(tmp_path: Path) -> None:
    said = tmp_path / "said"
    # As a shell hands on a file by its number: `--password-file /dev/fd/5 5<FILE`.
    secret = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        with running(f"ls /proc/$$/fd >{said}; cut -d' ' -f5,6 /proc/$$/stat >>{said}") as child:
            assert child.ends_within(10)
    finally:
        os.close(secret)
    *files, ids = said.read_text().split("\n")[:-1]
    assert ids == f"{child._pid} {child._pid}"
    assert set(files) <= {"0", "1", "2", "10", "11", "255"}  # the last three are a shell's own
    assert str(secret) not in files


class TestSurroundings:
    def test_secrets_stay(self) -> None:
        kept = {"PATH": "/bin", "DISPLAY": ":0", "http_proxy": "http://proxy.example"}
        dropped = {
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_PROFILE": "x",
            "SAMLAUTH_PASSWORD_COMMAND": "x",
            "GOOGLE_USERNAME": "x",
            "GITHUB_TOKEN": "x",
            "db_password": "x",
            "HTTPS_PROXY": "http://ada:hunter2@proxy.example",
        }
        with surroundings({**kept, **dropped}) as environ:
            assert {**environ, "TMPDIR": ""} == {**kept, "TMPDIR": ""}

    def test_the_temporary_folder_is_private_and_goes(self) -> None:
        here = mkdtemp(prefix="s-", dir="/tmp")
        with surroundings({"TMPDIR": here}) as environ:
            folder = Path(environ["TMPDIR"])
            assert folder.parent == Path(here)
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "socket").touch()
        assert list(Path(here).iterdir()) == []
        Path(here).rmdir()

    @pytest.mark.parametrize("usual", ["/tmp/" + "x" * 60, "/nowhere", ""])
    def test_one_that_is_too_long_or_not_there_is_not_used(self, usual: str) -> None:
        if len(usual) > 40:
            Path(usual).mkdir()
        with surroundings({"TMPDIR": usual}) as environ:
            assert Path(environ["TMPDIR"]).parent in (Path(gettempdir()), Path("/tmp"))
            assert len(environ["TMPDIR"]) < 60
        if len(usual) > 40:
            Path(usual).rmdir()
