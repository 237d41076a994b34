"""``samlauth rehearse``: try samlauth, or anything that uses it, where nothing is real."""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from samlauth.errors import UsageError

if TYPE_CHECKING:
    from samlauth.sandbox.rehearsal import Rehearsal

PROFILE = "sts-temp"

_EXTRA = ("flask", "flask_cors", "moto", "signxml", "trustme")
_CODES_SHOWN = 6
_GRACE = 5.0
"""Seconds a command has to end once it was told to."""

_PROOF_WITHOUT_AWS = f"""\
import boto3
session = boto3.Session(profile_name="{PROFILE}")
sts = session.client("sts", region_name=session.region_name or "us-east-1")
print(sts.get_caller_identity()["Arn"])
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describes the command line, everything after ``samlauth rehearse``."""
    providers = parser.add_subparsers(
        dest="idp", required=True, metavar="google", prog="samlauth rehearse"
    )
    google = providers.add_parser(
        "google",
        usage="samlauth rehearse google [options] [-- CMD ...]",
        help="a fake Google Workspace",
    )
    google.add_argument(
        "--pages",
        choices=("g2", "v3"),
        default="v3",
        help="the family of sign-in pages: those until 2024, or those since (default: v3)",
    )
    google.add_argument(
        "--roles",
        type=_number,
        default=3,
        metavar="N",
        help="how many roles the assertion offers (default: 3)",
    )
    google.add_argument("--shell", action="store_true", help="open a shell in the rehearsal")
    google.add_argument(
        "command",
        nargs="*",
        metavar="CMD",
        help="what to run, after -- (default: sign in to the profile "
        f"{PROFILE} and show whose credentials it holds)",
    )


def run(options: argparse.Namespace) -> int:
    """Runs the command in a rehearsal; its exit code.

    Raises UsageError when the extra ``sandbox`` is missing or the command cannot be run.
    """
    if options.shell and options.command:
        raise UsageError(
            "--shell and a command were both given.",
            hint="Give one of them; the command can be typed in the shell.",
        )
    captured = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
    with (
        _signals_unwind(),
        _rehearsal_class()(
            pages=options.pages,
            roles=options.roles,
            captured=Path(captured) if captured else None,
        ) as rehearsal,
    ):
        _say(_banner(rehearsal))
        if options.shell:
            _say("Leave the shell to end the rehearsal.\n")
            code = _run(_shell(), rehearsal)
        elif options.command:
            code = _run(options.command, rehearsal)
        else:
            code = _run(_main_job(rehearsal), rehearsal, shown=True)
            if code == 0:
                code = _run(_proof(rehearsal), rehearsal, shown=True)
        _say(_count(rehearsal))
        return code


def _rehearsal_class() -> type[Rehearsal]:
    for name in _EXTRA:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name != name:
                raise
            raise UsageError(
                f"A rehearsal needs a package that is not installed: {name}.",
                hint="Install samlauth with its extra: pip install 'samlauth[sandbox]'",
            ) from None
    from samlauth.sandbox.rehearsal import Rehearsal

    return Rehearsal


def _main_job(rehearsal: Rehearsal) -> list[str]:
    return [
        *("samlauth", "-u", rehearsal.username),
        *("-I", rehearsal.idp_id, "-S", rehearsal.sp_id, "-p", PROFILE),
    ]


def _proof(rehearsal: Rehearsal) -> list[str]:
    """What shows whose credentials the profile holds: the aws CLI, else the same through boto3."""
    if shutil.which("aws", path=rehearsal.environ["PATH"]):
        return ["aws", "sts", "get-caller-identity", "--profile", PROFILE]
    return [sys.executable, "-c", _PROOF_WITHOUT_AWS]


def _shell() -> list[str]:
    return [
        os.environ.get("COMSPEC", "cmd.exe")
        if os.name == "nt"
        else os.environ.get("SHELL", "/bin/sh")
    ]


def _run(command: Sequence[str], rehearsal: Rehearsal, *, shown: bool = False) -> int:
    """Runs a command with this terminal in the rehearsal's environment; its exit code.

    A command that a signal ended counts as a shell counts it: 128 and the signal's number.
    """
    program = shutil.which(command[0], path=rehearsal.environ["PATH"])
    if program is None:
        raise UsageError(
            f"{command[0]} cannot be run: there is no such command.",
            hint="Look at the spelling, or give the whole path.",
        )
    if shown:
        _say(f"$ {shlex.join(command)}\n")
    sys.stdout.flush()
    with (
        _interrupts_left_to_the_command(),
        subprocess.Popen(  # noqa: S603 - the person's command
            [program, *command[1:]], env=rehearsal.environ
        ) as child,
    ):
        try:
            code = child.wait()
        except BaseException:
            child.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGHUP)
            try:
                child.wait(_GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    return code if code >= 0 else 128 - code


@contextmanager
def _interrupts_left_to_the_command() -> Iterator[None]:
    """The terminal sends Ctrl-C to the command as well: it decides what that means."""
    # A function, not SIG_IGN, which the command would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """SIGTERM and SIGHUP end the rehearsal in good order, not on the spot."""
    numbers = [signal.SIGTERM] if os.name == "nt" else [signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.signal(number, _leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _banner(rehearsal: Rehearsal) -> str:
    codes = rehearsal.authenticator.upcoming(_CODES_SHOWN)
    first, *rest = (f"{code}  until {_time(ends)}" for ends, code in codes)
    later = "\n".join(f"            {line}" for line in rest)
    return f"""
REHEARSAL: nothing here is real. A fake Google and a fake AWS run on this computer,
the way to any other host is shut, and your own files are not touched.

  user      {rehearsal.username}
  password  {rehearsal.password}
  code      {first}
{later}
            Codes change every 30 seconds, and each works once.
            The current one, in another terminal:
            {rehearsal.show_code}

"""


def _count(rehearsal: Rehearsal) -> str:
    google = rehearsal.google
    reached = {contact.host: contact.admitted for contact in rehearsal.proxy_log}
    contacted = [host for host, admitted in reached.items() if admitted]
    refused = [host for host, admitted in reached.items() if not admitted]
    lines = [
        f"Rehearsal over. Passwords posted: {google.passwords.total()}, "
        f"codes: {google.codes.total()}, hosts contacted: {', '.join(contacted) or 'none'}.",
        *(f"Not let out: {host}" for host in refused),
        *(f"No browser would have sent this: {violation}" for violation in google.violations),
    ]
    return "\n" + "\n".join(lines) + "\n"


def _time(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of roles, 1 or more")
    return int(text)


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
