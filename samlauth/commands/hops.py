"""The roles that a profile's ``role_arn`` and ``source_profile`` lead through (AWS SDKs and Tools
Reference Guide, "Assume role credential provider")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samlauth.errors import SettingsError
from samlauth.printable import safe

if TYPE_CHECKING:
    from samlauth.chains import Hop
    from samlauth.effects.files import AWSFiles


@dataclass(frozen=True)
class Chain:
    """Where credentials come from, and the roles that are taken with them one after the other."""

    source: str
    """The profile that has credentials of its own, or a sign-in to get some."""
    hops: tuple[Hop, ...] = ()


def is_chained(config: Mapping[str, str], credentials: Mapping[str, str]) -> bool:
    """Whether a profile with these sections takes its role with another profile's credentials."""
    both = {**config, **credentials}
    return "role_arn" in both and "source_profile" in both


def hops_of(aws: AWSFiles, profile: str, seen: tuple[str, ...] = ()) -> Chain:
    """The chain that ends at ``profile``; no hops for a profile that is none.

    ``seen`` are profiles that may not come up again. Raises SettingsError for a loop, and for a
    profile whose keys make no sense.
    """
    if profile in seen:
        raise SettingsError(
            "These profiles take their roles with one another's credentials, in a circle: "
            f"{safe(' > '.join((*seen, profile)), 1000)}.",
            hint="Let the last source_profile name one that you can sign in to.",
        )
    config, credentials = aws.read_config(profile), aws.read_credentials(profile)
    if not is_chained(config, credentials):
        return Chain(profile)
    both = {**config, **credentials}
    before = hops_of(aws, both["source_profile"], (*seen, profile))
    return Chain(before.source, (*before.hops, _hop(profile, both)))


def _hop(profile: str, keys: Mapping[str, str]) -> Hop:
    from samlauth.chains import LONGEST, Hop

    seconds = keys.get("duration_seconds", str(LONGEST))
    if not (seconds.isascii() and seconds.isdecimal()):
        raise SettingsError(
            f"duration_seconds of the profile {safe(profile)} is {safe(seconds)!r}, which is no "
            "number of seconds.",
            hint="Remove it for an hour, which is the most there is.",
        )
    try:
        return Hop(
            keys["role_arn"],
            keys.get("role_session_name", ""),
            int(seconds),
            keys.get("external_id", ""),
            keys.get("mfa_serial", ""),
        )
    except SettingsError as error:
        raise SettingsError(
            f"The profile {safe(profile)}: {error.message}", hint=error.hint
        ) from None
