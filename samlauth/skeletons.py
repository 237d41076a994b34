"""A page without the person in it: enough to name it by, and nothing that is anybody's.

A page that cannot be read has to reach whoever mends the reader, and holds a name, tokens, a session.
Its skeleton is made by a list of what is kept, so that what nobody thought of is left out: elements;
ids, names and types; where forms go, without queries; the few values that tell kinds of pages apart.
Text becomes ``…``, a number of up to three digits zeros, any other value ``hidden``; the company's
host is ``idp.invalid``. A kept name that looks made by a machine, or has a part of the person's own
name for themselves, is hidden too.

``samlauth.idp.readers`` names a skeleton as it names the page.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from bs4 import Tag
from bs4.element import NavigableString, PageElement, PreformattedString

from samlauth.errors import PageUnreadable
from samlauth.flow import Page
from samlauth.html import Document
from samlauth.idp.google.pages.keys import APP_IDS, LONGEST_DATA, NOBODYS, bare
from samlauth.idp.readers import SPOKEN

HIDDEN: Final = "hidden"
TEXT: Final = "…"
WHOLE_RESPONSE: Final = base64.b64encode(b"<hidden/>").decode("ascii")
"""What stands for a SAML response: XML in base64, as the real one."""

MAX_TAGS: Final = 5_000
"""Of a skeleton: a sign-in page has some hundreds."""

_TAGS = frozenset({
    "html", "head", "body", "base", "meta", "title", "form", "input", "button", "select", "option",
    "optgroup", "textarea", "label", "fieldset", "legend", "datalist", "template", "noscript",
    "div", "section", "main", "header", "footer", "nav", "p", "br", "hr", "h1", "h2", "h3", "h4",
    "ul", "ol", "li", "dl", "dt", "dd", "table", "tbody", "thead", "tr", "td", "th", "a", "b", "i",
    "em", "strong", "small", "samp", "code", "span", "img", "iframe",
})  # fmt: skip
_DROPPED = frozenset({"script", "style", "svg", "math", "link"})
_VOID = frozenset({"base", "meta", "input", "br", "hr", "img"})
_LINES = frozenset({"a", "b", "i", "em", "strong", "small", "samp", "code", "span"})

_TYPES = frozenset({
    "button", "checkbox", "color", "date", "email", "file", "hidden", "image", "month", "number",
    "password", "radio", "range", "reset", "search", "submit", "tel", "text", "time", "url", "week",
})  # fmt: skip
_CLASSES = frozenset({"actionLink", "captcha-img", "error-msg", "groupMargin", "vOZun"})
_FLAGS = frozenset({"hidden", "disabled", "readonly", "checked", "multiple"})
_WORDS = {
    "aria-hidden": ("true", "false"),
    "aria-invalid": ("true", "false"),
    "aria-live": ("assertive", "polite", "off"),
    "dir": ("ltr", "rtl"),
    "http-equiv": ("refresh", "Refresh", "REFRESH"),
    "data-unavailable": ("true", "false"),
    "data-challengeunavailable": ("true", "false"),
    "data-action": ("selectchallenge",),
    "data-sendmethod": ("SMS", "VOICE", "sms", "voice"),
    "data-challengevariant": ("SMS", "VOICE", "sms", "voice"),
}
"""Attributes that have one of a few values; with another they are ``hidden``."""
_NUMBERS = frozenset({"size", "data-challengeentry", "data-challengeid", "data-challengetype"})
_PRESENT = frozenset({
    "aria-label", "data-api-key", "data-email", "data-identifier", "data-tx-id",
    "placeholder",
})  # fmt: skip
"""Attributes of which it counts that they are there."""
_ADDRESSES = frozenset({"action", "formaction", "href", "src"})

_METHODS = ("authmethod", "adfs_auth_method")
_VALUES = {
    "action": re.compile(r"[0-9]{1,2}|VERIFY"),
    "challenge": re.compile(r"[0-9]{1,3}"),
    "challengeid": re.compile(r"[0-9]{1,3}"),
    "challengetype": re.compile(r"[0-9]{1,3}"),
    "sendmethod": re.compile(r"SMS|VOICE"),
    "subaction": re.compile(r"startChallenge|selectChallenge"),
    "trustdevice": re.compile(r"true|false|on"),
}
"""Controls of which the value says what the page is, by name in lower case."""
_SUBMITS = frozenset({"submit", "button", "image", "reset"})

FIXED: Final = frozenset({
    HIDDEN, "true", "false", "VERIFY", "VOICE", "startChallenge", "selectChallenge",
    "selectchallenge", "assertive", "polite", "FormsAuthentication", "youtube", WHOLE_RESPONSE,
    NOBODYS, "challenge", "allowCredentials", "type", "public-key", "appid", "keys", *APP_IDS,
})  # fmt: skip
"""Words of four letters and more that a skeleton may have of itself, whoever signs in: to find one
of them tells nothing of a person, be it a value that was posted."""

_BETWEEN = re.compile(r"[\s._:$/\[\]-]+")
_SWITCH = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
_DIGITS = re.compile(r"[0-9]{1,3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LIFETIME = re.compile(r"[0-9]{1,7}")
_REFRESH = re.compile(r"\s*([0-9]{0,4})\s*[;,]?\s*(?:url\s*=\s*)?['\"]?(.*)", re.IGNORECASE | re.S)
_CALL = re.compile(
    r"""(HRD\.selection|SelectOption|__doPostBack)\(\s*(?:'([^']*)'|"([^"]*)")""", re.ASCII
)

