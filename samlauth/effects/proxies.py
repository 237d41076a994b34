"""Which proxy a connection goes through, read from the environment the way curl reads it."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import field
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from samlauth.errors import SettingsError
from samlauth.printable import safe
from samlauth.reach import Origin
from samlauth.values import dataclass


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
