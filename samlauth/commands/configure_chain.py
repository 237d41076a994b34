"""``samlauth configure chain``: a profile whose role is taken with another profile's credentials.

What is written is AWS's own, ``role_arn`` and ``source_profile``, which every AWS tool follows.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final

from samlauth import awsfiles, parsers
from samlauth.chains import LONGEST, Hop
from samlauth.command import Command
from samlauth.commands.hops import hops_of
from samlauth.commands.target import warn
from samlauth.durations import parse
from samlauth.effects import files, output
from samlauth.errors import SettingsError, UsageError
from samlauth.printable import safe

if TYPE_CHECKING:
    import argparse

_KEYS_OF_ITS_OWN: Final = (
    ("aws_access_key_id", "holds credentials"),
    ("credential_process", "gets its credentials from its credential_process"),
    ("login_session", "gets its credentials from its login_session"),
    ("web_identity_token_file", "uses a web identity"),
    ("credential_source", "gets its credentials from its credential_source"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line, after the word ``chain``."""
    parser.add_argument("name", metavar="NAME", help="the profile to make")
    parser.add_argument(
        "--source-profile",
        metavar="NAME",
        required=True,
        help="the profile whose credentials the role is taken with",
    )
    parser.add_argument("--role-arn", "-r", metavar="ARN", required=True, help="the role")
    parser.add_argument(
        "-R", "--region", metavar="REGION", help="its region (default: the source's)"
    )
    parser.add_argument("--external-id", metavar="ID", help="what the role's owner wants named")
    parser.add_argument(
        "--serial-number", metavar="SERIAL", help="the MFA device whose code the role wants"
    )
    parser.add_argument("--session-name", metavar="NAME", help="what AWS's logs call you")
    parser.add_argument(
        "-d", "--duration", metavar="TIME", help="how long it lasts: up to 1h (default)"
    )
    parsers.quiet_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Write the profile. Raises UsageError and SettingsError for what cannot be, FileError when
    the file cannot be changed."""
    profile, source = options.name, options.source_profile
    seconds = None if options.duration is None else _seconds(options.duration)
    hop = Hop(
        options.role_arn,
        options.session_name or "",
        external_id=options.external_id or "",
        serial_number=options.serial_number or "",
        duration_seconds=LONGEST if seconds is None else seconds,
    )
    for name in (profile, source):
        awsfiles.check_profile_name(name)
    if profile == source:
        raise SettingsError(
            f"{safe(profile)} cannot take its role with its own credentials.",
            hint="Give the new profile another name than its source.",
        )
    aws = files.locate(os.environ)
    config = aws.read_config(profile)
    _refuse_other(profile, {**config, **aws.read_credentials(profile)})
    base = aws.read_config(source)
    _refuse_loop(aws, profile, source)
    region = options.region or (None if "region" in config else base.get("region"))
    wanted = {
        "region": region,
        "source_profile": source,
        "role_arn": hop.role_arn,
        "role_session_name": hop.session_name,
        "external_id": hop.external_id,
        "mfa_serial": hop.serial_number,
        "duration_seconds": "" if seconds is None else str(seconds),
    }
    changes: dict[str, str | None] = {key: value for key, value in wanted.items() if value}
    for notice in aws.write({profile: changes}, {}).notices:
        warn(notice)
    if options.quiet:
        return 0
    output.tell(f"Wrote to [{awsfiles.config_section(profile)}] of {aws.config}:")
    for key, value in changes.items():
        output.tell(f"  {key} = {safe(value or '', 1000)}")
    output.tell("AWS tools take the role for an hour at most, and then again by themselves.")
    if not (base or aws.read_credentials(source)):
        output.tell(f"There is no profile {source} yet: samlauth -p {shlex.quote(source)}")
    output.tell(f"Try: aws sts get-caller-identity --profile {shlex.quote(profile)}")
    return 0


COMMAND = Command(
    "samlauth configure chain NAME --source-profile NAME --role-arn ARN",
    "Make a profile whose role is taken with another profile's credentials, by every AWS tool.",
    "A role taken so lasts an hour at most; AWS tools renew it while the source is good.\n",
    arguments=arguments,
    run=run,
)


def _seconds(text: str) -> int:
    try:
        return parse(text, "neither seconds nor like 45m")
    except ValueError as error:
        raise UsageError(
            f"--duration is {text!r}, which is {error}.",
            hint="Give seconds, or a time like 1h; leave it out for an hour.",
        ) from None


def _refuse_other(profile: str, both: dict[str, str]) -> None:
    """Raises SettingsError for a profile whose credentials come in another way: what it has would
    hide the role, or the role would hide that."""
    for key, what in _KEYS_OF_ITS_OWN:
        if key in both:
            raise SettingsError(
                f"The profile {safe(profile)} {what}; it cannot have a role to take as well.",
                hint=f"Give the new profile another name, or first: "
                f"samlauth logout -p {safe(shlex.quote(profile))}"
                if key == "aws_access_key_id"
                else "Give the new profile another name.",
            )
    if any(key.startswith("sso_") for key in both):
        raise SettingsError(
            f"The profile {safe(profile)} uses IAM Identity Center (sso_…); it cannot have a role "
            "to take as well.",
            hint="Give the new profile another name.",
        )


def _refuse_loop(aws: files.AWSFiles, profile: str, source: str) -> None:
    """Raises SettingsError when the source's own source is, in the end, the new profile."""
    hops_of(aws, source, seen=(profile,))
