"""Which certificates count, which one is our own, and which proxy a connection goes through.

The system's own store is always trusted; CA bundles named by ``--ca-bundle`` or by the environment
are trusted besides it, never instead. There is no way to turn verification off. Proxies are read
from the environment the way curl reads it.
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import ssl
import sys
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from samlauth.effects.paths import expanded
from samlauth.errors import SettingsError
from samlauth.printable import safe
from samlauth.reach import Origin
from samlauth.values import dataclass

_BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+", re.IGNORECASE)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")

# Where distributions keep their store, for a Python whose OpenSSL was built to look elsewhere.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL, Amazon Linux
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # BSD, Alpine
)


@dataclass(frozen=True)
class Bundle:
    """A file of PEM certificates, or a folder of them as ``openssl rehash`` names them."""

    path: Path
    source: str
    """The flag or variable that named it."""


def bundles(environ: Mapping[str, str], ca_bundle: str | None = None) -> tuple[Bundle, ...]:
    """The bundles named by ``--ca-bundle`` and by the environment. Empty values name none."""
    named = [("--ca-bundle", ca_bundle or "")]
    named += [(name, environ.get(name, "")) for name in _BUNDLE_VARIABLES]
    named += [("SSL_CERT_DIR", part) for part in environ.get("SSL_CERT_DIR", "").split(os.pathsep)]
    return tuple(Bundle(expanded(path), source) for source, path in named if path)


def ssl_context(bundles: Iterable[Bundle]) -> ssl.SSLContext:
    """A client context that trusts the system's store and ``bundles``; TLS 1.2 or later.

    Raises SettingsError, naming source and path, for a bundle that cannot be read or that holds no
    certificate.
    """
    context, loaded = _system_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A company's bundle is often its intermediate alone, which is then the anchor, as it is for
    # curl and for Python's own default context since 3.13.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for bundle in bundles:
        # One file is often named by several variables, and parsing it costs some 20 ms.
        real = bundle.path.resolve()
        if real not in loaded:
            loaded.add(real)
            _load(context, bundle)
    return context


def _system_context() -> tuple[ssl.SSLContext, set[Path]]:
    """A context that trusts the system's store, and the files and folders already in it."""
    if sys.platform in ("darwin", "win32"):
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), set()
    # Elsewhere the store is OpenSSL's files, which truststore would parse again for each
    # connection, under a lock that lasts for the handshake. They are loaded once here, and from
    # where OpenSSL was built to look: its defaults follow SSL_CERT_FILE *instead*.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    built_in = ssl.get_default_verify_paths()
    loaded: set[Path] = set()
    if Path(built_in.openssl_capath).is_dir():
        context.load_verify_locations(capath=built_in.openssl_capath)
        loaded.add(Path(built_in.openssl_capath).resolve())
    for candidate in (built_in.openssl_cafile, *_SYSTEM_BUNDLES):
        if Path(candidate).is_file():
            if not (loaded and _is_in_folder(candidate, built_in.openssl_capath)):
                context.load_verify_locations(cafile=candidate)
            loaded.add(Path(candidate).resolve())
            break
    return context, loaded


def _is_in_folder(bundle: str, folder: str) -> bool:
    """Whether each certificate of a bundle is also in a folder as OpenSSL reads it.

    From the folder it takes the one that it needs; a bundle is parsed whole, for 20 ms.
    """
    try:
        missing = set(_PEM.findall(Path(bundle).read_bytes()))
        if not missing:
            return False
        with os.scandir(folder) as entries:
            for entry in entries:
                if _HASHED.fullmatch(entry.name):
                    missing.difference_update(_PEM.findall(Path(entry.path).read_bytes()))
    except OSError:
        return False
    return not missing


def _load(context: ssl.SSLContext, bundle: Bundle) -> None:
    where = f"{safe(str(bundle.path))} ({bundle.source})"
    try:
        files = _certificate_files(bundle.path) if bundle.path.is_dir() else [bundle.path]
        for file in files:
            context.load_verify_locations(cafile=file)
    except ssl.SSLError:
        files = []
    except OSError as error:
        raise SettingsError(
            f"The CA bundle {where} cannot be read: {error.strerror}.",
            hint="Correct the path, or remove the setting: the system's own certificates are "
            "trusted without it.",
        ) from None
    if not files:
        raise SettingsError(
            f"The CA bundle {where} holds no certificate in PEM form.",
            hint="A file needs -----BEGIN CERTIFICATE----- lines (openssl x509 -inform der "
            "converts); a folder needs the names that openssl rehash makes.",
        )


def _certificate_files(folder: Path) -> list[Path]:
    # Loaded file by file, not as OpenSSL's capath: the system verifiers of macOS and Windows are
    # handed the context's certificates and never look into folders.
    return [path for path in folder.iterdir() if _HASHED.fullmatch(path.name) and path.is_file()]


@dataclass(frozen=True)
class ClientCertificate:
    """A certificate that says who the person is, for the hosts that ask for one."""

    path: Path
    """Of a PEM file: the certificate, any intermediates, and its key if ``key`` names no file."""
    key: Path | None = None


def client_certificate(certificate: str, key: str | None = None) -> ClientCertificate:
    """What ``--client-cert`` and ``--client-key`` name."""
    return ClientCertificate(expanded(certificate), expanded(key) if key else None)


