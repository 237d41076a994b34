"""The names of AWS accounts, read off the page on which AWS itself asks which role to take.

A SAML response names accounts by number. Whoever posts it to AWS's assertion consumer service with
several roles in it is shown those roles under their accounts' aliases (IAM User Guide, "Account
alias"), and needs no permission in any account to see that page.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Final

from samlauth.errors import SamlauthError
from samlauth.flow import Flow, Page, Request, fetch, within
from samlauth.html import Document
from samlauth.printable import safe
from samlauth.reach import Origin, Reach, origin_of
from samlauth.saml import SAMLResponse

SECONDS: Final = 2
"""How long AWS may take: names are a comfort, and nobody should wait for comfort."""

_SIGN_IN: Final = re.compile(
    r"(?:[a-z0-9-]+\.)?signin(?:-fips)?"
    r"\.(?:aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn|amazonaws-eusc\.eu)"
)
_ACCOUNT: Final = re.compile(r"(?:(?P<name>.*\S)\s*\((?P<id>[0-9]{12})\)|(?P<bare>[0-9]{12}))")
# "Account:", in whichever language the page is.
_LABEL: Final = re.compile(r"[^:\uff1a]*[:\uff1a]\s*")


def is_aws_sign_in(origin: Origin) -> bool:
    """Whether a SAML response posted there is posted to AWS, in any of its partitions."""
    return origin.port == 443 and _SIGN_IN.fullmatch(origin.host) is not None


def account_names(response: SAMLResponse) -> Flow[dict[str, str]]:
    """Account id to name, fit to print, for the accounts AWS lists; empty for one without a name.

    One POST of the response, to its own assertion consumer service and to nowhere else. Never
    fails: whatever goes wrong gives no names at all, as does a response with a single role, which
    AWS takes for a sign-in and answers without a list.
    """
    try:
        acs = origin_of(response.acs)
        if not is_aws_sign_in(acs):
            return {}
        form = (("SAMLResponse", response.base64), ("RelayState", ""))
        request = Request(
            response.acs,
            form,
            seconds=SECONDS,
            carrying="answers",
            shows="Looking up the names of your accounts",
        )
        page = yield from within(Reach(acs), fetch(request))
        return _read(page)
    except SamlauthError:
        return {}


def _read(page: Page) -> dict[str, str]:
    document = Document(page.url, page.body)
    names: dict[str, str] = {}
    for label in (*_in_data(document), *_in_text(document)):
        if found := _ACCOUNT.fullmatch(label):
            names.setdefault(found["id"] or found["bare"], safe(found["name"] or ""))
    return names


def _in_data(document: Document) -> Iterable[str]:
    """``alias (id)`` or ``id``, as the page that a script draws carries them."""
    tag = document.first("meta[name=data]")
    content = str(tag.get("content", "")) if tag is not None else ""
    try:
        data = json.loads(base64.b64decode(content))
    except (ValueError, RecursionError):
        return ()
    accounts = data.get("roles_accounts") if isinstance(data, dict) else None
    return accounts if isinstance(accounts, dict) else ()


def _in_text(document: Document) -> Iterable[str]:
    """The same, as the page without a script shows them: ``Account: alias (id)``."""
    for tag in document.all("div.saml-account-name"):
        text = document.visible_text(tag)
        label = _LABEL.match(text)
        yield text[label.end() :] if label else text
