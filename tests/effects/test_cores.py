"""A process that holds a password leaves no core file; what the person starts may."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

resource = pytest.importorskip("resource", reason="Windows writes no core files")


def limits(code: str, soft: str = "unlimited") -> list[str]:
    """What a process prints that began with this limit."""
    script = f'ulimit -Sc {soft} && exec "$0" -c "$1"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, f"import resource\n{SHOW}\n{code}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.split()


SHOW = "show = lambda: print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
CORES = "from samlauth.effects import cores"


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="core files are forbidden here"
)
class TestLimit:
    def test_it_is_none_and_then_as_it_was(self) -> None:
        code = f"{CORES}; show(); cores.leave_none(); show(); cores.leave_none(); show()"
        assert limits(code + "; cores.as_before(); show()", "7") == [
            limits("show()", "7")[0],
            "0",
            "0",
            limits("show()", "7")[0],
        ]

    def test_what_was_none_stays_none(self) -> None:
        assert limits(f"{CORES}; cores.leave_none(); cores.as_before(); show()", "0") == ["0"]

    def test_nothing_is_undone_that_was_not_done(self) -> None:
        assert limits(f"{CORES}; cores.as_before(); show()", "7") == limits("show()", "7")

    def test_a_crash_leaves_nothing_behind(self, tmp_path: Path) -> None:
        code = f"{CORES}; cores.leave_none(); import os; os.abort()"
        subprocess.run(
            ["/bin/sh", "-c", 'ulimit -Sc unlimited; "$0" -c "$1"', sys.executable, code],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert list(tmp_path.iterdir()) == []


def test_no_library_is_loaded_for_it() -> None:
    assert limits(
        f"import sys; {CORES}; cores.leave_none(); print('ctypes' in sys.modules)", "0"
    ) == ["False"]
