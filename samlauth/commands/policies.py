"""The session policies that the settings name, read from their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.errors import SettingsError, STSRefused
from samlauth.printable import safe

if TYPE_CHECKING:
    from samlauth.sources import Settings
    from samlauth.sts import SessionPolicies

LONGEST = 2048
"""Characters that STS takes as ``Policy``."""


def session_policies(values: Settings) -> SessionPolicies:
    """What the credentials are to be held to.

    Raises SettingsError for a file of no use, STSRefused for a policy that STS would not take.
    """
    from samlauth.sts import SessionPolicies

    path = values[settings.POLICY]
    policy = _read(path) if path else ""
    return SessionPolicies(policy, values[settings.POLICY_ARN], values[settings.READ_ONLY])


def as_text(values: Settings) -> str:
    """The same, as an identity has it; empty, with nothing loaded, for none."""
    if values[settings.POLICY] or values[settings.POLICY_ARN] or values[settings.READ_ONLY]:
        return str(session_policies(values))
    return ""


def _read(path: str) -> str:
    """The policy without the white space that would count."""
    import json

    from samlauth.effects.paths import expanded

    try:
        content = json.loads(expanded(path).read_bytes())
    except OSError as error:
        raise SettingsError(
            f"The session policy {safe(path)} cannot be read: {error.strerror}.",
            hint="--policy names a file with a policy in JSON.",
        ) from None
    except (ValueError, RecursionError):
        raise SettingsError(
            f"The session policy {safe(path)} is not JSON.",
            hint="--policy names a file with a policy in JSON, as IAM shows it.",
        ) from None
    text = json.dumps(content, separators=(",", ":"))
    if not isinstance(content, dict):
        raise SettingsError(
            f"The session policy {safe(path)} is no JSON object.",
            hint="--policy names a file with a policy in JSON, as IAM shows it.",
        )
    if len(text) > LONGEST:
        raise STSRefused(
            f"The session policy {safe(path)} is longer than the {LONGEST} characters that AWS takes.",
            hint="Shorten it; --policy-arn names a managed policy, which may be longer.",
            code="PackedPolicyTooLarge",
        )
    return text
