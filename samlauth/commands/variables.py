"""The environment variables that AWS tools take credentials from.

Their names are botocore's and the AWS SDKs' (AWS SDKs and Tools Reference Guide); the form of the
expiration is the one that ``aws configure export-credentials`` prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from samlauth import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samlauth.commands.held import Held
    from samlauth.commands.target import Target

_OTHERS: Final = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        # What older tools read or wrote in their place.
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AWS_SECURITY_TOKEN",
        "AWS_SESSION_EXPIRATION",
        "AWS_CREDENTIAL_FILE",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)
"""What names credentials, or a profile or a role that would."""
_CONTAINER: Final = "AWS_CONTAINER_"
"""How the names begin by which containers are given credentials."""


def of_credentials(goal: Target, held: Held) -> dict[str, str]:
    """What makes any AWS tool use the credentials, and the region where it is known."""
    credentials = held.credentials
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_CREDENTIAL_EXPIRATION": f"{credentials.expiration:%Y-%m-%dT%H:%M:%S+00:00}",
        **_of_region(goal),
    }


def of_profile(goal: Target) -> dict[str, str]:
    """What makes AWS tools ask for the profile's credentials whenever they need some."""
    return {
        "AWS_PROFILE": goal.profile,
        # Without it, older SDKs for Go and JavaScript do not read the file that names the program.
        "AWS_SDK_LOAD_CONFIG": "1",
        **_of_region(goal),
    }


def without_others(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without whatever else might tell a program which credentials to use."""
    return {
        name: value
        for name, value in environ.items()
        if name not in _OTHERS and not name.startswith(_CONTAINER)
    }


def role_meant_for_us(environ: Mapping[str, str]) -> dict[str, str]:
    """The role that samlauth was told to take, for when it is run again.

    Without a web identity it means nothing to any other program.
    """
    role = environ.get("AWS_ROLE_ARN")
    return {"AWS_ROLE_ARN": role} if role and not environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") else {}


def _of_region(goal: Target) -> dict[str, str]:
    region = goal.settings[settings.REGION]
    return {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
