"""The identity provider: which page follows which, and what a browser would never have sent.

A request that no browser following our pages could have made is answered with HTTP 400 and kept,
as a sentence, in :attr:`Google.violations`. Passwords and codes are counted in every request they
come in, right or wrong.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, assert_never
from urllib.parse import parse_qs, urlencode, urlsplit

from samlauth.sandbox.assertions import ACS, Signer, Statement
from samlauth.sandbox.google import forms, pages
from samlauth.sandbox.google.captures import Captures
from samlauth.sandbox.google.g2 import G2
from samlauth.sandbox.google.pages import Family, Pages, Screen, Ticket
from samlauth.sandbox.google.v3 import V3
from samlauth.sandbox.totp import Authenticator
from samlauth.sandbox.web import Request, Response

HOST = "accounts.google.com"
ENTRY = "/o/saml2/initsso"

REJECTED = "rejected@example.com"
"""The person who is not let in without a browser."""
UNHEARD_OF = "unknown-page@example.com"
"""The person who is shown a page that no version of samlauth knows."""

SP_ERRORS: dict[str, tuple[int, str, Literal["entry", "end"]]] = {
    "000111000403": (403, "app_not_configured_for_user", "end"),
    "000111000404": (403, "app_not_enabled_for_user", "end"),
    "000111000405": (400, "not_a_saml_app", "entry"),
}
"""Service providers that fail in a way of their own: at once, or when the sign-in is done."""

_GAPS = "__Host-GAPS"
_TWO_YEARS = 63_072_000
_HTML = ("Content-Type", "text/html; charset=utf-8")
_FORM = "application/x-www-form-urlencoded"

Stage = Literal["start", "rejected", "unheard-of", "done"] | Screen


@dataclass(frozen=True)
class Person:
    """Who can sign in."""

    username: str
    password: str = field(repr=False)
    authenticator: Authenticator = field(repr=False)


class _Complaint(Exception):
    def __init__(self, *sentences: str) -> None:
        super().__init__(*sentences)
        self.sentences = sentences


@dataclass
class _Visit:
    """One browser's way through the pages."""

    resume: str
    location: str
    """The one target that may be fetched."""
    cookies: dict[str, str]
    """Every cookie that must come with each request."""
    stage: Stage = "start"
    username: str = ""
    ticket: Ticket | None = None
    form: forms.Form | None = None
    """The one form that may be posted; taken away when it was."""


