"""Everything of a rehearsal started together, and gone together."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, get_args

from samlauth.errors import UsageError
from samlauth.sandbox import assertions, signin, sts
from samlauth.sandbox.accounts import AccountRole, account_roles
from samlauth.sandbox.adfs import ADFS, duo, is_mfa
from samlauth.sandbox.adfs import Mfa as AdfsMfa
from samlauth.sandbox.adfs import Person as AdfsPerson
from samlauth.sandbox.adfs import idp as adfs
from samlauth.sandbox.authority import Authority
from samlauth.sandbox.google import Google, Person, authzen
from samlauth.sandbox.google import idp as google
from samlauth.sandbox.google.methods import Family, Mfa, family
from samlauth.sandbox.google.pages import Markup
from samlauth.sandbox.phone import Line, Phone
from samlauth.sandbox.proxy import Contact, Destination, Proxy
from samlauth.sandbox.totp import Authenticator
from samlauth.sandbox.trust import Trust
from samlauth.sandbox.web import Application, Site

USERNAME = "ada@example.com"
IDP_ID = "C01rehearsal"
SP_ID = "000111000111"
ADFS_PROVIDER = "ADFS"
"""What the accounts call the provider that ADFS is."""

Idp = Literal["google", "adfs"]

_SCREEN = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")
# Who and where the person is, how their terminal looks, and what a program needs to start.
_KEPT = re.compile(
    r"USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|COLORTERM|NO_COLOR|CLICOLOR|CLICOLOR_FORCE|"
    r"LD_LIBRARY_PATH|DYLD_\w+|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|COVERAGE_PROCESS_\w+"
)


class Rehearsal:
    """A fake Google or ADFS, a fake AWS and the environment that makes a command take them for
    real ones.

    A context manager: ready when entered; threads, sockets and the temporary folder are gone when
    left. ``idp`` is the identity provider and ``mfa`` what a sign-in comes across, the provider's
    usual if None. ``roles`` is a number of roles or the roles themselves; ``session_duration`` the
    assertion's SessionDuration (seconds); ``clock`` the time of day, for all of it.

    Of Google alone: ``pages`` is the family of pages, the newest that has ``mfa`` if None;
    ``captured`` a folder of captured pages to serve in place of ours; ``markup`` where the page of
    a prompt has the number to tap; ``poll_seconds`` how long the poll host keeps a request. Of
    ADFS alone: ``relying_party`` is its name for AWS.

    A prompt on the telephone can be answered for ``prompt_seconds``, and answers itself after
    ``taps_after`` seconds (None: never). ``layout`` is the shape of AWS's sign-in page.

    Raises UsageError when the provider, or those ``pages`` of it, have no ``mfa``.
    """

    def __init__(
        self,
        *,
        idp: Idp = "google",
        mfa: Mfa | AdfsMfa | None = None,
        pages: Family | None = None,
        roles: int | tuple[AccountRole, ...] = 3,
        captured: Path | None = None,
        session_duration: int | None = None,
        markup: Markup | None = None,
        relying_party: str = adfs.RELYING_PARTY,
        prompt_seconds: float = 180,
        poll_seconds: float = 5,
        taps_after: float | None = None,
        layout: signin.Layout = "new",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.idp: Idp = idp
        self.username = USERNAME
        # Characters that HTML, URLs and shells each have a meaning for: what is sent is tested.
        self.password = f"nothing+real&{secrets.token_hex(3)}%"
        self.roles = account_roles(roles) if isinstance(roles, int) else roles
        if idp == "adfs" and isinstance(roles, int):
            self.roles = tuple(map(_as_adfs_has_it, self.roles))
        self.authenticator = Authenticator(_secret(), clock)
        self.phone = Phone(clock, taps_after=taps_after)
        self._google: Google | None = None
        self._adfs: ADFS | None = None
        values = tuple(role.attribute_value for role in self.roles)
        signer = assertions.signer()
        self.hosts: dict[str, Application] = {}
        """What is behind each host; others can be added until it is entered."""
        if idp == "google":
            self.mfa = _of_google(mfa or "totp")
            self.pages = family(self.mfa, pages)
            self.idp_id = IDP_ID
            self.sp_id = SP_ID
            self.person = Person(self.username, self.password, self.authenticator, self.phone)
            self._google = Google(
                self.person,
                idp_id=self.idp_id,
                sp_id=self.sp_id,
                roles=values,
                signer=signer,
                family=self.pages,
                mfa=self.mfa,
                markup=markup,
                prompt_seconds=prompt_seconds,
                captured=captured,
                session_duration=session_duration,
                clock=clock,
            )
            self.poll = authzen.AwaitTx(self.phone, self.violations, poll_seconds)
            self.hosts |= {google.HOST: self.google, authzen.HOST: self.poll}
        else:
            self.adfs_host = adfs.HOST
            self._adfs = ADFS(
                AdfsPerson(self.username, self.password, self.authenticator, self.phone),
                roles=values,
                signer=signer,
                mfa=_of_adfs(mfa or "none", pages),
                relying_party=relying_party,
                prompt_seconds=prompt_seconds,
                session_duration=session_duration,
                clock=clock,
            )
            self.hosts |= {adfs.HOST: self.adfs, adfs.CERTIFICATES: self.adfs}
            self.hosts[duo.HOST] = self.adfs.duo
        trust = Trust(self.provider.issuer, signer.certificate_pem, self.roles)
        self.sign_in = signin.SignIn(trust, self.violations, layout=layout, clock=clock)
        self.sts = sts.STS(trust, clock)
        self.hosts[signin.HOST] = self.sign_in
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
            self.client_certificate = self.folder / "ada.pem"
            authority.certify(self.username, self.client_certificate)
            bin_ = self.folder / "bin"
            self.show_code = _command(bin_ / "rehearsal-code", "totp", self.authenticator.secret)
            line = Line(self.phone)
            starting.callback(line.close)
            self.use_phone = _command(bin_ / "rehearsal-phone", "phone", str(line.port), line.key)
            served = {
                host: Site(
                    application,
                    authority.demanding if host == adfs.CERTIFICATES else authority.context,
                ).serve
                for host, application in self.hosts.items()
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
    def google(self) -> Google:
        """The fake Google, in a rehearsal of it."""
        assert self._google is not None, "the rehearsal is of ADFS"
        return self._google

    @property
    def adfs(self) -> ADFS:
        """The fake ADFS, in a rehearsal of it."""
        assert self._adfs is not None, "the rehearsal is of Google"
        return self._adfs

    @property
    def provider(self) -> Google | ADFS:
        """The identity provider, whichever it is."""
        return self.google if self.idp == "google" else self.adfs

    @property
    def violations(self) -> list[str]:
        """What no browser would have sent, a sentence each."""
        return self.provider.violations

    @property
    def proxy_log(self) -> list[Contact]:
        """Every host that was to be contacted, in order; the refused ones too."""
        return self.proxy.log

    def code(self) -> str:
        """A code that would be accepted now: Google's authenticator's, or what ADFS asks for."""
        return self.authenticator.code() if self.idp == "google" else self.adfs.code()

    def open_to_browsers(self) -> bool:
        """Have a person's Chromium trust the rehearsal and find the screen; whether it will.

        Chromium keeps whom it trusts in a database of NSS, which NSS's ``certutil`` writes.
        """
        certutil = shutil.which("certutil")
        if certutil is None:
            return False
        store = self.home / ".pki" / "nssdb"
        store.mkdir(parents=True)
        for arguments in (
            ("-N", "--empty-password"),
            ("-A", "-t", "C,,", "-n", "rehearsal", "-i", str(self.bundle)),
        ):
            subprocess.run([certutil, "-d", f"sql:{store}", *arguments], check=True)  # noqa: S603 - a program of NSS, with arguments of our own
        self.environ |= {name: os.environ[name] for name in _SCREEN if name in os.environ}
        return True

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


def _of_google(mfa: str) -> Mfa:
    known: tuple[Mfa, ...] = get_args(Mfa)
    for word in known:
        if word == mfa:
            return word
    raise UsageError(f"Google's pages have no {mfa}.", hint=f"They have {', '.join(known)}.")


def _of_adfs(mfa: str, pages: Family | None) -> AdfsMfa:
    if pages is not None:
        raise UsageError(f"ADFS has no pages {pages}.", hint="--pages is for Google.")
    if not is_mfa(mfa):
        raise UsageError(
            f"ADFS's pages have no {mfa}.", hint=f"They have {', '.join(get_args(AdfsMfa))}."
        )
    return mfa


def _as_adfs_has_it(role: AccountRole) -> AccountRole:
    """The role with the accounts' name for ADFS, and named after it as ADFS's claim rules do."""
    return replace(
        role,
        principal_arn=f"{role.principal_arn.rpartition('/')[0]}/{ADFS_PROVIDER}",
        provider_first=True,
    )


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
