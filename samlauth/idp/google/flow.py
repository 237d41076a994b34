"""Signs a person in to Google Workspace: decides, and parses nothing.

One loop asks :mod:`~samlauth.idp.google.pages` what the page is and answers it. The order of the
pages is Google's to choose, so the loop can start from any page and holds no script.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime
from typing import Final, assert_never
from urllib.parse import urlencode

from samlauth.aliases import is_aws_sign_in
from samlauth.flow import Browse, Flow, Page, Request, fetch
from samlauth.idp.google import account, challenge, hosts, refusals
from samlauth.idp.google.attempt import Attempt
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import (
    AppError,
    BrowserOnly,
    Captcha,
    Chooser,
    Code,
    Demand,
    ErrorPage,
    Federated,
    Identifier,
    Interstitial,
    Menu,
    Number,
    Password,
    Posted,
    Prompt,
    Rejected,
    SecurityKey,
    Send,
    Unknown,
)
from samlauth.idp.google.prompt import POLL_HOST
from samlauth.reach import Reach, origin_of
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass

_REACH: Final = Reach(
    password_origin=account.ORIGIN,
    get_hosts=hosts.PASSED,
    poll_hosts=frozenset({POLL_HOST}),
)
_PAGES: Final = 30


def _now() -> datetime:
    return datetime.now(UTC)


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Google:
    """Google Workspace as the identity provider of one SAML app, for one person."""

    idp_id: str
    """The customer's id, such as ``C01abc234``: ``idpid`` in Google's address."""
    sp_id: str
    """The app's id, digits: ``spid`` in Google's address."""
    username: str
    """The account's whole e-mail address."""
    bg_response: str | None = field(default=None, repr=False)
    """What to send as ``bgresponse``, Google's proof of a browser; None for ``js_enabled``."""
    mfa: str | None = None
    """The second factor to use, wherever Google begins: ``totp``, ``sms``, ``voice``, ``prompt``,
    ``backup`` and so on, Google's own word for it, or words of its description."""
    trust_device: bool = False
    """Whether Google may remember this device, and ask for less next time.

    Google's pages come with the box ticked, or with ``TrustDevice=true`` in a hidden field where no
    box is shown. Either is left out unless this is set: that is how a box that was not ticked
    arrives, and a person who was not asked has not said yes. So is ``PersistentCookie``, the older
    pages' "stay signed in".
    """
    disable_u2f: bool = False
    """Whether security keys are left alone: their pages and their place in a menu are passed."""
    can_browse: Callable[[], bool] = field(default=_never, repr=False, compare=False)
    """Whether the person's browser may and can be opened; asked where a page is a browser's and
    offers another way, which is taken when it is not so."""
    clock: Callable[[], datetime] = field(default=_now, repr=False, compare=False)
    """Aware UTC times; only differences count. For how long a phone prompt lives."""

    @property
    def reach(self) -> Reach:
        """Where its sign-in may go."""
        return _REACH

    @property
    def entry_url(self) -> str:
        """Where an IdP-initiated sign-in to the app begins (saml-profiles-2.0 §4.1.5)."""
        query = urlencode({"idpid": self.idp_id, "spid": self.sp_id, "forceauthn": "false"})
        return f"{account.ORIGIN}/o/saml2/initsso?{query}"

    @property
    def in_browser(self) -> Browse:
        """The same sign-in in a browser, begun at the page of the person's account."""
        return Browse(
            self.entry_url,
            f"google {self.idp_id} {self.username}",
            f"{account.ORIGIN}/ServiceLogin",
        )

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign in, from whichever page Google answers with first.

        Raises SignInRefused when Google does not accept the account, the password or the app;
        CodeRefused when it does not accept the codes, or nobody answers its prompt or touches the
        security key; NeedsBrowser when only a browser can go on, PageUnreadable for a page that cannot be answered; UnsafePage
        for a response that would be posted without TLS.
        """
        attempt = Attempt(
            self.username,
            bg_response=self.bg_response or "js_enabled",
            trust_device=self.trust_device,
            mfa=self.mfa or "",
            disable_u2f=self.disable_u2f,
            can_browse=self.can_browse,
            clock=self.clock,
            page=(yield from self._enter()),
        )
        for _ in range(_PAGES):
            match read(attempt.page):
                case Posted(saml_response):
                    return _for_aws(saml_response)
                case Identifier() as state:
                    page = yield from account.identify(attempt, state)
                case Captcha() as state:
                    page = yield from account.solve_captcha(attempt, state)
                case Chooser() as state:
                    page = yield from account.choose_account(attempt, state)
                case Password() as state:
                    page = yield from account.send_password(attempt, state)
                case (
                    Code() | Send() | Number() | Prompt() | SecurityKey() | BrowserOnly()
                ) as state:
                    page = yield from challenge.meet(attempt, state)
                case Menu() as state:
                    page = yield from challenge.choose(attempt, state)
                case ErrorPage(stale=True) if not attempt.restarted:
                    # Google lost the thread between the challenge and the app; its cookies know
                    # the person by now, so a fresh start needs no answers.
                    attempt.restarted, attempt.answered = True, ""
                    page = yield from self._enter()
                case Rejected(reason):
                    if attempt.answered in {"prompt", "token"}:
                        raise refusals.stopped_after_prompt(reason)
                    raise refusals.rejected(reason)
                case AppError(code):
                    raise refusals.app_error(code, attempt.username, self.idp_id, self.sp_id)
                case ErrorPage() as state:
                    raise refusals.error_page(state)
                case Demand(text):
                    raise refusals.demand(text)
                case Interstitial(seen):
                    raise refusals.interstitial(seen)
                case Federated(host):
                    raise refusals.federated(host)
                case Unknown() as state:
                    raise refusals.unreadable(state)
                case never:
                    assert_never(never)
            attempt.page = page
        raise refusals.endless(_PAGES)

    def _enter(self) -> Flow[Page]:
        return fetch(Request(self.entry_url, shows="Asking Google to sign you in"))


def _for_aws(response: SAMLResponse) -> SAMLResponse:
    origin = origin_of(response.acs)
    if not is_aws_sign_in(origin):
        raise refusals.not_for_aws(origin.host)
    return response
