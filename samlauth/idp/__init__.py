"""Identity providers: each signs a person in and hands back the SAML response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from samlauth.flow import Browse, Flow
from samlauth.reach import Reach
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass


class IdentityProvider(Protocol):
    """One identity provider, with what it needs to know about the person and the AWS app."""

    @property
    def reach(self) -> Reach:
        """Where its sign-in may go; every Request is held to it."""

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign the person in, from wherever the browser session stands.

        Raises SignInRefused, CodeRefused and NeedsPerson, each with what to do next; NeedsBrowser
        when a browser can go on where this cannot.
        """

    @property
    def in_browser(self) -> Browse:
        """The same sign-in, as a browser does it."""


@dataclass(frozen=True)
class ProviderSettings:
    """What a plugin is told of the settings. None is a secret: those are asked for, as challenges.

    Version 1 of the interface; :mod:`samlauth.idp.plugins` has the rest of it.
    """

    username: str = ""
    """The account to sign in with; empty where it is not set, to be asked for."""
    url: str = ""
    """``--url``, as it was written; empty where it is not set."""
    mfa: str = ""
    """The second factor that the person wants, as ``--mfa`` takes it; empty for the usual."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The plugin's own settings, ``samlauth.NAME.KEY`` in the profile, by KEY in lower case."""