_OWN, _OTHER = "idp.invalid", "other.invalid"
_KNOWN_HOSTS = ("google.com", "youtube.com", "googleapis.com", "amazon.com", "amazonaws-us-gov.com",
                "amazonaws.cn")  # fmt: skip
"""Hosts that are everybody's, kept as they are."""
_TENANTS = ("duosecurity.com", "duo.com", "okta.com", "oktapreview.com", "microsoftonline.com")
"""Domains of everybody's with hosts that are one company's."""

_MOST_SEGMENTS: Final = 16
"""Of a path; what is behind them is hidden as one."""

_WORD = re.compile(r"[^\W_]+")


def private_words(username: str) -> frozenset[str]:
    """The parts of a user name, in lower case, by which an id could tell whose page it was."""
    words = _WORD.findall(username.casefold())
    return frozenset(word for word in words if len(word) > 2) - {"com", "org", "net", "www"}


def skeleton(page: Page, private: Collection[str] = ()) -> Page:
    """``page`` without the person in it. Total: no page makes it raise.

    ``private`` are words, in lower case, that no kept name may have as a part.
    """
    keeper = _Keeper(frozenset(private), _host(page.url))
    try:
        body = keeper.body(Document(page.url, page.body)) if page.body.strip() else ""
    except PageUnreadable:
        body = ""
    return Page(
        keeper.location(page.url),
        page.status,
        body,
        authenticate=tuple(scheme for scheme in page.authenticate if keeper.is_plain(scheme)),
        elsewhere=None if page.elsewhere is None else keeper.location(page.elsewhere),
    )


def is_given_name(text: str, private: Collection[str] = ()) -> bool:
    """Whether a text looks like a name that a programmer gave, and so may be kept."""
    return _Keeper(frozenset(private), "").is_plain(text)


def place(url: str, private: Collection[str] = ()) -> str:
    """The host and path of an address, as far as a skeleton has them."""
    return _Keeper(frozenset(private), "").location(url).partition("?")[0].partition("//")[2]


