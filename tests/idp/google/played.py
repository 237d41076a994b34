"""A sign-in at Google played against a script of pages and answers."""

from __future__ import annotations

from samlauth.errors import NobodyToAsk, SamlauthError
from samlauth.flow import Flow, Request, within
from samlauth.idp.google import Google
from samlauth.saml import SAMLResponse
from samlauth.testing import Replay, replay

ADA = Google("C0test", "4711", "ada@example.com")
NOBODY = NobodyToAsk("no terminal")
ORIGIN = "https://accounts.google.com"


def login(provider: Google = ADA) -> Flow[SAMLResponse]:
    return within(provider.reach, provider.sign_in())


def run(*script: object, provider: Google = ADA) -> Replay[SAMLResponse]:
    return replay(login(provider), *script)


def refused(
    error: type[SamlauthError], *script: object, provider: Google = ADA
) -> Replay[SamlauthError]:
    outcome = replay(login(provider), *script, raises=error)
    assert type(outcome.result) is error
    assert outcome.result.hint
    return outcome


def fields(request: Request) -> dict[str, str]:
    assert request.form is not None
    names = [name for name, _ in request.form]
    assert len(names) == len(set(names))
    return dict(request.form)
