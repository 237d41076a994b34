"""Signs a person in to Google Workspace: decides, and parses nothing.

One loop asks :mod:`~samlauth.idp.google.pages` what the page is and answers it. The order of the
pages is Google's to choose, so the loop can start from any page and holds no script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, assert_never
from urllib.parse import urlencode

from samlauth.challenges import Challenge, EnterCode, EnterPassword, EnterUsername
from samlauth.errors import (
    CodeRefused,
    NobodyToAsk,
    PageUnreadable,
    SamlauthError,
    SignInRefused,
)
from samlauth.flow import Flow, Page, Request, ask, fetch
from samlauth.html import Form
from samlauth.idp.google.pages import (
    AppError,
    Code,
    Federated,
    Identifier,
    Password,
    Posted,
    Rejected,
    Unknown,
    read,
)
from samlauth.printable import safe
from samlauth.reach import Carrying, Origin, Reach, origin_of
from samlauth.saml import SAMLResponse

_GOOGLE: Final = Origin("accounts.google.com")
_REACH: Final = Reach(
    password_origin=_GOOGLE,
    # The second one sets a cookie on the way from one page of the sign-in to the next.
    get_hosts=frozenset({"accounts.google.com", "accounts.youtube.com"}),
)
_PAGES: Final = 30
_TRIES: Final = 3

_NEXT: Final = ("action", "1")
"""The button that goes on, on pages that have several; others have no such button."""

_AWS_SIGN_IN: Final = re.compile(
    r"(?:[a-z0-9-]+\.)?signin(?:-fips)?"
    r"\.(?:aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn|amazonaws-eusc\.eu)"
)

_IN_A_BROWSER: Final = (
    "Sign in at https://accounts.google.com in a browser with the same account and do what Google "
    "asks there; then try again."
)


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

    @property
    def reach(self) -> Reach:
        """Where its sign-in may go."""
        return _REACH

    @property
    def entry_url(self) -> str:
        """Where an IdP-initiated sign-in to the app begins (saml-profiles-2.0 §4.1.5)."""
        query = urlencode({"idpid": self.idp_id, "spid": self.sp_id, "forceauthn": "false"})
        return f"{_GOOGLE}/o/saml2/initsso?{query}"

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign in, from whichever page Google answers with first.

        Raises SignInRefused when Google does not accept the account, the password or the app;
        CodeRefused when it does not accept the codes; PageUnreadable for a page that cannot be
        answered; UnsafePage for a response that would be posted without TLS.
        """
        page = yield from fetch(Request(self.entry_url, shows="Asking Google to sign you in"))
        attempt = _Attempt(self.username)
        for _ in range(_PAGES):
            match read(page):
                case Posted(saml_response):
                    return _for_aws(saml_response)
                case Identifier() as state:
                    page = yield from self._identify(page, state, attempt)
                case Password() as state:
                    page = yield from self._send_password(page, state, attempt)
                case Code() as state:
                    page = yield from self._send_code(page, state, attempt)
                case Rejected(reason):
                    raise _rejected(reason)
                case AppError(code):
                    raise self._app_error(code, attempt.username)
                case Federated(host):
                    raise PageUnreadable(
                        f"Your account does not sign in at Google itself: Google sent us on to "
                        f"{host}, whose pages this version cannot read.",
                        hint="Check the username (-u). If it is right, ask your administrator "
                        f"whether {host} offers a sign-in to AWS of its own.",
                    )
                case Unknown(seen):
                    raise PageUnreadable(
                        f"Google showed {seen}, which this version cannot answer.",
                        hint=_IN_A_BROWSER,
                    )
                case never:
                    assert_never(never)
        raise PageUnreadable(
            f"Google showed {_PAGES} pages and the sign-in was still not over.",
            hint=_IN_A_BROWSER,
        )

    def _identify(self, page: Page, state: Identifier, attempt: _Attempt) -> Flow[Page]:
        name = state.field
        again = attempt.answered == "identifier"
        refused = state.said if again else ""
        # The one retry under another name comes on top of the tries.
        if attempt.identified >= _TRIES + attempt.renamed:
            raise _unknown_account(refused)
        if refused or not attempt.username:
            challenge = EnterUsername("Google username", refused)
            typed = yield from _ask_again(challenge, refused, _unknown_account)
            attempt.username = typed.strip()
        elif again:
            # Asked again without a word: the older pages took the address under another name.
            if attempt.renamed:
                raise _unexplained(attempt.username)
            attempt.renamed = True
            name = "Email" if name == "identifier" else "identifier"
        attempt.identified += 1
        attempt.answered = "identifier"
        values = {name: attempt.username}
        return (
            yield from self._post(page, state.form, values, "answers", "Looking up your account")
        )

    def _send_password(self, page: Page, state: Password, attempt: _Attempt) -> Flow[Page]:
        who = attempt.username
        password = yield from _new_answer(
            lambda refused: EnterPassword("Google Password", who, str(_GOOGLE), refused),
            attempt.refused("password", state.said, "Google asked for the password again."),
            attempt.passwords,
            lambda refused: _wrong_password(who, refused),
        )
        attempt.answered = "password"
        values = {state.field: password}
        return (
            yield from self._post(page, state.form, values, "password", "Checking the password")
        )

    def _send_code(self, page: Page, state: Code, attempt: _Attempt) -> Flow[Page]:
        code = yield from _new_answer(
            lambda refused: EnterCode("MFA token", refused),
            attempt.refused("code", state.said, "Google asked for a code again."),
            attempt.codes,
            lambda refused: _wrong_code(attempt.username, refused),
            clean=_digits,
            malformed="A code is made of digits only.",
        )
        attempt.answered = "code"
        values = {state.field: code}
        return (yield from self._post(page, state.form, values, "answers", "Checking the code"))

    def _post(
        self,
        page: Page,
        form: Form,
        values: Mapping[str, str],
        carrying: Carrying,
        shows: str,
    ) -> Flow[Page]:
        if form.has("bgresponse"):
            values = {**values, "bgresponse": self.bg_response or "js_enabled"}
        fields = form.fill(values, click=_NEXT, without=_unasked(form))
        return (yield from fetch(Request(form.action, fields, carrying, page.url, shows)))

    def _app_error(self, code: str, username: str) -> SignInRefused:
        who = safe(username, 100)
        app = f"-I {safe(self.idp_id, 40)} and -S {safe(self.sp_id, 40)}"
        known = {
            "app_not_configured": (
                f"Google knows no AWS app by {app}",
                "Check both against the app's page in the Google Admin console, or ask your "
                "administrator for its sign-in link: they are idpid and spid in it.",
            ),
            "app_not_configured_for_user": (
                f"The AWS app of {app} is not there for {who}",
                "Check that this is the right Google account (-u) and that both ids are right; "
                "then ask your administrator to give it the app.",
            ),
            "app_not_enabled_for_user": (
                f"The AWS app is switched off for {who}",
                "Ask your administrator to turn the app ON for your organizational unit.",
            ),
            "not_a_saml_app": (
                f"The app that -S {safe(self.sp_id, 40)} names is not a SAML app",
                "Check -S: it is spid in the sign-in link of the AWS app.",
            ),
        }
        message, hint = known.get(
            code,
            (
                f"Google does not let {who} use the AWS app",
                "Show this to your administrator; https://support.google.com/a/answer/6301076 "
                "explains Google's codes.",
            ),
        )
        return SignInRefused(f"{message} ({code}).", hint=hint)


