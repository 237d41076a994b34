"""The whole login as one flow: sign in, choose the role, ask STS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from samlauth.challenges import ChooseRoles
from samlauth.durations import spell
from samlauth.errors import NobodyToAsk, NoSuchRole
from samlauth.flow import Flow, ask, tell, within
from samlauth.idp import IdentityProvider
from samlauth.printable import safe
from samlauth.saml import Assertion, Role, SAMLResponse, read_assertion
from samlauth.sts import Duration, Grant, assume, region_for

STALE = timedelta(minutes=4)
"""An assertion kept longer than this is not sent: AWS takes it for five minutes from its issue."""


@dataclass(frozen=True)
class Wanted:
    """What the person asked for."""

    role: str | None = None
    """A role ARN, a bare role name, or ``role_arn,principal_arn`` in either order."""
    remembered: str | None = None
    """The role of the last login: used when it is still offered, asked for again when not."""
    account: str | None = None
    """A 12-digit account id: only its roles count."""
    duration: Duration = field(default_factory=Duration)
    region: str | None = None


@dataclass(frozen=True)
class Known:
    """What earlier logins learnt."""

    durations: Mapping[str, int] = field(default_factory=dict)
    """Role ARN to the longest DurationSeconds it was seen to allow."""


@dataclass(frozen=True)
class SignedIn:
    """What a login gives."""

    grants: tuple[Grant, ...]
    assertion: Assertion
    durations: Mapping[str, int]
    """Learnt in this login: role ARN to the longest DurationSeconds it allows."""


def login(
    provider: IdentityProvider, wanted: Wanted, known: Known, clock: Callable[[], datetime]
) -> Flow[SignedIn]:
    """Sign in with ``provider``, choose a role, and have STS make credentials for it.

    ``clock`` gives aware UTC times; only differences between its own values count, so a clock that
    is wrong does no harm.
    """
    response, read_at = yield from _sign_in(provider, clock)
    assertion = read_assertion(response)
    roles = yield from choose(assertion.roles, wanted)
    if clock() - read_at > STALE:
        # Whoever takes five minutes to choose is not asked for a password again: the cookies of
        # this run still stand for it.
        response, read_at = yield from _sign_in(provider, clock)
        assertion = read_assertion(response)
    grants: list[Grant] = []
    learnt: dict[str, int] = {}
    for role in roles:
        region = region_for(role, wanted.region)
        allowed = known.durations.get(role.role_arn)
        grant = yield from assume(role, response, assertion, wanted.duration, region, allowed)
        yield from tell(f"Assuming {role.role_arn}")
        if grant.refused_seconds is not None:
            learnt[role.role_arn] = grant.duration_seconds
            yield from tell(
                f"{role.name} does not allow {spell(grant.refused_seconds)}: "
                f"asked for {spell(grant.duration_seconds)} instead, and will from now on.",
            )
        grants.append(grant)
    return SignedIn(tuple(grants), assertion, learnt)


def _sign_in(
    provider: IdentityProvider, clock: Callable[[], datetime]
) -> Flow[tuple[SAMLResponse, datetime]]:
    response = yield from within(provider.reach, provider.sign_in())
    return response, clock()


def choose(offered: tuple[Role, ...], wanted: Wanted) -> Flow[tuple[Role, ...]]:
    """The role wanted, the remembered one, the only one, or the one the person picks.

    Raises NoSuchRole when what was asked for is not offered, NobodyToAsk when there is a choice
    and nobody to make it.
    """
    roles = offered
    if wanted.account is not None:
        roles = tuple(role for role in offered if role.account_id == wanted.account)
        if not roles:
            accounts = ", ".join(sorted({role.account_id for role in offered}))
            raise NoSuchRole(
                f"None of your roles is in the account {safe(wanted.account)}.",
                hint=f"You have roles in: {accounts}.",
            )
    if wanted.role is not None:
        roles = _matching(roles, wanted.role)
        if not roles:
            raise NoSuchRole(
                f"The role {safe(wanted.role)} is not among those you are offered.",
                hint="These are:\n" + "\n".join(f"  {safe(role.role_arn)}" for role in offered),
            )
    gone = False
    if wanted.role is None and wanted.remembered is not None:
        remembered = _matching(roles, wanted.remembered)
        if len(remembered) == 1:
            yield from tell(f"Role {safe(remembered[0].role_arn)} (remembered; -a chooses again)")
            return remembered
        # Outside -A the remembered role is simply another account's: nothing to report.
        gone = not _matching(offered, wanted.remembered)
        if gone:
            yield from tell(f"The role used last, {safe(wanted.remembered)}, is no longer offered.")
    if len(roles) == 1 and not gone:
        return roles
    try:
        return (yield from ask(ChooseRoles(roles)))
    except NobodyToAsk:
        if gone:
            raise NoSuchRole(
                f"The role remembered for this profile, {safe(wanted.remembered or '')}, "
                "is no longer offered, and there is no terminal to ask for another.",
                hint="Name one with -r:\n" + "\n".join(f"  {safe(r.role_arn)}" for r in roles),
            ) from None
        raise NobodyToAsk(
            f"There are {len(roles)} roles to choose from, and no terminal to ask on.",
            hint="Name one with -r:\n" + "\n".join(f"  {safe(role.role_arn)}" for role in roles),
        ) from None


def _matching(roles: tuple[Role, ...], text: str) -> tuple[Role, ...]:
    """The roles ``text`` names: a pair of ARNs, an ARN, or a bare name."""
    if "," in text:
        pair = {part.strip() for part in text.split(",") if part.strip()}
        return tuple(role for role in roles if {role.role_arn, role.principal_arn} == pair)
    if text.startswith("arn:"):
        return tuple(role for role in roles if role.role_arn == text)
    return tuple(role for role in roles if role.name == text)


def naming(role: Role, offered: tuple[Role, ...]) -> str:
    """The text that names this role and no other of those offered: its ARN, or both ARNs."""
    same = [other for other in offered if other.role_arn == role.role_arn]
    return role.role_arn if len(same) == 1 else f"{role.role_arn},{role.principal_arn}"
