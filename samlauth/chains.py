"""Roles that are taken with another role's credentials, as flows, and what a no of STS means.

AWS calls it role chaining (IAM User Guide, "Roles terms and concepts"), and lets such credentials
live for an hour at most, whatever the role itself allows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from samlauth.durations import SHORTEST
from samlauth.errors import SettingsError, STSRefused
from samlauth.printable import safe

LONGEST = 3600
"""Seconds that credentials of a chained role may live."""

_ROLE_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""STS's own pattern of RoleSessionName and SourceIdentity (STS API Reference, AssumeRole)."""
_TAGS = 50


@dataclass(frozen=True)
class Hop:
    """A role to take with the credentials one has: the parameters of AssumeRole.

    Raises SettingsError for a role's ARN or a duration that cannot be, and STSRefused for a name
    that STS is known to refuse.
    """

    role_arn: str
    session_name: str = ""
    """Empty for one made of the person's name."""
    duration_seconds: int = LONGEST
    external_id: str = ""
    serial_number: str = ""
    """Of the MFA device whose code the role wants; empty for none."""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    """Those of the tags that the roles taken with these credentials have, too."""
    source_identity: str = ""
    policy: str = ""
    """JSON."""
    policy_arns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_role_arn(self.role_arn)
        if self.duration_seconds > LONGEST:
            raise SettingsError(
                "A role that is taken with another role's credentials lasts an hour at most: "
                "AWS allows no more for it.",
                hint="Ask for 1h or less.",
            )
        if self.duration_seconds < SHORTEST:
            raise SettingsError(
                "Credentials last 15 minutes at least: AWS makes none for less.",
                hint="Ask for 15m or more.",
            )
        for what, name in (
            ("session name", self.session_name),
            ("source identity", self.source_identity),
        ):
            if name:
                require_name(what, name)
        if len(self.tags) > _TAGS:
            raise STSRefused(
                f"There are {len(self.tags)} session tags, and AWS takes {_TAGS}.",
                hint="Give fewer.",
                code="ValidationError",
            )


def require_role_arn(text: str) -> None:
    """Raises SettingsError for what is no role's ARN."""
    if not _ROLE_ARN.fullmatch(text):
        raise SettingsError(
            f"{safe(text)} is not the ARN of a role.",
            hint="It looks like arn:aws:iam::111122223333:role/NAME.",
        )


def require_name(what: str, name: str) -> None:
    """Raises STSRefused for a name that STS would refuse, without asking it."""
    if not _SESSION_NAME.fullmatch(name):
        raise STSRefused(
            f"AWS does not take {safe(name)!r} as a {what}.",
            hint="It has 2 to 64 of the characters a-z A-Z 0-9 _ + = , . @ -",
            code="ValidationError",
        )


def session_name(person: str) -> str:
    """A session name AWS takes, made of who the person is, so that its logs show them."""
    name = re.sub(r"[^\w+=,.@-]", "-", person, flags=re.ASCII)[:64]
    return name if len(name) > 1 else "samlauth"
