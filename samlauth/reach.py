"""Where a login may go: the hosts it may read from and the one origin that may see the password.

A page decides where its form is posted, and pages are not trusted. So every request of a login is
stamped with the provider's :class:`Reach`, and whatever sends it asks :meth:`Reach.check` first.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import urlsplit

from samlauth.errors import UnsafePage
from samlauth.printable import safe
from samlauth.values import dataclass

_SUSPECT = re.compile(r"[\x00-\x20\x7f-\x9f\\]")

IN_A_BROWSER: Final = (
    "Sign in with your browser and look at the address bar; "
    "if the page is the same there, tell your administrator."
)
"""What to do about a page that is not safe to answer."""

Carrying = Literal["nothing", "answers", "password"]

_GUEST = "On a guest network, open any page in a browser first: it may want you to sign in there."


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port of an https URL (RFC 6454 §4): host in lower-case ASCII."""

    host: str
    port: int = 443

    def __str__(self) -> str:
        return f"https://{self.host}" + ("" if self.port == 443 else f":{self.port}")


def origin_of(url: str) -> Origin:
    """The origin of an absolute https URL.

    Raises UnsafePage for any URL two readers could understand differently: another scheme, a
    backslash, white space or control characters, a user name before the host, a bad port.
    """
    if _SUSPECT.search(url):
        raise UnsafePage(
            "The sign-in page named an address with characters no address may hold.",
            hint=IN_A_BROWSER,
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        ascii_host = host.rstrip(".").encode("idna").decode("ascii")
    except ValueError:
        raise UnsafePage(
            "The sign-in page named an address that cannot be read.", hint=IN_A_BROWSER
        ) from None
    if parts.scheme != "https":
        raise UnsafePage(
            f"The sign-in page asked for {safe(parts.scheme, 20) or 'an unknown scheme'}:// "
            f"at {safe(ascii_host) or 'no host'}; only https is safe.",
            hint=f"{_GUEST} {IN_A_BROWSER}",
        )
    if not ascii_host or "@" in parts.netloc:
        raise UnsafePage(
            "The sign-in page named an address that hides which host it means.", hint=IN_A_BROWSER
        )
    return Origin(ascii_host, 443 if port is None else port)


@dataclass(frozen=True)
class Reach:
    """The places one provider's login may talk to.

    ``password_origin`` alone is sent the password; forms with other answers go to it or to
    ``post_origins``; ``get_hosts`` may be read besides, with nothing of the person's in the request.
    """

    password_origin: Origin
    post_origins: frozenset[Origin] = frozenset()
    get_hosts: frozenset[str] = frozenset()
    poll_hosts: frozenset[str] = frozenset()
    """Hosts that may be asked, by POST, whether the person has answered elsewhere."""

    def allows(self, url: str, carrying: Carrying = "nothing") -> bool:
        """Whether a request that carries this may go to ``url``. Raises UnsafePage as origin_of."""
        origin = origin_of(url)
        if origin == self.password_origin:
            return True
        if carrying == "password":
            return False
        if origin in self.post_origins:
            return True
        hosts = self.get_hosts | self.poll_hosts
        return carrying == "nothing" and origin.port == 443 and origin.host in hosts

    def check(self, url: str, carrying: Carrying = "nothing") -> None:
        """Raises UnsafePage, naming the host, when a request may not go to ``url``."""
        if self.allows(url, carrying):
            return
        wanted = {
            "password": "wanted your password sent to",
            "answers": "wanted your answer sent to",
            "nothing": "led to",
        }
        raise UnsafePage(
            f"The sign-in page {wanted[carrying]} {safe(str(origin_of(url)))}, "
            f"which is not {self.password_origin}. Nothing was sent.",
            hint=IN_A_BROWSER,
        )
