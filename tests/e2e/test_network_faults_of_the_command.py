"""The installed command on a network that fails: its exit codes, its sentences, its signals."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus

import pytest

from tests.e2e.faultserver import FAULTS, SLOW, FaultServer
from tests.e2e.stage import MakeStage, Run, Stage
from tests.e2e.test_hostile_pages import ACTIONS, EVIL, leading

Begin = Callable[[str], "Behind"]


class Behind:
    """A stage whose network is a fault server."""

    def __init__(self, stage: Stage, server: FaultServer) -> None:
        self.stage = stage
        self.server = server
        bundle = str(server.write(stage.rehearsal.folder / "faults.pem"))
        self.environ = {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), server.url),
            **dict.fromkeys(
                ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"), bundle
            ),
        }

    def sign_in(self, *arguments: str, **more: str) -> tuple[int, str]:
        """The exit code, and what was printed."""
        words = arguments or self.stage.main_job
        password = self.stage.rehearsal.password
        done = self.stage.piped(
            *words, "-l", "debug", stdin=f"{password}\n", **{**self.environ, **more}
        )
        assert done.stdout == ""
        for secret in (password, quote_plus(password)):
            assert secret not in done.stderr
        assert "Traceback" not in done.stderr
        assert self.server.posts_of(password) <= 1
        return done.returncode, done.stderr


@pytest.fixture
def begin(make_stage: MakeStage) -> Iterator[Begin]:
    servers: list[FaultServer] = []

    def begin(idp: str) -> Behind:
        stage = make_stage(idp=idp, mfa="none", roles=1)
        servers.append(FaultServer(stage.rehearsal))
        return Behind(stage, servers[-1])

    yield begin
    for server in servers:
        server.__exit__()


# Signing in to Google is these requests, without a second factor; the last one is to STS.
ENTRY, PASSWORD, STS = 0, 5, 7
ADFS_ENTRY, ADFS_PASSWORD = 0, 1


@pytest.mark.parametrize(
    ("idp", "name", "step", "status", "said"),
    [
        ("google", "proxy 407", ENTRY, 9, "wants a user name and password"),
        ("google", "untrusted", ENTRY, 9, "signed by “Nobody in particular”"),
        ("google", "no TLS", ENTRY, 9, "No secure connection"),
        ("google", "portal", ENTRY, 6, "unheard-of page"),
        ("google", "portal redirect", ENTRY, 6, "only https is safe"),
        ("google", "reset midway", PASSWORD, 9, "may have counted as an attempt"),
        ("google", "503", PASSWORD, 9, "may have counted as an attempt"),
        ("google", "429", STS, 9, "sts.us-east-1.amazonaws.com"),
        ("adfs", "502", ADFS_ENTRY, 9, "502 Bad Gateway"),
        ("adfs", "500", ADFS_ENTRY, 6, "HTTP 500"),
        ("adfs", "expired", ADFS_ENTRY, 9, "has expired"),
        ("adfs", "head cut", ADFS_PASSWORD, 9, "may have counted as an attempt"),
        ("adfs", "proxy hangs up", ADFS_PASSWORD, 9, "broken off"),
        ("adfs", "no page", ADFS_PASSWORD, 6, "unheard-of page"),
    ],
)
def test_a_fault(idp: str, name: str, step: int, status: int, said: str, begin: Begin) -> None:
    behind = begin(idp)
    behind.server.begin(FAULTS[name], step)
    ended, printed = behind.sign_in()
    assert behind.server.played, [seen.path for seen in behind.server.seen]
    assert ended == status, printed
    assert said in printed
    sentence = printed[printed.index("samlauth: ") :]
    assert len(sentence.splitlines()) >= 2  # and what to do about it
    assert not (behind.stage.aws / "credentials").exists()


@pytest.mark.parametrize("idp", ["google", "adfs"])
def test_with_nothing_in_the_way(idp: str, begin: Begin) -> None:
    behind = begin(idp)
    status, printed = behind.sign_in()
    assert status == 0, printed
    assert behind.server.posts_of(behind.stage.rehearsal.password) == 1
    assert len(behind.server.seen) > (PASSWORD if idp == "google" else ADFS_PASSWORD)


@pytest.mark.parametrize(
    ("host", "said"), [("adfs.invalid", "could not be found"), ("", "refused the connection")]
)
def test_a_host_that_is_not_there(host: str, said: str, begin: Begin) -> None:
    behind = begin("adfs")
    if not host:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            host = f"localhost:{listener.getsockname()[1]}"
    words = ("--adfs-host", host, "-u", behind.stage.rehearsal.username, "-p", "x")
    status, printed = behind.sign_in(*words, HTTPS_PROXY="", https_proxy="")
    assert (status, said in printed) == (9, True), printed


@pytest.mark.parametrize("action", ["another host", "a longer host", "no TLS", "its punycode"])
def test_a_form_that_leads_away(action: str, begin: Begin) -> None:
    behind = begin("google")
    twin = "a\u0441counts.google.com".encode("idna").decode("ascii")
    where = ACTIONS[action].replace("HOST", "accounts.google.com").replace("PUNY", twin)
    behind.server.tamper = leading(b'name="Passwd"', lambda _: where, f'<base href="//{EVIL}/">')
    status, printed = behind.sign_in()
    assert status == 6, printed
    assert behind.server.posts_of(behind.stage.rehearsal.password) == 0
    assert bytes(behind.server.stranger) == b""
    assert behind.server.strangers == set()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
@pytest.mark.parametrize("name", ["stall", "handshake stall"])
def test_a_signal_while_nobody_answers(
    name: str, number: signal.Signals, status: int, begin: Begin
) -> None:
    behind = begin("adfs")
    behind.server.begin(SLOW[name], ADFS_ENTRY)
    run = behind.stage.start(*behind.stage.main_job, **behind.environ)
    assert behind.server.reached.wait(30)
    run.terminal.kill(number)
    assert run.end() == status, run.printed
    assert "Traceback" not in run.printed
    assert not (behind.stage.aws / "credentials").exists()


SILENT_RESOLVER = """
import socket, sys, time

def look_up(*_):
    print("looking up", file=sys.stderr, flush=True)
    time.sleep(300)

socket.getaddrinfo = look_up
from samlauth.cli import main
main()
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_while_a_name_is_looked_up(
    number: signal.Signals, status: int, stage: Stage
) -> None:
    words = [sys.executable, "-c", SILENT_RESOLVER, *stage.main_job]
    run = Run(stage, words, stage.environ({"HTTPS_PROXY": "", "https_proxy": ""}))
    run.expect("looking up")
    run.terminal.kill(number)
    assert run.end() == status, run.printed
    assert "Traceback" not in run.printed


def test_a_signal_while_the_password_is_on_its_way(begin: Begin) -> None:
    behind = begin("adfs")
    behind.server.begin(SLOW["stall"], ADFS_PASSWORD)
    run = behind.stage.start(*behind.stage.main_job, **behind.environ)
    run.answer_password()
    assert behind.server.reached.wait(30)
    run.terminal.kill(signal.SIGTERM)
    assert run.end() == 143, run.printed
    assert "Traceback" not in run.printed
    assert behind.server.posts_of(behind.stage.rehearsal.password) == 1
