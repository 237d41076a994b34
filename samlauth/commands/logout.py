"""``samlauth logout``: remove what samlauth has stored for a profile, or for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from samlauth import parsers, settings, sources
from samlauth.awsfiles import check_profile_name
from samlauth.command import Command
from samlauth.commands.provider import provider_for
from samlauth.commands.target import target, warn
from samlauth.effects import cache, files, output, recorder, sessions
from samlauth.effects.browser import profile as browser
from samlauth.effects.files import staging
from samlauth.effects.ring import Ring
from samlauth.effects.state import Issued, State, StateFile
from samlauth.errors import FileError, SettingsError, UnsafePage, UsageError
from samlauth.printable import safe

if TYPE_CHECKING:
    import argparse

    from samlauth.sources import Settings

KEYS: Final = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_session_expiration",
)
"""What a login writes to the profile in the credentials file."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parsers.profile_argument(parser)
    parser.add_argument(
        "--all", action="store_true", help="every profile that samlauth signed in to"
    )
    parsers.quiet_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Remove credentials that samlauth wrote, what it remembers of them, and browser sessions.

    Keys that somebody else wrote, and the settings of a profile, stay. Raises UsageError,
    SettingsError for an impossible name, FileError when something cannot be removed.
    """
    if options.all and options.profile is not None:
        raise UsageError("--all means every profile and -p means one.", hint="Give one of the two.")
    flags = parsers.flags(options)
    aws = files.locate(os.environ)
    memory = StateFile.beside(aws.config)
    state = memory.load()
    profile, _ = sources.profile_of(flags, os.environ)
    check_profile_name(profile)
    profiles = sorted(state.profiles) if options.all else [profile]
    issued = state.profiles.get(profile)
    owner = None if options.all else _owner(profile, issued)
    nothing = True
    # One after the other: what was removed is said, whatever comes next.
    for removed in chain(
        _forget_keys(aws, state, profiles),
        _forget_cached(str(aws.config), None if options.all else profile),
        _forget_state(memory, state, profiles),
        _forget_sessions(aws.config, None if options.all else _who(profile, issued)),
        _forget_browser(owner),
        _forget_records(aws.config) if options.all else (),
    ):
        nothing = False
        if not options.quiet:
            output.tell(removed)
    if nothing and not options.quiet:
        output.tell(
            "Nothing is stored."
            if options.all
            else f"Nothing is stored for the profile {safe(profile)}."
        )
    return 0


COMMAND = Command(
    "samlauth logout [-p NAME | --all]",
    "Remove the credentials, sessions and browser profile that samlauth keeps for a profile.",
    arguments=arguments,
    run=run,
)


def _forget_keys(aws: files.AWSFiles, state: State, profiles: Iterable[str]) -> Iterator[str]:
    changes: dict[str, dict[str, str | None]] = {}
    for profile in profiles:
        issued = state.profiles.get(profile)
        key_id = aws.read_credentials(profile).get("aws_access_key_id")
        if issued is not None and key_id == issued.access_key_id:
            changes[profile] = dict.fromkeys(KEYS)
        elif key_id:
            warn(
                f"The keys of the profile {safe(profile)} ({safe(key_id[:8])}…) are not of a login "
                "of samlauth, so they stay."
            )
    if not changes:
        return
    for notice in aws.write({}, changes).notices:
        warn(notice)
    for profile in changes:
        ends = state.profiles[profile].expiration
        elsewhere = (
            f"; AWS takes a copy of them until {ends.astimezone():%Y-%m-%d %H:%M}"
            if ends > datetime.now(UTC)
            else ""
        )
        yield (
            f"Removed the credentials of the profile {profile} from "
            f"{safe(str(aws.credentials), 1000)}{elsewhere}."
        )


def _forget_cached(config: str, profile: str | None) -> Iterator[str]:
    """Credentials that ``credential-process`` keeps, of one profile or of all."""
    folder = Path(cache.path_beside(config, "any")).parent
    try:
        paths = sorted(folder.iterdir())
    except OSError:  # there is no cache
        return
    if profile is not None:
        own = Path(cache.path_beside(config, profile))
        # A run that was killed may have left them in a file that has not taken its place.
        paths = [own, *(new for new, of in staging.left_over(folder) if of == own)]
    for path in paths:
        try:
            if cache.forget(str(path)):
                yield f"Removed {safe(str(path), 1000)}."
        except OSError as error:
            raise FileError(
                f"{safe(str(path), 1000)} could not be removed: {error.strerror}.",
                hint="Remove it yourself: it holds credentials.",
            ) from error


def _forget_state(memory: StateFile, state: State, profiles: Iterable[str]) -> Iterator[str]:
    """Not what another login has written meanwhile."""
    gone = {(name, state.profiles[name]) for name in profiles if name in state.profiles}
    if not gone:
        return
    memory.update(
        lambda now: replace(
            now, profiles=dict(entry for entry in now.profiles.items() if entry not in gone)
        )
    )
    names = ", ".join(sorted(safe(name) for name, _ in gone))
    yield f"Forgot whose credentials these were: {names}."


def _forget_browser(owner: str | None) -> Iterator[str]:
    """The owner's, or everybody's for None; nobody's for an empty one."""
    if owner == "":
        return
    try:
        browser.root(os.environ)
    except FileError:  # nowhere to keep one, so there is none
        return
    for folder in browser.forget(os.environ, owner):
        yield f"Removed the browser profile {safe(folder, 1000)}, and the session in it."


def _forget_sessions(config: Path, who: tuple[str, str] | None) -> Iterator[str]:
    """The cookies of a person's sign-in at an origin, or all there are for None; nobody's without
    a name."""
    folder = sessions.folder_beside(config)
    paths = sessions.stored(folder)
    if who is not None:
        paths = [path for path in paths if all(who) and path == sessions.path_of(folder, *who)]
    ring = Ring(warn)
    for path in paths:
        if sessions.forget(path, ring):
            yield f"Removed the remembered sign-in of {safe(sessions.owner(path), 1000)}."


def _forget_records(config: Path) -> Iterator[str]:
    """The bare pages that were kept of sign-ins."""
    try:
        for path in recorder.forget(config.parent / "samlauth"):
            yield f"Removed {safe(str(path), 1000)}."
    except OSError as error:
        raise FileError(
            f"A record of a sign-in could not be removed: {error.strerror}.",
            hint=f"Remove it yourself: it is beside {safe(str(config), 1000)}, in samlauth.",
        ) from error


def _owner(profile: str, issued: Issued | None) -> str:
    """Whose browser profile goes with it; empty where the settings do not say."""
    try:
        return provider_for(_settings(profile, issued)).in_browser.owner
    except SettingsError:
        return ""


def _who(profile: str, issued: Issued | None) -> tuple[str, str]:
    """The person and the identity provider's origin; empty where the settings do not say."""
    try:
        values = _settings(profile, issued)
        return values[settings.USERNAME] or "", str(provider_for(values).reach.password_origin)
    except (SettingsError, UnsafePage):
        return "", ""


def _settings(profile: str, issued: Issued | None) -> Settings:
    values = target({settings.PROFILE.name: profile}, os.environ).settings
    if values[settings.USERNAME] is None and issued is not None and issued.identity.username:
        # It came from the environment, or with a flag, when the person signed in.
        return values.answered(settings.USERNAME, issued.identity.username)
    return values
