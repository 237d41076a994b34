"""Credentials for whoever needs them now: the ones that are held, else renewed.

However many ask at once, one of them signs in: there is a lock for each identity provider and
person. The others wait for it, and take what it got, or what it was refused with: fifty programs
that start together must be one password, right or wrong.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from samlauth.commands.held import BY_WEB_IDENTITY, TAKEN, Held, held, keep, usable
from samlauth.commands.hops import is_chained
from samlauth.commands.provider import begun, identity, is_complete
from samlauth.commands.target import Target, require_writable, warn
from samlauth.effects import output
from samlauth.effects.state import Refused, StateFile
from samlauth.effects.turns import turn
from samlauth.errors import (
    AssertionRefused,
    CodeRefused,
    FileError,
    NeedsPerson,
    SamlauthError,
    SettingsError,
    SignInRefused,
    UnsafePage,
)
from samlauth.printable import safe

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from samlauth.redactor import Redactor

WAIT: Final = 210.0
"""Seconds to wait for another's sign-in: as long as a second factor may take, and 120 more."""
GLANCE: Final = 1.0
"""Seconds to wait before it is said what for."""
STANDS: Final = timedelta(seconds=60)
"""How long a refusal stands for those who start after it and could not answer for themselves."""


def supply(
    aim: Callable[[], Target], options: argparse.Namespace, redactor: Redactor
) -> tuple[Target, Held]:
    """The profile, and what it holds if that is good for long enough, else what a sign-in gives.

    ``aim`` reads the profile and its settings; again, after waiting. Nothing is asked on standard
    input. Raises SettingsError for a profile that must not be given credentials, what a sign-in
    raises, and FileError when the other's never ends.
    """
    goal = aim()
    if is_chained(goal.config, goal.credentials):
        from samlauth.commands.chain import chained

        return goal, chained(goal, options, redactor)
    if found := _good(goal):
        return goal, found
    _require_renewable(goal)
    # As the login does, before anybody is asked for anything.
    require_writable(goal)
    started = datetime.now(UTC)
    with in_turn(goal.files.config, _whose(goal)):
        goal = aim()
        if found := _good(goal):
            return goal, found
        memory = StateFile.beside(goal.files.config)
        state, key = memory.load(), _whose(goal)
        if (refused := state.refusals.get(key)) and _stands(refused, started):
            raise _again(refused)
        early = begun(goal.settings)
        from samlauth.commands.sign_in import sign_in, store

        try:
            outcome = sign_in(goal, options, state, redactor, stdin=False, early=early)
        except (SignInRefused, CodeRefused, AssertionRefused) as error:
            noted = Refused(datetime.now(UTC), error.exit_code, error.message, error.hint)
            memory.update(lambda state: state.with_refusal(key, noted))
            raise
        except UnsafePage:
            raise  # to be looked at, and not to be run into again
        except NeedsPerson as error:
            # What would help is to be typed elsewhere, whatever ran us.
            error.hint = f"Run: samlauth -p {shlex.quote(goal.profile)}"
            raise
        return goal, store(goal, outcome, memory)


@contextmanager
def in_turn(config: Path, whose: str, seconds: float = WAIT) -> Iterator[None]:
    """Be the only one who does this, whatever ``whose`` names, while the block runs.

    A person who has to wait for another run is told so. Raises FileError when that does not end
    within so many seconds.
    """
    from samlauth.effects.terminal import has_terminal

    with ExitStack() as held:
        try:
            held.enter_context(turn(config, whose, min(GLANCE, seconds)))
        except FileError:
            if has_terminal():
                output.tell(
                    "Another samlauth is signing in; waiting for it (Ctrl-C ends this one)."
                )
            try:
                held.enter_context(turn(config, whose, seconds))
            except FileError as error:
                raise FileError(
                    f"Another samlauth has been signing in for {seconds:g} seconds.",
                    hint="It may be asking for something in another terminal: answer it there, or "
                    "end it, and try again.",
                ) from error
        yield


def _require_renewable(goal: Target) -> None:
    """Raises SettingsError for credentials that no sign-in gave, so that none would renew them."""
    found = held(goal, StateFile.beside(goal.files.config).load())
    if found is None or found.issued.identity.idp not in TAKEN or is_complete(goal.settings):
        return
    who, name = found.issued.identity, shlex.quote(goal.profile)
    by_token = who.idp == BY_WEB_IDENTITY
    raise SettingsError(
        f"The credentials of the profile {safe(goal.profile)}, of {safe(who.role_arn, 1000)}, are "
        "at their end, and samlauth does not take that role again by itself.",
        hint=f"Run again: samlauth assume-role-with-web-identity -p {name} …"
        if by_token
        else f"Run again: samlauth assume-role -p {name} … (samlauth logout -p {name}, then samlauth "
        f"configure chain {name} … makes a profile that renews itself).",
    )


def _good(goal: Target) -> Held | None:
    memory = StateFile.beside(goal.files.config)
    found = usable(goal, memory.load(), warn)
    if found is not None and goal.is_process:
        # Settings of other profiles may have changed: the next one need not think about it again.
        with suppress(OSError, FileError):
            keep(goal, found.credentials, found.issued)
    return found


def _whose(goal: Target) -> str:
    """The identity provider and the person, in one text."""
    who = identity(goal.settings, "")
    return " ".join(filter(None, (who.idp, who.idp_id, who.username)))


def _stands(refused: Refused, started: datetime) -> bool:
    now = datetime.now(UTC)
    if refused.when > now:
        return False  # the clock was wrong then, and nobody knows how long ago it was
    if refused.when >= started:
        return True
    from samlauth.effects.terminal import has_terminal

    return now - refused.when < STANDS and not has_terminal()


def _again(refused: Refused) -> SamlauthError:
    error = SamlauthError(refused.message, hint=refused.hint)
    error.exit_code = refused.exit_code
    return error
