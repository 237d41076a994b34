"""The pages without scripts of 2020 to 2024: forms with ids, state in hidden fields."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import assert_never

from samlauth.sandbox.google.forms import BGRESPONSE
from samlauth.sandbox.google.keys import u2f_request
from samlauth.sandbox.google.methods import Method
from samlauth.sandbox.google.pages import (
    API_KEY,
    REFUSED,
    UNASKED,
    Screen,
    Ticket,
    countries,
    document,
    hidden,
    number_markup,
    query,
    script,
)
from samlauth.sandbox.phone import MASKED

_BASE = "https://accounts.google.com/"
_LANGUAGES = (
    '<form action="/ServiceLogin" method="GET"><select name="hl">'
    '<option value="en" selected>English</option><option value="fr">Français</option>'
    '</select><input type="submit" value="Change language"></form>'
)
_STAY = '<label><input type="checkbox" name="TrustDevice" id="trustDevice" checked>{}</label>'
_PINS = {
    "totp": "totpPin",
    "bc": "backupCodePin",
    "ipp": "idvPreregisteredPhonePin",
    "iap": "idvAnyPhonePin",
    "ootp": "ootpPin",
    "skotp": "skotpPin",
}
_CODE_FROM = {
    "totp": "Look it up in the <strong>authenticator</strong> and type it here",
    "bc": "Type one of the <strong>8-digit</strong> codes you keep for such a day",
    "ipp": f'It is on the way to <b dir="ltr" class="DZNRQe">{MASKED}</b>',
    "iap": "It is on the way to the number you gave",
    "ootp": "In the settings of your telephone: Google, security code",
    "skotp": "On a device that has your key, open g.co/sc and type what it shows",
}


class G2:
    """``form#gaia_loginform``, then ``form#challenge`` posted to ``/signin/challenge/…``."""

    def location(self, screen: Screen, ticket: Ticket) -> str | None:
        """The pages up to the password have no address of their own."""
        state = query({"continue": ticket.resume, "TL": ticket.tl})
        match screen:
            case "identifier" | "captcha" | "password":
                return None
            case "selection":
                return f"/signin/selectchallenge/2?{state}"
            case "chooser":
                return f"/AccountChooser?{state}"
            case "interstitial":
                return f"/signin/newfeatures?{state}"
            case "code" | "send" | "number" | "prompt" | "key":
                return f"{_path(ticket.method)}?{state}"
            case _ as never:
                assert_never(never)

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """One of the pages."""
        match screen:
            case "identifier":
                return _identifier(ticket, refused)
            case "captcha":
                return _identifier(ticket, refused, captcha(ticket, refused))
            case "password":
                return _password(ticket, refused)
            case "code":
                return _code(ticket, refused)
            case "send":
                return _send(ticket)
            case "number":
                return _number(ticket, refused)
            case "prompt":
                return _prompt(ticket)
            case "key":
                return _key(ticket, refused)
            case "selection":
                return _selection(ticket)
            case "chooser":
                return _chooser(ticket)
            case "interstitial":
                return _interstitial(ticket)
            case _ as never:
                assert_never(never)

    def rejected(self, ticket: Ticket) -> str:
        """Where an identifier leads that may not sign in like this."""
        return "/signin/rejected?" + query({"continue": ticket.resume, "rrk": "88", "hl": "en"})

    def unheard_of(self, ticket: Ticket) -> str:
        """A challenge of a kind that does not exist."""
        return "/signin/challenge/aviary/7?" + query({"TL": ticket.tl})


def _path(method: Method) -> str:
    return f"/signin/challenge/{method.kind}/{method.ident}"


def _error(ident: str, said: str) -> str:
    return f'<span class="Qx8Abe" id="{ident}">\n{said}\n</span>' if said else ""


def lookup_fields(ticket: Ticket) -> dict[str, str]:
    """The hidden fields of ``form#gaia_loginform``."""
    return {
        "Page": "PasswordSeparationSignIn",
        "gxf": ticket.gxf,
        "ifkv": ticket.ifkv,
        "continue": ticket.resume,
        "followup": ticket.resume,
        "ltmpl": "popup",
        "scc": "1",
        "sarp": "1",
        "oauth": "1",
        "ProfileInformation": "",
        "SessionState": "",
        "_utf8": "☃",
        "bgresponse": "js_disabled",
    }


