"""What the identity provider's answer says: ``SAMLResponse`` → ``Assertion`` → ``Role``.

Nothing is verified here, on purpose. STS verifies the signature and alone decides who may assume
what; we read the response to show the person a list and to know how old it is. A forged response
can mislead that list and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from samlauth import values
from samlauth.errors import AssertionRefused
from samlauth.printable import safe

MAX_BASE64 = 100_000
"""Characters of base64 that STS accepts as ``SAMLAssertion``."""

# An account id has twelve digits, but whether there is such an account is for STS to say.
_ROLE_ARN = re.compile(
    r"arn:aws[a-z0-9-]*:iam::[0-9]+:role/(?:[\x21-\x7e]{1,510}/)?[A-Za-z0-9_+=,.@-]{1,64}"
)
_PRINCIPAL_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::[0-9]*:saml-provider/[A-Za-z0-9._-]{1,128}")
# A role's name may hold a comma itself, so only a comma before the next ARN separates.
_BETWEEN_ARNS = re.compile(r",\s*(?=arn:)")


@cache  # thousands of roles have some hundred providers
def _is_principal(arn: str) -> bool:
    return _PRINCIPAL_ARN.fullmatch(arn) is not None


_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@values.dataclass(frozen=True)
class SAMLResponse:
    """The form control of that name (saml-bindings-2.0 §3.5.4), not yet looked into.

    STS's parameter ``SAMLAssertion`` takes this, the base64 of the whole response.
    """

    base64: str = field(repr=False)
    """As posted, white space removed; never decoded and encoded again."""
    acs: str
    """The assertion consumer service: the URL the identity provider wanted it posted to."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "base64", "".join(self.base64.split()))


@dataclass(frozen=True, slots=True)  # there are thousands
class Role:
    """A role that may be assumed, and the identity provider that AWS knows it by.

    Raises ValueError when either is no ARN of its kind.
    """

    role_arn: str
    principal_arn: str
    """ARN of the SAML provider, ``PrincipalArn`` of AssumeRoleWithSAML."""

    def __post_init__(self) -> None:
        if not _ROLE_ARN.fullmatch(self.role_arn):
            raise ValueError(f"not the ARN of a role: {safe(self.role_arn)}")
        if not _is_principal(self.principal_arn):
            raise ValueError(f"not the ARN of a SAML provider: {safe(self.principal_arn)}")

    @property
    def partition(self) -> str:
        """``aws``, ``aws-us-gov``, ``aws-cn``, …"""
        return self.role_arn.split(":")[1]

    @property
    def account_id(self) -> str:
        """Digits; twelve of them at AWS."""
        return self.role_arn.split(":")[4]

    @property
    def name(self) -> str:
        """The last part of the path: ``Deploy`` of ``role/ci/Deploy``."""
        return self.role_arn.rpartition("/")[2]

    @property
    def path(self) -> str:
        """``/`` or ``/ci/``, as IAM writes it."""
        resource = self.role_arn.partition(":role")[2]
        return resource[: resource.rindex("/") + 1]


@values.dataclass(frozen=True)
class Assertion:
    """What an unverified assertion claims. Times are aware, in UTC, and None when not given."""

    roles: tuple[Role, ...]
    """As the identity provider ordered them, each once."""
    role_session_name: str
    session_duration: int | None
    """Seconds a *console* session may last; None when absent or senseless."""
    issued: datetime | None
    not_before: datetime | None
    """Of the Conditions (saml-core-2.0 §2.5.1)."""
    not_on_or_after: datetime | None
    """Of the SubjectConfirmationData (saml-core-2.0 §2.4.1.2): until when it may be redeemed."""
    destination: str
    """Where the response was to be posted; empty when the response does not say."""
    issuer: str
    ignored: int = 0
    """Values of the Role attribute that named no role with its provider."""
    encrypted: bool = False
    """Whether AWS alone can read it: the roles are those the person named, and much is empty."""


