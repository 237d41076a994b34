"""What AWS checks of AssumeRole and AssumeRoleWithWebIdentity, and moto does not."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from samlauth.sandbox.trust import Fault

_ROLE = re.compile(r"arn:aws[a-z0-9-]*:iam::\d{12}:role/\S+")
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_HOUR = 3600
_PACKED = 2048
_NAMES = (("RoleSessionName", "roleSessionName"), ("SourceIdentity", "sourceIdentity"))


@dataclass
class Wanted:
    """What the trust policies of some roles want; others take whoever comes. By the role's ARN."""

    external_ids: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The MFA device's serial number and its code."""

    def check(self, action: str, parameters: Mapping[str, str], now: float) -> None:
        """Raises Fault as AWS refuses the call. ``now`` is in seconds since 1970."""
        if action not in {"AssumeRole", "AssumeRoleWithWebIdentity"}:
            return
        _check_parameters(parameters)
        if action == "AssumeRoleWithWebIdentity":
            _check_token(parameters.get("WebIdentityToken", ""), now)
            return
        if int(parameters.get("DurationSeconds", _HOUR)) > _HOUR:
            raise Fault(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed "
                "by role chaining",
            )
        role_arn = parameters["RoleArn"]
        if self.external_ids.get(role_arn) not in {None, parameters.get("ExternalId")}:
            raise _denied(role_arn)
        if (wanted := self.codes.get(role_arn)) is not None:
            serial, code = wanted
            if parameters.get("SerialNumber") != serial:
                raise _denied(role_arn)
            if parameters.get("TokenCode") != code:
                raise Fault(
                    "AccessDenied",
                    "MultiFactorAuthentication failed with invalid MFA one time pass code.",
                    403,
                )


def _denied(role_arn: str) -> Fault:
    return Fault(
        "AccessDenied",
        f"User is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
        403,
    )


def _check_parameters(parameters: Mapping[str, str]) -> None:
    if not _ROLE.fullmatch(parameters.get("RoleArn", "")):
        raise Fault("ValidationError", f"{parameters.get('RoleArn', '')} is invalid")
    for name, spelt in _NAMES:
        value = parameters.get(name, "")
        if (value or name == "RoleSessionName") and not _NAME.fullmatch(value):
            raise Fault(
                "ValidationError",
                f"1 validation error detected: Value '{value}' at '{spelt}' failed to satisfy "
                r"constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
            )
    packed = sum(
        len(value)
        for name, value in parameters.items()
        if name == "Policy" or name.startswith(("Tags.member.", "PolicyArns.member."))
    )
    if packed > _PACKED:
        raise Fault(
            "PackedPolicyTooLarge",
            f"Packed size of session policies and tags consumes {100 * packed // _PACKED}% of "
            "allotted space.",
        )


def _check_token(token: str, now: float) -> None:
    """An OpenID Connect ID token, whose signature is not looked at."""
    try:
        _, payload, _ = token.split(".")
        expires = float(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (ValueError, KeyError, TypeError):
        raise Fault("InvalidIdentityToken", "The ID Token provided is not a valid JWT.") from None
    if expires <= now:
        raise Fault(
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        )
