"""A browser without scripts, small enough to trust: what the pages are driven with."""

from __future__ import annotations

from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import requests
from bs4 import BeautifulSoup, Tag

from samlauth.sandbox.rehearsal import Rehearsal

Fields = list[tuple[str, str]]


class Browser:
    """Follows redirects, keeps cookies, and posts forms as they are unless told otherwise."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(rehearsal.bundle)
        self.session.proxies = {"https": rehearsal.environ["HTTPS_PROXY"]}
        self.page = requests.Response()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The last response keeps its connection pool, and so the connection, open.
        self.page = requests.Response()
        self.session.close()

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.page.text, "lxml")

    def open(self, url: str | None = None) -> requests.Response:
        self.page = self.session.get(url or self.entry())
        return self.page

    def entry(self, **changed: str) -> str:
        fields = {"idpid": self.rehearsal.idp_id, "spid": self.rehearsal.sp_id} | changed
        query = "&".join(f"{name}={value}" for name, value in fields.items())
        return f"https://accounts.google.com/o/saml2/initsso?{query}&forceauthn=false"

    def form(self, field: str, value: str | None = None) -> Tag:
        """The form that has a control of that name (and value)."""
        for found in self.soup.find_all(["input", "button", "select"], attrs={"name": field}):
            form = found.find_parent("form")
            if form is not None and value in (None, found.get("value")):
                return form
        raise AssertionError(f"no form with {field} at {self.page.url}:\n{self.page.text}")

    def action(self, field: str, value: str | None = None) -> str:
        return urljoin(self.page.url, str(self.form(field, value)["action"]))

    def fields(self, field: str, answer: str) -> Fields:
        """The form's successful controls, its first button clicked."""
        return successful(self.form(field), {field: answer})

    def press(self, name: str, value: str, **answers: str) -> requests.Response:
        """Click the button of that name and value."""
        form = self.form(name, value)
        url = urljoin(self.page.url, str(form["action"]))
        return self.post(url, successful(form, answers, click=(name, value)))

    def send(self, name: str, value: str | None = None) -> requests.Response:
        """Post the form that has a field of that name (and value), as it is."""
        form = self.form(name, value)
        return self.post(urljoin(self.page.url, str(form["action"])), successful(form, {}))

    def post(self, url: str, fields: Fields, **headers: str) -> requests.Response:
        self.page = self.session.post(url, data=fields, headers=headers)
        return self.page

    def submit(self, field: str, answer: str) -> requests.Response:
        return self.post(self.action(field), self.fields(field, answer))

    @property
    def address_field(self) -> str:
        return "Email" if self.soup.find(id="gaia_loginform") else "identifier"

    def identify(self, username: str | None = None) -> requests.Response:
        return self.submit(self.address_field, username or self.rehearsal.username)

    def sign_in(self) -> str:
        """The whole way; the SAML response in base64."""
        self.open()
        self.identify()
        self.submit("Passwd", self.rehearsal.password)
        self.submit("Pin", self.rehearsal.code())
        return self.saml_response

    @property
    def saml_response(self) -> str:
        found = self.soup.find("input", attrs={"name": "SAMLResponse"})
        assert isinstance(found, Tag), self.page.text
        return str(found["value"])

    @property
    def text(self) -> str:
        return " ".join(self.soup.get_text().split())


def successful(form: Tag, answers: dict[str, str], click: tuple[str, str] | None = None) -> Fields:
    """A form's successful controls (HTML 4.01 §17.13.2); its first button clicked, unless named."""
    pairs: Fields = []
    clicked = False
    for control in form.find_all(["input", "button", "select"]):
        name, value = str(control.get("name") or ""), str(control.get("value") or "")
        kind = "submit" if control.name == "button" else control.get("type")
        if control.has_attr("disabled") or control.get("type") == "button":
            continue
        if kind == "submit":
            if (click is None and not clicked) or click == (name, value):
                pairs += [(name, value)] if name else []
            clicked = True
        elif control.name == "select":
            option = control.find("option")
            assert isinstance(option, Tag)
            pairs.append((name, str(option["value"])))
        elif name and (kind != "checkbox" or control.has_attr("checked")):
            pairs.append((name, value or ("on" if kind == "checkbox" else "")))
    return [(name, answers.get(name, value)) for name, value in pairs]
