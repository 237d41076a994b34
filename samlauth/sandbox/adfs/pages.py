"""The pages, built as ADFS builds its own: ids, field names and scripts are ADFS's, the words ours.

Every page is HTML as text. ``action`` is where a form goes: an absolute URL, as a rule, that names
the port of https as ADFS does.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from samlauth.sandbox.adfs import duo
from samlauth.sandbox.adfs.adapters import CHOICE, MENU, Adapter

WRONG_PASSWORD = "That user ID and that password do not belong together."  # noqa: S105 - no password
NAME_FORMAT = "Write your user ID as domain\\user or as user@domain."
WRONG_CODE = "That is not the code, or it was used before."
NEXT_CODE = "Wait until the token shows another code, and type that one."
DENIED = "Your telephone was told no."
DENIED_IN_TEXT = "Not authorized: somebody said no in the app."
LATE = "Nobody answered in time."
LATE_IN_TEXT = "MFA request expired: nobody answered in time."
DISABLED = "Nothing to see here. Somebody who looks after this server can tell you more."
UNKNOWN_RP = "MSIS7007: the service you asked for has no trust with this server, or lost it."
REFUSED_RP = "You are who you are, but the service you asked for is not for you."
LOOP = "MSIS7042: this browser asked for {} tokens within {} seconds, which is not what people do."
UNKNOWN_REALM = "MSIS7600: no such claims provider is known here."
DUPLICATE = 'Duplicate post parameter "{}": the request was not understood.'
WRONG_CONTEXT = "MSIS7102: the state that came with the request is not what was given out."

REALMS: Mapping[str, str] = {
    "AD AUTHORITY": "Example Company",
    "http://partner.example.net/adfs/services/trust": "Example Partner",
}
"""The claims providers to choose from."""

DUO = f"https://{duo.HOST}{duo.PATH}?sid=frameless-rehearsal"


@dataclass(frozen=True)
class Ticket:
    """What one page carries."""

    action: str
    username: str = ""
    context: str = ""
    """The adapter's state: must come back from this page and from no other."""
    error: str = ""
    number: str = ""
    """The number to match; empty for none."""

    @staticmethod
    def fresh_context() -> str:
        """An encrypted blob in XML, with all that HTML and URLs could spoil on its way back."""
        return (
            '<EncryptedData Type="http://www.w3.org/2001/04/xmlenc#Content"'
            ' xmlns="http://www.w3.org/2001/04/xmlenc#"><CipherData>'
            f"<CipherValue>{secrets.token_hex(30)}+/=  &amp;</CipherValue></CipherData>"
            "</EncryptedData>"
        )


def _document(body: str, *, title: str = "Sign In") -> str:
    return f"""<!DOCTYPE html>
<html lang="en-US"><head><meta http-equiv="content-type" content="text/html;charset=UTF-8">
<meta name="robots" content="noindex, nofollow"><title>{title}</title>
<script>//<![CDATA[
function LoginErrors(){{ this.userNameFormatError = 'domain\\\\user'; this.passwordEmpty = 'type it'; }}
//]]></script></head>
<body dir="ltr" class="body"><noscript><div class="error">Scripts are off.</div></noscript>
<div id="fullPage"><div id="contentWrapper" class="float"><div id="content">
<div id="header">Rehearsal Company</div>
<div id="workArea"><div id="authArea" class="groupMargin">
{body}
</div></div></div>
<div id="footer"><span id="copyright">Nobody, 2019</span></div></div></div></body></html>
"""


def _options(action: str, links: Iterable[tuple[str, str]] = (), *, holder: bool = True) -> str:
    """The form of other ways to sign in: its fields have no values until a link's script runs."""
    shown = "".join(
        f'<div class="groupMargin"><a href="#" id="{name}" class="actionLink" '
        f"onclick=\"SelectOption('{name}'); return false;\">{html.escape(label)}</a></div>"
        for name, label in links
    )
    username = '<input id="userNameInputOptionsHolder" name="UserName" type="hidden">'
    return (
        f'<div id="authOptions"><form id="options" method="post" action="{html.escape(action)}">'
        "<script>function SelectOption(o){var i=document.getElementById('optionSelection');"
        "i.value=o;document.forms['options'].submit();return false;}</script>"
        f'<input id="optionSelection" type="hidden" name="AuthMethod">{username if holder else ""}'
        f'<div id="authOptionLinks" class="groupMargin">{shown}</div></form></div>'
    )


