from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from samlauth.effects.trust import Bundle, bundles, issuer_of, ssl_context
from samlauth.errors import SettingsError
from tests.effects.loopback import Server, response


def pem(tmp_path: Path, ca: trustme.CA, name: str = "ca.pem") -> Path:
    path = tmp_path / name
    ca.cert_pem.write_to_path(path)
    return path


def handshake(context: ssl.SSLContext, leaf: trustme.LeafCert) -> str | None:
    with (
        Server(lambda _: response(), leaf) as server,
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        context.wrap_socket(plain, server_hostname="idp.test") as secure,
    ):
        return secure.version()


def test_every_bundle_is_trusted_beside_the_others(tmp_path: Path) -> None:
    cas = [trustme.CA() for _ in range(5)]
    paths = [str(pem(tmp_path, ca, f"{number}.pem")) for number, ca in enumerate(cas)]
    variables = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    context = ssl_context(bundles(dict(zip(variables, paths, strict=False)), paths[4]))
    for ca in cas:
        assert handshake(context, ca.issue_cert("idp.test")) is not None


def test_what_no_bundle_holds_is_not_trusted(tmp_path: Path) -> None:
    context = ssl_context(bundles({"AWS_CA_BUNDLE": str(pem(tmp_path, trustme.CA()))}))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, trustme.CA().issue_cert("idp.test"))


def as_openssl_keeps_it(folder: Path, *cas: trustme.CA) -> None:
    """Each authority in a file by the hash of its name."""
    folder.mkdir()
    for number, ca in enumerate(cas):
        path = pem(folder, ca, f"{number}.pem")
        hashed = subprocess.check_output(
            ["openssl", "x509", "-noout", "-hash", "-in", path], text=True
        ).strip()
        taken = len(list(folder.glob(f"{hashed}.*")))
        (folder / f"{hashed}.{taken}").symlink_to(path.name)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="their stores are not files")
class TestTheSystemsStore:
    """OpenSSL's own places, a bundle and a folder; the variables name others."""

    @pytest.fixture(autouse=True)
    def _places(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bundle, self.folder = tmp_path / "cert.pem", tmp_path / "certs"
        found = ssl.get_default_verify_paths()._replace(
            openssl_cafile=str(self.bundle), openssl_capath=str(self.folder)
        )
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem(tmp_path, trustme.CA())))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    def trusts(self, *cas: trustme.CA) -> bool:
        context = ssl_context(())
        return all(handshake(context, ca.issue_cert("idp.test")) is not None for ca in cas)

    def bundled(self, *cas: trustme.CA) -> None:
        self.bundle.write_bytes(b"".join(ca.cert_pem.bytes() for ca in cas))

    def test_the_bundle_alone_is_trusted(self) -> None:
        cas = trustme.CA(), trustme.CA()
        self.bundled(*cas)
        assert self.trusts(*cas)

    def test_the_folder_alone_is_trusted(self) -> None:
        cas = trustme.CA(), trustme.CA()
        as_openssl_keeps_it(self.folder, *cas)
        self.bundled(trustme.CA())
        assert self.trusts(*cas)

    def test_a_bundle_that_is_in_the_folder_is_not_parsed(self) -> None:
        cas = trustme.CA(), trustme.CA()
        as_openssl_keeps_it(self.folder, *cas)
        self.bundled(*cas)
        assert ssl_context(()).get_ca_certs() == []
        assert self.trusts(*cas)

    def test_what_somebody_added_to_the_bundle_alone_is_trusted(self) -> None:
        kept, added = trustme.CA(), trustme.CA()
        as_openssl_keeps_it(self.folder, kept)
        self.bundled(kept, added)
        assert self.trusts(kept, added)

    def test_a_folder_that_openssl_cannot_read_does_not_count(self) -> None:
        ca = trustme.CA()
        self.folder.mkdir()
        pem(self.folder, ca, "company.pem")
        self.bundled(ca)
        assert self.trusts(ca)

    def test_the_real_one_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        built_in = ssl.get_default_verify_paths()
        hashed = list(Path(built_in.openssl_capath).glob("????????.[0-9]"))
        assert len(ssl_context(()).get_ca_certs()) > 20 or len(hashed) > 20


