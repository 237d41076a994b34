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
from typing import TYPE_CHECKING, assert_never

from samlauth.errors import UsageError

if TYPE_CHECKING:
    from samlauth.sandbox.rehearsal import Rehearsal

PROFILE = "sts-temp"

_EXTRA = ("flask", "flask_cors", "moto", "signxml", "trustme")
# As samlauth.sandbox.google.methods.Mfa has it: that module is not loaded to say --help.
MFA = (
    *("totp", "sms", "voice", "prompt", "number", "dp", "backup", "ootp", "skotp", "kpp", "iap"),
    *("selection", "captcha", "old-captcha", "admin", "rejected", "key", "passkey", "chooser"),
    *("interstitial", "federated", "none"),
)
_CODES_SHOWN = 6
_TAPS_AFTER = 20.0
"""Seconds after which the phone answers a prompt by itself: nobody has to leave the terminal."""
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
        "--mfa",
        choices=MFA,
        default="totp",
        metavar="WHAT",
        help=f"what the sign-in comes across (default: totp): {', '.join(MFA)}",
    )
    google.add_argument(
        "--pages",
        choices=("g1", "g2", "v3"),
        metavar="FAMILY",
        help="the family of sign-in pages: g1 (before 2020), g2 (until 2024) or v3 (since); "
        "by default the newest that has --mfa",
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

    Raises UsageError when the extra ``sandbox`` is missing, the command cannot be run, or the pages
    have no such thing as ``--mfa`` names.
    """
    if options.shell and options.command:
        raise UsageError(
            "--shell and a command were both given.",
            hint="Give one of them; the command can be typed in the shell.",
        )
    captured = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
    with _rehearsal_class()(
        mfa=options.mfa,
        pages=options.pages,
        roles=options.roles,
        captured=Path(captured) if captured else None,
        taps_after=_TAPS_AFTER,
    ) as rehearsal:
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


def _banner(rehearsal: Rehearsal) -> str:
    shown = "\n".join(
        f"  {label:<9} {first}" + "".join(f"\n            {line}" for line in rest)
        for label, first, *rest in (
            ("user", rehearsal.username),
            ("password", rehearsal.password),
            *_needed(rehearsal),
        )
    )
    return f"""
REHEARSAL: nothing here is real. A fake Google and a fake AWS run on this computer,
the way to any other host is shut, and your own files are not touched.

{shown}

"""


def _needed(rehearsal: Rehearsal) -> Iterator[tuple[str, ...]]:
    """What a person needs beside the password: a label, and the lines beside it."""
    match rehearsal.mfa:
        case "totp" | "chooser":
            yield _authenticator(rehearsal)
        case "interstitial":
            yield _authenticator(rehearsal)
            yield "then", "a page about passkeys, which only a browser can pass."
        case "captcha" | "old-captcha":
            first, *others = rehearsal.google.pictures.upcoming(3)
            yield "captcha", f"{first}  (then {', '.join(others)}), in large letters or small"
            yield _authenticator(rehearsal)
        case "sms" | "voice":
            yield _messages(rehearsal)
            yield _otherwise(rehearsal)
        case "prompt" | "dp" | "number":
            yield _prompt(rehearsal)
            yield _otherwise(rehearsal)
        case "backup":
            yield "codes", *rehearsal.person.backup.upcoming(3), "Each works once."
            yield _otherwise(rehearsal)
        case "admin":
            yield "codes", *rehearsal.person.backup.upcoming(3), "Each works once."
            yield (
                "then",
                "nothing more: the administrator's demand is shown, and a code still does.",
            )
        case "ootp":
            yield "codes", *rehearsal.person.offline.upcoming(3), "Each works once."
            yield _otherwise(rehearsal)
        case "skotp":
            yield "codes", *rehearsal.person.key.upcoming(3), "Each works once."
            yield _otherwise(rehearsal)
        case "kpp":
            yield "number", _phone_number()
            yield _otherwise(rehearsal)
        case "iap":
            yield "number", f"{_phone_number()}  (country GB)"
            yield _messages(rehearsal)
            yield _otherwise(rehearsal)
        case "selection" | "key" | "passkey":
            yield _authenticator(rehearsal)
            yield _messages(rehearsal)
            yield _prompt(rehearsal)
            yield "backup", *rehearsal.person.backup.upcoming(2)
            yield "offline", *rehearsal.person.offline.upcoming(2)
            yield "key code", *rehearsal.person.key.upcoming(2)
            yield "number", f"{_phone_number()}  (country GB)"
        case "rejected":
            yield "then", "nothing more: Google wants a browser and lets nobody in."
        case "federated":
            yield "then", "nothing more: Google sends the person on to another provider."
        case "none":
            yield "then", "nothing more: this account has no second step."
        case _ as never:
            assert_never(never)


def _authenticator(rehearsal: Rehearsal) -> tuple[str, ...]:
    codes = rehearsal.authenticator.upcoming(_CODES_SHOWN)
    return (
        "code",
        *(f"{code}  until {_time(ends)}" for ends, code in codes),
        "Codes change every 30 seconds, and each works once.",
        "The current one, in another terminal:",
        str(rehearsal.show_code),
    )


def _otherwise(rehearsal: Rehearsal) -> tuple[str, ...]:
    (_, code), *_ = rehearsal.authenticator.upcoming(1)
    (backup,) = rehearsal.person.backup.upcoming(1)
    return (
        "otherwise",
        f"authenticator {code}, later ones: {rehearsal.show_code}",
        f"backup code {backup}",
    )


def _messages(rehearsal: Rehearsal) -> tuple[str, ...]:
    first, *others = rehearsal.phone.upcoming(3)
    return (
        "message",
        f"G-{first}  once it was sent  (then {', '.join(others)})",
        "What the phone received, in another terminal:",
        str(rehearsal.use_phone),
    )


def _prompt(rehearsal: Rehearsal) -> tuple[str, ...]:
    number = " NUMBER" if rehearsal.mfa == "number" else ""
    return (
        "phone",
        f"says yes by itself after {_TAPS_AFTER:.0f} seconds. In another terminal:",
        f"{rehearsal.use_phone} tap{number}",
        f"{rehearsal.use_phone} deny",
    )


def _phone_number() -> str:
    from samlauth.sandbox.phone import NUMBER

    return NUMBER


def _count(rehearsal: Rehearsal) -> str:
    google = rehearsal.google
    reached = {contact.host: contact.admitted for contact in rehearsal.proxy_log}
    contacted = [host for host, admitted in reached.items() if admitted]
    refused = [host for host, admitted in reached.items() if not admitted]
    sent, asked = len(rehearsal.phone.messages), len(rehearsal.phone.prompts)
    counted = [
        f"Passwords posted: {google.passwords.total()}",
        f"codes: {google.codes.total()}",
        *([f"messages sent: {sent}"] if sent else []),
        *([f"prompts: {asked}"] if asked else []),
        f"hosts contacted: {', '.join(contacted) or 'none'}",
    ]
    lines = [
        f"Rehearsal over. {', '.join(counted)}.",
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
