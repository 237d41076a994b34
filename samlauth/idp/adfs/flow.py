"""Signs a person in to AWS at ADFS: decides, and parses nothing.

One loop asks :mod:`~samlauth.idp.adfs.pages` what the page is and answers it. The order of the
pages is ADFS's to choose, so the loop can start from any page and holds no script.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime
from typing import Final, assert_never

from samlauth.aliases import is_aws_sign_in
from samlauth.flow import Browse, Flow, Page, Request, fetch, tell
from samlauth.idp.adfs import account, challenge, refusals
from samlauth.idp.adfs.attempt import Attempt
from samlauth.idp.adfs.entry import Entry
from samlauth.idp.adfs.pages import read
from samlauth.idp.adfs.pages.states import (
    Approve,
    BrowserOnly,
    Certificate,
    Code,
    Denied,
    Elsewhere,
    ErrorPage,
    HandOff,
    HomeRealms,
    Landing,
    Login,
    Menu,
    PasswordChange,
    Posted,
    RolePage,
    Spoiled,
    Unauthorized,
    Unknown,
    UserName,
)
from samlauth.reach import Origin, Reach, origin_of
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass

_PAGES: Final = 30
_CERTIFICATE_PORT: Final = 49443
"""Where ADFS 2012 R2 asks for certificates; later ones do at ``certauth.<host>``."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class ADFS:
    """One company's ADFS as the identity provider of AWS, for one person."""

    entry: Entry
    relying_party: str
    """The identifier under which ADFS knows AWS, such as ``urn:amazon:webservices``."""
    username: str
    """``user@domain`` or ``DOMAIN\\user``; empty to have it asked for."""
    mfa: str | None = None
    """The second factor to use where ADFS offers a choice: ``totp``, ``sms``, ``voice``,
    ``prompt``, ``certificate``, the kind of an adapter (``azure``, ``rsa``), its ``AuthMethod``, or
    words of its description."""
    home_realm: str | None = None
    """Where the account is at home: the claims provider's identifier, such as ``AD AUTHORITY`` or a
    URI; None for the company's own directory, where ADFS asks."""
    kmsi: bool = False
    """Whether ADFS may keep the person signed in."""
    kerberos: bool | None = None
    """Whether to sign in by the person's Kerberos ticket; None for where the server asks for it."""
    clock: Callable[[], datetime] = field(default=_now, repr=False, compare=False)
    """Aware UTC times; only differences count. For how long an answer elsewhere may take."""

    @property
    def reach(self) -> Reach:
        """Where its sign-in may go: certificates have hosts or ports of their own."""
        origin = self.entry.origin
        return Reach(
            password_origin=origin,
            post_origins=frozenset({
                Origin(f"certauth.{origin.host}", origin.port),
                Origin(origin.host, _CERTIFICATE_PORT),
            }),
        )  # fmt: skip

    @property
    def entry_url(self) -> str:
        """Where an IdP-initiated sign-in to AWS begins (saml-profiles-2.0 §4.1.5)."""
        return self.entry.url(self.relying_party, self.home_realm)

    @property
    def in_browser(self) -> Browse:
        """The same sign-in in a browser."""
        return Browse(self.entry_url, f"adfs {self.entry.origin} {self.username}")

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign in, from whichever page ADFS answers with first.

        Raises SignInRefused when ADFS does not accept the person, the password, or AWS for them;
        CodeRefused when it does not accept the codes, or nobody answers its prompt; SettingsError
        for a relying party or home realm it does not have; NeedsBrowser when only a browser can go
        on, PageUnreadable for a page that cannot be answered; UnsafePage for a response that would
        be posted without TLS.
        """
        attempt = Attempt(
            self.entry.origin,
            self.username,
            self.home_realm or "",
            keep=self.kmsi,
            mfa=self.mfa or "",
            clock=self.clock,
            page=(yield from self._enter(negotiate=self.kerberos is True)),
            negotiated=self.kerberos is True,
        )
        for _ in range(_PAGES):
            match read(attempt.page):
                case Posted(saml_response):
                    return self._for_aws(saml_response)
                case HomeRealms() as state:
                    page = yield from account.find_home(attempt, state)
                case UserName() as state:
                    page = yield from account.identify(attempt, state)
                case Login() as state:
                    page = yield from account.log_in(attempt, state)
                case Code() | Approve() | Certificate() | BrowserOnly() as state:
                    page = yield from challenge.meet(attempt, state)
                case Menu() as state:
                    page = yield from challenge.choose(attempt, state)
                case Unauthorized() as state:
                    page = yield from self._unauthorized(attempt, state)
                case Denied(adapter, said):
                    raise refusals.denied(adapter, said)
                case PasswordChange(said):
                    raise refusals.password_change(self.entry.origin, said)
                case ErrorPage() as state:
                    raise refusals.error_page(attempt, state, self.relying_party)
                case Landing(available):
                    raise refusals.landing(self.relying_party, available)
                case HandOff(protocol):
                    raise refusals.handed_off(protocol, self.relying_party)
                case Spoiled(empty):
                    raise refusals.spoiled(empty)
                case RolePage():
                    raise refusals.role_page()
                case Elsewhere() as state:
                    raise refusals.elsewhere(state)
                case Unknown() as state:
                    raise refusals.unreadable(state)
                case never:
                    assert_never(never)
            attempt.page = page
        raise refusals.endless(_PAGES)

    def _enter(self, *, negotiate: bool = False) -> Flow[Page]:
        shows = "Asking ADFS to sign you in" + (" by your Kerberos ticket" if negotiate else "")
        return fetch(Request(self.entry_url, negotiate=negotiate, shows=shows))

    def _unauthorized(self, attempt: Attempt, state: Unauthorized) -> Flow[Page]:
        """Offer the ticket where it is wanted, or do without it: each once."""
        if attempt.answered.endswith("certificate"):
            raise refusals.no_certificate(state.note or "It answered with HTTP 401.")
        attempt.answered = ""
        attempt.no_ticket = state.note or attempt.no_ticket
        if attempt.negotiated and not attempt.fell_back:
            attempt.fell_back = True
            yield from tell(
                f"{state.note or 'ADFS did not let you in by a Kerberos ticket.'} "
                "Trying without one.",
                quiet=self.kerberos is None,
            )
            return (yield from self._enter())
        wanted = "negotiate" in state.schemes and self.kerberos is None
        if wanted and not attempt.negotiated:
            attempt.negotiated = True
            return (yield from self._enter(negotiate=True))
        raise refusals.unauthorized(state, attempt.no_ticket, self.kerberos)

    def _for_aws(self, response: SAMLResponse) -> SAMLResponse:
        origin = origin_of(response.acs)
        if not is_aws_sign_in(origin):
            raise refusals.not_for_aws(origin.host, self.relying_party)
        return response
