"""How a sign-in at ADFS can end without a SAML response: what happened, why, what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from samlauth.challenges import Method
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NeedsPerson,
    NetworkError,
    NobodyToAsk,
    PageUnreadable,
    SamlauthError,
    SettingsError,
    SignInRefused,
)
from samlauth.idp.adfs.attempt import Attempt
from samlauth.idp.adfs.pages.adapters import Adapter
from samlauth.idp.adfs.pages.states import (
    Elsewhere,
    ErrorPage,
    HomeRealms,
    Menu,
    Realm,
    Unauthorized,
    Unknown,
)
from samlauth.printable import safe
from samlauth.reach import Origin

IN_A_BROWSER: Final = (
    "Sign in to AWS through your ADFS in a browser, with the same account, and do what it asks "
    "there; then try again."
)
_RELYING_PARTY: Final = (
    "--adfs-rp names the relying party; --partition chooses the usual one of GovCloud or China."
)
_CERTIFICATE: Final = (
    "Give your certificate and its key with --client-cert and --client-key, or choose another way "
    "with --mfa."
)


# Who signs in


def password(username: str, said: str) -> SignInRefused:
    """The password is wrong, or something that ADFS does not tell apart from that."""
    return SignInRefused(
        f"ADFS did not accept the password of {safe(username, 100)}: "
        f"{_quoted(said) or 'it asked for it again, and the same one is not sent twice.'}",
        hint="Wrong password, or the account is locked or disabled: ADFS does not say which. "
        "The username (-u) has to be DOMAIN\\user or user@domain. Try the password in a browser "
        "before you try again here: more wrong ones may lock the account.",
    )


def unknown_account(username: str, said: str) -> SignInRefused:
    """ADFS asks for the user name again."""
    return SignInRefused(
        f"ADFS did not accept the username {safe(username, 100)}: "
        f"{_quoted(said) or 'it asked for it again and did not say why.'}",
        hint="Check the username (-u): ADFS wants it as DOMAIN\\user or user@domain.",
    )


def password_change(origin: Origin, said: str) -> SignInRefused:
    """The password has to be changed first."""
    return SignInRefused(
        "ADFS lets you in only after you have changed your password."
        + (f" It says: {_quoted(said)}" if said else ""),
        hint=f"Change it at {origin}/adfs/portal/updatepassword/ where your company has that page, "
        "or at a computer of your company; then try again with the new one.",
    )


def back_at_the_start(said: str) -> CodeRefused:
    """ADFS shows its first page again after the second factor."""
    return CodeRefused(
        "ADFS went back to the password after the second step"
        + (f". It says: {_quoted(said)}" if said else ", and did not say why."),
        hint="If you answered No on your phone, that is why. Else run the command again; the "
        "password was not sent a second time.",
    )


def home_realm(wanted: str, state: HomeRealms) -> SamlauthError:
    """ADFS has no such home realm, or none at all."""
    if wanted and state.realms:
        return SettingsError(
            f"ADFS has no home realm “{safe(wanted, 100)}”."
            + (f" It says: {_quoted(state.said)}" if state.said else ""),
            hint="Give one of these with --home-realm:\n" + _realms(state.realms),
        )
    return PageUnreadable(
        "ADFS asked where your account is at home, and would not be answered."
        + (f" It says: {_quoted(state.said)}" if state.said else ""),
        hint="Check the username (-u), or ask your administrator for the home realm to give with "
        f"--home-realm. {IN_A_BROWSER}",
    )


def nobody_to_choose_realm(realms: Iterable[Realm]) -> NobodyToAsk:
    """Several home realms, and nobody to choose one."""
    return NobodyToAsk(
        "ADFS asks where your account is at home, and there is no terminal to choose on.",
        hint="Name one with --home-realm:\n" + _realms(realms),
    )


def _realms(realms: Iterable[Realm]) -> str:
    return "\n".join(f"  {safe(realm.key, 100)}  ({realm.label})" for realm in realms)


def unauthorized(state: Unauthorized, no_ticket: str, kerberos: bool | None) -> SignInRefused:
    """HTTP 401 where a page should be."""
    schemes = ", ".join(safe(scheme, 20) for scheme in state.schemes) or "nothing"
    if kerberos is False:
        hint = "Allow it with --kerberos, or ask your administrator for sign-in by forms."
    else:
        get_one = (
            "Get a ticket with kinit (klist shows whether there is one) and try again with "
            "--kerberos, on your company's network. "
        )
        hint = f"{'' if no_ticket else get_one}" + (
            "Your administrator can have ADFS ask for the password: it does so for programs that "
            "are not in WiaSupportedUserAgents, and where WindowsIntegratedFallbackEnabled is on."
        )
    return SignInRefused(
        "ADFS showed no sign-in page (HTTP 401): from this network it wants Windows integrated "
        f"sign-in, and accepts {schemes}." + (f" {no_ticket}" if no_ticket else ""),
        hint=hint,
    )


# The second factor


def code(adapter: Adapter, said: str) -> CodeRefused:
    """The codes are wrong."""
    return CodeRefused(
        f"{adapter.name} did not accept the code: "
        f"{_quoted(said) or 'it asked for one again, and the same one is not sent twice.'}",
        hint="Check that the token is yours and that its clock is right; then try again with the "
        "next code. --mfa chooses another way where ADFS offers one.",
    )


def denied(adapter: Adapter, said: str) -> CodeRefused:
    """The answer elsewhere was No, or none."""
    return CodeRefused(
        f"{adapter.name} did not confirm that it is you: {_quoted(said)}",
        hint="If you did not answer No, run the command again for a new prompt; --mfa chooses "
        "another way where ADFS offers one.",
    )


def unanswered(adapter: Adapter, prompt: str) -> CodeRefused:
    """Nobody answered elsewhere in time."""
    unheard_of = adapter.kind == "other"
    return CodeRefused(
        f"{adapter.name} had no answer from you within {adapter.seconds:.0f} seconds."
        + (f" It asked: {_quoted(prompt)}" if prompt else ""),
        hint="Run the command again when the phone is at hand; --mfa chooses another way where "
        "ADFS offers one."
        + (" If its page works only in a browser, --browser goes there." if unheard_of else ""),
    )


def nobody_to_choose(methods: Iterable[Method]) -> NobodyToAsk:
    """Several ways, and nobody to choose one."""
    return NobodyToAsk(
        "ADFS offers several ways to prove it is you, and there is no terminal to choose on.",
        hint="Name one with --mfa, by its name or by words of its description:\n"
        + "\n".join(f"  {method.kind:<14}  {method.label}" for method in methods),
    )


def nothing_usable(menu: Menu) -> NeedsBrowser:
    """A menu of ways for browsers."""
    names = " and ".join(option.method.label for option in menu.options)
    return NeedsBrowser(
        f"ADFS offers no way to prove it is you that samlauth can use, only {names}.",
        hint=IN_A_BROWSER,
    )


def browser_only(adapter: Adapter) -> NeedsBrowser:
    """An adapter whose pages are scripts."""
    return NeedsBrowser(
        f"ADFS wants {adapter.name} to confirm that it is you, and its pages work only in a "
        "browser.",
        hint=IN_A_BROWSER,
    )


def no_certificate(why: str) -> SignInRefused:
    """The certificate is missing or not accepted."""
    return SignInRefused(
        f"ADFS wanted a client certificate and accepted none. {why}", hint=_CERTIFICATE
    )


def certificate_not_taken(error: NetworkError) -> NetworkError:
    """The connection at which TLS asks for the certificate failed."""
    return NetworkError(
        f"ADFS wanted a client certificate, and the connection for it failed. {error.message}",
        hint=f"{error.hint} --mfa chooses another way."
        if "--client-cert" in error.hint
        else f"{_CERTIFICATE} {error.hint}".strip(),
    )


# The ends


def error_page(attempt: Attempt, state: ErrorPage, relying_party: str) -> SamlauthError:
    """ADFS's own error, or an HTTP status."""
    shown, rp = _shown(state), safe(relying_party, 100)
    trace = f"{_TRACE.format(state.activity)} " if state.activity else ""
    if attempt.answered.endswith("certificate"):
        return no_certificate(state.note or shown)
    if state.code == "MSIS7042":
        return SignInRefused(
            f"{shown} It takes so many sign-ins in so short a time for a loop.",
            hint="Wait a minute, then run the command again.",
        )
    if state.status >= 400 and not (state.said or state.code):
        return _http_error(state)
    if attempt.signed_in:
        no = "If you answered No on your phone, that is why. " if attempt.answered == "push" else ""
        return SignInRefused(
            f"{shown} It knew who you are by then: most likely it does not let you use AWS ({rp}).",
            hint=f"{trace}{no}Your administrator can give you access.",
        )
    if attempt.home_realm and state.code not in {"MSIS7007", "MSIS7012"}:
        return SettingsError(
            f"{shown} Most likely it has no home realm “{safe(attempt.home_realm, 100)}”.",
            hint=f"{trace}--home-realm wants its identifier, such as 'AD AUTHORITY' or a URI; "
            "without it, ADFS asks where your account is at home.",
        )
    if state.code == "MSIS7007":
        why = f"It has no relying party {rp}."
    elif state.code == "MSIS7012":
        why = "Most likely its IdP-initiated sign-on page is switched off, as it is from the start."
    else:
        why = (
            "It came before any question: either its IdP-initiated sign-on page is switched off, "
            f"as it is from the start, or it has no relying party {rp}."
        )
    return SignInRefused(
        f"{shown} {why}",
        hint=f"{trace}The page is switched on by Set-AdfsProperties -EnableIdPInitiatedSignonPage "
        f"$true. {_RELYING_PARTY}",
    )


