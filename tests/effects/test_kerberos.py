"""Sign-in by a ticket, with real parts: MIT's KDC on loopback, kinit, the system's GSSAPI."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import logging
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from samlauth import __version__
from samlauth.effects.http import Http, Limits
from samlauth.effects.kerberos import USER_AGENT, Proof, Unproven
from samlauth.errors import NetworkError
from samlauth.flow import Page, Request
from samlauth.reach import Origin, Reach
from tests.effects.loopback import Proxy, Received, Reply, Server, redirect, response

HOST = "adfs.example.test"
OTHER = "other.example.test"
REACH = Reach(Origin(HOST), get_hosts=frozenset({OTHER}))
OURS = f"samlauth/{__version__}"

PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
WHERE = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

CONFIG = """
[libdefaults]
    default_realm = EXAMPLE.TEST
    rdns = false
    dns_canonicalize_hostname = false
    dns_lookup_kdc = false
    dns_lookup_realm = false
    udp_preference_limit = 1
[domain_realm]
    .example.test = EXAMPLE.TEST
[realms]
    EXAMPLE.TEST = {{
        kdc = 127.0.0.1:{port}
    }}
"""
KDC = """
[kdcdefaults]
    kdc_listen = ""
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    EXAMPLE.TEST = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
    }}
"""


class Realm:
    """A Kerberos realm of one person, ada, and one service, HTTP on ``HOST``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (folder / "krb5.conf").write_text(CONFIG.format(port=port))
        (folder / "kdc.conf").write_text(KDC.format(port=port, folder=folder))
        self.environ = {
            "PATH": WHERE,
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5_KTNAME": str(folder / "keytab"),
            "KRB5CCNAME": f"FILE:{folder / 'tickets'}",
            "KRB5RCACHENAME": f"file2:{folder / 'seen'}",
        }
        service = f"HTTP/{HOST}"
        self._run("kdb5_util", "create", "-s", "-P", "master")
        self._run("kadmin.local", "addprinc", "-pw", "hunter2", "ada")
        self._run("kadmin.local", "addprinc", "-randkey", service)
        self._run("kadmin.local", "ktadd", "-k", folder / "keytab", service)
        self._kdc = subprocess.Popen(
            ["krb5kdc", "-n"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._kdc.stdout is not None
        assert "starting" in self._kdc.stdout.readline()

    def ticket(self, seconds: int = 3600) -> None:
        self._run("kinit", "-l", f"{seconds}s", "ada", given="hunter2\n")

    def close(self) -> None:
        self._kdc.terminate()
        self._kdc.communicate(timeout=10)

    def _run(self, *command: str | Path, given: str = "") -> None:
        subprocess.run(
            command,
            env=self.environ,
            input=given,
            text=True,
            check=True,
            capture_output=True,
            timeout=30,
        )


def missing() -> list[str]:
    """What a realm needs and this machine does not have."""
    libraries = ("spnego", "gssapi", "krb5")
    return [name for name in PROGRAMS if shutil.which(name, path=WHERE) is None] + [
        f"Python's {name}" for name in libraries if importlib.util.find_spec(name) is None
    ]


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    if absent := ", ".join(missing()):
        if os.environ.get("CI") == "true":
            pytest.fail(f"missing: {absent}")
        pytest.skip(f"needs {absent}")
    # Not pytest's own folder: a path in krb5.conf may hold no white space, and stays short.
    realm = Realm(tmp_path_factory.mktemp("realm"))
    yield realm
    realm.close()


@pytest.fixture
def realm(kdc: Realm, monkeypatch: pytest.MonkeyPatch) -> Realm:
    """The realm as this process sees it, with no ticket yet."""
    for name, value in kdc.environ.items():
        if name != "PATH":
            monkeypatch.setenv(name, value)
    (kdc.folder / "tickets").unlink(missing_ok=True)
    return kdc


class Adfs:
    """A web server that lets in who has a ticket; ``answer`` is what they are answered."""

    def __init__(self, certificate: trustme.LeafCert, bindings: bytes | None = None) -> None:
        der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
        self.bindings = bindings or b"tls-server-end-point:" + hashlib.sha256(der).digest()
        self.answer: Callable[[Received, str], bytes] = lambda _, token: response(
            "<p>In</p>", 200, f"WWW-Authenticate: Negotiate {token}"
        )
        self.people: list[str | None] = []
        self._context: object = None

    def __call__(self, request: Received) -> Reply:
        import spnego
        from spnego.channel_bindings import GssChannelBindings
        from spnego.exceptions import SpnegoError

        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Negotiate":
            return response("<p>401</p>", 401, "WWW-Authenticate: Negotiate, NTLM")
        context = self._context or spnego.server(
            hostname=HOST,
            service="HTTP",
            protocol="negotiate",
            channel_bindings=GssChannelBindings(application_data=self.bindings),
        )
        assert isinstance(context, spnego.ContextProxy)
        try:
            made = base64.b64encode(context.step(base64.b64decode(token)) or b"").decode()
        except (SpnegoError, AttributeError):
            # python-gssapi keeps an error for later that has a token to send, which pyspnego
            # does not expect.
            return response(
                "<p>401</p>", 401, "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM"
            )
        if not context.complete:
            self._context = context
            return response("<p>401</p>", 401, f"WWW-Authenticate: Negotiate {made}")
        self._context = None
        self.people.append(context.client_principal)
        return self.answer(request, made)


class Bench:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._ca = trustme.CA()
        self._bundle = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self._bundle)
        self._stack = stack
        self._routes: dict[str, int] = {}
        self._proxy = stack.enter_context(Proxy(self._routes))
        self.certificate = self._ca.issue_cert(HOST)
        self.hidden: list[str] = []

    def host(
        self,
        reply: Callable[[Received], Reply],
        name: str = HOST,
        certificate: trustme.LeafCert | None = None,
    ) -> Server:
        if certificate is None:
            certificate = self.certificate if name == HOST else self._ca.issue_cert(name)
        server = self._stack.enter_context(Server(reply, certificate))
        self._routes[f"{name}:443"] = server.port
        return server

    def send(
        self, path: str = "/wia", host: str = HOST, *, negotiate: bool = True, reach: Reach = REACH
    ) -> Page:
        http = Http(
            {"HTTPS_PROXY": self._proxy.url, "AWS_CA_BUNDLE": str(self._bundle)},
            hide=self.hidden.append,
            limits=Limits(),
        )
        try:
            return http.send(Request(f"https://{host}{path}", negotiate=negotiate, reach=reach))
        finally:
            http.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


def closed(_: Received) -> bytes:
    """Lets nobody in."""
    return response("<p>401</p>", 401, "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM")


def headers(server: Server, name: str) -> list[str | None]:
    return [request.headers.get(name) for request in server.requests]


class TestWithATicket:
    def test_it_signs_in(
        self, realm: Realm, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        realm.ticket()
        adfs = Adfs(bench.certificate)
        server = bench.host(adfs)
        with caplog.at_level(logging.DEBUG):
            page = bench.send()
        assert (page.status, page.body, page.note) == (200, "<p>In</p>", "")
        assert adfs.people == ["ada@EXAMPLE.TEST"]
        assert headers(server, "user-agent") == [USER_AGENT, USER_AGENT]
        assert server.connections == 1
        first, second = headers(server, "authorization")
        assert first is None
        assert second is not None
        assert [f"Negotiate {secret}" for secret in bench.hidden] == [second]
        assert second.removeprefix("Negotiate ")[:60] not in caplog.text
        assert {record.name for record in caplog.records} == {"samlauth.http"}

    def test_redirects_within_the_origin_are_signed_in_to_as_well(
        self, realm: Realm, bench: Bench
    ) -> None:
        realm.ticket()
        adfs = Adfs(bench.certificate)
        adfs.answer = lambda request, _: (
            redirect(302, "/adfs/ls/done", "Set-Cookie: MSISAuth=1; Secure")
            if request.target == "/adfs/ls/wia"
            else response("in")
        )
        server = bench.host(
            lambda request: (
                redirect(302, "/adfs/ls/wia") if request.target == "/start" else adfs(request)
            )
        )
        assert bench.send("/start").body == "in"
        assert [request.target for request in server.requests] == [
            "/start",
            *["/adfs/ls/wia"] * 2,
            *["/adfs/ls/done"] * 2,
        ]
        tokens = [value for value in headers(server, "authorization") if value]
        assert len(set(tokens)) == len(tokens) == 2
        assert headers(server, "cookie")[-1] == "MSISAuth=1"
        assert server.connections == 1

    def test_another_origin_is_shown_no_ticket(self, realm: Realm, bench: Bench) -> None:
        realm.ticket()
        adfs = Adfs(bench.certificate)
        adfs.answer = lambda *_: redirect(302, f"https://{OTHER}/")
        bench.host(adfs)
        other = bench.host(closed, OTHER)
        page = bench.send()
        assert (page.url, page.status) == (f"https://{OTHER}/", 401)
        assert page.authenticate == ("negotiate", "ntlm")
        assert headers(other, "authorization") == [None]
        assert headers(other, "user-agent") == [OURS]
        assert bench.send(host=OTHER).status == 401
        assert headers(other, "authorization") == [None, None]
        assert headers(other, "user-agent") == [OURS, OURS]

    def test_nor_is_any_without_being_told_to(self, realm: Realm, bench: Bench) -> None:
        realm.ticket()
        server = bench.host(Adfs(bench.certificate))
        page = bench.send(negotiate=False)
        assert (page.status, page.authenticate, page.note) == (401, ("negotiate", "ntlm"), "")
        assert headers(server, "authorization") == [None]
        assert headers(server, "user-agent") == [OURS]

    def test_a_host_that_refuses_it(self, realm: Realm, bench: Bench) -> None:
        realm.ticket()
        server = bench.host(closed)
        page = bench.send()
        assert (page.status, page.body) == (401, "<p>401</p>")
        assert page.authenticate == ("negotiate", "ntlm")
        assert page.note.startswith(f"{HOST} did not accept the Kerberos ticket.")
        assert [value is None for value in headers(server, "authorization")] == [True, False]

    def test_it_is_good_for_this_connection_alone(self, realm: Realm, bench: Bench) -> None:
        """Somebody in between has another certificate."""
        realm.ticket()
        adfs = Adfs(bench.certificate, bindings=b"tls-server-end-point:" + bytes(32))
        bench.host(adfs)
        page = bench.send()
        assert page.status == 401
        assert "did not accept" in page.note
        assert adfs.people == []

    def test_a_host_that_fails_to_prove_itself(self, realm: Realm, bench: Bench) -> None:
        realm.ticket()
        first = Adfs(bench.certificate)
        kept: list[str] = []

        def keep(_: Received, token: str) -> bytes:
            kept.append(token)
            return response("in", 200, f"WWW-Authenticate: Negotiate {kept[0]}")

        first.answer = keep
        bench.host(first)
        assert bench.send().body == "in"
        with pytest.raises(NetworkError, match=f"{HOST} could not prove that it is the host"):
            bench.send()

    @pytest.mark.parametrize("token", ["bm9uc2Vuc2U=", "====", "YII", "TlRMTVNTUAA="])
    def test_or_talks_nonsense(self, realm: Realm, bench: Bench, token: str) -> None:
        realm.ticket()
        bench.host(
            lambda request: response(
                "401",
                401,
                f"WWW-Authenticate: Negotiate {token if 'authorization' in request.headers else ''}",
            )
        )
        page = bench.send()
        assert page.status == 401
        assert page.note != ""

    def test_no_host_is_answered_for_ever(self, realm: Realm, bench: Bench) -> None:
        """The first token of a person is what a host is told whenever it begins anew."""
        realm.ticket()
        adfs = Adfs(bench.certificate)
        adfs.answer = lambda _, token: response("401", 401, f"WWW-Authenticate: Negotiate {token}")
        server = bench.host(adfs)
        assert bench.send().status == 401
        assert len(server.requests) <= 6

    def test_a_token_is_not_sent_twice(self, realm: Realm, bench: Bench) -> None:
        realm.ticket()
        adfs = Adfs(bench.certificate)
        adfs.answer = lambda *_: response("busy", 503)
        server = bench.host(adfs)
        with pytest.raises(NetworkError, match="503"):
            bench.send()
        assert len(server.requests) == 2

    def test_a_host_that_has_no_tickets(self, realm: Realm, bench: Bench) -> None:
        realm.ticket()
        bench.host(closed, "unknown.example.test")
        page = bench.send(host="unknown.example.test", reach=Reach(Origin("unknown.example.test")))
        assert page.status == 401
        assert page.note.startswith("Kerberos knows no service HTTP/unknown.example.test")


class TestWithoutOne:
    def test_none(self, realm: Realm, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        server = bench.host(Adfs(bench.certificate))
        with caplog.at_level(logging.DEBUG, "samlauth"):
            page = bench.send()
        assert (page.status, page.authenticate) == (401, ("negotiate", "ntlm"))
        assert page.note == "There is no Kerberos ticket here. Get one with kinit."
        assert page.note in caplog.text
        assert len(server.requests) == 1

    def test_one_that_has_expired(self, realm: Realm, bench: Bench) -> None:
        realm.ticket(seconds=7531)
        age(realm.folder / "tickets", 7531)
        bench.host(Adfs(bench.certificate))
        assert bench.send().note == "The Kerberos ticket has expired. Get one with kinit."

    def test_a_realm_out_of_reach(
        self, realm: Realm, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        realm.ticket()
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        (tmp_path / "krb5.conf").write_text(CONFIG.format(port=port))
        monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
        bench.host(Adfs(bench.certificate))
        note = bench.send().note
        assert note.startswith(f"There is no Kerberos ticket for {HOST}: ")
        assert "EXAMPLE.TEST" in note
        assert note.endswith("Check the network connection and the VPN.")

    def test_no_library(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "spnego", None)  # as if it were not installed
        server = bench.host(closed)
        page = bench.send()
        assert (page.status, page.authenticate) == (401, ("negotiate", "ntlm"))
        assert "pip install 'samlauth[kerberos]'" in page.note
        assert len(server.requests) == 1

    def test_a_host_that_wants_none(self, bench: Bench) -> None:
        """Nothing of the extra is loaded for it: forms are what most see."""
        bench.host(lambda _: response("<form>"))
        assert bench.send().body == "<form>"

    def test_or_something_else(self, bench: Bench) -> None:
        server = bench.host(lambda _: response("401", 401, 'WWW-Authenticate: Basic realm="x"'))
        page = bench.send()
        assert (page.status, page.authenticate, page.note) == (401, ("basic",), "")
        assert len(server.requests) == 1


class TestNtlm:
    def test_all_legs_are_on_one_connection(
        self, realm: Realm, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where there is no ticket, Negotiate may be NTLM: two tokens, one connection."""
        people = tmp_path / "people"
        people.write_text("EXAMPLE:ada:hunter2\n")
        monkeypatch.setenv("NTLM_USER_FILE", str(people))
        adfs = Adfs(bench.certificate)
        server = bench.host(adfs)
        page = bench.send()
        assert (page.status, page.body) == (200, "<p>In</p>")
        assert adfs.people == ["EXAMPLE\\ada"]
        assert len(server.requests) == 3
        assert server.connections == 1
        assert len(bench.hidden) == 2


def test_a_proof_without_a_certificate_is_just_not_bound(realm: Realm) -> None:
    """TLS through something that does not say what it met."""
    realm.ticket()
    assert (Proof(HOST, None).answer("") or "").startswith("Negotiate YII")
    assert (Proof(HOST, b"no certificate").answer("") or "").startswith("Negotiate YII")


def test_an_answer_of_no_use_is_unproven(realm: Realm) -> None:
    realm.ticket()
    proof = Proof(HOST, None)
    proof.answer("")
    with pytest.raises(Unproven, match="cannot be understood"):
        proof.answer("!")


def age(tickets: Path, lifetime: int) -> None:
    """Have tickets of this lifetime expire yesterday (ccache format 4: auth, start, end time)."""
    content = bytearray(tickets.read_bytes())
    now, day, found = int(time.time()), 86400, 0
    for offset in range(len(content) - 12):
        _, start, end = struct.unpack_from(">III", content, offset)
        if end - start == lifetime and abs(now - start) < 600:
            struct.pack_into(">III", content, offset, *[start - day] * 2, end - day)
            found += 1
    assert found
    tickets.write_bytes(content)
