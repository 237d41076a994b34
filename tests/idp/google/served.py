"""Pages in the shape Google gives them, in words and with ids of our own.

``glif`` is the family with ``form#challenge``, ``lite`` the one under ``/v3/signin``, ``gaia`` the
oldest. What a person would read is a parameter, because no reader may depend on it.
"""

from __future__ import annotations

import base64
from html import escape

from samlauth.flow import Page

HOST = "https://accounts.google.com"
CONTINUE = f"{HOST}/o/saml2/initsso?idpid=C0test&spid=4711&forceauthn=false&from_login=1&as=a-7"
CARRIED = {
    "continue": CONTINUE,
    "flowName": "WEB_SETUP_GLIF",
    "TL": "tl+with/odd=chars&more",
    "gxf": "gxf-token:1700000000000",
    "checkedDomains": "youtube",
    "pstMsg": "0",
}
V3_QUERY = (
    "TL=tl-9&cid=4&continue=https://accounts.google.com/o/saml2/initsso?idpid%3DC0test%26spid"
    "%3D4711&dsh=S-12:34&flowName=WebLiteSignIn&ifkv=if_KV-1"
)
ACS = "https://signin.aws.amazon.com/saml"


def page(body: str, path: str = "/ServiceLogin", status: int = 200) -> Page:
    return Page(HOST + path, status, body)


