"""``samlauth roles``: the roles that a sign-in offers, none of which is taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.command import signing_in
from samlauth.commands.provider import begun, complete, provider_for
from samlauth.commands.target import target
from samlauth.effects import output
from samlauth.effects.console import columns
from samlauth.effects.state import StateFile
from samlauth.printable import safe, table

if TYPE_CHECKING:
    import argparse

    from samlauth.flow import Flow
    from samlauth.redactor import Redactor
    from samlauth.saml import Role
    from samlauth.sources import Settings


@dataclass(frozen=True)
class Offer:
    """The roles, and the names of their accounts."""

    roles: tuple[Role, ...]
    names: Mapping[str, str]
    """Account id to name; empty for one without."""
    learnt: Mapping[str, str] = field(default_factory=dict)
    """Those of ``names`` that were not known before."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Sign in and print a line for each role; nothing is stored but the names of accounts."""
    cells = columns(sys.stdout) if sys.stdout.isatty() else None
    with output.aside() as answer:
        goal = target(flags, os.environ)
        early = begun(goal.settings)
        from samlauth.commands.world import World

        memory, now = StateFile.beside(goal.files.config), datetime.now(UTC)
        # What it is run in a loop over is nobody's password.
        stdin = goal.settings[settings.STDIN]
        with World(goal.settings, options, redactor, sts=False, stdin=stdin, early=early) as world:
            offer = world.run(offered(goal.settings, memory.load().names(now)))
        world.keep_password()
        if offer.learnt:
            seen = {account: (name, now) for account, name in offer.learnt.items()}
            memory.update(lambda state: replace(state, aliases={**state.aliases, **seen}))
        answer((as_json(offer) if options.json else as_table(offer, cells)).encode())
    return 0


COMMAND = signing_in(
    "samlauth roles [options]",
    "Sign in and list every role you are offered, with its account; none is taken.",
    arguments=arguments,
    run=run,
)


def offered(given: Settings, known: Mapping[str, str]) -> Flow[Offer]:
    """Sign in, and look up the accounts' names that are not ``known`` if the settings want them."""
    from samlauth.aliases import account_names
    from samlauth.flow import within
    from samlauth.saml import read_assertion

    values = yield from complete(given)
    provider = provider_for(values)
    response = yield from within(provider.reach, provider.sign_in())
    roles = read_assertion(response).roles
    ids = {role.account_id for role in roles}
    # With a single role, AWS would take the response for a sign-in to the console.
    if len(roles) == 1 or ids <= known.keys() or not values[settings.RESOLVE_ALIASES]:
        return Offer(roles, known)
    names = yield from account_names(response)
    learnt = {account: names.get(account, "") for account in ids} if names else {}
    return Offer(roles, {**known, **learnt}, learnt)


def as_json(offer: Offer) -> str:
    """An array of objects; the name is null where it is not known or there is none."""
    import json

    rows = [
        {
            "account": role.account_id,
            "account_name": offer.names.get(role.account_id) or None,
            "role_arn": role.role_arn,
            "principal_arn": role.principal_arn,
        }
        for role in offer.roles
    ]
    return json.dumps(rows, indent=2) + "\n"


def as_table(offer: Offer, cells: int | None = None) -> str:
    """Account, its name or a dash, role, provider: columns without a heading, for any tool.

    The roles of an account are together. On a screen, which is so many ``cells`` wide, a role has
    several lines where that is not enough.
    """
    rows = [
        (
            role.account_id,
            safe(offer.names.get(role.account_id) or "-"),
            safe(role.role_arn, 1000),
            safe(role.principal_arn, 1000),
        )
        for role in sorted(offer.roles, key=lambda role: (role.account_id, role.name))
    ]
    return "".join(f"{line}\n" for line in table(rows, cells))
