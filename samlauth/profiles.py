"""Which profiles may be written: never one whose own settings would hide the new credentials.

What botocore looks at first in a profile, before keys in the credentials file: ``role_arn``, a web
identity, IAM Identity Center. What keys in the credentials file would hide in turn:
``login_session`` and ``credential_process``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from samlauth.errors import SettingsError
from samlauth.printable import safe

_PROCESS = re.compile(
    r"""(?:"[^"]*samlauth(?:\.exe)?"|'[^']*samlauth'|\S*samlauth(?:\.exe)?)\s+credential-process\b"""
    r"""(?=\s)(?:.*?\s)(?:-p|--profile)[\s=]+(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\S+))"""
)
"""A ``credential_process`` line that runs us, and the profile it asks for."""


def served_by_us(config: Mapping[str, str]) -> str | None:
    """The profile whose credentials this one's ``credential_process`` gets from us; None for none."""
    found = _PROCESS.match(config.get("credential_process", "").strip())
    return None if found is None else found["double"] or found["single"] or found["bare"]


def refuse_unwritable(
    profile: str,
    config: Mapping[str, str],
    credentials: Mapping[str, str],
    *,
    named: bool,
    overwrite_keys: bool = False,
) -> None:
    """Raises SettingsError when the profile must not be given credentials.

    ``config`` and ``credentials`` are its sections in the two AWS files; ``named`` says whether the
    person named it to us, which ``default`` needs.
    """
    if profile == "default" and not named:
        raise SettingsError(
            "AWS_PROFILE names the default profile, which every AWS tool falls back to.",
            hint="To sign in to it all the same: -p default.",
        )
    both = {**config, **credentials}
    key_id = credentials.get("aws_access_key_id", "")
    long_lived = key_id.startswith("AKIA") or (key_id and not credentials.get("aws_session_token"))
    if long_lived and not overwrite_keys:
        raise SettingsError(
            f"The profile {safe(profile)} holds long-lived keys ({safe(key_id[:8])}…), "
            "which signing in would replace for good.",
            hint="Name another profile with -p, or give --overwrite-keys to replace them.",
        )
    if "role_arn" in both:
        source = both.get("source_profile")
        raise SettingsError(
            f"The profile {safe(profile)} takes its role from another profile (role_arn), "
            "so AWS tools would ignore credentials written to it.",
            hint=f"Sign in to its source instead: samlauth -p {safe(source)}."
            if source and source != profile
            else "Name another profile with -p.",
        )
    if "web_identity_token_file" in both:
        raise SettingsError(
            f"The profile {safe(profile)} uses a web identity (web_identity_token_file), "
            "so AWS tools would ignore credentials written to it.",
            hint="Name another profile with -p.",
        )
    if any(key.startswith("sso_") for key in both):
        raise SettingsError(
            f"The profile {safe(profile)} uses IAM Identity Center (sso_…), "
            "so AWS tools would ignore credentials written to it.",
            hint="Name another profile with -p.",
        )
    served = served_by_us(both)
    if served is not None and served != profile:
        raise SettingsError(
            f"The profile {safe(profile)} gets its credentials from {safe(served)}; "
            "credentials written to it would hide that.",
            hint=f"Sign in to that one instead: samlauth -p {safe(served)}.",
        )
    for key in ("login_session", "credential_process"):
        if key in both and not (served and key == "credential_process"):
            raise SettingsError(
                f"The profile {safe(profile)} gets its credentials from its {key}; "
                "credentials written to it would hide that.",
                hint="Name another profile with -p. To have samlauth take the place of that "
                f"line: samlauth configure process -p {shlex.quote(profile)}"
                if key == "credential_process"
                else f"Name another profile with -p, or remove the {key} line from the profile.",
            )
