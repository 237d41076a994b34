"""Who is visiting: told by the address of the transaction, and by cookies once signed in."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from typing import Literal

from samlauth.sandbox.adfs.adapters import Adapter
from samlauth.sandbox.adfs.forms import Form
from samlauth.sandbox.phone import Prompt
from samlauth.sandbox.web import Request

REQUEST_ID = "client-request-id"
"""The parameter that names the transaction in each address."""

Stage = Literal[
    "realms", "username", "login", "choice", "opening", "code", "next", "push", "held", "menu",
    "certificate", "duo", "nowhere",
]  # fmt: skip
"""The page that is open; ``nowhere`` for one that nothing follows."""
Headers = tuple[tuple[str, str], ...]


class Complaint(Exception):
    """Something no browser following the pages would have sent."""

    def __init__(self, *sentences: str, shown: str = "") -> None:
        super().__init__(*sentences)
        self.sentences = sentences
        self.shown = shown
        """What ADFS itself says to it; empty where it says nothing of its own."""


@dataclass
class Session:
    """Somebody whose password was right."""

    username: str
    keeps: bool
    """Whether the cookies outlive the browser."""
    cookies: dict[str, str] = field(default_factory=dict)
    passed: bool = False
    """Whether the second factor was right, too."""
    tokens: list[float] = field(default_factory=list)
    """When each token was handed out (seconds, Unix)."""


@dataclass
class Visit:
    """One transaction: a way through the pages."""

    target: str
    """The path and query that go on with it."""
    stage: Stage = "nowhere"
    forms: tuple[Form, ...] = ()
    """The forms of which one may be posted; taken away when it was."""
    username: str = ""
    session: Session | None = None
    adapter: Adapter | None = None
    prompt: Prompt | None = None
    context: str = ""


class Visits:
    """Every visit by its id, every session by its cookies."""

    def __init__(self) -> None:
        self.handed_out: list[str] = []
        """The value of every cookie, in order."""
        self._known: set[tuple[str, str]] = set()
        self._visits: dict[str, Visit] = {}
        self._sessions: dict[str, Session] = {}

    def begin(self, path: str, query: str) -> Visit:
        """A new visit; path and query of the entry without an id."""
        ident = str(uuid.uuid4())
        visit = Visit(f"{path}?{query}&{REQUEST_ID}={ident}")
        self._visits[ident] = visit
        return visit

    def of(self, request: Request) -> Visit:
        """The visit that the address names. Raises Complaint."""
        visit = self._visits.get(dict(request.query).get(REQUEST_ID, ""))
        if visit is None or visit.target != request.target:
            raise Complaint("No page led to this address.")
        return visit

    def session(self, request: Request) -> Session | None:
        """Whose cookies these are; None for nobody's. Raises Complaint for strange cookies."""
        strange = [name for name, value in request.cookies if (name, value) not in self._known]
        if strange:
            raise Complaint(*(f"The cookie {name} was never set so." for name in strange))
        cookies = dict(request.cookies)
        session = self._sessions.get(cookies.get("MSISAuth", ""))
        if session is None or any(
            cookies.get(name) != value for name, value in session.cookies.items()
        ):
            return None
        return session

    def sign_in(self, username: str, *, keeps: bool, domain: str = "") -> tuple[Session, Headers]:
        """A new session, and the headers that set its cookie; ``domain`` to set it for."""
        session = Session(username, keeps)
        headers = self.add(session, "MSISAuth", domain)
        self._sessions[session.cookies["MSISAuth"]] = session
        return session, headers

    def add(self, session: Session, name: str, domain: str = "") -> Headers:
        """One more cookie that has to come with the session's others."""
        session.cookies[name] = secrets.token_urlsafe(60) + "=="
        return self.cookie(name, session.cookies[name], keeps=session.keeps, domain=domain)

    def cookie(self, name: str, value: str, *, keeps: bool = False, domain: str = "") -> Headers:
        """The header that sets a cookie."""
        self.handed_out.append(value)
        self._known.add((name, value))
        life = "; Max-Age=86400" if keeps else ""
        where = f"; Domain={domain}" if domain else ""
        return (("Set-Cookie", f"{name}={value}; Path=/adfs{where}; HttpOnly; Secure{life}"),)
