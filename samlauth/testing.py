"""Runs a flow against a script, for the tests of samlauth and of other identity providers.

A login is a generator that yields steps and is sent replies, so a test needs neither a network nor
a mock: it lists the replies. ::

    from samlauth.flow import Page, within
    from samlauth.testing import replay

    provider = MyProvider(username="ada@example.com")
    run = replay(
        within(provider.reach, provider.sign_in()),
        Page("https://idp.example.com/login", 200, LOGIN_PAGE),   # answers the first Request
        "correct horse",                                          # answers EnterPassword
        Page("https://idp.example.com/login", 200, END_PAGE),     # answers the second Request
    )
    assert run.requests[1].form == (("user", "ada@example.com"), ("password", "correct horse"))
    assert run.result.acs == "https://signin.aws.amazon.com/saml"

A login that ends in an error is run with ``raises``, so that what it sent can still be looked at::

    run = replay(flow, hostile_page, "correct horse", raises=UnsafePage)
    assert [request.carrying for request in run.requests] == ["nothing"]

A report of a sign-in that failed elsewhere, as ``samlauth report`` makes it, is a test's pages::

    from samlauth.idp.google.pages import read
    from samlauth.testing import reported

    pages = [seen.page for seen in reported("samlauth-report-20261122T060000.zip").pages]
    assert isinstance(read(pages[-1]), Menu)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import NoneType
from typing import Any, Generic, TypeVar, overload

from samlauth.challenges import AnotherWay, AnyChallenge, Challenge, Resend
from samlauth.errors import UnsafePage
from samlauth.flow import (
    AssumeRole,
    AssumeRoleWithSAML,
    AssumeRoleWithWebIdentity,
    Browse,
    BrowserEnded,
    CallSTS,
    Flow,
    GetCallerIdentity,
    Page,
    Request,
    Step,
    Tell,
    Wait,
)
from samlauth.reports import Report
from samlauth.saml import SAMLResponse

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)


@dataclass
class Replay(Generic[T]):
    """What a flow did, and what it came to."""

    result: T
    """What it returned; the error itself when it was run with ``raises``."""
    requests: list[Request] = field(default_factory=list)
    """Those that were sent, in order; one that its reach forbade is not among them."""
    challenges: list[AnyChallenge] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    """With their polls, which are not among the requests."""
    told: list[Tell] = field(default_factory=list)
    browsed: list[Browse] = field(default_factory=list)
    calls: list[AssumeRoleWithSAML] = field(default_factory=list)
    other_calls: list[AssumeRole | AssumeRoleWithWebIdentity | GetCallerIdentity] = field(
        default_factory=list
    )
    """Those of STS's other operations."""


@overload
def replay(flow: Flow[T], *script: object) -> Replay[T]: ...


@overload
def replay(flow: Flow[object], *script: object, raises: type[E]) -> Replay[E]: ...


def replay(
    flow: Flow[Any], *script: object, raises: type[BaseException] | None = None
) -> Replay[Any]:
    """Run ``flow``, answering its steps from ``script``, one entry a step.

    An entry is a Page for a Request, the answer for a challenge (AnotherWay or Resend where it has
    them), None for a Wait whose time is over, or else AnotherWay, Resend or the Page that answers
    its poll, a SAMLResponse or BrowserEnded for Browse, a tuple of results for CallSTS, or an exception, which is thrown into the flow at that
    step. A Tell takes no entry. Requests, polls too, are held to their reach as in a real login:
    one that may not be sent gets the same UnsafePage thrown, and takes no entry either.

    Raises what the flow raises, unless it is the ``raises`` expected. Raises AssertionError when
    the script ends too early, is not used up or does not fit a step, when a Request was not
    stamped by :func:`samlauth.flow.within`, and when the error expected does not come.
    """
    run: Replay[Any] = Replay(None)
    entries = _Script(script)
    try:
        result = _run(flow, entries, run)
    except BaseException as error:
        if raises is None or not isinstance(error, raises):
            raise
        entries.finish()
        return replace(run, result=error)
    finally:
        flow.close()
    if raises is not None:
        raise AssertionError(f"the flow ended well; {raises.__name__} was expected")
    entries.finish()
    return replace(run, result=result)


