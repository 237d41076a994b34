"""A login's round trips and nothing else: what the wire alone takes."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from http.client import HTTPSConnection
from urllib.parse import urlsplit

ENTRY = "/o/saml2/initsso?idpid=C01bench&spid=000111000111&forceauthn=false"
GOOGLE, STS = "accounts.google.com", "sts.us-east-1.amazonaws.com"


def wire(way: Mapping[str, str]) -> float:
    """Milliseconds for a sign-in by password, STS's connection opened while Google answers."""
    proxy = urlsplit(way["HTTPS_PROXY"])
    context = ssl.create_default_context(cafile=way["SSL_CERT_FILE"])

    def opened(host: str) -> HTTPSConnection:
        connection = HTTPSConnection(proxy.hostname or "", proxy.port, context=context)
        connection.set_tunnel(host)
        connection.connect()
        return connection

    def ask(connection: HTTPSConnection, method: str, target: str) -> None:
        connection.request(method, target, b"" if method == "POST" else None)
        connection.getresponse().read()

    started = time.perf_counter()
    sts: list[HTTPSConnection] = []
    opening = threading.Thread(target=lambda: sts.append(opened(STS)))
    opening.start()
    google = opened(GOOGLE)
    for method, target in (
        ("GET", ENTRY),
        ("POST", "/signin/v1/lookup"),
        ("POST", "/signin/challenge/sl/password"),
        ("GET", f"{ENTRY}&from_login=1"),
    ):
        ask(google, method, target)
    opening.join()
    ask(sts[0], "POST", "/")
    took = time.perf_counter() - started
    for connection in (google, *sts):
        connection.close()
    return took * 1000
