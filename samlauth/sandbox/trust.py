"""What AWS checks before it answers AssumeRoleWithSAML, and in whose words it refuses.

Codes and texts follow the STS API reference and the IAM User Guide's "Troubleshoot SAML
federation with IAM". Where AWS documents a refusal but not its text, the text here is ours and
says so.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.verifier import XMLVerifier

from samlauth.sandbox.accounts import AccountRole
from samlauth.sandbox.assertions import ATTRIBUTES, SAML

_SESSION_NAME = re.compile(r"[a-zA-Z_0-9+=,.@-]{2,64}")
_ARN = re.compile(r"arn:(?P<partition>[a-z0-9-]+):iam::\d{12}:(role|saml-provider)/\S+")
_AUDIENCES = frozenset({"https://signin.aws.amazon.com/saml", "urn:amazon:webservices"})
_RECIPIENT = re.compile(
    r"https://([a-z0-9-]+\.)?signin\."
    r"(aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn)/saml(/acs/\S+)?"
)
_NS = {"saml2": SAML}


class Fault(Exception):
    """An error as STS returns it: code, message, HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Redeemed:
    """A response that passed every check."""

    role: AccountRole
    role_session_name: str
    duration_seconds: int
    subject: str
    issuer: str
    audience: str


@dataclass(frozen=True)
class Trust:
    """The accounts' side: which provider's key is trusted, and which roles there are."""

    issuer: str
    certificate_pem: str
    roles: tuple[AccountRole, ...]

    def redeem(self, parameters: Mapping[str, str], *, partition: str, now: datetime) -> Redeemed:
        """Check one call of AssumeRoleWithSAML; ``partition`` is that of the STS host called.

        Raises Fault.
        """
        role_arn = _arn(parameters, "RoleArn", "roleArn")
        principal_arn = _arn(parameters, "PrincipalArn", "principalArn")
        encoded = _sized(parameters, "SAMLAssertion", "sAMLAssertion", 4, 100_000)
        duration = _duration(parameters)
        assertion = self._verified(encoded, principal_arn, partition)
        _check_times(assertion, now)
        if self.issuer != _text(assertion, "saml2:Issuer"):
            raise Fault("InvalidIdentityToken", "Issuer not present in specified provider")
        audience = _text(assertion, ".//saml2:AudienceRestriction/saml2:Audience")
        if audience not in _AUDIENCES:
            raise Fault("InvalidIdentityToken", "Response does not contain the required audience.")
        confirmation = _one(assertion, ".//saml2:SubjectConfirmationData")
        if not _RECIPIENT.fullmatch(confirmation.get("Recipient", "")):
            raise Fault("InvalidIdentityToken", "The recipient is not AWS.")  # our words
        session_name = next(iter(_values(assertion, "RoleSessionName")), None)
        if session_name is None:
            raise Fault("InvalidIdentityToken", "RoleSessionName is required in AuthnResponse")
        if not _SESSION_NAME.fullmatch(session_name):
            raise Fault(
                "InvalidIdentityToken",
                "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
            )
        role = self._assumable(role_arn, principal_arn, partition, _values(assertion, "Role"))
        attribute = next((int(v) for v in _values(assertion, "SessionDuration")), None)
        seconds = duration or attribute or 3600
        if seconds > role.max_session_duration:
            raise Fault(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        ends = _one(assertion, ".//saml2:AuthnStatement").get("SessionNotOnOrAfter")
        if ends is not None:
            seconds = min(seconds, int((_time(ends) - now).total_seconds()))
        return Redeemed(
            role=role,
            role_session_name=session_name,
            duration_seconds=seconds,
            subject=_text(assertion, ".//saml2:NameID"),
            issuer=self.issuer,
            audience=audience,
        )

    def offered(self, encoded: str, *, now: datetime) -> tuple[AccountRole, ...]:
        """The roles that a response offers to a person who brings it to AWS's sign-in page.

        Raises Fault.
        """
        assertion = self._signed(_document(encoded))
        _check_times(assertion, now)
        pairs = [_pair(value) for value in _values(assertion, "Role")]
        return tuple(role for role in self.roles if {role.role_arn, role.principal_arn} in pairs)

    def _verified(self, encoded: str, principal_arn: str, partition: str) -> etree._Element:
        """The assertion, as far as the provider's signature covers it."""
        root = _document(encoded)
        if not any(
            role.principal_arn == principal_arn and role.partition == partition
            for role in self.roles
        ):
            raise Fault("InvalidIdentityToken", "Specified provider doesn't exist")
        return self._signed(root)

    def _signed(self, root: etree._Element) -> etree._Element:
        try:
            signed = XMLVerifier().verify(root, x509_cert=self.certificate_pem)
        except (InvalidSignature, InvalidInput):
            raise Fault("InvalidIdentityToken", "Response signature invalid") from None
        assert not isinstance(signed, list) and signed.signed_xml is not None
        covered = signed.signed_xml
        if covered.tag == f"{{{SAML}}}Assertion":
            return covered
        return _one(covered, "saml2:Assertion")

    def _assumable(
        self, role_arn: str, principal_arn: str, partition: str, offered: Iterable[str]
    ) -> AccountRole:
        pairs = [_pair(value) for value in offered]
        for role in self.roles:
            if (role.role_arn, role.principal_arn, role.partition) == (
                role_arn,
                principal_arn,
                partition,
            ) and {role_arn, principal_arn} in pairs:
                return role
        raise Fault("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)


def _document(encoded: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        # Line breaks are white space that base64 in a form may have; nothing else is.
        document = base64.b64decode("".join(encoded.split()), validate=True)
        root = etree.fromstring(document, parser)
    except (binascii.Error, ValueError, etree.XMLSyntaxError):
        raise Fault("InvalidIdentityToken", "Invalid base64 SAMLResponse") from None
    if root.getroottree().docinfo.doctype:
        raise Fault("InvalidIdentityToken", "A DOCTYPE is not allowed.")  # our words
    return root


def _pair(value: str) -> set[str]:
    """The two ARNs of one value of the attribute ``Role``, in whichever order they come."""
    return {part.strip() for part in value.split(",")} - {""}


def _check_times(assertion: etree._Element, now: datetime) -> None:
    conditions = _one(assertion, "saml2:Conditions")
    confirmation = _one(assertion, ".//saml2:SubjectConfirmationData")
    if now < _time(conditions.get("NotBefore", "")):
        raise Fault("InvalidIdentityToken", "The response is not valid yet.")  # our words
    ends = [_time(element.get("NotOnOrAfter", "")) for element in (conditions, confirmation)]
    if now >= min(ends):
        raise Fault("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")


def _arn(parameters: Mapping[str, str], name: str, member: str) -> str:
    value = _sized(parameters, name, member, 20, 2048)
    if not _ARN.fullmatch(value):
        raise Fault("ValidationError", f"{value} is invalid")
    return value


def _duration(parameters: Mapping[str, str]) -> int | None:
    value = parameters.get("DurationSeconds")
    if value is None:
        return None
    try:
        seconds = int(value)
    except ValueError:
        raise Fault("MalformedInput", "Invalid Argument") from None
    if seconds < 900:
        raise _constraint(value, "durationSeconds", "value greater than or equal to 900")
    if seconds > 43200:
        raise _constraint(value, "durationSeconds", "value less than or equal to 43200")
    return seconds


def _sized(parameters: Mapping[str, str], name: str, member: str, least: int, most: int) -> str:
    value = parameters.get(name)
    if value is None:
        raise Fault(
            "ValidationError",
            f"1 validation error detected: Value null at '{member}' failed to satisfy "
            "constraint: Member must not be null",
        )
    if len(value) < least:
        raise _constraint(value, member, f"length greater than or equal to {least}")
    if len(value) > most:
        raise _constraint(value[:40] + "...", member, f"length less than or equal to {most}")
    return value


def _constraint(value: str, member: str, rule: str) -> Fault:
    return Fault(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: Member must have {rule}",
    )


def _values(assertion: etree._Element, name: str) -> list[str]:
    path = f".//saml2:Attribute[@Name='{ATTRIBUTES}{name}']/saml2:AttributeValue"
    return ["".join(map(str, value.itertext())).strip() for value in assertion.iterfind(path, _NS)]


def _one(element: etree._Element, path: str) -> etree._Element:
    found = element.findall(path, _NS)
    if len(found) != 1:
        raise Fault("InvalidIdentityToken", f"The response needs one {path}.")  # our words
    return found[0]


def _text(element: etree._Element, path: str) -> str:
    return (_one(element, path).text or "").strip()


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Fault("InvalidIdentityToken", "The response names a time that is none.") from None