def test_a_folder_of_certificates_is_trusted(tmp_path: Path) -> None:
    ca = trustme.CA()
    folder = tmp_path / "certs"
    folder.mkdir()
    pem(folder, ca, "5ad8a5d6.0")
    (folder / "README").write_text("no certificate")
    (folder / "deadbeef.0").symlink_to("removed.pem")
    context = ssl_context(bundles({"SSL_CERT_DIR": str(folder)}))
    assert handshake(context, ca.issue_cert("idp.test")) is not None


def test_an_intermediate_alone_can_be_the_anchor(tmp_path: Path) -> None:
    intermediate = trustme.CA().create_child_ca()
    context = ssl_context(bundles({}, str(pem(tmp_path, intermediate))))
    assert handshake(context, intermediate.issue_cert("idp.test")) is not None


def test_tls_below_1_2_is_refused() -> None:
    assert ssl_context(()).minimum_version == ssl.TLSVersion.TLSv1_2


def test_certificate_and_host_name_are_always_checked() -> None:
    context = ssl_context(())
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    ("environ", "flag", "source"),
    [
        ({}, "gone.pem", "--ca-bundle"),
        ({"AWS_CA_BUNDLE": "gone.pem"}, None, "AWS_CA_BUNDLE"),
        ({"SSL_CERT_DIR": "gone.pem"}, None, "SSL_CERT_DIR"),
    ],
)
def test_a_bundle_that_is_not_there_names_who_named_it(
    environ: dict[str, str], flag: str | None, source: str
) -> None:
    with pytest.raises(SettingsError, match=r"gone\.pem") as caught:
        ssl_context(bundles(environ, flag))
    assert source in caught.value.message
    assert "No such file" in caught.value.message
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"\x30\x82\x01\x0a"])
def test_a_bundle_without_certificates_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd\x1b[31m.pem"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="holds no certificate") as caught:
        ssl_context([Bundle(path, "AWS_CA_BUNDLE")])
    assert "AWS_CA_BUNDLE" in caught.value.message
    assert "\x1b" not in caught.value.message


def test_a_folder_without_certificates_is_refused(tmp_path: Path) -> None:
    pem(tmp_path, trustme.CA(), "ca.pem")
    with pytest.raises(SettingsError, match="holds no certificate"):
        ssl_context([Bundle(tmp_path, "SSL_CERT_DIR")])


def test_empty_settings_name_no_bundle() -> None:
    assert bundles({"AWS_CA_BUNDLE": "", "SSL_CERT_DIR": ""}, "") == ()


def der(certificate: trustme.Blob) -> bytes:
    return x509.load_pem_x509_certificate(certificate.bytes()).public_bytes(Encoding.DER)


def test_a_certificate_names_its_issuer() -> None:
    ca = trustme.CA(organization_name="Zcompany Röot", organization_unit_name="Proxies")
    assert issuer_of(der(ca.issue_cert("idp.test").cert_chain_pems[0])) == "Zcompany Röot"


def test_a_damaged_certificate_names_nobody() -> None:
    whole = der(trustme.CA().issue_cert("idp.test").cert_chain_pems[0])
    for length in range(0, len(whole), 7):
        assert issuer_of(whole[:length]) == ""
    for at in range(200):
        issuer_of(whole[:at] + b"\xff" + whole[at + 1 :])


def test_importing_it_is_cheap() -> None:
    """It is on the way of commands that never speak to the network."""
    listed = "import sys, samlauth.effects.trust; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"requests", "urllib3", "boto3", "truststore", "http.client", "asyncio"}


def test_a_bundle_in_the_home_of_nobody_is_one_that_cannot_be_read() -> None:
    named = bundles({}, "~nobody-of-that-name/ca.pem")
    assert [bundle.path for bundle in named] == [Path("~nobody-of-that-name/ca.pem")]
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        ssl_context(named)
