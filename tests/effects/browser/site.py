"""An identity provider, a hub and AWS on the loopback interface, and a browser that finds them."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from samlauth.effects.browser import Browser, Mode, usual_wire
from samlauth.effects.browser.devtools import Wire
from samlauth.flow import Browse, BrowserEnded
from samlauth.saml import SAMLResponse
from tests.effects.loopback import Received, Reply, Server, redirect, response

ASSERTION = base64.b64encode(b"<Response>" + bytes(range(256)) * 8 + b"</Response>").decode()
"""With ``+`` and ``/`` in it, which a form has to escape."""

AWS = "https://signin.aws.amazon.com/saml"
HOSTS = (
    "idp.example",
    "hub.example",
    "signin.aws.amazon.com",
    "eu-west-1.signin.aws.amazon.com",
    "signin.amazonaws-us-gov.com",
    "signin.amazonaws.cn",
    "signin.aws.amazon.com.evil.example",
    "xsignin.aws.amazon.com",
)


def posts(url: str, *before: tuple[str, str], attributes: str = "") -> str:
    """A page that posts the assertion at once, after other fields."""
    controls = "".join(
        f'<input type="hidden" name="{name}" value="{value}">'
        for name, value in (*before, ("SAMLResponse", ASSERTION))
    )
    return (
        f'<form method="post" action="{url}" {attributes}>{controls}</form>'
        "<script>document.forms[0].submit()</script>"
    )


class Site:
    """All hosts, on one port. ``pages`` are what the identity provider serves, by path."""

    def __init__(self) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert(*HOSTS)
        self.server = Server(self._reply, certificate)
        loaded = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
        spki = loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.pin = base64.b64encode(hashlib.sha256(spki).digest()).decode()
        self.pages: dict[str, str | bytes] = {}
        self.seen = threading.Condition()
        self.log: list[Received] = []

    def posted_to_aws(self) -> list[str]:
        """What reached AWS, whatever it was posted to there."""
        return [
            f"{request.headers['host']}{request.target}"
            for request in self.log
            if request.method != "GET" and "aws" in request.headers["host"].split(".evil")[0]
        ]

    def got(self, target: str) -> bool:
        """Whether the path has been asked for."""
        return any(request.target == target for request in self.log)

    def _reply(self, request: Received) -> Reply:
        with self.seen:
            self.log.append(request)
        host, path = request.headers["host"], request.target.partition("?")[0]
        fresh = ("Cache-Control: no-store", "Content-Type: text/html; charset=utf-8")
        if host == "idp.example" and path == "/account":
            session = "Set-Cookie: session=1; Max-Age=86400; Secure; Path=/"
            # The person sees the page, and so what came with it is kept, before they go on.
            return response('signed in <img src="/seen">', 200, session, *fresh)
        if host == "idp.example" and path == "/sso":
            signed_in = "session=1" in request.headers.get("cookie", "")
            form = '<form method="post" action="/no"><input type="email" name="e"></form>'
            return response(posts(AWS) if signed_in else form, 200, *fresh)
        if host == "hub.example" and path == "/saml" and request.method == "POST":
            got = parse_qs(request.body.decode()).get("SAMLResponse") == [ASSERTION]
            return response(posts(AWS) if got else "what is this?", 200, *fresh)
        if host == "hub.example" and path == "/again":
            return redirect(307, AWS)
        page = self.pages.get(path)
        if page is None:
            return response("nothing here", 404, *fresh)
        return page if isinstance(page, bytes) else response(page, 200, *fresh)


Ends = Literal["enter", "over", "time"]


@dataclass
class Person:
    """Looks at the terminal's line, and does what the test says while it is shown."""

    act: Callable[[], Ends | None] = lambda: None
    """Called again and again; what it returns ends the wait."""
    seconds: float = 30
    lines: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def until(self, text: str, seconds: float, over: Callable[[], bool]) -> Ends:
        self.lines.append(text)
        turns = threading.Event()
        for _ in range(int(min(seconds, self.seconds) / 0.05)):
            if over():
                return "over"
            if ended := self.act():
                return ended
            turns.wait(0.05)
        return "time"


class Stage:
    """Chromium in a wrapper that leads every host to the site, and a home of its own."""

    def __init__(self, site: Site, chromium: str, home: Path, temporary: Path) -> None:
        self.site = site
        self.home = home
        self.temporary = temporary
        self.wrapper = home / "browser"
        self.starts = home / "starts"
        self.environ = {"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(temporary)}
        self.chromium = chromium
        self.wire: Callable[[Path], Wire] = usual_wire
        self.wrap()

    def wrap(
        self, flags: str = "--headless=new --remote-debugging-port=0", run: str = "exec"
    ) -> None:
        """Write the wrapper. What it is started with stands in ``starts``, a line a start."""
        port = self.site.server.port
        mapped = ",".join(f"MAP {host} 127.0.0.1:{port}" for host in HOSTS)
        self.wrapper.write_text(
            "#!/bin/sh\n"
            f'echo "$*" >>{self.starts}\n'
            f"rules='{mapped},MAP * ~NOTFOUND,EXCLUDE 127.0.0.1'\n"
            # Of two rules for a host the first counts; of two such flags not always the same.
            "left=$#\n"
            'while [ "$left" -gt 0 ]; do\n'
            '  flag="$1"; shift; left=$((left - 1))\n'
            '  case "$flag" in --host-resolver-rules=*) rules="${flag#*=},$rules" ;;\n'
            '  *) set -- "$@" "$flag" ;; esac\n'
            "done\n"
            f"{run} {self.chromium} --no-sandbox {flags} "
            f"--ignore-certificate-errors-spki-list={self.site.pin} "
            '"--host-resolver-rules=$rules" "$@"\n'
        )
        self.wrapper.chmod(0o755)

    def browser(
        self, person: Person, mode: Mode = "auto", seconds: float = 30, path: str | None = ""
    ) -> Browser:
        return Browser(
            self.environ,
            path=str(self.wrapper) if path == "" else path,
            mode=mode,
            seconds=seconds,
            until=person.until,
            tell=person.told.append,
            wire=self.wire,
        )

    def browse(
        self,
        person: Person,
        path: str = "/sso",
        account: str = "",
        mode: Mode = "auto",
        seconds: float = 30,
    ) -> SAMLResponse | BrowserEnded:
        step = Browse(
            f"https://idp.example{path}",
            "google ada@example.com",
            f"https://idp.example{account}" if account else "",
        )
        return self.browser(person, mode, seconds).browse(step)

    @property
    def profile(self) -> Path:
        (found,) = (self.home / ".local/share/samlauth/browser").glob("*/")
        return found

    def started(self) -> list[str]:
        """What each start was: ``silent``, ``plain`` or ``watched``."""
        lines = self.starts.read_text().splitlines() if self.starts.exists() else []
        return [
            ("silent" if "--headless" in line else "watched")
            if "--remote-debugging-" in line
            else "plain"
            for line in lines
        ]

    def processes(self) -> list[str]:
        """Command lines of what runs in this home, zombies aside: they have none."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                ours = entry.name.isdigit() and os.fsencode(self.home) in (
                    (entry / "environ").read_bytes()
                )
                if ours and (command := (entry / "cmdline").read_bytes()):
                    found.append(command.replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue
        return found

    def main_process(self) -> int:
        """The pid of the browser that has the profile; 0 before it has."""
        try:
            return int(str((self.profile / "SingletonLock").readlink()).rpartition("-")[2])
        except (OSError, ValueError):
            return 0
