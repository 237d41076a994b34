"""Home realm discovery: the page that asks where a person's account is at home."""

from __future__ import annotations

import re
from typing import Final

from samlauth.html import Document
from samlauth.idp.adfs.pages import markup
from samlauth.idp.adfs.pages.states import HomeRealms, Realm
from samlauth.printable import safe

_SELECTION: Final = re.compile(r"""HRD\.selection\(\s*(?:'([^']*)'|"([^"]*)")""")
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))")


def read_realms(document: Document) -> HomeRealms | None:
    """The page, if it is one."""
    form = next((form for form in document.forms if form.id == "hrd"), None)
    if form is None and document.first("#hrdArea") is not None:
        form = document.forms[0] if len(document.forms) == 1 else None
    if form is None:
        return None
    found: dict[str, Realm] = {}
    for tag in document.all("[onclick]"):
        called = _SELECTION.search(str(tag["onclick"]))
        key = _unescaped(next(filter(None, called.groups()), "")) if called else ""
        if key:
            label = str(tag.get("aria-label", "")).strip() or document.visible_text(tag) or key
            found.setdefault(key, Realm(key, safe(label, 100)))
    email = next((c.name for c in form.controls if c.typed and markup.is_account(c)), "")
    press = markup.button(document, form)
    return HomeRealms(form, tuple(found.values()), email, press, markup.said(document))


def _unescaped(literal: str) -> str:
    """The text of a JavaScript string (ECMA-262 §12.9.4), as far as .NET escapes any."""
    return _ESCAPED.sub(
        lambda found: found[3] or chr(int(found[1] or found[2], 16)),
        literal,
    )
