from __future__ import annotations

import logging
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from samlauth.effects.http import Http
from samlauth.errors import NetworkError, SettingsError
from samlauth.flow import Page, Request
from samlauth.reach import Carrying, Origin, Reach
from samlauth.sandbox.tls import server_context
from tests.effects.loopback import Listener, Proxy, Received, redirect, response

HOST = "adfs.example.test"
ALTERNATE = f"certauth.{HOST}"
AWS = "signin.aws.amazon.com"
REACH = Reach(
    Origin(HOST),
    post_origins=frozenset({Origin(ALTERNATE), Origin(HOST, 49443)}),
    get_hosts=frozenset({AWS}),
)
FORM = (("AuthMethod", "CertificateAuthentication"), ("Context", "s3cr3t"))


class Asking(Listener):
    """A TLS server that asks for a client certificate, and notes whose it is shown."""

    def __init__(self, certificate: trustme.LeafCert, people: trustme.CA, *, need: bool) -> None:
        super().__init__()
        self.context = asking(certificate, people)
        if need:
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.answer = response("in")
        self.shown: list[str | None] = []
        self.requests: list[Received] = []

    def serve(self, sock: socket.socket) -> None:
        secure = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        with secure:
            with self._lock:
                self._open.add(secure)
            try:
                secure.do_handshake()
                self._converse(secure)
            except ssl.SSLError:
                # To close while there is something to read would reset the connection, and the
                # alert would be lost with it.
                while socket.socket.recv(secure, 4096):
                    pass
            finally:
                with self._lock:
                    self._open.discard(secure)

    def _converse(self, secure: ssl.SSLSocket) -> None:
        shown = secure.getpeercert(binary_form=True)
        with secure.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ")
                length = 0
                while (line := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    if name.lower() == "content-length":
                        length = int(value)
                self.requests.append(Received(method, target, {}, stream.read(length)))
                self.shown.append(None if shown is None else name_in(shown))
                secure.sendall(self.answer)


def asking(certificate: trustme.LeafCert, people: trustme.CA) -> ssl.SSLContext:
    """Asks for a certificate, and goes on without one."""
    context = server_context()
    certificate.configure_cert(context)
    people.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def name_in(certificate: bytes) -> str:
    return "ada" if b"ada@example.com" in certificate else "somebody"


class Bench:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.servers_ca, self.people = trustme.CA(), trustme.CA()
        self.servers_ca.cert_pem.write_to_path(folder / "ca.pem")
        self._stack = stack
        self.routes: dict[str, int] = {}
        self.proxy = stack.enter_context(Proxy(self.routes))
        self.ada = self.people.issue_cert("ada@example.com")
        self.certificate, self.key = self.files("ada", self.ada)

    def files(self, name: str, leaf: trustme.LeafCert) -> tuple[str, str]:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(key)
        return str(certificate), str(key)

    def host(self, name: str, port: int = 443, *, need: bool = False) -> Asking:
        server = Asking(self.servers_ca.issue_cert(name), self.people, need=need)
        self._stack.enter_context(server)
        self.routes[f"{name}:{port}"] = server.port
        return server

    def http(self, certificate: tuple[str, str | None] | None, **environ: str) -> Http:
        http = Http(
            {
                "HTTPS_PROXY": self.proxy.url,
                "AWS_CA_BUNDLE": str(self.folder / "ca.pem"),
                **environ,
            },
            hide=lambda _: None,
            client_certificate=certificate,
            sleep=lambda _: None,
        )
        self._stack.callback(http.close)
        return http


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


def get(url: str) -> Request:
    return Request(url, reach=REACH)


def post(url: str, carrying: Carrying = "answers") -> Request:
    return Request(url, FORM, carrying, reach=REACH)


class TestWhoIsShownIt:
    def test_the_origins_for_answers(self, bench: Bench) -> None:
        alternate = bench.host(ALTERNATE, need=True)
        port = bench.host(HOST, 49443, need=True)
        http = bench.http((bench.certificate, bench.key))
        assert http.send(post(f"https://{ALTERNATE}/adfs/ls")).body == "in"
        assert http.send(get(f"https://{HOST}:49443/adfs/ls")).body == "in"
        assert (alternate.shown, port.shown) == (["ada"], ["ada"])
        assert alternate.requests[0].body == b"AuthMethod=CertificateAuthentication&Context=s3cr3t"

    def test_one_file_may_hold_both(self, bench: Bench) -> None:
        both = bench.folder / "both.pem"
        both.write_bytes(bench.ada.private_key_and_cert_chain_pem.bytes())
        server = bench.host(ALTERNATE, need=True)
        bench.http((str(both), None)).send(get(f"https://{ALTERNATE}/"))
        assert server.shown == ["ada"]

    def test_and_nobody_else(self, bench: Bench) -> None:
        """Neither the password's origin nor a host to read from, on the way there and back."""
        password, aws = bench.host(HOST), bench.host(AWS)
        alternate = bench.host(ALTERNATE)
        http = bench.http((bench.certificate, bench.key))
        password.answer = redirect(302, f"https://{ALTERNATE}/")
        alternate.answer = redirect(302, f"https://{AWS}/saml")
        assert http.send(get(f"https://{HOST}/")).url == f"https://{AWS}/saml"
        assert http.send(post(f"https://{HOST}/")).url == f"https://{AWS}/saml"
        assert (password.shown, alternate.shown, aws.shown) == (
            [None] * 2,
            ["ada"] * 2,
            [None] * 2,
        )

    def test_not_the_proxy(self, bench: Bench) -> None:
        server = bench.host(ALTERNATE)
        context = asking(bench.servers_ca.issue_cert("localhost"), bench.people)
        seen: list[bytes | None] = []

        class SecureProxy(Proxy):
            def serve(self, sock: socket.socket) -> None:
                with context.wrap_socket(sock, server_side=True) as secure:
                    seen.append(secure.getpeercert(binary_form=True))
                    super().serve(secure)

        with SecureProxy(bench.routes) as secure:
            http = bench.http(
                (bench.certificate, bench.key), HTTPS_PROXY=f"https://localhost:{secure.port}"
            )
            http.send(get(f"https://{ALTERNATE}/"))
            http.close()
        assert seen == [None]
        assert server.shown == ["ada"]

    def test_cookies_are_those_of_the_whole_run(self, bench: Bench) -> None:
        password = bench.host(HOST)
        password.answer = response("in", 200, f"Set-Cookie: SID=1; Domain={HOST}; Secure")
        bench.host(ALTERNATE)
        http = bench.http((bench.certificate, bench.key))
        http.send(get(f"https://{HOST}/"))
        jars = {id(session.cookies) for session in http._sessions.values()}
        http.send(get(f"https://{ALTERNATE}/"))
        assert {id(session.cookies) for session in http._sessions.values()} == jars
        assert len(http._sessions) == 2

    def test_a_server_may_ask_after_the_handshake(self, bench: Bench) -> None:
        context = bench.http((bench.certificate, bench.key)).connections._certified
        assert context.post_handshake_auth
        assert not bench.http(None).connections._certified.post_handshake_auth


class TestRefused:
    @pytest.mark.parametrize(
        "request_", [get(f"https://{ALTERNATE}/"), post(f"https://{ALTERNATE}/")]
    )
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_none_where_one_is_needed(
        self, bench: Bench, request_: Request, version: ssl.TLSVersion
    ) -> None:
        server = bench.host(ALTERNATE, need=True)
        server.context.maximum_version = version
        error = refusal(bench.http(None), request_)
        assert "want" in error.message
        assert "client certificate" in error.message
        assert server.requests == []

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_one_of_a_stranger(self, bench: Bench, version: ssl.TLSVersion) -> None:
        server = bench.host(ALTERNATE, need=True)
        server.context.maximum_version = version
        stranger = bench.files("bob", trustme.CA().issue_cert("bob@example.com"))
        error = refusal(bench.http(stranger), post(f"https://{ALTERNATE}/"))
        assert error.message == (f"{ALTERNATE} did not accept the client certificate (unknown ca).")
        assert server.requests == []

    def test_one_that_has_expired(self, bench: Bench) -> None:
        bench.host(ALTERNATE, need=True)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        old = bench.files("old", bench.people.issue_cert("ada@example.com", not_after=yesterday))
        error = refusal(bench.http(old), get(f"https://{ALTERNATE}/"))
        assert "(certificate expired)" in error.message

    def test_a_server_that_only_hangs_up(self, bench: Bench) -> None:
        class Curt(Listener):
            def serve(self, sock: socket.socket) -> None:
                sock.recv(4096)

        with Curt() as curt:
            bench.routes[f"{ALTERNATE}:443"] = curt.port
            error = refusal(bench.http(None), get(f"https://{ALTERNATE}/"))
            bench.routes[f"{HOST}:443"] = curt.port
            with pytest.raises(NetworkError) as other:
                bench.http(None).send(get(f"https://{HOST}/"))
        assert "It may want a client certificate" in error.message
        assert "certificate" not in other.value.message + other.value.hint

    def test_by_a_page(self, bench: Bench) -> None:
        server = bench.host(ALTERNATE)
        server.answer = response("403", 403)
        password = bench.host(HOST)
        password.answer = response("403", 403)
        url = f"https://{ALTERNATE}/"
        page = bench.http(None).send(get(url))
        assert page == Page(
            url,
            403,
            "403",
            note=f"{ALTERNATE} may want a client certificate: name yours with --client-cert.",
        )
        note = bench.http((bench.certificate, bench.key)).send(get(url)).note
        assert note.startswith(f"{ALTERNATE} does not let the client certificate in (--client-cert")
        assert bench.http(None).send(get(f"https://{HOST}/")).note == ""


def refusal(http: Http, request: Request) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        http.send(request)
    assert "--client-cert" in caught.value.hint
    assert "may have counted" not in caught.value.message
    return caught.value


class TestFiles:
    def refused(self, bench: Bench, certificate: str, key: str | None) -> SettingsError:
        with pytest.raises(SettingsError) as caught:
            bench.http((certificate, key))
        assert caught.value.hint
        return caught.value

    def test_an_encrypted_key(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        locked = bench.folder / "locked.key"
        subprocess.run(
            ["openssl", "pkey", "-in", bench.key, "-aes256", "-passout", "pass:x", "-out", locked],
            check=True,
            capture_output=True,
        )
        with caplog.at_level(logging.DEBUG):
            error = self.refused(bench, bench.certificate, str(locked))
        assert f"The key in {locked} (--client-key) is encrypted" in error.message
        both = bench.folder / "both.pem"
        both.write_bytes(Path(bench.certificate).read_bytes() + locked.read_bytes())
        error = self.refused(bench, str(both), None)
        assert f"The key in {both} (--client-cert) is encrypted" in error.message

    def test_files_that_are_not_there(self, bench: Bench) -> None:
        gone = str(bench.folder / "gone")
        for certificate, key, flag in (
            (gone, None, "cert"),
            (gone, bench.key, "cert"),
            (bench.certificate, gone, "key"),
        ):
            error = self.refused(bench, certificate, key)
            assert f"{gone} (--client-{flag}) cannot be read: No such file" in error.message

    def test_files_that_hold_something_else(self, bench: Bench) -> None:
        (bench.folder / "ada.pfx").write_bytes(b"\x30\x82")
        error = self.refused(bench, str(bench.folder / "ada.pfx"), None)
        assert "(--client-cert) does not hold a certificate and its key" in error.message
        assert "pkcs12" in error.hint
        assert "do not hold" in self.refused(bench, bench.key, bench.key).message
        error = self.refused(bench, bench.certificate, None)
        assert "does not hold a certificate and its key" in error.message
        assert "--client-key" in error.hint

    def test_the_key_of_another(self, bench: Bench) -> None:
        _, key = bench.files("bob", bench.people.issue_cert("bob@example.com"))
        error = self.refused(bench, bench.certificate, key)
        assert re.search(r"key in .*bob\.key \(--client-key\) is not that of", error.message)

    def test_home_is_known(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(bench.folder))
        with suppress(NetworkError):
            bench.http(("~/ada.pem", "~/ada.key"))
