"""Credentials of a role that is taken with another profile's: the ones that are held, else taken.

The profile is AWS's own, with ``role_arn`` and ``source_profile``. What was taken is kept in the
cache: AWS tools would not look at keys in such a profile.
"""

from __future__ import annotations

import json
import os
import shlex
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from samlauth import settings
from samlauth.commands.held import BY_CHAIN, Held, by_files_alone, completed, keep
from samlauth.commands.hops import Chain, hops_of
from samlauth.commands.policies import as_text, session_policies
from samlauth.commands.provider import identity
from samlauth.commands.supply import in_turn, supply
from samlauth.commands.target import Target, target, warn
from samlauth.effects import cache
from samlauth.effects.state import Identity, Issued
from samlauth.errors import FileError, NeedsPerson, UsageError
from samlauth.printable import safe
from samlauth.setting import Layer
from samlauth.settings import TABLE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from samlauth.chains import Hop
    from samlauth.credentials import Credentials
    from samlauth.redactor import Redactor

_OF_THE_ROLE: Final = frozenset(
    {
        settings.PROFILE,
        settings.ROLE_ARN,
        settings.ASK_ROLE,
        settings.ACCOUNT,
        settings.DURATION,
        settings.REGION,
        settings.POLICY,
        settings.POLICY_ARN,
        settings.READ_ONLY,
    }
)
"""Settings whose flags are about the role that is taken, and not about the sign-in behind it."""


def source_of(options: argparse.Namespace, profile: str) -> Callable[[], Target]:
    """Reads the profile that a role is taken with, with those flags that are about signing in."""
    given = {row.name: getattr(options, row.name, None) for row in TABLE if row not in _OF_THE_ROLE}
    flags = {name: text for name, text in given.items() if text is not None}
    return lambda: target({**flags, settings.PROFILE.name: profile}, os.environ)


def chained(goal: Target, options: argparse.Namespace, redactor: Redactor) -> Held:
    """What the profile's role gives: held and good for long enough, else taken, hop by hop.

    Raises UsageError for a flag that is about another role, SettingsError for a circle, STSRefused, and what a sign-in to the source raises.
    """
    for setting in (settings.ROLE_ARN, settings.ACCOUNT):
        if goal.settings.source(setting).layer is Layer.FLAG:
            raise UsageError(
                f"The role of the profile {safe(goal.profile)} is its role_arn; "
                f"{setting.short or setting.flag} chooses another only where one signs in.",
                hint=f"Change it with: samlauth configure chain {shlex.quote(goal.profile)} …",
            )
    chain = hops_of(goal.files, goal.profile)
    chain = replace(chain, hops=(*chain.hops[:-1], held_to(chain.hops[-1], goal)))
    source = source_of(options, chain.source)
    if found := _good(goal, whose(goal, chain, source())):
        return found
    with in_turn(goal.files.config, f"chain {goal.profile}"):
        if found := _good(goal, whose(goal, chain, source())):
            return found
        credentials = taken(goal, chain, options, redactor)
        # Only now it is sure to know the role of its own.
        who = whose(goal, chain, source())
        issued = Issued(credentials.access_key_id, who, datetime.now(UTC), credentials.expiration)
        try:
            keep(goal, credentials, issued, _takes)
        except (OSError, FileError) as error:
            warn(f"The credentials were not kept for next time: {error}")
        return Held(credentials, issued)


def taken(
    goal: Target, chain: Chain, options: argparse.Namespace, redactor: Redactor
) -> Credentials:
    """Take the chain's roles, signing in to its source first if need be. Raises as chained."""
    _, held = supply(source_of(options, chain.source), options, redactor)
    from samlauth.chains import follow
    from samlauth.commands.world import World

    region = goal.settings[settings.REGION]
    person = held.issued.identity.username
    with World(goal.settings, options, redactor, stdin=False) as world:
        try:
            return world.run(follow(chain.hops, held.credentials, person, region))
        except NeedsPerson as error:
            error.hint = error.hint or (
                "--code-command names a program that prints the code; in a terminal you are asked "
                f"for it: samlauth env -p {shlex.quote(goal.profile)}"
            )
            raise


def held_to(hop: Hop, goal: Target) -> Hop:
    """The hop with the session policies of the settings, and a duration that a flag gives.

    Raises SettingsError for one that cannot be.
    """
    values, policies = goal.settings, session_policies(goal.settings)
    seconds = values[settings.DURATION] if values.duration_promised else None
    is_flag = values.source(settings.DURATION).layer is Layer.FLAG
    return replace(
        hop,
        policy=policies.policy,
        policy_arns=policies.arns_for(hop.role_arn),
        duration_seconds=seconds if seconds and is_flag else hop.duration_seconds,
    )


def whose(goal: Target, chain: Chain, source: Target) -> Identity:
    """Whose credentials the chain gives: the source's, through these roles."""
    return _whose(goal, chain, identity(source.settings, source.role or ""))


def _whose(goal: Target, chain: Chain, before: Identity) -> Identity:
    path = json.dumps([asdict(before), [asdict(hop) for hop in chain.hops]])
    return Identity(
        BY_CHAIN,
        chain.source,
        path,
        before.username,
        chain.hops[-1].role_arn,
        as_text(goal.settings),
    )


def _good(goal: Target, who: Identity) -> Held | None:
    found = cache.held(goal.cache)
    if not isinstance(found, tuple):
        return None
    credentials, issued = found
    if issued.identity != who or datetime.now(UTC) >= issued.usable_until:
        return None
    # Settings of other profiles may have changed: the next one need not think about it again.
    with suppress(OSError, FileError):
        keep(goal, credentials, issued, _takes)
    return Held(credentials, issued)


def _takes(goal: Target, who: Identity) -> bool:
    """Whether the profile takes its role in the same way, and nothing says with others' credentials."""
    chain = hops_of(goal.files, goal.profile)
    if not chain.hops:
        return False  # the profile has just been changed
    chain = replace(chain, hops=(*chain.hops[:-1], held_to(chain.hops[-1], goal)))
    source, (theirs, _) = by_files_alone(chain.source), json.loads(who.sp_id)
    before = completed(source.settings, source.role or theirs["role_arn"], Identity(**theirs))
    return _whose(goal, chain, before) == who
