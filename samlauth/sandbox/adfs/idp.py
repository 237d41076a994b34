"""The identity provider: which page follows which, and what a browser would never have sent.

A request that no browser following our pages could have made is answered with ADFS's error page
and kept, as a sentence, in :attr:`ADFS.violations`. Passwords and codes are counted in every
request they come in, right or wrong.
"""

from __future__ import annotations

import base64
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never
from urllib.parse import urlsplit

from samlauth.sandbox.adfs import duo, forms, pages
from samlauth.sandbox.adfs.adapters import (
    ADAPTERS,
    CHOICE,
    CODE_FIELDS,
    MENU,
    Adapter,
    Mfa,
)
from samlauth.sandbox.adfs.pages import Ticket
from samlauth.sandbox.adfs.person import Person
from samlauth.sandbox.adfs.visits import (
    REQUEST_ID,
    Complaint,
    Headers,
    Session,
    Stage,
    Visit,
    Visits,
)
from samlauth.sandbox.assertions import ACS, Signer, Statement
from samlauth.sandbox.phone import Answer, Prompt
from samlauth.sandbox.web import Request, Response

HOST = "adfs.example.com"
CERTIFICATES = f"certauth.{HOST}"
"""The host that asks for a client certificate before anything else."""
RELYING_PARTY = "urn:amazon:webservices"
ELSEWHERE = "https://sts.partner.example.net/adfs/ls/?wa=wsignin1.0&wtrealm=rehearsal"
"""Where people are sent whom another claims provider signs in."""
ASTRAY = f"https://{HOST}.evil.example/adfs/ls/"
"""Where a page wants the password that somebody tampered with."""
TOKENS, SECONDS = 5, 20
"""More tokens than this within so many seconds are a loop (ADFS's own defaults)."""

_ENTRY = re.compile(r"/adfs/ls/idpinitiatedsignon(\.aspx|\.htm)?", re.IGNORECASE)
_INTEGRATED = "/adfs/ls/wia"
_PASSWORD_CHANGE = "/adfs/portal/updatepassword/"  # noqa: S105 - a path
_INTEGRATES = re.compile(
    r"MSAuthHost/1\.0/In-Domain|MSIE (6|7|8|9|10)\.0|Trident/7\.0|MSIPC|"
    r"Windows Rights Management Client|Windows\s*NT.*Edge"
)
"""The User-Agents whose Windows is trusted to prove who the person is (2016's list)."""
_HTML = ("Content-Type", "text/html; charset=utf-8")
_FORM = "application/x-www-form-urlencoded"
_SERVICES = {
    "9a1f0f3e-0b7c-e911-a95e-000d3a1f1f1f": "Payroll",
    "b6a1a0a4-0b7c-e911-a95e-000d3a1f1f1f": "Travel & expenses",
}
_PASSWORD_FIELDS = frozenset({"Password", "ctl00$ContentPlaceHolder1$PasswordTextBox"})
_NAME_FIELDS = ("UserName", "ctl00$ContentPlaceHolder1$UsernameTextBox")