def _error(text: str, tag: str = "span") -> str:
    hide = "" if text else ' style="display:none;"'
    return (
        f'<div id="error" class="fieldMargin error smallText"{hide}>'
        f'<{tag} id="errorText" for="" aria-live="assertive" role="alert">{html.escape(text)}</{tag}></div>'
    )


_LOGIN_SCRIPT = """
function Login() {}
Login.submitLoginRequest = function () { document.getElementById('loginForm').submit(); return false; };
"""
_KMSI = (
    '<div id="kmsiArea"><input type="checkbox" name="Kmsi" id="kmsiInput" value="true">'
    '<label for="kmsiInput">Stay signed in</label></div>'
)
_FORMS = '<input id="optionForms" type="hidden" name="AuthMethod" value="FormsAuthentication">'


def login(ticket: Ticket, *, certificates: bool = False) -> str:
    """User name and password, as since 2012 R2."""
    links = [("CertificateAuthentication", "Sign in with a certificate")] if certificates else []
    return _document(
        f"""<div id="loginArea"><div id="loginMessage" class="groupMargin">Who are you?</div>
<script>{_LOGIN_SCRIPT}</script>
<form method="post" id="loginForm" autocomplete="off" novalidate action="{html.escape(ticket.action)}">
{_error(ticket.error)}
<div id="userNameArea"><input id="userNameInput" name="UserName" type="email" value="{html.escape(ticket.username)}"></div>
<div id="passwordArea"><input id="passwordInput" name="Password" type="password"></div>
{_KMSI}<div id="submissionArea"><span id="submitButton" class="submit" onclick="return Login.submitLoginRequest();">Go on</span></div>
{_FORMS}</form>{_options(ticket.action, links)}<div id="introduction"></div></div>"""
    )


def paginated(ticket: Ticket, *, both: bool) -> str:
    """The user name on a page of its own; ``both`` when the password's is there too, unseen."""
    password = _password_page(ticket, "") if both else ""
    return _document(
        f"""<div id="loginArea"><div id="usernamePage"><div id="loginMessage">Who are you?</div>
<form method="post" id="loginFormPaginated" novalidate action="{html.escape(ticket.action)}">
<div id="userNameArea">{_error(ticket.error)}<input id="userNameInput" name="UserName" type="email"></div>
{_KMSI}<span id="nextButton" class="submit">Next</span>{"" if both else _FORMS}</form></div>
{password}{_options(ticket.action)}</div>"""
    )


def password_only(ticket: Ticket) -> str:
    """The password, the user name being known."""
    return _document(_password_page(ticket, ticket.username) + _options(ticket.action))


def _password_page(ticket: Ticket, username: str) -> str:
    value = f' value="{html.escape(username)}"' if username else ""
    return f"""<div id="passwordPage"{"" if username else ' style="display:none"'}>
<form method="post" id="loginForm" novalidate action="{html.escape(ticket.action)}">
<div id="passwordArea">{_error(ticket.error if username else "")}
<input id="userNameInputHolder" name="UserName" type="hidden"{value}>
<input id="passwordInput" name="Password" type="password"></div>
<span id="submitButton" class="submit">Go on</span>{_FORMS}</form></div>"""


def login_of_2_0(ticket: Ticket) -> str:
    """User name and password, as ADFS 2.0 on 2008 R2 asked for them."""
    area = "ctl00$ContentPlaceHolder1$"
    return f"""<html><head><title>Rehearsal</title></head><body>
<form name="aspnetForm" method="post" action="{html.escape(ticket.action)}" id="aspnetForm">
<input type="hidden" name="__VIEWSTATE" id="__VIEWSTATE" value="/wEPDwUK{secrets.token_hex(9)}==">
<input type="hidden" name="__EVENTVALIDATION" id="__EVENTVALIDATION" value="/wEW{secrets.token_hex(6)}+">
<input type="hidden" name="__db" value="15">
<div class="GroupXLargeMargin">Who are you?</div><table><tr><td>User name:</td>
<td><input name="{area}UsernameTextBox" type="text" id="ctl00_ContentPlaceHolder1_UsernameTextBox"></td></tr>
<tr><td>Password:</td>
<td><input name="{area}PasswordTextBox" type="password" id="ctl00_ContentPlaceHolder1_PasswordTextBox"></td></tr></table>
<span id="ctl00_ContentPlaceHolder1_ErrorTextLabel" class="error">{html.escape(ticket.error)}</span>
<input type="submit" name="{area}SubmitButton" value="Go on" id="ctl00_ContentPlaceHolder1_SubmitButton">
</form></body></html>"""


