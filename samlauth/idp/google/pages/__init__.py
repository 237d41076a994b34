"""Names a page of Google's sign-in: ``read(page) -> State``. Decides nothing.

Google serves two families of pages without JavaScript, mixed by account and by day: one with
``form#challenge`` and everything in hidden fields, and ``/v3/signin``, whose forms have no id and
keep their state in the query of the action; a third, older one still turns up. All are told apart
by the path a form is posted to, by the path of the page, and by the names of fields. What a person
reads on them is in the person's language and is never looked at, except to be quoted.

    ============  ===========================================================
    here          the order in which to look; account, password; the ends
    ``codes``     text messages, calls, authenticators, backup codes, numbers
    ``prompts``   a tap on a phone
    ``keys``      a security key
    ``menus``     the list of ways to prove it is you
    ``captchas``  the image to read
    ``choosers``  the list of accounts
    ``kinds``     Google's kinds of challenges and our names for them
    ``markup``    what pages of all kinds share
    ``states``    what a page can be
    ============  ===========================================================
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final
from urllib.parse import parse_qs, urlsplit

from samlauth.errors import PageUnreadable, UnsafePage
from samlauth.flow import Page
from samlauth.html import Document, Form
from samlauth.idp.google import hosts
from samlauth.idp.google.pages import kinds, markup
from samlauth.idp.google.pages.captchas import read_captcha
from samlauth.idp.google.pages.choosers import is_chooser, read_chooser
from samlauth.idp.google.pages.codes import read_code
from samlauth.idp.google.pages.keys import read_key
from samlauth.idp.google.pages.menus import is_menu, read_menu
from samlauth.idp.google.pages.prompts import read_prompt
from samlauth.idp.google.pages.states import (
    AppError,
    BrowserOnly,
    Challenge,
    Demand,
    ErrorPage,
    Federated,
    Identifier,
    Interstitial,
    Password,
    Posted,
    Rejected,
    State,
    Unknown,
)
from samlauth.printable import safe
from samlauth.reach import origin_of
from samlauth.saml import SAMLResponse

__all__ = ["SPOKEN", "read"]

_IDENTIFIER_PATHS = ("/v3/signin/identifier", "/signin/v1/lookup")
_MENU_PATHS = ("/challenge/selection", "/selectchallenge")
_KEYS = frozenset({"sk", "wa", "pk"})
_APP_ERROR = re.compile(r"\b(?:app_not_[a-z_]+|not_a_saml_app|saml_[a-z_]+|failure_[a-z_]+)\b")
SPOKEN: Final = (_APP_ERROR,)
"""What a page says that names it."""
_REJECTION = re.compile(r"[?&]rrk=([0-9]{1,4})(?![0-9])")

_BETWEEN: Final = (
    (re.compile(r"passkey"), "an offer to set up a passkey"),
    (re.compile(r"changepassword"), "a demand to change the password"),
    (re.compile(r"(?:/|plus)tos(?:/|$)"), "terms to agree to"),
    (re.compile(r"recoveryoptions"), "a question about recovery details"),
    (re.compile(r"birthday"), "a question about your birthday"),
    (re.compile(r"newfeatures"), "a page about what is new"),
    (re.compile(r"privacyreminder"), "a reminder about privacy"),
    (re.compile(r"consent"), "a page to consent to something"),
    (re.compile(r"speedbump|interstitial"), "a page to confirm something on"),
)
"""Paths of pages that stand between a sign-in and its end, and what they are."""
_BETWEEN_HOSTS = ("gds.google.com", "myaccount.google.com")


def read(page: Page) -> State:
    """The state a page of Google's sign-in is in. Total: no page makes it raise."""
    if page.elsewhere is not None:
        return _left(page.elsewhere)
    host = markup.host_of(page.url)
    if host in hosts.PASSED and host != "accounts.google.com":
        return Unknown(
            f"a page outside of the sign-in, at {safe(f'{host}{_shown_path(page)}', 100)}"
        )
    try:
        return _read(page, Document(page.url, page.body))
    except PageUnreadable:
        return Unknown(f"a page too large for a sign-in page, at {_shown_path(page)}")


def _read(page: Page, document: Document) -> State:
    if posted := _posted(document) or _federated(page, document):
        return posted
    path = markup.path_of(page.url)
    if "/signin/rejected" in path:
        return Rejected(_reason(page.url))
    if page.status >= 400 or path.startswith("/o/saml2/"):
        if error := _app_error(document):
            return error
        if page.status >= 400:
            return ErrorPage(page.status, _shown_path(page), _is_stale(page))
    if captcha := read_captcha(document):
        return captcha
    form = markup.chosen(document)
    if form is None:
        return _without_form(page, document)
    if form.path in _IDENTIFIER_PATHS and (_has_identifier(form) or not is_chooser(path)):
        return _identifier(document, form)
    if is_menu(document, form):
        return read_menu(document)
    if password := _password(document, form):
        return password
    kind = markup.kind_of(form, path)
    if kind and (challenge := _challenge(document, form, kind)):
        # A menu of one entry looks like that entry's page, with nothing to answer.
        listed = isinstance(challenge, BrowserOnly) and _is_under(_MENU_PATHS, path)
        return read_menu(document) if listed else challenge
    if _has_identifier(form):
        return _identifier(document, form)
    return _unanswered(page, document, form, kind)


