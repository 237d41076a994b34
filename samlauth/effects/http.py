"""Requests to the identity provider: what is sent where, and what comes back as a Page.

Redirects are followed by hand, each one checked against the request's reach; a body is sent once,
to one place; the answer is bounded in time and size. Cookies live as long as the run, in a jar for
each site that is signed in to: none of one is ever sent to another.
"""

from __future__ import annotations

import codecs
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import field, replace
from http import HTTPStatus
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from samlauth import __version__
from samlauth.effects.connections import Connections, Exchange, Manner
from samlauth.effects.cookies import Cookie, put, taken
from samlauth.effects.early import Early
from samlauth.effects.faults import is_certificate_refused
from samlauth.effects.trust import client_certificate as named
from samlauth.errors import NetworkError, UnsafePage
from samlauth.flow import Page, Request
from samlauth.printable import safe
from samlauth.reach import Carrying, Origin, Reach, origin_of
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

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A parameter of the challenge before it, or a challenge: its scheme, alone or with a token68
# (RFC 9110 §11.6.1). What is neither is skipped.
_CHALLENGE = re.compile(
    rf"""{_WORD}\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,]*)"""
    rf"""|(?P<scheme>{_WORD})(?:[ \t]+(?P<token>[A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|\Z))?"""
)

_SEE_OTHER = frozenset({301, 302, 303})
_SAME_AGAIN = frozenset({307, 308})
_BUSY = frozenset({429, 502, 503, 504})

_PAUSES = (0.5, 1.0)
"""Seconds at most before the second and the third try of a GET."""
_LONGEST_RETRY_AFTER = 30

# Codecs that only decode text. Python has more, and a page could name one that rewrites markup.
_CHARSET = re.compile(
    r"utf-8|utf-16|ascii|iso8859-\d+|cp125\d|koi8-[ru]|shift_jis|euc_jp|euc_kr|gb2312|gbk|gb18030|big5"
)


@dataclass(frozen=True)
class Limits:
    """How long and how large an exchange may be. Seconds and bytes."""

    connect: float = 10
    read: float = 30
    """Between two pieces of an answer."""
    total: float = 90
    """For one :meth:`Http.send`, with its redirects and retries."""
    idle: float = 60
    """A connection unused for longer is not used again."""
    size: int = 5_000_000
    """Of an answer, decompressed."""
    binary: int = 1_000_000
    """The same of an answer that is no text."""
    redirects: int = 10


LIMITS = Limits()


@dataclass(frozen=True)
class _Body:
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class _Offer:
    """A way to prove who one is, as a WWW-Authenticate header names it."""

    scheme: str
    """In lower case."""
    token: str = field(repr=False)
    """Base64; empty when there is none."""


@dataclass(frozen=True)
class _Answer:
    url: str
    status: int
    location: str | None
    content: bytes = field(repr=False)
    charset: str
    offers: tuple[_Offer, ...]
    certificate: bytes | None = field(repr=False)
    """Of the host that gave it, DER."""
    note: str = ""
    """As a page's."""

    def token(self) -> str | None:
        """What it says to a ticket; None when it wants none."""
        return next((offer.token for offer in self.offers if offer.scheme == "negotiate"), None)