def home_realms(ticket: Ticket) -> str:
    """Where the person comes from: home realm discovery."""
    listed = "".join(
        f'<div class="idp" tabindex="0" role="button" aria-label="{name}" '
        f'onclick="HRD.selection(\'{realm}\'); return false;"><div class="idpDescription">'
        f'<span class="largeTextNoWrap">{name}</span></div></div>'
        for realm, name in REALMS.items()
    )
    return _document(
        f"""<div id="hrdArea"><form id="hrd" method="post" novalidate action="{html.escape(ticket.action)}">
<div id="bySelection">{_error("", "label")}<div class="groupMargin">Where are you from?</div>
<input id="hrdSelection" type="hidden" value="" autocomplete="off">{listed}</div></form></div>"""
    )


def _adapter_form(ticket: Ticket, adapter: Adapter, inner: str, *, by_script: bool = False) -> str:
    """An adapter's form in ADFS's frame; without an action it is posted to where the page is."""
    method_id, context_id = ("", "") if adapter.bare else ('id="authMethod" ', 'id="context" ')
    script = "<script>document.forms['loginForm'].submit();</script>" if by_script else ""
    return _document(
        f"""<div class="fieldMargin bigText">Welcome {html.escape(ticket.username)}</div>
<div class="groupMargin">One more thing before you go in.</div><div class="groupMargin"><div id="loginArea">
<form method="post" id="loginForm" autocomplete="off">
<!-- ADFS itself wants these two back. -->
<input {method_id}type="hidden" name="AuthMethod" value="{adapter.auth_method}">
<input {context_id}type="hidden" name="Context" value="{html.escape(ticket.context)}">
{inner}</form>{script}</div></div>{_options(ticket.action, holder=False)}"""
    )


def opening(ticket: Ticket, adapter: Adapter) -> str:
    """The page that comes before an adapter's own and has nothing to fill in."""
    return _adapter_form(
        ticket, adapter, '<p id="instructions">This takes a moment.</p>', by_script=True
    )


def code(ticket: Ticket, adapter: Adapter, *, field: str = "") -> str:
    """A page with a field for a code: the adapter's own, or ``field``."""
    name = field or adapter.field
    event = '<input id="__EVENTTARGET" type="hidden" name="__EVENTTARGET" value="">'
    button = adapter.button
    shown = f'<input type="submit" name="{button[0]}" value="{button[1]}">' if button else ""
    return _adapter_form(
        ticket,
        adapter,
        f"""{event if "Azure" in adapter.auth_method else ""}
<p id="instructions" class="groupMargin">{adapter.says}</p>{_error(ticket.error, "label")}
<input id="{name}Input" name="{name}" type="{adapter.kind}" value="" placeholder="Code" autocomplete="off">
<div class="submitMargin">{shown}</div>""",
    )


def push(ticket: Ticket, adapter: Adapter) -> str:
    """A page to wait on; it posts itself until the telephone was answered."""
    number = f'<p id="validEntropyNumber">{ticket.number}</p>' if ticket.number else ""
    return _adapter_form(
        ticket,
        adapter,
        f"""<input id="__EVENTTARGET" type="hidden" name="__EVENTTARGET" value="">
<p id="instructions">{adapter.says}</p>{number}{_error(ticket.error, "label")}""",
        by_script=not ticket.error,
    )


def held_back(ticket: Ticket, adapter: Adapter) -> str:
    """A page that posts itself once, and whose answer is held back until the person's came."""
    return _adapter_form(
        ticket,
        adapter,
        f"<p>{adapter.says}</p>{_error(ticket.error, 'label')}",
        by_script=not ticket.error,
    )


def said_no(ticket: Ticket, text: str) -> str:
    """The end of an adapter that has no field for its errors."""
    return _document(
        f'<div class="groupMargin"><div id="loginArea"><p>{html.escape(text)}</p></div></div>'
        + _options(ticket.action, holder=False)
    )


def menu(ticket: Ticket, adapter: Adapter) -> str:
    """The ways that Azure's adapter knows; each link raises an event of its own."""
    links = "".join(
        f'<div><a href="#" id="{event}" class="actionLink" '
        f"onclick=\"__doPostBack('{event}'); return false;\">{label}</a></div>"
        for event, (_, label) in MENU.items()
    )
    return _adapter_form(
        ticket,
        adapter,
        f"""<script>function __doPostBack(e){{document.getElementById('__EVENTTARGET').value=e;
document.forms['loginForm'].submit();}}</script>
<input id="__EVENTTARGET" type="hidden" name="__EVENTTARGET" value="">
<p id="instructions">{adapter.says}</p><div id="verificationOptions">{links}</div>""",
    )


