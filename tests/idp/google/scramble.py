"""The same page in a language nobody speaks, with every name changed that no reader may rely on."""

from __future__ import annotations

import re
from dataclasses import replace

from samlauth.flow import Page

RELIED_ON = frozenset(
    [
        "challenge",
        "gaia_loginform",
        "captchaimg",
        "identifier-captcha",
        "identifier-token",
        "logincaptcha",
        "passwordError",
        "errorMsg",
        "contactAdminMessage",
        "error-msg",
        "captcha-img",
        "vOZun",
        "B34EJ",
        "feLNVc",
        "EKvSSd",
        "NhJ5Dd",
        "BCqkPb",
    ]
)
"""Ids, classes and jsnames that Google kept through the years, and that are read."""

_LETTERS = "אבגדжщλфκ何語文字"
_MARKUP = re.compile(r"(<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>)", re.DOTALL)
_NAMED = re.compile(r"""(?<![\w-])(id|class|jsname|for)=("[^"]*"|[^\s"'>]+)""")
_READ = re.compile(r"""(?<![\w-])(alt|title|placeholder|aria-label)=("[^"]*")""")
_WORD = re.compile(r"[^\W\d_]")


def scrambled(page: Page) -> Page:
    """Letters are replaced; digits, dots and e-mail addresses stay, for those are quoted."""
    parts = _MARKUP.split(page.body)
    changed = [_tag(part) if at % 2 else _text(part) for at, part in enumerate(parts)]
    return replace(page, body="".join(changed))


def _text(text: str) -> str:
    return " ".join(word if "@" in word else _word(word) for word in text.split(" "))


def _word(word: str) -> str:
    return _WORD.sub(lambda letter: _LETTERS[ord(letter[0]) % len(_LETTERS)], word)


def _tag(tag: str) -> str:
    if tag.startswith(("<script", "<style")):
        return tag
    tag = _NAMED.sub(lambda found: f"{found[1]}={_name(found[2])}", tag)
    return _READ.sub(lambda found: f"{found[1]}={_text(found[2])}", tag)


def _name(quoted: str) -> str:
    names = quoted.strip('"').split()
    return '"' + " ".join(n if n in RELIED_ON else f"z{n[::-1]}" for n in names) + '"'
