"""One sign-in for several profiles: those named with their roles, those of a group, or every role.

All of them are written at once, and a role that fails leaves the others be. What they share is the
first profile's: the identity provider and the person. The role is each one's own, and so are its
region, duration and session policies.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samlauth import settings
from samlauth.awsfiles import is_profile_name
from samlauth.commands import grant
from samlauth.commands.held import Held
from samlauth.commands.login import still_good
from samlauth.commands.provider import begun, complete, identity, is_complete, noted, provider_for
from samlauth.commands.rows import Done, Row, print_each, prove_each, store_each, summary, tell
from samlauth.commands.target import Target, target, warn
from samlauth.effects import files, shared
from samlauth.effects.state import State, StateFile
from samlauth.errors import SamlauthError, SettingsError, UsageError
from samlauth.printable import safe
from samlauth.profiles import refuse_unwritable
from samlauth.setting import Setting

if TYPE_CHECKING:
    import argparse

    from samlauth.flow import Flow
    from samlauth.idp import IdentityProvider
    from samlauth.login import Accounts
    from samlauth.redactor import Redactor
    from samlauth.saml import Assertion, Role


def roles(
    options: argparse.Namespace,
    flags: Mapping[str, str],
    redactor: Redactor,
    wanted: Sequence[str],
) -> int:
    """Sign in to the profiles of ``-p A,B`` with as many roles.

    Raises UsageError when there are more of the ones than of the others.
    """
    profiles = [name.strip() for name in flags.get(settings.PROFILE.name, "").split(",")]
    if len(profiles) != len(wanted) or not all(profiles):
        count = len([name for name in profiles if name])
        raise UsageError(
            f"-r names {len(wanted)} roles, and -p names {count or 'no'} "
            f"profile{'' if count == 1 else 's'}.",
            hint="Give as many profiles as roles, with commas between: -r ONE -r TWO -p one,two",
        )
    if twice := {name for name in profiles if profiles.count(name) > 1}:
        raise UsageError(f"-p names {safe(min(twice))} twice.", hint="Each role needs its own.")
    _alone(flags, "-r", settings.ALL_ROLES, settings.GROUP)
    goals = [
        target({**flags, settings.PROFILE.name: name, settings.ROLE_ARN.name: role}, os.environ)
        for name, role in zip(profiles, wanted, strict=True)
    ]
    return _sign_in(goals, options, redactor)


def run(
    goal: Target, options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor
) -> int:
    """Sign in for a group, or for every role with the settings of ``goal``.

    0 when every profile holds good credentials afterwards. Raises SettingsError where profiles of
    a group are of different people or identity providers, and for an empty one.
    """
    if settings.ALL_ROLES.name in flags or (
        goal.settings[settings.ALL_ROLES] and settings.GROUP.name not in flags
    ):
        _alone(flags, "--all-roles", settings.ROLE_ARN, settings.ASK_ROLE, settings.GROUP)
        return _sign_in([goal], options, redactor, every=True)
    _alone(flags, "-g", settings.ROLE_ARN, settings.ASK_ROLE, settings.PROFILE)
    group = goal.settings[settings.GROUP] or ""
    names = list(members(goal.files, os.environ, group))
    if not names:
        raise SettingsError(
            f"No profile has the group {safe(group)}.",
            hint=f"Put this line into each of them in {goal.files.config}: samlauth.group = {safe(group)}",
        )
    each = {name: value for name, value in flags.items() if name != settings.GROUP.name}
    goals = [target({**each, settings.PROFILE.name: name}, os.environ) for name in names]
    return _sign_in(goals, options, redactor)


def members(aws: files.AWSFiles, environ: Mapping[str, str], group: str) -> Iterator[str]:
    """The profiles that have a group, in the order of the files: by their own key, else by the
    shared file's. A base profile's does not count for those it is the base of."""
    from samlauth.commands.adopt import profiles_in
    from samlauth.effects.cache import shared_path

    everybodys = Path(shared_path(environ))
    names = dict.fromkeys((*profiles_in(aws.config), *profiles_in(everybodys)))
    sections = aws.read_each(filter(is_profile_name, names))
    for name in sections:
        parts, _ = shared.shared(environ, name)
        places = [sections[name][0].get(settings.GROUP.key, "")]
        places += [part.keys.get(settings.GROUP.name, "") for part in parts]
        if next((text for text in places if text), "") == group:
            yield name


def _alone(
    flags: Mapping[str, str],
    flag: str,
    *others: Setting[Any],
) -> None:
    """Raises UsageError for what makes no sense beside several profiles."""
    for other in others:
        if flags.get(other.name, "false") != "false":
            raise UsageError(
                f"{flag} and {other.short or other.flag} exclude each other.",
                hint="Leave one of the two out.",
            )


def _sign_in(
    goals: Sequence[Target],
    options: argparse.Namespace,
    redactor: Redactor,
    *,
    every: bool = False,
) -> int:
    grant.require_sense(options)
    for goal in () if every else goals:
        _require_writable(goal, options)
    lead = next((goal for goal in goals if is_complete(goal.settings)), goals[0])
    brought = options.saml_assertion is not None
    if not brought:
        for goal in goals:
            _require_same(lead, goal)
    memory = StateFile.beside(lead.files.config)
    state, now = memory.load(), datetime.now(UTC)
    force = options.force or brought
    rows = [] if every else [_row(goal, state, now, force=force) for goal in goals]
    if not every and all(isinstance(row.result, Held) for row in rows):
        kept = {goal.profile: dict(goal.settings.to_store()) for goal in goals}
        for notice in () if options.no_write else lead.files.write(kept, {}).notices:
            warn(notice)
        print_each(rows, options)
        tell(rows, quiet=options.quiet)
        prove_each(lead, rows, options, redactor)
        return 0
    early = None if brought else begun(lead.settings)
    from samlauth.commands.sign_in import brought_by
    from samlauth.commands.world import World

    given = brought_by(lead.settings, options, redactor)
    flow = _whole(lead, rows, options, state, given, every=every)
    with World(lead.settings, options, redactor, stdin=given is None, early=early) as world:
        done = world.run(flow)
    world.keep_password()
    done = replace(done, values=noted(done.values, world.answers))
    failed = [row.result for row in done.rows if isinstance(row.result, SamlauthError)]
    # Neither a file nor an output that cannot be written must cost the other the sign-in.
    try:
        print_each(done.rows, options)
    finally:
        if len(failed) < len(done.rows) and not options.no_write:
            store_each(lead, done, memory, brought=brought)
    tell(done.rows, quiet=options.quiet)
    prove_each(lead, done.rows, options, redactor)
    written = {row.profile for row in done.rows if row.goal is not None}
    if world.typed is not None and lead.profile in written:
        from samlauth.commands import keeping

        keeping.offer(lead, world.typed, options, memory)
    if failed:
        raise summary(failed, len(done.rows), stored=not options.no_write)
    return 0


def _row(goal: Target, state: State, now: datetime, *, force: bool) -> Row:
    good = None if force else still_good(goal, state, now)
    if good is not None:
        return Row(goal.profile, good.issued.identity.role_arn, good, goal)
    return Row(goal.profile, goal.role or "", goal, goal)


def _require_writable(goal: Target, options: argparse.Namespace, *, named: bool = True) -> None:
    if options.no_write:
        return
    refuse_unwritable(
        goal.profile,
        goal.config,
        goal.credentials,
        named=named,
        overwrite_keys=options.overwrite_keys,
    )


def _require_same(lead: Target, goal: Target) -> None:
    """Raises SettingsError when one sign-in cannot serve both."""
    ours, theirs = (replace(identity(it.settings, ""), policies="") for it in (lead, goal))
    if not is_complete(goal.settings):
        # What it has not got of its own, the first one gives it.
        theirs = replace(ours, username=theirs.username or ours.username)
    if not (ours.username and theirs.username):
        theirs = replace(theirs, username=ours.username)
    if ours != theirs:
        raise SettingsError(
            f"The profiles {safe(lead.profile)} and {safe(goal.profile)} are not signed in to in "
            "the same way: their identity provider or the person is another.",
            hint="One sign-in cannot serve both. samlauth settings -p NAME shows what each has.",
        )


def _whole(
    lead: Target,
    rows: Sequence[Row],
    options: argparse.Namespace,
    state: State,
    brought: IdentityProvider | None,
    *,
    every: bool,
) -> Flow[Done]:
    """Sign in once, settle which role is whose, and assume them all."""
    from samlauth.batch import the_role
    from samlauth.commands.policies import session_policies
    from samlauth.login import Accounts, Age, naming, paired, sign_in
    from samlauth.saml import read_assertion
    from samlauth.sts import Duration, Grant, Order, assume_each

    values = lead.settings if brought else (yield from complete(lead.settings))
    provider = brought or provider_for(values)
    response, read_at = yield from sign_in(provider, _now)
    texts = [row.result.role or "" for row in rows if isinstance(row.result, Target)]
    assertion = read_assertion(response, () if every else paired(*texts))
    names, allowed = state.names(_now()), state.allowed(_now())
    accounts = Accounts(response, {role.account_id for role in assertion.roles}, names)
    settled: list[tuple[Row, Role | None]] = []
    if every:
        settled = yield from _every(lead, assertion, accounts, options, state)
    for row in rows:
        role = None
        if isinstance(row.result, Target):
            own = row.result
            try:
                account = own.settings[settings.ACCOUNT]
                role = yield from the_role(assertion.roles, accounts, own.role, account)
                row = replace(row, role=role.role_arn, naming=naming(role, assertion))
            except SamlauthError as error:
                row = replace(row, result=error)
        settled.append((row, role))
    orders: list[Order] = []
    for row, role in settled:
        if role is not None and isinstance(row.result, Target):
            own_values = row.result.settings
            order = Order(
                role,
                Duration(own_values[settings.DURATION], own_values.duration_promised),
                own_values[settings.REGION],
                allowed.get(role.role_arn),
                session_policies(own_values),
            )
            orders.append(order)
    age = Age(provider, _now, read_at)
    renewed = None if brought else age.renewed
    came = iter(
        (yield from assume_each(orders, response, assertion, age.in_time, renewed))
        if orders
        else ()
    )
    finished = tuple(
        replace(row, result=next(came)) if isinstance(row.result, Target) else row
        for row, _ in settled
    )
    learnt = {
        row.result.role.role_arn: row.result.duration_seconds
        for row in finished
        if isinstance(row.result, Grant) and row.result.refused_seconds is not None
    }
    return Done(values, finished, learnt, accounts.learnt)


def _every(
    lead: Target,
    assertion: Assertion,
    accounts: Accounts,
    options: argparse.Namespace,
    state: State,
) -> Flow[list[tuple[Row, Role | None]]]:
    """A row for each role offered; its profile's name, if it may be written."""
    from samlauth.batch import named
    from samlauth.login import naming

    values = lead.settings
    template, account = values[settings.PROFILE_NAME], values[settings.ACCOUNT]
    offered = assertion.roles
    if account is not None:
        ids = yield from accounts.called(account)
        offered = tuple(role for role in offered if role.account_id in ids)
    if "{alias}" in template and len(assertion.roles) > 1:
        yield from accounts.complete({role.account_id for role in offered})
    found = named(offered, accounts.names, template)
    rows: list[tuple[Row, Role | None]] = []
    now, force = _now(), options.force or options.saml_assertion is not None
    sections = lead.files.read_each(found.roles)
    for profile, role in found.roles.items():
        text = naming(role, assertion)
        own = values.answered(settings.ROLE_ARN, text)
        goal = Target(profile, lead.files, own, *sections[profile])
        try:
            _require_writable(goal, options, named=False)
        except SettingsError as error:
            rows.append((Row(profile, role.role_arn, error), None))
            continue
        row = replace(_row(goal, state, now, force=force), role=role.role_arn, naming=text)
        rows.append((row, role))
    rows += [(Row("", role.role_arn, error), None) for role, error in found.refused]
    return rows


def _now() -> datetime:
    return datetime.now(UTC)