@dataclass
class _Keeper:
    """What of one page may be kept."""

    private: frozenset[str]
    own: str
    """The page's host."""
    names: dict[str, str] = field(default_factory=dict)
    """What stands for each name that is hidden: two of one name stay two of one name."""
    data: int = 0
    """Characters of what a security key is asked, so far."""

    def is_plain(self, text: str) -> bool:
        """Whether a name looks given by a programmer, and has nothing of the person's in it."""
        if len(text) >= 80:
            return False
        parts = [part for part in _BETWEEN.split(text) if part]
        return bool(parts) and all(map(self._is_plain, parts))

    def _is_plain(self, part: str) -> bool:
        return (
            part.isascii()
            and part.replace("_", "").isalnum()
            and len(part) <= 40
            and sum(map(str.isdigit, part)) <= 4
            and len(_SWITCH.findall(part)) <= 2
            and not self.private & set(_WORD.findall(part.casefold()))
        )

    def name(self, text: str) -> str:
        """A name or id, or what stands for it."""
        if self.is_plain(text):
            return text
        return self.names.setdefault(text, f"{HIDDEN}-{len(self.names) + 1}") if text else ""

    def location(self, url: str) -> str:
        """An address: its host if that is everybody's, its path, and what tells errors apart."""
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname or ""
        except ValueError:
            return ""
        if parts.scheme and parts.scheme not in {"http", "https"}:
            return f"{parts.scheme}:" if self.is_plain(parts.scheme) else ""
        segments = parts.path.split("/", _MOST_SEGMENTS)
        path = "/".join(map(self._segment, segments))
        if parts.netloc:
            scheme = f"{parts.scheme}:" if parts.scheme else ""
            path = f"{scheme}//{self._shown_host(host)}{path if path.startswith('/') else ''}"
        return path + _telling(parts)

    def _segment(self, segment: str) -> str:
        return segment if not segment or self.is_plain(segment) else HIDDEN

    def _shown_host(self, host: str) -> str:
        if _is_in(host, _KNOWN_HOSTS):
            return host if self.is_plain(host) else f"{HIDDEN}.{_is_in(host, _KNOWN_HOSTS)}"
        if domain := _is_in(host, _TENANTS):
            return f"{HIDDEN}.{domain}"
        return _OWN if host == self.own or not self.own else _OTHER

    # What is in a page

    def body(self, document: Document) -> str:
        """The page's elements, a line each."""
        lines: list[str] = []
        waiting: list[tuple[str, Iterator[PageElement]]] = [("", iter(document.root.children))]
        tags = 0
        while waiting:
            ending, nodes = waiting[-1]
            indent = " " * min(len(waiting) - 1, 20)
            node = next(nodes, None)
            if node is None:
                waiting.pop()
                if ending:
                    lines.append(f"{' ' * min(len(waiting) - 1, 20)}</{ending}>")
            elif isinstance(node, Tag):
                tags += 1
                if node.name in _DROPPED or tags > MAX_TAGS:
                    continue
                name = node.name if node.name in _TAGS else "span"
                attributes = "".join(self._attributes(node))
                lines.append(f"{indent}<{name}{attributes}>")
                if name not in _VOID:
                    inside = iter(()) if name == "textarea" else iter(node.children)
                    waiting.append((name, inside))
            elif text := _text(node):
                lines.append(indent + text)
        return "\n".join(lines)

    def _attributes(self, tag: Tag) -> Iterator[str]:
        for name in sorted(tag.attrs):
            kept = self._attribute(tag, name, _get(tag, name))
            if kept is not None:
                yield f' {name}="{escape(kept)}"'

    def _attribute(self, tag: Tag, name: str, value: str) -> str | None:
        """What is kept of an attribute; None for nothing at all."""
        match name:
            case "id" | "name" | "for" | "form":
                return self.name(value)
            case "type" if tag.name in {"input", "button"}:
                return value if value.strip().lower() in _TYPES else ""
            case "method" | "enctype":
                return value if value.strip().lower() in {"get", "post"} else None
            case "class":
                return " ".join(word for word in value.split() if word in _CLASSES) or None
            case "jsname":
                return value if re.fullmatch(r"[A-Za-z0-9]{5,7}", value) else None
            case "value":
                return self._value(tag, value)
            case "content" if _get(tag, "http-equiv").lower() == "refresh":
                found = _REFRESH.fullmatch(value)
                return f"{found[1]};url={self.location(found[2])}" if found else ""
            case "onclick":
                return self._call(value)
            case "data-tx-lifetime":
                return value if _LIFETIME.fullmatch(value.strip()) else HIDDEN
            case "href" if called := self._call(value):
                return f"javascript:{called}"
            case _:
                return self._other(name, value)

    def _other(self, name: str, value: str) -> str | None:
        if name in _FLAGS:
            return ""
        if words := _WORDS.get(name):
            return value if value in words else HIDDEN
        if name in _NUMBERS:
            return value if _DIGITS.fullmatch(value.strip()) else HIDDEN
        if name == "data-challenge-ui":
            self.data += len(value)
            return HIDDEN if self.data > LONGEST_DATA else bare(value) or HIDDEN
        if name in _PRESENT:
            return HIDDEN if value.strip() else ""
        return self.location(value) if name in _ADDRESSES else None

    def _value(self, tag: Tag, value: str) -> str | None:
        control = _get(tag, "name")
        kind = _get(tag, "type").strip().lower() if tag.name == "input" else tag.name
        if not value.strip():
            return ""
        if control == "SAMLResponse":
            return WHOLE_RESPONSE if _is_xml(value) else HIDDEN
        if tag.name == "option":
            return value if _COUNTRY.fullmatch(value) else HIDDEN
        if control.lower() in _METHODS:
            return value if self.is_plain(value) else HIDDEN
        if known := _VALUES.get(control.lower()):
            return value if known.fullmatch(value) else HIDDEN
        # What somebody has typed or was filled in for them is not even shown to be there.
        return HIDDEN if kind == "hidden" or kind in _SUBMITS or kind in _CHOSEN else None

    def _call(self, script: str) -> str | None:
        """The one call that the readers of pages look for in a script."""
        found = _CALL.search(script)
        if found is None:
            return None
        argument = found[2] if found[2] is not None else found[3] or ""
        # The names of home realms are those of companies.
        plain = self.is_plain(argument) and found[1] != "HRD.selection"
        shown = argument if plain else self._stand_in(argument)
        return f"{found[1]}('{shown}')"

    def _stand_in(self, text: str) -> str:
        return self.names.setdefault(text, f"{HIDDEN}-{len(self.names) + 1}")


