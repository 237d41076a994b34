"""Pages in the shape Google gives them, in words and with ids of our own.

``glif`` is the family with ``form#challenge``, ``lite`` the one under ``/v3/signin``, ``gaia`` the
oldest. What a person would read is a parameter, because no reader may depend on it.
"""

from __future__ import annotations

import base64
import json
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


MASKED = "•• •• •• 76"


def glif_send(*ways: str, said: str = "", number: int = 2, masked: str = MASKED) -> Page:
    """Sending the code is a post of its own; the box to remember the device is here, too."""
    buttons = "".join(f'<button type="submit" name="SendMethod" value="{w}">x' for w in ways)
    text = f'<div jsname="NhJ5Dd">Ein Code an <b dir="ltr" class="DZNRQe">{masked}</b></div>'
    return glif_code("ipp", said=said, number=number, challenge_type="9", control=text + buttons)


def glif_sms(*, said: str = "Enter a code", masked: str = MASKED, extra: str = "") -> Page:
    """Google's own text stands where errors are told of before anybody answered."""
    control = f"""<div jsname="NhJ5Dd">Unterwegs an <b dir="ltr" class="DZNRQe">{masked}</b></div>
    <div class="LNdFWe" dir="ltr">G-</div><input type="tel" id="p2" name="Pin" dir="ltr">"""
    return glif_code("ipp", said=said, challenge_type="9", control=control, extra=extra)


COUNTRIES = '<option value="">?<option value="IE">Éire<option value="FR">France'


def glif_number(
    kind: str = "iap", *, said: str = "", field: str = "phoneNumber", ways: tuple[str, ...] = ()
) -> Page:
    lists = f'<select name="countryCode">{COUNTRIES}</select>' if kind == "iap" else ""
    buttons = "".join(f'<button name="sendMethod" value="{way}">x</button>' for way in ways)
    control = f'{lists}<input type="tel" name="{field}" id="ph1">{buttons}'
    number = {"iap": "17", "kpp": "13"}[kind]
    return glif_code(kind, said=said, challenge_type=number, control=control)


POLL = 'data-api-key="key/1&amp;" data-tx-id="tx-1="'


def number_mark(year: int, number: str) -> str:
    """The number to tap as the pages of a year have it."""
    return {
        2018: f'<div jsname="EKvSSd">{number}</div>',
        2022: f'<div jsname="feLNVc" class="NOZDsb">{number}</div>',
        2025: f'<samp jsname="feLNVc">{number}</samp>',
        2026: f"<samp>{number}</samp>",
        0: "",
    }[year]


def glif_prompt(
    kind: str = "az",
    *,
    number: str = "",
    year: int = 2022,
    data: str = POLL + ' data-tx-lifetime="180000"',
    said: str = "",
    device: str = "Schau auf dein Pixel",
) -> Page:
    """``az`` is polled, and has a field for the token; ``dp`` has neither."""
    token = '<input id="t1" type="hidden" name="token"><input type="hidden" name="action" '
    fields = f'{token} value="VERIFY">' if kind == "az" else ""
    strong = f"<strong>{number}</strong>" if number else ""
    inner = f"""<div {data if kind == "az" else ""} data-context="X">{fields}
    <div jsname="BCqkPb">{device}</div><div jsname="NhJ5Dd">Tippe <strong>Ja</strong>, dann {strong}
    </div>{number_mark(year, number) if number else ""}</div>"""
    number_of = {"az": "4", "dp": "39"}[kind]
    return glif_code(kind, said=said, number=6, challenge_type=number_of, control=inner)


