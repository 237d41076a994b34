"""Cookies as values, in and out of the jars of an HTTP library."""

from __future__ import annotations

import http.cookiejar
from collections.abc import Iterable
from dataclasses import field

from samlauth.values import dataclass


@dataclass(frozen=True)
class Cookie:
    """One cookie (RFC 6265 §5.3)."""

    name: str
    value: str = field(repr=False)
    domain: str
    """A host; of a whole domain when it begins with a dot."""
    path: str
    expires: int | None = None
    """Seconds since 1970; None for the end of the session, which is not ours to tell."""


def taken(jar: http.cookiejar.CookieJar) -> tuple[Cookie, ...]:
    """All there are in a jar, but those without a value."""
    return tuple(
        Cookie(one.name, one.value, one.domain, one.path, one.expires) for one in jar if one.value
    )


def put(jar: http.cookiejar.CookieJar, cookies: Iterable[Cookie]) -> None:
    """Put them into a jar, to be sent over TLS only."""
    for cookie in cookies:
        is_domain = cookie.domain.startswith(".")
        jar.set_cookie(
            http.cookiejar.Cookie(
                version=0,
                name=cookie.name,
                value=cookie.value,
                port=None,
                port_specified=False,
                domain=cookie.domain,
                domain_specified=is_domain,
                domain_initial_dot=is_domain,
                path=cookie.path,
                path_specified=True,
                secure=True,
                expires=cookie.expires,
                discard=cookie.expires is None,
                comment=None,
                comment_url=None,
                rest={},
            )
        )
