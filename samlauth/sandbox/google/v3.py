"""The pages without scripts since 2024: forms without ids, state in the query of the action."""

from __future__ import annotations

from html import escape

from samlauth.sandbox.google.pages import REFUSED, Screen, Ticket, document, hidden, query

_BASE = "https://accounts.google.com/v3/signin/"
_FROM_SCRIPT = '<span><input type="hidden" name="bgresponse" value="js_disabled"></span>'


class V3:
    """Forms posted to ``/v3/signin/identifier?…`` and ``/v3/signin/challenge/<kind>?…``."""

    def answer(self, screen: Screen) -> str:
        """The field the person fills in."""
        return {"identifier": "identifier", "password": "Passwd", "code": "Pin"}[screen]

    def location(self, screen: Screen, ticket: Ticket) -> str:
        """The address of a page is also the action of its form."""
        return _address(screen, ticket)

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """One of the three pages."""
        match screen:
            case "identifier":
                return _identifier(ticket, refused)
            case "password":
                return _password(ticket, refused)
            case "code":
                return _code(ticket, refused)

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
        case "identifier":
            return "/v3/signin/identifier?" + query(_state(ticket))
        case "password":
            return "/v3/signin/challenge/pwd?" + query(_state(ticket, TL=ticket.tl, cid="1"))
        case "code":
            return "/v3/signin/challenge/totp?" + query(_state(ticket, TL=ticket.tl, cid="4"))


def _rejected(ticket: Ticket) -> str:
    return "/v3/signin/rejected?" + query({**_state(ticket), "rhlk": "js", "rrk": "47"})


def _error(refused: bool, screen: Screen) -> str:
    """The place under a field where a wrong answer is told of."""
    said = (
        f'<div aria-hidden="true"></div><div jsname="B34EJ"><span>{REFUSED[screen]}</span></div>'
        if refused
        else ""
    )
    return f'<div class="F3wxlc" jsname="h9d3hd">{said}</div>'


def _invalid(refused: bool) -> str:
    return ' aria-invalid="true"' if refused else ""


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
    return (
        f'<button name="action" value="1" id="{ident}">Next</button>\n'
        '<button name="action" value="3">Another way</button>'
    )


def _identifier(ticket: Ticket, refused: bool) -> str:
    return _card(
        ticket,
        "Who is signing in?",
        f"""<form action="{escape(_address("identifier", ticket))}" method="POST" novalidate>
<section class="aN1Vld">
<label><input type="email" name="identifier" id="identifierId" value="{escape(ticket.username)}"
 autofocus autocomplete="username"{_invalid(refused)}>Address</label>
{_error(refused, "identifier")}
<input type="password" name="hiddenPassword" tabindex="-1" aria-hidden="true">
{hidden({"usi": ticket.usi, "domain": "", "region": "US"})}
{_FROM_SCRIPT}
</section>
<button name="action" value="1" id="identifierNext">Next</button>
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>
<form action="/signin/usernamerecovery" method="POST">{hidden({"at": f"{ticket.at}0"})}
<button>Address forgotten</button></form>""",
    )


def _password(ticket: Ticket, refused: bool) -> str:
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
 autocomplete="current-password"{_invalid(refused)}>Password</label>
{_error(refused, "password")}
{hidden({"TrustDevice": "true", "historicalPassword": "false"})}
</section>
<input type="hidden" name="" value="{escape(ticket.username)}" id="identifierId">
{_buttons("passwordNext")}
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )


def _code(ticket: Ticket, refused: bool) -> str:
    return _card(
        ticket,
        "Second step",
        f"""<form action="{escape(_address("code", ticket))}" method="POST" novalidate>
{_TOO_MANY}
<section class="aN1Vld" jsname="dZbRZb">
<p class="vOZun">Type the code your <strong>authenticator</strong> shows.</p>
{_FROM_SCRIPT}
<label><input type="tel" pattern="[0-9 ]*" name="Pin" id="totpPin" autocomplete="off"
{_invalid(refused)} autofocus>Code</label>
{_error(refused, "code")}
{hidden({"TrustDevice": "true"})}
</section>
<input type="hidden" name="" value="{escape(ticket.username)}" id="identifierId">
{_buttons("totpNext")}
<input type="hidden" name="at" value="{escape(ticket.at)}">
</form>""",
    )