class Google:
    """The application behind ``accounts.google.com``.

    ``captured`` names a folder of captured pages that take the place of ours where there is one.
    """

    def __init__(
        self,
        person: Person,
        *,
        idp_id: str,
        sp_id: str,
        roles: tuple[str, ...],
        signer: Signer,
        family: Family = "v3",
        captured: Path | None = None,
        session_duration: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.person = person
        self.idp_id = idp_id
        self.sp_id = sp_id
        self.roles = roles
        """Values of the assertion's Role attribute."""
        self.session_duration = session_duration
        self.violations: list[str] = []
        self.usernames: Counter[str] = Counter()
        """How often each address was posted."""
        self.passwords: Counter[str] = Counter()
        """How often each password was posted, right or wrong."""
        self.codes: Counter[str] = Counter()
        """How often each code was posted, right or wrong."""
        self.bgresponses: list[str] = []
        """The values of ``bgresponse``, as they came."""
        self.assertions = 0
        """How many SAML responses were handed out."""
        self._signer = signer
        self._clock = clock
        own = G2() if family == "g2" else V3()
        self._pages: Pages = Captures(own, captured) if captured else own
        self._visits: dict[str, _Visit] = {}
        self._signed_in: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def issuer(self) -> str:
        """The assertion's Issuer."""
        return f"https://{HOST}/o/saml2?idpid={self.idp_id}"

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        with self._lock:
            try:
                if request.host.removesuffix(":443").lower() != HOST:
                    raise _Complaint(f"The Host header names {request.host}.")
                return self._post(request) if request.method == "POST" else self._get(request)
            except _Complaint as complaint:
                where = f"{request.method} {request.path}"
                self.violations += [f"{where}: {sentence}" for sentence in complaint.sentences]
                return _page(pages.complaint(list(complaint.sentences)), status=400)

    def _get(self, request: Request) -> Response:
        if request.path == "/favicon.ico":
            return Response(404)
        if request.path == ENTRY and "from_login" not in dict(request.query):
            return self._entry(request)
        visit = self._visit(request)
        if request.target != visit.location:
            raise _Complaint("No page led to this address.")
        assert visit.ticket is not None or visit.stage == "start"
        match visit.stage:
            case "start":
                return self._advance(visit, "identifier")
            case "identifier" | "password" | "code" as screen:
                return self._show(visit, screen)
            case "rejected":
                return _page(pages.refused_without_browser())
            case "unheard-of":
                assert visit.ticket is not None
                return _page(pages.quiz(visit.ticket, visit.location))
            case "done":
                return self._finish(visit.username, _parameter(visit.resume, "spid"))
            case _ as never:
                assert_never(never)

    def _entry(self, request: Request) -> Response:
        given = Counter(name for name, _ in request.query)
        strange = given.keys() - {"idpid", "spid", "forceauthn", "hl", "loc", "authuser"}
        if strange or given.total() > len(given):
            raise _Complaint("The entry address has parameters that are strange or there twice.")
        query = dict(request.query)
        sp_id = query.get("spid", "")
        status, code, when = SP_ERRORS.get(sp_id, (403, "app_not_configured", "entry"))
        served = sp_id == self.sp_id or when == "end"
        if query.get("idpid") != self.idp_id or not served:
            return _page(pages.app_error(status, code), status=status)
        username = self._signed_in.get(dict(request.cookies).get("SID", ""))
        if username is not None and query.get("forceauthn") != "true":
            return self._finish(username, sp_id)
        resume = f"https://{HOST}{request.target}&" + urlencode(
            {"from_login": "1", "as": f"{secrets.token_urlsafe(18)}-w"}
        )
        location = "/ServiceLogin?" + urlencode(
            {
                "passive": "1209600",
                "continue": resume,
                "followup": resume,
                "ltmpl": "popup",
                "oauth": "1",
                "faa": "1",
                "sarp": "1",
                "scc": "1",
            }
        )
        visit = _Visit(resume, location, {"NID": secrets.token_urlsafe(30)})
        nid = f"NID={visit.cookies['NID']}; Domain=.google.com; Path=/; Secure; HttpOnly"
        return _redirect(location, (*self._renew(visit), ("Set-Cookie", nid)))

    def _visit(self, request: Request) -> _Visit:
        """The visit that the request's cookies name."""
        sent = Counter(name for name, _ in request.cookies)
        cookies = dict(request.cookies)
        visit = self._visits.get(cookies.get(_GAPS, ""))
        if visit is None:
            raise _Complaint(
                f"The cookie {_GAPS} is not the one that was set last."
                if _GAPS in cookies
                else f"The cookie {_GAPS} was not sent."
            )
        wrong = [n for n, value in visit.cookies.items() if cookies.get(n) != value or sent[n] > 1]
        wrong += sent.keys() - {*visit.cookies, "SID", "LSID"}
        if wrong:
            raise _Complaint(*(f"The cookie {name} is not as it was set." for name in wrong))
        return visit

    def _renew(self, visit: _Visit) -> tuple[tuple[str, str], ...]:
        """Give the visit a new cookie; the old one is void."""
        self._visits.pop(visit.cookies.get(_GAPS, ""), None)
        value = f"1:{secrets.token_urlsafe(24)}"
        visit.cookies[_GAPS] = value
        self._visits[value] = visit
        attributes = f"Path=/; Secure; HttpOnly; Max-Age={_TWO_YEARS}"
        return (("Set-Cookie", f"{_GAPS}={value}; {attributes}"),)

    def _post(self, request: Request) -> Response:
        fields = request.form
        for name, value in fields:
            if name in ("Passwd", "hiddenPassword") and value:
                self.passwords[value] += 1
            elif name == "Pin" and value:
                self.codes[value] += 1
            elif name == forms.BGRESPONSE:
                self.bgresponses.append(value)
        visit = self._visit(request)
        form = visit.form
        if form is None:
            raise _Complaint("No page with a form is open; a form can be posted once.")
        if request.target != form.action:
            same_path = request.path == form.action.partition("?")[0]
            raise _Complaint(
                "The query of the action did not come back as the page had it."
                if same_path
                else f"The form of the page is posted to {form.action.partition('?')[0]}."
            )
        if request.headers.get_content_type() != _FORM:
            raise _Complaint(f"The Content-Type is not {_FORM}.")
        if complaints := list(form.complaints(fields)):
            raise _Complaint(*complaints)
        visit.form = None
        answer = dict(fields)[form.answer]
        match visit.stage:
            case "identifier":
                return self._identified(visit, answer)
            case "password":
                if answer != self.person.password:
                    return self._refuse(visit, "password")
                return self._advance(visit, "code")
            case "code":
                if not self.person.authenticator.verify(answer.replace(" ", "")):
                    return self._refuse(visit, "code")
                return self._sign_in(visit)
            case "start" | "rejected" | "unheard-of" | "done":
                raise AssertionError(f"{visit.stage} has no form")
            case _ as never:
                assert_never(never)

    def _identified(self, visit: _Visit, address: str) -> Response:
        self.usernames[address] += 1
        visit.username = address.strip().lower()
        ticket = visit.ticket = Ticket.fresh(visit.resume, visit.username, self._clock())
        if visit.username == REJECTED:
            visit.stage, visit.location = "rejected", self._pages.rejected(ticket)
            return _redirect(visit.location)
        if visit.username == UNHEARD_OF:
            visit.stage, visit.location = "unheard-of", self._pages.unheard_of(ticket)
            return _redirect(visit.location)
        if visit.username != self.person.username:
            return self._refuse(visit, "identifier")
        return self._advance(visit, "password", self._renew(visit))

    def _advance(
        self, visit: _Visit, screen: Screen, cookies: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        """On to a page: by a redirect where the family has one, else at once."""
        visit.stage = screen
        visit.ticket = Ticket.fresh(visit.resume, visit.username, self._clock())
        location = self._pages.location(screen, visit.ticket)
        if location is None:
            return self._show(visit, screen, cookies=cookies)
        visit.location = location
        return _redirect(location, cookies)

    def _refuse(self, visit: _Visit, screen: Screen) -> Response:
        """The same page again, with an error and with new state."""
        visit.ticket = Ticket.fresh(visit.resume, visit.username, self._clock())
        return self._show(visit, screen, refused=True)

    def _show(
        self,
        visit: _Visit,
        screen: Screen,
        *,
        refused: bool = False,
        cookies: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        assert visit.ticket is not None
        html = self._pages.page(screen, visit.ticket, refused=refused)
        visit.form = forms.read(html, self._pages.answer(screen))
        return _page(html, cookies)

    def _sign_in(self, visit: _Visit) -> Response:
        visit.stage = "done"
        visit.location = visit.resume.removeprefix(f"https://{HOST}")
        values = {"SID": secrets.token_urlsafe(40), "LSID": secrets.token_urlsafe(40)}
        visit.cookies.update(values)
        self._signed_in[values["SID"]] = visit.username
        attributes = f"Path=/; Secure; HttpOnly; Max-Age={_TWO_YEARS}"
        return _redirect(
            visit.location,
            (
                ("Set-Cookie", f"SID={values['SID']}; Domain=.google.com; {attributes}"),
                ("Set-Cookie", f"LSID={values['LSID']}; {attributes}"),
            ),
        )

    def _finish(self, username: str, sp_id: str) -> Response:
        if sp_id in SP_ERRORS:
            status, code, _ = SP_ERRORS[sp_id]
            return _page(pages.app_error(status, code), status=status)
        self.assertions += 1
        statement = Statement(
            issuer=self.issuer,
            subject=username,
            roles=self.roles,
            issued=datetime.fromtimestamp(self._clock(), UTC),
            role_session_name=username,
            session_duration=self.session_duration,
        )
        return _page(pages.saml_post(ACS, self._signer.sign(statement)))


def _parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


def _page(html: str, cookies: tuple[tuple[str, str], ...] = (), *, status: int = 200) -> Response:
    headers = (_HTML, ("Cache-Control", "no-cache, no-store"), *cookies)
    return Response(status, html.encode(), headers)


def _redirect(location: str, cookies: tuple[tuple[str, str], ...] = ()) -> Response:
    body = b"<html><body>Moved for the moment.</body></html>"
    return Response(302, body, (("Location", f"https://{HOST}{location}"), _HTML, *cookies))
