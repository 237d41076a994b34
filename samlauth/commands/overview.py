"""The login, as the command line has it: what ``samlauth --help`` shows.

Nothing is imported at this level that ``--help`` does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samlauth.command import signing_in
from samlauth.commands.flags import of_grant

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from samlauth.redactor import Redactor

_EPILOG = """\
A flag --x-y is also the variable SAMLAUTH_X_Y and the key samlauth.x_y of the profile in
~/.aws/config; the settings of aws-google-auth, gsts, aws-adfs and saml2aws are read, too. Each
switch has a --no- twin.

other commands:
  samlauth env -p NAME                  print them as variables for a shell to evaluate
  samlauth exec -p NAME -- COMMAND      run a command with them
  samlauth console -p NAME              open the AWS console, signed in
  samlauth roles [--json]               list the roles you are offered, and take none
  samlauth status [--json | --short]    what is stored, and how long it lasts
  samlauth configure -p NAME            answer the questions once
  samlauth configure process -p NAME    make AWS tools get them from samlauth by themselves
  samlauth configure chain NAME         make a profile that takes a role with another's keys
  samlauth assume-role -p NAME          take a role with another profile's credentials
  samlauth assume-role-with-web-identity -p NAME   the same with a token of an OpenID Connect issuer
  samlauth import [--check]             take over what other tools have set up
  samlauth credential-process -p NAME   print them as AWS's credential_process wants them
  samlauth assertion                    sign in here for a machine that cannot
  samlauth totp add -p NAME             make one-time codes of a secret in the keyring
  samlauth logout [-p NAME | --all]     remove what samlauth keeps
  samlauth settings -p NAME [--json]    each value, and where it came from
  samlauth doctor -p NAME [--fix]       what stands in the way, and what helps
  samlauth report                       bundle what a failed sign-in met, for whoever mends it
  samlauth replay FILE                  name the pages of such a bundle
  samlauth rehearse google | adfs       try it all on a local identity provider and STS
  samlauth completion SHELL             have bash, zsh, fish or powershell finish what you type
  samlauth docker-alias                 the line that makes samlauth run in Docker
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    parser.add_argument(
        "--force",
        "--no-cache",
        action="store_true",
        help="sign in although the credentials are still good",
    )
    of_grant(parser)
    parser.add_argument(
        "--saml-assertion",
        metavar="VALUE",
        help="use this SAML response instead of signing in: a file, - for standard input",
    )


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Log in, as :func:`samlauth.commands.login.run` does."""
    from samlauth.commands import login

    return login.run(options, flags, redactor)


COMMAND = signing_in(
    "samlauth [login] [options]",
    "Sign in to AWS through your company's identity provider, and write the credentials to a profile.",
    _EPILOG,
    arguments=arguments,
    run=run,
    several=True,
    foremost=None,
)
