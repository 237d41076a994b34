"""Requests to the identity provider: what is sent where, and what comes back as a Page.

Redirects are followed by hand, each one checked against the request's reach; a body is sent once,
to one place; the answer is bounded in time and size, and so is the time of a run's answers together.
Cookies live as long as the run, in a jar for
each site that is signed in to: none of one is ever sent to another.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import field, replace
from email.utils import formatdate
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urldefrag, urlencode, urlsplit

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from samlauth import __version__
from samlauth.effects.answers import SAME_AGAIN, Answer, TooLarge, answer_of, content_of
from samlauth.effects.connections import Connections, Exchange, Manner
from samlauth.effects.cookies import Cookie, put, taken
from samlauth.effects.early import Early
from samlauth.effects.faults import is_certificate_refused, is_final
from samlauth.effects.requested import HTTPAdapter, requests
from samlauth.effects.retries import BUSY, Failure, Kind, pause
from samlauth.effects.trust import client_certificate as named
from samlauth.errors import NetworkError, UnsafePage
from samlauth.flow import Page, Request
from samlauth.printable import safe
from samlauth.reach import IN_A_BROWSER, Carrying, Origin, Reach, origin_of
from samlauth.values import dataclass

log = logging.getLogger("samlauth.http")

_HEADERS = {
    "User-Agent": f"samlauth/{__version__}",
    "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
    "Accept-Encoding": "gzip, deflate",
}
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


@dataclass(frozen=True)
class Limits:
    """How long and how large an exchange may be. Seconds and bytes."""

    connect: float = 10
    read: float = 30
    """Between two pieces of an answer."""
    total: float = 90
    """For one :meth:`Http.send`, with its redirects and retries."""
    run: float = 120
    """For all of them together and what is counted besides, but those that were given a time of their
    own."""
    idle: float = 60
    """A connection unused for longer is not used again."""
    size: int = 5_000_000
    """Of an answer, decompressed."""
    binary: int = 1_000_000
    """The same of an answer that is no text."""
    json: int = 100_000
    """The same of an answer to JSON."""
    redirects: int = 10


LIMITS = Limits()


@dataclass(frozen=True)
class _Body:
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class _Fault:
    error: NetworkError
    failure: Failure


class Http:
    """The network as a login sees it: requests in, pages out.

    ``hide`` is told each cookie and each form value of a request that carries answers or the
    password, and each token made of a ticket, before it is sent. ``client_certificate`` is the path
    of a certificate in PEM form and that of its key, None where the same file holds both; it is
    shown to the reach's post_origins that ask for one and to nobody else. ``early`` has connections
    that were begun with the same environment and bundle. ``clock`` is monotonic;
    ``sleep`` and ``chance`` (0 to 1) pause between tries. Safe to use from threads. Raises
    SettingsError for a CA bundle or client certificate of no use.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        ca_bundle: str | None = None,
        *,
        hide: Callable[[str], None],
        client_certificate: tuple[str, str | None] | None = None,
        early: Early | None = None,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        certificate = named(*client_certificate) if client_certificate else None
        self.connections = Connections(environ, ca_bundle, certificate, early)
        self._certified = certificate is not None
        self._hide = hide
        self.limits = limits
        """May be changed between two requests."""
        self.clock = clock
        """Seconds."""
        self._sleep = sleep
        self._chance = chance
        self._sessions: dict[tuple[Origin, Manner], _Session] = {}
        """By the origin of the password, which has one jar of cookies for all manners."""
        self._used_at: dict[str, float] = {}
        """When each host was asked last."""
        self._lock = threading.Lock()
        self._left = limits.run

    def send(self, request: Request) -> Page:
        """The page that answers ``request``, after the redirects within its reach.

        A redirect that leaves the reach is not followed; it is the page's ``elsewhere``. Raises
        UnsafePage, nothing sent, for a URL the request may not go to, and for a redirect that asks
        for a body to be sent again; NetworkError when there is no answer, or only that of a server
        or proxy too busy (429, 502, 503, 504).
        """
        assert request.reach is not None, "a request without a reach is never sent"
        assert not request.negotiate or (request.form is None and request.json is None), "a GET"
        limits = self.limits
        if request.binary or request.json is not None:
            limits = replace(limits, size=limits.binary if request.binary else limits.json)
        if request.seconds is not None:
            limits = replace(limits, read=request.seconds, total=request.seconds)
            return self._followed(request, request.reach, limits, self.clock() + limits.total)
        with self.counted() as until:
            limits = replace(limits, total=min(limits.total, until - self.clock()))
            return self._followed(request, request.reach, limits, self.clock() + limits.total)

    @contextmanager
    def counted(self) -> Iterator[float]:
        """Count the time that a block takes to the run's; until when, by the clock, there is any."""
        started = self.clock()
        with self._lock:
            until = started + self._left
        try:
            yield until
        finally:
            with self._lock:
                self._left -= self.clock() - started

    def no_time_for(self, url: str) -> NetworkError:
        """What to raise instead of asking once the run's time is over."""
        return NetworkError(
            f"This sign-in has waited for answers for {self.limits.run:.0f} seconds, "
            f"which is too long; {_host(url)} was not asked any more.",
            hint="The network or the identity provider is slow: run the command again when "
            "it is faster.",
        )

    def _followed(self, request: Request, reach: Reach, limits: Limits, until: float) -> Page:
        url, body, carrying = request.url, self._body_of(request), request.carrying
        kind: Kind = "get" if body is None else "post"
        for _ in range(limits.redirects + 1):
            reach.check(url, carrying)
            if limits.total <= 0:
                raise self.no_time_for(url)
            manner = _manner(reach, url, request)
            session = self._session(reach.password_origin, manner)
            prepared = _prepared(session, url, body, request.referer)
            answer = self._answer(session, prepared, kind, carrying, limits, until)
            match manner:
                case "proving":
                    answer = self._prove(answer, session, prepared, limits, until)
                case "certified" if answer.status == HTTPStatus.FORBIDDEN:
                    answer = replace(answer, note=_forbidden(url, shown=self._certified))
                case _:
                    pass
            if answer.location is None:
                return _page(answer, request)
            if body is not None and answer.status in SAME_AGAIN:
                raise UnsafePage(
                    f"{_host(url)} wanted your answer sent once more, to {_host(answer.location)}. "
                    "It was not.",
                    hint="Sign in with your browser; if it works there, tell your administrator.",
                )
            if not reach.allows(answer.location):
                return Page(answer.url, answer.status, "", elsewhere=answer.location)
            kind = "get" if body is None and kind == "get" else "redirected"
            url, body, carrying = answer.location, None, "nothing"
        raise NetworkError(
            f"{_host(request.url)} redirected more than {limits.redirects} times.",
            hint="Run the command again; if this stays so, see whether your browser can sign in.",
        )

    def cookies(self, origin: Origin) -> tuple[Cookie, ...]:
        """Those of the sign-in whose password belongs to ``origin``, as they are now."""
        return taken(self._session(origin, "plain").cookies)

    def give(self, origin: Origin, cookies: Iterable[Cookie]) -> None:
        """Begin that sign-in with these."""
        cookies = tuple(cookies)
        for cookie in cookies:
            self._hide(cookie.value)
        put(self._session(origin, "plain").cookies, cookies)

    def close(self) -> None:
        """Close every connection, forget the cookies, and count the time of a run from anew."""
        while self._sessions:
            self._sessions.popitem()[1].close()
        self.connections.close()
        self.begin()

    def begin(self) -> None:
        """Count the time of a run from anew."""
        with self._lock:
            self._left = self.limits.run

    def _session(self, origin: Origin, manner: Manner) -> _Session:
        if (origin, manner) not in self._sessions:
            session = _Session(self.connections, manner)
            if manner != "plain":
                session.cookies = self._session(origin, "plain").cookies
            self._sessions[origin, manner] = session
        return self._sessions[origin, manner]

    def _body_of(self, request: Request) -> _Body | None:
        if request.form is not None:
            if request.carrying != "nothing":
                for _, value in request.form:
                    self._hide(value)
            return _Body(_FORM, urlencode(request.form).encode("ascii"))
        return None if request.json is None else _Body(_JSON, request.json.encode())

    def _answer(
        self,
        session: _Session,
        prepared: requests.PreparedRequest,
        kind: Kind,
        carrying: Carrying,
        limits: Limits,
        until: float,
    ) -> Answer:
        tries = 1
        while isinstance(outcome := self._once(session, prepared, limits, until), _Fault):
            left = until - self.clock()
            wait = pause(kind, tries, outcome.failure, left=left, chance=self._chance)
            if wait is None:
                break
            self._sleep(wait)
            tries += 1
        if isinstance(outcome, Answer):
            return outcome
        if kind == "post" and carrying != "nothing" and outcome.failure.seen:
            raise NetworkError(
                f"{outcome.error.message} Your answer had been sent: it may have counted as an "
                "attempt.",
                hint=f"samlauth does not send it again by itself. {outcome.error.hint}",
            )
        # Not raised where it was caught: an exception keeps its context, and the library's quotes
        # the URL.
        raise outcome.error

    def _prove(
        self,
        answer: Answer,
        session: _Session,
        prepared: requests.PreparedRequest,
        limits: Limits,
        until: float,
    ) -> Answer:
        """Answer a 401 by the person's ticket; the note of one that is left says why it is."""
        token = answer.token()
        if answer.status != HTTPStatus.UNAUTHORIZED or token is None:
            return answer
        from samlauth.effects import kerberos

        host = origin_of(answer.url).host
        note = kerberos.refused(host)
        try:
            proof = kerberos.Proof(host, answer.certificate)
            for _ in range(kerberos.LEGS):
                value = proof.answer(token)
                if value is None:
                    break
                self._hide(value.partition(" ")[2])
                prepared.headers["Authorization"] = value
                # Never tried twice: a host takes a second one like it for a stolen copy.
                outcome = self._once(session, prepared, limits, until)
                if isinstance(outcome, _Fault):
                    raise outcome.error
                answer, token = outcome, outcome.token() or ""
                if answer.status != HTTPStatus.UNAUTHORIZED:
                    if token and not proof.is_met(token):
                        raise kerberos.not_met(host)
                    return answer
                if not token:
                    break
        except kerberos.Unproven as error:
            note = str(error)
        log.debug("no proof by ticket: %s", note)
        return replace(answer, note=note)

    def _once(
        self,
        session: _Session,
        prepared: requests.PreparedRequest,
        limits: Limits,
        until: float,
    ) -> Answer | _Fault:
        url = prepared.url or ""
        host = urlsplit(url).netloc
        now = self.clock()
        if now - self._used_at.get(host, now) > limits.idle:
            # A firewall may have dropped it without a word, and a POST must not find that out.
            self.connections.close()
        error: Exception
        with Exchange(until - now) as exchange:
            try:
                return self._exchange(session, prepared, exchange, limits, until - now)
            except (requests.RequestException, HTTPError, OSError) as caught:
                error = caught
            finally:
                self._used_at[host] = self.clock()
        if isinstance(error, TooLarge):
            found = NetworkError(
                f"{_host(url)} sent more than {limits.size / 1_000_000:g} MB, which no "
                "sign-in page needs.",
                hint="Sign in with your browser to see what it sends.",
            )
        else:
            found = self.connections.network_error(error, url, exchange, session.manner)
        # TLS 1.3 lets a client send before it hears what is said of its certificate.
        refused = is_certificate_refused(error)
        final = exchange.overdue or refused or is_final(error)
        return _Fault(found, Failure(exchange.sent and not refused, final))

    def _exchange(
        self,
        session: _Session,
        prepared: requests.PreparedRequest,
        exchange: Exchange,
        limits: Limits,
        left: float,
    ) -> Answer | _Fault:
        started = self.clock()
        response = session.send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=(min(limits.connect, max(left, 0.001)), limits.read),
        )
        with closing(response):
            for cookie in response.cookies:
                self._hide(cookie.value or "")
            busy = response.status_code in BUSY
            content = b"" if busy else content_of(response, limits.size)
        if exchange.overdue:
            raise TimeoutError
        milliseconds = (self.clock() - started) * 1000
        where = urlsplit(response.url)
        log.debug(
            "%s %s %s %d %d ms %d bytes",
            prepared.method,
            where.netloc,
            where.path,
            response.status_code,
            milliseconds,
            len(content),
        )
        if busy:
            return _busy(response)
        return answer_of(response, content, exchange.certificate)


