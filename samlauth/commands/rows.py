"""What came of a sign-in for several profiles, a row each: written to the files, and shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands import grant
from samlauth.commands.held import BROUGHT, Held
from samlauth.commands.policies import as_text
from samlauth.commands.provider import identity
from samlauth.commands.target import Target, warn
from samlauth.effects import output
from samlauth.effects.cache import process_answer
from samlauth.effects.console import columns
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import AssertionRefused, SamlauthError
from samlauth.printable import safe, table
from samlauth.setting import Layer
from samlauth.settings import TABLE
from samlauth.sources import Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.credentials import Credentials
    from samlauth.redactor import Redactor
    from samlauth.sts import Grant


@dataclass(frozen=True)
class Row:
    """A profile, and what came of it."""

    profile: str
    """Empty where a role has none."""
    role: str
    """Its ARN, or the text that was to name it."""
    result: Target | Held | Grant | SamlauthError
    """A Target is still to be served; Held was good already."""
    goal: Target | None = None
    """None where there is no profile to write."""
    naming: str = ""
    """The role as it is remembered."""


@dataclass(frozen=True)
class Done:
    """What the sign-in came to."""

    values: Settings
    """The first profile's settings, with what the person answered."""
    rows: tuple[Row, ...]
    durations: Mapping[str, int]
    """Learnt: as ``samlauth.login.Known`` has them."""
    aliases: Mapping[str, str]
    """Learnt, the same."""


def store_each(lead: Target, done: Done, memory: StateFile, *, brought: bool) -> None:
    """Write and remember what every row has, as the login does: each file is written once.

    ``lead`` is the profile whose sign-in it was. Raises FileError when the AWS files cannot be
    written.
    """
    from samlauth.commands.sign_in import DECIDED_ELSEWHERE, keep, section_of
    from samlauth.sts import Grant

    config: dict[str, dict[str, str | None]] = {}
    sections: dict[str, dict[str, str | None]] = {}
    issues: list[tuple[Target, Credentials, Issued]] = []
    for row in done.rows:
        goal = row.goal
        if goal is None or not isinstance(row.result, Grant | Held):
            continue
        config[goal.profile] = _stored(lead, done, row)
        if isinstance(row.result, Held):
            continue
        credentials = row.result.credentials
        if goal.settings.source(settings.ROLE_ARN).layer not in DECIDED_ELSEWHERE:
            config[goal.profile][settings.ROLE_ARN.key] = row.naming
        if not goal.is_process:
            sections[goal.profile] = section_of(credentials)
        whose = (
            Identity(BROUGHT, "", "", "", row.naming)
            if brought
            else identity(done.values, row.naming)
        )
        whose = replace(whose, policies=as_text(goal.settings))
        issued = Issued(credentials.access_key_id, whose, datetime.now(UTC), credentials.expiration)
        issues.append((goal, credentials, issued))
    for notice in lead.files.write(config, sections).notices:
        warn(notice)
    for goal, credentials, issued in issues:
        if goal.is_process:
            keep(goal, credentials, issued)

    def learn(state: State) -> State:
        for goal, _, issued in issues:
            arn = issued.identity.role_arn.partition(",")[0]
            state = state.with_login(goal.profile, issued, done.durations, done.aliases, [arn])
        return state

    memory.update(learn)


def _stored(lead: Target, done: Done, row: Row) -> dict[str, str | None]:
    """The keys of the row's profile in the AWS config file."""
    assert row.goal is not None, "it has credentials, so it has a place"
    own = row.goal.settings
    for setting in TABLE:
        if done.values.source(setting).layer is Layer.ANSWER and setting is not settings.ROLE_ARN:
            own = own.answered(setting, done.values[setting])
    keys: dict[str, str | None] = dict(own.to_store())
    if lead.profile != row.profile and lead.config and not _has_own(row.goal):
        # Its sign-in is the other's, whose settings it goes on having.
        keys[settings.BASE] = lead.profile
    return keys


def _has_own(goal: Target) -> bool:
    """Whether the profile has settings of a sign-in."""
    mine = {settings.ROLE_ARN.key, settings.GROUP.key}
    return any(key.startswith("samlauth.") and key not in mine for key in goal.config) or (
        any(goal.settings.source(row).layer is Layer.PEER_PROFILE for row in TABLE)
    )


def tell(rows: Sequence[Row], *, quiet: bool) -> None:
    """Profile, role, until when or why not: a line each, on standard error."""
    cells = [
        (safe(row.profile) or "-", safe(row.role, 1000), _came_to(row))
        for row in rows
        if isinstance(row.result, SamlauthError) or not quiet
    ]
    for line in table(cells, columns(sys.stderr) if sys.stderr.isatty() else None):
        output.tell(line)


def _came_to(row: Row) -> str:
    match row.result:
        case SamlauthError() as error:
            return f"failed: {error.message}"
        case Held(credentials=credentials):
            return f"still good until {credentials.expiration.astimezone():%Y-%m-%d %H:%M}"
        case Target():
            raise AssertionError("every target was served")
        case grant:
            return f"until {grant.credentials.expiration.astimezone():%Y-%m-%d %H:%M}"


def print_each(rows: Sequence[Row], options: argparse.Namespace) -> None:
    """Print all credentials, if they are to be: one JSON object by the profiles' names, or for each
    a comment with its name and an export line."""
    given = [(row.profile, of) for row in rows if (of := _credentials(row)) is not None]
    if options.json:
        answers = {profile: json.loads(process_answer(of)) for profile, of in given}
        output.data(json.dumps(answers, indent=2))
    if options.print_creds:
        for profile, of in given:
            output.data(f"# {safe(profile)}\n{grant.exports(of)}")


def prove_each(
    lead: Target, rows: Sequence[Row], options: argparse.Namespace, redactor: Redactor
) -> None:
    """Have AWS say whose they are, if that is wanted. Raises STSRefused for the first it does not
    take."""
    if not options.verify:
        return
    from samlauth.chains import prove
    from samlauth.commands.world import World

    with World(lead.settings, options, redactor, stdin=False) as world:
        for row in rows:
            credentials = _credentials(row)
            if credentials is None or row.goal is None:
                continue
            region = row.goal.settings[settings.REGION]
            caller = world.run(prove(credentials, row.role, region))
            if not options.quiet:
                output.tell(f"{safe(row.profile)}: AWS says you are {safe(caller.arn, 1000)}.")


def _credentials(row: Row) -> Credentials | None:
    return None if isinstance(row.result, SamlauthError | Target) else row.result.credentials


def summary(failed: Sequence[SamlauthError], number: int, *, stored: bool = True) -> SamlauthError:
    """The error for all that failed; its exit code is theirs when nothing else came of it."""
    hints = dict.fromkeys(error.hint for error in failed if error.hint)
    rest = "nothing was written"
    if len(failed) < number and stored:
        rest = "the others are written"
    error: SamlauthError = AssertionRefused(
        f"{len(failed)} of {number} failed; {rest}.", hint="\n".join(hints)
    )
    codes = {each.exit_code for each in failed}
    if len(failed) == number and len(codes) == 1:
        error.exit_code = codes.pop()
    return error
