"""A rehearsal in which a person has signed in once, in a browser that is still signed in.

``python -m tests.bench.browser`` prints, as JSON, the variables and the arguments with which samlauth
signs in again, silently, until standard input ends.
"""

from __future__ import annotations

import json
import sys

from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.browser import Bed
from tests.e2e.stage import Stage


def main() -> None:
    """Sign in by hand, then wait."""
    with Rehearsal(mfa="rejected", roles=1) as rehearsal, Bed(rehearsal) as bed:
        stage = Stage(rehearsal)
        path = ("--browser-path", str(bed.path))
        first = stage.start(*stage.main_job, "--browser", "--browser-mode", "devtools", *path)
        window = bed.window()
        window.answer(identifier=rehearsal.username)
        window.answer(Passwd=rehearsal.password)
        assert first.end() == 0, first.printed
        arguments = ("-p", "sts-temp", "--browser-mode", "auto", "--force", *path)
        json.dump({"environ": stage.environ({}), "arguments": arguments}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
