"""AssumeRoleWithSAML as a flow: which duration to ask for, which region to call, what a no means.

STS verifies the assertion; nothing here does. Its limits (botocore's model, IAM's documentation):
DurationSeconds 900 to 43200 and never above the role's MaxSessionDuration; an assertion is good
for five minutes from its issue.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field

from samlauth.durations import LONGEST, SHORTEST, spell
from samlauth.errors import SamlauthError, SettingsError, STSRefused
from samlauth.flow import (
    AssumeRoleWithSAML,
    Credentials,
    Flow,
    Refusal,
    Unmade,
    Wait,
    call_sts,
    call_sts_each,
    wait,
)
from samlauth.printable import safe
from samlauth.saml import Assertion, Role, SAMLResponse
from samlauth.values import dataclass

LADDER = (43200, 28800, 14400, 7200, 3600)
"""What ``auto`` tries, longest first. Every role allows the last."""

_HOME_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-us-gov": "us-gov-west-1",
}

EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken"})
"""What STS calls a response that is more than five minutes old."""

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
)

_PREFIXES = (
    ("cn-", "aws-cn"),
    ("eusc-", "aws-eusc"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
)


@dataclass(frozen=True)
class Duration:
    """How long the credentials should live.

    A promise is the person's own word: it is asked for as it stands, and too long is an error. Any
    other value, and None, is only where ``auto`` starts.
    """

    seconds: int | None = None
    promised: bool = False

    def candidates(self, assertion: Assertion, learned: int | None) -> Iterator[int]:
        """The DurationSeconds to try, in order, each in 900..43200.

        ``learned`` is what the role was seen to allow, in seconds: no use asking for more.
        """
        if self.promised and self.seconds is not None:
            yield self.seconds
            return
        start = self.seconds or assertion.session_duration or LONGEST
        start = min(max(start, SHORTEST), LONGEST)
        if learned is not None:
            start = min(start, learned)
        yield start
        yield from (step for step in LADDER if step < start)


@dataclass(frozen=True)
class SessionPolicies:
    """What the credentials are held to, besides the role (IAM User Guide, "Session policies")."""

    policy: str = ""
    """JSON."""
    arns: tuple[str, ...] = ()
    """Managed policies."""
    read_only: bool = False
    """Whether AWS's own ReadOnlyAccess is one of them, in the role's partition."""

    def __bool__(self) -> bool:
        return bool(self.policy or self.arns or self.read_only)

    def arns_for(self, role_arn: str) -> tuple[str, ...]:
        """The managed policies to name for this role."""
        own = f"arn:{role_arn.split(':')[1]}:iam::aws:policy/ReadOnlyAccess"
        return (*self.arns, own) if self.read_only and own not in self.arns else self.arns

    def __str__(self) -> str:
        """The same text for the same policies, and for no others; empty for none."""
        if not self:
            return ""
        return json.dumps([self.policy, sorted(set(self.arns)), self.read_only])


NO_POLICIES = SessionPolicies()


@dataclass(frozen=True)
class Grant:
    """Credentials for one role, and how they were had."""

    role: Role
    credentials: Credentials
    duration_seconds: int
    """What was asked for when STS said yes."""
    refused_seconds: int | None = None
    """The longest duration the role was asked for and refused in this run, if any."""


def partition_of(region: str) -> str:
    """The partition that a region belongs to, by its name."""
    return next((p for prefix, p in _PREFIXES if region.startswith(prefix)), "aws")


def region_for(role: Role, wanted: str | None) -> str:
    """As :func:`region_of`, for a role of an assertion."""
    return region_of(role.role_arn, wanted)


def region_of(role_arn: str, wanted: str | None) -> str:
    """The region whose STS to call: the wanted one where the role's partition has it.

    STS credentials are good in every region of the partition, so another partition's region
    (``us-east-1`` set for a GovCloud role) is no mistake to stop at. Raises SettingsError for a
    partition without a known region.
    """
    partition = role_arn.split(":")[1]
    if wanted and (partition_of(wanted) == partition or partition not in _HOME_REGIONS):
        return wanted
    try:
        return _HOME_REGIONS[partition]
    except KeyError:
        raise SettingsError(
            f"The role {role_arn} is in the partition {partition!r}, "
            "whose regions this version does not know.",
            hint="Name one of its regions with -R.",
        ) from None


def assume(
    role: Role,
    response: SAMLResponse,
    assertion: Assertion,
    duration: Duration,
    region: str,
    learned: int | None = None,
    policies: SessionPolicies = NO_POLICIES,
) -> Flow[Grant]:
    """Exchange the response for credentials of ``role``.

    Steps down only when STS says the role's MaxSessionDuration is exceeded, with the same
    response. Raises STSRefused for any other refusal.
    """
    refused: int | None = None
    for seconds in duration.candidates(assertion, learned):
        call = AssumeRoleWithSAML(
            role, response, seconds, region, policies.policy, policies.arns_for(role.role_arn)
        )
        (answer,) = yield from call_sts(call, shows=f"Asking AWS for {role.name}")
        match answer:
            case Credentials():
                return Grant(role, answer, seconds, refused)
            case Refusal() if _exceeds_maximum(answer) and not duration.promised:
                refused = refused or seconds
                last = answer
            case Refusal():
                raise explain(answer, call, assertion)
    raise explain(last, call, assertion)


@dataclass(frozen=True)
class Order:
    """One of several roles to assume by the same response, and how."""

    role: Role
    duration: Duration = field(default_factory=Duration)
    region: str | None = None
    """As :func:`region_for` takes it."""
    learned: int | None = None
    policies: SessionPolicies = NO_POLICIES


def assume_each(
    orders: Sequence[Order],
    response: SAMLResponse,
    assertion: Assertion,
    in_time: Callable[[], bool],
    renewed: Callable[[], Flow[SAMLResponse]] | None = None,
) -> Flow[tuple[Grant | SamlauthError, ...]]:
    """Exchange one response for credentials of each role; in their order, or why not.

    All are asked for at once. Those whose role does not allow so long are asked for again with
    less, as :func:`assume` does, and those that AWS would not look at because there were too many
    come once more after a pause. A response that is no longer ``in_time`` is ``renewed`` before it is
    sent again, also for those that came too late with it; what keeps it from being renewed is the
    outcome of all that are left. Where it cannot be, no pause is made for it, and AWS says of those
    that are asked for again that it is too old.
    """
    attempts = [_Attempt(order, assertion) for order in orders]
    pauses = iter(_PAUSES)
    while pending := [attempt for attempt in attempts if attempt.outcome is None]:
        if all(attempt.throttled for attempt in pending):
            pause = next(pauses, None)
            if pause is None or (renewed is None and not in_time()):
                for attempt in pending:
                    attempt.outcome = attempt.refusal
                continue
            yield from wait(Wait(pause, "AWS is limiting requests; waiting to go on"))
        else:
            pending = [attempt for attempt in pending if not attempt.throttled]
        if renewed is not None and not in_time():
            try:
                response = yield from renewed()
            except SamlauthError as error:
                for attempt in attempts:
                    attempt.outcome = attempt.outcome or error
                break
        calls = [attempt.call(response) for attempt in pending]
        answers = yield from call_sts_each(*calls, shows=f"Asking AWS for {_roles(len(calls))}")
        too_old = renewed is not None and not in_time()
        for attempt, call, answer in zip(pending, calls, answers, strict=True):
            if not (too_old and attempt.comes_again(answer)):
                attempt.take(answer, call)
    return tuple(attempt.outcome for attempt in attempts if attempt.outcome is not None)


_PAUSES = (2, 5, 10)
"""Seconds before what was throttled is asked for again, besides the attempts of every call."""


class _Attempt:
    """How far an order has come."""

    def __init__(self, order: Order, assertion: Assertion) -> None:
        self._order = order
        self._assertion = assertion
        self._candidates = order.duration.candidates(assertion, order.learned)
        self._seconds = next(self._candidates)
        self._refused: int | None = None
        self._region = ""
        self._came_late = False
        self.throttled = False
        self.refusal: STSRefused | None = None
        """The last one, while it may come to something yet."""
        self.outcome: Grant | SamlauthError | None = None
        try:
            self._region = region_for(order.role, order.region)
        except SettingsError as error:
            self.outcome = error

    def call(self, response: SAMLResponse) -> AssumeRoleWithSAML:
        order = self._order
        return AssumeRoleWithSAML(
            order.role,
            response,
            self._seconds,
            self._region,
            order.policies.policy,
            order.policies.arns_for(order.role.role_arn),
        )

    def comes_again(self, answer: Credentials | Refusal | Unmade) -> bool:
        """Whether it came with a response that was too old, and comes with a new one: once."""
        late = isinstance(answer, Refusal) and answer.code in EXPIRED and not self._came_late
        self._came_late = self._came_late or late
        return late

    def take(self, answer: Credentials | Refusal | Unmade, call: AssumeRoleWithSAML) -> None:
        self.throttled = isinstance(answer, Refusal) and answer.code in _THROTTLED
        match answer:
            case Credentials():
                self.outcome = Grant(self._order.role, answer, self._seconds, self._refused)
            case Unmade(error):
                self.outcome = error
            case Refusal():
                self.refusal = explain(answer, call, self._assertion)
                if self.throttled:
                    return
                shorter = None
                if _exceeds_maximum(answer) and not self._order.duration.promised:
                    shorter = next(self._candidates, None)
                if shorter is None:
                    self.outcome = self.refusal
                    return
                self._refused = self._refused or self._seconds
                self._seconds = shorter


def _roles(number: int) -> str:
    return f"{number} roles" if number > 1 else "1 role"


def _exceeds_maximum(refusal: Refusal) -> bool:
    return refusal.code == "ValidationError" and "MaxSessionDuration" in refusal.message


def explain(refusal: Refusal, call: AssumeRoleWithSAML, assertion: Assertion) -> STSRefused:
    """The error for STS's refusal, in the person's terms (IAM: Troubleshoot SAML federation)."""
    role, said = call.role, safe(refusal.message)
    message, hint = (
        f"AWS refused {role.role_arn}: {refusal.code}: {said}",
        "Ask your AWS administrator.",
    )
    match refusal.code:
        case code if code in EXPIRED:
            message = "The identity provider's answer was too old for AWS, which takes it for five minutes."
            hint = (
                "Sign in again. If it happens every time, compare this machine's clock "
                "and the identity provider's with the real time."
            )
        case "InvalidIdentityToken" if "signature" in refusal.message.lower():
            message = (
                f"AWS does not trust the signature of {assertion.issuer or 'the identity provider'} "
                f"as {role.principal_arn}."
            )
            hint = "An administrator has to upload the identity provider's current metadata to IAM."
        case "InvalidIdentityToken" if "RoleSessionName" in refusal.message:
            message = f"AWS cannot use the RoleSessionName the identity provider sent: {said}"
            hint = (
                "An administrator has to map it to 2 to 64 of the characters a-z A-Z 0-9 _ = , . @ - "
                "(usually the e-mail address)."
            )
        case "InvalidIdentityToken" if "ssuer" in refusal.message:
            message = (
                f"{role.principal_arn} is not of the identity provider that answered, "
                f"{safe(assertion.issuer) or 'which does not say its name'}: {said}"
            )
            hint = (
                "An administrator has to correct the ARN in the identity provider's role mapping, or "
                "upload the metadata of this identity provider to that SAML provider in IAM."
            )
        case "InvalidIdentityToken" if "rovider" in refusal.message:
            message = (
                f"The identity provider {role.principal_arn} does not exist in the account: {said}"
            )
            hint = "Its ARN in the identity provider's role mapping is misspelt, or it was removed from IAM."
        case "InvalidIdentityToken":
            message = f"AWS cannot use the answer of {assertion.issuer or 'the identity provider'}: {said}"
            hint = (
                "Usually the issuer, the audience or the partition does not fit the SAML provider in IAM "
                f"({role.principal_arn})."
            )
        case "IDPRejectedClaim":
            message = f"The identity provider told AWS that your sign-in was refused: {said}"
            hint = "Ask whoever runs the identity provider."
        case "AccessDenied" | "AccessDeniedException":
            message = (
                f"AWS does not let you assume {role.role_arn} through {role.principal_arn}: {said}"
            )
            hint = (
                "The role's trust policy does not name that provider, the role's name is misspelt "
                "(case counts), or an organisation policy forbids it: ask the account's administrator."
            )
        case "ValidationError" if _exceeds_maximum(refusal):
            message = (
                f"{role.role_arn} does not allow credentials of {spell(call.duration_seconds)}."
            )
            hint = "Ask for less with -d, or use -d auto to get the longest the role allows."
        case "ValidationError":
            message = f"AWS found the request for {role.role_arn} malformed: {said}"
            hint = "Look at the role and provider ARNs in the identity provider's role mapping."
        case "RegionDisabledException":
            message = f"STS is switched off in {call.region} for the account {role.account_id}."
            hint = f"Use another region with -R, such as {_HOME_REGIONS.get(role.partition, 'the main one')}."
        case "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" | "MalformedPolicyDocument":
            message = f"AWS refused the session policy or session tags of {role.role_arn}: {said}"
        case code if code in _THROTTLED:
            message = "AWS is limiting requests, and went on doing so while we tried again."
            hint = "Wait a minute, then sign in again."
        case "IDPCommunicationError" | "InternalFailure" | "ServiceUnavailable":
            message = f"STS in {call.region} could not do it just now: {refusal.code}: {said}"
            hint = "Wait a minute, then sign in again; another region can be named with -R."
        case "RequestExpired" | "SignatureDoesNotMatch":
            message = f"AWS thinks this machine's clock is wrong: {said}"
            hint = "Set the clock, then sign in again."
        case _:
            pass
    return STSRefused(message, hint=hint, code=refusal.code)
