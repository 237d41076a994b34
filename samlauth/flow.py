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
    CallSTS      tuple[Credentials | Refusal, ...], in the order of the calls
    ===========  =================================================
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar, cast

from samlauth.challenges import A, AnotherWay, AnyChallenge, Challenge, Resend, Way
from samlauth.reach import Carrying, Reach
from samlauth.saml import Role, SAMLResponse

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
    elsewhere: str | None = None
    """Where a redirect pointed that left the reach and was not followed; the body is empty then."""


@dataclass(frozen=True)
class Tell:
    """A line for the person. ``quiet`` lines are dropped by ``--quiet``; warnings are not."""

    text: str
    quiet: bool = True


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


Ended = Page | AnotherWay | Resend | None
"""What ended a Wait: its poll, a key, or None for the time."""


@dataclass(frozen=True)
class AssumeRoleWithSAML:
    """The parameters of one STS call, by AWS's own names.

    STS's ``SAMLAssertion`` takes the base64 of the whole *response*, unchanged: ``saml_response``.
    """

    role: Role
    saml_response: SAMLResponse
    duration_seconds: int
    region: str


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials, as STS returned them."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: datetime
    """Aware, UTC."""


@dataclass(frozen=True)
class Refusal:
    """STS's own error: its code (``ExpiredTokenException``, …), its message, the HTTP status."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True)
class CallSTS:
    """Calls that may run side by side; answered in their order."""

    calls: tuple[AssumeRoleWithSAML, ...]
    shows: str | None = None


Step = Request | AnyChallenge | Wait | Tell | CallSTS
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


def tell(text: str, *, quiet: bool = True) -> Flow[None]:
    """Show the person a line."""
    yield Tell(text, quiet)


def call_sts(
    *calls: AssumeRoleWithSAML, shows: str | None = None
) -> Flow[tuple[Credentials | Refusal, ...]]:
    """Call STS; what it answered, call by call."""
    return cast("tuple[Credentials | Refusal, ...]", (yield CallSTS(calls, shows)))


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
