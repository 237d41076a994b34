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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from samlauth.command import Command
from samlauth.effects import output
from samlauth.effects.extras import adding
from samlauth.errors import UsageError

if TYPE_CHECKING:
    from samlauth.sandbox.rehearsal import Rehearsal

PROFILE = "sts-temp"

_EXTRA = ("flask", "flask_cors", "moto", "signxml", "trustme")
# As samlauth.sandbox.google.methods.Mfa has it: that module is not loaded to say --help.
MFA = (
    *("totp", "sms", "voice", "prompt", "number", "dp", "backup", "ootp", "skotp", "kpp", "iap"),
    *("selection", "captcha", "old-captcha", "admin", "rejected", "key", "passkey", "chooser"),
    *("interstitial", "unknown", "federated", "none"),
)
# As samlauth.sandbox.adfs.adapters.Mfa has it.
ADFS_MFA = (
    *("none", "azure-push", "azure-code", "azure-sms", "azure-choice", "mfa-server", "rsa"),
    *("rsa-v2", "rsa-next", "vip", "vip-renamed", "vip-upn", "safenet", "silverfort", "defender"),
    *("oath", "generic", "choice", "certificate", "duo", "hrd", "paginated", "paginated-two"),
    *("adfs2", "expired", "disabled", "unknown-rp", "refused-rp", "wsfed", "kerberos"),
    *("landing", "truncated", "empty", "astray"),
)
_GRACE = 5.0
"""Seconds a command has to end once it was told to."""

_PROOF_WITHOUT_AWS = f"""\
import boto3
session = boto3.Session(profile_name="{PROFILE}")
sts = session.client("sts", region_name=session.region_name or "us-east-1")
print(sts.get_caller_identity()["Arn"])
"""


_FOR_BROWSERS = ("rejected", "unknown", "interstitial", "passkey", "duo")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describes the command line, everything after ``samlauth rehearse``."""
    providers = parser.add_subparsers(
        dest="idp", required=True, metavar="google|adfs", prog="samlauth rehearse"
    )
    google = providers.add_parser(
        "google",
        usage="samlauth rehearse google [options] [-- CMD ...]",
        help="a fake Google Workspace",
    )
    _what(google, MFA, "totp")
    google.add_argument(
        "--pages",
        choices=("g1", "g2", "v3"),
        metavar="FAMILY",
        help="the family of sign-in pages: g1 (before 2020), g2 (until 2024) or v3 (since); "
        "by default the newest that has --mfa",
    )
    _rest(google)
    adfs = providers.add_parser(
        "adfs", usage="samlauth rehearse adfs [options] [-- CMD ...]", help="a fake ADFS"
    )
    _what(adfs, ADFS_MFA, "none")
    adfs.set_defaults(pages=None)
    _rest(adfs)


def _what(parser: argparse.ArgumentParser, words: tuple[str, ...], usual: str) -> None:
    parser.add_argument(
        "--mfa",
        choices=words,
        default=usual,
        metavar="WHAT",
        help=f"what the sign-in comes across (default: {usual}): {', '.join(words)}",
    )


def _rest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--roles",
        type=_number,
        default=3,
        metavar="N",
        help="how many roles the assertion offers (default: 3)",
    )
    parser.add_argument("--shell", action="store_true", help="open a shell in the rehearsal")
    parser.add_argument(
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
    rehearsal_class = _rehearsal_class()
    from samlauth.sandbox.needed import TAPS_AFTER

    with rehearsal_class(
        idp=options.idp,
        mfa=options.mfa,
        pages=options.pages,
        roles=options.roles,
        captured=Path(captured) if captured else None,
        taps_after=TAPS_AFTER,
    ) as rehearsal:
        if options.idp == "google" and options.mfa == "key":
            _register_key(rehearsal)
        in_browsers = rehearsal.open_to_browsers()
        output.tell(_banner(rehearsal))
        if not in_browsers and options.mfa in _FOR_BROWSERS:
            output.tell("A browser will not trust it: certutil is missing (Debian: libnss3-tools).")
        if options.shell:
            output.tell(f"To sign in: {shlex.join(_main_job(rehearsal))}")
            output.tell("Leave the shell to end the rehearsal.")
            code = _run(_shell(), rehearsal)
        elif options.command:
            code = _run(options.command, rehearsal)
        else:
            code = _run(_main_job(rehearsal), rehearsal, shown=True)
            if code == 0:
                code = _run(_proof(rehearsal), rehearsal, shown=True)
        output.tell(_count(rehearsal))
        return code


COMMAND = Command(
    "samlauth rehearse google | adfs [options] [-- COMMAND ...]",
    "Run a command, the login if none is given, against a local identity provider and STS.",
    arguments=arguments,
    run=run,
    words=("google", "adfs"),
)


def _register_key(rehearsal: Rehearsal) -> None:
    """Have the rehearsal know the person's own security key; say why, where it cannot."""
    from samlauth.challenges import NoAssertion
    from samlauth.effects.security_key import SecurityKey
    from samlauth.effects.terminal import Terminal, has_terminal
    from samlauth.sandbox.google.keys import APP_ID, RP_ID

    terminal = Terminal()
    keys = SecurityKey(
        terminal.answer, terminal.until_or_other, output.tell, has_terminal, lambda _: None
    )
    made = keys.register(APP_ID, RP_ID)
    if isinstance(made, NoAssertion):
        said = f"{made.message} {made.hint}".strip()
        output.tell(f"{said}\nWithout a key, the page for one can only be left for another way.")
        return
    rehearsal.person.keys.register(made.credential, made.name, made.point)


