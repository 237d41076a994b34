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

    def form(self, field: str) -> Tag:
        for found in self.soup.find_all("input", attrs={"name": field}):
            form = found.find_parent("form")
            if form is not None:
                return form
        raise AssertionError(f"no form with {field} at {self.page.url}:\n{self.page.text}")

    def action(self, field: str) -> str:
        return urljoin(self.page.url, str(self.form(field)["action"]))

    def fields(self, field: str, answer: str) -> Fields:
        """The form's successful controls (HTML 4.01 §17.13.2), its first button clicked."""
        pairs: Fields = []
        clicked = False
        for control in self.form(field).find_all(["input", "button"]):
            name, value = str(control.get("name", "")), str(control.get("value", ""))
            kind = "submit" if control.name == "button" else control.get("type")
            if not name or control.has_attr("disabled"):
                continue
            if kind == "submit":
                if not clicked:
                    pairs.append((name, value))
                clicked = True
            elif kind != "checkbox" or control.has_attr("checked"):
                pairs.append((name, value or ("on" if kind == "checkbox" else "")))
        return [(name, answer if name == field else value) for name, value in pairs]

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
