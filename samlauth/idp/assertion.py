"""A SAML response that the person has from elsewhere: a browser, a file, another computer.

It is copied by hand, from places that show it in many ways, so :func:`read_pasted` takes it in
every form it is likely to come in. What it takes is the response itself, never decoded and encoded
again unless it came as XML. How old it is, STS decides: the clock here may be wrong.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote
from xml.parsers import expat

from samlauth.aliases import is_aws_sign_in
from samlauth.challenges import EnterAssertion
from samlauth.errors import AssertionRefused, UnsafePage
from samlauth.flow import Browse, Flow, ask
from samlauth.printable import safe
from samlauth.reach import Origin, Reach, origin_of
from samlauth.saml import Assertion, Role, SAMLResponse, read_assertion

TRIES: Final = 3
"""How often a person is asked for a response that can be read."""

_REACH: Final = Reach(Origin("signin.aws.amazon.com"))
"""Of a provider that sends nothing."""

_ACS: Final = {
    "aws": "https://signin.aws.amazon.com/saml",
    "aws-cn": "https://signin.amazonaws.cn/saml",
    "aws-eusc": "https://signin.amazonaws-eusc.eu/saml",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
}
"""Where a response that does not say is posted, by the partition of its roles."""

_UNREAD: Final = (
    Role("arn:aws:iam::000000000000:role/unread", "arn:aws:iam::000000000000:saml-provider/unread"),
)
"""Stands for the roles of an encrypted response, which are the login's business to know."""

_FIELD = re.compile(r"(?<![A-Za-z0-9+/])SAMLResponse[\"']?\s*[:=\s]\s*[\"']?")
"""The field's name as a form body, a list of fields or a copied command has it before the value."""
_AFTER = re.compile(r"[&\"'\\]|^[ \t]*(?:[A-Za-z]\w*[ \t]*:|RelayState\b)", re.MULTILINE)
"""What comes after the value: the next field, or the quote that ends it."""
_REQUEST = re.compile(r"(?<![A-Za-z0-9+/])SAMLRequest\b")
_PASTED = re.compile(r"\x1b\[20[01]~")
"""What a terminal puts around a paste when a program has asked it to (xterm, mode 2004)."""
_HTML = re.compile(
    r"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|form|input)\b",
    re.IGNORECASE | re.DOTALL,
)
_ROOT = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<(?:[\w.-]+:)?(\w+)", re.DOTALL)

_LINE_ENDS: Final = frozenset({1023, 1024, 4094, 4095, 4096})
"""Lengths at which terminals cut a line: macOS's and Linux's, with and without its end."""

_COPY_WHOLE = "Copy the value of the SAMLResponse field as the browser posts it to AWS, all of it."
_FRESH = "AWS takes a SAML response for five minutes from its issue."


def read_pasted(text: str) -> SAMLResponse:
    """The response in a text that was copied from somewhere, and where it is to be posted.

    The text may be base64 with any white space in it, URL-encoded or not; a form body, a list of
    fields or a copied ``curl`` command with the field ``SAMLResponse`` in it; a JSON string or
    object; XML; any of it in quotes. ``acs`` is the response's own Destination or Recipient where
    that is AWS, else AWS's usual one for the partition of its roles, and empty where there is none.

    Raises AssertionRefused, saying what it is instead, when that cannot be a response for AWS.
    """
    value = _value(text)
    _refuse_other(text, value)
    encoded = base64.b64encode(value.encode("utf-8", "replace")).decode("ascii")
    response = SAMLResponse(encoded if value.startswith("<") else value, "")
    xml = _xml(value)
    root = found[1].decode("ascii", "replace") if (found := _ROOT.match(xml)) else ""
    if root.endswith("Request"):
        raise _request(f"an element named {safe(root, 60)}")
    try:
        claims = read_assertion(response, _UNREAD)
    except AssertionRefused:
        if root == "Response" and not _ends(xml):
            raise _cut_off(text, response) from None
        raise
    return SAMLResponse(response.base64, _acs(xml, claims))


def is_whole(text: str) -> bool:
    """Whether there is a response with its end in what was pasted so far."""
    return _ends(_xml(_value(text)))


class Given:
    """A SAML response as an identity provider: given with the command, and good for one sign-in."""

    def __init__(self, text: str) -> None:
        """Raises AssertionRefused as :func:`read_pasted`."""
        self.response = read_pasted(text)
        self._used = False

    @property
    def reach(self) -> Reach:
        """It sends nothing."""
        return _REACH

    @property
    def in_browser(self) -> Browse:
        """There is nothing to sign in to."""
        return Browse("", "")

    def sign_in(self) -> Flow[SAMLResponse]:
        """The response. Raises AssertionRefused the second time: that is when it grew too old."""
        yield from ()
        if self._used:
            raise AssertionRefused(
                "The SAML response that was given has grown too old meanwhile.",
                hint=f"{_FRESH} Give a new one; -r names the role, so that no time goes by with "
                "choosing.",
            )
        self._used = True
        return self.response


class Pasted:
    """The same, asked for when it is needed."""

    def __init__(self, in_browser: Browse | None = None) -> None:
        """``in_browser`` is the sign-in that gives such a response, where it is known."""
        self._in_browser = in_browser or Browse("", "")
        self._asked = False

    @property
    def reach(self) -> Reach:
        """It sends nothing."""
        return _REACH

    @property
    def in_browser(self) -> Browse:
        """Where the person gets the response."""
        return self._in_browser

    def sign_in(self) -> Flow[SAMLResponse]:
        """Ask for the response, as :func:`paste`."""
        refused = "That SAML response has grown too old meanwhile." if self._asked else ""
        self._asked = True
        return (yield from paste(self._in_browser.url, refused))


