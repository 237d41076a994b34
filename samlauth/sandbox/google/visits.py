"""Who is visiting: told by cookies, which must come back as a browser sends them."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from samlauth.sandbox.google.forms import Form
from samlauth.sandbox.google.methods import TOTP, Method
from samlauth.sandbox.google.pages import Screen, Ticket
from samlauth.sandbox.phone import Prompt
from samlauth.sandbox.web import Request

GAPS = "__Host-GAPS"
_TWO_YEARS = 63_072_000

Stage = Literal["start", "rejected", "unheard-of", "done"] | Screen
Headers = tuple[tuple[str, str], ...]


class Complaint(Exception):
    """Something no browser following the pages would have sent."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


@dataclass
class Visit:
    """One browser's way through the pages."""

    resume: str
    location: str
    """The one target that may be fetched."""
    cookies: dict[str, str]
    """Every cookie that must come with each request."""
    stage: Stage = "start"
    username: str = ""
    ticket: Ticket | None = None
    forms: tuple[Form, ...] = ()
    """The forms of which one may be posted; taken away when it was."""
    authenticated: bool = False
    """Whether the password was right."""
    method: Method = TOTP
    """What the second step is, or was last."""
    prompt: Prompt | None = None
    captcha: str = ""
    """The token of the picture that is shown."""


class Visits:
    """Every visit, by the cookies that were handed out."""

    def __init__(self) -> None:
        self.handed_out: list[str] = []
        """The value of every cookie, in order."""
        self._visits: dict[str, Visit] = {}
        self._signed_in: dict[str, str] = {}

    def begin(self, resume: str, location: str) -> tuple[Visit, Headers]:
        """A new visit, and the headers that set its cookies."""
        visit = Visit(resume, location, {"NID": self._value(30)})
        nid = f"NID={visit.cookies['NID']}; Domain=.google.com; Path=/; Secure; HttpOnly"
        return visit, (*self.renew(visit), ("Set-Cookie", nid))

    def of(self, request: Request) -> Visit:
        """The visit that the request's cookies name. Raises Complaint."""
        sent = Counter(name for name, _ in request.cookies)
        cookies = dict(request.cookies)
        visit = self._visits.get(cookies.get(GAPS, ""))
        if visit is None:
            raise Complaint(
                f"The cookie {GAPS} is not the one that was set last."
                if GAPS in cookies
                else f"The cookie {GAPS} was not sent."
            )
        wrong = [n for n, value in visit.cookies.items() if cookies.get(n) != value or sent[n] > 1]
        wrong += sent.keys() - {*visit.cookies, "SID", "LSID"}
        if wrong:
            raise Complaint(*(f"The cookie {name} is not as it was set." for name in wrong))
        return visit

    def renew(self, visit: Visit) -> Headers:
        """Give the visit a new cookie; the old one is void."""
        self._visits.pop(visit.cookies.get(GAPS, ""), None)
        value = self._value(24, "1:")
        visit.cookies[GAPS] = value
        self._visits[value] = visit
        attributes = f"Path=/; Secure; HttpOnly; Max-Age={_TWO_YEARS}"
        return (("Set-Cookie", f"{GAPS}={value}; {attributes}"),)

    def sign_in(self, visit: Visit) -> Headers:
        """Give the visit the cookies of somebody who is signed in."""
        values = {"SID": self._value(40), "LSID": self._value(40)}
        visit.cookies.update(values)
        self._signed_in[values["SID"]] = visit.username
        attributes = f"Path=/; Secure; HttpOnly; Max-Age={_TWO_YEARS}"
        return (
            ("Set-Cookie", f"SID={values['SID']}; Domain=.google.com; {attributes}"),
            ("Set-Cookie", f"LSID={values['LSID']}; {attributes}"),
        )

    def username(self, request: Request) -> str | None:
        """Whose sign-in the request's cookies prove; None for nobody's."""
        return self._signed_in.get(dict(request.cookies).get("SID", ""))

    def _value(self, length: int, start: str = "") -> str:
        self.handed_out.append(start + secrets.token_urlsafe(length))
        return self.handed_out[-1]
