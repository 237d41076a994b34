"""Names a page of Google's sign-in: ``read(page) -> State``.

Google serves two families of pages without JavaScript, mixed by account and by day: one with
``form#challenge`` and everything in hidden fields, and ``/v3/signin``, whose forms have no id and
keep their state in the query of the action; a third, older one still turns up. All are told apart
by the path a form is posted to, by the path of the page, and by the names of fields. What a person
reads on them is in the person's language and is never looked at, except to be quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from samlauth.errors import PageUnreadable, UnsafePage
from samlauth.flow import Page
from samlauth.html import Document, Form
from samlauth.printable import safe
from samlauth.reach import origin_of
from samlauth.saml import SAMLResponse


@dataclass(frozen=True)
class Posted:
    """The end: the SAML response, in the form that would post it to its consumer."""

    saml_response: SAMLResponse


@dataclass(frozen=True)
class Identifier:
    """Asks who is signing in."""

    form: Form
    field: str
    """Name of the field the answer goes into; so for the other states."""
    said: str = ""
    """Google's own text beside the field, fit to print; so for the other states.

    It means the last answer only on a page that answers one: some pages say such things unasked.
    """


@dataclass(frozen=True)
class Password:
    """Asks for the password."""

    form: Form
    field: str
    said: str = ""


@dataclass(frozen=True)
class Code:
    """Asks for a one-time code; ``kind`` is Google's own word in the address (``totp``)."""

    kind: str
    form: Form
    field: str
    said: str = ""


@dataclass(frozen=True)
class Rejected:
    """Google will not sign in whatever it takes us for: it wants a browser that runs scripts."""

    reason: str = ""
    """Google's number for it, ``rrk`` in the address; empty when it gives none."""


@dataclass(frozen=True)
class AppError:
    """Google knows no such app for this person; ``code`` is its own (``app_not_configured``)."""

    code: str


@dataclass(frozen=True)
class Federated:
    """The account signs in at another identity provider, at ``host``."""

    host: str


@dataclass(frozen=True)
class Unknown:
    """Any other page; ``seen`` says what it is, as far as that can be told, as a noun."""

    seen: str


State = Posted | Identifier | Password | Code | Rejected | AppError | Federated | Unknown

_IDENTIFIER_PATHS = ("/v3/signin/identifier", "/signin/v1/lookup")
_IDENTIFIER_FIELDS = ("identifier", "Email")
_FIELDS = ("Passwd", "Pin", "ca", "phoneNumber", *_IDENTIFIER_FIELDS)
"""Fields by which the form of a page is known, the most telling first."""
_KIND = re.compile(r"/challenge/([a-z0-9]+)(?:/|$)")
_APP_ERROR = re.compile(r"\b(app_not_(?:configured|enabled)(?:_for_user)?|not_a_saml_app)\b")
_REJECTION = re.compile(r"[?&]rrk=([0-9]{1,4})(?![0-9])")
_CODE_INPUTS = ("tel", "text", "number", "password")

# challengeType has named the same kinds through every generation of the pages.
_KIND_BY_TYPE = {
    "1": "pwd", "2": "sk", "4": "az", "5": "ootp", "6": "totp", "8": "bc", "9": "ipp",
    "13": "kpp", "17": "iap", "37": "skotp", "39": "dp", "53": "pk",
}  # fmt: skip

_UNANSWERED = {
    "az": "a Google prompt on a phone",
    "bc": "a backup-code challenge",
    "dp": "a Google prompt on a phone",
    "iap": "a challenge that asks for a phone number",
    "idv": "a challenge to prove who you are",
    "ipe": "an e-mail challenge",
    "ipp": "a text-message challenge",
    "kpe": "a challenge that asks for your recovery phone number",
    "kpp": "a challenge that asks for your recovery phone number",
    "ootp": "a challenge for a security code from a phone's settings",
    "pk": "a passkey challenge",
    "recaptcha": "a CAPTCHA",
    "sk": "a security-key challenge",
    "skotp": "a challenge for a code made with a security key",
    "sq": "a security question",
    "wa": "a security-key challenge",
}