def hidden(fields: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def gaia_identifier(*, said: str = "", names: str = "Email", bg: bool = True) -> Page:
    error = f'<span role="alert" class="error-msg" id="e1">{said}</span>'
    return page(
        f"""<html><head><title>Anmeldung</title></head><body>
        <form action="/search"><input name="q" type="text" aria-hidden="true"></form>
        <form novalidate id="gaia_loginform" method="post" action="{HOST}/signin/v1/lookup">
        {hidden({"Page": "PasswordSeparationSignIn", "gxf": CARRIED["gxf"], "continue": CONTINUE})}
        {hidden({"ProfileInformation": "", "_utf8": "☃"})}
        {hidden({"bgresponse": "js_disabled"}) if bg else ""}
        <input name="{names}" type="email" value="">{error}
        <input id="hidden-pw" name="Passwd" type="password" class="hidden">
        <input name="signIn" type="submit" value="Weiter">
        <input type="checkbox" name="PersistentCookie" value="yes" checked>
        <input type="hidden" name="" value="nameless"></form></body></html>"""
    )


def gaia_password(*, said: str = "") -> Page:
    return page(
        f"""<form id="gaia_loginform" method="post" action="/signin/challenge/sl/password">
        {hidden(CARRIED)}<input name="Email" type="hidden" value="ada@example.com">
        <input name="Passwd" type="password"><span class="error-msg">{said}</span>
        <input type="submit" name="signIn" value="Anmelden"></form>""",
        "/signin/v1/lookup",
    )


def glif_password(
    *, said: str = "", number: int = 1, action: str | None = None, bg: bool = False, base: str = ""
) -> Page:
    error = f'<span id="passwordError" class="x1">{said}</span>' if said else ""
    target = f"/signin/challenge/pwd/{number}" if action is None else action
    return page(
        f"""<html><head>{base}</head><body id="zq"><h1>Ein Konto für alles</h1>
        <div jsname="W1"><form method="POST" id="challenge" action="{escape(target)}"><span jsslot>
        {hidden({"challengeId": str(number), "challengeType": "1", **CARRIED})}
        {hidden({"bgresponse": "js_disabled"}) if bg else ""}
        <input id="Email" name="Email" type="email" value="ada@example.com" readonly>
        <label>Passwort <input id="pw7" name="Passwd" type="password" autofocus></label>{error}
        <input type="submit" value="Anmelden"><input type="checkbox" name="TrustDevice" checked>
        </span></form></div>
        <form method="POST" action="/signin/challenge">{hidden({"subAction": "requestHelp"})}
        {hidden({**CARRIED, "TL": "another-tl"})}<input type="submit" value="Vergessen?"></form>
        </body></html>""",
        "/signin/v1/lookup",
    )


def glif_code(
    kind: str = "totp",
    *,
    said: str = "",
    number: int = 2,
    challenge_type: str = "6",
    control: str = '<input type="tel" id="p1" name="Pin" pattern="[0-9 ]*">',
    extra: str = "",
) -> Page:
    """With the form to send it again first, and the one to skip it last."""
    return page(
        f"""<body><div jsname="bN"><form action="/signin/challenge" method="POST"
        data-challengeentry="{number}">{hidden({"subAction": "startChallenge"})}
        {hidden({**CARRIED, "TL": "resend-tl"})}<input type="submit" value="Nochmal"></form></div>
        <form method="POST" id="challenge" action="/signin/challenge/{kind}/{number}"><content>
        {hidden({"challengeId": str(number), "challengeType": challenge_type, **CARRIED})}
        {control}<span class="Qx" id="errorMsg">{said}</span>{extra}
        <input type="submit" value="Fertig" name="">
        <input type="checkbox" name="TrustDevice" checked></content></form>
        <form method="POST" action="/signin/challenge/skip">{hidden({**CARRIED, "TL": "skip-tl"})}
        <input type="submit" id="skipChallenge" value="Anders"></form></body>""",
        f"/signin/challenge/{kind}/{number}",
    )


def glif_selection() -> Page:
    entry = (
        '<li><form method="post" data-challengeentry="{n}" action="/signin/challenge/{k}/{n}">'
        '<input type="hidden" name="subAction" value="selectChallenge"><button>x</button></form>'
    )
    items = "".join(entry.format(n=n, k=k) for n, k in ((2, "ipp"), (2, "ipp"), (5, "totp")))
    return page(f"<ol>{items}</ol>", "/signin/selectchallenge/7")


def lite(
    path: str,
    inner: str,
    *,
    url: str | None = None,
    before: str = "",
    buttons: bool = True,
    head: str = '<base href="https://accounts.google.com/v3/signin/">',
) -> Page:
    """The frame of every page of the family, with what has misled readers of it."""
    both = '<button name="action" value="1">Continuer</button><button name="action" value="3">?'
    return page(
        f"""<!doctype html><html lang="fr"><head>{head}</head><body><div>{before}
        <form action="{escape(path + "?" + V3_QUERY)}" method="POST" novalidate>
        <section class="aN1Vld" aria-hidden="true"><h2>Trop de tentatives</h2></section>
        <section class="aN1Vld">{hidden({"bgresponse": "js_disabled"})}{inner}</section>
        <input type="hidden" name="" value="ada@example.com" id="identifierId">
        {both if buttons else ""}</button>{hidden({"at": "at-1:17"})}</form></div></body></html>""",
        url or path,
    )


def lite_error(said: str) -> str:
    return f'<div><i aria-hidden="true">!</i><p jsname="B34EJ"><span jsslot>{said}</span></p></div>'


def lite_field(kind: str, name: str, said: str = "") -> str:
    wrong = ' aria-invalid="true"' if said else ""
    return (
        f'<div><label><div><input type="{kind}" name="{name}"{wrong} dir="ltr"/></div></label>'
        f"{lite_error(said) if said else ''}</div>"
    )


def lite_identifier(*, said: str = "") -> Page:
    return lite(
        "/v3/signin/identifier",
        lite_field("email", "identifier", said)
        + '<input type="password" name="hiddenPassword" aria-hidden="true" tabindex="-1">'
        + hidden({"usi": "u:1", "domain": "", "region": "FR"}),
    )


def lite_password(*, said: str = "", url: str | None = None) -> Page:
    return lite(
        "/v3/signin/challenge/pwd",
        '<input type="text" name="identifier" aria-hidden="true" value="ada@example.com">'
        + lite_field("password", "Passwd", said)
        + hidden({"TrustDevice": "true", "historicalPassword": "false"}),
        url=url,
    )


def lite_totp(*, said: str = "", name: str = "Pin", url: str | None = None) -> Page:
    return lite(
        "/v3/signin/challenge/totp",
        lite_field("tel", name, said) + hidden({"TrustDevice": "true"}),
        url=url,
    )


def lite_captcha() -> Page:
    return lite(
        "/v3/signin/identifier",
        lite_field("email", "identifier")
        + '<input type="password" name="hiddenPassword" aria-hidden="true">'
        + '<div data-auto-init="CaptchaInput"><img id="captchaimg" src="/Captcha?v=2&ctoken=c">'
        + lite_field("text", "ca", "Recopiez les lettres")
        + hidden({"ct": "c"})
        + "</div>",
    )


def lite_selection() -> Page:
    return lite(
        "/v3/signin/challenge/selection",
        """<div data-action="selectchallenge" data-challengeid="4" data-challengetype="6">
        <button name="challenge" value="4,undefined">a</button></div>
        <noscript><meta http-equiv="refresh" content="0;url=/v3/signin/rejected?rrk=47"></noscript>
        """,
    )


def saml_post(acs: str = ACS, value: str | None = None) -> Page:
    encoded = base64.b64encode(b"<Response/>").decode() if value is None else value
    return page(
        f"""<body onload="document.forms[0].submit()"><form method="POST" action="{escape(acs)}">
        <textarea hidden name="RelayState"></textarea>
        <input type="hidden" name="SAMLResponse" value="{escape(encoded)}"></form></body>""",
        "/o/saml2/initsso",
    )


def app_error(code: str, status: int = 403) -> Page:
    return page(
        f"<html><head><title>Erreur {status}</title></head><body><p><b>{status}.</b>"
        f"<ins>Zut.</ins><p>Erreur : {code}<p>Pas pour vous.</body></html>",
        "/o/saml2/initsso",
        status,
    )


def rejected() -> Page:
    return lite("/v3/signin/other", "", url="/v3/signin/rejected?dsh=S1&rhlk=js&rrk=47")
