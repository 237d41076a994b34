"""Names a page of ADFS's sign-in: ``read(page) -> State``. Decides nothing.

Pages are told apart by the ids of their forms, the names of their fields and the ``AuthMethod`` in
them, which are the same in every language and in nearly every year. What a person reads on them is
in the person's language and under the customer's control, and is looked at to be quoted, with two
exceptions that have no other mark: the denials in :mod:`~samlauth.idp.adfs.pages.adapters`, and an
expired password.

    ============  ===========================================================
    here          the order in which to look; the password; the ends
    ``adapters``  the products that prove it is the person, a row each
    ``options``   the other ways that a page offers
    ``realms``    where the account is at home
    ``markup``    what pages of all kinds share
    ``states``    what a page can be
    ============  ===========================================================
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import urlsplit

from samlauth.aliases import is_aws_sign_in
from samlauth.errors import PageUnreadable, UnsafePage
from samlauth.flow import Page
from samlauth.html import Control, Document, Form
from samlauth.idp.adfs.pages import adapters, markup, options
from samlauth.idp.adfs.pages.realms import read_realms
from samlauth.idp.adfs.pages.states import (
    Approve,
    BrowserOnly,
    Certificate,
    Code,
    Denied,
    Elsewhere,
    ErrorPage,
    HandOff,
    Landing,
    Login,
    Menu,
    PasswordChange,
    Posted,
    RolePage,
    Spoiled,
    State,
    Unauthorized,
    Unknown,
    UserName,
)
from samlauth.printable import safe
from samlauth.reach import origin_of
from samlauth.saml import SAMLResponse

__all__ = ["SPOKEN", "read"]

_FORMS: Final = "FormsAuthentication"
_EXPIRED: Final = re.compile(r"password (?:has )?expired|must change (?:your|the) password", re.I)
SPOKEN: Final = (
    _EXPIRED,
    markup.MSIS,
    *(
        re.compile(re.escape(words), re.IGNORECASE)
        for adapter in adapters.ADAPTERS
        for words in (*adapter.denied, *adapter.expired)
    ),
)
"""What a page says that names it."""
_CHANGE: Final = "/adfs/portal/updatepassword"


def read(page: Page) -> State:
    """The state a page of ADFS's sign-in is in. Total: no page makes it raise."""
    if page.elsewhere is not None:
        return _left(page.elsewhere)
    try:
        return _read(page, Document(page.url, page.body))
    except PageUnreadable:
        return Unknown(f"a page too large for a sign-in page, at {markup.shown_path(page.url)}")


def _read(page: Page, document: Document) -> State:
    # The order matters: AWS's page has a SAML response in it, a passcode is of type password.
    if _is_of_aws(page, document):
        return RolePage()
    return (
        _posted(document)
        or _handed_off(page, document)
        or read_realms(document)
        or _adapter(document)
        or _password_change(page, document)
        or _login(page, document)
        or _menu(document)
        or _landing(document)
        or _error(page, document)
        or _denied(document)
        or _unknown(page, document)
    )


def _left(url: str) -> State:
    try:
        host = origin_of(url).host
    except UnsafePage:
        return Unknown("a redirect to an address that is not safe to follow")
    is_adfs = markup.path_of(url).casefold().startswith("/adfs/")
    return Elsewhere(safe(host, 100), is_adfs, adapters.by_host(host))


def _is_of_aws(page: Page, document: Document) -> bool:
    try:
        served_by_aws = is_aws_sign_in(origin_of(page.url))
    except UnsafePage:
        served_by_aws = False
    return served_by_aws or any(
        form.has("SAMLResponse", "roleIndex") or form.id == "saml_form" for form in document.forms
    )


def _posted(document: Document) -> Posted | Spoiled | None:
    spoiled: Spoiled | None = None
    for form in document.forms:
        control = form.control("SAMLResponse")
        if control is None:
            continue
        response = SAMLResponse(control.value or "", acs=form.action)
        if _is_whole(response.base64):
            return Posted(response)
        spoiled = Spoiled(empty=not response.base64)
    return spoiled


