"""Pages that ask for a code, offer to send one, or ask for a phone number: text messages (``ipp``),
calls, authenticators (``totp``), backup codes (``bc``), security codes (``ootp``, ``skotp``), the
recovery phone (``kpp``), another phone (``iap``).

A text message takes two pages under one address: one whose button has it sent, then the one for the
code. A new SMS page is read here.
"""

from __future__ import annotations

from samlauth.html import Document, Form
from samlauth.idp.google.pages import kinds, markup
from samlauth.idp.google.pages.states import Code, Number, Press, Send

_BY_PHONE = frozenset({"ipp", "iap", "kpp", "kpe"})
_NEED_NUMBER = frozenset({"iap", "kpp", "kpe"})


def read_code(document: Document, form: Form, kind: str) -> Code | Send | Number | None:
    """What a page of this kind asks for; None when it has no clear field for it."""
    known = kinds.by_word(kind)
    field = markup.code_field(form)
    if known is None:
        # A kind of tomorrow: a field that is named for a code is one.
        return _code(document, form, kind) if field and field.name.casefold() == "pin" else None
    if kind not in _BY_PHONE:
        return _code(document, form, kind) if field else None
    if field and field.name.casefold() == "pin":
        return _code(document, form, kind)
    collects = kind in _NEED_NUMBER or "/collect" in form.path
    typed = [c for c in form.controls if c.typed]
    if any(c.name.casefold() == "phonenumber" for c in typed) or (field and collects):
        return _number(document, form, kind)
    if field:
        return _code(document, form, kind)
    return None if typed else _send(document, form, kind)


def _code(document: Document, form: Form, kind: str) -> Code:
    field = markup.code_field(form)
    assert field is not None
    sent = form.control("SendMethod")
    return Code(
        kind,
        form,
        field.name,
        said=markup.said(document, field.name),
        masked=markup.masked(document, document.tag(form)),
        sending={"SMS": "sms", "VOICE": "voice"}.get((sent and sent.value) or "", ""),
        demand=markup.demand(document),
        told=markup.told(document, document.tag(form)) if kind == "bc" else "",
        another=markup.another(document, form),
        resend=markup.resend(document, form) if kind in _BY_PHONE else None,
    )


def _send(document: Document, form: Form, kind: str) -> Send | None:
    buttons = markup.sends(form)
    if not buttons and markup.NEXT in form.buttons("action"):
        # A page without a choice of the way has only the button that goes on.
        buttons = (("sms", Press(form, markup.NEXT)),)
    if not buttons:
        return None
    return Send(
        kind,
        form,
        buttons,
        said=markup.said(document, ""),
        masked=markup.masked(document, document.tag(form)),
        another=markup.another(document, form),
    )


def _number(document: Document, form: Form, kind: str) -> Number:
    typed = [c for c in form.controls if c.typed]
    named = [c for c in typed if c.name.casefold() == "phonenumber"]
    name = (named or typed)[0].name
    lists = [c for c in form.controls if c.kind == "select" and "country" in c.name.casefold()]
    return Number(
        kind,
        form,
        name,
        country=lists[0].name if lists else "",
        countries=tuple(dict.fromkeys(value for value in lists[0].options if value))
        if lists
        else (),
        buttons=markup.sends(form),
        said=markup.said(document, name),
        masked=markup.masked(document, document.tag(form)),
        another=markup.another(document, form),
    )