def show(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Have ``context`` show the certificate to whoever asks for one.

    Raises SettingsError for files that cannot be read or used, and for a key that is encrypted:
    OpenSSL would ask for its password on the terminal by itself.
    """
    where = f"{safe(str(certificate.path))} (--client-cert)"
    key = certificate.key
    of_key = f"{safe(str(key))} (--client-key)" if key else where
    try:
        for file, name in ((certificate.path, where), (key or certificate.path, of_key)):
            _read(file, name)
        context.load_cert_chain(certificate.path, key, password=_no_password)
    except _Encrypted:
        raise SettingsError(
            f"The key in {of_key} is encrypted, and samlauth does not ask for its password.",
            hint="Write a copy without one where only you can read it: "
            "openssl pkey -in KEY -out NEW, and chmod 600 NEW.",
        ) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(
                f"The key in {of_key} is not that of the certificate in {where}.",
                hint="Name the key that belongs to it with --client-key.",
            ) from None
        raise SettingsError(
            f"{where} and {of_key} do not hold a certificate and its key in PEM form."
            if key
            else f"{where} does not hold a certificate and its key in PEM form.",
            hint="A key in a file of its own is named by --client-key; a .pfx or .p12 file is "
            "converted by openssl pkcs12 -in FILE -out NEW -nodes.",
        ) from None
    # Some servers ask only when a page wants it, which TLS 1.3 does after the handshake.
    context.post_handshake_auth = True


class _Encrypted(Exception):
    """A password was asked for."""


def _no_password() -> str:
    raise _Encrypted


def _read(file: Path, name: str) -> None:
    try:
        file.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The client certificate or key in {name} cannot be read: {error.strerror}.",
            hint="Correct the path, or remove the setting.",
        ) from None


@dataclass(frozen=True)
class Proxy:
    """A proxy that tunnels by CONNECT (RFC 9110 §9.3.6)."""

    scheme: Literal["http", "https"]
    """How the proxy itself is spoken to."""
    host: str
    port: int
    source: str
    """The variable that named it."""
    authorization: str | None = field(default=None, repr=False)
    """Value of Proxy-Authorization."""

    @property
    def url(self) -> str:
        """Without user name and password."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What it has to be told with each CONNECT."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


def proxy_for(environ: Mapping[str, str], origin: Origin) -> Proxy | None:
    """The proxy the environment names for an https origin, None when it is reached directly.

    Lower-case names win over upper-case ones, HTTPS_PROXY over ALL_PROXY. Raises SettingsError,
    without the value, for a proxy that cannot be used.
    """
    if _bypasses(_lookup(environ, "no_proxy")[1], origin):
        return None
    for name in ("https_proxy", "all_proxy"):
        source, value = _lookup(environ, name)
        if value:
            return _parse_proxy(value, source)
    return None


def _lookup(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    for spelling in (name, name.upper()):
        if value := environ.get(spelling, "").strip():
            return spelling, value
    return name, ""


def _parse_proxy(value: str, source: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    scheme = parts.scheme
    if scheme not in ("http", "https") or not host:
        what = f"a {scheme} proxy" if host and scheme else "a proxy that cannot be understood"
        # The value may hold a password, so it is not shown.
        raise SettingsError(
            f"{source} names {safe(what)}; samlauth goes through http and https proxies only.",
            hint=f"Set {source} to http://HOST:PORT, or unset it for this command.",
        )
    default = 443 if scheme == "https" else 80
    authorization = _basic(parts) if parts.username else None
    return Proxy(
        "https" if scheme == "https" else "http", host, port or default, source, authorization
    )


def _basic(parts: SplitResult) -> str:
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def _bypasses(no_proxy: str, origin: Origin) -> bool:
    """Whether NO_PROXY lists the origin: a name and what is under it, host:port, CIDR, or ``*``."""
    return any(_matches(entry, origin) for entry in no_proxy.lower().replace(",", " ").split())


def _matches(entry: str, origin: Origin) -> bool:
    if entry == "*":
        return True
    try:
        address = ipaddress.ip_address(origin.host)
    except ValueError:
        address = None
    if address is not None and "/" in entry:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, _, port = entry.rpartition(":")
    if name and port.isdigit() and (":" not in name or name.startswith("[")):
        if int(port) != origin.port:
            return False
        entry = name
    entry = entry.strip("[]")
    if address is not None:
        return entry == origin.host
    entry = entry.removeprefix("*").strip(".")
    return bool(entry) and (origin.host == entry or origin.host.endswith(f".{entry}"))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def issuer_of(certificate: bytes) -> str:
    """Who signed a DER certificate, as far as it says (RFC 5280 §4.1.2.4); empty when it does not.

    The common name of the issuer, else its organisation. The text is the certificate's own and is
    not verified.
    """
    try:
        _, tbs, _ = _element(_element(certificate)[1])
        fields = _elements(tbs)
        if fields and fields[0][0] == _VERSION:
            fields = fields[1:]
        _, issuer = fields[2]
        names = {
            oid: _text(tag, value)
            for _, relative in _elements(issuer)
            for _, pair in _elements(relative)
            for (_, oid), (tag, value) in [tuple(_elements(pair)[:2])]
        }
    except (IndexError, ValueError):
        return ""
    return names.get(_COMMON_NAME) or names.get(_ORGANISATION) or ""


_VERSION = 0xA0
_COMMON_NAME = bytes.fromhex("550403")
_ORGANISATION = bytes.fromhex("55040a")
_BMP_STRING = 0x1E


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """The first DER element: its tag, its content, and what follows it."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("truncated")
    return tag, data[start : start + length], data[start + length :]


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        tag, content, data = _element(data)
        found.append((tag, content))
    return found


def _text(tag: int, value: bytes) -> str:
    return value.decode("utf-16-be" if tag == _BMP_STRING else "utf-8", "replace")
