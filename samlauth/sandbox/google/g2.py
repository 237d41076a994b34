"""The pages without scripts of 2020 to 2024: forms with ids, state in hidden fields."""

from __future__ import annotations

from html import escape

from samlauth.sandbox.google.pages import REFUSED, Screen, Ticket, document, hidden, query

_BASE = "https://accounts.google.com/"
_LANGUAGES = (
    '<form action="/ServiceLogin" method="GET"><select name="hl">'
    '<option value="en" selected>English</option><option value="fr">Français</option>'
    '</select><input type="submit" value="Change language"></form>'
)
_STAY = '<label><input type="checkbox" name="TrustDevice" id="trustDevice" checked>{}</label>'


class G2:
    """``form#gaia_loginform``, then ``form#challenge`` posted to ``/signin/challenge/…``."""

    def answer(self, screen: Screen) -> str:
        """The field the person fills in."""
        return {"identifier": "Email", "password": "Passwd", "code": "Pin"}[screen]

    def location(self, screen: Screen, ticket: Ticket) -> str | None:
        """Only the code page has an address of its own."""
        if screen != "code":
            return None
        return "/signin/challenge/totp/2?" + query({"continue": ticket.resume, "TL": ticket.tl})

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
        """Where an identifier leads that may not sign in like this."""
        return "/signin/rejected?" + query({"continue": ticket.resume, "rrk": "88", "hl": "en"})

    def unheard_of(self, ticket: Ticket) -> str:
        """A challenge of a kind that does not exist."""
        return "/signin/challenge/aviary/7?" + query({"TL": ticket.tl})


def _error(ident: str, refused: bool, screen: Screen) -> str:
    return f'<span class="Qx8Abe" id="{ident}">{REFUSED[screen]}</span>' if refused else ""


def _identifier(ticket: Ticket, refused: bool) -> str:
    carried = hidden(
        {
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
    )
    error = f'<span role="alert" class="error-msg">{REFUSED["identifier"]}</span>'
    return document(
        "Sign in",
        f"""<div class="s2h6df"><h1>The rehearsal</h1><h2>Who is signing in?</h2>
{_LANGUAGES}
<form novalidate method="post" action="/signin/v1/lookup" id="gaia_loginform">
{carried}
<input type="hidden" name="" value="nothing">
<label for="Email">Address</label>
<input id="Email" type="email" name="Email" value="{escape(ticket.username)}" spellcheck="false">
{error if refused else ""}
<input id="Passwd-hidden" type="password" spellcheck="false" class="hidden">
<input id="next" name="signIn" type="submit" value="Next">
<label><input type="checkbox" name="PersistentCookie" value="yes" checked>Stay signed in</label>
</form>
<form method="post" action="/signin/usernamerecovery">{hidden({"gxf": ticket.gxf})}
<input type="submit" value="I do not know my address"></form></div>""",
        base=_BASE,
    )


def _challenge_fields(ticket: Ticket, ident: str, kind: str) -> dict[str, str]:
    return {
        "challengeId": ident,
        "challengeType": kind,
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
        "TL": ticket.tl,
        "gxf": ticket.gxf,
    }


def _elsewhere(ticket: Ticket, action: str, extra: dict[str, str], label: str) -> str:
    """A form that leads away from the sign-in, with state of its own."""
    state = {"continue": ticket.resume, "TL": f"{ticket.tl}-away", "gxf": ticket.gxf}
    return (
        f'<form method="POST" action="{action}">\n{hidden({**extra, **state})}\n'
        f'<input type="submit" value="{label}"></form>'
    )


def _password(ticket: Ticket, refused: bool) -> str:
    return document(
        "Password",
        f"""<div class="s2h6df"><h1>The rehearsal</h1><h2>Now the password</h2>
{_LANGUAGES}
<div class="LJtPoc" jsname="Ki8mld">
<form method="POST" id="challenge" action="/signin/challenge/pwd/1" jsname="rzWj5"><span jsslot>
{hidden(_challenge_fields(ticket, "1", "1"))}
<span id="identifier-display" dir="ltr">{escape(ticket.username)}</span>
<input id="Email" name="Email" type="email" value="{escape(ticket.username)}" readonly>
<label for="password">Password</label>
<input id="password" name="Passwd" type="password" spellcheck="false" autofocus jsname="pRFXed">
{_error("passwordError", refused, "password")}
<input type="submit" value="Go on" id="submit">
{_STAY.format("Stay signed in")}</span>
</form>
{_elsewhere(ticket, "/signin/challenge", {"subAction": "requestHelp"}, "Password lost")}
</div></div>""",
        base=_BASE,
    )


def _code(ticket: Ticket, refused: bool) -> str:
    return document(
        "Code",
        f"""<div class="s2h6df"><h1>Second step</h1><h2>To be sure that it is you</h2>
{_LANGUAGES}
<div class="LJtPoc" jsname="Ki8mld">
<form method="POST" id="challenge" action="/signin/challenge/totp/2" jsname="rzWj5"><content>
{hidden({**_challenge_fields(ticket, "2", "6"), "checkedDomains": "youtube", "pstMsg": "0"})}
<div jsname="BCqkPb">The code of your authenticator</div>
<div jsname="NhJ5Dd">Look it up in the <strong>authenticator</strong> and type it here</div>
<input type="tel" pattern="[0-9 ]*" id="totpPin" name="Pin" dir="ltr" autocomplete="off" autofocus>
{_error("errorMsg", refused, "code")}
<input type="submit" value="Done" id="submit">
{_STAY.format("Do not ask on this computer again")}</content>
</form>
</div>
<div class="KSYbxc">
{_elsewhere(ticket, "/signin/challenge/skip", {"challengeId": "2"}, "Another way")}
</div></div>""",
        base=_BASE,
    )
