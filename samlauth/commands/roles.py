"""``samlauth roles``: the roles that a sign-in offers, none of which is taken."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands.provider import begun, complete, provider_for
from samlauth.commands.target import target
from samlauth.effects import output
from samlauth.effects.state import StateFile
from samlauth.errors import NobodyToAsk
from samlauth.printable import safe

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
    with output.aside() as answer:
        goal = target(flags, os.environ)
        early = begun(goal.settings)
        from samlauth.commands.world import World

        memory, now = StateFile.beside(goal.files.config), datetime.now(UTC)
        with World(goal.settings, options, redactor, sts=False, early=early) as world:
            try:
                offer = world.run(offered(goal.settings, memory.load().names(now)))
            except NobodyToAsk as error:
                error.hint = (
                    error.hint or f"Run it in a terminal: {shlex.join(['samlauth', *sys.argv[1:]])}"
                )
                raise
        world.keep_password()
        if offer.learnt:
            seen = {account: (name, now) for account, name in offer.learnt.items()}
            memory.update(lambda state: replace(state, aliases={**state.aliases, **seen}))
        answer((as_json(offer) if options.json else as_table(offer)).encode())
    return 0


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


def as_table(offer: Offer) -> str:
    """Account, its name or a dash, role, provider: columns without a heading, for any tool."""
    rows = [
        (
            role.account_id,
            safe(offer.names.get(role.account_id) or "-"),
            safe(role.role_arn, 1000),
            safe(role.principal_arn, 1000),
        )
        for role in offer.roles
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row[:3], widths, strict=True))
        + f"  {row[3]}\n"
        for row in rows
    )
