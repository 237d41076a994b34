"""How a sign-in at Google can end without a SAML response: what happened, why, what to do next."""

from __future__ import annotations

from typing import Final, assert_never

from samlauth.challenges import NoAssertion
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NeedsPerson,
    NobodyToAsk,
    PageUnreadable,
    SamlauthError,
    SignInRefused,
)
from samlauth.idp.google.pages.states import BrowserOnly, ErrorPage, Unknown
from samlauth.printable import safe

IN_A_BROWSER: Final = (
    "Sign in at https://accounts.google.com in a browser with the same account and do what Google "
    "asks there; then try again."
)
_HERE_FIRST: Final = "Sign in once at https://accounts.google.com in a browser on this network"

KEY_ASKED: Final = "Google asks for a security key."
"""What a person has to know before they are told what is wrong with theirs."""
_ADD_A_STEP: Final = (
    "Add another second step, such as an authenticator app, at "
    "https://myaccount.google.com/security."
)
_WITH_YOURS: Final = "Or sign in with --browser, in a browser of yours."


def unknown_account(said: str) -> SignInRefused:
    """Google does not know the account."""
    return SignInRefused(
        f"Google did not accept the account: {said or 'it kept asking for it.'}",
        hint="Check the username (-u): it is the whole e-mail address of your Google account.",
    )


def unexplained(username: str) -> SignInRefused:
    """Google asks for the account again and does not say why."""
    return SignInRefused(
        f"Google asked for the account again and did not say why. It was given "
        f"{safe(username, 100)}.",
        hint="Check the username (-u): it is the whole e-mail address. If it is right, Google may "
        "not trust this program here: sign in once in a browser on this network, or pass a "
        "browser's own value with --bg-response.",
    )


def not_listed(username: str) -> NeedsPerson:
    """A list of accounts that leads nowhere."""
    return PageUnreadable(
        f"Google showed a list of accounts to choose from, and no way on for "
        f"{safe(username, 100)} that this version can take.",
        hint="Check the username (-u). " + IN_A_BROWSER,
    )


def captcha(said: str) -> NeedsBrowser:
    """The text of the image was never right, or led to the next image."""
    return NeedsBrowser(
        f"Google did not accept the text of its image: {said}"
        if said
        else "Google went on showing images, whatever was answered.",
        hint=f"{_HERE_FIRST}: where it knows you, Google shows no image for some days.",
    )


def password(username: str, said: str) -> SignInRefused:
    """The password is wrong."""
    return SignInRefused(
        f"Google did not accept the password of {safe(username, 100)}: "
        f"{said or 'it asked for it again, and the same one is not sent twice.'}",
        hint="Check the username (-u), and try the password in a browser before you try again "
        "here: more wrong ones may lock the account.",
    )


def code(username: str, said: str) -> CodeRefused:
    """The codes are wrong."""
    return CodeRefused(
        f"Google did not accept the code: "
        f"{said or 'it asked for one again, and the same one is not sent twice.'}",
        hint="Check that the codes are those of "
        f"{safe(username, 100)} and that the clock of the device that shows them is right; then "
        "try again with the next one.",
    )


def phone(said: str) -> CodeRefused:
    """The phone numbers are wrong."""
    return CodeRefused(
        f"Google did not accept the phone number: "
        f"{said or 'it asked for one again, and the same one is not sent twice.'}",
        hint="Give it as it is in your Google account, with + and the country in front; or choose "
        "another way with --mfa.",
    )


def not_sent(said: str) -> CodeRefused:
    """No code was sent."""
    return CodeRefused(
        f"Google did not send a code: {said or 'it offered to send one again and said no more.'}",
        hint="Wait some minutes before you ask for another, or choose another way with --mfa.",
    )


def unanswered_prompt(seconds: float, said: str = "") -> CodeRefused:
    """Nobody tapped in time, or not Yes."""
    return CodeRefused(
        f"The prompt on your phone was not answered within {seconds:.0f} seconds."
        + (f" Google says: “{said}”" if said else ""),
        hint="Run the command again when the phone is at hand; --mfa chooses another way.",
    )


