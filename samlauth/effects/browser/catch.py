"""The post that ends a sign-in at AWS: told apart from all others, and read before it leaves.

It is the form of saml-bindings-2.0 §3.5, as a browser is about to send it to AWS's assertion
consumer service.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from samlauth.aliases import is_aws_sign_in
from samlauth.errors import UnsafePage
from samlauth.reach import origin_of
from samlauth.saml import SAMLResponse

_DOMAINS: Final = ("aws.amazon.com", "amazonaws-us-gov.com", "amazonaws.cn", "amazonaws-eusc.eu")
_NAMES: Final = ("signin", "*.signin", "signin-fips", "*.signin-fips")

SIGN_IN_HOSTS: Final = tuple(f"{name}.{domain}" for domain in _DOMAINS for name in _NAMES)
"""AWS's sign-in hosts in every partition; ``*.`` is any name before."""

PATTERNS: Final = tuple({"urlPattern": f"https://*signin*.{domain}*"} for domain in _DOMAINS)
"""What DevTools is to stop (Fetch.RequestPattern): no post to AWS is missing, others are among it."""

THANKS: Final = """<!doctype html>
<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>samlauth</title>
<body style="font: 1.2em sans-serif; margin: 20vh auto; max-width: 30em; text-align: center">
<p>samlauth has what it needs.<p>You can close this window and go back to the terminal."""
"""What the person sees where AWS's page would have been."""


class UnreadableError(Exception):
    """A post to AWS whose form the browser did not hand over."""


def saml_response(request: Mapping[str, Any]) -> SAMLResponse | None:
    """The SAML response in a request (DevTools' Network.Request) to AWS; None for all others.

    AWS's is a POST to ``/saml`` or below ``/saml/acs/`` at one of its sign-in hosts, of a form
    whose field SAMLResponse holds something. Raises UnreadableError for one without its form.
    """
    url = str(request.get("url", ""))
    if request.get("method") != "POST" or not _is_acs(url):
        return None
    if request.get("hasPostData") and not (body := _body(request)):
        raise UnreadableError
    elif not request.get("hasPostData"):
        return None
    for name, value in parse_qsl(body, keep_blank_values=True):
        if name == "SAMLResponse" and value.strip():
            return SAMLResponse(value, url)
    return None


def _is_acs(url: str) -> bool:
    try:
        origin = origin_of(url)
    except UnsafePage:
        return False
    path = urlsplit(url).path
    return is_aws_sign_in(origin) and (path == "/saml" or path.startswith("/saml/acs/"))


def _body(request: Mapping[str, Any]) -> str:
    """The form as it was encoded (``application/x-www-form-urlencoded``), empty if it is not there."""
    return str(request.get("postData") or "") or b"".join(_entries(request)).decode("latin-1")


def _entries(request: Mapping[str, Any]) -> Iterator[bytes]:
    for entry in request.get("postDataEntries") or ():
        try:
            yield base64.b64decode(entry["bytes"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            raise UnreadableError from None  # a part that is a file, or a blob
