"""Signing in within this process: the real login over real sockets, with a person who knows all."""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samlauth import driver
from samlauth.challenges import AnyChallenge, ChooseRoles, EnterCode, EnterPassword
from samlauth.effects.http import LIMITS, Http, Limits
from samlauth.effects.sts import STS
from samlauth.errors import SamlauthError
from samlauth.flow import Browse, BrowserEnded, Ended, Page, Request, Wait
from samlauth.idp import IdentityProvider
from samlauth.idp.adfs.entry import Entry
from samlauth.idp.adfs.flow import ADFS
from samlauth.idp.browser import HandOver
from samlauth.idp.google.flow import Google
from samlauth.login import Known, SignedIn, Wanted, login
from samlauth.reach import Origin
from samlauth.redactor import CleanFormatter, Redactor
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sts import Duration
from tests.e2e.faultserver import FaultServer

SHORT = Limits(connect=0.5, read=0.5, total=0.8)
"""What is to be cut off is cut off soon."""

_WANTED = Wanted(duration=Duration(3600))


@dataclass(frozen=True)
class Came:
    """What a sign-in came to."""

    signed_in: SignedIn | None
    error: SamlauthError | None
    seconds: float
    printed: str
    """Whatever a person could have read: the lines told, the log at its most talkative, the error."""

    @property
    def status(self) -> int:
        """The exit code."""
        return 0 if self.error is None else self.error.exit_code


class Ticking:
    """A clock for a rehearsal, so that no code is good for two sign-ins."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def tick(self) -> None:
        self._ahead += 30


class Signing:
    """Signs in to a rehearsal, as often as one likes, through a server that may fail."""

    def __init__(self, rehearsal: Rehearsal, server: FaultServer, bundle: Path) -> None:
        self._rehearsal = rehearsal
        self._server = server
        self._bundle = bundle
        self._starts: list[int] = []
        self._redactor = Redactor()
        self._https = {direct: self._http(direct=direct) for direct in (False, True)}
        patient = self._https[False]
        hurried = STS(patient, connect=0.5, read=0.5, attempt=0.6)
        self._sts = {False: STS(patient), True: hurried}

    def _http(self, *, direct: bool) -> Http:
        environ = {"AWS_CA_BUNDLE": str(self._bundle)}
        if not direct:
            environ["HTTPS_PROXY"] = self._server.url
        return Http(environ, hide=self._redactor.hide, sleep=lambda _: None)

    def learn(self) -> list[str]:
        """Sign in once with nothing in the way: the steps there are."""
        self._server.begin()
        self._starts.clear()
        came = self.run(learning=True)
        assert came.error is None, came.printed
        return [f"{seen.method} {seen.host}{seen.path}" for seen in self._server.seen]

    def run(self, *, direct: bool = False, learning: bool = False, hurry: bool = False) -> Came:
        """Sign in; ``direct`` without the proxy, ``hurry`` with little patience at the fault."""
        redactor, told = self._redactor, list[str]()
        http = self._https[direct]
        sends = 0

        def send(request: Request) -> Page:
            nonlocal sends
            if learning:
                self._starts.append(len(self._server.seen))
            due = bisect_right(self._starts, self._server.at) - 1
            http.limits = SHORT if hurry and sends == due else LIMITS
            sends += 1
            return http.send(request)

        sts = STS(http) if direct else self._sts[hurry]
        effects = driver.Effects(
            send,
            self._answer,
            lambda step: told.append(step.text),
            sts.call,
            redactor,
            _wait,
            _browse,
        )
        flow = login(self._provider(), _WANTED, Known(), lambda: datetime.now(UTC))
        started, error, signed_in = time.monotonic(), None, None
        with _logged(redactor) as lines:
            try:
                signed_in = driver.run(flow, effects)
            except SamlauthError as caught:
                error = caught
                told.append(f"{error.message}\n{error.hint}")
            finally:
                http.close()
        seconds = time.monotonic() - started
        return Came(signed_in, error, seconds, "\n".join([*lines, *told]))

    def _provider(self) -> IdentityProvider:
        rehearsal = self._rehearsal
        if rehearsal.idp == "google":
            return HandOver(
                Google(rehearsal.idp_id, rehearsal.sp_id, rehearsal.username), allowed=None
            )
        entry = Entry(Origin(rehearsal.adfs_host))
        return HandOver(ADFS(entry, rehearsal.adfs.relying_party, rehearsal.username), allowed=None)

    def _answer(self, challenge: AnyChallenge) -> object | None:
        match challenge:
            case EnterPassword(refused=""):
                return self._rehearsal.password
            case EnterCode(refused=""):
                return self._rehearsal.code()
            case ChooseRoles(roles=roles):
                return roles[:1]
            case _:
                return None


def _wait(_: Wait, __: driver.Send) -> Ended:
    raise AssertionError("nothing here waits for a telephone")


def _browse(_: Browse) -> BrowserEnded:
    raise AssertionError("nobody said yes to a browser")


@contextmanager
def _logged(redactor: Redactor) -> Iterator[Sequence[str]]:
    """What our own loggers say meanwhile, cleaned as the command cleans it."""
    lines: list[str] = []
    formatter = CleanFormatter(redactor)

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(formatter.format(record))

    ours, handler = logging.getLogger("samlauth"), Kept()
    level, up = ours.level, ours.propagate
    ours.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    ours.propagate = False
    try:
        yield lines
    finally:
        ours.propagate = up
        ours.setLevel(level)
        ours.removeHandler(handler)
