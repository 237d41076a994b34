"""What a server answered, as far as a sign-in may know it: bounded, decoded, its headers read."""

from __future__ import annotations

import codecs
import re
from dataclasses import field
from urllib.parse import urljoin

from samlauth.effects.requested import requests
from samlauth.values import dataclass

SEE_OTHER = frozenset({301, 302, 303})
"""Redirects that a browser follows by a GET."""
SAME_AGAIN = frozenset({307, 308})
"""Redirects that ask for the same request once more, its body too."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A parameter of the challenge before it, or a challenge: its scheme, alone or with a token68
# (RFC 9110 §11.6.1). What is neither is skipped.
_CHALLENGE = re.compile(
    rf"""{_WORD}\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,]*)"""
    rf"""|(?P<scheme>{_WORD})(?:[ \t]+(?P<token>[A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|\Z))?"""
)

# Codecs that only decode text. Python has more, and a page could name one that rewrites markup.
_CHARSET = re.compile(
    r"utf-8|utf-16|ascii|iso8859-\d+|cp125\d|koi8-[ru]|shift_jis|euc_jp|euc_kr|gb2312|gbk|gb18030|big5"
)


@dataclass(frozen=True)
class Offer:
    """A way to prove who one is, as a WWW-Authenticate header names it."""

    scheme: str
    """In lower case."""
    token: str = field(repr=False)
    """Base64; empty when there is none."""


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    url: str
    status: int
    location: str | None
    """Where a redirect points, absolute; None when it is none."""
    content: bytes = field(repr=False)
    charset: str
    """The name of a codec that only decodes text."""
    offers: tuple[Offer, ...]
    certificate: bytes | None = field(repr=False)
    """Of the host that gave it, DER."""
    note: str = ""
    """As a page's."""

    @property
    def text(self) -> str:
        """The content, decoded; what cannot be is replaced."""
        return self.content.decode(self.charset, "replace")

    @property
    def schemes(self) -> tuple[str, ...]:
        """The schemes of the offers, each once."""
        return tuple(dict.fromkeys(offer.scheme for offer in self.offers))

    def token(self) -> str | None:
        """What it says to a ticket; None when it wants none."""
        return next((offer.token for offer in self.offers if offer.scheme == "negotiate"), None)


class TooLarge(OSError):
    """An answer beyond the size limit; what was left of it is not read."""


def content_of(response: requests.Response, size: int) -> bytes:
    """The body, decompressed. Raises TooLarge beyond ``size`` bytes of it."""
    content = bytearray()
    for piece in response.raw.stream(65536, decode_content=True):
        content += piece
        if len(content) > size:
            raise TooLarge
    return bytes(content)


def answer_of(response: requests.Response, content: bytes, certificate: bytes | None) -> Answer:
    """The answer whose body was read, and the certificate of who gave it."""
    return Answer(
        response.url,
        response.status_code,
        _location(response),
        content,
        _charset(response),
        _offers(response),
        certificate,
    )


def _offers(response: requests.Response) -> tuple[Offer, ...]:
    # requests joins headers of one name; urllib3 still has them one by one.
    return tuple(
        Offer(found["scheme"].lower(), found["token"] or "")
        for header in response.raw.headers.getlist("WWW-Authenticate")
        for found in _CHALLENGE.finditer(header)
        if found["scheme"]
    )


def _location(response: requests.Response) -> str | None:
    """Where a redirect points, made absolute (RFC 9110 §10.2.2); None when it is none."""
    location = response.headers.get("Location")
    if location is None or response.status_code not in SEE_OTHER | SAME_AGAIN:
        return None
    # http.client reads header bytes as Latin-1; servers that send more than ASCII send UTF-8.
    location = location.encode("latin-1").decode("utf-8", "replace")
    try:
        return urljoin(response.url, location)
    except ValueError:
        return location  # which the reach refuses by its own reading


def _charset(response: requests.Response) -> str:
    charset = requests.utils.get_encoding_from_headers(response.headers) or "utf-8"
    declared = "charset" in response.headers.get("Content-Type", "").lower()
    try:
        name = codecs.lookup(charset).name if declared else "utf-8"
    except (LookupError, ValueError):
        name = "utf-8"
    return name if _CHARSET.fullmatch(name) else "utf-8"
