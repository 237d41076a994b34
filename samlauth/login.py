"""The whole login as one flow: sign in, choose the role, ask STS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta

from samlauth.aliases import account_names
from samlauth.challenges import ChooseRoles
from samlauth.durations import spell
from samlauth.errors import NobodyToAsk, NoSuchRole, STSRefused
from samlauth.flow import Flow, ask, tell, within
from samlauth.idp import IdentityProvider
from samlauth.printable import safe
from samlauth.saml import Assertion, Role, SAMLResponse, read_assertion
from samlauth.sts import (
    EXPIRED,
    NO_POLICIES,
    Duration,
    Grant,
    Order,
    SessionPolicies,
    assume,
    region_for,
)
from samlauth.values import dataclass

STALE = timedelta(minutes=4)
"""An assertion kept longer than this is not sent: AWS takes it for five minutes from its issue."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")


@dataclass(frozen=True)
class Wanted:
    """What the person asked for."""

    role: str | None = None
    """A role ARN, a bare role name, or ``role_arn,principal_arn`` in either order."""
    remembered: str | None = None
    """The role of the last login: used when it is still offered, asked for again when not."""
    account: str | None = None
    """An account's id, its name, or part of its name: only its roles count."""
    resolve_aliases: bool = True
    """Whether the person who chooses is shown the accounts' names."""
    duration: Duration = field(default_factory=Duration)
    region: str | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    """An account's id, or its name in lower case, to what the person has noted about it."""
    policies: SessionPolicies = NO_POLICIES


@dataclass(frozen=True)
class Known:
    """What earlier logins learnt."""

    durations: Mapping[str, int] = field(default_factory=dict)
    """Role ARN to the longest DurationSeconds it was seen to allow."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Account id to its name; empty for an account that was seen to have none."""
    recent: tuple[str, ...] = ()
    """ARNs of the roles assumed before: the last one first, then those assumed lately and often."""