def unaccepted_prompt(said: str) -> CodeRefused:
    """Google did not take the answer from the phone: denied, or too late."""
    return CodeRefused(
        "Google did not accept the answer from your phone: it was No, or came too late."
        + (f" Google says: “{said}”" if said else ""),
        hint="If you did not tap No, run the command again for a new prompt; --mfa chooses another "
        "way.",
    )


def stopped_after_prompt(reason: str) -> CodeRefused:
    """Google wants no more after the prompt."""
    return CodeRefused(
        "Google stopped the sign-in after the prompt on your phone"
        + (f" (reason {reason})." if reason else "."),
        hint="If you tapped No, that is why. Else run the command again, or choose another way "
        "with --mfa.",
    )


def key(said: str) -> CodeRefused:
    """The answers of the security key were not taken."""
    return CodeRefused(
        f"Google did not accept the answer of the security key: {said}",
        hint="Try the key with --browser, or choose another way with --mfa.",
    )


def key_unused(ended: NoAssertion) -> SamlauthError:
    """No security key answered, and there is no other way, or nobody to take it."""
    match ended.reason:
        case "timed out" | "denied" | "blocked":
            return CodeRefused(ended.message, hint=ended.hint)
        case "not installed" | "no access":
            return NeedsBrowser(f"{KEY_ASKED} {ended.message}", hint=ended.hint)
        case "no key" | "wrong key" | "removed":
            return NobodyToAsk(f"{KEY_ASKED} {ended.message}", hint=ended.hint)
        case _:
            assert_never(ended.reason)


def key_disabled() -> NeedsBrowser:
    """A security key is asked for, and must not be used."""
    return NeedsBrowser(
        "Google asks for a security key and offers no other way, and -D says to use none.",
        hint=f"Leave out -D (samlauth.disable_u2f). {_WITH_YOURS}",
    )


def key_elsewhere() -> NeedsBrowser:
    """Another way than the security key is wanted, and the page has none."""
    return NeedsBrowser(
        "Google asks for a security key and offers no other way here. A browser may offer more.",
        hint="Sign in with --browser, in a browser of yours.",
    )


def browser_only(state: BrowserOnly) -> NeedsBrowser:
    """A challenge for browsers, and no other way offered."""
    return NeedsBrowser(
        f"Google showed {state.seen}, which only a browser can answer, and no other way that "
        "samlauth has not tried.",
        hint=f"{_ADD_A_STEP} {_WITH_YOURS}",
    )


def agreed_to_browser(state: BrowserOnly) -> NeedsBrowser:
    """A challenge for browsers, which the person wants to answer in theirs."""
    return NeedsBrowser(
        f"Google showed {state.seen}, which only a browser can answer.",
        hint="Sign in with --browser, in a browser of yours.",
        agreed=True,
    )


def wanted_in_browser(state: BrowserOnly) -> NeedsBrowser:
    """A challenge for browsers, which the person asked for by --mfa."""
    return NeedsBrowser(
        f"Google showed {state.seen}, which only a browser can answer.",
        hint=f"Leave out --mfa to be offered another way. {_WITH_YOURS}",
    )


def nothing_usable(offered: tuple[str, ...]) -> NeedsBrowser:
    """A menu of challenges for browsers; ``offered`` names them, as nouns."""
    return NeedsBrowser(
        f"Google offers no way to prove it is you that samlauth can use, only "
        f"{' and '.join(offered)}.",
        hint=f"{_ADD_A_STEP} {_WITH_YOURS}",
    )


def nobody_to_choose(offered: list[tuple[str, str]]) -> NobodyToAsk:
    """Several ways, and nobody to choose one."""
    return NobodyToAsk(
        f"Google offers {len(offered)} ways to prove it is you, and there is no terminal to choose "
        "on.",
        hint="Name one with --mfa, by its name or by words of its description:\n"
        + "\n".join(f"  {kind:<14}  {label}" for kind, label in offered),
    )