@dataclass
class _Attempt:
    """What was sent in one sign-in, so that nothing is sent twice."""

    username: str
    answered: Literal["", "identifier", "password", "code"] = ""
    """What the present page answers. A page's error text means nothing unless it answers one."""
    identified: int = 0
    renamed: bool = False
    """Whether the account was sent again under the other field name."""
    passwords: list[str] = field(default_factory=list, repr=False)
    codes: list[str] = field(default_factory=list, repr=False)

    def refused(self, what: Literal["password", "code"], said: str, otherwise: str) -> str:
        """Why ``what`` is asked for: empty when it was not asked for on the page before."""
        return (said or otherwise) if self.answered == what else ""


def _ask_again(
    challenge: Challenge[str], refused: str, error: Callable[[str], SamlauthError]
) -> Flow[str]:
    """Ask; when an answer was refused already and nobody can give another, ``error`` says so."""
    try:
        return (yield from ask(challenge))
    except NobodyToAsk:
        if not refused:
            raise
        raise error(refused) from None


def _new_answer(
    challenge: Callable[[str], Challenge[str]],
    refused: str,
    sent: list[str],
    error: Callable[[str], SamlauthError],
    clean: Callable[[str], str] = str,
    malformed: str = "",
) -> Flow[str]:
    """An answer that was not sent before, noted in ``sent``; raises ``error`` without one.

    The same answer would be refused again, and enough refusals lock an account. So one given
    twice is asked for again and not sent, and so is one that ``clean`` makes empty.
    """
    if len(sent) >= _TRIES:
        raise error(refused)
    for _ in range(_TRIES):
        answer = clean((yield from _ask_again(challenge(refused), refused, error)))
        if answer and answer not in sent:
            sent.append(answer)
            return answer
        if not answer:
            refused = malformed or refused
    raise error(refused)


