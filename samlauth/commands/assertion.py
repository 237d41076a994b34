"""``samlauth assertion``: sign in, and hand the SAML response to another program.

It is what a computer without a browser lacks: ``samlauth assertion … | ssh HOST samlauth
--saml-assertion - …`` signs in here for a profile there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samlauth.command import signing_in
from samlauth.commands.provider import begun, complete, provider_for
from samlauth.commands.target import target
from samlauth.effects import output
from samlauth.errors import UsageError
from samlauth.flow import Flow, within
from samlauth.saml import SAMLResponse
from samlauth.sources import Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    parser.add_argument(
        "--show", action="store_true", help="print it although standard output is a terminal"
    )


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Print the base64 of the SAML response and nothing else; no file is written.

    Raises UsageError, before it signs in, where a terminal would show it.
    """
    if sys.stdout.isatty() and not options.show:
        raise UsageError(
            "Whoever has the SAML response can sign in to AWS as you, and a terminal would keep it "
            "on its screen.",
            hint="Give it to a program: samlauth assertion … | ssh HOST samlauth "
            "--saml-assertion - …\n--show prints it all the same.",
        )
    goal = target(flags, os.environ)
    early = begun(goal.settings)
    from samlauth.commands.world import World

    with World(goal.settings, options, redactor, sts=False, early=early) as world:
        response = world.run(_sign_in(goal.settings))
    world.keep_password()
    redactor.hide(response.base64)
    if not options.quiet:
        output.tell("AWS takes this SAML response for five minutes.")
    output.data(response.base64)
    return 0


COMMAND = signing_in(
    "samlauth assertion [options]",
    "Sign in and print only the base64 SAML response, for another program.",
    arguments=arguments,
    run=run,
)


def _sign_in(given: Settings) -> Flow[SAMLResponse]:
    provider = provider_for((yield from complete(given)))
    return (yield from within(provider.reach, provider.sign_in()))
