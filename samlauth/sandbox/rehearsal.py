"""Everything of a rehearsal started together, and gone together."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from samlauth.sandbox import assertions, signin, sts
from samlauth.sandbox.accounts import AccountRole, account_roles
from samlauth.sandbox.authority import Authority
from samlauth.sandbox.google import Google, Person, authzen
from samlauth.sandbox.google import idp as google
from samlauth.sandbox.google.methods import Family, Mfa, family
from samlauth.sandbox.google.pages import Markup
from samlauth.sandbox.phone import Line, Phone
from samlauth.sandbox.proxy import Contact, Destination, Proxy
from samlauth.sandbox.totp import Authenticator
from samlauth.sandbox.trust import Trust
from samlauth.sandbox.web import Site

USERNAME = "ada@example.com"
IDP_ID = "C01rehearsal"
SP_ID = "000111000111"

# Who and where the person is, how their terminal looks, and what a program needs to start.
_KEPT = re.compile(
    r"USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|COLORTERM|NO_COLOR|CLICOLOR|CLICOLOR_FORCE|"
    r"LD_LIBRARY_PATH|DYLD_\w+|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|COVERAGE_PROCESS_\w+"
)


class Rehearsal:
    """A fake Google, a fake AWS and the environment that makes a command take them for real ones.

    A context manager: ready when entered; threads, sockets and the temporary folder are gone when
    left. ``mfa`` is what a sign-in comes across, and ``pages`` the family of pages, the newest that
    has it if None. ``roles`` is a number of roles or the roles themselves; ``captured`` a folder of
    captured pages to serve in place of ours; ``session_duration`` the assertion's SessionDuration
    (seconds); ``clock`` the time of day, for all of it.

    Of a prompt on the telephone: ``markup`` is where its page has the number to tap,
    ``prompt_seconds`` how long it can be answered, ``poll_seconds`` how long the poll host keeps a
    request, ``taps_after`` the seconds after which it answers itself (None: never). ``layout`` is
    the shape of AWS's sign-in page.

    Raises UsageError when ``pages`` have no ``mfa``.
    """

    def __init__(
        self,
        *,
        mfa: Mfa = "totp",
        pages: Family | None = None,
        roles: int | tuple[AccountRole, ...] = 3,
        captured: Path | None = None,
        session_duration: int | None = None,
        markup: Markup | None = None,
        prompt_seconds: float = 180,
        poll_seconds: float = 5,
        taps_after: float | None = None,
        layout: signin.Layout = "new",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.mfa: Mfa = mfa
        self.pages = family(mfa, pages)
        self.username = USERNAME
        # Characters that HTML, URLs and shells each have a meaning for: what is sent is tested.
        self.password = f"nothing+real&{secrets.token_hex(3)}%"
        self.idp_id = IDP_ID
        self.sp_id = SP_ID
        self.roles = account_roles(roles) if isinstance(roles, int) else roles
        self.authenticator = Authenticator(_secret(), clock)
        self.phone = Phone(clock, taps_after=taps_after)
        self.person = Person(self.username, self.password, self.authenticator, self.phone)
        signer = assertions.signer()
        self.google = Google(
            self.person,
            idp_id=self.idp_id,
            sp_id=self.sp_id,
            roles=tuple(role.attribute_value for role in self.roles),
            signer=signer,
            family=self.pages,
            mfa=mfa,
            markup=markup,
            prompt_seconds=prompt_seconds,
            captured=captured,
            session_duration=session_duration,
            clock=clock,
        )
        violations = self.google.violations
        trust = Trust(self.google.issuer, signer.certificate_pem, self.roles)
        self.poll = authzen.AwaitTx(self.phone, violations, poll_seconds)
        self.sign_in = signin.SignIn(trust, violations, layout=layout, clock=clock)
        self.sts = sts.STS(trust, clock)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.folder = Path(tempfile.mkdtemp(prefix="samlauth-rehearsal-"))  # mode 0700
            starting.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.home = self.folder / "home"
            for path in (self.home, self.folder / "tmp", self.folder / "bin"):
                path.mkdir(mode=0o700)
            authority = Authority()
            self.bundle = self.folder / "authority.pem"
            authority.write(self.bundle)
            bin_ = self.folder / "bin"
            self.show_code = _command(bin_ / "rehearsal-code", "totp", self.authenticator.secret)
            line = Line(self.phone)
            starting.callback(line.close)
            self.use_phone = _command(bin_ / "rehearsal-phone", "phone", str(line.port), line.key)
            served = {
                google.HOST: Site(self.google, authority.context).serve,
                authzen.HOST: Site(self.poll, authority.context).serve,
                signin.HOST: Site(self.sign_in, authority.context).serve,
            }
            aws = Site(self.sts, authority.context).serve

            def find(host: str) -> Destination | None:
                return served.get(host) or (aws if host in sts.regions() else None)

            self.proxy = Proxy(find)
            starting.callback(self.proxy.close)
            starting.callback(self.phone.close)  # the proxy waits for those who wait for it
            self.environ = self._environ(os.environ)
            self._stack = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        if error is None and self.proxy.faults:
            raise self.proxy.faults[0]  # a fault of the rehearsal's own must not pass unseen

    @property
    def proxy_log(self) -> list[Contact]:
        """Every host that was to be contacted, in order; the refused ones too."""
        return self.proxy.log

    def code(self) -> str:
        """A code of the authenticator that would be accepted now."""
        return self.authenticator.code()

    def _environ(self, outer: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a child.

        A list of what is kept, so that no setting, credential or proxy of the person's own, known
        to us or not, has a way in.
        """
        kept = {name: value for name, value in outer.items() if _KEPT.fullmatch(name.upper())}
        folders = (Path(sys.executable).parent, self.folder / "bin", outer.get("PATH", os.defpath))
        bundle, temporary = str(self.bundle), str(self.folder / "tmp")
        proxy = self.proxy.url
        return kept | {
            "PATH": os.pathsep.join(map(str, folders)),
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "APPDATA": str(self.home),
            "LOCALAPPDATA": str(self.home),
            "TMPDIR": temporary,
            "TEMP": temporary,
            "TMP": temporary,
            # Plain http goes the same way, to be refused and seen.
            "HTTPS_PROXY": proxy,
            "https_proxy": proxy,
            "HTTP_PROXY": proxy,
            "http_proxy": proxy,
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "AWS_CA_BUNDLE": bundle,
            "NODE_EXTRA_CA_CERTS": bundle,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }


def _secret() -> str:
    return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(32))


def _command(path: Path, module: str, *words: str) -> Path:
    """A command on the child's PATH that runs a module of the sandbox; where it is."""
    program = [sys.executable, "-m", f"samlauth.sandbox.{module}", *words]
    if os.name == "nt":
        path = path.with_suffix(".cmd")
        path.write_text('@"{}" {} %*\r\n'.format(program[0], " ".join(program[1:])))
    else:
        path.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
    path.chmod(0o700)
    return path
