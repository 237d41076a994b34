"""``samlauth console``: the AWS console in the person's browser, signed in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.command import signing_in
from samlauth.commands.supply import supply
from samlauth.commands.target import target
from samlauth.effects import output

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    parser.add_argument(
        "--service", metavar="NAME", help="the service whose page to open: s3, ec2, cloudwatch, …"
    )
    parser.add_argument(
        "--print",
        dest="print_url",
        action="store_true",
        help="print the address instead; whoever has it, within 15 minutes, is you at AWS",
    )


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Open the console, or print the address that opens it; sign in first if need be.

    It is printed as well where no browser can be opened. Raises SettingsError for a service or
    region that cannot be one, STSRefused when AWS does not take the credentials for it.
    """
    # Whatever a browser says is no data.
    with output.aside() as answer:
        goal, held = supply(lambda: target(flags, os.environ), options, redactor)
        from samlauth.commands.world import World
        from samlauth.effects.opener import open_in_browser
        from samlauth.federation import Place, sign_in_url

        partition = held.issued.identity.role_arn.split(":")[1]
        place = Place(partition, options.service, goal.settings[settings.REGION])
        redactor.hide(held.credentials.secret_access_key)
        redactor.hide(held.credentials.session_token)
        with World(goal.settings, options, redactor, sts=False, stdin=False) as world:
            url = world.run(sign_in_url(held.credentials, place))
        redactor.hide(url)
        if not options.print_url and open_in_browser(url):
            if not options.quiet:
                output.tell(f"Opened {place.url} in your browser.")
            return 0
        if not options.print_url:
            output.tell(
                "samlauth: no browser could be opened here. This address opens the console in any "
                "browser, for 15 minutes; do not pass it on."
            )
        answer(url.encode("ascii") + b"\n")
    return 0


COMMAND = signing_in(
    "samlauth console -p NAME [--service NAME] [--print]",
    "Open the AWS console in your browser, signed in with a profile's credentials.",
    arguments=arguments,
    run=run,
)
