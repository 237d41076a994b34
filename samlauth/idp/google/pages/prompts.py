"""Pages that wait for a tap on a phone: the older prompt (``az``), which has a host to poll, and the
newer one (``dp``), whose form asks whether there is an answer; either with a number to tap.
"""

from __future__ import annotations

import re

from samlauth.html import Document, Form
from samlauth.idp.google.pages import markup
from samlauth.idp.google.pages.states import Poll, Prompt
from samlauth.printable import safe

_NUMBER = re.compile(r"\d{1,3}")
_LIFETIME = re.compile(r"\d{1,7}", re.ASCII)
# Where the number stood in 2018, 2022 and since 2025, the clearest mark first.
_NUMBER_PLACES = ("[jsname=feLNVc]", "samp", "[jsname=EKvSSd]")
_DEVICE_PLACES = ("[jsname=BCqkPb]", "[jsname=NhJ5Dd]")


def read_prompt(document: Document, form: Form, kind: str) -> Prompt:
    """The prompt that the page waits for."""
    return Prompt(
        kind,
        form,
        poll=_poll(document),
        seconds=_seconds(document),
        device=_device(document),
        number=_number(document),
        said=_said(document),
        another=markup.another(document, form),
        resend=markup.resend(document, form),
    )


def _poll(document: Document) -> Poll | None:
    tag = document.first("[data-tx-id][data-api-key]")
    if tag is None:
        return None
    key, tx_id = str(tag["data-api-key"]), str(tag["data-tx-id"])
    return Poll(key, tx_id) if key and tx_id else None


def _seconds(document: Document) -> float | None:
    tag = document.first("[data-tx-lifetime]")
    text = str(tag["data-tx-lifetime"]).strip() if tag else ""
    return int(text) / 1000 if _LIFETIME.fullmatch(text) else None


def _said(document: Document) -> str:
    """Google's own text about the prompt, which has no field for it to stand beside."""
    beside = document.visible_text(document.first("[jsname=B34EJ]"))
    return markup.said(document, "") or safe(beside)


def _device(document: Document) -> str:
    for selector in _DEVICE_PLACES:
        if text := document.visible_text(document.first(selector)):
            return safe(text)
    return ""


def _number(document: Document) -> str:
    for selector in _NUMBER_PLACES:
        for tag in document.all(selector):
            text = document.visible_text(tag)
            if _NUMBER.fullmatch(text):
                return text
    # Before there was a place for it, it stood in the instructions, after the word to tap first.
    strong = [document.visible_text(tag) for tag in document.all("[jsname=NhJ5Dd] strong")]
    numbers = [text for text in strong if _NUMBER.fullmatch(text)]
    return numbers[-1] if numbers else ""