def read_assertion(response: SAMLResponse, named: tuple[Role, ...] = ()) -> Assertion:
    """What the response claims, unverified: STS verifies it.

    ``named`` are roles of which the person knows the provider, too: an assertion that is encrypted
    (saml-core-2.0 §2.3.4) is taken to offer them, and STS says whether it does.

    Raises AssertionRefused when STS could not use it: not base64, longer than STS accepts, not
    XML, a document type declaration, a status other than Success, not exactly one assertion, or
    no role; and when there would be nothing to ask STS for.
    """
    root = _parse(_decode(response.base64))
    if _local(root.tag) != "Response":
        raise AssertionRefused(
            f"AWS needs a SAML Response, but this is an element named {safe(_local(root.tag), 60)}.",
            hint="Use the whole value of the SAMLResponse field, not a part of it.",
        )
    _require_success(root)
    if _is_encrypted(root):
        return _for_aws_alone(root, named)
    assertion = _only_assertion(root)
    sent = list(_values(assertion, "Role"))
    found = [_role(value) for value in sent if value]
    taken = [role for role in found if role is not None]
    roles = dict.fromkeys(taken)
    name = next(_values(assertion, "RoleSessionName"), "")
    if not roles:
        raise _without_roles(sent, name)
    confirmed = _confirmation_data(assertion)
    return Assertion(
        roles=tuple(roles),
        role_session_name=name,
        session_duration=_seconds(next(_values(assertion, "SessionDuration"), "")),
        issued=_instant(assertion.get("IssueInstant") or root.get("IssueInstant")),
        not_before=_instant(_attribute(_first(assertion, "Conditions"), "NotBefore")),
        not_on_or_after=_instant(_attribute(confirmed, "NotOnOrAfter")),
        destination=root.get("Destination") or "",
        issuer=_text(_first(assertion, "Issuer")) or _text(_first(root, "Issuer")),
        ignored=len(found) - len(taken),
    )


def _decode(text: str) -> bytes:
    if len(text) > MAX_BASE64:
        raise AssertionRefused(
            f"The SAML response is {len(text)} characters long; AWS accepts {MAX_BASE64}.",
            hint="Ask your administrator to send AWS fewer roles or groups in one sign-in.",
        )
    if text.startswith("<"):
        raise AssertionRefused(
            "The SAML response is XML, but AWS takes it in base64.",
            hint="Use the value of the SAMLResponse field as the browser posts it.",
        )
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AssertionRefused(
            "The SAML response is not base64.",
            hint="Use the value of the SAMLResponse field as the browser posts it, complete.",
        ) from None


class _DocumentType(Exception):
    """Leaves the parser at a document type declaration."""


def _parse(xml: bytes) -> Element:
    """The root element; names keep the prefix they were written with.

    Expat is driven by hand for three reasons. It reports a document type declaration in whatever
    encoding it is written, before an entity in it is read. It joins the text around a comment, so
    that ``Admin<!-- -->suffix`` is one name. And it minds no prefix that was never declared, which
    real identity providers send.
    """
    parser, builder = expat.ParserCreate(), TreeBuilder()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(xml, True)
        return builder.close()
    except _DocumentType:
        raise AssertionRefused(
            "The SAML response holds a document type declaration, which no identity provider "
            "has reason to send.",
            hint="Tell your administrator; the response may have been tampered with.",
        ) from None
    except (expat.ExpatError, LookupError, ValueError):
        # The last two are what an unheard-of encoding raises.
        raise AssertionRefused(
            "The SAML response is base64, but what it holds is not XML.",
            hint="Use the value of the SAMLResponse field as the browser posts it, complete.",
        ) from None


def _refuse_document_type(*_: object) -> None:
    raise _DocumentType


def _require_success(root: Element) -> None:
    """Saml-core-2.0 §3.2.2: one code, with more precise ones nested inside it."""
    status = _first(root, "Status")
    if status is None:
        return
    codes = [e.get("Value") or "" for e in status.iter() if _local(e.tag) == "StatusCode"]
    if not codes or codes[0] == _SUCCESS:
        return
    named = ", ".join(safe(code.rpartition(":")[2], 60) for code in codes[:3])
    said = safe(" ".join(_text(_first(status, "StatusMessage")).split()))
    raise AssertionRefused(
        f"Your identity provider did not sign you in to AWS (status {named})"
        + (f": {said}" if said else "."),
        hint="Ask your administrator whether you may use AWS, and tell them the status.",
    )


def _only_assertion(root: Element) -> Element:
    children = [e for e in root if _local(e.tag) == "Assertion"]
    if len(children) == 1 and sum(_local(e.tag) == "Assertion" for e in root.iter()) == 1:
        return children[0]
    many = "no assertion" if not children else "more than one assertion"
    raise AssertionRefused(
        f"The SAML response holds {many}; exactly one is expected.",
        hint="Sign in again. If it stays so, tell your administrator.",
    )


def _is_encrypted(root: Element) -> bool:
    names = [_local(e.tag) for e in root]
    return names.count("EncryptedAssertion") == 1 and "Assertion" not in names


def _for_aws_alone(root: Element, named: tuple[Role, ...]) -> Assertion:
    if not named:
        raise AssertionRefused(
            "The assertion in the SAML response is encrypted, so its roles cannot be read.",
            hint="Name the role with its SAML provider, a comma between their ARNs: "
            "-r arn:aws:iam::ACCOUNT:role/ROLE,arn:aws:iam::ACCOUNT:saml-provider/PROVIDER. Whoever "
            "runs the account can tell you both.",
        )
    return Assertion(
        roles=named,
        role_session_name="",
        session_duration=None,
        issued=_instant(root.get("IssueInstant")),
        not_before=None,
        not_on_or_after=None,
        destination=root.get("Destination") or "",
        issuer=_text(_first(root, "Issuer")),
        encrypted=True,
    )


def _without_roles(sent: list[str], name: str) -> AssertionRefused:
    who = f" (as {safe(name, 64)})" if name else ""
    if not any(sent):
        return AssertionRefused(
            "You signed in, but no AWS role is assigned to you.",
            hint=f"Ask your administrator to assign you a role{who} in the AWS app.",
        )
    first = next(value for value in sent if value)
    return AssertionRefused(
        "You signed in, but none of the roles sent for you is one AWS knows how to read. "
        f"{len([value for value in sent if value])} sent; the first is: {safe(first)}",
        hint="Each must be a role ARN and a SAML provider ARN with a comma between them. "
        f"Show this to your administrator{who}.",
    )


def _role(value: str) -> Role | None:
    """The pair in a value of the Role attribute, in either order; None when it holds none."""
    roles: list[str] = []
    principals: list[str] = []
    for part in _BETWEEN_ARNS.split(value.strip(", \t\r\n")):
        arn = part.strip().rstrip(", \t\r\n")
        if _ROLE_ARN.fullmatch(arn):
            roles.append(arn)
        elif _is_principal(arn):
            principals.append(arn)
    if len(roles) != 1 or len(principals) != 1:
        return None
    return Role(roles[0], principals[0])


def _values(assertion: Element, attribute: str) -> Iterator[str]:
    """The values of AWS's attribute ``https://aws.amazon.com/SAML/Attributes/…``, trimmed."""
    for statement in (e for e in assertion if _local(e.tag) == "AttributeStatement"):
        for element in (e for e in statement if _local(e.tag) == "Attribute"):
            if (element.get("Name") or "").endswith(f"/Attributes/{attribute}"):
                yield from (_text(e) for e in element if _local(e.tag) == "AttributeValue")


def _confirmation_data(assertion: Element) -> Element | None:
    """The data of the bearer confirmation, the kind AWS accepts."""
    subject = _first(assertion, "Subject")
    for confirmation in () if subject is None else subject:
        if (
            _local(confirmation.tag) == "SubjectConfirmation"
            and confirmation.get("Method") == _BEARER
        ):
            return _first(confirmation, "SubjectConfirmationData")
    return None


def _seconds(text: str) -> int | None:
    """AWS documents 900 to 43200; what is outside means nothing to it."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return None
    seconds = int(text)
    return seconds if 900 <= seconds <= 43_200 else None


def _instant(text: str | None) -> datetime | None:
    """An xs:dateTime; one without a zone is UTC (saml-core-2.0 §1.3.3)."""
    found = _INSTANT.fullmatch((text or "").strip())
    if not found:
        return None
    seconds, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{seconds}.{(fraction or '0')[:6]:0<6}{zone or 'Z'}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@cache  # of a dozen tags there are thousands
def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _first(parent: Element, name: str) -> Element | None:
    return next((child for child in parent if _local(child.tag) == name), None)


def _attribute(element: Element | None, name: str) -> str | None:
    return None if element is None else element.get(name)


def _text(element: Element | None) -> str:
    if element is None:
        return ""
    return ("".join(element.itertext()) if len(element) else element.text or "").strip()
