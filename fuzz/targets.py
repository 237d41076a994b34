"""What is fuzzed: everything that reads a page or a SAML response.

Each target takes bytes, as a server could send them, and may raise nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from samlauth.errors import SamlauthError
from samlauth.flow import Page
from samlauth.html import Document
from samlauth.idp.adfs import pages as adfs
from samlauth.idp.google import pages as google
from samlauth.idp.readers import name
from samlauth.saml import SAMLResponse, read_assertion
from samlauth.skeletons import skeleton

_URLS: Final = {
    "google": "https://accounts.google.com/v3/signin/challenge/totp",
    "adfs": "https://sso.example.com/adfs/ls/",
}


def read_google(data: bytes) -> None:
    """A page of Google's, its forms, and its skeleton."""
    _read("google", data)


def read_adfs(data: bytes) -> None:
    """The same of ADFS."""
    _read("adfs", data)


def _read(idp: str, data: bytes) -> None:
    status = (200, 403, 400, 200)[data[0] % 4] if data else 200
    page = Page(_URLS[idp], status, data.decode("utf-8", "replace"))
    (google if idp == "google" else adfs).read(page)
    with suppress(SamlauthError):
        for form in Document(page.url, page.body).forms:
            form.fill({"Pin": "1"}, ("action", "1"))
    name(idp, skeleton(page))


def read_response(data: bytes) -> None:
    """A SAML response: the bytes as its base64, and as the XML in it."""
    for encoded in (data.decode("latin-1"), base64.b64encode(data).decode("ascii")):
        with suppress(SamlauthError):
            read_assertion(SAMLResponse(encoded, "https://signin.aws.amazon.com/saml"))


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "google": read_google,
    "adfs": read_adfs,
    "saml": read_response,
}
