"""Proof of who the person is by their Kerberos ticket: SPNEGO within HTTP (RFC 4559, RFC 4178).

The tokens are made by the system's own GSSAPI, on Windows by SSPI, through pyspnego. What is sent
where is decided in :mod:`samlauth.effects.http`: a library that answers a 401 by itself, as an
authentication hook of requests does, would follow and send what nobody has checked.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from samlauth.effects.connections import silence
from samlauth.effects.extras import adding
from samlauth.errors import NetworkError
from samlauth.printable import safe

if TYPE_CHECKING:
    from spnego.channel_bindings import GssChannelBindings

log = logging.getLogger("samlauth.kerberos")

USER_AGENT = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"
"""ADFS asks for a ticket only of browsers on its list; this one has been on it since 2012 R2
(Get-AdfsProperties, WIASupportedUserAgents)."""

LEGS = 5
"""Tokens sent at most: Kerberos takes one, NTLM two."""

# Minor codes of MIT and Heimdal (RFC 4120 §7.5.9, from ERROR_TABLE_BASE_krb5 on), as unsigned.
_UNKNOWN_SERVICE = 2529638919  # KDC_ERR_S_PRINCIPAL_UNKNOWN
_EXPIRED = 2529638944  # KRB_AP_ERR_TKT_EXPIRED
_REASON = re.compile(r"Minor \(\d+\): (.+?)(?:, Context: .*)?", re.DOTALL)

_GET_ONE = (
    "Lock this computer and unlock it while it is in your company's network."
    if sys.platform == "win32"
    else "Get one with kinit."
)


def refused(host: str) -> str:
    """What to say of a host that did not take the ticket."""
    return (
        f"{safe(host)} did not accept the Kerberos ticket. "
        "A proxy that re-signs TLS on the way there has that effect."
    )


def not_met(host: str) -> NetworkError:
    """A host whose answer to the ticket was not made with the key that the ticket is for."""
    return NetworkError(
        f"{safe(host)} could not prove that it is the host your Kerberos ticket is for.",
        hint="Sign in without a ticket (--no-kerberos), and tell your administrator.",
    )


class Unproven(Exception):
    """No token can be made. The text says why and what to do, fit to print."""


class Proof:
    """The proof to one host, over one connection to it, token by token.

    ``certificate``, the host's, DER, ties the proof to the connection (RFC 5929 §4): a token that
    somebody in between has caught is of no use on a connection of theirs. Raises Unproven when the
    extra is missing.
    """

    def __init__(self, host: str, certificate: bytes | None) -> None:
        self._host = host
        try:
            import spnego
            from spnego.exceptions import FeatureMissingError
        except ImportError:
            raise Unproven(_MISSING) from None
        silence("spnego")  # it logs the tokens
        try:
            self._context = spnego.client(
                hostname=host,
                service="HTTP",
                protocol="negotiate",
                channel_bindings=_bindings(certificate) if certificate else None,
                context_req=spnego.ContextReq.mutual_auth,
                options=spnego.NegotiateOptions.negotiate_kerberos,
            )
        except (FeatureMissingError, ImportError):
            raise Unproven(_MISSING) from None

        self._begun = False

    def answer(self, token: str) -> str | None:
        """What ``Authorization`` is to say to a ``Negotiate`` with this token, empty at first.

        None when everything has been said. Raises Unproven.
        """
        first, self._begun = not self._begun, True
        try:
            given = base64.b64decode(token, validate=True) if token else None
            made = self._context.step(given)
        except binascii.Error:
            raise Unproven(self._senseless()) from None
        except Exception as error:  # noqa: BLE001 - the library lets its parsers' errors through
            raise Unproven(self._why(error, first=first)) from None
        return "Negotiate " + base64.b64encode(made).decode("ascii") if made else None

    def is_met(self, token: str) -> bool:
        """Whether the host's last token proves that it has the key the ticket is for."""
        try:
            self.answer(token)
        except Unproven:
            return False
        return self._context.complete

    def _why(self, error: Exception, *, first: bool) -> str:
        from spnego.exceptions import (
            BadNameError,
            CredentialsExpiredError,
            InvalidTokenError,
            NoCredentialError,
        )

        host = safe(self._host)
        causes = list(_causes(error))
        codes = {getattr(cause, "min_code", None) for cause in causes}
        log.debug(
            "no token for %s: %s", host, " of ".join(type(cause).__name__ for cause in causes)
        )
        for cause in causes:
            match cause:
                case NoCredentialError():
                    return f"There is no Kerberos ticket here. {_GET_ONE}"
                case CredentialsExpiredError():
                    codes.add(_EXPIRED)
                case BadNameError():
                    codes.add(_UNKNOWN_SERVICE)
                case InvalidTokenError() if not first:
                    return refused(self._host)
                case _:
                    pass
        if _EXPIRED in codes:
            return f"The Kerberos ticket has expired. {_GET_ONE}"
        if _UNKNOWN_SERVICE in codes:
            return (
                f"Kerberos knows no service HTTP/{host}, so there is no ticket for it. "
                "Tell your administrator."
            )
        for cause in causes:
            if found := _REASON.fullmatch(str(cause).partition("Major (")[2].partition(", ")[2]):
                reason = safe(found[1])
                return (
                    f"There is no Kerberos ticket for {host}: {reason}. "
                    "Check the network connection and the VPN."
                )
        return self._senseless()

    def _senseless(self) -> str:
        return f"What {safe(self._host)} said to the Kerberos ticket cannot be understood."


_MISSING = (
    "A Kerberos ticket cannot be used: samlauth's kerberos extra is not installed, or this system "
    f"has no Kerberos. Run {adding('kerberos')}."
)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those it stands for, down to the system's own."""
    while error is not None:
        yield error
        error = getattr(error, "base_error", None)


def _bindings(certificate: bytes) -> GssChannelBindings | None:
    """tls-server-end-point of a DER certificate (RFC 5929 §4.1); None where it has none."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from spnego.channel_bindings import GssChannelBindings

    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None
    if algorithm is None:
        return None
    if isinstance(algorithm, hashes.MD5 | hashes.SHA1):
        algorithm = hashes.SHA256()
    digest = hashes.Hash(algorithm)
    digest.update(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())