def read(page: Page) -> State:
    """The state a page of Google's sign-in is in. Total: no page makes it raise."""
    if page.elsewhere is not None:
        return _left(page.elsewhere)
    try:
        return _read(page, Document(page.url, page.body))
    except PageUnreadable:
        return Unknown(f"a page too large for a sign-in page, at {_shown_path(page)}")


def _read(page: Page, document: Document) -> State:
    if posted := _posted(document):
        return posted
    path = _path(page.url)
    if "/signin/rejected" in path:
        return Rejected(_reason(page.url))
    if page.status >= 400 or path.startswith("/o/saml2/"):
        if error := _app_error(document):
            return error
        if page.status >= 400:
            return Unknown(f"an error page (HTTP {page.status}), at {_shown_path(page)}")
    if _has_captcha(document):
        return Unknown("a CAPTCHA")
    form = _chosen(document)
    if form is None:
        return _without_form(page, document)
    if form.path in _IDENTIFIER_PATHS:
        return _identifier(document, form)
    if _is_selection(document, form):
        return Unknown("a menu of ways to prove it is you")
    if password := _password(document, form):
        return password
    kind = _kind(form, path)
    if kind == "totp" and (code := _totp(document, form)):
        return code
    if any(control.name in _IDENTIFIER_FIELDS and control.typed for control in form.controls):
        return _identifier(document, form)
    return _unanswered(page, document, form, kind)


def _left(url: str) -> State:
    try:
        host = origin_of(url).host
    except UnsafePage:
        return Unknown("a redirect to an address that is not safe to follow")
    if host.endswith((".google.com", ".youtube.com")):
        where = safe(host + _path(url), 100)
        return Unknown(f"a redirect out of the sign-in, to {where}")
    return Federated(safe(host, 100))


def _app_error(document: Document) -> AppError | None:
    code = _APP_ERROR.search(document.visible_text(document.root))
    return AppError(code.group()) if code else None


def _posted(document: Document) -> Posted | None:
    for form in document.forms:
        control = form.control("SAMLResponse")
        if control and control.value and control.value.strip():
            return Posted(SAMLResponse(control.value, acs=form.action))
    return None


def _chosen(document: Document) -> Form | None:
    """The form that answers the page: by id, by its field, by its path; else the only one.

    Neither the first nor the last: around it stand forms to resend, to skip, to ask for help.
    """
    forms = document.forms
    for form_id in ("challenge", "gaia_loginform"):
        if found := [form for form in forms if form.id == form_id]:
            return found[0]
    for name in _FIELDS:
        for form in forms:
            if any(control.name == name and control.typed for control in form.controls):
                return form
    if found := [form for form in forms if _path_kind(form.path)]:
        return found[0]
    return forms[0] if len(forms) == 1 else None


def _has_captcha(document: Document) -> bool:
    image = document.first("img#captchaimg")
    if image is not None and image.get("src"):
        return True
    if any(form.has("ca", "ct") for form in document.forms):
        return True
    selector = "#identifier-captcha, #logincaptcha, [name=identifier-captcha-input]"
    return document.first(selector) is not None


def _is_selection(document: Document, form: Form) -> bool:
    if "/challenge/selection" in form.path or "/selectchallenge" in form.path:
        return True
    if document.first("button[name=challenge], [data-action=selectchallenge]"):
        return True
    # A single entry is no menu: the page of a phone prompt has one to send the prompt again.
    return len(document.all("form[data-challengeentry]")) > 1


def _identifier(document: Document, form: Form) -> Identifier:
    default = "Email" if form.path == "/signin/v1/lookup" else "identifier"
    name = next((n for n in (default, *_IDENTIFIER_FIELDS) if form.has(n)), default)
    return Identifier(form, name, _said(document, name))


