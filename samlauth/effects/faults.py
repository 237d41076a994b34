"""What went wrong on the network, in words for the person.

The libraries' own texts are not shown: they quote URLs, and the query of a sign-in URL is secret.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator

from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from samlauth.effects.proxies import Proxy
from samlauth.errors import NetworkError
from samlauth.printable import safe
from samlauth.reach import Origin

# What OpenSSL, macOS (SecBase.h) and Windows (winerror.h) call the same faults.
_EXPIRED = frozenset({10, -67818, 0x800B0101})
_NOT_YET_VALID = frozenset({9, -67819})
_WRONG_HOST = frozenset({62, 64, -67602, 0x800B010F})

_BROKEN_OFF = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)
_HUNG_UP = (ssl.SSLError, ConnectionResetError, BrokenPipeError)

# What a TLS server says of the client's certificate (RFC 8446 §6.2), in OpenSSL's words.
_NO_CERTIFICATE = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
_CERTIFICATE_REFUSED = frozenset(
    {
        "SSLV3_ALERT_NO_CERTIFICATE",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_ALERT_ACCESS_DENIED",
    }
)

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")

_CHECK_CONNECTION = "Check the network connection and the VPN, then run the command again."
_CHECK_NETWORK = (
    "Check the network connection, the VPN and the name. "
    "Where the internet is reached through a proxy, set HTTPS_PROXY."
)
_TRY_AGAIN = "Run the command again; if this stays so, tell your administrator."
_CERTIFICATE = (
    "--client-cert names the file with your certificate and its key, in PEM form. If it does, "
    "see that the certificate is one for this host and has not expired."
)
_CAPTIVE_PORTAL = (
    "On a guest network, open any page in a browser first: it may want you to sign in there."
)


def network_error(
    error: BaseException,
    origin: Origin,
    proxy: Proxy | None,
    *,
    sent: bool,
    overdue: bool,
    certified: bool,
    issuer: Callable[[], str],
) -> NetworkError:
    """The NetworkError for an exception of urllib3, requests or the socket below them.

    ``sent``: whether the request had begun to leave; ``overdue``: whether we cut the connection
    ourselves; ``certified``: whether this is a host that may be shown the client certificate;
    ``issuer`` tells who signed the certificate that was refused, and is only called when one was.
    """
    host = _name(origin.host, origin.port)
    if overdue:
        return NetworkError(f"{host} did not finish its answer in time.", hint=_TRY_AGAIN)
    causes = list(_causes(error))
    # urllib3 blames the proxy, too, for a tunnel that broke after it was open.
    at_proxy = not sent and any(isinstance(cause, ProxyError) for cause in causes)
    if at_proxy and proxy is not None:
        for cause in causes:
            if refused := _TUNNEL.search(str(cause)):
                return _tunnel_refused(proxy, host, int(refused[1]))
        host = f"{_name(proxy.host, proxy.port)} (the proxy in {proxy.source})"
    if said := _of_our_certificate(causes):
        what = (
            "wants a client certificate, and was shown none"
            if said == _NO_CERTIFICATE
            else f"did not accept the client certificate ({_words(said.partition('ALERT_')[2])})"
        )
        return NetworkError(f"{host} {what}.", hint=_CERTIFICATE)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _not_trusted(cause, host, issuer if not at_proxy else str)
    for cause in causes:
        if found := _explained(cause, host, securing=not sent and not at_proxy):
            if at_proxy and proxy is not None and found.hint == _CHECK_NETWORK:
                found.hint = (
                    "Check the network connection, the VPN, and whether "
                    f"{proxy.source} names the right proxy."
                )
            if certified and isinstance(cause, _HUNG_UP):
                # Many a server that wants a certificate only hangs up on those who have none.
                return NetworkError(
                    f"{found.message} It may want a client certificate, or another one.",
                    hint=f"{_CERTIFICATE} {found.hint}",
                )
            return found
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return NetworkError(f"{host} could not be reached.", hint=_CHECK_NETWORK)
    return NetworkError(f"{host} closed the connection before it had answered.", hint=_TRY_AGAIN)


def is_certificate_refused(error: BaseException) -> bool:
    """Whether the host broke off over the client certificate, before it looked at the request."""
    return _of_our_certificate(_causes(error)) is not None


def is_final(error: BaseException) -> bool:
    """Whether connecting failed in a way that another try would meet again.

    So it is with a certificate that is not trusted, TLS that is not understood, and a proxy that
    says no; and not with what was only broken off.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return True
    if any(isinstance(cause, _BROKEN_OFF) for cause in causes):
        return False
    return any(isinstance(cause, ssl.SSLError) or _TUNNEL.search(str(cause)) for cause in causes)


