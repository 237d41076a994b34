"""Roles that are taken with another role's credentials, as flows, and what a no of STS means.

AWS calls it role chaining (IAM User Guide, "Roles terms and concepts"), and lets such credentials
live for an hour at most, whatever the role itself allows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from samlauth.challenges import EnterCode
from samlauth.durations import SHORTEST, spell
from samlauth.errors import SettingsError, STSRefused
from samlauth.flow import (
    AssumeRole,
    AssumeRoleWithWebIdentity,
    Caller,
    Credentials,
    Flow,
    GetCallerIdentity,
    Refusal,
    ask,
    ask_caller,
    call_sts,
)
from samlauth.printable import safe
from samlauth.sts import region_of

LONGEST = 3600
"""Seconds that credentials of a chained role may live."""

_ROLE_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""STS's own pattern of RoleSessionName and SourceIdentity (STS API Reference, AssumeRole)."""
_TAGS = 50


@dataclass(frozen=True)
class Hop:
    """A role to take with the credentials one has: the parameters of AssumeRole.

    Raises SettingsError for a role's ARN or a duration that cannot be, and STSRefused for a name
    that STS is known to refuse.
    """

    role_arn: str
    session_name: str = ""
    """Empty for one made of the person's name."""
    duration_seconds: int = LONGEST
    external_id: str = ""
    serial_number: str = ""
    """Of the MFA device whose code the role wants; empty for none."""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    """Those of the tags that the roles taken with these credentials have, too."""
    source_identity: str = ""
    policy: str = ""
    """JSON."""
    policy_arns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the ARN."""
        return self.role_arn.rpartition("/")[2]

    def __post_init__(self) -> None:
        require_role_arn(self.role_arn)
        if self.duration_seconds > LONGEST:
            raise SettingsError(
                "A role that is taken with another role's credentials lasts an hour at most: "
                "AWS allows no more for it.",
                hint="Ask for 1h or less.",
            )
        if self.duration_seconds < SHORTEST:
            raise SettingsError(
                "Credentials last 15 minutes at least: AWS makes none for less.",
                hint="Ask for 15m or more.",
            )
        for what, name in (
            ("session name", self.session_name),
            ("source identity", self.source_identity),
        ):
            if name:
                require_name(what, name)
        if len(self.tags) > _TAGS:
            raise STSRefused(
                f"There are {len(self.tags)} session tags, and AWS takes {_TAGS}.",
                hint="Give fewer.",
                code="ValidationError",
            )


def require_role_arn(text: str) -> None:
    """Raises SettingsError for what is no role's ARN."""
    if not _ROLE_ARN.fullmatch(text):
        raise SettingsError(
            f"{safe(text)} is not the ARN of a role.",
            hint="It looks like arn:aws:iam::111122223333:role/NAME.",
        )


def require_name(what: str, name: str) -> None:
    """Raises STSRefused for a name that STS would refuse, without asking it."""
    if not _SESSION_NAME.fullmatch(name):
        raise STSRefused(
            f"AWS does not take {safe(name)!r} as a {what}.",
            hint="It has 2 to 64 of the characters a-z A-Z 0-9 _ + = , . @ -",
            code="ValidationError",
        )


def session_name(person: str) -> str:
    """A session name AWS takes, made of who the person is, so that its logs show them."""
    name = re.sub(r"[^\w+=,.@-]", "-", person, flags=re.ASCII)[:64]
    return name if len(name) > 1 else "samlauth"


def follow(
    hops: tuple[Hop, ...], credentials: Credentials, person: str, region: str | None
) -> Flow[Credentials]:
    """Take the roles one after the other, each with the credentials of the one before.

    ``person`` names the sessions that have no name of their own. Raises STSRefused for the first
    role that is refused, and what asking for an MFA code raises.
    """
    for hop in hops:
        credentials = yield from _take(hop, credentials, person, region)
    return credentials


def _take(hop: Hop, credentials: Credentials, person: str, region: str | None) -> Flow[Credentials]:
    code = ""
    if hop.serial_number:
        where = f"The role {hop.name} wants a code of {safe(hop.serial_number)}."
        code = yield from ask(
            EnterCode("MFA token", note=where, kind="totp", device=hop.serial_number)
        )
    call = AssumeRole(
        hop.role_arn,
        hop.session_name or session_name(person),
        credentials,
        hop.duration_seconds,
        region_of(hop.role_arn, region),
        hop.policy,
        hop.policy_arns,
        hop.external_id,
        hop.serial_number,
        "".join(code.split()),  # as devices show it in groups
        hop.tags,
        hop.transitive_tag_keys,
        hop.source_identity,
    )
    return (yield from _taken(call, shows=f"Asking AWS for {hop.name}"))


def take_with_token(call: AssumeRoleWithWebIdentity) -> Flow[Credentials]:
    """Take a role with a web identity's token. Raises STSRefused."""
    return (yield from _taken(call, shows="Asking AWS for the role"))