def _password(document: Document, form: Form) -> Password | None:
    typed = [c.name for c in form.controls if c.typed and c.kind == "password"]
    if "Passwd" in typed:
        return Password(form, "Passwd", _said(document, "Passwd"))
    named_so = _path_kind(form.path) == "pwd" or form.path.endswith("/challenge/sl/password")
    if named_so and len(typed) == 1:
        return Password(form, typed[0], _said(document, typed[0]))
    return None


def _totp(document: Document, form: Form) -> Code | None:
    typed = [c.name for c in form.controls if c.typed and c.kind in _CODE_INPUTS]
    if "Pin" in typed:
        typed = ["Pin"]
    if len(typed) != 1:
        return None
    return Code("totp", form, typed[0], _said(document, typed[0]))


def _kind(form: Form, page_path: str) -> str:
    """The kind of challenge, in Google's own word; empty when the page names none."""
    challenge_type = form.control("challengeType")
    by_type = _KIND_BY_TYPE.get(challenge_type.value or "", "") if challenge_type else ""
    # The page's own path comes last: it is still the previous page's when Google answers a form
    # with the next page at once.
    return _path_kind(form.path) or by_type or _path_kind(page_path)


def _path_kind(path: str) -> str:
    found = _KIND.search(path)
    return found.group(1) if found and found.group(1) not in {"skip", "selection"} else ""


def _unanswered(page: Page, document: Document, form: Form, kind: str) -> Unknown:
    """A page that is read and cannot be answered."""
    if demand := document.visible_text(document.first("#contactAdminMessage")):
        return Unknown(f"a demand of your administrator's: “{safe(demand)}”")
    if kind == "totp":
        return Unknown("a page for an authenticator's code without one clear field for it (totp)")
    if kind in _UNANSWERED:
        return Unknown(f"{_UNANSWERED[kind]} ({kind})")
    if kind:
        return Unknown(f"an unheard-of kind of challenge ({safe(kind, 40)})")
    if special := _by_path(page):
        return special
    names = dict.fromkeys(control.name for control in form.controls)
    shown = ", ".join(safe(name, 40) for name in islice(names, 12)) or "none"
    return Unknown(f"an unheard-of page, at {_shown_path(page)} (its fields: {shown})")


def _without_form(page: Page, document: Document) -> State:
    if special := _app_error(document) or _by_path(page):
        return special
    # Only a page with nothing to answer is taken at its word here: others carry the same refresh
    # for browsers without scripts and can be answered all the same.
    for refresh in document.all("meta[http-equiv=refresh i]"):
        target = str(refresh.get("content", ""))
        if "/signin/rejected" in target:
            return Rejected(_reason(target))
    if demand := document.visible_text(document.first("#contactAdminMessage")):
        return Unknown(f"a demand of your administrator's: “{safe(demand)}”")
    many = "several forms, none of which it knows" if document.forms else "no form"
    return Unknown(f"an unheard-of page, at {_shown_path(page)}, with {many}")


def _by_path(page: Page) -> Unknown | None:
    path = _path(page.url).lower()
    if "accountchooser" in path:
        return Unknown("a list of accounts to choose from")
    if "/challenge/selection" in path or "/selectchallenge" in path:
        return Unknown("a menu of ways to prove it is you")
    return None


def _said(document: Document, name: str) -> str:
    """Google's own text about the field of that name."""
    for selector in ("#passwordError", "span#errorMsg", ".error-msg"):
        for tag in document.all(selector):
            if text := document.visible_text(tag):
                return safe(text)
    wrong = document.root.find(True, attrs={"name": name, "aria-invalid": "true"})
    for parent in () if wrong is None else islice(wrong.parents, 12):
        if parent.name == "form":
            break
        if text := document.visible_text(parent.find(True, attrs={"jsname": "B34EJ"})):
            return safe(text)
    return ""


def _reason(url: str) -> str:
    found = _REJECTION.search(url)
    return found.group(1) if found else ""


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _shown_path(page: Page) -> str:
    return safe(_path(page.url) or "/", 100)
