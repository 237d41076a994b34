"""One write of the AWS files in a folder, between two marks in the trace: ``writer.py FOLDER``.

Imports nothing but the writer, and that before the first mark. Ends with the error's exit code
and its message, or with 0 and the notices.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import filelock  # noqa: F401 - the writer loads it when it first locks; here that is too late

import samlauth.awsfiles.edits
import samlauth.effects.files.replacement  # noqa: F401 - the same: when it first writes
from samlauth.effects.files import AWSFiles
from samlauth.errors import FileError
from tests.faults.accounts import SESSION, SETTINGS

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    files = AWSFiles(folder / "config", folder / "credentials")
    code, said = 0, ""
    os.sched_yield()
    try:
        written = files.write({"sts": SETTINGS}, {"sts": SESSION})
        said = "\n".join(written.notices)
    except FileError as error:
        code, said = error.exit_code, f"{error.message} {error.hint}"
    os.sched_yield()
    os.writev(1, [said.encode()])  # another call than those of the write: it must not fail as well
    sys.exit(code)
