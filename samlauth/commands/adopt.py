"""``samlauth import``: what other tools have set, written down as settings of ours.

Nothing of theirs is changed or removed. They are read where they stand anyway; what is written here
holds when their keys, or their file, are gone one day.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from samlauth import awsfiles, parsers, settings, sources
from samlauth.awsfiles.edits import edit
from samlauth.command import Command
from samlauth.commands.target import warn
from samlauth.effects import files, output
from samlauth.effects.accounts import account, profiles
from samlauth.errors import FileError, SettingsError
from samlauth.peers import process_options
from samlauth.printable import safe
from samlauth.setting import Layer, Part
from samlauth.settings import TABLE

if TYPE_CHECKING:
    import argparse

_STAY = frozenset({settings.DURATION.name, settings.REGION.name})
"""Theirs alone: a duration is where auto starts while it is theirs, and as ours would be kept to or
refused; a region in the profile would be every AWS tool's."""


@dataclass(frozen=True)
class Found:
    """A setting that another tool has."""

    key: str
    """Ours for it, in the profile."""
    value: str
    where: str
    """Theirs."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parser.add_argument(
        "--check", action="store_true", help="list what there is, and write nothing"
    )
    parsers.quiet_argument(parser)


def run(options: argparse.Namespace) -> int:
    """List what the other tools have set, and unless ``--check`` says not to, write it down.

    Raises FileError when the AWS config file cannot be read or written.
    """
    aws = files.locate(os.environ)
    changes: dict[str, dict[str, str | None]] = {}
    lines: list[str] = []
    to_replace: list[str] = []
    for profile in dict.fromkeys((*profiles_in(aws.config), *profiles(os.environ))):
        try:
            awsfiles.check_profile_name(profile)
            section = aws.read_config(profile)
            from_account, why_none = account(os.environ, profile)
            found, warnings = found_in(section, from_account)
        except SettingsError as error:
            warn(f"Passing over the profile {safe(profile)}: {error.message}")
            continue
        for warning in (*why_none, *warnings):
            warn(warning)
        if found:
            lines.append(f"[{awsfiles.config_section(profile)}]")
        for row in found:
            is_ours = row.key in section
            lines.append(
                f"  {row.key} = {safe(row.value)}  from {safe(row.where, 1000)}"
                + (", but is set already" if is_ours else "")
            )
            if not is_ours:
                changes.setdefault(profile, {})[row.key] = row.value
        if process_options(section):
            to_replace.append(profile)
    for line in lines:
        output.data(line)
    if changes and not options.check:
        for notice in aws.write(changes, {}).notices:
            warn(notice)
    if not options.quiet:
        _report(aws, changes, is_any=bool(lines), check=options.check)
        for profile in to_replace:
            output.tell(
                f"The profile {safe(profile)} still runs the other tool; this takes its place: "
                f"samlauth configure process -p {shlex.quote(profile)}"
            )
    return 0


COMMAND = Command(
    "samlauth import [--check]",
    "Write what aws-google-auth, aws-adfs, gsts and saml2aws have set as settings of samlauth.",
    "Nothing of theirs is changed or removed. Their settings count without it, too.\n",
    arguments=arguments,
    run=run,
)


def found_in(
    section: Mapping[str, str], behind: Sequence[Part] = ()
) -> tuple[list[Found], tuple[str, ...]]:
    """What other tools have set in a profile's section, or ``behind`` it, and what is senseless.

    Raises SettingsError where they name two identity providers.
    """
    theirs = {key: value for key, value in section.items() if not key.startswith("samlauth.")}
    read = sources.resolve({}, {}, theirs, behind=behind)
    found = [
        Found(setting.key, setting.write(read[setting]), read.source(setting).where)
        for setting in TABLE
        if setting.stored and setting.name not in _STAY
        # The identity provider is told by its ids, where it is not said outright.
        if read.source(setting).layer is Layer.SAML2AWS
        or (read.source(setting).layer is Layer.PEER_PROFILE and setting is not settings.IDP)
    ]
    return [row for row in found if _is_storable(row)], read.warnings


def beside(section: Mapping[str, str]) -> dict[str, str | None]:
    """What is to be written beside a ``credential_process`` before that is replaced."""
    options = process_options(section)
    found, _ = found_in(section) if options else ([], ())
    return {row.key: row.value for row in found if row.where in options and row.key not in section}


def _is_storable(row: Found) -> bool:
    try:
        edit(b"", {"profile": {row.key: row.value}})
    except SettingsError as error:
        warn(f"Passing over {safe(row.where)}: {error.message}")
        return False
    return True


def _report(
    aws: files.AWSFiles, changes: Mapping[str, Mapping[str, object]], *, is_any: bool, check: bool
) -> None:
    count = sum(map(len, changes.values()))
    where = safe(str(aws.config), 1000)
    if not is_any:
        output.tell(
            f"There are no settings of aws-google-auth, aws-adfs or gsts in {where}, "
            "and no account of saml2aws."
        )
    elif not changes:
        output.tell("All of that is set already.")
    elif check:
        output.tell(f"samlauth import would write {_settings(count)} to {where}.")
    else:
        output.tell(f"Wrote {_settings(count)} to {where}; what was there is still there.")
        name = shlex.quote(next(iter(changes))) if len(changes) == 1 else "NAME"
        output.tell(f"Now sign in: samlauth -p {name}")


def _settings(count: int) -> str:
    return f"{count} setting{'s' if count > 1 else ''}"


def profiles_in(path: Path) -> Iterator[str]:
    """The names of all profiles in a file like the AWS config file, as botocore reads them.

    Raises FileError for one that is there and cannot be read.
    """
    for section in _sections(path):
        try:
            words = shlex.split(section)
        except ValueError:
            continue
        match words:
            case ["default"]:
                yield "default"
            case ["profile", name]:
                yield name
            case _:
                pass


def _sections(path: Path) -> list[str]:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_bytes().decode("utf-8-sig", "surrogateescape"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror}.", hint="See its mode and owner."
        ) from error
    except Error:
        pass  # up to where it made sense; whoever reads a profile of it says more
    return parser.sections()
