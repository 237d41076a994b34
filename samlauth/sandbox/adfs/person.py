"""Who can sign in, and all that proves it."""

from __future__ import annotations

from dataclasses import dataclass, field

from samlauth.sandbox.phone import Phone
from samlauth.sandbox.totp import Authenticator


@dataclass(frozen=True)
class Person:
    """Who can sign in."""

    username: str
    """As ``user@domain``; ADFS takes ``DOMAIN\\user`` as well."""
    password: str = field(repr=False)
    authenticator: Authenticator = field(repr=False)
    """What shows the codes of every adapter that sends none."""
    phone: Phone = field(repr=False, default_factory=Phone)

    def is_called(self, name: str) -> bool:
        """Whether a user name, in either form, is this person's; large letters are small ones."""
        user, _, domain = self.username.lower().partition("@")
        return name.lower() in {self.username.lower(), f"{domain.partition('.')[0]}\\{user}"}
