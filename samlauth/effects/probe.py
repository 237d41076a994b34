"""Whether the hosts of a sign-in answer: each is asked for its head, once, with nothing of anybody's.

All are asked at the same time, over the connections that a sign-in has, so that trust and proxies
are the same. None may take longer than a person waits.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from queue import Empty, Queue
from threading import Thread
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from urllib3 import Timeout
from urllib3.exceptions import HTTPError, ProxyError, SSLError

from samlauth import __version__
from samlauth.diagnosis.facts import Answer, Host, Lack, Network, NoAnswer, Proxy
from samlauth.effects import proxies
from samlauth.effects.connections import Connections, Exchange
from samlauth.effects.proxies import proxy_for
from samlauth.effects.trust import issuer_of
from samlauth.errors import SettingsError
from samlauth.reach import Origin

T = TypeVar("T")

SECONDS: Final = 5.0
"""For one host."""
_GRACE: Final = 1.5
"""Seconds more for the looking up of names, which nothing can cut short."""


class Probe:
    """Asks the hosts of ``urls``, from when it is made; ``seconds`` are for each. ``unusable`` is why
    another could not be named. ``now`` is the time of day, in seconds.
    """

    def __init__(
        self,
        connections: Connections,
        urls: Iterable[str],
        unusable: SettingsError | None = None,
        *,
        seconds: float = SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._give_up = time.monotonic() + seconds + _GRACE
        self._unusable = unusable
        self._hosts: list[tuple[_Way, _Begun[Answer | NoAnswer]]] = []
        self._proxies: dict[str, tuple[str, _Begun[str]]] = {}
        for url in dict.fromkeys(urls):
            try:
                way = _way(connections, url)
            except SettingsError as error:
                self._unusable = error
                continue
            begun = _Begun(partial(_asked, connections, way, seconds, now))
            self._hosts.append((way, begun))
            if (proxy := way.proxy) is not None and str(proxy) not in self._proxies:
                reach = _Begun(partial(_reached, proxy, seconds))
                self._proxies[str(proxy)] = (proxy.source, reach)

    def network(self) -> Network:
        """What became of it, once all have answered or their time is over."""
        proxies = tuple(
            Proxy(name, source, begun.end(self._give_up, "it does not answer"))
            for name, (source, begun) in self._proxies.items()
        )
        hosts = tuple(
            Host(way.name, begun.end(self._give_up, _late(way)), str(way.proxy or ""))
            for way, begun in self._hosts
        )
        return Network(hosts, proxies, self._unusable)


@dataclass(frozen=True)
class _Way:
    """How a host is reached."""

    url: str
    name: str
    proxy: proxies.Proxy | None


class _Begun(Generic[T]):
    """Something that is done on a thread of its own, which is left behind where it takes too long."""

    def __init__(self, act: Callable[[], T]) -> None:
        self._done: Queue[T | Exception] = Queue()
        Thread(target=self._run, args=(act,), name="probe", daemon=True).start()

    def _run(self, act: Callable[[], T]) -> None:
        try:
            self._done.put(act())
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self._done.put(error)

    def end(self, give_up: float, late: T) -> T:
        """What came of it; ``late`` where nothing has by then, on the monotonic clock."""
        try:
            done = self._done.get(timeout=max(give_up - time.monotonic(), 0))
        except Empty:
            return late
        if isinstance(done, Exception):
            raise done
        return done


def _way(connections: Connections, url: str) -> _Way:
    """Raises SettingsError for a proxy that cannot be used."""
    parts = urlsplit(url)
    origin = Origin(parts.hostname or "", parts.port or 443)
    proxy = None if parts.scheme == "http" else proxy_for(connections.environ, origin)
    return _Way(f"{parts.scheme}://{parts.netloc}/", parts.netloc, proxy)


def _late(way: _Way) -> NoAnswer:
    return NoAnswer(
        "unreachable",
        f"{way.name} did not answer in time.",
        "Check the network connection, the VPN, and whether names are found.",
    )


def _asked(
    connections: Connections, way: _Way, seconds: float, now: Callable[[], float]
) -> Answer | NoAnswer:
    started = now()
    with Exchange(seconds) as exchange:
        try:
            answer = connections.pool_for(way.url).urlopen(
                "HEAD",
                "/",
                headers={"User-Agent": f"samlauth/{__version__}"},
                timeout=Timeout(connect=seconds, read=seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (HTTPError, OSError) as caught:
            fault = connections.network_error(caught, way.url, exchange)
            kind = _kind(caught, exchange)
            return NoAnswer(kind, fault.message, fault.hint)
        answer.close()
        date = answer.headers.get("Date", "")
        ended = now()
    issuer = issuer_of(exchange.certificate) if exchange.certificate else ""
    return Answer(_ahead(date, (started + ended) / 2), issuer)


def _kind(error: Exception, exchange: Exchange) -> Lack:
    if isinstance(error, SSLError):
        return "untrusted"
    return "other" if exchange.sent or isinstance(error, ProxyError) else "unreachable"


def _ahead(date: str, now: float) -> float | None:
    """Seconds between a Date header (RFC 9110 §6.6.1), which is cut to a second, and now."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    aware = told if told.tzinfo else told.replace(tzinfo=UTC)
    return aware.timestamp() + 0.5 - now


def _reached(proxy: proxies.Proxy, seconds: float) -> str:
    """Why the proxy cannot be reached; "" when it can."""
    try:
        socket.create_connection((proxy.host, proxy.port), timeout=seconds).close()
    except socket.gaierror:
        return "its address is not found"
    except TimeoutError:
        return "it does not answer"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""
