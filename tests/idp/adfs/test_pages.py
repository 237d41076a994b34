"""What each page is taken for: the table of detection, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samlauth.flow import Page
from samlauth.idp.adfs.pages import read
from samlauth.idp.adfs.pages.adapters import ADAPTERS, DUO, by_host, by_method
from samlauth.idp.adfs.pages.states import (
    Approve,
    BrowserOnly,
    Certificate,
    Code,
    Denied,
    Elsewhere,
    ErrorPage,
    HandOff,
    HomeRealms,
    Landing,
    Login,
    Menu,
    PasswordChange,
    Posted,
    Realm,
    RolePage,
    Spoiled,
    Unauthorized,
    Unknown,
    UserName,
)
from samlauth.saml import SAMLResponse

from . import served
from .scramble import scrambled

PASSCODE = served.adapter("SecurIDAuthentication", served.field("Passcode"))
REALMS = (("AD AUTHORITY", "Ekzemplo"), ("http://other.example/adfs/services/trust", "Alia"))

TABLE = {
    "SAML": (served.saml_post(), Posted),
    "WS-Federation": (served.ws_fed(), HandOff),
    "OpenID Connect, code": (served.oidc(code="c", id_token="t", state="s"), HandOff),
    "home realms": (served.home_realms(*REALMS), HomeRealms),
    "passcode of type password": (PASSCODE, Code),
    "no field": (served.adapter("SilverfortAdfs"), Approve),
    "Azure, processing": (served.azure(), Approve),
    "Azure, number": (served.azure(number="42"), Approve),
    "Azure, code": (served.azure(served.AZURE_CODE), Code),
    "Azure, ways": (served.azure_menu("A", "B"), Menu),
    "Duo, universal": (served.duo_universal(), BrowserOnly),
    "Duo, traditional": (served.duo_traditional(), BrowserOnly),
    "certificate": (served.certificate(), Certificate),
    "login": (served.login(), Login),
    "login, with links": (served.login(links=(served.link("CertificateAuthentication"),)), Login),
    "login, paginated": (served.paginated(), Login),
    "login, name first": (served.username_first(), UserName),
    "login, 2.0": (served.asp_net(), Login),
    "password change": (served.update_password(), PasswordChange),
    "menu": (served.menu(served.link("SecurIDAuthentication")), Menu),
    "error page": (served.error_page(), ErrorPage),
    "landing page": (served.landing("AWS", "Alia"), Landing),
    "role page": (served.role_page(served.RESPONSE), RolePage),
}


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("language", ["as served", "scrambled"])
def test_each_kind_of_page_in_any_language(name: str, language: str) -> None:
    page, kind = TABLE[name]
    page = scrambled(page) if language == "scrambled" else page
    assert type(read(page)) is kind


# The ends


@pytest.mark.parametrize("acs", [served.ACS, "https://signin.aws.amazon.com:443/saml"])
def test_the_saml_response_and_its_consumer(acs: str) -> None:
    value = f" {served.RESPONSE[:5]}\n{served.RESPONSE[5:]}\n"
    assert read(served.saml_post(acs, value)) == Posted(SAMLResponse(served.RESPONSE, acs))


@pytest.mark.parametrize(
    ("value", "empty"),
    [
        ("", True),
        (" \n", True),
        (served.RESPONSE[:-4], False),
        ("no*base64", False),
        ("QUFB", False),
    ],
)
def test_a_saml_response_that_is_none(value: str, empty: bool) -> None:
    assert read(served.saml_post(value=value)) == Spoiled(empty)


def test_a_page_cut_off_in_the_response() -> None:
    page = served.saml_post()
    cut = page.body.index(served.RESPONSE) + 7
    for body in (page.body[:cut], page.body[:cut] + '">'):
        assert not isinstance(read(replace(page, body=body)), Posted)


@pytest.mark.parametrize(
    "page",
    [
        served.role_page(served.RESPONSE),
        served.role_page(served.RESPONSE, served.HERE),
        served.role_page(""),
        replace(served.saml_post(), url="https://us-east-1.signin.aws.amazon.com/saml"),
    ],
)
def test_a_page_of_aws_is_never_the_end(page: Page) -> None:
    assert read(page) == RolePage()


def test_hand_offs_are_named() -> None:
    assert read(served.ws_fed()) == HandOff("WS-Federation")
    assert read(served.oidc(code="c", state="s")) == HandOff("OpenID Connect")
    assert read(served.oidc(id_token="t")) == HandOff("OpenID Connect")
    assert isinstance(read(served.oidc(code="c")), Unknown)


def test_home_realms_are_read_from_their_scripts() -> None:
    key = r"https:\/\/sts.example\/?a=1\u0026b=\x27"
    state = read(served.home_realms(*REALMS, (key, "Kun & signoj"), said="Ne."))
    assert isinstance(state, HomeRealms)
    assert state.realms == (
        Realm("AD AUTHORITY", "Ekzemplo"),
        Realm("http://other.example/adfs/services/trust", "Alia"),
        Realm("https://sts.example/?a=1&b='", "Kun & signoj"),
    )
    assert (state.email_field, state.button) == ("Email", ("HomeRealmByEmail", "Next"))
    assert state.said == "Ne."
    assert state.form.action == f"{served.HOST}/adfs/ls/?a=1&b=2"
    page = served.home_realms(*REALMS, ("", "Nenie"))
    state = read(replace(page, body=page.body.replace('id="hrd"', 'id="x"')))
    assert isinstance(state, HomeRealms)
    assert len(state.realms) == 2


def test_the_landing_page_lists_what_there_is() -> None:
    assert read(served.landing("AWS", "Alia \x1b[1m")) == Landing(("AWS", r"Alia \x1b[1m"))


def test_an_error_page_is_quoted() -> None:
    page = served.error_page("Petu helpon.", code="MSIS7012", status=500)
    assert read(page) == ErrorPage(
        500, "/adfs/ls/IdpInitiatedSignOn.aspx", "Fuŝ Petu helpon. MSIS7012", "MSIS7012",
        served.ACTIVITY,
    )  # fmt: skip
    bare = read(served.page("<p>MSIS7065: nenio.</p>"))
    assert isinstance(bare, ErrorPage)
    assert (bare.code, bare.said, bare.activity) == ("MSIS7065", "MSIS7065: nenio.", "")


def test_a_status_without_a_page() -> None:
    assert read(Page(served.HERE, 401, "", authenticate=("negotiate", "ntlm"))) == Unauthorized(
        ("negotiate", "ntlm")
    )
    for status in (400, 403, 404, 500):
        state = read(Page(served.HERE, status, "<p>Ho ve"))
        assert state == ErrorPage(status, "/adfs/ls/IdpInitiatedSignOn.aspx")


def test_where_a_redirect_leads() -> None:
    def to(url: str) -> object:
        return read(Page(served.HERE, 302, "", elsewhere=url))

    assert to("https://login.microsoftonline.com/x") == Elsewhere("login.microsoftonline.com")
    assert to("https://fs.example.com/adfs/ls/?x") == Elsewhere("fs.example.com", is_adfs=True)
    assert to("https://api-1.duosecurity.com/f") == Elsewhere("api-1.duosecurity.com", adapter=DUO)
    assert isinstance(to("http://fs.example.com/"), Unknown)
    assert by_host("notduosecurity.com") is None


def asking(action: str, more: str = "") -> Page:
    """What a claims provider is asked, in a form that a script posts to it."""
    fields = served.hidden({"SAMLRequest": "PD94", "RelayState": "r"})
    return served.page(f'<form name="hiddenform" method="POST" action="{action}">{fields}{more}')


def test_a_request_that_a_script_would_post_leads_there_as_a_redirect_does() -> None:
    assert read(asking("https://acme.okta.com/sso")) == Elsewhere(
        "acme.okta.com", adapter=by_host("okta.com")
    )
    assert read(asking("https://fs.example.com/adfs/ls/")) == Elsewhere(
        "fs.example.com", is_adfs=True
    )
    assert isinstance(read(asking("http://acme.example.com/sso")), Unknown)
    assert isinstance(read(asking("https://[bad")), Unknown)


def test_but_not_from_a_page_of_its_own_or_one_that_asks_for_something() -> None:
    assert isinstance(read(asking("/adfs/ls/")), Unknown)
    login = served.login()
    echoed = served.hidden({"SAMLRequest": "PD94"}) + "</form>"
    with_request = replace(login, body=login.body.replace("</form>", echoed, 1))
    assert isinstance(read(with_request), Login)


def test_an_unknown_page_is_described_without_its_values() -> None:
    body = f"""<h1>Nova</h1><form id="f1">{served.hidden({"AuthMethod": "NewAdapter", "S": "hunter2"})}
        <input name="A" type="text" value="hunter2"><input name="B" type="text"></form>"""
    state = read(served.page(body))
    assert isinstance(state, Unknown)
    assert state.seen == (
        "an unheard-of page, at /adfs/ls/IdpInitiatedSignOn.aspx "
        "(form f1 with AuthMethod, S, A, B, AuthMethod NewAdapter)"
    )
    assert state.said == "Nova"
    assert "hunter2" not in state.seen


@pytest.mark.parametrize("body", ["", "<", "<form", "\x00", "<<" * 60_000, "<p>Working…</p>"])
def test_any_text_is_read(body: str) -> None:
    assert isinstance(read(Page(served.HERE, 200, body)), Unknown)
    assert isinstance(read(Page("http://sso.example.com/", 200, body)), Unknown)


# User name and password


@pytest.mark.parametrize("tag", ["label", "span", "div", "p"])
def test_the_error_beside_the_password_in_any_element(tag: str) -> None:
    state = read(served.login("Malĝusta.", tag=tag))
    assert isinstance(state, Login)
    assert state.said == "Malĝusta."


def test_the_fields_of_each_login() -> None:
    for page in (served.login(), served.paginated()):
        state = read(page)
        assert isinstance(state, Login)
        assert (state.username_field, state.password_field) == ("UserName", "Password")
        assert (state.form.id, state.keeps, state.button) == ("loginForm", True, None)
    state = read(served.asp_net("Ne."))
    assert isinstance(state, Login)
    prefix = "ctl00$ContentPlaceHolder1$"
    assert state.username_field == f"{prefix}UsernameTextBox"
    assert state.password_field == f"{prefix}PasswordTextBox"
    assert state.button == (f"{prefix}SubmitButton", "Ek")
    assert (state.keeps, state.said) == (False, "Ne.")


def test_a_password_without_a_name_beside_it() -> None:
    state = read(served.page('<form><input type="password" name="p"></form>'))
    assert isinstance(state, Login)
    assert (state.username_field, state.password_field) == ("", "p")


def test_a_form_of_an_error_status_is_no_login_by_guesswork() -> None:
    page = served.page('<form><input name="u"><input type="password" name="p"></form>', status=403)
    assert isinstance(read(page), ErrorPage)


@pytest.mark.parametrize(
    "page",
    [
        served.login("Your password has expired. Change it."),
        served.login('Ĝi finiĝis. <a href="/adfs/portal/updatepassword?u=1">Ŝanĝu</a>'),
        served.login(action="/ADFS/portal/UpdatePassword/"),
        served.login(url=f"{served.HOST}/adfs/portal/updatepassword/"),
        served.update_password(),
    ],
)
def test_a_password_that_has_to_be_changed(page: Page) -> None:
    assert isinstance(read(page), PasswordChange)


def test_the_other_ways_to_sign_in() -> None:
    certificate = served.link("CertificateAuthentication", "Atestilo")
    state = read(served.login(links=(certificate, served.link("FormsAuthentication"))))
    assert isinstance(state, Login)
    [option] = state.others
    assert option.method.kind == "certificate"
    assert (option.method.label, option.method.key) == ("Atestilo", "CertificateAuthentication")
    assert (option.form.id, option.values) == (
        "options", (("AuthMethod", "CertificateAuthentication"),)
    )  # fmt: skip


# The second factor


@pytest.mark.parametrize(
    ("method", "name", "field"),
    [
        ("AzureMfaAuthentication", "Microsoft Entra MFA", "VerificationCode"),
        ("AzureMfaServerAuthentication", "Azure MFA Server", "OathCode"),
        ("WindowsAzureMultiFactorAuthentication", "Azure MFA Server", "OathCode"),
        ("SecurIDAuthentication", "RSA SecurID", "Passcode"),
        ("SecurIDv2Authentication", "RSA SecurID", "ChallengeQuestionAnswer"),
        ("SymantecVipAdapter", "Symantec VIP", "SecurityCode"),
        ("VIPAuthenticationProviderUPN", "Symantec VIP", "security_code"),
        ("VIPAuthenticationProviderWindowsAccountName", "Symantec VIP", "security_code"),
        ("SafeNet-MFA", "SafeNet", "SAFENET_PASSWORD"),
        ("Defender AD FS Adapter", "Defender", "OathCode"),
        ("Home-grown", "Home-grown", "ChallengeQuestionAnswer"),
        ("privacyIDEA", "privacyIDEA", "zufall17"),
    ],
)
def test_the_field_of_each_adapter(method: str, name: str, field: str) -> None:
    # A second box must not hide the one that is known by name.
    extra = "" if field == "zufall17" else '<input name="extra" type="text">'
    for kind in ("password", "text", "tel", "number"):
        page = served.adapter(method, extra + served.field(field, kind), ids=False)
        state = read(page)
        assert isinstance(state, Code)
        assert (state.adapter.name, state.field) == (name, field)
        assert state.button == ("Submit", "Sendi")
        context = state.form.control("Context")
        assert context is not None
        assert context.value == served.CONTEXT


def test_two_fields_of_unknown_names_are_not_guessed_between() -> None:
    boxes = '<input name="a" type="text"><input name="b" type="password">'
    assert isinstance(read(served.adapter("Unheard-of", boxes)), Unknown)
    for control in ('<select name="s"><option>1</select>', '<input type="radio" name="r" value=1>'):
        assert isinstance(read(served.adapter("Unheard-of", control)), Unknown)


def test_the_next_code_of_a_token() -> None:
    boxes = served.field("NextCode") + '<input name="ChallengeQuestionAnswer" type="hidden">'
    state = read(served.adapter("SecurIDAuthentication", boxes))
    assert isinstance(state, Code)
    assert (state.field, state.is_next) == ("NextCode", True)
    assert state.previous == ("ChallengeQuestionAnswer",)


def test_the_user_name_beside_a_code() -> None:
    box = '<input name="UserName" type="text">'
    state = read(served.azure(box + served.AZURE_CODE))
    assert isinstance(state, Code)
    assert (state.field, state.username_field) == ("VerificationCode", "UserName")


def test_what_a_page_says_to_enter() -> None:
    def prompt(page: Page) -> str:
        state = read(page)
        assert isinstance(state, Code)
        return state.prompt

    field = served.field("Passcode")
    assert prompt(served.adapter("X", field, prompt="Tajpu ĝin.", said="Ne")) == "Tajpu ĝin."
    assert prompt(served.adapter("X", f'<label for="f-1">Ĵetono</label>{field}', prompt="")) == "Ĵetono"  # fmt: skip
    assert prompt(served.adapter("X", field, prompt="")) == "Kodo"
    assert prompt(served.azure(served.AZURE_CODE, prompt="Rigardu")) == "Rigardu"


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Enter the code from your mobile app", "totp"),
        ("We sent a text message with a code to +X XXXXXXX76", "sms"),
        ("We are calling your phone", "voice"),
        ("Approve the request in your app", "prompt"),
        ("Ni sendis ion", ""),
    ],
)
def test_the_kind_of_a_code_where_the_page_tells(prompt: str, kind: str) -> None:
    state = read(served.azure(served.AZURE_CODE, prompt=prompt))
    assert isinstance(state, Code)
    assert state.kind == kind


def test_the_ways_of_microsoft_s_adapter() -> None:
    state = read(served.azure_menu("Approve in my app", "Text +X XXXXXXX76", "Io alia"))
    assert isinstance(state, Menu)
    methods = [option.method for option in state.options]
    assert [m.kind for m in methods] == ["prompt", "sms", "other"]
    assert methods[1].label == "Text +X XXXXXXX76"
    assert state.options[2].values == (("__EVENTTARGET", "verificationOption2"),)

    posts_back = """<div id="verificationOptions"></div>
        <a href="javascript:__doPostBack('verificationOption1','')">Call</a>
        <a href="#" onclick='__doPostBack("resend", "")'>Denove</a>"""
    state = read(served.azure(served.AZURE_CODE, links=posts_back + served.DIFFERENT))
    assert isinstance(state, Code)
    assert [option.method.key for option in state.others] == [
        "verificationOption1", "resend", "differentVerificationOption"
    ]  # fmt: skip
    assert [option.leads_to_more for option in state.others] == [False, False, True]


def test_a_page_that_waits_is_no_menu() -> None:
    links = '<a id="verificationOption0">Alia</a>'
    assert isinstance(read(served.azure(number="42", links=links)), Approve)
    state = read(served.azure(number="42", prompt="Tajpu.", links=served.DIFFERENT))
    assert isinstance(state, Approve)
    assert (state.number, state.prompt, state.kind) == ("42", "Tajpu.", "prompt")


def test_the_links_below_an_adapter_are_other_ways() -> None:
    links = (
        served.link("SecurIDAuthentication"),
        served.link("AzureMfaAuthentication", "Telefono"),
    )
    state = read(served.adapter("SecurIDAuthentication", served.field("Passcode"), links=links))
    assert isinstance(state, Code)
    [option] = state.others
    assert option.method.kind == "azure"
    assert option.method.label == "Telefono (Microsoft Entra MFA)"


def test_a_link_that_is_known_by_its_script_alone() -> None:
    link = """<a class="actionLink" onclick="SelectOption('SafeNet-MFA')">Ĵetono</a>"""
    state = read(served.menu(link))
    assert isinstance(state, Menu)
    assert state.options[0].method.kind == "safenet"


def test_silverfort_s_own_words_for_no() -> None:
    state = read(served.adapter("SilverfortAdfs", prompt="Not authorized"))
    assert isinstance(state, Approve)
    assert state.denied
    assert "Not authorized" in state.said
    state = read(served.adapter("SilverfortAdfs", prompt="MFA request expired"))
    assert isinstance(state, Approve)
    assert (state.denied, "expired" in state.said) == (False, True)
    assert read(served.page("<p>Not Authorized</p>")) == Denied(
        by_method("SilverfortAdfs"), "Not Authorized"
    )


def test_pages_of_scripts_are_named() -> None:
    for page in (served.duo_universal(), served.duo_traditional()):
        state = read(page)
        assert isinstance(state, BrowserOnly)
        assert state.adapter == DUO
    okta = read(served.adapter("OktaMfaAdfs"))
    assert isinstance(okta, BrowserOnly)
    assert okta.adapter.name == "Okta"


def test_what_stands_in_a_frame_is_the_browser_s() -> None:
    frame = '<iframe src="https://widget.example/"></iframe>'
    state = read(served.adapter("Widget", frame))
    assert isinstance(state, BrowserOnly)
    assert state.adapter.name == "Widget"
    assert isinstance(read(served.adapter("Widget", frame + served.field("otp"))), Code)
    assert isinstance(read(served.adapter("SilverfortAdfs", frame)), Approve)


def test_an_adapter_that_nobody_listed_is_called_what_it_calls_itself() -> None:
    assert by_method("azuremfaAUTHENTICATION").kind == "azure"
    unheard = by_method("New \x1b[1m")
    assert (unheard.kind, unheard.name) == ("other", r"New \x1b[1m")
    assert len({method.casefold() for a in ADAPTERS for method in a.methods}) == sum(
        len(a.methods) for a in ADAPTERS
    )