def _is_whole(encoded: str) -> bool:
    """Whether it is a text of XML in base64 from its first to its last character."""
    try:
        text = base64.b64decode(encoded, validate=True).strip()
    except (binascii.Error, ValueError):
        return False
    return text.endswith(b">") and b"<" in text[:4]


def _handed_off(page: Page, document: Document) -> State | None:
    page_host = urlsplit(page.url).hostname
    for form in document.forms:
        hidden = {c.name for c in form.controls if c.kind == "hidden"}
        if "SAMLRequest" in hidden and not form.asks and form.host != page_host:
            # By the binding that a script posts (saml-bindings-2.0 §3.5), where others redirect.
            return _left(form.action)
        if {"wa", "wresult"} <= hidden:
            return HandOff("WS-Federation")
        if "Context" not in hidden and ("id_token" in hidden or {"code", "state"} <= hidden):
            return HandOff("OpenID Connect")
    return None


# The second factor


def _adapter(document: Document) -> State | None:
    for form in document.forms:
        if form.has("adfs_auth_method", "adfs_context"):
            return _script_only(document, form, _value(form, "adfs_auth_method"))
        method = _value(form, "AuthMethod")
        if _is_forms(method) or form.id == "options":
            continue
        adapter = adapters.by_method(method)
        if adapter == adapters.CERTIFICATE and not markup.is_open(form):
            return Certificate(form)
        if form.has("Context"):
            if adapter.script_only or _is_framed(document, form, adapter):
                return _script_only(document, form, method)
            return _challenge(document, form, adapter, method)
    return None


def _is_forms(method: str) -> bool:
    return method.casefold() == _FORMS.casefold()


def _frames_duo(document: Document) -> bool:
    frame = "form#duo_form, iframe#duo_iframe, input[name=duo_host], input[name=duo_sig_request]"
    return document.first(frame) is not None


def _is_framed(document: Document, form: Form, adapter: adapters.Adapter) -> bool:
    """Whether what the person is to do is in a frame: Duo's, or that of an adapter not known."""
    unknown = adapter.kind == "other" and not markup.code_fields(form, adapter)
    return _frames_duo(document) or (unknown and document.first("iframe[src]") is not None)


def _script_only(document: Document, form: Form, method: str) -> BrowserOnly:
    adapter = adapters.by_method(method)
    if _frames_duo(document):
        adapter = adapters.DUO
    return BrowserOnly(adapter, options.of_page(document, None, method))


def _challenge(
    document: Document, form: Form, adapter: adapters.Adapter, method: str
) -> Code | Approve | Menu | None:
    """What an adapter asks; None when it is not clear what for."""
    said = markup.said(document)
    others = options.of_page(document, form, method)
    number = markup.number(document)
    fields = markup.code_fields(form, adapter)
    account = next((c.name for c in form.controls if c.typed and markup.is_account(c)), "")
    if fields and not number:
        field = fields[0].name
        prompt = markup.prompt(document, form, field)
        return Code(
            adapter,
            form,
            field,
            markup.button(document, form),
            account,
            field.casefold() == adapters.NEXT_FIELD.casefold(),
            _previous(form, field, adapter),
            prompt=prompt,
            kind=options.kind_of(prompt),
            said=said,
            others=others,
        )
    if listed := tuple(option for option in others if options.is_listed(option)):
        # A page with a number is waiting already; the list on it is for those who want another way.
        if not number:
            return Menu(listed, said, adapter)
    elif not number and markup.is_open(form):
        return None
    prompt = markup.prompt(document, form)
    no = markup.saying(document, adapter.denied)
    said = said or no or markup.saying(document, adapter.expired)
    kind = "prompt" if number else options.kind_of(prompt)
    # A page with ways of its own, or of Microsoft's, is posted by a script and presses nothing.
    press = markup.button(document, form) if adapter.kind == "other" else None
    return Approve(adapter, form, press, number, prompt, kind, said, bool(no), others)


