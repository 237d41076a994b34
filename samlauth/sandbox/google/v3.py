"""The pages without scripts since 2024: forms without ids, state in the query of the action."""

from __future__ import annotations

from html import escape
from typing import assert_never

from samlauth.sandbox.google.forms import BGRESPONSE
from samlauth.sandbox.google.keys import ANSWER, webauthn_options, webauthn_request
from samlauth.sandbox.google.keys import script as script_of_key
from samlauth.sandbox.google.methods import Method
from samlauth.sandbox.google.pages import (
    REFUSED,
    UNASKED,
    Screen,
    Ticket,
    document,
    hidden,
    number_markup,
    query,
    script,
)
from samlauth.sandbox.phone import MASKED

_BASE = "https://accounts.google.com/v3/signin/"
_FROM_SCRIPT = '<span><input type="hidden" name="bgresponse" value="js_disabled"></span>'
_CODE_FROM = {
    "totp": "Type the code your <strong>authenticator</strong> shows.",
    "bc": "Type one of your 8-digit codes for such a day.",
    "ipp": f'It is on the way to <span dir="ltr" jsname="wKtwcc">{MASKED}</span>.',
    "ootp": "In the settings of your telephone: Google, security code.",
    "skotp": "Open g.co/sc where your key is, and type what it shows.",
}
_PINS = {
    "totp": "totpPin",
    "bc": "backupCodePin",
    "ipp": "idvPin",
    "ootp": "ootpPin",
    "skotp": "skotpPin",
}


class V3:
    """Forms posted to ``/v3/signin/identifier?…`` and ``/v3/signin/challenge/<kind>?…``."""

    def location(self, screen: Screen, ticket: Ticket) -> str:
        """The address of a page is also the action of its form."""
        return _address(screen, ticket)

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """One of the pages."""
        match screen:
            case "identifier":
                return _identifier(ticket, refused)
            case "captcha":
                return _identifier(ticket, refused, _captcha(ticket, refused))
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
        """Where those end who are not let in without a browser, and who honour ``noscript``."""
        return _rejected(ticket)

    def unheard_of(self, ticket: Ticket) -> str:
        """A challenge of a kind that does not exist."""
        return "/v3/signin/challenge/aviary?" + query(_state(ticket, cid="7"))


def _state(ticket: Ticket, **first: str) -> dict[str, str]:
    return {
        **first,
        "continue": ticket.resume,
        "dsh": ticket.dsh,
        "faa": "1",
        "flowEntry": "ServiceLogin",
        "flowName": "WebLiteSignIn",
        "followup": ticket.resume,
        "hl": "en_US",
        "ifkv": ticket.ifkv,
    }


def _address(screen: Screen, ticket: Ticket) -> str:
    match screen:
        case "identifier" | "captcha":
            return "/v3/signin/identifier?" + query(_state(ticket))
        case "chooser":
            return "/v3/signin/accountchooser?" + query(_state(ticket))
        case "interstitial":
            return "/v3/signin/speedbump/passkeyenrollment?" + query(_state(ticket, TL=ticket.tl))
        case "selection":
            state = {**_state(ticket, TL=ticket.tl), "lid": "2"}
            return "/v3/signin/challenge/selection?" + query(state)
        case "password":
            return "/v3/signin/challenge/pwd?" + query(_state(ticket, TL=ticket.tl, cid="1"))
        case "code" | "send" | "number" | "prompt" | "key":
            state = _state(ticket, TL=ticket.tl, cid=str(ticket.method.ident))
            return f"/v3/signin/challenge/{_path(screen, ticket)}?{query(state)}"
        case _ as never:
            assert_never(never)


def _path(screen: Screen, ticket: Ticket) -> str:
    match ticket.method.kind:
        case "ipp":
            return "ipp/collect" if screen == "send" else "ipp/verify"
        case "sk" | "pk":
            return f"{ticket.method.kind}/{'webauthn' if ticket.credentials else 'presend'}"
        case "kpp":
            return "kpe"
        case kind:
            return kind


def _rejected(ticket: Ticket) -> str:
    return "/v3/signin/rejected?" + query({**_state(ticket), "rhlk": "js", "rrk": "47"})


def _error(said: str) -> str:
    """The place under a field where a wrong answer is told of."""
    if said:
        said = f'<div aria-hidden="true"></div><div jsname="B34EJ"><span jsslot>{said}</span></div>'
    return f'<div class="F3wxlc" jsname="h9d3hd">{said}</div>'


def _invalid(said: object) -> str:
    return ' aria-invalid="true"' if said else ""


