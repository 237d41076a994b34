"""SimpleSAMLphp, a real identity provider that nobody here wrote, in a rehearsal."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pytest
from cryptography.hazmat.primitives import serialization

from samlauth.sandbox import assertions
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.sts import STS
from samlauth.sandbox.trust import Trust
from samlauth.sandbox.web import Request, Response
from tests.e2e.browser import needed

HOST = "idp.example.org"
ISSUER = f"https://{HOST}/saml"
URL = f"https://{HOST}/simplesaml/saml2/idp/SSOService.php?spentityid=urn:amazon:webservices"
"""Where a sign-in to AWS begins."""

_INSTALLED = Path("/usr/share/simplesamlphp/www")
_HERE = Path(__file__).parent
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}


class SimpleSAML:
    """PHP's own server with SimpleSAMLphp, which AWS trusts once it is :meth:`put <put_in>` there.

    A context manager; its files are in ``folder``, which has to be there.
    """

    username = "alice"
    password = "nothing+real&s3cret"

    def __init__(self, folder: Path) -> None:
        (self._php,) = needed("php")
        if not _INSTALLED.is_dir():
            said = "not installed: simplesamlphp"
            pytest.fail(said) if os.environ.get("CI") == "true" else pytest.skip(said)
        self._folder = folder
        self._signer = assertions.forged_signer()
        self._port = 0
        self.log = ""
        """What PHP said, once it has ended."""

    def put_in(self, rehearsal: Rehearsal) -> None:
        """Have the rehearsal serve it, and its AWS trust it; not once that is entered."""
        rehearsal.hosts[HOST] = self
        trust = Trust(ISSUER, self._signer.certificate_pem, rehearsal.roles)
        rehearsal.sts = STS(trust)
        people = self._folder / "people.json"
        attributes = {
            f"{assertions.ATTRIBUTES}Role": [role.attribute_value for role in rehearsal.roles],
            f"{assertions.ATTRIBUTES}RoleSessionName": [rehearsal.username],
            f"{assertions.ATTRIBUTES}SessionDuration": ["3600"],
            "uid": [self.username],
        }
        people.write_text(json.dumps({f"{self.username}:{self.password}": attributes}))

    def __enter__(self) -> Self:
        for name in ("cert", "data", "log", "sessions", "tmp", "www"):
            (self._folder / name).mkdir()
        (self._folder / "www" / "simplesaml").symlink_to(_INSTALLED)
        (self._folder / "cert" / "idp.crt").write_text(self._signer.certificate_pem)
        (self._folder / "cert" / "idp.pem").write_bytes(
            self._signer.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._server = subprocess.Popen(
            [self._php, "-S", "127.0.0.1:0", "-t", str(self._folder / "www")],
            env={
                "PATH": os.environ["PATH"],
                "SIMPLESAMLPHP_CONFIG_DIR": str(_HERE / "config"),
                "REHEARSAL_IDP": str(self._folder),
                "REHEARSAL_METADATA": str(_HERE / "metadata"),
                "REHEARSAL_ORIGIN": f"https://{HOST}",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._server.stderr is not None
        said = self._server.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)\) started", said)
        assert found, said
        self._port = int(found[1])
        self._reading = threading.Thread(target=self._read, args=(self._server.stderr,))
        self._reading.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.terminate()
        self._server.wait()
        self._reading.join()

    def _read(self, log: IO[str]) -> None:
        """To the end: a server that nobody listens to comes to a halt."""
        with log:
            self.log = log.read()

    def __call__(self, request: Request) -> Response:
        """Answers one request, by passing it on."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in {"connection", "content-length"}
        }
        connection.request(request.method, request.target, request.body, headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        kept = tuple((n, v) for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP)
        return Response(answer.status, body, kept)