def demand(text: str) -> SignInRefused:
    """The administrator wants something first."""
    return SignInRefused(
        f"Google lets you in only when you have done what your administrator demands: “{text}”",
        hint="Set up 2-Step Verification at https://myaccount.google.com/security in a browser, or "
        "ask your administrator.",
    )


def interstitial(seen: str) -> NeedsBrowser:
    """A page to click through."""
    return NeedsBrowser(
        f"Google accepted you and then showed {seen}, which a person has to deal with.",
        hint="Open the AWS app from your Google apps menu in a browser once, with the same account, "
        "and finish what Google asks there; then try again.",
    )


def rejected(reason: str) -> NeedsBrowser:
    """Google wants a browser that runs scripts."""
    return NeedsBrowser(
        "Google refused to sign in from this program and wants a browser"
        + (f" (reason {reason})." if reason else "."),
        hint=f"{_HERE_FIRST} and try again, or pass a browser's own value with --bg-response.",
    )


def federated(host: str) -> NeedsBrowser:
    """The account is at home elsewhere."""
    return NeedsBrowser(
        f"Your account does not sign in at Google itself: Google sent us on to "
        f"{host}, whose pages this version cannot read.",
        hint="Check the username (-u). If it is right, ask your administrator "
        f"whether {host} offers a sign-in to AWS of its own.",
    )


def unreadable(state: Unknown) -> PageUnreadable:
    """A page that nobody has told us of."""
    return PageUnreadable(
        f"Google showed {state.seen}, which this version cannot answer."
        + (f" It says: “{state.said}”" if state.said else ""),
        hint=IN_A_BROWSER,
    )


def error_page(state: ErrorPage) -> NeedsPerson:
    """An HTTP error."""
    shown = f"Google showed an error page (HTTP {state.status}), at {state.path}"
    if state.status == 400 and "/challenge/" in state.path:
        return PageUnreadable(
            f"{shown}: it could not make sense of what this version sent. Your password and code "
            "are not to blame.",
            hint="Try again; if it happens each time, Google's pages have changed. " + IN_A_BROWSER,
        )
    if state.status == 403:
        return PageUnreadable(
            f"{shown}: it does not let you, or this network, go there.",
            hint="Check -I, -S and the username (-u). " + IN_A_BROWSER,
        )
    if state.status == 429:
        return NeedsPerson(
            f"{shown}: too many attempts came from this network.",
            hint="Wait some minutes before you try again.",
        )
    if state.status >= 500:
        return NeedsPerson(
            f"{shown}: something is wrong on Google's side.",
            hint="Try again in a minute; https://www.google.com/appsstatus says whether it is known.",
        )
    return PageUnreadable(f"{shown}, which this version cannot answer.", hint=IN_A_BROWSER)


def endless(pages: int) -> PageUnreadable:
    """A sign-in that goes round in circles."""
    return PageUnreadable(
        f"Google showed {pages} pages and the sign-in was still not over.",
        hint=IN_A_BROWSER,
    )


def not_for_aws(host: str) -> NeedsPerson:
    """A SAML response for another app."""
    return NeedsPerson(
        f"Google signed you in to {safe(host, 100)}, which is not AWS.",
        hint="Check -S: it is spid in the sign-in link of the AWS app.",
    )


def app_error(code: str, username: str, idp_id: str, sp_id: str) -> SamlauthError:
    """Google's own errors about the SAML app: https://support.google.com/a/answer/6301076."""
    who, sp = safe(username, 100), safe(sp_id, 40)
    app = f"-I {safe(idp_id, 40)} and -S {sp}"
    known = {
        "app_not_configured": (
            f"Google knows no AWS app by {app}",
            "Compare them with idpid and spid in the link of the AWS app in your Google apps menu "
            "(the nine dots in Gmail's corner), or ask your administrator for that link.",
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
            f"The app that -S {sp} names is not a SAML app",
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