def _card(ticket: Ticket, title: str, form: str) -> str:
    """The frame of a page, with what only a careless reader falls for."""
    return document(
        title,
        f"""<noscript><meta http-equiv="refresh" content="0; url={escape(_rejected(ticket))}">
</noscript>
<div class="BDEI9" data-auto-init="Card"><div jsname="bN97Pc">
<h1 class="Tn0LBd" jsname="r4nke">{title}</h1><p jsname="VdSJob"></p>
{form}
</div></div>""",
        base=_BASE,
    )


_TOO_MANY = (
    '<section class="aN1Vld eLNT1d" aria-hidden="true" jsname="INM6z" aria-live="assertive">'
    '<h2><span jsname="Ud7fr">Too many failed attempts</span></h2></section>'
)


def _buttons(ident: str) -> str:
    """The button that goes on, and the one to the menu of ways."""
    return (
        f'<button name="action" value="1" id="{ident}">Next</button>\n'
        '<button name="action" value="3">Another way</button>'
    )


def _identifier(ticket: Ticket, refused: bool, picture: str = "") -> str:
    unknown = REFUSED["identifier"] if refused and not picture else ""
    return _card(
        ticket,
        "Who is signing in?",
        f"""<form action="{escape(_address("identifier", ticket))}" method="POST" novalidate>
<section class="aN1Vld">
<label><input type="email" name="identifier" id="identifierId" value="{escape(ticket.username)}"
 autofocus autocomplete="username"{_invalid(unknown)}>Address</label>
{_error(unknown)}
<input type="password" name="hiddenPassword" tabindex="-1" aria-hidden="true">
{picture}
{hidden({"usi": ticket.usi, "domain": "", "region": "US"})}
{_FROM_SCRIPT}
</section>
<button name="action" value="1" id="identifierNext">Next</button>
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>
<form action="/signin/usernamerecovery" method="POST">{hidden({"at": f"{ticket.at}0"})}
<button>Address forgotten</button></form>
{script(ticket, BGRESPONSE)}""",
    )


def _captcha(ticket: Ticket, refused: bool) -> str:
    """The picture, for the form of the identifier; it complains before anybody answered."""
    said = REFUSED["captcha"] if refused else "Type the letters that you see in the picture"
    source = f"/Captcha?v=2&ctoken={ticket.captcha}"
    return f"""<div class="ZWssT" data-auto-init="CaptchaInput" jsname="Si5T8b">
<img jsname="O9Milc" alt="Letters in a picture" src="{source}" id="captchaimg" class="TrZEUc">
<button id="playCaptchaButton" type="button" aria-label="Listen">Listen</button>
<audio jsname="CakGX" src="{source}&kind=audio" type="audio/wav" id="captchaAudio"></audio>
<label><input type="text" name="ca" dir="ltr" aria-invalid="true">The letters</label>
{_error(said)}
<input jsname="SBlSod" type="hidden" name="ct" value="{ticket.captcha}" id="ct"></div>"""


def _password(ticket: Ticket, refused: bool) -> str:
    said = REFUSED["password"] if refused else ""
    return _card(
        ticket,
        "Good to see you",
        f"""<a href="{escape(_address("identifier", ticket))}">
<span data-profile-identifier>{escape(ticket.username)}</span></a>
<form action="{escape(_address("password", ticket))}" method="POST" novalidate>
{_TOO_MANY}
<section class="aN1Vld" jsname="dZbRZb">
{_FROM_SCRIPT}
<input type="text" name="identifier" tabindex="-1" aria-hidden="true" id="hiddenEmail"
 value="{escape(ticket.username)}" autocomplete="off">
<label><input type="password" name="Passwd" id="password" autofocus
 autocomplete="current-password"{_invalid(said)}>Password</label>
{_error(said)}
{hidden({"TrustDevice": "true", "historicalPassword": "false"})}
</section>
<input type="hidden" name="" value="{escape(ticket.username)}" id="identifierId">
{_buttons("passwordNext")}
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )


def _challenge(ticket: Ticket, screen: Screen, inner: str, buttons: str, *, data: str = "") -> str:
    """A page of the second step."""
    return _card(
        ticket,
        "Second step",
        f"""<form action="{escape(_address(screen, ticket))}" method="POST" novalidate{data}>
{_TOO_MANY}
<section class="aN1Vld" jsname="dZbRZb">
{_FROM_SCRIPT}
{inner}
{hidden({"TrustDevice": "true"})}
</section>
<input type="hidden" name="" value="{escape(ticket.username)}" id="identifierId">
{buttons}
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )


def _code(ticket: Ticket, refused: bool) -> str:
    kind = ticket.method.kind
    said = REFUSED["code"] if refused else UNASKED if kind == "ipp" else ""
    demand = f'<p class="vOZun">{escape(ticket.said)}</p>' if ticket.said else ""
    return _challenge(
        ticket,
        "code",
        f"""{demand}<p class="vOZun">{_CODE_FROM[kind]}</p>
<label><input type="tel" pattern="[0-9 ]*" name="Pin" id="{_PINS[kind]}" autocomplete="off"
{_invalid(said)} autofocus>Code</label>
{_error(said)}""",
        _buttons(f"{_PINS[kind]}Next"),
    )