def _left(url: str) -> State:
    try:
        host = origin_of(url).host
    except UnsafePage:
        return Unknown("a redirect to an address that is not safe to follow")
    path = markup.path_of(url)
    where = safe(host + path, 100)
    if host in _BETWEEN_HOSTS:
        return Interstitial(f"{_between(path) or 'a page of your account'}, at {where}")
    if host.endswith((".google.com", ".youtube.com")):
        return Unknown(f"a redirect out of the sign-in, to {where}")
    return Federated(safe(host, 100))


def _between(path: str) -> str:
    return next((what for word, what in _BETWEEN if word.search(path.casefold())), "")


def _is_stale(page: Page) -> bool:
    parts = urlsplit(page.url)
    again = "from_login" in parse_qs(parts.query)
    return page.status == 400 and parts.path == "/o/saml2/initsso" and again


def _app_error(document: Document) -> AppError | None:
    code = _APP_ERROR.search(document.text)
    return AppError(safe(code.group(), 60)) if code else None


def _posted(document: Document) -> Posted | None:
    for form in document.forms:
        control = form.control("SAMLResponse")
        if control and control.value and control.value.strip():
            return Posted(SAMLResponse(control.value, acs=form.action))
    return None


def _federated(page: Page, document: Document) -> State | None:
    """Where the page's script would post a request to another provider (saml-bindings-2.0 §3.5)."""
    here = markup.host_of(page.url)
    for form in document.forms:
        if form.has("SAMLRequest") and not form.asks and form.host != here:
            return _left(form.action)
    return None


def _has_identifier(form: Form) -> bool:
    return any(c.name in markup.IDENTIFIER_FIELDS and c.typed for c in form.controls)


def _identifier(document: Document, form: Form) -> Identifier:
    default = "Email" if form.path == "/signin/v1/lookup" else "identifier"
    names = (default, *markup.IDENTIFIER_FIELDS)
    name = next((n for n in names if form.has(n)), default)
    return Identifier(form, name, markup.said(document, name))


def _password(document: Document, form: Form) -> Password | None:
    typed = [c.name for c in form.controls if c.typed and c.kind == "password"]
    kind = markup.path_kind(form.path)
    named_so = kind == "pwd" or form.path.endswith("/challenge/sl/password")
    if "Passwd" in typed:
        name = "Passwd"
    elif named_so and len(typed) == 1:
        name = typed[0]
    else:
        return None
    return Password(form, name, markup.said(document, name), markup.another(document, form))


def _challenge(document: Document, form: Form, kind: str) -> Challenge | None:
    """The challenge of a page; None for one that should have a field for a code and has none."""
    if kind in {"az", "dp"}:
        return read_prompt(document, form, kind)
    known = kinds.by_word(kind)
    if kind in _KEYS:
        if key := read_key(document, form, kind):
            return key
    elif known is None or not known.browser_only:
        if kind != "pwd" and (code := read_code(document, form, kind)):
            return code
        if known is not None:
            return None
    seen = known.seen if known else f"an unheard-of kind of challenge ({safe(kind, 40)})"
    return BrowserOnly(kind, seen, markup.another(document, form))


def _unanswered(page: Page, document: Document, form: Form, kind: str) -> State:
    """A page that is read and cannot be answered."""
    if demand := markup.demand(document):
        return Demand(demand)
    if special := _by_path(page, document):
        return special
    if known := kinds.by_word(kind):
        # So it is after too many wrong ones, which only its words say.
        said = markup.said(document, "") or markup.headings(document)
        return Unknown(f"{known.seen} without one clear field for the answer", said)
    names = dict.fromkeys(control.name for control in form.controls)
    shown = ", ".join(safe(name, 40) for name in islice(names, 12)) or "none"
    seen = f"an unheard-of page, at {_shown_path(page)} (its fields: {shown})"
    return Unknown(seen, markup.headings(document))


def _without_form(page: Page, document: Document) -> State:
    if special := _app_error(document) or _by_path(page, document):
        return special
    # Only a page with nothing to answer is taken at its word here: others carry the same refresh
    # for browsers without scripts and can be answered all the same.
    for refresh in document.all("meta[http-equiv=refresh i]"):
        target = str(refresh.get("content", ""))
        if "/signin/rejected" in target:
            return Rejected(_reason(target))
    if demand := markup.demand(document):
        return Demand(demand)
    many = "several forms, none of which it knows" if document.forms else "no form"
    seen = f"an unheard-of page, at {_shown_path(page)}, with {many}"
    return Unknown(seen, markup.headings(document))


def _by_path(page: Page, document: Document) -> State | None:
    # A page may be served under the address that the one before was posted to.
    paths = [markup.path_of(page.url), *(form.path for form in document.forms)]
    if any(map(is_chooser, paths)):
        return read_chooser(document)
    if _is_under(_MENU_PATHS, paths[0]):
        return read_menu(document)
    if between := next(filter(None, map(_between, paths)), ""):
        return Interstitial(f"{between}, at {_shown_path(page)}")
    return None


def _is_under(parts: tuple[str, ...], path: str) -> bool:
    return any(part in path for part in parts)


def _reason(url: str) -> str:
    found = _REJECTION.search(url)
    return found.group(1) if found else ""


def _shown_path(page: Page) -> str:
    return safe(markup.path_of(page.url) or "/", 100)
