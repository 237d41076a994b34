"""The readers of pages by the name of the provider: what each calls a page."""

from __future__ import annotations

import re
from typing import Final

from samlauth.aliases import is_aws_sign_in
from samlauth.errors import UnsafePage
from samlauth.flow import Page
from samlauth.idp.adfs import pages as adfs
from samlauth.idp.google import pages as google
from samlauth.reach import origin_of

SPOKEN: Final[tuple[re.Pattern[str], ...]] = (*google.SPOKEN, *adfs.SPOKEN)
"""What pages say that a reader knows them by."""


def name(idp: str, page: Page) -> str:
    """The page's state and the kind of its challenge, such as ``Code totp``; ``AWS`` for a page of
    AWS's sign-in, and empty for a provider that reads no pages."""
    try:
        if is_aws_sign_in(origin_of(page.url)):
            return "AWS"
    except UnsafePage:
        pass  # no address of AWS's
    match idp:
        case "google":
            state: object = google.read(page)
            kind = getattr(state, "kind", "")
        case "adfs":
            state = adfs.read(page)
            kind = getattr(getattr(state, "adapter", None), "kind", "")
        case _:
            return ""
    return f"{type(state).__name__} {kind}".rstrip()
