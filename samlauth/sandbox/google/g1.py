"""The pages of before 2020: ``form#gaia_loginform`` for the password, too."""

from __future__ import annotations

from html import escape

from samlauth.sandbox.google.g2 import G2, lookup_fields
from samlauth.sandbox.google.pages import REFUSED, Screen, Ticket, document, hidden


class G1(G2):
    """As the later ones, but for the password's form."""

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """One of the pages."""
        if screen == "password":
            return _password(ticket, refused)
        return super().page(screen, ticket, refused=refused)


def _password(ticket: Ticket, refused: bool) -> str:
    error = f'<span role="alert" class="error-msg" id="errormsg_0_Passwd">{REFUSED["password"]}'
    return document(
        "Password",
        f"""<div class="card signin-card"><h2>Now the password</h2>
<form novalidate method="post" action="/signin/challenge/sl/password" id="gaia_loginform">
{hidden({**lookup_fields(ticket), "checkedDomains": "youtube", "pstMsg": "0"})}
<span id="email-display">{escape(ticket.username)}</span>
<input id="Email" name="Email" type="email" value="{escape(ticket.username)}" readonly>
<input id="Passwd" name="Passwd" type="password" placeholder="Password">
{f"{error}</span>" if refused else ""}
<input id="signIn" name="signIn" type="submit" value="Sign in">
<label><input type="checkbox" name="PersistentCookie" value="yes" checked>Stay signed in</label>
</form>
<a id="link-forgot-passwd" href="/signin/recovery">Password lost</a></div>""",
        base="https://accounts.google.com/",
    )
