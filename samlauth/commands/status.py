"""``samlauth status``: what is stored, whose it is, and how long it lasts. No network, no sign-in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from samlauth.awsfiles import check_profile_name, is_profile_name
from samlauth.command import Command
from samlauth.commands.held import BROUGHT, BY_CHAIN, BY_WEB_IDENTITY
from samlauth.commands.hops import is_chained
from samlauth.commands.target import warn
from samlauth.durations import spell
from samlauth.effects import cache, files, output, prompt
from samlauth.effects.console import columns
from samlauth.effects.state import Issued, State, StateFile
from samlauth.errors import SettingsError, UsageError
from samlauth.printable import safe, table
from samlauth.profiles import served_by_us

if TYPE_CHECKING:
    import argparse

NOTHING = SettingsError.exit_code
"""The exit code when the profile that was named holds nothing of ours."""


@dataclass(frozen=True)
class Row:
    """The credentials of a profile."""

    profile: str
    issued: Issued
    source: Literal["credentials file", "cache"]
    file: Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parser.add_argument("-p", "--profile", metavar="NAME", help="this profile alone")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument(
        "--short",
        action="store_true",
        help="for a shell's prompt: the profile of -p or $AWS_PROFILE and the time left, "
        "nothing when that is over",
    )


def run(options: argparse.Namespace) -> int:
    """Print a row for each profile with credentials of ours; 3 when the one named has none.

    Raises UsageError for two forms at once, SettingsError for an impossible name, FileError for AWS
    files that cannot be read.
    """
    if options.short and options.json:
        raise UsageError(
            "--short is one line and --json is another form.", hint="Give one of them."
        )
    if options.short:
        sys.stdout.write(prompt.line(options.profile or "", os.environ).decode())
        return 0
    aws = files.locate(os.environ)
    state = StateFile.beside(aws.config).load()
    if options.profile is not None:
        check_profile_name(options.profile)
    names = [options.profile] if options.profile is not None else _known(aws, state)
    rows = [row for name in names for row in rows_of(aws, state, name, warn)]
    now = datetime.now(UTC)
    if options.json:
        output.data(json.dumps([as_json(row, now) for row in rows], indent=2))
    else:
        for line in as_table(rows, now, cells=columns(sys.stdout) if sys.stdout.isatty() else None):
            output.data(line)
    if rows:
        return 0
    if options.profile is None:
        output.tell("Nothing is stored. To begin: samlauth configure -p NAME")
        return 0
    output.tell(f"Nothing is stored for the profile {safe(options.profile)}.")
    return NOTHING


COMMAND = Command(
    "samlauth status [-p NAME] [--json | --short]",
    "Show the credentials that samlauth has stored: profile, time left, role, who, and where.",
    "The exit code is 0, and 3 when the profile that -p names has none.\n",
    arguments=arguments,
    run=run,
)


def rows_of(
    aws: files.AWSFiles, state: State, profile: str, warn: Callable[[str], None]
) -> Iterator[Row]:
    """What the profile holds of ours: one row, or none. ``warn`` is told what is passed over."""
    path = cache.path_beside(str(aws.config), profile)
    kept = cache.held(path)
    if isinstance(kept, str):
        warn(f"Passing over {safe(path, 1000)}: {kept}.")
    config, credentials = aws.read_config(profile), aws.read_credentials(profile)
    if served_by_us(config) == profile or is_chained(config, credentials):
        if isinstance(kept, tuple):
            yield Row(profile, kept[1], "cache", Path(path))
        return
    if isinstance(kept, tuple):
        warn(
            f"{safe(path, 1000)} has credentials that nothing uses, for samlauth is not the "
            f"credential_process of {safe(profile)} any more; samlauth logout removes them."
        )
    issued = state.profiles.get(profile)
    key_id = credentials.get("aws_access_key_id")
    if issued is not None and issued.access_key_id == key_id:
        yield Row(profile, issued, "credentials file", aws.credentials)


def _known(aws: files.AWSFiles, state: State) -> list[str]:
    """The profiles that we have written to or keep credentials for."""
    folder = Path(cache.path_beside(str(aws.config), "any")).parent
    try:
        # A name with a dot is that of a file that is just being written.
        cached = {unquote(path.name) for path in folder.iterdir() if "." not in path.name}
    except OSError:
        cached = set()
    return sorted(filter(is_profile_name, cached | state.profiles.keys()))


def as_json(row: Row, now: datetime) -> dict[str, object]:
    """The row; times in UTC, ``policies`` null where the role alone decides."""
    who, left = row.issued.identity, (row.issued.expiration - now).total_seconds()
    return {
        "profile": row.profile,
        "role_arn": who.role_arn,
        "policies": _policies(who.policies),
        "expiration": f"{row.issued.expiration:%Y-%m-%dT%H:%M:%SZ}",
        "seconds_left": max(int(left), 0),
        "expired": left <= 0,
        "source": row.source,
        "file": str(row.file),
        "idp": who.idp,
        "username": who.username or None,
    }


def as_table(rows: list[Row], now: datetime, cells: int | None = None) -> Iterator[str]:
    """Profile, time left, role with its session policies, who, where: a line each.

    On a screen, which is so many ``cells`` wide, several lines each where that is not enough.
    """
    texts = [
        (
            safe(row.profile),
            _left(row.issued, now),
            safe(row.issued.identity.role_arn, 1000) + _held_to(row.issued.identity.policies),
            _who(row.issued),
            safe(str(row.file) if cells is None else _below_home(row.file), 1000),
        )
        for row in rows
    ]
    return table(texts, cells)


def _below_home(path: Path) -> str:
    """The path as people write it: ``~/.aws/credentials``."""
    try:
        return str("~" / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or there is no home
        return str(path)


def _left(issued: Issued, now: datetime) -> str:
    left = (issued.expiration - now).total_seconds()
    return spell(left) if left > 0 else "expired"


def _who(issued: Issued) -> str:
    who = issued.identity
    if who.idp == BROUGHT:
        return "a SAML response you gave"
    if who.idp == BY_WEB_IDENTITY:
        return "a web identity token you gave"
    if who.idp == BY_CHAIN:
        return f"{safe(who.username)} through {safe(who.idp_id)}".lstrip()
    return f"{safe(who.username)} at {safe(who.idp)}" if who.username else f"at {safe(who.idp)}"


def _policies(text: str) -> Mapping[str, object] | None:
    """What :class:`samlauth.sts.SessionPolicies` wrote, by its own names."""
    if not text:
        return None
    policy, arns, read_only = json.loads(text)
    return {
        "policy": json.loads(policy) if policy else None,
        "policy_arns": arns,
        "read_only": read_only,
    }


def _held_to(text: str) -> str:
    policies = _policies(text)
    if policies is None:
        return ""
    policy, arns, read_only = policies.values()
    named = [safe(arn.rpartition("/")[2]) for arn in arns] if isinstance(arns, list) else []
    parts = [
        *(["read-only"] if read_only else []),
        *named,
        *(["a policy of yours"] if policy else []),
    ]
    return f" ({', '.join(parts)})"