_CHOSEN = frozenset({"checkbox", "radio"})


def _get(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value if isinstance(value, str) else " ".join(value or ())


def _text(node: PageElement) -> str:
    """What stands for a text: the sayings that name a page, zeros for a number, or dots."""
    if not isinstance(node, NavigableString) or isinstance(node, PreformattedString):
        return ""
    text = " ".join(node.split())
    if _DIGITS.fullmatch(text):
        return "0" * len(text)
    said = dict.fromkeys(found.group() for known in SPOKEN for found in known.finditer(text))
    return escape(f" {TEXT} ".join(said)) or (TEXT if text else "")


def _telling(parts: SplitResult) -> str:
    """The part of a query that tells errors apart: Google's, and nobody's own."""
    query = parse_qs(parts.query)
    kept = [f"rrk={n}" for n in query.get("rrk", ())[:1] if re.fullmatch(r"[0-9]{1,4}", n)]
    kept += ["from_login=1"] if "from_login" in query else []
    return f"?{'&'.join(kept)}" if kept else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_in(host: str, domains: Iterable[str]) -> str:
    """The domain that a host is in; empty for none."""
    return next((d for d in domains if host == d or host.endswith(f".{d}")), "")


def _is_xml(encoded: str) -> bool:
    try:
        text = base64.b64decode(encoded.strip(), validate=True).strip()
    except (binascii.Error, ValueError):
        return False
    return text.endswith(b">") and b"<" in text[:4]