@dataclass(frozen=True)
class _Fault:
    error: NetworkError
    again: bool
    """Whether a second try of the same GET may help."""
    sent: bool
    """Whether the request may have been seen."""
    after: float = 0
    """Seconds the server asked to wait."""


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
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._sessions: dict[tuple[Origin, Manner], _Session] = {}
        """By the origin of the password, which has one jar of cookies for all manners."""
        self._used_at: dict[str, float] = {}
        """When each host was asked last."""

    def send(self, request: Request) -> Page:
        """The page that answers ``request``, after the redirects within its reach.

        A redirect that leaves the reach is not followed; it is the page's ``elsewhere``. Raises
        UnsafePage, nothing sent, for a URL the request may not go to, and for a redirect that asks
        for a body to be sent again; NetworkError when there is no answer, or only that of a server
        or proxy too busy (429, 502, 503, 504).
        """
        reach = request.reach
        assert reach is not None, "a request without a reach is never sent"
        assert not request.negotiate or (request.form is None and request.json is None), "a GET"
        limits = self._limits_of(request)
        until = self._clock() + limits.total
        url, body, carrying = request.url, self._body_of(request), request.carrying
        for _ in range(limits.redirects + 1):
            reach.check(url, carrying)
            manner = _manner(reach, url, request)
            session = self._session(reach.password_origin, manner)
            prepared = _prepared(session, url, body, request.referer)
            answer = self._answer(session, prepared, carrying, limits, until)
            match manner:
                case "proving":
                    answer = self._prove(answer, session, prepared, limits, until)
                case "certified" if answer.status == HTTPStatus.FORBIDDEN:
                    answer = replace(answer, note=_forbidden(url, shown=self._certified))
                case _:
                    pass
            if answer.location is None:
                return _page(answer, request)
            if body is not None and answer.status in _SAME_AGAIN:
                raise UnsafePage(
                    f"{_host(url)} wanted your answer sent once more, to {_host(answer.location)}. "
                    "It was not.",
                    hint="Sign in with your browser; if it works there, tell your administrator.",
                )
            if not reach.allows(answer.location):
                return Page(answer.url, answer.status, "", elsewhere=answer.location)
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
        """Close every connection and forget the cookies."""
        while self._sessions:
            self._sessions.popitem()[1].close()
        self.connections.close()

    def _session(self, origin: Origin, manner: Manner) -> _Session:
        if (origin, manner) not in self._sessions:
            session = _Session(self.connections, manner)
            if manner != "plain":
                session.cookies = self._session(origin, "plain").cookies
            self._sessions[origin, manner] = session
        return self._sessions[origin, manner]

    def _limits_of(self, request: Request) -> Limits:
        limits = self._limits
        if request.binary:
            limits = replace(limits, size=limits.binary)
        if request.seconds is not None:
            limits = replace(limits, read=request.seconds, total=request.seconds)
        return limits

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
        carrying: Carrying,
        limits: Limits,
        until: float,
    ) -> _Answer:
        outcome = self._once(session, prepared, limits, until)
        for pause in _PAUSES:
            if isinstance(outcome, _Answer) or not outcome.again or prepared.method == "POST":
                break
            wait = max(outcome.after, self._chance() * pause)
            if self._clock() + wait >= until:
                break
            self._sleep(wait)
            outcome = self._once(session, prepared, limits, until)
        if isinstance(outcome, _Answer):
            return outcome
        if prepared.method == "POST" and carrying != "nothing" and outcome.sent:
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
        answer: _Answer,
        session: _Session,
        prepared: requests.PreparedRequest,
        limits: Limits,
        until: float,
    ) -> _Answer:
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
    ) -> _Answer | _Fault:
        url = prepared.url or ""
        host = urlsplit(url).netloc
        now = self._clock()
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
                self._used_at[host] = self._clock()
        if isinstance(error, _TooLarge):
            found = NetworkError(
                f"{_host(url)} sent more than {limits.size // 1_000_000} MB, which no "
                "sign-in page needs.",
                hint="Sign in with your browser to see what it sends.",
            )
        else:
            found = self.connections.network_error(error, url, exchange, session.manner)
        again = not exchange.sent and not exchange.overdue and not _is_final(error)
        # TLS 1.3 lets a client send before it hears what is said of its certificate.
        return _Fault(found, again, exchange.sent and not is_certificate_refused(error))

    def _exchange(
        self,
        session: _Session,
        prepared: requests.PreparedRequest,
        exchange: Exchange,
        limits: Limits,
        left: float,
    ) -> _Answer | _Fault:
        started = self._clock()
        response = session.send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=(min(limits.connect, max(left, 0.001)), limits.read),
        )
        with closing(response):
            for cookie in response.cookies:
                self._hide(cookie.value or "")
            busy = response.status_code in _BUSY
            content = b"" if busy else _content(response, limits.size)
        if exchange.overdue:
            raise TimeoutError
        milliseconds = (self._clock() - started) * 1000
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
        return _Answer(
            response.url,
            response.status_code,
            _location(response),
            content,
            _charset(response),
            _offers(response),
            exchange.certificate,
        )


