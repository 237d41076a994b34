"""The page with an image to read, in its three forms. It asks who is signing in at the same time."""

from __future__ import annotations

from samlauth.flow import Fields
from samlauth.html import Document, Form
from samlauth.idp.google.pages import markup
from samlauth.idp.google.pages.states import Captcha, Unknown

_FIELDS = ("ca", "identifier-captcha-input", "logincaptcha")
_IMAGES = (
    "img#captchaimg",
    "#identifier-captcha img",
    ".captcha-img img",
    'img[src*="/Captcha"]',
)


def read_captcha(document: Document) -> Captcha | Unknown | None:
    """The captcha of the page; None when there is none, or only an empty place for one."""
    image = _image(document)
    for form in document.forms:
        names = [c.name for c in form.controls if c.typed]
        for field in _FIELDS:
            if field in names and (image or _is_lit(form, field)):
                return _captcha(document, form, field, image)
    return Unknown("a CAPTCHA without a field for its text") if image else None


def _captcha(document: Document, form: Form, field: str, image: str) -> Captcha | Unknown:
    if not image:
        return Unknown("a CAPTCHA without an image")
    typed = {c.name for c in form.controls if c.typed}
    return Captcha(
        form,
        field,
        document.join(image),
        identifier=next((n for n in markup.IDENTIFIER_FIELDS if n in typed), ""),
        token=_token(document, form),
        said=markup.said(document, field),
    )


def _image(document: Document) -> str:
    for selector in _IMAGES:
        for tag in document.all(selector):
            if src := str(tag.get("src") or "").strip():
                return src
    return ""


def _is_lit(form: Form, field: str) -> bool:
    """Whether a field without an image is meant: the newest one is there with its token."""
    token = form.control("ct")
    return field != "ca" or bool(token and token.value)


def _token(document: Document, form: Form) -> Fields:
    # The older pages have a script name the field.
    tag = document.first("#identifier-token")
    if tag is None or form.has("identifiertoken"):
        return ()
    return (("identifiertoken", str(tag.get("value") or "")), ("identifiertoken_audio", ""))