def captcha(ticket: Ticket, refused: bool) -> str:
    """The picture of before 2024, for ``form#gaia_loginform``."""
    error = f'<span role="alert" class="error-msg">{REFUSED["captcha"]}</span>'
    return f"""<div id="identifier-captcha"><div id="captcha-box" class="captcha-box">
<div id="captcha-img" class="captcha-img"><img src="/Captcha?ctoken={ticket.captcha}" alt=""></div>
<span class="captcha-msg">Large or small letters, as you like</span></div>
<input type="hidden" name="identifiertoken" id="identifier-token" value="{ticket.captcha}">
<input type="hidden" name="identifiertoken_audio" id="identifier-token-audio">
<label for="identifier-captcha-input">The letters</label>
<input type="text" name="identifier-captcha-input" id="identifier-captcha-input"
 autocomplete="off">{error if refused else ""}</div>"""


def _identifier(ticket: Ticket, refused: bool, picture: str = "") -> str:
    error = f'<span role="alert" class="error-msg">{REFUSED["identifier"]}</span>'
    return document(
        "Sign in",
        f"""<div class="s2h6df"><h1>The rehearsal</h1><h2>Who is signing in?</h2>
{_LANGUAGES}
<form novalidate method="post" action="/signin/v1/lookup" id="gaia_loginform">
{hidden(lookup_fields(ticket))}
<input type="hidden" name="" value="nothing">
<label for="Email">Address</label>
<input id="Email" type="email" name="Email" value="{escape(ticket.username)}" spellcheck="false">
{error if refused and not picture else ""}
<input id="Passwd-hidden" type="password" spellcheck="false" class="hidden">
{picture}
<input id="next" name="signIn" type="submit" value="Next">
<label><input type="checkbox" name="PersistentCookie" value="yes" checked>Stay signed in</label>
</form>
<form method="post" action="/signin/usernamerecovery">{hidden({"gxf": ticket.gxf})}
<input type="submit" value="I do not know my address"></form></div>
{script(ticket, BGRESPONSE)}""",
        base=_BASE,
    )


def _state(ticket: Ticket, tl: str) -> dict[str, str]:
    return {
        "ifkv": ticket.ifkv,
        "continue": ticket.resume,
        "flowName": "WEB_SETUP_GLIF",
        "followup": ticket.resume,
        "faa": "1",
        "hl": "en",
        "oauth": "1",
        "sarp": "1",
        "scc": "1",
        "ltmpl": "popup",
        "TL": tl,
        "gxf": ticket.gxf,
    }


def _challenge_fields(ticket: Ticket, method: Method, tl: str) -> dict[str, str]:
    named = {"challengeId": str(method.ident), "challengeType": str(method.type)}
    return {**named, **_state(ticket, tl)}


def _elsewhere(ticket: Ticket, action: str, extra: dict[str, str], label: str) -> str:
    """A form beside the one that goes on, with state of its own."""
    state = {"continue": ticket.resume, "TL": f"{ticket.tl}-away", "gxf": ticket.gxf}
    return (
        f'<form method="POST" action="{action}">\n{hidden({**extra, **state})}\n'
        f'<input type="submit" value="{label}"></form>'
    )


def _password(ticket: Ticket, refused: bool) -> str:
    fields = {"challengeId": "1", "challengeType": "1", **_state(ticket, ticket.tl)}
    return document(
        "Password",
        f"""<div class="s2h6df"><h1>The rehearsal</h1><h2>Now the password</h2>
{_LANGUAGES}
<div class="LJtPoc" jsname="Ki8mld">
<form method="POST" id="challenge" action="/signin/challenge/pwd/1" jsname="rzWj5"><span jsslot>
{hidden(fields)}
<span id="identifier-display" dir="ltr">{escape(ticket.username)}</span>
<input id="Email" name="Email" type="email" value="{escape(ticket.username)}" readonly>
<label for="password">Password</label>
<input id="password" name="Passwd" type="password" spellcheck="false" autofocus jsname="pRFXed">
{_error("passwordError", REFUSED["password"] if refused else "")}
<input type="submit" value="Go on" id="submit">
{_STAY.format("Stay signed in")}</span>
</form>
{_elsewhere(ticket, "/signin/challenge", {"subAction": "requestHelp"}, "Password lost")}
</div></div>""",
        base=_BASE,
    )


