"""``samlauth configure process``: AWS tools get a profile's credentials from samlauth."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from samlauth import parsers
from samlauth.command import Command
from samlauth.commands.adopt import beside
from samlauth.commands.held import held, keep
from samlauth.commands.logout import KEYS
from samlauth.commands.target import target, warn
from samlauth.effects import output
from samlauth.effects.state import StateFile
from samlauth.errors import FileError, SettingsError
from samlauth.peers import PROCESS
from samlauth.printable import safe
from samlauth.profiles import refuse_unwritable, served_by_us

if TYPE_CHECKING:
    import argparse

_PEERS: Final = frozenset({"gsts", "aws-adfs", "saml2aws", "aws-google-auth"})
"""Programs whose place we take."""
_NAME: Final = re.compile(r"[A-Za-z0-9_.@+/:-]+")
"""Profiles that need no quotes in any shell."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line, after the word ``process``."""
    parsers.profile_argument(parser)
    parser.add_argument(
        "--overwrite-keys", action="store_true", help="allow removing long-lived keys"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="allow replacing a credential_process that is another program's",
    )
    parsers.quiet_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Make the profile one whose ``credential_process`` is samlauth.

    Keys in the AWS files that would hide it are removed; if they are good and of a login of ours,
    they go where ``credential-process`` finds them. Raises SettingsError when the profile must stay
    as it is, FileError when a file cannot be changed.
    """
    flags = parsers.flags(options)
    goal = target(flags, os.environ)
    both = {**goal.config, **goal.credentials}
    keys: dict[str, str] = {key: both[key] for key in KEYS if key in both}
    old = both.get(PROCESS, "")
    refuse_unwritable(
        goal.profile,
        {key: value for key, value in goal.config.items() if key != PROCESS},
        {key: value for key, value in goal.credentials.items() if key != PROCESS} | keys,
        named=goal.is_named,
        overwrite_keys=options.overwrite_keys,
    )
    _refuse_other(goal.profile, old, force=options.force)
    new = line(goal.profile, command(sys.argv[0], sys.executable, os.environ.get("PATH")))
    moved = None if goal.is_process else held(goal, StateFile.beside(goal.files.config).load())
    in_config: dict[str, str | None] = {key: None for key in KEYS if key in goal.config}
    in_credentials = {key: None for key in (*KEYS, PROCESS) if key in goal.credentials}
    changes = {goal.profile: in_credentials} if in_credentials else {}
    # A line that goes takes its settings along, unless they are written beside it.
    kept = beside(goal.config)
    sections = {goal.profile: {**kept, **in_config, PROCESS: new}}
    for notice in goal.files.write(sections, changes).notices:
        warn(notice)
    good = moved is not None and moved.credentials.expiration > datetime.now(UTC)
    if moved is not None and good:
        try:
            keep(goal, moved.credentials, moved.issued)
        except (OSError, FileError) as error:
            good = False
            warn(f"The credentials of {goal.profile} could not be kept: {error}")
    if not options.quiet:
        _report(goal.profile, old if old != new else "", keys, good=good)
        if not (good or goal.is_process):
            output.tell(f"Now sign in: samlauth -p {shlex.quote(goal.profile)}")
    return 0


COMMAND = Command(
    "samlauth configure process -p NAME",
    "Make AWS tools get a profile's credentials from samlauth whenever they need some.",
    arguments=arguments,
    run=run,
)


def _report(profile: str, old: str, keys: Mapping[str, str], *, good: bool) -> None:
    if old:
        output.tell(f"Replaced credential_process = {safe(old, 1000)}")
    if keys:
        what = safe(keys.get("aws_access_key_id", "")[:8])
        gone = "; credential-process has them now" if good else ", which would have hidden it"
        output.tell(f"Removed the keys {what}… from the AWS files{gone}.")
    output.tell(f"AWS tools get the credentials of {profile} from samlauth.")


def _refuse_other(profile: str, old: str, *, force: bool) -> None:
    """Raises SettingsError for a line that is neither ours nor that of a program we stand in for."""
    if not old or force or is_peer(old) or served_by_us({PROCESS: old}) == profile:
        return
    raise SettingsError(
        f"The profile {safe(profile)} gets its credentials in another way: "
        f"credential_process = {safe(old, 1000)}",
        hint="Name another profile with -p, or give --force to replace that line.",
    )


def is_peer(process: str) -> bool:
    """Whether the line runs a program whose place we take."""
    try:
        words = shlex.split(process, posix="\\" not in process)
    except ValueError:
        return False
    names = [re.split(r"[/\\]", word.strip("\"'"))[-1].removesuffix(".exe") for word in words]
    match names:
        case [str(python), "-m", module, *_] if python.startswith("python"):
            return module.replace("_", "-") in _PEERS
        case [name, *_]:
            return name in _PEERS
        case _:
            return False


def command(run_as: str, python: str, path: str | None) -> Path:
    """Where the ``samlauth`` is that others can run.

    As we were run, with links kept: they outlive an update. Else the one beside this Python, else
    the first on the PATH. Raises SettingsError when there is none.
    """
    name = "samlauth.exe" if os.name == "nt" else "samlauth"
    own = Path(run_as)
    candidates = [
        own.with_name(name) if own.stem == "samlauth" else None,
        Path(python).with_name(name),
    ]
    for candidate in candidates:
        if candidate is not None and candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate.absolute()
    found = shutil.which("samlauth", path=path)
    if found is None:
        raise SettingsError(
            "There is no samlauth command that AWS tools could run.",
            hint="Install samlauth so that it is on your PATH, and run this again.",
        )
    return Path(found).absolute()


def line(profile: str, program: Path) -> str:
    """The value of ``credential_process``, the same to a shell and to botocore, which splits it
    itself. Raises SettingsError for a path that no quoting makes the same to both."""
    text = str(program)
    quote = '"'
    if os.name != "nt" and re.search(r'["$`\\]', text):
        quote = "'"
    # AWS's own parsers take what follows these two for a comment.
    if quote in text or " #" in text or " ;" in text:
        raise SettingsError(
            f"AWS tools could not run {safe(text, 1000)}: its path has characters that they read "
            "differently.",
            hint="Install samlauth in a folder with a plainer name.",
        )
    name = profile if _NAME.fullmatch(profile) else f'"{profile}"'
    # Else its name would be taken for an option.
    flag = f"--profile={name}" if profile.startswith("-") else f"-p {name}"
    return f"{quote}{text}{quote} credential-process {flag}"