APP_ID = "https://www.gstatic.com/securitykey/origins.json"
NONCE = bytes(range(200, 232))
"""With + and / in base64, which the newer alphabet has not."""
HANDLES = (bytes(range(64)), b"\xfb\xff" * 32)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def u2f_data(
    handles: tuple[bytes, ...] = HANDLES, app_id: str = APP_ID, nonce: bytes = NONCE
) -> str:
    """Lists in lists, with the app's id in JSON of its own."""
    nested = [None, 2, [b64(handle) for handle in handles], b64(nonce), "Schlüssel"]
    return "%.@." + json.dumps({"7": [nested, json.dumps({"appid": app_id}), True]}) + "]"


def webauthn_data(**changed: object) -> str:
    options = {
        "challenge": b64url(NONCE),
        "rpId": "google.com",
        "allowCredentials": [{"type": "public-key", "id": b64url(h)} for h in HANDLES],
        "userVerification": "preferred",
        "timeout": 30000,
        "extensions": {"appid": APP_ID},
    }
    return "%.@." + json.dumps({"options": json.dumps({**options, **changed})})


def glif_key(data: str | None = None, *, nonce: str | None = None, said: str = "") -> Page:
    """The page for a key, as U2F has it."""
    control = f"""<div jsname="C0oDBd" data-challenge-ui="{escape(data or u2f_data())}"></div>
    {hidden({"id-challenge": b64(NONCE) if nonce is None else nonce, "id-assertion": ""})}"""
    return glif_code("sk", said=said, number=9, challenge_type="2", control=control)


def lite_key(
    data: str | None = None, *, kind: str = "sk", said: str = "", both: bool = True
) -> Page:
    """The same of the newer pages, as WebAuthn has it."""
    error = lite_error(said) if said else ""
    return lite(
        f"/v3/signin/challenge/{kind}/webauthn",
        f"""<div data-challenge-ui="{escape(data or webauthn_data())}"></div>{error}
        {hidden({"id-assertion": "", "TrustDevice": "true"})}""",
        buttons=both,
    )


HELP = hidden({"subAction": "requestHelp", **CARRIED})


def glif_entry(number: int, kind: str, *, send: str = "", data: str = "", words: str = "x") -> str:
    sent = {"SendMethod": send} if send else {}
    fields = {"challengeId": str(number), "subAction": "selectChallenge", **sent, **CARRIED}
    return f"""<li><form method="post" data-challengeentry="{number}" {data}
    action="/signin/challenge/{kind}/{number}">{hidden(fields)}<button type="submit">{words}</button>
    </form></li>"""


def to_masked(masked: str) -> str:
    return f'Recevoir au <span dir="ltr" class="ZxkKlf">{masked}</span>'


ENTRIES = (
    glif_entry(2, "ipp", send="SMS", words=to_masked(MASKED)),
    glif_entry(2, "ipp", send="VOICE", words=to_masked(MASKED)),
    glif_entry(4, "kpp"),
    glif_entry(5, "totp"),
    glif_entry(9, "sk"),
    glif_entry(3, "recaptcha"),
    glif_entry(6, "dp", data='data-unavailable="true"'),
)


def glif_selection(*entries: str, path: str = "/signin/selectchallenge/7") -> Page:
    """Two entries share an id, one is for browsers only, one cannot be used; the last is help."""
    return page(
        f"""<ol>{"".join(entries or ENTRIES)}<li><form method="POST" action="/signin/challenge">
        {HELP}<button type="submit">Au secours</button></form></li></ol>""",
        path,
    )


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


def lite_challenge(path: str, inner: str = "", *, url: str | None = None) -> Page:
    remembered = hidden({"TrustDevice": "true"})
    return lite(f"/v3/signin/challenge/{path}", inner + remembered, url=url)


def lite_prompt(*, number: str = "", said: str = "", lifetime: str = "") -> Page:
    told = f'<div data-tx-lifetime="{lifetime}"></div><samp jsname="feLNVc">{number}</samp>'
    return lite_challenge("dp", told + (lite_error(said) if said else ""))