def paste(start: str = "", refused: str = "") -> Flow[SAMLResponse]:
    """Ask for a response, telling how to get it from a sign-in that begins at ``start``.

    ``refused`` says why it comes to that, if anything went before.

    Raises AssertionRefused when none of three can be read, NobodyToAsk.
    """
    note, last = _how_to_copy(start), None
    for _ in range(TRIES):
        text = yield from ask(EnterAssertion(note, refused))
        try:
            return read_pasted(text)
        except AssertionRefused as error:
            note, refused, last = "", f"{error.message} {error.hint}".strip(), error
    assert last is not None
    raise last


def _how_to_copy(start: str) -> str:
    where = f"sign in at {start}" if start else "sign in to AWS as you do there"
    return (
        "To sign in with a browser on any computer and hand the result over:\n"
        "  1. Open the browser's developer tools (F12), there Network, and tick Preserve log.\n"
        f"  2. In that window, {where}\n"
        "  3. In the list, choose the POST to signin.aws.amazon.com/saml. Copy the whole value of\n"
        "     SAMLResponse under Payload (Firefox: Request), or the line itself: Copy as cURL.\n"
        "  4. Paste it here and press ENTER. It is not shown; AWS takes it for five minutes."
    )


def _value(text: str) -> str:
    """What stands for the response in a text: base64, or XML, or whatever else it was."""
    text = _unwrapped(_PASTED.sub("", text).lstrip("\ufeff").strip())
    if text.startswith("<"):
        return text
    if field := _FIELD.search(text):
        text = _AFTER.split(text[field.end() :], maxsplit=1)[0]
    # No "+" is made a space: base64 has it, and not everybody who shows a form body encodes it.
    for _ in range(2):
        text = unquote(text).strip()
    return text if text.startswith("<") else "".join(text.split())


def _unwrapped(text: str) -> str:
    """The text without JSON or quotes around it."""
    if text[:1] in {'"', "{"}:
        try:
            content = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            content = None
        match content:
            case str() | {"SAMLResponse": str()}:
                inner = content if isinstance(content, str) else content["SAMLResponse"]
                return str(inner).strip()
            case _:
                pass
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1].strip()
    return text


def _xml(value: str) -> bytes:
    """The XML in a value, as far as it can be decoded; nothing, where it is none."""
    if value.startswith("<"):
        return value.encode("utf-8", "replace")
    try:
        decoded = base64.b64decode(value[: len(value) // 4 * 4], validate=True)
    except (binascii.Error, ValueError):
        return b""
    return decoded.removeprefix(b"\xef\xbb\xbf")


def _ends(xml: bytes) -> bool:
    return xml.rstrip().endswith(b"Response>")


def _refuse_other(text: str, value: str) -> None:
    """Raises for what can be told from a response without decoding it."""
    if not value:
        raise AssertionRefused(
            "There is no SAML response: what was given is empty.",
            hint="If it came through a pipe, see what the command before it said. " + _COPY_WHOLE,
        )
    if _REQUEST.search(text) and not _FIELD.search(text):
        raise _request("the field SAMLRequest")
    if _HTML.match(value):
        raise AssertionRefused(
            "That is a web page and not a SAML response.",
            hint=f"The page has, or leads to, a form that is posted to AWS. {_COPY_WHOLE}",
        )
    if "…" in value or value.endswith("..."):
        raise AssertionRefused(
            "The SAML response was shortened where it was copied: it holds “…”.",
            hint=f"In the browser's developer tools, Show more shows the rest. {_COPY_WHOLE}",
        )
    if re.match(r"https?://", value):
        raise AssertionRefused(
            "That is an address and not a SAML response.",
            hint=f"Open it in a browser and sign in. {_COPY_WHOLE}",
        )


def _request(seen: str) -> AssertionRefused:
    return AssertionRefused(
        f"That is a SAML request and not the response to one: it is {seen}.",
        hint="It went to your identity provider; what came back goes to AWS. " + _COPY_WHOLE,
    )


def _cut_off(text: str, response: SAMLResponse) -> AssertionRefused:
    length = len(text.strip("\r\n"))
    if length in _LINE_ENDS:
        return AssertionRefused(
            f"The SAML response is cut off after {length:,} characters, where a terminal ends a "
            "line that is pasted.",
            hint="Paste it at samlauth's own question, which takes it whole, or save it to a file: "
            "--saml-assertion FILE.",
        )
    return AssertionRefused(
        f"The SAML response is cut off: its end is missing after {len(response.base64):,} "
        "characters of base64.",
        hint=_COPY_WHOLE,
    )


def _acs(xml: bytes, claims: Assertion) -> str:
    for address in (claims.destination, *_recipients(xml)):
        try:
            if is_aws_sign_in(origin_of(address)):
                return address
        except UnsafePage:
            continue
    return _ACS.get(claims.roles[0].partition, "")


def _recipients(xml: bytes) -> Iterator[str]:
    """The Recipients of SubjectConfirmationData (saml-core-2.0 §2.4.1.2), of XML that was read."""
    found: list[str] = []

    def note(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "SubjectConfirmationData" and "Recipient" in attributes:
            found.append(attributes["Recipient"])

    parser = expat.ParserCreate()
    parser.StartElementHandler = note
    parser.Parse(xml, True)
    yield from found