def _challenge(
    ticket: Ticket, inner: str, *, before: str = "", data: str = "", submit: str = "Done"
) -> str:
    """A page of the second step: ``form#challenge``, and below it the way to the menu."""
    method = ticket.method
    fields = {**_challenge_fields(ticket, method, ticket.tl), "checkedDomains": "youtube"}
    button = f'<input type="submit" value="{submit}" id="submit">' if submit else ""
    return document(
        "Second step",
        f"""<div class="s2h6df"><h1>Second step</h1><h2>To be sure that it is you</h2>
{_LANGUAGES}
{before}
<div class="LJtPoc" jsname="Ki8mld"{data}>
<form method="POST" id="challenge" action="{_path(method)}" jsname="rzWj5"><content>
{hidden({**fields, "pstMsg": "0"})}
{inner}
{button}
{_STAY.format("Do not ask on this computer again")}</content>
</form>
</div>
<div class="KSYbxc">
{_elsewhere(ticket, "/signin/challenge/skip", {"challengeId": str(method.ident)}, "Another way")}
</div></div>""",
        base=_BASE,
    )


def _code(ticket: Ticket, refused: bool) -> str:
    kind = ticket.method.kind
    by_phone = kind in ("ipp", "iap")
    said = REFUSED["code"] if refused else UNASKED if by_phone else ""
    demand = f'<div id="contactAdminMessage">{escape(ticket.said)}</div>' if ticket.said else ""
    again = (
        f'<button type="submit" name="SendMethod" value="{ticket.method.means}">Once more</button>'
        if ticket.method.means
        else ""
    )
    return _challenge(
        ticket,
        f"""{demand}<div jsname="BCqkPb">A code</div>
<div jsname="NhJ5Dd">{_CODE_FROM[kind]}</div>
{'<div class="LNdFWe" dir="ltr">G-</div>' if by_phone else ""}
<input type="tel" pattern="[0-9 ]*" id="{_PINS[kind]}" name="{"pin" if kind == "iap" else "Pin"}"
 dir="ltr" autocomplete="off" autofocus>
{_error("errorMsg", said)}
<input type="submit" value="Done" id="submit">{again}""",
        submit="",
    )


def _send(ticket: Ticket) -> str:
    means = ticket.method.means
    return _challenge(
        ticket,
        f"""<div class="VnJmLc" jsname="NhJ5Dd">A code can go to:
<b dir="ltr" class="DZNRQe">{MASKED}</b></div>
<button type="submit" name="SendMethod" value="{means}" id="idvPreresteredPhone{means}">Have it
sent</button>""",
        submit="",
    )


def _number(ticket: Ticket, refused: bool) -> str:
    """A number to type: any of the person's, with its country, or the one Google knows."""
    error = _error("errorMsg", REFUSED["number"] if refused else "")
    typed = '<input type="tel" name="phoneNumber" id="phoneNumberId" dir="ltr">'
    if ticket.method.kind != "iap":
        return _challenge(
            ticket, f'<div jsname="NhJ5Dd">The whole number of {MASKED}</div>\n{typed}{error}'
        )
    return _challenge(
        ticket,
        f"""<div jsname="NhJ5Dd">A number of yours, for a message or a call</div>
<label id="countryListLabel">Country</label>{countries()}
{typed}{error}
<button type="submit" name="sendMethod" value="SMS">Message</button>
<button type="submit" name="sendMethod" value="VOICE">Call</button>""",
        submit="",
    )