def _send(ticket: Ticket) -> str:
    means = ticket.method.means
    return _challenge(
        ticket,
        "send",
        f'<p class="vOZun">A code can go to <span dir="ltr" jsname="wKtwcc">{MASKED}</span>.</p>',
        f"""<button name="SendMethod" value="{means}" jsname="Njthtb">Have it sent</button>
<button name="action" value="3">Another way</button>""",
    )


def _number(ticket: Ticket, refused: bool) -> str:
    said = REFUSED["number"] if refused else ""
    return _challenge(
        ticket,
        "number",
        f"""<p class="vOZun">Type the whole number of {MASKED}.</p>
<label><input type="tel" name="phoneNumber" id="phoneNumberId"{_invalid(said)}>Number</label>
{_error(said)}""",
        _buttons("phoneNumberNext"),
    )


def _prompt(ticket: Ticket) -> str:
    lifetime = f' data-tx-lifetime="{ticket.lifetime * 1000:.0f}"' if ticket.lifetime else ""
    tap = f", then tap <strong>{ticket.number}</strong>" if ticket.number else ""
    return _challenge(
        ticket,
        "prompt",
        f"""<div jsname="BCqkPb">Look at the phone of the rehearsal</div>
<div jsname="NhJ5Dd">It is asked about you: say <strong>yes</strong>{tap}.
{number_markup(ticket)}</div>{_error(ticket.said)}""",
        _buttons("dpNext"),
        data=lifetime,
    )


def _key(ticket: Ticket, refused: bool) -> str:
    what = "key" if ticket.method.kind == "sk" else "passkey"
    data = ""
    if ticket.credentials:
        options = webauthn_options(ticket.nonce, ticket.credentials, ticket.lifetime)
        # The page of a passkey says what it asks to its script alone.
        asked = escape(webauthn_request(options)) if what == "key" else ""
        data = f"""<div jsname="C0oDBd" data-challenge-ui="{asked}"></div>
<input type="hidden" name="{ANSWER}">{script_of_key(options)}"""
    return _challenge(
        ticket,
        "key",
        f"""<p class="vOZun">Have your {what} ready.</p>{data}
{_error(REFUSED["key"] if refused else "")}""",
        _buttons("keyNext"),
    )


def _selection(ticket: Ticket) -> str:
    """One form, in which one button is clicked; some ways are shown that cannot be used here."""
    entries = "\n".join(f"<li>{_entry(method)}</li>" for method in ticket.methods)
    return _card(
        ticket,
        "Another way",
        f"""<form action="{escape(_address("selection", ticket))}" method="POST" novalidate>
{_TOO_MANY}
<section class="aN1Vld" jsname="dZbRZb"><ul class="G8ZO0d">
{entries}
<li><div data-action=accountrecovery data-accountrecovery="true" data-challengetype="2">
<button name="accountrecovery" value="undefined,undefined">Ask for help</button></div></li></ul>
<input type="hidden" name="challengeListId" value="2">
</section>
<input type="hidden" name="" value="{escape(ticket.username)}" id="identifierId">
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )


def _entry(method: Method) -> str:
    sent = (
        f" data-challengevariant={method.means} data-sendmethod={method.means}"
        if method.means
        else ""
    )
    unusable = "" if method.usable else ' data-challengeunavailable="true"'
    note = "" if method.usable else '<div jsname="TMYUoe">Not on this device.</div>'
    return f"""<div jsname="EBHGs" data-challengeid={method.ident} data-action=selectchallenge
{sent}{unusable} data-accountrecovery="false" data-challengetype="{method.type}">
<button name="challenge" value="{method.ident},{method.means or "undefined"}">
<span class="KrnQW">{method.label}</span>{note}</button></div>"""


def _chooser(ticket: Ticket) -> str:
    accounts = "\n".join(
        f'<li data-identifier="{escape(address)}"><button name="identifier" '
        f'value="{escape(address)}"><span translate="no">{escape(address)}</span></button></li>'
        for address in ("bob@example.com", ticket.username)
    )
    return _card(
        ticket,
        "Which account?",
        f"""<form action="{escape(_address("chooser", ticket))}" method="POST" novalidate>
{_FROM_SCRIPT}
<ul>
{accounts}
</ul>
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )


def _interstitial(ticket: Ticket) -> str:
    return _card(
        ticket,
        "Sign in more simply",
        f"""<form action="{escape(_address("interstitial", ticket))}" method="POST" novalidate>
<p class="vOZun">You could use a passkey.</p>
<button name="later" value="1">Not now</button>
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )
