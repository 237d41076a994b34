"""A login is a generator: it yields steps, is sent replies, and returns what it came for.

A flow never touches a socket, a terminal, a file or a clock. It yields what it needs of the world
and :func:`samlauth.driver.run` does it, so the same code runs against the identity provider,
against the rehearsal, and against a list of captured pages. Errors of the effects are thrown into
the generator at the step that caused them.

    ===========  =================================================
    step         reply
    ===========  =================================================
    Request      Page
    a challenge  its answer, or AnotherWay or Resend where it has them
    Wait         None when the time is over, AnotherWay, Resend, or the Page its poll was answered by
    Tell         None
    Browse        SAMLResponse, or BrowserEnded
    CallSTS      tuple[Credentials | Refusal, ...], in the order of the calls
    ===========  =================================================
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import field, replace
from typing import Literal, TypeVar, cast

from samlauth.challenges import A, AnotherWay, AnyChallenge, Challenge, Resend, Way
from samlauth.credentials import Credentials as Credentials  # the reply to CallSTS
from samlauth.errors import SamlauthError
from samlauth.reach import Carrying, Reach
from samlauth.saml import Role, SAMLResponse
from samlauth.values import dataclass

T = TypeVar("T")

Fields = tuple[tuple[str, str], ...]
"""The pairs of an ``application/x-www-form-urlencoded`` body, in order, before encoding."""


@dataclass(frozen=True)
class Request:
    """One exchange with a web server.

    A POST of the fields of ``form`` or of the text of ``json``, whichever is given; else a GET.
    """

    url: str
    form: Fields | None = field(default=None, repr=False)
    json: str | None = field(default=None, repr=False, kw_only=True)
    seconds: float | None = field(default=None, kw_only=True)
    """How long the whole exchange may take; None for the usual."""
    negotiate: bool = field(default=False, kw_only=True)
    """Whether to prove who the person is by their Kerberos ticket (RFC 4559), to the password's
    origin alone. A 401 that is left in the end comes back as the page it is."""
    binary: bool = field(default=False, kw_only=True)
    """Whether the answer is no text: it comes as ``Page.content``, and ``body`` is empty."""
    carrying: Carrying = "nothing"
    """What of the person's is in it; decides which origins may receive it."""
    referer: str | None = field(default=None, repr=False)
    """URL of the page the request comes from."""
    shows: str | None = None
    """The line to show a person while waiting."""
    reach: Reach | None = None
    """Stamped by :func:`within`; a request without one is never sent."""


@dataclass(frozen=True)
class Page:
    """The answer to a Request, redirects within the reach already followed."""

    url: str
    """Where the page came from, after redirects."""
    status: int
    body: str = field(repr=False)
    """The decoded text, at most 5 MB."""
    content: bytes = field(default=b"", repr=False, kw_only=True)
    """The bytes of a binary answer."""
    authenticate: tuple[str, ...] = field(default=(), kw_only=True)
    """The schemes of its WWW-Authenticate headers, in lower case: ``negotiate``, ``ntlm``, …"""
    note: str = field(default="", kw_only=True)
    """Why a ticket or certificate was not shown, or not accepted: for the person, fit to print."""
    elsewhere: str | None = None
    """Where a redirect pointed that left the reach and was not followed; the body is empty then."""


@dataclass(frozen=True)
class Tell:
    """A line for the person. ``quiet`` lines are dropped by ``--quiet``; warnings are not."""

    text: str
    quiet: bool = True
    live: str = ""
    """The text where the wait that follows is shown by a live line, which says the rest; empty for
    the same text everywhere."""


@dataclass(frozen=True)
class Wait:
    """Let time pass while the person does something elsewhere, such as tapping a number."""

    seconds: float
    """How long at most."""
    shows: str
    """The live line meanwhile."""
    ways: tuple[Way, ...] = ()
    """What the person may ask for instead of waiting on."""
    poll: Request | None = None
    """A request that is answered when there is something new: it is sent, and ends the wait."""
    number: str = ""
    """What the person has to tap or to enter elsewhere, to be shown large; empty for nothing."""


Ended = Page | AnotherWay | Resend | None
"""What ended a Wait: its poll, a key, or None for the time."""


@dataclass(frozen=True)
class Browse:
    """Go on in the person's own browser, until it posts a SAML response to AWS."""

    url: str
    """Where a sign-in that ends at AWS begins (saml-profiles-2.0 §4.1.5)."""
    owner: str
    """Whose browser profile to use: identity provider and person. Sessions are never shared."""
    account_url: str = ""
    """A page of the provider that signs in and posts nothing to AWS; empty when it has none."""


@dataclass(frozen=True)
class BrowserEnded:
    """Why a browser gave no SAML response."""

    reason: Literal["absent", "no display", "closed", "timed out", "crashed"]
    message: str
    """What happened, a sentence for the person."""
    hint: str = ""


@dataclass(frozen=True)
class AssumeRoleWithSAML:
    """The parameters of one STS call, by AWS's own names.

    STS's ``SAMLAssertion`` takes the base64 of the whole *response*, unchanged: ``saml_response``.
    """

    role: Role
    saml_response: SAMLResponse
    duration_seconds: int
    region: str
    policy: str = ""
    """JSON; what the credentials may do is what the role and this both allow. Empty for no such."""
    policy_arns: tuple[str, ...] = ()
    """The same, by managed policies."""


@dataclass(frozen=True)
class AssumeRole:
    """The parameters of one STS call that is signed with the credentials one has, by AWS's names."""

    role_arn: str
    role_session_name: str
    credentials: Credentials
    """Whose the call is."""
    duration_seconds: int
    region: str
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    """As of AssumeRoleWithSAML."""
    external_id: str = ""
    serial_number: str = ""
    token_code: str = field(default="", repr=False)
    """Of the MFA device with that serial number."""
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str = ""


@dataclass(frozen=True)
class AssumeRoleWithWebIdentity:
    """The parameters of one STS call that a token speaks for, by AWS's names."""

    role_arn: str
    role_session_name: str
    web_identity_token: str = field(repr=False)
    duration_seconds: int
    region: str
    policy: str = ""
    policy_arns: tuple[str, ...] = ()


@dataclass(frozen=True)
class GetCallerIdentity:
    """Ask STS whose the credentials are, which proves that they are good."""

    credentials: Credentials
    region: str


@dataclass(frozen=True)
class Caller:
    """Whose credentials they are."""

    arn: str


STSCall = AssumeRoleWithSAML | AssumeRole | AssumeRoleWithWebIdentity | GetCallerIdentity


@dataclass(frozen=True)
class Refusal:
    """STS's own error: its code (``ExpiredTokenException``, …), its message, the HTTP status."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True)
class Unmade:
    """One of several calls that could not be made, or that something other than STS answered."""

    error: SamlauthError


@dataclass(frozen=True)
class CallSTS:
    """Calls that may run side by side; answered in their order.

    What keeps the only call from being made is raised. Of several, it is the call's own answer.
    """

    calls: tuple[STSCall, ...]
    shows: str | None = None


Step = Request | AnyChallenge | Wait | Tell | Browse | CallSTS
Flow = Generator[Step, object, T]


def fetch(request: Request) -> Flow[Page]:
    """Send the request; the page it led to."""
    return cast("Page", (yield request))


def ask(challenge: Challenge[A]) -> Flow[A]:
    """Ask the person, or whoever answers for them. Raises NobodyToAsk when nobody can."""
    return cast("A", (yield cast("AnyChallenge", challenge)))


def ask_or_other(challenge: Challenge[A]) -> Flow[A | AnotherWay | Resend]:
    """As :func:`ask`, for a challenge that has ``ways``."""
    return cast("A | AnotherWay | Resend", (yield cast("AnyChallenge", challenge)))


def wait(step: Wait) -> Flow[Ended]:
    """Wait; what ended it."""
    return cast("Ended", (yield step))


def tell(text: str, *, quiet: bool = True, live: str = "") -> Flow[None]:
    """Show the person a line."""
    yield Tell(text, quiet, live)


def browse(step: Browse) -> Flow[SAMLResponse | BrowserEnded]:
    """Have the person go on in their browser; what it posted to AWS, or why it did not."""
    return cast("SAMLResponse | BrowserEnded", (yield step))


def call_sts(
    *calls: AssumeRoleWithSAML | AssumeRole | AssumeRoleWithWebIdentity, shows: str | None = None
) -> Flow[tuple[Credentials | Refusal, ...]]:
    """Call STS; what it answered, call by call."""
    return cast("tuple[Credentials | Refusal, ...]", (yield CallSTS(calls, shows)))


def call_sts_each(
    *calls: AssumeRoleWithSAML, shows: str | None = None
) -> Flow[tuple[Credentials | Refusal | Unmade, ...]]:
    """As :func:`call_sts`, for calls that do not stand or fall together."""
    try:
        return cast("tuple[Credentials | Refusal | Unmade, ...]", (yield CallSTS(calls, shows)))
    except SamlauthError as error:
        return (Unmade(error),) * len(calls)


def ask_caller(call: GetCallerIdentity, *, shows: str | None = None) -> Flow[Caller | Refusal]:
    """Ask STS whose the credentials are."""
    (answer,) = cast("tuple[Caller | Refusal]", (yield CallSTS((call,), shows)))
    return answer


def within(reach: Reach, flow: Flow[T]) -> Flow[T]:
    """Run ``flow`` with every Request stamped by ``reach``: it cannot leave it by forgetting to."""
    reply: object = None
    error: BaseException | None = None
    try:
        while True:
            try:
                step = flow.send(reply) if error is None else flow.throw(error)
            except StopIteration as done:
                return cast("T", done.value)
            error = None
            try:
                reply = yield _stamped(step, reach)
            except Exception as thrown:  # noqa: BLE001 - handed on to the flow, whatever it is
                error = thrown
    finally:
        flow.close()


def _stamped(step: Step, reach: Reach) -> Step:
    match step:
        case Request():
            return replace(step, reach=reach)
        case Wait(poll=Request() as poll):
            return replace(step, poll=replace(poll, reach=reach))
        case _:
            return step
