"""Who can sign in, and all that proves it."""

from __future__ import annotations

from dataclasses import dataclass, field

from samlauth.sandbox.codes import Codes
from samlauth.sandbox.google.keys import SecurityKeys
from samlauth.sandbox.google.methods import Method
from samlauth.sandbox.phone import Phone
from samlauth.sandbox.totp import Authenticator


@dataclass(frozen=True)
class Person:
    """Who can sign in."""

    username: str
    password: str = field(repr=False)
    authenticator: Authenticator = field(repr=False)
    phone: Phone = field(repr=False, default_factory=Phone)
    backup: Codes = field(repr=False, default_factory=lambda: Codes(8))
    """The printed codes (``bc``)."""
    offline: Codes = field(repr=False, default_factory=lambda: Codes(10))
    """What the telephone's settings show without a network (``ootp``)."""
    key: Codes = field(repr=False, default_factory=lambda: Codes(7))
    """What g.co/sc shows to who has the key (``skotp``)."""
    keys: SecurityKeys = field(repr=False, default_factory=SecurityKeys)
    """The keys themselves (``sk``)."""

    def verify(self, method: Method, code: str) -> bool:
        """Whether the code is a right one of that method. Uses it up."""
        digits = code.replace(" ", "")
        match method.kind:
            case "bc":
                return self.backup.verify(digits)
            case "ipp" | "iap":
                return self.phone.verify(digits)
            case "ootp":
                return self.offline.verify(digits)
            case "skotp":
                return self.key.verify(digits)
            case _:
                return self.authenticator.verify(digits)