_TRACE: Final = "Show your administrator the Activity ID {}: it finds the error in the log of ADFS."


def _http_error(state: ErrorPage) -> SamlauthError:
    """A status of 400 or more, and nothing said."""
    shown = _shown(state)
    match state.status:
        case 400:
            return SignInRefused(
                f"{shown} Most often the cookies of earlier sign-ins have grown too large for it.",
                hint="samlauth logout forgets them; then run the command again.",
            )
        case 403:
            return SignInRefused(
                f"{shown} {state.note or 'It does not let you, or this network, go there.'}",
                hint="Try again on your company's network, or ask your administrator.",
            )
        case status if status >= 500:
            return NeedsPerson(
                f"{shown} Something is wrong on the server's side.",
                hint="Try again in a minute; if this stays so, tell your administrator.",
            )
        case _:
            return PageUnreadable(
                f"{shown} That is no page of a sign-in.",
                hint=f"Check --adfs-host: it is the host of your company's ADFS. {IN_A_BROWSER}",
            )


def _shown(state: ErrorPage) -> str:
    numbers = [f"HTTP {state.status}"] if state.status >= 400 else []
    numbers += [state.code] if state.code else []
    shown = f"ADFS showed an error page ({', '.join(numbers)})" if numbers else (
        "ADFS showed an error page"
    )  # fmt: skip
    return f"{shown}: {_quoted(state.said)}" if state.said else f"{shown}, at {state.path}."


