"""One sign-in for many profiles: which role goes to which of them, before STS is asked for any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from samlauth.awsfiles import check_profile_name
from samlauth.errors import NoSuchRole, SamlauthError, SettingsError
from samlauth.flow import Flow
from samlauth.login import Accounts, matching, not_offered
from samlauth.printable import safe
from samlauth.saml import Role
from samlauth.values import dataclass


@dataclass(frozen=True)
class Named:
    """The profiles that a template makes of roles."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    """Profile to role."""
    refused: tuple[tuple[Role, SamlauthError], ...] = ()
    """Roles without a profile, and why."""


def named(roles: Sequence[Role], names: Mapping[str, str], template: str) -> Named:
    """A profile for each role; ``names`` are those of the accounts.

    A role whose account has no known name has no profile where the template wants that name: by
    another one it would not be found again. Raises SettingsError when two roles would share one.
    """
    found: dict[str, Role] = {}
    refused: list[tuple[Role, SamlauthError]] = []
    for role in roles:
        values = {
            "alias": names.get(role.account_id, ""),
            "account": role.account_id,
            "role": role.name,
        }
        if not values["alias"] and "{alias}" in template:
            refused.append((role, _nameless(role)))
            continue
        profile = template.format_map(values)
        try:
            check_profile_name(profile)
        except SettingsError as error:
            hint = "Give the profiles another form of name with --profile-name."
            refused.append((role, SettingsError(error.message, hint=hint)))
            continue
        if (other := found.get(profile)) is not None:
            raise SettingsError(
                f"The profile {profile} would be that of two roles: {safe(other.role_arn)} and "
                f"{safe(role.role_arn)}.",
                hint="Give --profile-name what tells them apart: {alias}, {account}, {role}; "
                "or take the roles of one account with -A.",
            )
        found[profile] = role
    return Named(found, tuple(refused))


def _nameless(role: Role) -> SamlauthError:
    return SettingsError(
        f"No name of the account {role.account_id} is known, and the profile's name needs one.",
        hint="Use {account} in --profile-name, or have the account given an alias.",
    )


def the_role(
    offered: Sequence[Role], accounts: Accounts, text: str | None, account: str | None
) -> Flow[Role]:
    """The one role among those offered that a profile means; ``account`` as of ``-A``.

    Raises NoSuchRole when there is none, or several.
    """
    roles = tuple(offered)
    if account is not None:
        ids = yield from accounts.called(account)
        roles = tuple(role for role in roles if role.account_id in ids)
    here = roles
    if text is not None:
        roles = matching(roles, text)
    if len(roles) == 1:
        return roles[0]
    if text is None:
        raise NoSuchRole(
            f"No role is remembered, and you are offered {len(roles)}.",
            hint="Sign in to the profile by itself once (samlauth -p), and choose its role.",
        )
    if not roles:
        error = not_offered(text, account, here, tuple(offered))
        error.hint = "samlauth roles lists what you are offered."
        raise error
    raise NoSuchRole(
        f"{safe(text)} is the name of {len(roles)} of your roles.",
        hint="Give the role's whole ARN.",
    )
