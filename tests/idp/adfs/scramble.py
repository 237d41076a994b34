"""The same page in a language nobody speaks, with every id changed that no reader may rely on."""

from __future__ import annotations

import re
from dataclasses import replace

from samlauth.flow import Page

RELIED_ON = frozenset(
    [
        "errorText",
        "options",
        "authOptionLinks",
        "actionLink",
        "hrd",
        "hrdArea",
        "idpForm",
        "idp_RelyingPartyDropDownList",
        "loginFormPaginated",
        "instructions",
        "groupMargin",
        "validEntropyNumber",
        "errorArea",
        "errorMessage",
        "openingMessage",
        "duo_form",
        "duo_iframe",
        "saml_form",
    ]
)
"""Ids and classes that are read; so are those that are names of adapters and of their ways."""

_LETTERS = "אבגדжщлфκфωή語文字"
_MARKUP = re.compile(r"(<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>)", re.DOTALL)
_NAMED = re.compile(r"""(?<![\w-])(id|class|for)=("[^"]*")""")
_READ = re.compile(r"""(?<![\w-])(alt|title|placeholder)=("[^"]*")""")
_WORD = re.compile(r"[^\W\d_]")
_KEY = re.compile(r"\w+Authentication|\w*[vV]erificationOption\d*|\w*Adapter")


def scrambled(page: Page) -> Page:
    """Letters are replaced; digits and what is a name to ADFS stay."""
    parts = _MARKUP.split(page.body)
    changed = [_tag(part) if at % 2 else _text(part) for at, part in enumerate(parts)]
    return replace(page, body="".join(changed))


def _text(text: str) -> str:
    return _WORD.sub(lambda letter: _LETTERS[ord(letter[0]) % len(_LETTERS)], text)


def _tag(tag: str) -> str:
    if tag.startswith(("<script", "<style", "<!")):
        return tag
    tag = _NAMED.sub(lambda found: f"{found[1]}={_name(found[2])}", tag)
    return _READ.sub(lambda found: f"{found[1]}={_text(found[2])}", tag)


def _name(quoted: str) -> str:
    names = quoted.strip('"').split()
    kept = (n if n in RELIED_ON or _KEY.fullmatch(n) else f"z{n[::-1]}" for n in names)
    return '"' + " ".join(kept) + '"'