def _previous(form: Form, field: str, adapter: adapters.Adapter) -> tuple[str, ...]:
    if field.casefold() != adapters.NEXT_FIELD.casefold():
        return ()
    names = {name.casefold() for name in adapter.fields} - {field.casefold()}
    return tuple(c.name for c in form.controls if c.name.casefold() in names and not c.value)


def _denied(document: Document) -> Denied | None:
    for adapter in adapters.ADAPTERS:
        if said := markup.saying(document, (*adapter.denied, *adapter.expired)):
            return Denied(adapter, said)
    return None


def _menu(document: Document) -> Menu | None:
    found = options.links(document)
    return Menu(found, markup.said(document)) if found else None


# User name and password


def _password_change(page: Page, document: Document) -> PasswordChange | None:
    said = markup.said(document)
    paths = (markup.path_of(page.url), *(form.path for form in document.forms))
    link = document.first(f'#errorText a[href*="{_CHANGE}" i]')
    if (
        any(_CHANGE in path.casefold() for path in paths)
        or any(len(_passwords(form)) > 2 for form in document.forms)
        or link is not None
        or _EXPIRED.search(said)
    ):
        return PasswordChange(said)
    return None


def _passwords(form: Form) -> tuple[Control, ...]:
    return tuple(c for c in form.controls if c.kind == "password")


def _login(page: Page, document: Document) -> Login | UserName | None:
    """Where the password goes; it is on the page, perhaps unseen, even where the name comes first."""
    forms = [
        form
        for form in document.forms
        if not form.has("Context") or _is_forms(_value(form, "AuthMethod"))
    ]
    for form in forms:
        if form.has("UserName", "Password"):
            return _with_password(document, form, "UserName", "Password")
    for form in forms:
        if form.id == "loginFormPaginated" and form.has("UserName"):
            press = markup.button(document, form)
            return UserName(form, "UserName", press, markup.said(document))
    # Before 2012 R2, and on pages that a company made itself, the fields have names of their own.
    for form in forms if page.status < 400 else ():
        passwords = [c for c in _passwords(form) if c.typed]
        names = [c for c in form.controls if c.typed and c.kind in {"text", "email"}]
        if len(passwords) == 1 and len(names) <= 1:
            name = names[0].name if names else ""
            return _with_password(document, form, name, passwords[0].name)
    return None


def _with_password(document: Document, form: Form, name: str, password: str) -> Login:
    return Login(
        form,
        name,
        password,
        markup.button(document, form),
        markup.said(document),
        keeps=any(control.name == "Kmsi" for other in document.forms for control in other.controls),
        others=tuple(o for o in options.links(document) if o.method.key != _FORMS),
    )


# The ends


def _landing(document: Document) -> Landing | None:
    if not any(form.id == "idpForm" for form in document.forms):
        return None
    names = document.all("#idp_RelyingPartyDropDownList option")
    return Landing(tuple(filter(None, (safe(document.visible_text(n), 80) for n in names))))


def _error(page: Page, document: Document) -> ErrorPage | Unauthorized | None:
    if page.status == 401:
        return Unauthorized(page.authenticate, page.note)
    said = markup.trouble(document)
    code = markup.error_code(document)
    area = document.first("#errorArea, #errorMessage")
    if page.status < 400 and area is None and not code:
        return None
    if not said and (area is not None or code):
        said = safe(document.visible_text(area or document.first("body")), 200)
    path = markup.shown_path(page.url)
    return ErrorPage(page.status, path, said, code, markup.activity(document), page.note)


def _unknown(page: Page, document: Document) -> Unknown:
    where = markup.shown_path(page.url)
    seen = f"an unheard-of page, at {where} ({markup.skeleton(document)})"
    headings = document.all("h1, h2, #loginMessage, #instructions")
    texts = dict.fromkeys(map(document.visible_text, headings))
    return Unknown(seen, safe(" ".join(filter(None, texts)), 200))


def _value(form: Form, name: str) -> str:
    control = form.control(name)
    return (control.value or "").strip() if control else ""