def _prompt(ticket: Ticket) -> str:
    """A question on the telephone: ``az`` is polled for, ``dp`` is asked about by posting again."""
    method = ticket.method
    lifetime = f' data-tx-lifetime="{ticket.lifetime * 1000:.0f}"' if ticket.lifetime else ""
    tap = f", then tap <strong>{ticket.number}</strong>" if ticket.number else ""
    told = f"""<div class="EGmPD" jsname="BCqkPb">Look at the phone of the rehearsal</div>
<div class="VnJmLc" jsname="NhJ5Dd">It is asked about you: say <strong>yes</strong>{tap}.
{number_markup(ticket)}</div>{_error("errorMsg", ticket.said)}"""
    if method.kind == "dp":
        return _challenge(
            ticket,
            f"{told}\n<p>Press the button when you have answered.</p>",
            data=lifetime,
            submit="I have answered",
        )
    fields = {"subAction": "startChallenge", **_challenge_fields(ticket, method, f"{ticket.tl}-r")}
    resend = f"""<div id="signInRestart" jsname="tALZ7c">
<form action="/signin/challenge" method="POST" data-challengeentry="{method.ident}">
{hidden(fields)}Nothing came?
<button type="submit">Once more</button></form></div>"""
    poll = (
        ' data-context="TWO_STEP_VERIFICATION" data-gapi-url="https://apis.google.com/js/base.js"'
        f' data-api-key="{API_KEY}" data-tx-id="{ticket.transaction}"{lifetime}'
    )
    return _challenge(
        ticket,
        f"""{told}
<input id="authzenToken" type="hidden" name="token" jsname="iFpmR">
<input id="azAction" type="hidden" name="action" value="VERIFY">
<noscript><button type="submit" value="submit" id="nojssubmit">I have answered</button>
</noscript>""",
        before=resend,
        data=poll,
        submit="",
    )


def _key(ticket: Ticket, refused: bool) -> str:
    asked = u2f_request(ticket.nonce, ticket.credentials) if ticket.credentials else "%.@.[]"
    nonce = b64encode(ticket.nonce or b"not a real nonce").decode()
    return _challenge(
        ticket,
        f"""<div jsname="BCqkPb">Put your key in and touch it</div>
<div jsname="C0oDBd" data-challenge-ui="{escape(asked)}"></div>
<input type="hidden" name="id-challenge" value="{nonce}">
<input type="hidden" name="id-assertion">
{_error("errorMsg", REFUSED["key"] if refused else "")}""",
    )


def _selection(ticket: Ticket) -> str:
    """A form for each way; two of them may have the same entry id. The last is for help."""
    entries = "\n".join(f"<li>{_entry(ticket, method)}</li>" for method in ticket.methods)
    away = _elsewhere(ticket, "/signin/challenge", {"subAction": "requestHelp"}, "Ask for help")
    return document(
        "Second step",
        f"""<div class="s2h6df"><h1>Another way</h1><h2>Take one of these</h2>
{_LANGUAGES}
<div class="LJtPoc JQGcDf"><ol id="challengePickerList">
{entries}
<li>{away}</li></ol></div></div>""",
        base=_BASE,
    )


def _entry(ticket: Ticket, method: Method) -> str:
    fields = {**_challenge_fields(ticket, method, ticket.tl), "subAction": "selectChallenge"}
    if method.means:
        fields["SendMethod"] = method.means
    unusable = "" if method.usable else ' data-unavailable="true"'
    return f"""<form action="{_path(method)}" method="POST" data-challengeentry="{method.ident}"
{unusable}>{hidden(fields)}
<button type="submit"><span class="mSMaIe">{method.label}</span></button></form>"""


def _chooser(ticket: Ticket) -> str:
    state = {"continue": ticket.resume, "followup": ticket.resume, "gxf": ticket.gxf}
    accounts = "\n".join(
        f'<li><button type="submit" id="choose-account-{number}" name="Email" '
        f'value="{escape(address)}"><span class="account-email">{escape(address)}</span></button></li>'
        for number, address in enumerate(("bob@example.com", ticket.username))
    )
    return document(
        "Accounts",
        f"""<div id="accountchooser-card" class="card"><h1>Which account?</h1>
<form method="post" action="/AccountChooser">
{hidden(state)}
<ol class="accounts" id="account-list">
{accounts}
</ol></form></div>""",
        base=_BASE,
    )


def _interstitial(ticket: Ticket) -> str:
    return document(
        "News",
        f"""<div class="s2h6df"><h1>Sign in more simply</h1><p>You could use a passkey.</p>
<form method="post" action="/signin/newfeatures">{hidden({"TL": ticket.tl, "gxf": ticket.gxf})}
<button type="submit" name="later" value="1">Not now</button></form></div>""",
        base=_BASE,
    )
