"""Identity providers: each signs a person in and hands back the SAML response."""

from __future__ import annotations

from typing import Protocol

from samlauth.flow import Browse, Flow
from samlauth.reach import Reach
from samlauth.saml import SAMLResponse


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
