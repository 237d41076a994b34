"""The ways a page offers besides what it asks for: other adapters, and an adapter's own choices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from samlauth.challenges import Method
from samlauth.html import Document, Form
from samlauth.idp.adfs.pages import adapters
from samlauth.idp.adfs.pages.states import Option
from samlauth.printable import safe

if TYPE_CHECKING:
    from bs4 import Tag

_SELECT: Final = re.compile(r"""SelectOption\(\s*['"]([^'"]+)['"]""")
_POST_BACK: Final = re.compile(r"""__doPostBack\(\s*['"]([^'"]+)['"]""")
_OPTION: Final = re.compile(r"verificationOption\d+", re.I)
_TO_OPTIONS: Final = re.compile(r"verificationOption", re.I)

_WORDS: Final = (
    (re.compile(r"\b(?:call|voice)", re.I), "voice"),
    (re.compile(r"\b(?:text(?:ed)?|sms|message)\b", re.I), "sms"),
    (re.compile(r"\bcode\b|\btoken\b|passcode", re.I), "totp"),
    (re.compile(r"\b(?:notif\w+|approve|push|authenticator|app)\b", re.I), "prompt"),
)
"""What Microsoft's pages say of their ways in English, which is what they are asked for."""


def kind_of(text: str) -> str:
    """The kind of proof that a text speaks of, as ``--mfa`` takes it; empty when it does not tell.

    For what the person wished for alone: nothing else hangs on the words of a page.
    """
    return next((kind for words, kind in _WORDS if words.search(text)), "")


def of_page(document: Document, form: Form | None, own: str) -> tuple[Option, ...]:
    """All that the page offers besides the adapter ``own``, by its ``AuthMethod``."""
    targets = _targets(document, form) if form else ()
    return (*targets, *(o for o in links(document) if o.method.key.casefold() != own.casefold()))


def links(document: Document) -> tuple[Option, ...]:
    """The adapters that ADFS lists below the form: each link has the ``AuthMethod`` as its id."""
    form = next((form for form in document.forms if form.id == "options"), None)
    if form is None:
        return ()
    found: dict[str, Option] = {}
    for link in document.all("#authOptionLinks a, #options a.actionLink"):
        called = _SELECT.search(_attribute(link, "onclick"))
        key = called.group(1) if called else _attribute(link, "id")
        if key:
            adapter = adapters.by_method(key)
            text = safe(document.visible_text(link), 100) or adapter.name
            label = text if adapter.kind in {"other", "certificate"} else f"{text} ({adapter.name})"
            method = Method(adapter.kind, label if text != adapter.name else text, key)
            found.setdefault(key, Option(method, form, (("AuthMethod", key),), adapter))
    return tuple(found.values())


def _targets(document: Document, form: Form) -> tuple[Option, ...]:
    """The ways of one adapter: each is taken by posting its form with ``__EVENTTARGET``."""
    if not form.has("__EVENTTARGET"):
        return ()
    found: dict[str, Option] = {}
    for tag, key in _links_to_targets(document):
        text = safe(document.visible_text(tag), 100)
        more = _TO_OPTIONS.search(key) is not None and not _OPTION.fullmatch(key)
        kind = "other" if more else kind_of(text) or "other"
        option = Option(
            Method(kind, text or safe(key, 60), key),
            form,
            (("__EVENTTARGET", key),),
            leads_to_more=more,
        )
        found.setdefault(key, option)
    return tuple(found.values())


def _links_to_targets(document: Document) -> Iterator[tuple[Tag, str]]:
    for link in document.all("a, button, div, span, li"):
        scripts = (_POST_BACK.search(_attribute(link, name)) for name in ("onclick", "href"))
        if called := next(filter(None, scripts), None):
            yield link, called.group(1)
        elif _TO_OPTIONS.search(key := _attribute(link, "id")) and _is_link(link, key):
            yield link, key


def _is_link(tag: Tag, key: str) -> bool:
    # A box around the options may be named after them as well.
    return tag.name in {"a", "button"} or _OPTION.fullmatch(key) is not None


def is_listed(option: Option) -> bool:
    """Whether the option is an entry of an adapter's own list of ways."""
    return option.adapter is None and _OPTION.fullmatch(option.method.key) is not None


def _attribute(tag: Tag, name: str) -> str:
    value = tag.get(name)
    return value if isinstance(value, str) else ""