def _of_our_certificate(causes: Iterable[BaseException]) -> str | None:
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            said = cause.reason or ""
            if said == _NO_CERTIFICATE or said in _CERTIFICATE_REFUSED:
                return said
    return None


def _explained(cause: BaseException, host: str, *, securing: bool) -> NetworkError | None:
    match cause:
        case NameResolutionError() | socket.gaierror():
            return NetworkError(f"The address of {host} could not be found.", hint=_CHECK_NETWORK)
        case ConnectionRefusedError():
            return NetworkError(f"{host} refused the connection.", hint=_CHECK_NETWORK)
        case NewConnectionError():
            return None  # a kind of ConnectTimeoutError to urllib3; the cause within says more
        case ConnectTimeoutError():
            return NetworkError(f"{host} could not be reached in time.", hint=_CHECK_NETWORK)
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH | errno.ENETDOWN):
            return NetworkError(f"There is no way to {host} from here.", hint=_CHECK_CONNECTION)
        case ReadTimeoutError() | TimeoutError():
            return NetworkError(f"{host} did not answer in time.", hint=_TRY_AGAIN)
        case ConnectionResetError() | BrokenPipeError() | ssl.SSLEOFError():
            if securing:
                return _not_secured(host, "it was broken off")
            return NetworkError(f"{host} broke the connection off.", hint=_TRY_AGAIN)
        case ssl.SSLError():
            return _not_secured(host, _words(cause.reason or "no reason given"))
        case DecodeError():
            return NetworkError(f"The answer of {host} came damaged.", hint=_TRY_AGAIN)
        case _:
            return None


def _words(reason: str) -> str:
    """One of OpenSSL's names for a fault, to be read."""
    return reason.rpartition("ALERT_")[2].lower().replace("_", " ")


def _not_secured(host: str, reason: str) -> NetworkError:
    return NetworkError(
        f"No secure connection to {host} could be made: {safe(reason)}.",
        hint=f"Something in between may block it, or not speak TLS 1.2 or later. {_CAPTIVE_PORTAL}",
    )


def _not_trusted(
    cause: ssl.SSLCertVerificationError, host: str, issuer: Callable[[], str]
) -> NetworkError:
    code = getattr(cause, "verify_code", 0)
    if code in _EXPIRED or code in _NOT_YET_VALID:
        state = "has expired" if code in _EXPIRED else "is not valid yet"
        return NetworkError(
            f"The certificate of {host} {state}. Nothing was sent.",
            hint="Check the clock of this computer; if it is right, tell the administrator "
            "of that host.",
        )
    if code in _WRONG_HOST:
        return NetworkError(
            f"What answered for {host} has a certificate for another name. Nothing was sent.",
            hint=_CAPTIVE_PORTAL,
        )
    signer = safe(issuer())
    by = f": it is signed by “{signer}”" if signer else ""
    return NetworkError(
        f"The certificate of {host} is not trusted{by}. Nothing was sent.",
        hint="A company's proxy may be re-signing TLS: name its CA certificate with --ca-bundle "
        f"or AWS_CA_BUNDLE (ask your administrator for the file). {_CAPTIVE_PORTAL}",
    )


def _tunnel_refused(proxy: Proxy, host: str, status: int) -> NetworkError:
    where = _name(proxy.host, proxy.port)
    if status == 407:
        return NetworkError(
            f"The proxy {where} wants a user name and password.",
            hint=f"Set {proxy.source} to http://USER:PASSWORD@HOST:PORT, percent-encoded; or run "
            "a local proxy that signs in to it for you.",
        )
    return NetworkError(
        f"The proxy {where} did not connect to {host} (status {status}).",
        hint=f"Ask its administrator to allow {host}, or list it in NO_PROXY if it is reached "
        f"directly. {_CAPTIVE_PORTAL}",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and whatever it wraps, outermost first: each library has its own way to wrap."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        waiting.extend(found for found in inner if isinstance(found, BaseException))


def _name(host: str, port: int) -> str:
    return safe(host) + ("" if port == 443 else f":{port}")
