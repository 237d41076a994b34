"""A sign-in at ADFS played against a script of pages and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from samlauth.errors import NobodyToAsk, SamlauthError
from samlauth.flow import Flow, Request, within
from samlauth.idp.adfs.entry import read_entry
from samlauth.idp.adfs.flow import ADFS
from samlauth.saml import SAMLResponse
from samlauth.testing import Replay, replay

ADA = ADFS(read_entry("sso.example.com"), "urn:amazon:webservices", "EXAMPLE\\ada")
NOBODY = NobodyToAsk("no terminal")


def login(provider: ADFS = ADA) -> Flow[SAMLResponse]:
    return within(provider.reach, provider.sign_in())


def run(*script: object, provider: ADFS = ADA) -> Replay[SAMLResponse]:
    return replay(login(provider), *script)


def refused(
    error: type[SamlauthError], *script: object, provider: ADFS = ADA
) -> Replay[SamlauthError]:
    outcome = replay(login(provider), *script, raises=error)
    assert type(outcome.result) is error
    assert outcome.result.hint
    return outcome


def fields(request: Request | None) -> dict[str, str]:
    assert request is not None
    assert request.form is not None
    names = [name for name, _ in request.form]
    assert len(names) == len(set(names))
    return dict(request.form)


def ticking(seconds: float) -> Callable[[], datetime]:
    """A clock that is so much later at every look."""
    ticks: Iterator[int] = count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds * next(ticks))


def hasty(seconds: float) -> ADFS:
    return replace(ADA, clock=ticking(seconds))
