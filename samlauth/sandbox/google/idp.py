"""The identity provider: which page follows which, and what a browser would never have sent.

A request that no browser following our pages could have made is answered with HTTP 400 and kept,
as a sentence, in :attr:`Google.violations`. Passwords, codes and all else a person answers with
are counted in every request they come in, right or wrong.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, assert_never
from urllib.parse import parse_qs, urlencode, urlsplit

from samlauth.sandbox.assertions import ACS, Signer, Statement
from samlauth.sandbox.google import forms, methods, pages
from samlauth.sandbox.google.captcha import Captchas
from samlauth.sandbox.google.captures import Captures
from samlauth.sandbox.google.g1 import G1
from samlauth.sandbox.google.g2 import G2
from samlauth.sandbox.google.methods import Family, Method, Mfa
from samlauth.sandbox.google.pages import ANSWERS, Markup, Pages, Screen, Ticket
from samlauth.sandbox.google.person import Person
from samlauth.sandbox.google.v3 import V3
from samlauth.sandbox.google.visits import Complaint, Headers, Visit, Visits
from samlauth.sandbox.phone import is_number
from samlauth.sandbox.web import Request, Response

HOST = "accounts.google.com"
ENTRY = "/o/saml2/initsso"
ELSEWHERE = "https://rehearsal.okta.example/app/google/sso/saml?SAMLRequest=fake"
"""Where a Workspace sends its people that has another provider sign them in."""

REJECTED = "rejected@example.com"
"""The person who is not let in without a browser that runs scripts."""
UNHEARD_OF = "unknown-page@example.com"
"""The person who is shown a page that no version of samlauth knows, and which a script passes."""

SP_ERRORS: dict[str, tuple[int, str, Literal["entry", "end"]]] = {
    "000111000403": (403, "app_not_configured_for_user", "end"),
    "000111000404": (403, "app_not_enabled_for_user", "end"),
    "000111000405": (400, "not_a_saml_app", "entry"),
}
"""Service providers that fail in a way of their own: at once, or when the sign-in is done."""

ACCOUNT = "/ManageAccount"
"""The page where a sign-in ends that was not begun for an app."""

_START = "/ServiceLogin"
_LIST = "/ListAccounts"
"""Where Chromium asks by itself who is signed in."""

_HTML = ("Content-Type", "text/html; charset=utf-8")
_FORM = "application/x-www-form-urlencoded"
_COUNTED = {
    "Passwd": "passwords",
    "hiddenPassword": "passwords",
    "Pin": "codes",
    "pin": "codes",
    "ca": "captchas",
    "identifier-captcha-input": "captchas",
    "phoneNumber": "numbers",
}


class Google:
    """The application behind ``accounts.google.com``.

    ``mfa`` is what every sign-in comes across; ``markup`` where a prompt has the number to tap,
    the family's own place if None; ``prompt_seconds`` how long a prompt or a key can be answered.
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
        mfa: Mfa = "totp",
        markup: Markup | None = None,
        prompt_seconds: float = 180,
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
        """How often each password was posted, right or wrong; so for what follows."""
        self.codes: Counter[str] = Counter()
        self.captchas: Counter[str] = Counter()
        """What was read in pictures."""
        self.numbers: Counter[str] = Counter()
        """Telephone numbers."""
        self.bgresponses: list[str] = []
        """The values of ``bgresponse``, as they came."""
        self.trusted: list[str] = []
        """Paths of the forms that came back with ``TrustDevice``."""
        self.assertions = 0
        """How many SAML responses were handed out."""
        self.pictures = Captchas()
        self._family: Family = family
        self._mfa: Mfa = mfa
        self._markup: Markup = markup or ("samp" if family == "v3" else "feLNVc")
        self._second = methods.METHODS.get(mfa, methods.TOTP)
        if mfa == "number" and markup == "EKvSSd":
            self._second = methods.PROMPT  # that mark-up is older than the other kind of prompt
        self._dismissed = False
        """Whether the page between the sign-in and its end was dealt with: it comes once."""
        self._prompt_seconds = prompt_seconds
        self._signer = signer
        self._clock = clock
        self._pages: Pages = _pages(family, captured)
        self._visits = Visits()
        self._lock = threading.Lock()

    @property
    def issuer(self) -> str:
        """The assertion's Issuer."""
        return f"https://{HOST}/o/saml2?idpid={self.idp_id}"

    @property
    def handed_out(self) -> list[str]:
        """The value of every cookie that was set, in order."""
        return self._visits.handed_out

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        with self._lock:
            try:
                if request.host.removesuffix(":443").lower() != HOST:
                    raise Complaint(f"The Host header names {request.host}.")
                return self._post(request) if request.method == "POST" else self._get(request)
            except Complaint as complaint:
                where = f"{request.method} {request.path}"
                self.violations += [f"{where}: {sentence}" for sentence in complaint.sentences]
                return _page(pages.complaint(list(complaint.sentences)), status=400)

    def _get(self, request: Request) -> Response:
        if request.path == "/favicon.ico":
            return Response(404)
        if request.path == "/Captcha":
            return self._picture(dict(request.query))
        if request.path == ENTRY and "from_login" not in dict(request.query):
            return self._entry(request)
        if request.target == _START or request.path == ACCOUNT:
            return self._account(request)
        visit = self._visits.of(request)
        if request.target != visit.location:
            raise Complaint("No page led to this address.")
        match visit.stage:
            case "start":
                return self._begin(visit)
            case "rejected":
                return _page(pages.refused_without_browser())
            case "unheard-of":
                return self._quiz(visit)
            case "done":
                return self._finish(visit.username, _parameter(visit.resume, "spid"))
            case screen:
                return self._show(visit, screen)

    def _begin(self, visit: Visit, cookies: Headers = ()) -> Response:
        """On to the first page."""
        first: Screen = "chooser" if self._mfa == "chooser" else "identifier"
        if first == "chooser":
            visit.username = self.person.username
        return self._advance(visit, first, cookies)

    def _account(self, request: Request) -> Response:
        """The account's own page, or the sign-in that leads to it: no app is in sight."""
        username = self._visits.username(request)
        if username is None:
            visit, cookies = self._visits.begin(f"https://{HOST}{ACCOUNT}", _START)
            return self._begin(visit, cookies)
        if request.path == _START:
            return _redirect(ACCOUNT)
        return _page(pages.signed_in(username))

    def _quiz(self, visit: Visit) -> Response:
        assert visit.ticket is not None
        html = pages.quiz(visit.ticket, visit.location)
        visit.forms = forms.read(html, {pages.SONG})
        return _page(html)

    def _picture(self, query: Mapping[str, str]) -> Response:
        """The picture of a token, for whoever asks: a person may open its address in a browser."""
        image = self.pictures.image(query.get("ctoken", ""))
        if image is None:
            raise Complaint("There is no picture of that token.")
        if query.get("kind") == "audio":
            return Response(404)
        return Response(200, image, (("Content-Type", "image/png"),))

    def _entry(self, request: Request) -> Response:
        given = Counter(name for name, _ in request.query)
        strange = given.keys() - {"idpid", "spid", "forceauthn", "hl", "loc", "authuser"}
        if strange or given.total() > len(given):
            raise Complaint("The entry address has parameters that are strange or there twice.")
        query = dict(request.query)
        sp_id = query.get("spid", "")
        status, code, when = SP_ERRORS.get(sp_id, (403, "app_not_configured", "entry"))
        served = sp_id == self.sp_id or when == "end"
        if query.get("idpid") != self.idp_id or not served:
            return _page(pages.app_error(status, code), status=status)
        username = self._visits.username(request)
        if username is not None and query.get("forceauthn") != "true":
            return self._finish(username, sp_id)
        resume = f"https://{HOST}{request.target}&" + urlencode(
            {"from_login": "1", "as": f"{secrets.token_urlsafe(18)}-w"}
        )
        location = f"{_START}?" + urlencode(
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
        _, cookies = self._visits.begin(resume, location)
        return _redirect(location, cookies)

    def _post(self, request: Request) -> Response:
        if request.path == _LIST:
            return Response(200, b'["gaia.l.a.r",[]]', (("Content-Type", "application/json"),))
        fields = request.form
        for name, value in fields:
            if name == forms.BGRESPONSE:
                self.bgresponses.append(value)
            elif name == forms.TRUST_DEVICE:
                self.trusted.append(request.path)
            elif name in _COUNTED and value:
                counter: Counter[str] = getattr(self, _COUNTED[name])
                counter[value] += 1
        visit = self._visits.of(request)
        form = _posted(visit, request)
        visit.forms = ()
        clicked = form.clicked(fields)
        if form.leads_away or (clicked and clicked[0] == "accountrecovery"):
            raise Complaint("The form leads away from the sign-in.")
        given = dict(fields)
        if form.path.endswith("/challenge/skip") or clicked == ("action", "3"):
            return self._advance(visit, "selection")
        if given.get("subAction") == "startChallenge":
            return self._challenge(visit, visit.method)
        return self._answered(visit, given, clicked)

    def _answered(
        self, visit: Visit, given: Mapping[str, str], clicked: tuple[str, str] | None
    ) -> Response:
        """What follows when the form of the page was posted as it should be."""
        person = self.person
        match visit.stage:
            case "identifier":
                assert visit.ticket is not None
                scripted = given.get(forms.BGRESPONSE) == visit.ticket.proof
                address = given.get("identifier") or given.get("Email", "")
                return self._identified(visit, address, scripted=scripted)
            case "chooser":
                assert clicked is not None
                return self._identified(visit, clicked[1])
            case "captcha":
                read = given.get("ca") or given.get("identifier-captcha-input", "")
                right = self.pictures.verify(visit.captcha, read)
                return self._advance(visit, "password") if right else self._refuse(visit, "captcha")
            case "password":
                if given["Passwd"] != person.password:
                    return self._refuse(visit, "password")
                return self._authenticated(visit)
            case "selection":
                return self._chosen(visit, given)
            case "send":
                return self._send(visit, given["SendMethod"])
            case "number":
                if not is_number(given["phoneNumber"], given.get("countryCode", "GB")):
                    return self._refuse(visit, "number")
                if visit.method is methods.ANY_PHONE:
                    return self._send(visit, given["sendMethod"])
                return self._passed(visit)
            case "code":
                return self._coded(visit, given)
            case "prompt":
                return self._prompted(visit, given)
            case "key":
                return self._keyed(visit, given.get("id-assertion", ""))
            case "interstitial":
                self._dismissed = True
                return self._sign_in(visit)
            case "unheard-of":
                assert visit.ticket is not None
                if given[pages.SONG] != visit.ticket.proof:
                    raise Complaint("The script of the page did not answer it.")
                return self._advance(visit, "password")
            case "start" | "rejected" | "done":
                raise AssertionError(f"{visit.stage} has no form")
            case _ as never:
                assert_never(never)

    def _identified(self, visit: Visit, address: str, *, scripted: bool = False) -> Response:
        self.usernames[address] += 1
        visit.username = address.strip().lower()
        ticket = visit.ticket = Ticket.fresh(visit.resume, visit.username, self._clock())
        wary = visit.username == REJECTED or self._mfa == "rejected"
        if wary and not scripted:
            visit.stage, visit.location = "rejected", self._pages.rejected(ticket)
            return _redirect(visit.location)
        if visit.username == UNHEARD_OF or self._mfa == "unknown":
            visit.stage, visit.location = "unheard-of", self._pages.unheard_of(ticket)
            return _redirect(visit.location)
        if visit.username not in (self.person.username, REJECTED):
            return self._refuse(visit, "identifier")
        if self._mfa == "federated":
            visit.stage = "start"
            return Response(302, b"", (("Location", ELSEWHERE), _HTML))
        asked: Screen = "captcha" if "captcha" in self._mfa else "password"
        return self._advance(visit, asked, self._visits.renew(visit))

    def _authenticated(self, visit: Visit) -> Response:
        visit.authenticated = True
        match self._mfa:
            case "none" | "rejected" | "unknown":
                return self._sign_in(visit)
            case "selection":
                return self._advance(visit, "selection")
            case _:
                return self._challenge(visit, self._second)

    def _challenge(self, visit: Visit, method: Method) -> Response:
        """On to the first page of a second step."""
        visit.method = method
        match method.kind:
            case "pwd":
                return self._advance(visit, "password")
            case "ipp":
                return self._advance(visit, "send")
            case "kpp" | "iap":
                return self._advance(visit, "number")
            case "sk" | "pk":
                return self._advance(visit, "key")
            case "az" | "dp":
                visit.prompt = self.person.phone.ask(
                    seconds=self._prompt_seconds, numbered=self._mfa == "number"
                )
                return self._advance(visit, "prompt")
            case _:
                return self._advance(visit, "code")

    def _chosen(self, visit: Visit, given: Mapping[str, str]) -> Response:
        """On to what was picked from the menu; a code is sent at once where it says how."""
        assert visit.ticket is not None
        ident, means = given.get("challengeId", ""), given.get("SendMethod", "undefined")
        if "challenge" in given:
            ident, _, means = given["challenge"].partition(",")
        (method,) = (
            method
            for method in visit.ticket.methods
            if (str(method.ident), method.means or "undefined") == (ident, means)
        )
        if not method.usable:
            raise Complaint("A way was chosen that is marked as out of use.")
        if method.means is not None:
            visit.method = method
            return self._send(visit, method.means)
        return self._challenge(visit, method)

    def _send(self, visit: Visit, means: str) -> Response:
        self.person.phone.receive("VOICE" if means == "VOICE" else "SMS")
        return self._advance(visit, "code")

    def _coded(self, visit: Visit, given: Mapping[str, str]) -> Response:
        code = given.get("Pin") or given.get("pin", "")
        if "SendMethod" in given:
            if code:
                raise Complaint("A code came with SendMethod, which asks for another one.")
            return self._send(visit, given["SendMethod"])
        if not self.person.verify(visit.method, code):
            return self._refuse(visit, "code")
        return self._passed(visit)

    def _keyed(self, visit: Visit, answer: str) -> Response:
        assert visit.ticket is not None
        if not visit.ticket.credentials:
            return self._refuse(visit, "key")
        right = self.person.keys.verify(visit.ticket.nonce, answer)
        return self._passed(visit) if right else self._refuse(visit, "key")

    def _prompted(self, visit: Visit, given: Mapping[str, str]) -> Response:
        prompt, phone = visit.prompt, self.person.phone
        assert prompt is not None
        answer = phone.answer(prompt)
        if "token" in given:
            if given["token"] not in ("", prompt.token):
                raise Complaint("The token is not the one the poll host gave.")
            if not given["token"] or answer == "none":
                answer = "late"  # what Google says, too, of a form that proves nothing
        match answer:
            case "yes":
                return self._passed(visit)
            case "no":
                return self._refuse(visit, "prompt", pages.DENIED)
            case "late":
                return self._refuse(visit, "prompt", pages.LATE)
            case "none":
                phone.look(prompt)
                return self._refuse(visit, "prompt")
            case _ as never:
                assert_never(never)

    def _passed(self, visit: Visit) -> Response:
        """The second step is done."""
        if self._mfa == "interstitial" and not self._dismissed:
            return self._advance(visit, "interstitial")
        return self._sign_in(visit)

    def _advance(self, visit: Visit, screen: Screen, cookies: Headers = ()) -> Response:
        """On to a page: by a redirect where the family has one, else at once."""
        visit.stage = screen
        visit.ticket = self._ticket(visit, screen)
        location = self._pages.location(screen, visit.ticket)
        if location is None:
            return self._show(visit, screen, cookies=cookies)
        visit.location = location
        return _redirect(location, cookies)

    def _refuse(self, visit: Visit, screen: Screen, said: str = "") -> Response:
        """The same page again, with an error and with new state."""
        visit.stage = screen
        visit.ticket = self._ticket(visit, screen, said)
        return self._show(visit, screen, refused=True)

    def _ticket(self, visit: Visit, screen: Screen, said: str = "") -> Ticket:
        ticket = replace(
            Ticket.fresh(visit.resume, visit.username, self._clock()), method=visit.method
        )
        match screen:
            case "captcha":
                visit.captcha = self.pictures.issue()
                return replace(ticket, captcha=visit.captcha)
            case "selection":
                before = (methods.PASSWORD, methods.PASSKEY)
                keys = bool(self.person.keys.registered)
                after = methods.menu(self._family, self._second, keys=keys)
                return replace(ticket, methods=after if visit.authenticated else before)
            case "prompt":
                assert visit.prompt is not None
                return replace(
                    ticket,
                    number="" if said else visit.prompt.number,
                    markup=self._markup,
                    transaction=visit.prompt.transaction,
                    lifetime=self._prompt_seconds,
                    said=said,
                )
            case "key" if self.person.keys.registered:
                return replace(
                    ticket,
                    nonce=self.person.keys.challenge(),
                    credentials=tuple(key.credential for key in self.person.keys.registered),
                    lifetime=self._prompt_seconds,
                )
            case "code" if self._mfa == "admin" and visit.method is self._second:
                return replace(ticket, said=pages.DEMAND)
            case _:
                return ticket

    def _show(
        self, visit: Visit, screen: Screen, *, refused: bool = False, cookies: Headers = ()
    ) -> Response:
        assert visit.ticket is not None
        html = self._pages.page(screen, visit.ticket, refused=refused)
        visit.forms = forms.read(html, ANSWERS[screen])
        return _page(html, cookies)

    def _sign_in(self, visit: Visit) -> Response:
        visit.stage = "done"
        visit.location = visit.resume.removeprefix(f"https://{HOST}")
        return _redirect(visit.location, self._visits.sign_in(visit))

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


def _pages(family: Family, captured: Path | None) -> Pages:
    """The family's pages; those of ``captured`` in place of ours where they are of that family."""
    match family:
        case "g1":
            return G1()
        case "g2":
            return Captures(G2(), captured) if captured else G2()
        case "v3":
            return Captures(V3(), captured) if captured else V3()
        case _ as never:
            assert_never(never)


def _posted(visit: Visit, request: Request) -> forms.Form:
    """The form of the page that came back. Raises Complaint when none came back as it should."""
    if not visit.forms:
        raise Complaint("No page with a form is open; a form can be posted once.")
    candidates = [form for form in visit.forms if form.action == request.target]
    if not candidates:
        paths = list(dict.fromkeys(form.path for form in visit.forms if not form.leads_away))
        if request.path in paths:
            raise Complaint("The query of the action did not come back as the page had it.")
        raise Complaint(
            f"The form of the page is posted to {paths[0]}."
            if len(paths) == 1
            else f"The forms of the page are posted to {', '.join(paths)}."
        )
    if request.headers.get_content_type() != _FORM:
        raise Complaint(f"The Content-Type is not {_FORM}.")
    fields = request.form
    # Forms that are posted to the same place differ in their fields: the one that fits is meant.
    complaints, form = min(
        ((list(form.complaints(fields)), form) for form in candidates), key=lambda it: len(it[0])
    )
    if complaints:
        raise Complaint(*complaints)
    return form


def _parameter(url: str, name: str) -> str:
    return parse_qs(urlsplit(url).query)[name][0]


def _page(html: str, cookies: Headers = (), *, status: int = 200) -> Response:
    headers = (_HTML, ("Cache-Control", "no-cache, no-store"), *cookies)
    return Response(status, html.encode(), headers)


def _redirect(location: str, cookies: Headers = ()) -> Response:
    body = b"<html><body>Moved for the moment.</body></html>"
    return Response(302, body, (("Location", f"https://{HOST}{location}"), _HTML, *cookies))