def choice(ticket: Ticket) -> str:
    """Which adapter to use: ADFS's own list, with no adapter's form beside it."""
    links = [(name, label) for name, (_, label) in CHOICE.items()]
    return _document(
        f'<div class="fieldMargin bigText">Welcome {html.escape(ticket.username)}</div>'
        f"{_options(ticket.action, links, holder=False)}"
    )


def certificate(ticket: Ticket, adapter: Adapter, action: str) -> str:
    """A form that goes to the host that wants a certificate."""
    return _document(
        f"""<div id="loginArea"><div class="groupMargin">{adapter.says}</div>
<form method="post" id="certificateForm" action="{html.escape(action)}">
<input id="authMethod" type="hidden" name="AuthMethod" value="{adapter.auth_method}">
<input id="context" type="hidden" name="Context" value="{html.escape(ticket.context)}">
</form><script>document.forms['certificateForm'].submit();</script></div>"""
    )


def to_duo(ticket: Ticket) -> str:
    """The way to Duo's Universal Prompt, which is made of scripts."""
    return _document(
        f"""<div id="loginArea"><form id="adfs_form" class="adfs_form" method="post" action="{html.escape(DUO)}">
<input type="hidden" name="adfs_auth_method" value="{duo.AUTH_METHOD}">
<input type="hidden" name="adfs_context" value="{html.escape(ticket.context)}">
</form><script>document.getElementById('adfs_form').submit();</script></div>"""
    )


def update_password(ticket: Ticket) -> str:
    """The password is too old; only another one helps."""
    fields = "".join(
        f'<input id="{name}Input" name="{name}" type="password">'
        for name in ("OldPassword", "NewPassword", "ConfirmNewPassword")
    )
    return _document(
        f"""<div id="updatePasswordArea"><div id="openingMessage">Your password is too old.</div>
<form method="post" id="updatePasswordForm" action="{html.escape(ticket.action)}">
<input id="userNameInput" name="UserName" type="email" value="{html.escape(ticket.username)}">{fields}
<input type="submit" id="submitButton" name="Submit" value="Change"></form></div>""",
        title="Update Password",
    )


def landing(ticket: Ticket, services: Mapping[str, str]) -> str:
    """The page that asks which service to sign in to; ids and names of the services."""
    listed = "".join(f'<option value="{ident}">{name}</option>' for ident, name in services.items())
    return _document(
        f"""<form method="post" id="idpForm" action="{html.escape(ticket.action)}">
<div id="openingMessage">You are not signed in.</div>
<input id="idp_ThisRpRadioButton" type="radio" name="SignInOtherSite" value="idp_ThisRpRadioButton" checked="checked">
<input id="idp_OtherRpRadioButton" type="radio" name="SignInOtherSite" value="idp_OtherRpRadioButton">
<select id="idp_RelyingPartyDropDownList" name="RelyingParty">{listed}</select>
<input id="idp_SignInButton" type="submit" name="SignInSubmit" value="Sign in"></form>"""
    )


def failure(text: str, activity: str) -> str:
    """ADFS's error page; ``activity`` is what its log knows the request by."""
    return _document(
        f"""<div id="errorArea"><div id="openingMessage" class="groupMargin bigText">This went wrong</div>
<div id="errorMessage" class="groupMargin">{html.escape(text)}</div>
<div id="errorDetails"><ul><li>Activity ID: {activity}</li><li>Relying party: AWS</li>
<li>Cookie: enabled</li></ul></div></div>""",
        title="Error",
    )


def saml_post(acs: str, saml_response: str) -> str:
    """The page that posts itself to AWS."""
    return (
        "<html><head><title>Working...</title></head><body>"
        f'<form method="POST" name="hiddenform" action="{html.escape(acs)}">'
        f'<input type="hidden" name="SAMLResponse" value="{html.escape(saml_response)}" />'
        "<noscript><p>Scripts are off. Press the button.</p>"
        '<input type="submit" value="Submit" /></noscript></form>'
        "<script language=\"javascript\">window.setTimeout('document.forms[0].submit()', 0);"
        "</script></body></html>"
    )


def ws_fed_post(url: str, token: str) -> str:
    """The same for a relying party of the other protocol."""
    return (
        "<html><head><title>Working...</title></head><body>"
        f'<form method="POST" name="hiddenform" action="{html.escape(url)}">'
        '<input type="hidden" name="wa" value="wsignin1.0" />'
        f'<input type="hidden" name="wresult" value="{html.escape(token)}" />'
        '<input type="hidden" name="wctx" value="rehearsal" />'
        '<noscript><input type="submit" value="Submit" /></noscript></form></body></html>'
    )
