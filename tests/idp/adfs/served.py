"""Pages in the shape ADFS gives them, in words of our own.

What a person would read is a parameter or in a language nobody asked for, because no reader may
depend on it.
"""

from __future__ import annotations

import base64
from html import escape

from samlauth.flow import Page

HOST = "https://sso.example.com"
PATH = "/adfs/ls/IdpInitiatedSignOn.aspx"
HERE = f"{HOST}{PATH}?loginToRp=urn%3Aamazon%3Awebservices"
ACS = "https://signin.aws.amazon.com/saml"
RESPONSE = base64.b64encode(b"<Response/>").decode()
CONTEXT = '<EncryptedData Type="x#y"><V>a+b/c==&amp; é\'</V></EncryptedData>'
OPTIONS_URL = f"{HOST}:443/adfs/ls/idpinitiatedsignon"


def page(body: str, url: str = HERE, status: int = 200) -> Page:
    whole = f'<!DOCTYPE html><html lang="eo"><head><title>Ensaluti</title></head><body dir="ltr">{body}</body></html>'
    return Page(url, status, whole)


def hidden(fields: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


# The ends


def saml_post(action: str = ACS, value: str = RESPONSE) -> Page:
    return page(
        f"""<form method="POST" name="hiddenform" action="{action}">
        {hidden({"SAMLResponse": value, "RelayState": "r"})}
        <noscript><p>Ne</p><input type="submit" value="Sendi"></noscript></form>"""
    )


def ws_fed() -> Page:
    fields = hidden({"wa": "wsignin1.0", "wresult": "<t:R/>", "wctx": "c"})
    return page(f'<form method="POST" name="hiddenform" action="{HOST}/x">{fields}</form>')


def oidc(**fields: str) -> Page:
    return page(f'<form method="POST" name="hiddenform" action="{HOST}/x">{hidden(fields)}</form>')


def role_page(value: str, url: str = ACS) -> Page:
    return page(
        f"""<form id="saml_form" name="saml_form" action="/saml" method="post">
        {hidden({"RelayState": "", "SAMLResponse": value, "portal": ""})}
        <div class="saml-account-name">Account: x (000000000000)</div>
        <input type="radio" name="roleIndex" value="arn:aws:iam::000000000000:role/A"></form>""",
        url,
    )


def landing(*names: str) -> Page:
    listed = "".join(f'<option value="guid-{i}">{name}</option>' for i, name in enumerate(names))
    return page(
        f"""<form id="idpForm" method="post" action="{PATH}">
        <input type="radio" id="idp_ThisRpRadioButton" name="SignInOtherSite" value="0" checked>
        <input type="radio" id="idp_OtherRpRadioButton" name="SignInOtherSite" value="1">
        <select id="idp_RelyingPartyDropDownList" name="RelyingParty">{listed}</select>
        <input type="submit" id="idp_SignInButton" name="SignInSubmit" value="Ek"></form>"""
    )


ACTIVITY = "7d1f6a0c-04f1-4c4c-5e00-0080000000b4"


def error_page(
    said: str = "Eraro.", *, status: int = 200, code: str = "", activity: str = ACTIVITY
) -> Page:
    trace = f"<li>Aktiveco: {activity}</li>" if activity else ""
    return page(
        f"""<div id="errorArea"><div id="openingMessage" class="groupMargin bigText">Fuŝ</div>
        <div id="errorMessage" class="groupMargin">{said} {code}</div>
        <div id="details"><ul>{trace}<li>Horo: 2026</li></ul></div></div>""",
        status=status,
    )  # fmt: skip


# User name and password


def link(method: str, text: str = "Alie") -> str:
    return f'<div><a class="actionLink" href="#" id="{method}">{text}</a></div>'


def options(*links: str, holder: bool = False) -> str:
    name = '<input id="userNameInputOptionsHolder" type="hidden" name="UserName" value="">'
    return f"""<form id="options" method="post" action="{OPTIONS_URL}">
        <script>function SelectOption(option) {{ document.forms['options'].submit(); }}</script>
        <input id="optionSelection" type="hidden" name="AuthMethod">{name if holder else ""}
        <div id="authOptionLinks" class="groupMargin">{"".join(links)}</div></form>"""


def login(
    said: str = "",
    *,
    tag: str = "span",
    action: str = "/adfs/ls/idpinitiatedsignon?client-request-id=1",
    links: tuple[str, ...] = (),
    kmsi: str = "",
    url: str = HERE,
) -> Page:
    return page(
        f"""<div id="loginArea"><div id="loginMessage">Saluton</div>
        <form method="post" id="loginForm" autocomplete="off" action="{escape(action)}">
        <div id="error" class="fieldMargin error"><{tag} id="errorText" for="passwordInput"
        aria-live="assertive" role="alert">{said}</{tag}></div>
        <input id="userNameInput" name="UserName" type="email" value="" autocomplete="off">
        <input id="passwordInput" name="Password" type="password" placeholder="Pasvorto">
        <div id="kmsiArea" style="display:none"><input type="checkbox" name="Kmsi" id="kmsiInput"
        value="true" {kmsi}></div><span id="submitButton" class="submit">Ensaluti</span>
        <input id="optionForms" type="hidden" name="AuthMethod" value="FormsAuthentication">
        </form>{options(*links, holder=True)}</div>""",
        url,
    )


def paginated(said: str = "") -> Page:
    """Both forms in one page, as since 2019: the password's is shown by a script."""
    return page(
        f"""<div id="usernamePage"><form method="post" id="loginFormPaginated" action="{PATH}?a=1">
        <input id="userNameInput" name="UserName" type="email">
        <input type="checkbox" name="Kmsi" id="kmsiInput" value="true"><span id="nextButton"></span>
        </form></div><div id="passwordPage" style="display: none">
        <form method="post" id="loginForm" action="{PATH}?a=2"><span id="errorText">{said}</span>
        <input id="userNameInputHolder" name="UserName" type="hidden">
        <input id="passwordInput" name="Password" type="password">
        {hidden({"AuthMethod": "FormsAuthentication"})}</form></div>"""
    )


def username_first(said: str = "") -> Page:
    return page(
        f"""<form method="post" id="loginFormPaginated" action=""><span id="errorText">{said}</span>
        <input id="userNameInput" name="UserName" type="email">
        <input type="checkbox" name="Kmsi" value="true"></form>{options()}"""
    )


def asp_net(said: str = "") -> Page:
    """ADFS 2.0, whose fields are named by ASP.NET."""
    prefix = "ctl00$ContentPlaceHolder1$"
    return page(
        f"""<form name="aspnetForm" method="post" action="?loginToRp=urn%3Ax" id="aspnetForm">
        {hidden({"__VIEWSTATE": "/wEP+8=", "__EVENTVALIDATION": "/wEW=", "__db": "14"})}
        <span id="errorText">{said}</span><input name="{prefix}UsernameTextBox" type="text">
        <input name="{prefix}PasswordTextBox" type="password">
        <input type="submit" name="{prefix}SubmitButton" value="Ek">
        <input type="submit" name="{prefix}CancelButton" value="Ne"></form>""",
        f"{HOST}/adfs/ls/FormsSignIn.aspx?x=1",
    )


def update_password() -> Page:
    boxes = "".join(f'<input type="password" name="{n}">' for n in ("old", "new", "again"))
    return page(f'<form method="post"><input name="UserName">{boxes}</form>', f"{HOST}/adfs/other")


def home_realms(*realms: tuple[str, str], said: str = "", email: bool = True) -> Page:
    idps = "".join(
        f"""<div class="idp" tabindex="1" role="button" aria-label="{escape(label)}"
        onclick="HRD.selection('{escape(key)}'); return false;"><span>{label}</span></div>"""
        for key, label in realms
    )
    by_email = """<div id="byEmail"><input id="emailInput" name="Email" type="email">
        <input class="submit" name="HomeRealmByEmail" type="submit" value="Next"></div>"""
    return page(
        f"""<div id="hrdArea"><form id="hrd" method="post" action="/adfs/ls/?a=1&amp;b=2">
        <span id="errorText">{said}</span>{by_email if email else ""}
        <input id="hrdSelection" type="hidden">{idps}</form></div>"""
    )


# The second factor


def adapter(
    method: str,
    inputs: str = "",
    *,
    said: str = "",
    prompt: str = "Pruvu, ke estas vi.",
    context: str = CONTEXT,
    links: tuple[str, ...] = (),
    ids: bool = True,
) -> Page:
    names = ' id="authMethod"' if ids else ""
    return page(
        f"""<div class="fieldMargin bigText">Bonvenon EXAMPLE\\ada</div>
        <form method="post" id="passcodeForm" autocomplete="off">
        <input{names} type="hidden" name="AuthMethod" value="{escape(method)}">
        <input type="hidden" name="Context" value="{escape(context)}">
        <div class="groupMargin"><label id="errorText">{said}</label></div>
        <div class="groupMargin">{prompt}</div>{inputs}</form>{options(*links)}"""
    )


def field(name: str, kind: str = "password") -> str:
    return f"""<input id="f-1" name="{name}" type="{kind}" placeholder="Kodo" value="">
        <input id="submitButton" type="submit" name="Submit" value="Sendi">"""


def azure(
    inputs: str = "", *, number: str = "", links: str = "", said: str = "", prompt: str = "Atendu."
) -> Page:
    """Microsoft's adapter: nothing to fill in is the page that its script posts at once."""
    shown = f'<p id="validEntropyNumber">{number}</p>' if number else ""
    return page(
        f"""<form id="loginForm" method="post"><p id="instructions">{prompt}</p>{shown}
        <div id="error"><span id="errorText">{said}</span></div>
        {hidden({"AuthMethod": "AzureMfaAuthentication", "Context": CONTEXT + number})}
        <input type="hidden" id="__EVENTTARGET" name="__EVENTTARGET" value="">{inputs}
        {links}</form>{options()}"""
    )


AZURE_CODE = """<input id="verificationCodeInput" name="VerificationCode" type="text"
    placeholder="Kodo"><input id="signInButton" type="submit" name="SignIn" value="Sign in">"""
DIFFERENT = '<a id="differentVerificationOption" href="#">Alia maniero</a>'


def azure_menu(*texts: str, said: str = "") -> Page:
    links = "".join(
        f'<a id="verificationOption{i}" href="#">{text}</a>' for i, text in enumerate(texts)
    )
    return azure(links=f'<div id="verificationOptions">{links}</div>', said=said)


def duo_universal() -> Page:
    fields = hidden({"adfs_auth_method": "DuoAdfsAdapter", "adfs_context": "ctx"})
    action = "https://api-0.duosecurity.com/frame/frameless/v4/auth?sid=1"
    return page(f'<form id="adfs_form" method="post" action="{action}">{fields}</form>{options()}')


def duo_traditional(*, with_links: tuple[str, ...] = ()) -> Page:
    return page(
        f"""<iframe id="duo_iframe"></iframe><form id="duo_form" method="post">
        {hidden({"AuthMethod": "DuoAdfsAdapter", "Context": CONTEXT})}</form>
        <script>Duo.init({{'host': 'api-0.duosecurity.com', 'sig_request': 'TX|a:APP|b'}});</script>
        {options(*with_links)}"""
    )


def certificate(action: str = "https://certauth.sso.example.com/adfs/ls/?x=1") -> Page:
    fields = hidden({"AuthMethod": "CertificateAuthentication", "Context": CONTEXT})
    return page(f'<form id="loginForm" method="post" action="{action}">{fields}</form>{options()}')


def menu(*links: str, said: str = "") -> Page:
    return page(f'<label id="errorText">{said}</label>{options(*links, holder=True)}')
