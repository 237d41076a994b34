"""The browser of the tests, in front of ADFS: it also does what ADFS's scripts do."""

from __future__ import annotations

from urllib.parse import urlencode, urljoin

import requests
from bs4 import Tag

from samlauth.sandbox.adfs.idp import HOST

from ..browser import Browser, Fields, successful


class ADFSBrowser(Browser):
    """Posts a form to where it says, or back to the page's own address where it says nothing."""

    def entry(self, **changed: str) -> str:
        query = urlencode({"loginToRp": "urn:amazon:webservices", **changed})
        return f"https://{HOST}/adfs/ls/IdpInitiatedSignOn.aspx?{query}"

    def action(self, field: str, value: str | None = None) -> str:
        return urljoin(self.page.url, str(self.form(field, value).get("action") or ""))

    def one(self, selector: str) -> Tag:
        found = self.soup.select_one(selector)
        assert found is not None, f"no {selector} in:\n{self.page.text}"
        return found

    def login(self, password: str | None = None, username: str | None = None) -> requests.Response:
        """Answer the page that asks for user name and password."""
        answers = {
            "UserName": username or self.rehearsal.username,
            "Password": password or self.rehearsal.password,
        }
        fields = [
            (name, answers.get(name, value))
            for name, value in successful(self.one("form#loginForm"), {})
        ]
        return self.post(self.action("Password"), fields)

    def go_on(self, **answers: str) -> requests.Response:
        """Post the adapter's form; with no answers, as its script does."""
        return self.post(self.action("Context"), self.adapter_fields(**answers))

    def adapter_fields(self, **answers: str) -> Fields:
        fields = successful(self.form("Context"), {})
        return [(name, answers.get(name, value)) for name, value in fields]

    def follow(self, auth_method: str) -> requests.Response:
        """Click on a way in the list of them."""
        assert self.one(f"#authOptionLinks a.actionLink#{auth_method}")
        form = self.one("form#options")
        fields = [
            (name, auth_method if name == "AuthMethod" else value)
            for name, value in successful(form, {})
        ]
        return self.post(urljoin(self.page.url, str(form["action"])), fields)

    def from_realm(self, realm: str) -> requests.Response:
        """Click on a claims provider."""
        form = self.one("form#hrd")
        return self.post(
            urljoin(self.page.url, str(form["action"])), [("HomeRealmSelection", realm)]
        )

    @property
    def error(self) -> str:
        """What the page says is wrong."""
        return self.one("#errorText").get_text(strip=True)

    @property
    def context(self) -> str:
        return str(self.form("Context").find("input", attrs={"name": "Context"})["value"])  # type: ignore[index]  # every adapter's form has one