def reported(path: str | Path) -> Report:
    """The report in a bundle. Raises FileError for what is none."""
    from samlauth.effects import bundle

    return bundle.read(Path(path))


def _run(flow: Flow[T], entries: _Script, run: Replay[Any]) -> T:
    try:
        step = next(flow)
        while True:
            reply = _reply(step, entries, run)
            step = flow.throw(reply) if isinstance(reply, BaseException) else flow.send(reply)
    except StopIteration as done:
        result: T = done.value
        return result


def _reply(step: Step, entries: _Script, run: Replay[Any]) -> object:
    match step:
        case Tell():
            run.told.append(step)
            return None
        case Request():
            if refusal := _refusal(step):
                return refusal
            run.requests.append(step)
            return entries.take(step, Page)
        case Wait(poll=poll):
            if poll is not None and (refusal := _refusal(poll)):
                return refusal
            run.waits.append(step)
            return entries.take(step, Page if poll else NoneType, NoneType, *_wishes(step))
        case Browse():
            run.browsed.append(step)
            return entries.take(step, SAMLResponse, BrowserEnded)
        case CallSTS():
            for call in step.calls:
                if isinstance(call, AssumeRoleWithSAML):
                    run.calls.append(call)
                else:
                    run.other_calls.append(call)
            reply = entries.take(step, tuple)
            if isinstance(reply, tuple) and len(reply) != len(step.calls):
                raise AssertionError(
                    f"{_named(step)} was answered by {len(reply)} results in the script"
                )
            return reply
        case Challenge():
            run.challenges.append(step)
            return entries.take(step, object, *_wishes(step))
    raise AssertionError(f"a flow may not yield {type(step).__name__}")


def _refusal(request: Request) -> UnsafePage | None:
    """Why the request may not be sent."""
    if request.reach is None:
        raise AssertionError(f"{_named(request)} is not stamped: run within(provider.reach, flow)")
    try:
        request.reach.check(request.url, request.carrying)
    except UnsafePage as refusal:
        return refusal
    return None


def _wishes(step: Step) -> tuple[type[object], ...]:
    """What a person may want instead of what the step is for."""
    kinds: dict[str, type[object]] = {"another": AnotherWay, "resend": Resend}
    return tuple(kinds[way] for way in getattr(step, "ways", ()))


class _Script:
    """The entries, and how far they are used up."""

    def __init__(self, entries: tuple[object, ...]) -> None:
        self._entries = entries
        self._used = 0

    def take(self, step: Step, kind: type[object], *others: type[object]) -> object:
        if self._used == len(self._entries):
            raise AssertionError(f"the script ended after {self._used} entries, at {_named(step)}")
        entry = self._entries[self._used]
        self._used += 1
        if isinstance(entry, BaseException):
            return entry
        # An answer may be of any type but those that have a meaning of their own.
        reserved = isinstance(entry, Page | AnotherWay | Resend) and kind is object
        if not isinstance(entry, others) and (reserved or not isinstance(entry, kind)):
            raise AssertionError(
                f"entry {self._used} of the script is {_article(entry)}, which does not answer "
                f"{_named(step)}"
            )
        return entry

    def finish(self) -> None:
        left = self._entries[self._used :]
        if left:
            raise AssertionError(
                f"the flow ended with {len(left)} entries of the script left over, from "
                f"{_article(left[0])} on"
            )


def _named(step: Step) -> str:
    match step:
        case Request():
            # Without the query: it may hold what identifies a session, and failures are shown.
            verb = "GET" if step.form is None and step.json is None else "POST"
            return f"{verb} {step.url.partition('?')[0]}"
        case CallSTS():
            return f"CallSTS with {len(step.calls)} calls"
        case _:
            return type(step).__name__


def _article(entry: object) -> str:
    """The type alone: an answer in a script is often a password, and test logs are kept."""
    return f"a {type(entry).__name__}"