def _digits(code: str) -> str:
    """A code as it is sent; empty for what can be none."""
    digits = re.sub(r"[\s-]", "", code)
    return digits if digits.isascii() and digits.isdigit() else ""


def _unasked(form: Form) -> tuple[str, ...]:
    """A ticked box that makes Google remember this device: nobody was asked, so it is not sent.

    Where the same name is a hidden field, it is part of the page and stays.
    """
    control = form.control("TrustDevice")
    return ("TrustDevice",) if control is not None and control.kind == "checkbox" else ()


def _unknown_account(said: str) -> SignInRefused:
    return SignInRefused(
        f"Google did not accept the account: {said or 'it kept asking for it.'}",
        hint="Check the username (-u): it is the whole e-mail address of your Google account.",
    )


def _unexplained(username: str) -> SignInRefused:
    return SignInRefused(
        f"Google asked for the account again and did not say why. It was given "
        f"{safe(username, 100)}.",
        hint="Check the username (-u): it is the whole e-mail address. If it is right, Google may "
        "not trust this program here: sign in once in a browser on this network, or pass a "
        "browser's own value with --bg-response.",
    )


def _wrong_password(username: str, said: str) -> SignInRefused:
    return SignInRefused(
        f"Google did not accept the password of {safe(username, 100)}: "
        f"{said or 'it asked for it again, and the same one is not sent twice.'}",
        hint="Check the username (-u), and try the password in a browser before you try again "
        "here: more wrong ones may lock the account.",
    )


def _wrong_code(username: str, said: str) -> CodeRefused:
    return CodeRefused(
        f"Google did not accept the code: "
        f"{said or 'it asked for one again, and the same one is not sent twice.'}",
        hint="Check that the codes are those of "
        f"{safe(username, 100)} and that the clock of the device that shows them is right; then "
        "try again with the next one.",
    )


def _rejected(reason: str) -> SignInRefused:
    return SignInRefused(
        "Google refused to sign in from this program and wants a browser"
        + (f" (reason {reason})." if reason else "."),
        hint="Sign in once at https://accounts.google.com in a browser on this network and try "
        "again, or pass a browser's own value with --bg-response.",
    )


def _for_aws(response: SAMLResponse) -> SAMLResponse:
    host = origin_of(response.acs).host
    if not _AWS_SIGN_IN.fullmatch(host):
        raise PageUnreadable(
            f"Google signed you in to {safe(host, 100)}, which is not AWS.",
            hint="Check -S: it is spid in the sign-in link of the AWS app.",
        )
    return response
