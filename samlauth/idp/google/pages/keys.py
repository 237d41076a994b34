"""Pages that ask for a security key (``sk``, ``wa``), in as far as one can be asked without scripts.

What the key is asked stands in the page as data: the challenge in ``id-challenge``, and beside it an
attribute with JSON in it, where older pages have key handles and the id of the app (U2F), and others
the options that their script would hand to the browser (WebAuthn). The answer goes into
``id-assertion``. A page without that data is made by its script, and for browsers alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import deque
from collections.abc import Iterator
from typing import Final, cast

from samlauth.challenges import AssertionRequest, UserVerification
from samlauth.html import Document, Form
from samlauth.idp.google.pages import markup
from samlauth.idp.google.pages.states import SecurityKey
from samlauth.printable import safe

APP_IDS: Final = frozenset(
    {"https://www.gstatic.com/securitykey/origins.json", "https://accounts.google.com"}
)
"""What Google's keys were registered for by U2F. Another's keys are none of a page's business."""
RP_IDS: Final = frozenset({"google.com", "accounts.google.com"})
"""The same, by WebAuthn (§5.1.4.1: the domain of the page, or what it is a part of)."""

_NONCE = "id-challenge"
_ANSWER = "id-assertion"
_PLACES = "[data-challenge-ui]"
_MOST = 64
"""Credentials that are tried: nobody has as many keys."""
_DEEPEST = 24
LONGEST_DATA: Final = 50_000
"""Characters of such data on one page; for the keys of one person it has some thousands."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}", re.ASCII)
_SHORTEST, _LONGEST = 16, 1023
"""Bytes of a credential's id (WebAuthn §4, Credential ID)."""
_LONGEST_WAIT = 300.0

NOBODYS: Final = base64.b64encode(bytes(18)).decode("ascii")
"""A challenge, and a credential, of zeros."""


def read_key(document: Document, form: Form, kind: str) -> SecurityKey | None:
    """What the page asks of a key; None when it cannot be told without running its script."""
    control = form.control(_ANSWER)
    if control is None:
        return None
    texts = [str(tag["data-challenge-ui"]) for tag in document.all(_PLACES)]
    if sum(map(len, texts)) > LONGEST_DATA:
        return None
    values = [value for text in texts for value in _values(text)]
    nonce = form.control(_NONCE)
    request = _webauthn(values) or _u2f(values, _bytes(nonce.value if nonce else None))
    if request is None:
        return None
    # There is no field for it to stand beside.
    beside = safe(document.visible_text(document.first("[jsname=B34EJ]")))
    said = markup.said(document, _ANSWER) or beside
    return SecurityKey(kind, form, _ANSWER, request, said, markup.another(document, form))


def _u2f(values: list[object], challenge: bytes) -> AssertionRequest | None:
    """The sign request: every string that may be a key handle is taken for one.

    A key that does not know one says so without being touched.
    """
    named = [_text(value.get("appid")) for value in values if isinstance(value, dict)]
    app_ids = [app_id for app_id in named if app_id in APP_IDS]
    texts = [v for v in values if isinstance(v, str)]
    handles = [h for h in map(_bytes, texts) if h != challenge and len(h) < 256]
    handles = list(dict.fromkeys(h for h in handles if len(h) >= _SHORTEST))[:_MOST]
    if not (challenge and handles and app_ids):
        return None
    return AssertionRequest(challenge, tuple(handles), app_id=app_ids[0])


def _webauthn(values: list[object]) -> AssertionRequest | None:
    """The first PublicKeyCredentialRequestOptions among the values, as JSON has them (§5.1.9)."""
    for value in values:
        if isinstance(value, dict) and (found := _options(value)):
            return found
    return None


def _options(value: dict[str, object]) -> AssertionRequest | None:
    challenge = _bytes(value.get("challenge"))
    listed = value.get("allowCredentials")
    rp_id = _text(value.get("rpId", "accounts.google.com"))
    if not challenge or not isinstance(listed, list) or rp_id not in RP_IDS:
        return None
    ids = (_bytes(entry.get("id")) for entry in listed if isinstance(entry, dict))
    credentials = tuple(dict.fromkeys(i for i in ids if _SHORTEST <= len(i) <= _LONGEST))[:_MOST]
    if not credentials:
        return None
    extensions = value.get("extensions")
    app_id = _text(extensions.get("appid")) if isinstance(extensions, dict) else ""
    wanted = _text(value.get("userVerification"))
    verification = wanted if wanted in {"required", "discouraged"} else "preferred"
    return AssertionRequest(
        challenge,
        credentials,
        rp_id=rp_id,
        app_id=app_id if app_id in APP_IDS else "",
        user_verification=cast("UserVerification", verification),
        seconds=_seconds(value.get("timeout")),
    )


def bare(text: str) -> str:
    """What stands for such data in a page's skeleton: of the same kind, and nobody's; else nothing."""
    values = list(_values(text))
    if _webauthn(values):
        allowed = [{"type": "public-key", "id": NOBODYS}]
        return json.dumps({"challenge": NOBODYS, "allowCredentials": allowed})
    if request := _u2f(values, bytes(_SHORTEST)):
        return json.dumps({"appid": request.app_id, "keys": [NOBODYS]})
    return ""


def _seconds(timeout: object) -> float:
    """Of a ``timeout`` in milliseconds."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        return AssertionRequest.seconds
    return max(min(timeout, _LONGEST_WAIT * 1000) / 1000, 1.0)


def _values(text: str) -> Iterator[object]:
    """Every value in the JSON that stands somewhere in a text, and in strings of it that are JSON."""
    start, end = text.find("{"), text.rfind("}")
    left = deque([(_parsed(text[start : end + 1]), 0)] if 0 <= start < end else [])
    while left:
        value, depth = left.popleft()
        yield value
        if depth >= _DEEPEST:
            continue
        match value:
            case dict():
                left.extend((member, depth + 1) for member in value.values())
            case list():
                left.extend((item, depth + 1) for item in value)
            case str() if value.lstrip().startswith("{"):
                left.append((_parsed(value), depth + 1))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _bytes(value: object) -> bytes:
    """What a string in base64, of either alphabet, means; empty for anything else."""
    if not isinstance(value, str) or not _BASE64.fullmatch(value):
        return b""
    text = value.rstrip("=").translate({ord("+"): "-", ord("/"): "_"})
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
