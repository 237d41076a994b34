"""A Google and an STS that check nothing: the same few bytes for whoever signs in.

``python -m tests.bench.site FOLDER ROUND_TRIP THOUGHT ROLES`` serves them behind a line of so many
seconds, each answer after a thought of so many more, until standard input ends; the response offers
so many roles. It prints, as JSON, the variables that lead a command there, and after each line on
standard input how many connections and requests there have been since the one before.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from samlauth.sandbox.accounts import account_role, account_roles
from samlauth.sandbox.assertions import ACS, Statement, signer
from samlauth.sandbox.authority import Authority
from samlauth.sandbox.google.g2 import G2
from samlauth.sandbox.google.pages import Screen, Ticket, saml_post
from samlauth.sandbox.proxy import Destination, Proxy
from samlauth.sandbox.web import Request, Response, Site
from tests.bench.floor import ENTRY
from tests.bench.line import Line

ROLE = account_role("111111111111", "Developer")

_ORIGIN, _LOOKUP = "https://accounts.google.com", "/signin/v1/lookup"
SCREENS: tuple[Screen, ...] = ("identifier", "password")


class Answers:
    """The pages of a sign-in by password, made once."""

    def __init__(self, thought: float, roles: int) -> None:
        self._thought = thought
        self.requests = 0
        ticket = Ticket.fresh(
            f"https://accounts.google.com{ENTRY}&from_login=1", "ada@example.com", time.time()
        )
        self._pages = {
            # The peer takes no relative address on the first page, and adds the host on the second.
            screen: _page(
                G2().page(screen, ticket, refused=False).replace(_LOOKUP, f"{_ORIGIN}{_LOOKUP}")
            )
            for screen in SCREENS
        }
        now = datetime.now(UTC)
        offered = (ROLE,) if roles == 1 else account_roles(roles)
        statement = Statement(
            issuer="https://accounts.google.com/o/saml2?idpid=C01bench",
            subject="ada@example.com",
            roles=tuple(role.attribute_value for role in offered),
            issued=now,
            role_session_name="ada@example.com",
            session_duration=3600,
            lifetime=timedelta(hours=12),
        )
        self._end = _page(saml_post(ACS, signer().sign(statement)))
        self._credentials = _credentials(now + timedelta(hours=1))

    def _think(self) -> None:
        self.requests += 1
        time.sleep(self._thought)

    def google(self, request: Request) -> Response:
        """The next page."""
        self._think()
        if request.method == "GET":
            return self._end if "from_login" in request.target else self._pages["identifier"]
        if request.path == _LOOKUP:
            return self._pages["password"]
        onwards = (
            ("Location", f"{ENTRY}&from_login=1"),
            ("Set-Cookie", "SID=fake; Path=/; Secure"),
        )
        return Response(HTTPStatus.FOUND, b"", onwards)

    def sts(self, request: Request) -> Response:
        """Credentials."""
        self._think()
        return Response(HTTPStatus.OK, self._credentials, (("Content-Type", "text/xml"),))


def serve(folder: Path, round_trip: float, thought: float, roles: int) -> None:
    """Serve until standard input ends."""
    authority = Authority()
    bundle = folder / "ca.pem"
    authority.write(bundle)
    answers = Answers(thought, roles)
    google, sts = (Site(it, authority.context).serve for it in (answers.google, answers.sts))

    def find(host: str) -> Destination | None:
        return google if host == "accounts.google.com" else sts

    proxy = Proxy(find)
    port = Line(proxy.port, round_trip).port if round_trip else proxy.port
    way = {
        "HTTPS_PROXY": f"http://127.0.0.1:{port}",
        "SSL_CERT_FILE": str(bundle),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "AWS_CA_BUNDLE": str(bundle),
    }
    print(json.dumps(way), flush=True)
    for _ in sys.stdin:
        print(json.dumps([len(proxy.log), answers.requests]), flush=True)
        proxy.log.clear()
        answers.requests = 0
    proxy.close()


def _page(html: str) -> Response:
    return Response(HTTPStatus.OK, html.encode(), (("Content-Type", "text/html; charset=utf-8"),))


def _credentials(expiration: datetime) -> bytes:
    return f"""<AssumeRoleWithSAMLResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithSAMLResult><AssumedRoleUser><AssumedRoleId>AROAFAKE:ada</AssumedRoleId>
<Arn>arn:aws:sts::111111111111:assumed-role/Developer/ada</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAFAKEFAKEFAKEFAKE</AccessKeyId><SecretAccessKey>fake</SecretAccessKey>
<SessionToken>{"fake" * 150}</SessionToken>
<Expiration>{expiration:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>
</AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>""".encode()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
