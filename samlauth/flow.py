"""A login is a generator: it yields steps, is sent replies, and returns what it came for.

A flow never touches a socket, a terminal, a file or a clock. It yields what it needs of the world
and :func:`samlauth.driver.run` does it, so the same code runs against the identity provider,
against the rehearsal, and against a list of captured pages. Errors of the effects are thrown into
the generator at the step that caused them.

    ===========  =========================================
    step         reply
    ===========  =========================================
    Request      Page
    a challenge  its answer
    Tell         None
    CallSTS      tuple[Credentials | Refusal, ...], in the order of the calls
    ===========  =========================================
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar, cast

from samlauth.challenges import A, AnyChallenge, Challenge
from samlauth.reach import Carrying, Reach
from samlauth.saml import Role, SAMLResponse

T = TypeVar("T")

Fields = tuple[tuple[str, str], ...]
"""The pairs of an ``application/x-www-form-urlencoded`` body, in order, before encoding."""


@dataclass(frozen=True)
class Request:
    """One exchange with a web server. A GET when ``form`` is None, else a POST of its fields."""

    url: str
    form: Fields | None = field(default=None, repr=False)
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
    elsewhere: str | None = None
    """Where a redirect pointed that left the reach and was not followed; the body is empty then."""


@dataclass(frozen=True)
class Tell:
    """A line for the person. ``quiet`` lines are dropped by ``--quiet``; warnings are not."""

    text: str
    quiet: bool = True


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


Step = Request | AnyChallenge | Tell | CallSTS
Flow = Generator[Step, object, T]


def fetch(request: Request) -> Flow[Page]:
    """Send the request; the page it led to."""
    return cast("Page", (yield request))


def ask(challenge: Challenge[A]) -> Flow[A]:
    """Ask the person, or whoever answers for them. Raises NobodyToAsk when nobody can."""
    return cast("A", (yield cast("AnyChallenge", challenge)))


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
                reply = yield (replace(step, reach=reach) if isinstance(step, Request) else step)
            except Exception as thrown:  # noqa: BLE001 - handed on to the flow, whatever it is
                error = thrown
    finally:
        flow.close()