def _taken(call: AssumeRole | AssumeRoleWithWebIdentity, *, shows: str) -> Flow[Credentials]:
    (answer,) = yield from call_sts(call, shows=shows)
    match answer:
        case Credentials():
            return answer
        case Refusal():
            raise explain(answer, call)
        case _:
            assert_never(answer)


def prove(credentials: Credentials, role_arn: str, region: str | None) -> Flow[Caller]:
    """Whose AWS says the credentials are. Raises STSRefused when it does not take them."""
    where = region_of(role_arn, region)
    answer = yield from ask_caller(GetCallerIdentity(credentials, where), shows="Asking AWS")
    match answer:
        case Caller():
            return answer
        case Refusal():
            raise STSRefused(
                f"AWS does not take the credentials it has just made: {safe(answer.code)}: "
                f"{safe(answer.message)}",
                hint="Try again; if it goes on, ask your AWS administrator.",
                code=answer.code,
            )
        case _:
            assert_never(answer)


def explain(refusal: Refusal, call: AssumeRole | AssumeRoleWithWebIdentity) -> STSRefused:
    """The error for STS's refusal, in the person's terms (STS API Reference, "Errors" of both)."""
    role, said = call.role_arn, safe(refusal.message)
    by_token = isinstance(call, AssumeRoleWithWebIdentity)
    message = f"AWS refused {role}: {safe(refusal.code)}: {said}"
    hint = "Ask your AWS administrator."
    match refusal.code:
        case "AccessDenied" | "AccessDeniedException" if "MultiFactor" in refusal.message:
            message = f"AWS did not take the MFA code for {role}: {said}"
            hint = "Try again with the next code, and look at --serial-number."
        case "AccessDenied" | "AccessDeniedException":
            message = f"AWS does not let you take {role}: {said}"
            hint = "Its trust policy does not allow it: ask whoever owns the role. " + (
                "It has to name the token's issuer and audience."
                if by_token
                else f"The external id you gave, {safe(call.external_id)}, may be another than "
                "it wants."
                if isinstance(call, AssumeRole) and call.external_id
                else "It has to name the role you come from; it may want an external id "
                "(--external-id) or an MFA code (--serial-number)."
            )
        case "ExpiredTokenException" | "ExpiredToken" if by_token:
            message = "The web identity token has expired."
            hint = "Get a new one from whoever issues it, and run this again."
        case "ExpiredTokenException" | "ExpiredToken":
            message = f"The credentials that {role} is taken with have expired."
            hint = "Sign in again with --force to the profile they are from."
        case "InvalidIdentityToken" | "InvalidIdentityTokenException":
            message = f"AWS cannot use the web identity token: {said}"
            hint = "Its issuer has to be an identity provider in IAM, and its audience one of its."
        case "IDPRejectedClaim":
            message = f"The issuer of the web identity token told AWS not to take it: {said}"
            hint = "Get a new token, and run this again."
        case "InvalidClientTokenId" | "UnrecognizedClientException":
            message = f"AWS does not know the credentials that {role} is taken with: {said}"
            hint = "Sign in again with --force to the profile they are from."
        case "ValidationError" if "oleSessionName" in refusal.message:
            message = f"AWS does not take the session name {safe(call.role_session_name)}: {said}"
            hint = "It has 2 to 64 of the characters a-z A-Z 0-9 _ + = , . @ -"
        case "ValidationError" if "DurationSeconds" in refusal.message:
            message = f"{role} does not allow credentials of {spell(call.duration_seconds)}: {said}"
            hint = "Ask for less with -d."
        case "ValidationError":
            message = f"AWS found the request for {role} malformed: {said}"
            hint = "Look at the values that were given for it."
        case "PackedPolicyTooLarge" | "PackedPolicyTooLargeException":
            message = f"The session policy and tags for {role} are larger than AWS takes: {said}"
            hint = "Shorten the policy, or name a managed one with --policy-arn."
        case "MalformedPolicyDocument" | "MalformedPolicyDocumentException":
            message = f"AWS cannot read the session policy for {role}: {said}"
            hint = "Check the policy as IAM's policy editor does."
        case "RegionDisabledException":
            message = f"STS is switched off in {call.region} for the account of {role}."
            hint = "Use another region with -R."
        case "Throttling" | "ThrottlingException" | "RequestLimitExceeded":
            message = "AWS is limiting requests, and went on doing so while we tried again."
            hint = "Wait a minute, then run this again."
        case "IDPCommunicationError" | "InternalFailure" | "ServiceUnavailable":
            message = f"STS in {call.region} could not do it just now: {refusal.code}: {said}"
            hint = "Wait a minute, then run this again; another region can be named with -R."
        case "RequestExpired" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed":
            message = f"AWS does not take the signature, maybe for this machine's clock: {said}"
            hint = "Set the clock, then run this again."
        case _:
            pass
    return STSRefused(message, hint=hint, code=refusal.code)