def landing(relying_party: str, available: tuple[str, ...]) -> SettingsError:
    """The relying party was ignored."""
    names = ", ".join(available) or "nothing"
    return SettingsError(
        f"ADFS did not take {safe(relying_party, 100)} for a relying party and asked which one is "
        f"meant. It lists: {names}.",
        hint="These are display names: ask your administrator for the identifier of AWS's. "
        + _RELYING_PARTY,
    )


def handed_off(protocol: str, relying_party: str) -> SettingsError:
    """A token that is no SAML response."""
    return SettingsError(
        f"ADFS answered with a token of {protocol}, not with a SAML response: "
        f"{safe(relying_party, 100)} seems to be another application.",
        hint=_RELYING_PARTY,
    )


def spoiled(empty: bool) -> PageUnreadable:
    """A SAML response that is none."""
    what = "has nothing in it" if empty else "is cut off or is not XML in base64"
    return PageUnreadable(
        f"ADFS answered with a SAML response that {what}.",
        hint=f"Run the command again. {IN_A_BROWSER}",
    )


def role_page() -> PageUnreadable:
    """AWS's own page in place of ADFS's."""
    return PageUnreadable(
        "AWS's own page for choosing a role came in place of a page of ADFS's; it signs nobody in.",
        hint="Check --adfs-host: it is the host of your company's ADFS.",
    )


def not_for_aws(host: str, relying_party: str) -> NeedsPerson:
    """A SAML response for another application."""
    return NeedsPerson(
        f"ADFS signed you in to {safe(host, 100)}, which is not AWS ({safe(relying_party, 100)}).",
        hint=_RELYING_PARTY,
    )


def elsewhere(state: Elsewhere) -> NeedsBrowser:
    """The sign-in goes on where its pages cannot be read."""
    if state.adapter is not None:
        return browser_only(state.adapter)
    return NeedsBrowser(
        f"ADFS sent us on to {state.host}, whose pages this version cannot read.",
        hint=f"If {state.host} is your company's ADFS as well, give that with --adfs-host."
        if state.is_adfs
        else "Your account signs in there. If it should sign in at ADFS itself, say so with "
        "--home-realm 'AD AUTHORITY'.",
    )


def unreadable(state: Unknown) -> PageUnreadable:
    """A page that nobody has told us of."""
    return PageUnreadable(
        f"ADFS showed {state.seen}, which this version cannot answer."
        + (f" It says: {_quoted(state.said)}" if state.said else ""),
        hint=IN_A_BROWSER,
    )


def endless(pages: int) -> PageUnreadable:
    """A sign-in that goes round in circles."""
    return PageUnreadable(
        f"ADFS showed {pages} pages and the sign-in was still not over.", hint=IN_A_BROWSER
    )


def _quoted(said: str) -> str:
    return f"“{said}”" if said else ""