class ADFS:
    """The application behind ``adfs.example.com`` and its host for certificates.

    ``mfa`` is what every sign-in comes across; ``relying_party`` the name AWS has here;
    ``prompt_seconds`` how long the telephone can be answered.
    """

    def __init__(
        self,
        person: Person,
        *,
        roles: tuple[str, ...],
        signer: Signer,
        mfa: Mfa = "none",
        relying_party: str = RELYING_PARTY,
        prompt_seconds: float = 60,
        session_duration: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.person = person
        self.mfa: Mfa = mfa
        self.roles = roles
        """Values of the assertion's Role attribute."""
        self.relying_party = relying_party
        self.session_duration = session_duration
        self.violations: list[str] = []
        self.usernames: Counter[str] = Counter()
        """How often each user name was posted with a password."""
        self.passwords: Counter[str] = Counter()
        """How often each password was posted, right or wrong."""
        self.codes: Counter[str] = Counter()
        """The same of codes."""
        self.kept = 0
        """How often somebody asked to stay signed in."""
        self.assertions = 0
        """How many SAML responses were handed out."""
        self.duo = duo.Duo(self.violations)
        self._signer = signer
        self._prompt_seconds = prompt_seconds
        self._clock = clock
        self._visits = Visits()
        self._lock = threading.Lock()

    @property
    def issuer(self) -> str:
        """The assertion's Issuer."""
        return f"http://{HOST}/adfs/services/trust"

    @property
    def handed_out(self) -> list[str]:
        """The value of every cookie that was set, in order."""
        return self._visits.handed_out

    def code(self) -> str:
        """A code that would be accepted now. Raises IndexError when none was sent that was to be."""
        by_message = self.mfa == "azure-sms" or (
            self.mfa == "azure-choice" and self.person.phone.messages
        )
        return self.person.phone.code if by_message else self.person.authenticator.code()

    def __call__(self, request: Request) -> Response:
        """Answers one request; the answer of an adapter that holds it back may take its time."""
        with self._lock:
            answered = self._guarded(request)
        if isinstance(answered, Response):
            return answered
        assert answered.prompt is not None
        answer = self.person.phone.wait(answered.prompt, self._prompt_seconds)
        with self._lock:
            return self._held(answered, answer)

    def _guarded(self, request: Request) -> Response | Visit:
        """The response, or the visit whose response is held back."""
        try:
            host = request.host.removesuffix(":443").lower()
            if host not in {HOST, CERTIFICATES}:
                raise Complaint(f"The Host header names {request.host}.")
            if request.method == "POST":
                return self._post(request, host)
            if host == CERTIFICATES:
                raise Complaint("No page led to this address.")
            return self._get(request)
        except Complaint as complaint:
            where = f"{request.method} {request.path}"
            self.violations += [f"{where}: {sentence}" for sentence in complaint.sentences]
            return _failure(complaint.shown or " ".join(complaint.sentences), 400)

    def _get(self, request: Request) -> Response:
        if request.path in {"/favicon.ico", "/adfs/portal/logo/logo.png"}:
            return Response(404)
        if request.path == _INTEGRATED:
            schemes = (("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM"))
            return Response(401, b"", (*schemes, _HTML))
        if request.path == _PASSWORD_CHANGE:
            visit = self._visits.of(request)
            ticket = self._ticket(visit)
            return self._open(visit, pages.update_password(ticket), "nowhere")
        if not _ENTRY.fullmatch(request.path):
            raise Complaint("No page led to this address.")
        given = Counter(name for name, _ in request.query)
        strange = given.keys() - {"loginToRp", "RedirectToIdentityProvider", REQUEST_ID}
        if strange or given.total() > len(given):
            raise Complaint("The entry address has parameters that are strange or there twice.")
        session = self._visits.session(request)
        if REQUEST_ID in given:
            visit = self._visits.of(request)
            if visit.session is None or session is not visit.session:
                raise Complaint("The page was asked for again without the cookies of its session.")
            return self._authenticated(visit, request)
        return self._entry(request, session)

    def _entry(self, request: Request, session: Session | None) -> Response:
        agent = request.headers.get("User-Agent", "")
        query = request.target.partition("?")[2]
        fields = dict(request.query)
        if self.mfa == "kerberos" or _INTEGRATES.search(agent):
            return Response(302, b"", (("Location", f"{_INTEGRATED}?{query}"), _HTML))
        if self.mfa == "disabled":
            return _failure(pages.DISABLED, 200)
        visit = self._visits.begin(request.path.removesuffix(".aspx"), query)
        if self.mfa == "landing" or "loginToRp" not in fields:
            return self._open(visit, pages.landing(self._ticket(visit), _SERVICES), "nowhere")
        if self.mfa == "unknown-rp" or fields["loginToRp"] != self.relying_party:
            return _failure(pages.UNKNOWN_RP, 200)
        if session is not None:
            visit.session, visit.username = session, session.username
            # An adapter's page is posted to its own address, so that has to name the visit.
            return self._finish(session, request) if session.passed else _redirect(visit.target)
        realm = fields.get("RedirectToIdentityProvider")
        if realm is not None:
            return self._to_realm(visit, realm)
        if self.mfa == "hrd":
            return self._open(visit, pages.home_realms(self._ticket(visit)), "realms")
        return self._login(visit)

    def _to_realm(self, visit: Visit, realm: str) -> Response:
        if realm not in pages.REALMS:
            return _failure(pages.UNKNOWN_REALM, 200)
        if realm != "AD AUTHORITY":
            return Response(302, b"", (("Location", ELSEWHERE), _HTML))
        return self._login(visit)

    def _login(self, visit: Visit, error: str = "") -> Response:
        ticket = self._ticket(visit, error)
        match self.mfa:
            case "adfs2":
                return self._open(visit, pages.login_of_2_0(ticket), "login")
            case "paginated":
                return self._open(visit, pages.paginated(ticket, both=True), "login")
            case "paginated-two" if not visit.username:
                return self._open(visit, pages.paginated(ticket, both=False), "username")
            case "paginated-two":
                return self._open(visit, pages.password_only(ticket), "login")
            case "truncated":
                whole = pages.login(ticket)
                return self._open(visit, whole[: whole.index('id="loginForm"')], "nowhere")
            case "astray":
                return self._open(visit, pages.login(replace(ticket, action=ASTRAY)), "nowhere")
            case _:
                page = pages.login(ticket, certificates=self.mfa == "certificate")
                return self._open(visit, page, "login")

    def _post(self, request: Request, host: str) -> Response | Visit:
        fields = request.form
        for name, value in fields:
            if value and name in _PASSWORD_FIELDS:
                self.passwords[value] += 1
            elif value and name in CODE_FIELDS:
                self.codes[value] += 1
        for name, times in Counter(name for name, _ in fields).items():
            if times > 1:
                raise Complaint(
                    f"The field {name} was posted {times} times.",
                    shown=pages.DUPLICATE.format(name),
                )
        visit = self._visits.of(request)
        self._visits.session(request)
        if visit.context and "Context" in dict(fields) and dict(fields)["Context"] != visit.context:
            raise Complaint(
                "The field Context did not come back as the page had it.",
                shown=pages.WRONG_CONTEXT,
            )
        if visit.stage == "duo" and "duo_code" in dict(fields):
            return self._from_duo(visit, fields)
        form = _posted(visit, request, host)
        visit.forms = ()
        return self._answered(visit, form, dict(fields))

    def _answered(self, visit: Visit, form: forms.Form, given: dict[str, str]) -> Response | Visit:
        """What follows when a form of the page was posted as it should be."""
        if form.ident == "options":
            return self._chosen(visit, given["AuthMethod"])
        adapter = visit.adapter
        match visit.stage:
            case "realms":
                return self._to_realm(visit, given["HomeRealmSelection"])
            case "username":
                visit.username = given["UserName"]
                return self._login(visit)
            case "login":
                return self._signed_in(visit, given)
            case "nowhere" | "choice" | "duo":
                raise Complaint("The page is the end of the way; its form leads elsewhere.")
            case _:
                assert adapter is not None
        match visit.stage:
            case "opening":
                return self._opened(visit, adapter)
            case "menu":
                return self._picked(visit, given["__EVENTTARGET"])
            case "code":
                if not self._verify(adapter, given[adapter.field]):
                    return self._code(visit, pages.WRONG_CODE)
                if adapter.proof == "next":
                    return self._next(visit)
                return self._passed(visit)
            case "next":
                right = self.person.authenticator.verify(given["NextCode"])
                return self._passed(visit) if right else self._code(visit, pages.WRONG_CODE)
            case "push":
                assert visit.prompt is not None
                return self._pushed(visit, adapter, visit.prompt)
            case "held":
                visit.prompt = self._ask(numbered=False)
                return visit
            case "certificate":
                return self._passed(visit, domain=HOST)
            case _ as never:
                assert_never(never)

    def _signed_in(self, visit: Visit, given: dict[str, str]) -> Response:
        name = next(given[field] for field in _NAME_FIELDS if field in given)
        password = next(given[field] for field in _PASSWORD_FIELDS if field in given)
        self.usernames[name] += 1
        visit.username = name
        if not re.search(r"[\\@]", name):
            return self._login(visit, pages.NAME_FORMAT)
        if not self.person.is_called(name) or password != self.person.password:
            return self._login(visit, pages.WRONG_PASSWORD)
        if self.mfa == "expired":
            query = visit.target.partition("?")[2]
            visit.target = f"{_PASSWORD_CHANGE}?{query}"
            return _redirect(visit.target)
        self.kept += "Kmsi" in given
        visit.session, cookies = self._visits.sign_in(self.person.username, keeps="Kmsi" in given)
        return _redirect(visit.target, cookies)

    def _authenticated(self, visit: Visit, request: Request) -> Response:
        """The password was right, in this visit or in one before: what else is needed?"""
        assert visit.session is not None
        adapter = ADAPTERS.get(self.mfa)
        if visit.session.passed:
            return self._finish(visit.session, request)
        if self.mfa == "choice":
            return self._open(visit, pages.choice(self._ticket(visit)), "choice")
        if self.mfa == "duo":
            ticket = self._ticket(visit)
            self.duo.handed[ticket.context] = duo.Handed(ticket.action)
            return self._open(visit, pages.to_duo(ticket), "duo")
        if adapter is None:
            visit.session.passed = True
            return self._finish(visit.session, request)
        return self._challenge(visit, adapter)

    def _from_duo(self, visit: Visit, fields: list[tuple[str, str]]) -> Response:
        if not self.duo.passed(fields) or dict(fields)["context"] != visit.context:
            raise Complaint("What Duo's page sends back is not what its script makes of it.")
        return self._passed(visit)

    def _chosen(self, visit: Visit, auth_method: str) -> Response:
        """A link of the list of other ways was followed."""
        if visit.stage == "choice":
            return self._challenge(visit, CHOICE[auth_method][0])
        visit.username = self.person.username  # as the certificate will say
        return self._challenge(visit, ADAPTERS["certificate"])

    def _challenge(self, visit: Visit, adapter: Adapter) -> Response:
        """The first page of an adapter."""
        visit.adapter = adapter
        if adapter.opens:
            page = pages.opening(self._ticket(visit, context=True), adapter)
            return self._open(visit, page, "opening")
        if adapter.proof == "tap":
            page = pages.held_back(self._ticket(visit, context=True), adapter)
            return self._open(visit, page, "held")
        if adapter.proof == "certificate":
            action = f"https://{CERTIFICATES}:443{visit.target}"
            page = pages.certificate(self._ticket(visit, context=True), adapter, action)
            return self._open(visit, page, "certificate", f"https://{CERTIFICATES}{visit.target}")
        return self._code(visit)

    def _opened(self, visit: Visit, adapter: Adapter) -> Response:
        """The page of an adapter that opens with another one."""
        visit.adapter = adapter
        match adapter.proof:
            case "menu":
                return self._open(
                    visit, pages.menu(self._ticket(visit, context=True), adapter), "menu"
                )
            case "number":
                visit.prompt = self._ask(numbered=True)
                return self._push(visit, adapter)
            case "message":
                self.person.phone.receive("SMS")
                return self._code(visit)
            case _:
                return self._code(visit)

    def _picked(self, visit: Visit, event: str) -> Response:
        if event not in MENU:
            raise Complaint("None of the ways was picked.")
        return self._opened(visit, MENU[event][0])

    def _code(self, visit: Visit, error: str = "") -> Response:
        assert visit.adapter is not None
        ticket = self._ticket(visit, error, context=True)
        return self._open(visit, pages.code(ticket, visit.adapter), "code")

    def _next(self, visit: Visit) -> Response:
        assert visit.adapter is not None
        ticket = self._ticket(visit, pages.NEXT_CODE, context=True)
        return self._open(visit, pages.code(ticket, visit.adapter, field="NextCode"), "next")

    def _verify(self, adapter: Adapter, code: str) -> bool:
        digits = code.replace(" ", "")
        if adapter.proof == "message":
            return self.person.phone.verify(digits)
        return self.person.authenticator.verify(digits)

    def _ask(self, *, numbered: bool) -> Prompt:
        return self.person.phone.ask(seconds=self._prompt_seconds, numbered=numbered)

    def _push(self, visit: Visit, adapter: Adapter, error: str = "") -> Response:
        assert visit.prompt is not None
        ticket = replace(
            self._ticket(visit, error, context=True), number="" if error else visit.prompt.number
        )
        return self._open(visit, pages.push(ticket, adapter), "push")

    def _pushed(self, visit: Visit, adapter: Adapter, prompt: Prompt) -> Response:
        match self.person.phone.answer(prompt):
            case "yes":
                return self._passed(visit)
            case "no":
                return self._push(visit, adapter, pages.DENIED)
            case "late":
                return self._push(visit, adapter, pages.LATE)
            case "none":
                self.person.phone.look(prompt)
                return self._push(visit, adapter)
            case _ as never:
                assert_never(never)

    def _held(self, visit: Visit, answer: Answer) -> Response:
        """The answer that was held back."""
        adapter = visit.adapter
        assert adapter is not None
        if answer == "yes":
            return self._passed(visit)
        denied = answer == "no"
        if adapter is ADAPTERS["silverfort"]:
            text = pages.DENIED_IN_TEXT if denied else pages.LATE_IN_TEXT
            return self._open(visit, pages.said_no(self._ticket(visit), text), "nowhere")
        ticket = self._ticket(visit, pages.DENIED if denied else pages.LATE, context=True)
        return self._open(visit, pages.held_back(ticket, adapter), "held")

    def _passed(self, visit: Visit, domain: str = "") -> Response:
        """The second factor was right, or the certificate in the place of both."""
        cookies: Headers = ()
        if visit.session is None:
            visit.session, cookies = self._visits.sign_in(
                self.person.username, keeps=False, domain=domain
            )
        visit.session.passed = True
        cookies += self._visits.add(visit.session, "MSISAuth1", domain)
        return _redirect(visit.target, cookies)

    def _finish(self, session: Session, request: Request) -> Response:
        if self.mfa == "refused-rp":
            return _failure(pages.REFUSED_RP, 200)
        now = self._clock()
        session.tokens = [moment for moment in session.tokens if moment > now - SECONDS] + [now]
        if len(session.tokens) > TOKENS and "MSISLoopDetectionCookie" in dict(request.cookies):
            return _failure(pages.LOOP.format(len(session.tokens), SECONDS), 200)
        moment = datetime.fromtimestamp(now, UTC)
        count = f"{moment:%Y-%m-%d:%H:%M:%S}Z\\{len(session.tokens)}"
        cookies = (
            *self._visits.cookie("MSISAuthenticated", _base64(f"{moment:%m/%d/%Y %H:%M:%S}")),
            *self._visits.cookie("MSISLoopDetectionCookie", _base64(count)),
        )
        if self.mfa == "wsfed":
            url = "https://payroll.example.com/signin-wsfed"
            return _page(pages.ws_fed_post(url, "<t:RequestSecurityTokenResponse/>"), cookies)
        response = ""
        if self.mfa != "empty":
            self.assertions += 1
            response = self._signer.sign(
                Statement(
                    issuer=self.issuer,
                    subject=session.username,
                    roles=self.roles,
                    issued=moment,
                    role_session_name=session.username,
                    session_duration=self.session_duration,
                    audience=RELYING_PARTY,
                )
            )
        acs = urlsplit(ACS)
        return _page(pages.saml_post(f"https://{acs.hostname}:443{acs.path}", response), cookies)

    def _ticket(self, visit: Visit, error: str = "", *, context: bool = False) -> Ticket:
        visit.context = Ticket.fresh_context() if context or self.mfa == "duo" else ""
        return Ticket(
            action=f"https://{HOST}:443{visit.target}",
            username=visit.username,
            context=visit.context,
            error=error,
        )

    def _open(self, visit: Visit, html: str, stage: Stage, url: str | None = None) -> Response:
        """Show a page whose forms may be posted."""
        visit.stage = stage
        visit.forms = forms.read(html, url or f"https://{HOST}{visit.target}")
        return _page(html)


def _posted(visit: Visit, request: Request, host: str) -> forms.Form:
    """The form of the page that came back. Raises Complaint when none came back as it should."""
    if not visit.forms:
        raise Complaint("No page with a form is open; a form can be posted once.")
    if request.headers.get_content_type() != _FORM:
        raise Complaint(f"The Content-Type is not {_FORM}.")
    candidates = [
        form for form in visit.forms if (form.host, form.target) == (host, request.target)
    ]
    if not candidates:
        raise Complaint("The forms of the page are posted elsewhere.")
    # Forms that are posted to the same place differ in their fields: the one that fits is meant.
    complaints, form = min(
        ((list(form.complaints(request.form)), form) for form in candidates),
        key=lambda it: len(it[0]),
    )
    if complaints:
        raise Complaint(*complaints)
    return form


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _page(html: str, cookies: Headers = (), *, status: int = 200) -> Response:
    headers = (_HTML, ("Cache-Control", "no-cache,no-store"), ("Pragma", "no-cache"), *cookies)
    return Response(status, html.encode(), headers)


def _failure(text: str, status: int) -> Response:
    return _page(pages.failure(text, str(uuid.uuid4())), status=status)


def _redirect(target: str, cookies: Headers = ()) -> Response:
    location = ("Location", f"https://{HOST}:443{target}")
    return Response(302, b"", (location, _HTML, *cookies))