class _TooLarge(OSError):
    """An answer beyond the size limit; what was left of it is not read."""


class _Session(requests.Session):
    """requests as far as it is wanted: cookies and encoding, over our own connections."""

    def __init__(self, connections: Connections, manner: Manner) -> None:
        super().__init__()
        self.manner: Manner = manner
        self.trust_env = False  # no .netrc, and no proxy or CA bundle but those of Connections
        self.headers.clear()
        self.headers.update(_HEADERS)
        if manner == "proving":
            from samlauth.effects.kerberos import USER_AGENT

            self.headers["User-Agent"] = USER_AGENT
        self.adapters.clear()
        self.mount("https://", _Adapter(connections, manner))

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
        raise UnsafePage("The sign-in page named an address that cannot be read.")
    return prepared


def _page(answer: _Answer, request: Request) -> Page:
    page = Page(
        answer.url,
        answer.status,
        "",
        authenticate=tuple(dict.fromkeys(offer.scheme for offer in answer.offers)),
        note=answer.note,
    )
    if request.binary:
        return replace(page, content=answer.content)
    return replace(page, body=answer.content.decode(answer.charset, "replace"))


def _content(response: requests.Response, size: int) -> bytes:
    content = bytearray()
    for piece in response.raw.stream(65536, decode_content=True):
        content += piece
        if len(content) > size:
            raise _TooLarge
    return bytes(content)


def _offers(response: requests.Response) -> tuple[_Offer, ...]:
    # requests joins headers of one name; urllib3 still has them one by one.
    return tuple(
        _Offer(found["scheme"].lower(), found["token"] or "")
        for header in response.raw.headers.getlist("WWW-Authenticate")
        for found in _CHALLENGE.finditer(header)
        if found["scheme"]
    )


def _location(response: requests.Response) -> str | None:
    """Where a redirect points, made absolute (RFC 9110 §10.2.2); None when it is none."""
    location = response.headers.get("Location")
    if location is None or response.status_code not in _SEE_OTHER | _SAME_AGAIN:
        return None
    # http.client reads header bytes as Latin-1; servers that send more than ASCII send UTF-8.
    location = location.encode("latin-1").decode("utf-8", "replace")
    try:
        return urljoin(response.url, location)
    except ValueError:
        return location  # which the reach refuses by its own reading


def _busy(response: requests.Response) -> _Fault:
    status = response.status_code
    asked = response.headers.get("Retry-After", "").strip()
    after = int(asked) if asked.isascii() and asked.isdigit() else None
    again = (after is not None or status != 429) and (after or 0) <= _LONGEST_RETRY_AFTER
    if status == 429:
        until = f" for {after} seconds" if after else ""
        said, hint = f"takes no more requests from here{until}", "Wait, then run the command again."
    else:
        said = f"has no answer at the moment ({status} {HTTPStatus(status).phrase})"
        hint = "Run the command again in a minute; if this stays so, tell your administrator."
    error = NetworkError(f"{_host(response.url)} {said}.", hint=hint)
    return _Fault(error, again, sent=True, after=after or 0)


def _charset(response: requests.Response) -> str:
    charset = requests.utils.get_encoding_from_headers(response.headers) or "utf-8"
    declared = "charset" in response.headers.get("Content-Type", "").lower()
    try:
        name = codecs.lookup(charset).name if declared else "utf-8"
    except (LookupError, ValueError):
        name = "utf-8"
    return name if _CHARSET.fullmatch(name) else "utf-8"


def _is_final(error: Exception) -> bool:
    """Whether connecting failed in a way that a second try meets again."""
    return isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError)


def _same_origin(first: str, second: str) -> bool:
    try:
        return origin_of(first) == origin_of(second)
    except UnsafePage:
        return False


def _host(url: str) -> str:
    """The host for a message; the rest of a sign-in URL is nobody's business."""
    return safe(urlsplit(url).netloc.rpartition("@")[2])