class _Session(requests.Session):
    """requests as far as it is wanted: cookies and encoding, over our own connections."""

    def __init__(self, connections: Connections, manner: Manner) -> None:
        super().__init__()
        self.manner: Manner = manner
        # One without a domain is its host's alone (RFC 6265 §5.4), and no host's below it.
        self.cookies.set_policy(
            DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
        )
        self.trust_env = False  # no .netrc, and no proxy or CA bundle but those of Connections
        self.headers.clear()
        self.headers.update(_HEADERS)
        if manner == "proving":
            from samlauth.effects.kerberos import USER_AGENT

            self.headers["User-Agent"] = USER_AGENT
        self.adapters.clear()
        self.mount("https://", _Adapter(connections, manner))

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """The request with the cookies that our jar has for it: requests asks a copy, which takes
        no heed of the jar's policy."""
        prepared = super().prepare_request(request)
        prepared.headers.pop("Cookie", None)
        prepared.prepare_cookies(self.cookies)
        return prepared

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: asked for a target, requests would read the whole body of a redirect, unbounded."""
        return None


class _Adapter(HTTPAdapter):
    def __init__(self, connections: Connections, manner: Manner) -> None:
        super().__init__(max_retries=0)
        self._connections = connections
        self._manner = manner

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> HTTPConnectionPool:
        """The pool that Connections has for it; what requests knows of TLS and proxies is void."""
        return self._connections.pool_for(request.url or "", self._manner)

    def cert_verify(self, conn: object, url: object, verify: object, cert: object) -> None:
        """Leave the pool's own trust alone: requests would add certifi's bundle to it."""


def _manner(reach: Reach, url: str, request: Request) -> Manner:
    origin = origin_of(url)
    if origin == reach.password_origin:
        return "proving" if request.negotiate else "plain"
    return "certified" if origin in reach.post_origins else "plain"


def _forbidden(url: str, *, shown: bool) -> str:
    host = _host(url)
    if shown:
        return (
            f"{host} does not let the client certificate in (--client-cert): it may be the wrong "
            "one, or have expired."
        )
    return f"{host} may want a client certificate: name yours with --client-cert."


def _prepared(
    session: _Session, url: str, body: _Body | None, referer: str | None
) -> requests.PreparedRequest:
    headers = {} if body is None else {"Content-Type": body.content_type}
    if referer and _same_origin(referer, url):
        headers["Referer"] = urldefrag(referer).url
    elif referer and body is not None and body.content_type == _JSON:
        # As a browser's script does (Referrer Policy §3, strict-origin-when-cross-origin): an API
        # key may be good only for those who come from its own pages.
        headers["Referer"] = f"{origin_of(referer)}/"
    method, data = ("GET", None) if body is None else ("POST", body.data)
    try:
        prepared = session.prepare_request(
            requests.Request(method, url, headers=headers, data=data)
        )
    except (requests.RequestException, UnicodeError):
        prepared = None
    # What was checked was our reading of the address; what is sent is the library's.
    if prepared is None or not _same_origin(prepared.url or "", url):
        raise UnsafePage(
            "The sign-in page named an address that cannot be read. Nothing was sent.",
            hint=IN_A_BROWSER,
        )
    return prepared


def _page(answer: Answer, request: Request) -> Page:
    page = Page(answer.url, answer.status, "", authenticate=answer.schemes, note=answer.note)
    if request.binary:
        return replace(page, content=answer.content)
    return replace(page, body=answer.text)


def _busy(response: requests.Response) -> _Fault:
    status, headers = response.status_code, response.headers
    failure = Failure(
        seen=True,
        status=status,
        retry_after=headers.get("Retry-After", ""),
        date=headers.get("Date") or formatdate(usegmt=True),
    )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        until = f" for {failure.asked_for} seconds" if failure.asked_for else ""
        said, hint = f"takes no more requests from here{until}", "Wait, then run the command again."
    else:
        said = f"has no answer at the moment ({status} {HTTPStatus(status).phrase})"
        hint = "Run the command again in a minute; if this stays so, tell your administrator."
    return _Fault(NetworkError(f"{_host(response.url)} {said}.", hint=hint), failure)


def _same_origin(first: str, second: str) -> bool:
    try:
        return origin_of(first) == origin_of(second)
    except UnsafePage:
        return False


def _host(url: str) -> str:
    """The host for a message; the rest of a sign-in URL is nobody's business."""
    return safe(urlsplit(url).netloc.rpartition("@")[2].removesuffix(":443"))