def _rehearsal_class() -> type[Rehearsal]:
    for name in _EXTRA:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name != name:
                raise
            raise UsageError(
                f"A rehearsal needs a package that is not installed: {name}.",
                hint=f"Install samlauth with its extra: {adding('sandbox')}",
            ) from None
    from samlauth.sandbox.rehearsal import Rehearsal

    return Rehearsal


def _main_job(rehearsal: Rehearsal) -> list[str]:
    if rehearsal.idp == "adfs":
        host, username = rehearsal.adfs_host, rehearsal.username
        return ["samlauth", "--adfs-host", host, "-u", username, "-p", PROFILE]
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
        output.tell(f"$ {shlex.join(command)}\n", end="")  # to be copied in one piece
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
            if sys.platform == "win32":
                child.terminate()
            else:
                child.send_signal(signal.SIGHUP)
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
    from samlauth.sandbox.needed import needed

    name = "Google" if rehearsal.idp == "google" else "ADFS"
    shown = "\n".join(
        f"  {label:<9} {first}" + "".join(f"\n            {line}" for line in rest)
        for label, first, *rest in (
            ("user", rehearsal.username),
            ("password", rehearsal.password),
            *needed(rehearsal),
        )
    )
    return f"""
REHEARSAL: nothing here is real. A fake {name} and a fake AWS run on this
computer, the way to any other host is shut, and your own files are not
touched.

{shown}
"""


def _count(rehearsal: Rehearsal) -> str:
    provider = rehearsal.provider
    reached = {contact.host: contact.admitted for contact in rehearsal.proxy_log}
    contacted = [host for host, admitted in reached.items() if admitted]
    refused = [host for host, admitted in reached.items() if not admitted]
    sent, asked = len(rehearsal.phone.messages), len(rehearsal.phone.prompts)
    counted = [
        f"Passwords posted: {provider.passwords.total()}",
        f"codes: {provider.codes.total()}",
        *([f"messages sent: {sent}"] if sent else []),
        *([f"prompts: {asked}"] if asked else []),
        f"hosts contacted: {', '.join(contacted) or 'none'}",
    ]
    lines = [
        f"Rehearsal over. {', '.join(counted)}.",
        *(f"Not let out: {host}" for host in refused),
        *(f"No browser would have sent this: {violation}" for violation in provider.violations),
    ]
    return "\n" + "\n".join(lines)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of roles, 1 or more")
    return int(text)
