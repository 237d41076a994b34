"""The AWS accounts of a rehearsal: roles that trust the fake identity provider."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, cycle, islice

PROVIDER = "GoogleWorkspace"
ACCOUNTS = ("111111111111", "222222222222")
"""Account ids that nobody can take for real ones."""
ACCOUNT_NAMES = {"111111111111": "rehearsal-dev", "222222222222": "rehearsal-prod"}
"""The accounts' aliases; an account that is not here has none."""

_NAMES = ("ReadOnly", "Developer", "Administrator")
_MAX_SESSION_DURATIONS = (3600, 43200, 14400)


@dataclass(frozen=True)
class AccountRole:
    """A role whose trust policy names one SAML provider."""

    role_arn: str
    principal_arn: str
    """The SAML provider the role trusts."""
    max_session_duration: int = 3600
    """Seconds, as ``MaxSessionDuration`` of IAM."""
    provider_first: bool = False
    """Whether the assertion names the provider before the role; AWS takes either order."""

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, ``aws-us-gov``, …"""
        return self.role_arn.split(":")[1]

    @property
    def account_id(self) -> str:
        """The twelve digits."""
        return self.role_arn.split(":")[4]

    @property
    def name(self) -> str:
        """The last part of the ARN, without the role's path."""
        return self.role_arn.rpartition("/")[2]

    @property
    def path(self) -> str:
        """The role's path, with its slashes: ``/`` when it has none."""
        return "/" + "".join(f"{part}/" for part in self.role_arn.split("/")[1:-1])

    @property
    def attribute_value(self) -> str:
        """One value of the assertion's ``…/SAML/Attributes/Role``."""
        pair = self.role_arn, self.principal_arn
        return ",".join(reversed(pair) if self.provider_first else pair)


def account_role(
    account_id: str,
    name: str,
    *,
    partition: str = "aws",
    max_session_duration: int = 3600,
    provider_first: bool = False,
) -> AccountRole:
    """A role of that name, trusting :data:`PROVIDER` of its own account."""
    arn = f"arn:{partition}:iam::{account_id}"
    return AccountRole(
        role_arn=f"{arn}:role/{name}",
        principal_arn=f"{arn}:saml-provider/{PROVIDER}",
        max_session_duration=max_session_duration,
        provider_first=provider_first,
    )


def account_roles(number: int, *, partition: str = "aws") -> tuple[AccountRole, ...]:
    """``number`` roles over :data:`ACCOUNTS`, differing in limits and in the order of the pair."""
    names = (name if turn == 1 else f"{name}{turn}" for turn in count(1) for name in _NAMES)
    every = zip(cycle(ACCOUNTS), names, cycle(_MAX_SESSION_DURATIONS), cycle((False, True)))
    return tuple(
        account_role(
            account_id,
            name,
            partition=partition,
            max_session_duration=seconds,
            provider_first=provider_first,
        )
        for account_id, name, seconds, provider_first in islice(every, number)
    )