@dataclass(frozen=True)
class Choice:
    """The roles to assume, and what the choice has taught."""

    roles: tuple[Role, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Learnt: as ``Known.aliases``."""


@dataclass(frozen=True)
class SignedIn:
    """What a login gives."""

    grants: tuple[Grant, ...]
    assertion: Assertion
    durations: Mapping[str, int]
    """Learnt in this login: role ARN to the longest DurationSeconds it allows."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Learnt in this login: as ``Known.aliases``."""


def login(
    provider: IdentityProvider, wanted: Wanted, known: Known, clock: Callable[[], datetime]
) -> Flow[SignedIn]:
    """Sign in with ``provider``, choose a role, and have STS make credentials for it.

    ``clock`` gives aware UTC times; only differences between its own values count, so a clock that
    is wrong does no harm.
    """
    response, read_at = yield from sign_in(provider, clock)
    assertion = read_assertion(response, paired(wanted.role or wanted.remembered or ""))
    chosen = yield from choose(response, assertion.roles, wanted, known)
    renewed = clock() - read_at > STALE
    if renewed:
        # Whoever takes five minutes to choose is not asked for a password again: the cookies of
        # this run still stand for it.
        response, assertion = yield from _sign_in_again(provider, chosen.roles, clock)
    grants: list[Grant] = []
    learnt: dict[str, int] = {}
    for role in chosen.roles:
        allowed = known.durations.get(role.role_arn)
        order = Order(role, wanted.duration, wanted.region, allowed, wanted.policies)
        try:
            grant = yield from _assume(order, response, assertion)
        except STSRefused as error:
            if renewed or error.code not in EXPIRED:
                raise
            # It may have been old before we had it: from a browser, or pasted.
            renewed = True
            yield from tell(f"{error.message} Getting a new one.", quiet=False)
            try:
                response, assertion = yield from _sign_in_again(provider, chosen.roles, clock)
            except NobodyToAsk:
                raise error from None  # which says why anybody should be asked
            grant = yield from _assume(order, response, assertion)
        if grant.refused_seconds is not None:
            learnt[role.role_arn] = grant.duration_seconds
            yield from tell(
                f"{role.name} does not allow {spell(grant.refused_seconds)}: "
                f"asked for {spell(grant.duration_seconds)} instead, and will from now on.",
            )
        who = assertion.role_session_name
        yield from tell(f"Assuming {role.role_arn}" + (f" as {safe(who)}" if who else ""))
        grants.append(grant)
    return SignedIn(tuple(grants), assertion, learnt, chosen.aliases)


def _assume(order: Order, response: SAMLResponse, assertion: Assertion) -> Flow[Grant]:
    region = region_for(order.role, order.region)
    role, duration, policies = order.role, order.duration, order.policies
    return (yield from assume(role, response, assertion, duration, region, order.learned, policies))


def _sign_in_again(
    provider: IdentityProvider, chosen: tuple[Role, ...], clock: Callable[[], datetime]
) -> Flow[tuple[SAMLResponse, Assertion]]:
    """A new response for roles that were chosen. Raises NoSuchRole when it offers them no more."""
    response, _ = yield from sign_in(provider, clock)
    assertion = read_assertion(response, chosen)
    _require_offered(chosen, assertion.roles)
    return response, assertion


def sign_in(
    provider: IdentityProvider, clock: Callable[[], datetime]
) -> Flow[tuple[SAMLResponse, datetime]]:
    """The response, and when it was had."""
    response = yield from within(provider.reach, provider.sign_in())
    return response, clock()


class Age:
    """How old the response of a sign-in is: one that was had at ``read_at``, by ``clock``."""

    def __init__(
        self, provider: IdentityProvider, clock: Callable[[], datetime], read_at: datetime
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._read_at = read_at

    def in_time(self) -> bool:
        """Whether AWS may be sent it."""
        return self._clock() - self._read_at <= STALE

    def renewed(self) -> Flow[SAMLResponse]:
        """A new one, without a password where the cookies of this run stand for it."""
        yield from tell(
            "AWS takes a sign-in for five minutes, and they are over: signing in again."
        )
        response, self._read_at = yield from sign_in(self._provider, self._clock)
        return response


def choose(
    response: SAMLResponse, offered: tuple[Role, ...], wanted: Wanted, known: Known
) -> Flow[Choice]:
    """The role wanted, the remembered one, the only one, or the one the person picks.

    ``offered`` are the roles in ``response``, which AWS is shown when the names of their accounts
    are needed and not known. Raises NoSuchRole when what was asked for is not offered, NobodyToAsk
    when there is a choice and nobody to make it.
    """
    accounts = Accounts(response, {role.account_id for role in offered}, known.aliases)
    roles = offered
    if wanted.account is not None:
        ids = yield from accounts.called(wanted.account)
        roles = tuple(role for role in offered if role.account_id in ids)
    if wanted.role is not None:
        named = matching(roles, wanted.role)
        if not named:
            raise not_offered(wanted.role, wanted.account, roles, offered)
        roles = named
    gone = False
    if wanted.role is None and wanted.remembered is not None:
        remembered = matching(roles, wanted.remembered)
        if len(remembered) == 1:
            yield from tell(f"Role {safe(remembered[0].role_arn)} (remembered; -a chooses again)")
            return Choice(remembered, accounts.learnt)
        # Outside -A the remembered role is simply another account's: nothing to report.
        gone = not matching(offered, wanted.remembered)
        if gone:
            yield from tell(f"The role used last, {safe(wanted.remembered)}, is no longer offered.")
    if len(roles) == 1 and not gone:
        return Choice(roles, accounts.learnt)
    names: Mapping[str, str] = {}
    if wanted.resolve_aliases:
        if len(roles) > 1:
            yield from accounts.complete({role.account_id for role in roles})
        names = {account: name for account, name in accounts.names.items() if name}
    try:
        notes = _notes(roles, names, wanted.notes)
        picked = yield from ask(ChooseRoles(roles, names, known.recent, notes))
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
    return Choice(picked, accounts.learnt)


def _notes(
    roles: tuple[Role, ...], names: Mapping[str, str], notes: Mapping[str, str]
) -> dict[str, str]:
    """The notes by account id; one by the id counts before one by the name."""
    found = {}
    for account in (role.account_id for role in roles):
        if note := notes.get(account) or notes.get(names.get(account, "").lower()):
            found[account] = note
    return found


class Accounts:
    """The accounts of the roles offered, and their names as far as they are known."""

    def __init__(self, response: SAMLResponse, ids: set[str], known: Mapping[str, str]) -> None:
        self._response = response
        self._ids = ids
        self._asked = False
        self.names = {account: name for account, name in known.items() if account in ids}
        self.learnt: dict[str, str] = {}

    def complete(self, ids: AbstractSet[str]) -> Flow[None]:
        """Ask AWS for the names, when one of ``ids`` is missing; once in a login."""
        if not ids <= self.names.keys():
            yield from self._ask()

    def called(self, text: str) -> Flow[set[str]]:
        """The ids of the accounts that ``text`` means: by id, by name, or by part of one name.

        Raises NoSuchRole, listing the accounts, when there is none or a part fits several names.
        """
        if text in self._ids:
            return {text}
        found: set[str] = set()
        if not _ACCOUNT_ID.fullmatch(text):
            yield from self.complete(self._ids)
            found = self._named(text)
            if not found:
                # What is known may be older than the account's name.
                yield from self._ask()
                found = self._named(text)
        if found:
            return found
        raise self._no_account(text)

    def _ask(self) -> Flow[None]:
        if self._asked:
            return
        self._asked = True
        names = yield from account_names(self._response)
        if names:
            # An account that AWS does not list has no name to be asked for again next time.
            self.learnt = {account: names.get(account, "") for account in self._ids}
            self.names = self.learnt

    def _named(self, text: str) -> set[str]:
        wanted = text.casefold()
        names = {account: name.casefold() for account, name in self.names.items() if name}
        exact = {account for account, name in names.items() if name == wanted}
        parts = {account for account, name in names.items() if wanted in name}
        if len(parts) > 1 and not exact:
            raise NoSuchRole(
                f"{safe(text)} is part of the names of {len(parts)} of your accounts.",
                hint=f"Give the whole name or the id of one: {self._listed(parts)}.",
            )
        return exact or parts

    def _no_account(self, text: str) -> NoSuchRole:
        hint = f"You have roles in: {self._listed(self._ids)}."
        if not _ACCOUNT_ID.fullmatch(text) and not any(self.names.values()):
            hint += " AWS gave no names for them: use the id."
        return NoSuchRole(f"None of your roles is in the account {safe(text)}.", hint=hint)

    def _listed(self, ids: Iterable[str]) -> str:
        return ", ".join(
            f"{account} ({safe(name)})" if (name := self.names.get(account)) else account
            for account in sorted(ids)
        )


def _require_offered(chosen: tuple[Role, ...], offered: tuple[Role, ...]) -> None:
    for role in chosen:
        if role not in offered:
            raise NoSuchRole(
                f"The role {safe(role.role_arn)} was taken away while you were choosing.",
                hint="Run the command again to choose among the roles you have now.",
            )


def matching(roles: tuple[Role, ...], text: str) -> tuple[Role, ...]:
    """The roles ``text`` names: a pair of ARNs, an ARN, or a bare name."""
    if "," in text:
        pair = {part.strip() for part in text.split(",") if part.strip()}
        return tuple(role for role in roles if {role.role_arn, role.principal_arn} == pair)
    if text.startswith("arn:"):
        return tuple(role for role in roles if role.role_arn == text)
    return tuple(role for role in roles if role.name == text)


def not_offered(
    text: str, account: str | None, roles: tuple[Role, ...], offered: tuple[Role, ...]
) -> NoSuchRole:
    """The error for a role that is none of ``roles``, which are those of the account, if one is
    named, among those ``offered``."""
    these = "\n".join(f"  {safe(role.role_arn)}" for role in roles)
    if account is not None and matching(offered, text):
        return NoSuchRole(
            f"The role {safe(text)} is offered to you, but not in the account {safe(account)}.",
            hint=f"Leave -A out, or name one of that account:\n{these}",
        )
    return NoSuchRole(
        f"The role {safe(text)} is not among those you are offered.", hint=f"These are:\n{these}"
    )


def paired(*texts: str) -> tuple[Role, ...]:
    """The roles that those of the texts name that are a pair of ARNs, in either order."""
    found = []
    for text in texts:
        first, _, second = text.partition(",")
        for pair in ((first.strip(), second.strip()), (second.strip(), first.strip())):
            with suppress(ValueError):
                found.append(Role(*pair))
    return tuple(dict.fromkeys(found))


def naming(role: Role, assertion: Assertion) -> str:
    """The text that names this role and no other of those offered: its ARN, or both ARNs.

    Both, too, where only the person knows which provider it goes with.
    """
    same = [other for other in assertion.roles if other.role_arn == role.role_arn]
    if len(same) == 1 and not assertion.encrypted:
        return role.role_arn
    return f"{role.role_arn},{role.principal_arn}"