def lite_captcha(*, token: str = "c", src: str = "/Captcha?v=2&ctoken=", said: str = "x") -> Page:
    return lite(
        "/v3/signin/identifier",
        lite_field("email", "identifier")
        + '<input type="password" name="hiddenPassword" aria-hidden="true">'
        + '<div data-auto-init="CaptchaInput">'
        + f'<img id="captchaimg" src="{src and src + token}">'
        + f'<audio id="captchaAudio" src="/Captcha?v=2&ctoken={token}&kind=audio"></audio>'
        + lite_field("text", "ca", said)
        + hidden({"ct": token})
        + "</div>",
    )


def gaia_captcha(*, named: bool = True, src: str = "/Captcha?ctoken=o1", said: str = "") -> Page:
    """The older captcha; ``named`` when its token has a field of its own."""
    name = ' name="identifiertoken"' if named else ""
    block = f"""<div id="identifier-captcha"><div class="captcha-img"><img src="{src}"></div>
    <input type="hidden" id="identifier-token" value="o1"{name}>
    <input type="text" name="identifier-captcha-input"><span class="error-msg">{said}</span></div>"""
    before = gaia_identifier()
    return Page(
        before.url, 200, before.body.replace('<input name="Email"', f'{block}<input name="Email"')
    )


def lite_entry(number: int, kind: str, *, send: str = "", data: str = "", words: str = "x") -> str:
    sent = f'data-challengevariant={send} data-sendmethod="{send}"' if send else ""
    return f"""<li><div data-challengeid={number} data-action=selectchallenge {sent} {data}
    data-accountrecovery="false" data-challengetype="{kind}"><button name="challenge"
    value="{number},{send or "undefined"}"><div aria-hidden="true">?</div>{words}</button></div></li>"""


LITE_ENTRIES = (
    lite_entry(10, "2", data='data-challengeunavailable="true"'),
    lite_entry(5, "37"),
    lite_entry(11, "39"),
    lite_entry(9, "5"),
    lite_entry(4, "6"),
    lite_entry(7, "9", send="SMS", words=to_masked("(•••) •••-••01")),
    lite_entry(8, "9", send="SMS", words=to_masked("(•••) •••-••02")),
    lite_entry(6, "53"),
)


def lite_selection(*entries: str) -> Page:
    """With the trap of its ``noscript``, and an entry for help that has a type as well."""
    help_entry = """<li><div data-action=accountrecovery data-accountrecovery="true"
    data-challengetype="2"><button name="accountrecovery" value="undefined,undefined">?</button>
    </div></li><input type="hidden" name="challengeListId" value="2">"""
    refresh = '<meta http-equiv="refresh" content="0;url=/v3/signin/rejected?rhlk=js&rrk=47">'
    return lite(
        "/v3/signin/challenge/selection",
        f"<ul>{''.join(entries or LITE_ENTRIES)}{help_entry}</ul>",
        head=f"<noscript>{refresh}</noscript>",
        buttons=False,
    )


def glif_chooser(*emails: str) -> Page:
    items = "".join(f'<li><button type="submit" name="Email" value="{e}">{e}</li>' for e in emails)
    return page(
        f"""<form action="/ServiceLogin"><input type="submit" value="Sprache"></form>
        <form method="post" action="/AccountChooser">{hidden({"continue": CONTINUE})}
        <ol>{items}</ol></form>""",
        "/ServiceLogin",
    )


def lite_chooser(*emails: str, other: bool = True) -> Page:
    items = "".join(
        f'<li><a href="/v3/signin/challenge/pwd?TL=1&amp;cid={n}" data-identifier="{e}">{e}</a></li>'
        for n, e in enumerate(emails)
    )
    link = '<a href="/v3/signin/identifier?flowName=WebLiteSignIn">Autre</a>' if other else ""
    return page(f"<ul>{items}</ul>{link}", "/v3/signin/accountchooser?x=1")


DEMAND = '<div id="contactAdminMessage">Chiedi a <b>Grace</b>\u202e</div>'


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
