from __future__ import annotations

from dataclasses import replace

import pytest

from samlauth.challenges import AnotherWay, ChooseMethod, EnterPassword, EnterUsername, Method
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NeedsPerson,
    NetworkError,
    NobodyToAsk,
    PageUnreadable,
    SamlauthError,
    SettingsError,
    SignInRefused,
    UnsafePage,
)
from samlauth.flow import Browse, Page
from samlauth.idp.adfs.entry import read_entry
from samlauth.reach import Origin
from samlauth.saml import SAMLResponse

from . import served
from .played import ADA, NOBODY, fields, hasty, refused, run

ASK_PASSWORD = EnterPassword("ADFS Password", "EXAMPLE\\ada", served.HOST)
WRONG = "Malĝusta pasvorto."
PASSCODE = served.adapter("SecurIDAuthentication", served.field("Passcode"))
OWN, OTHER = ("AD AUTHORITY", "Ekzemplo"), ("urn:other", "Alia domo")
UNAUTHORIZED = Page(served.HERE, 401, "", authenticate=("negotiate", "ntlm"))


# A whole sign-in


def test_a_password_and_the_response() -> None:
    outcome = run(served.login(), "pw", served.saml_post())
    assert outcome.result == SAMLResponse(served.RESPONSE, served.ACS)
    assert outcome.challenges == [ASK_PASSWORD]
    enter, post = outcome.requests
    assert (enter.url, enter.form, enter.carrying) == (served.HERE, None, "nothing")
    assert not enter.negotiate
    assert post.url == f"{served.HOST}/adfs/ls/idpinitiatedsignon?client-request-id=1"
    assert post.form == (
        ("UserName", "EXAMPLE\\ada"), ("Password", "pw"), ("AuthMethod", "FormsAuthentication")
    )  # fmt: skip
    assert (post.carrying, post.referer) == ("password", served.HERE)
    assert all(request.shows for request in outcome.requests)


def test_cookies_that_still_count_need_no_answer() -> None:
    outcome = run(served.saml_post())
    assert outcome.result.acs == served.ACS
    assert outcome.challenges == []
    # The same provider signs in a second time, when the first response has grown too old.
    assert run(served.saml_post(), provider=ADA).result == outcome.result


def test_it_can_begin_at_any_page_and_in_any_order() -> None:
    assert run(PASSCODE, "123456", served.saml_post()).result.acs == served.ACS
    outcome = run(
        served.home_realms(OWN, OTHER), served.paginated(), "pw", PASSCODE, "123456",
        served.azure(), served.azure(number="7"), None, served.saml_post(),
    )  # fmt: skip
    assert outcome.result.acs == served.ACS


def test_where_it_begins() -> None:
    provider = replace(
        ADA, entry=read_entry("sso.example.com:8443"), relying_party="urn:a b", home_realm="AD AUTHORITY"
    )  # fmt: skip
    [enter] = run(served.saml_post(), provider=provider).requests
    assert enter.url == (
        "https://sso.example.com:8443/adfs/ls/IdpInitiatedSignOn.aspx"
        "?loginToRp=urn%3Aa+b&RedirectToIdentityProvider=AD+AUTHORITY"
    )
    assert provider.in_browser == Browse(
        enter.url, "adfs https://sso.example.com:8443 EXAMPLE\\ada"
    )


def test_where_it_may_go() -> None:
    reach = ADA.reach
    assert reach.password_origin == Origin("sso.example.com")
    assert reach.post_origins == {
        Origin("certauth.sso.example.com"), Origin("sso.example.com", 49443)
    }  # fmt: skip
    assert not reach.get_hosts


# What is posted


def test_only_one_form_is_posted_and_no_name_twice() -> None:
    links = (served.link("CertificateAuthentication"),)
    _, post = run(served.login(links=links, action=""), "pw", served.saml_post()).requests
    assert fields(post) == {
        "UserName": "EXAMPLE\\ada", "Password": "pw", "AuthMethod": "FormsAuthentication"
    }  # fmt: skip
    assert post.url == served.HERE
    twice = served.login().body.replace("</form>", served.hidden({"x": "1"}) * 2 + "</form>")
    _, post = run(served.page(twice), "pw", served.saml_post()).requests
    assert fields(post)["x"] == "1"


@pytest.mark.parametrize("page", [served.login(), served.login(kmsi="checked"), served.paginated()])
def test_adfs_keeps_a_person_signed_in_only_when_asked(page: Page) -> None:
    _, post = run(page, "pw", served.saml_post()).requests
    assert "Kmsi" not in fields(post)
    _, post = run(page, "pw", served.saml_post(), provider=replace(ADA, kmsi=True)).requests
    assert fields(post)["Kmsi"] == "true"


def test_a_page_that_keeps_nobody_is_not_asked_to() -> None:
    provider = replace(ADA, kmsi=True)
    _, post = run(served.asp_net(), "pw", served.saml_post(), provider=provider).requests
    assert "Kmsi" not in fields(post)
    outcome = run(
        served.username_first(), served.login(), "pw", served.saml_post(), provider=provider
    )
    assert fields(outcome.requests[1])["Kmsi"] == "true"


def test_both_forms_of_a_paginated_page_are_one_post() -> None:
    _, post = run(served.paginated(), "pw", served.saml_post()).requests
    assert post.url == f"{served.HOST}{served.PATH}?a=2"
    assert post.form == (
        ("UserName", "EXAMPLE\\ada"), ("Password", "pw"), ("AuthMethod", "FormsAuthentication")
    )  # fmt: skip


def test_the_name_on_a_page_of_its_own() -> None:
    outcome = run(served.username_first(), served.login(), "pw", served.saml_post())
    _, name, password = outcome.requests
    assert (name.url, name.form, name.carrying) == (
        served.HERE, (("UserName", "EXAMPLE\\ada"),), "answers"
    )  # fmt: skip
    assert password.carrying == "password"
    ended = refused(SignInRefused, served.username_first(), served.username_first("Nekonata."))
    assert "Nekonata." in ended.result.message
    assert "DOMAIN\\user" in ended.result.hint


def test_the_fields_of_adfs_2() -> None:
    _, post = run(served.asp_net(), "pw", served.saml_post()).requests
    assert post.url == f"{served.HOST}/adfs/ls/FormsSignIn.aspx?loginToRp=urn%3Ax"
    prefix = "ctl00$ContentPlaceHolder1$"
    assert fields(post) == {
        "__VIEWSTATE": "/wEP+8=", "__EVENTVALIDATION": "/wEW=", "__db": "14",
        f"{prefix}UsernameTextBox": "EXAMPLE\\ada", f"{prefix}PasswordTextBox": "pw",
        f"{prefix}SubmitButton": "Ek",
    }  # fmt: skip


def test_a_user_name_that_nobody_gave_is_asked_for_once() -> None:
    provider = replace(ADA, username="")
    outcome = run(
        served.login(), " ada@example.com ", "pw", served.login(WRONG), "pw2", served.saml_post(),
        provider=provider,
    )  # fmt: skip
    assert outcome.challenges[0] == EnterUsername("ADFS username")
    assert [type(c) for c in outcome.challenges[1:]] == [EnterPassword] * 2
    assert fields(outcome.requests[2])["UserName"] == "ada@example.com"
    refused(SignInRefused, served.login(), "", " ", "", provider=provider)
    late = run(served.login(), "", "", "ada", "pw", served.saml_post(), provider=provider)
    assert fields(late.requests[1])["UserName"] == "ada"


# The password


def test_a_wrong_password_is_asked_for_again() -> None:
    outcome = run(served.login(), "pw1", served.login(WRONG), "pw2", served.saml_post())
    assert outcome.challenges == [ASK_PASSWORD, replace(ASK_PASSWORD, refused=WRONG)]
    assert [fields(r)["Password"] for r in outcome.requests[1:]] == ["pw1", "pw2"]


def test_a_refused_password_is_never_sent_again() -> None:
    outcome = refused(
        SignInRefused, served.login(), "pw1", served.login(WRONG), "pw1", "pw1", "pw1"
    )
    assert len(outcome.requests) == 2
    assert WRONG in outcome.result.message
    outcome = refused(
        SignInRefused, served.login(), "a", served.login(WRONG), "b", served.login(WRONG), "c",
        served.login(WRONG),
    )  # fmt: skip
    assert len(outcome.requests) == 4


def test_without_a_terminal_a_refusal_explains_itself() -> None:
    outcome = refused(SignInRefused, served.login(), "pw", served.login(WRONG), NOBODY)
    assert outcome.result.exit_code == 4
    assert WRONG in outcome.result.message
    for words in ("locked", "does not say which", "DOMAIN\\user", "user@domain"):
        assert words in outcome.result.hint
    assert "pw" not in outcome.result.message.split()
    refused_without_words = refused(SignInRefused, served.login(), "pw", served.login(), NOBODY)
    assert "asked for" in refused_without_words.result.message


def test_the_first_password_that_nobody_can_give() -> None:
    with pytest.raises(NobodyToAsk):
        run(served.login("Old error."), NOBODY)


def test_an_error_that_answers_nothing_is_no_refusal() -> None:
    outcome = run(served.login("Ho"), "pw", served.saml_post())
    assert outcome.challenges == [ASK_PASSWORD]


@pytest.mark.parametrize(
    "action",
    ["https://evil.example/adfs/ls", "http://sso.example.com/adfs/ls",
     "https://certauth.sso.example.com/adfs/ls", "https://sso.example.com:49443/adfs/ls"],
)  # fmt: skip
def test_the_password_goes_to_its_own_origin_alone(action: str) -> None:
    page = served.login(action=action)
    outcome = refused_unsafe(page, "pw")
    assert len(outcome) == 1


def refused_unsafe(*script: object) -> list[object]:
    from samlauth.testing import replay

    from .played import login

    return list(replay(login(), *script, raises=UnsafePage).requests)


def test_a_password_that_has_to_be_changed() -> None:
    outcome = refused(
        SignInRefused, served.login(), "pw", served.login("Your password has expired.")
    )
    assert "Your password has expired." in outcome.result.message
    assert f"{served.HOST}/adfs/portal/updatepassword/" in outcome.result.hint


# Home realms


def test_the_company_s_own_directory_comes_first() -> None:
    outcome = run(served.home_realms(OTHER, OWN), served.saml_post())
    assert outcome.challenges == []
    _, post = outcome.requests
    assert post.url == f"{served.HOST}/adfs/ls/?a=1&b=2"
    assert fields(post) == {"Email": "", "HomeRealmSelection": "AD AUTHORITY"}
    assert post.carrying == "answers"


@pytest.mark.parametrize("wanted", ["urn:other", "URN:Other", "alia domo"])
def test_the_home_realm_the_person_named(wanted: str) -> None:
    provider = replace(ADA, home_realm=wanted)
    outcome = run(served.home_realms(OWN, OTHER), served.saml_post(), provider=provider)
    assert fields(outcome.requests[1])["HomeRealmSelection"] == "urn:other"


def test_a_home_realm_is_chosen_by_the_person() -> None:
    third = ("urn:third", "Tria domo")
    choice = Method("home realm", "Tria domo", "urn:third")
    outcome = run(served.home_realms(OTHER, third), choice, served.saml_post())
    assert fields(outcome.requests[1])["HomeRealmSelection"] == "urn:third"
    assert outcome.challenges == [
        ChooseMethod((Method("home realm", "Alia domo", "urn:other"), choice))
    ]
    nobody = refused(NobodyToAsk, served.home_realms(OTHER, third), NOBODY)
    assert "--home-realm" in nobody.result.hint
    assert "urn:third  (Tria domo)" in nobody.result.hint


def test_a_single_home_realm_is_no_choice() -> None:
    outcome = run(served.home_realms(OTHER), served.saml_post())
    assert fields(outcome.requests[1])["HomeRealmSelection"] == "urn:other"


def test_an_unknown_home_realm() -> None:
    provider = replace(ADA, home_realm="urn:none")
    outcome = refused(SettingsError, served.home_realms(OWN, OTHER), provider=provider)
    assert "urn:none" in outcome.result.message
    assert "urn:other" in outcome.result.hint
    provider = replace(ADA, home_realm="urn:other")
    again = served.home_realms(OWN, OTHER, said="Ne tiu.")
    outcome = refused(SettingsError, served.home_realms(OWN, OTHER), again, provider=provider)
    assert "Ne tiu." in outcome.result.message
    outcome = refused(SettingsError, served.error_page("Eraro."), provider=provider)
    assert "no home realm “urn:other”" in outcome.result.message
    refused(SignInRefused, served.error_page(code="MSIS7012"), provider=provider)


def test_a_home_realm_found_by_the_e_mail_address() -> None:
    provider = replace(ADA, username="ada@example.com")
    outcome = run(served.home_realms(), served.saml_post(), provider=provider)
    assert fields(outcome.requests[1]) == {"Email": "ada@example.com", "HomeRealmByEmail": "Next"}
    refused(PageUnreadable, served.home_realms(), served.home_realms(said="Ne."), provider=provider)
    refused(PageUnreadable, served.home_realms(email=False))


def test_a_realm_at_another_host_is_the_browser_s() -> None:
    away = Page(served.HERE, 302, "", elsewhere="https://login.microsoftonline.com/common/x")
    outcome = refused(NeedsBrowser, served.home_realms(OTHER), away)
    assert "login.microsoftonline.com" in outcome.result.message
    assert "AD AUTHORITY" in outcome.result.hint
    outcome = refused(
        NeedsBrowser, Page(served.HERE, 302, "", elsewhere="https://fs.example.com/adfs/ls/")
    )
    assert "--adfs-host" in outcome.result.hint
    duo = Page(served.HERE, 302, "", elsewhere="https://api-1.duosecurity.com/frame")
    assert "Duo" in refused(NeedsBrowser, duo).result.message


# Kerberos


def negotiated(outcome: object) -> list[bool]:
    return [request.negotiate for request in outcome.requests]  # type: ignore[attr-defined] # of either kind of replay


def test_a_ticket_that_counts() -> None:
    outcome = run(served.saml_post(), provider=replace(ADA, kerberos=True))
    assert negotiated(outcome) == [True]
    outcome = run(PASSCODE, "123456", served.saml_post(), provider=replace(ADA, kerberos=True))
    assert negotiated(outcome) == [True, False]


def test_a_ticket_that_does_not_count_leads_to_the_password() -> None:
    provider = replace(ADA, kerberos=True)
    why = replace(UNAUTHORIZED, note="There is no ticket here.")
    outcome = run(why, served.login(), "pw", served.saml_post(), provider=provider)
    assert negotiated(outcome) == [True, False, False]
    [line] = outcome.told
    assert "There is no ticket here." in line.text
    assert not line.quiet
    outcome = run(UNAUTHORIZED, served.login(), "pw", served.saml_post(), provider=provider)
    assert "Kerberos ticket" in outcome.told[0].text
    outcome = run(served.login(), "pw", served.saml_post(), provider=provider)
    assert negotiated(outcome) == [True, False]


def test_a_ticket_is_offered_where_the_server_asks_for_one() -> None:
    outcome = run(UNAUTHORIZED, served.saml_post())
    assert negotiated(outcome) == [False, True]
    outcome = run(UNAUTHORIZED, UNAUTHORIZED, served.login(), "pw", served.saml_post())
    assert negotiated(outcome) == [False, True, False, False]
    assert {r.url for r in outcome.requests[:3]} == {served.HERE}


def test_an_answer_of_401_to_everything() -> None:
    why = replace(UNAUTHORIZED, note="There is no ticket here.")
    outcome = refused(SignInRefused, UNAUTHORIZED, why, UNAUTHORIZED)
    assert negotiated(outcome) == [False, True, False]
    assert "There is no ticket here." in outcome.result.message
    assert "401" in outcome.result.message
    assert "negotiate, ntlm" in outcome.result.message
    outcome = refused(SignInRefused, UNAUTHORIZED, UNAUTHORIZED, UNAUTHORIZED)
    for words in ("kinit", "WiaSupportedUserAgents", "WindowsIntegratedFallbackEnabled"):
        assert words in outcome.result.hint
    outcome = refused(
        SignInRefused, UNAUTHORIZED, UNAUTHORIZED, provider=replace(ADA, kerberos=True)
    )
    assert negotiated(outcome) == [True, False]


def test_no_ticket_is_offered_unasked() -> None:
    basic = replace(UNAUTHORIZED, authenticate=("ntlm",))
    assert negotiated(refused(SignInRefused, basic)) == [False]
    outcome = refused(SignInRefused, UNAUTHORIZED, provider=replace(ADA, kerberos=False))
    assert negotiated(outcome) == [False]
    assert "--kerberos" in outcome.result.hint


# The ends


def test_an_error_page_before_anything_was_asked() -> None:
    outcome = refused(SignInRefused, served.error_page("Petu helpon."))
    message, hint = outcome.result.message, outcome.result.hint
    assert "Petu helpon." in message
    assert "switched off" in message
    assert "urn:amazon:webservices" in message
    assert "EnableIdPInitiatedSignonPage" in hint
    assert served.ACTIVITY in hint
    assert "--adfs-rp" in hint
    off = refused(SignInRefused, served.error_page(code="MSIS7012")).result
    assert "switched off" in off.message
    assert "no relying party" not in off.message
    unknown = refused(SignInRefused, served.error_page(code="MSIS7007", activity="")).result
    assert "no relying party urn:amazon:webservices" in unknown.message
    assert "switched off" not in unknown.message
    assert "Activity" not in unknown.hint


def test_an_error_page_after_the_password() -> None:
    outcome = refused(SignInRefused, served.login(), "pw", served.error_page("Ne por vi."))
    assert "Ne por vi." in outcome.result.message
    assert "does not let you use AWS" in outcome.result.message
    assert "switched off" not in outcome.result.message
    assert served.ACTIVITY in outcome.result.hint
    by_ticket = refused(SignInRefused, UNAUTHORIZED, served.error_page())
    assert "does not let you use AWS" in by_ticket.result.message
    after_push = refused(SignInRefused, served.azure(), served.error_page())
    assert "If you answered No" in after_push.result.hint


def test_too_many_sign_ins_are_not_tried_again() -> None:
    outcome = refused(SignInRefused, served.error_page(code="MSIS7042"))
    assert "loop" in outcome.result.message
    assert "Wait a minute" in outcome.result.hint
    assert len(outcome.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (400, SignInRefused, "cookies"),
        (403, SignInRefused, "does not let you"),
        (404, PageUnreadable, "--adfs-host"),
        (500, NeedsPerson, "server's side"),
        (503, NeedsPerson, "server's side"),
    ],
)
def test_a_status_without_a_page(status: int, error: type[SamlauthError], words: str) -> None:
    result = refused(error, Page(served.HERE, status, "")).result
    assert f"HTTP {status}" in result.message
    assert words in f"{result.message} {result.hint}"


def test_a_relying_party_that_was_ignored() -> None:
    outcome = refused(SettingsError, served.landing("AWS test", "Salesforce"))
    assert "urn:amazon:webservices" in outcome.result.message
    assert "AWS test, Salesforce" in outcome.result.message
    assert "--adfs-rp" in outcome.result.hint


@pytest.mark.parametrize(
    ("page", "error", "words"),
    [
        (served.ws_fed(), SettingsError, "WS-Federation"),
        (served.oidc(code="c", state="s"), SettingsError, "OpenID Connect"),
        (served.saml_post("https://app.example.com/saml"), NeedsPerson, "app.example.com"),
        (served.saml_post("https://signin.aws.amazon.com.evil.example/saml"), NeedsPerson, "not AWS"),
        (served.saml_post("/saml"), NeedsPerson, "sso.example.com"),
        (served.saml_post(value=""), PageUnreadable, "nothing in it"),
        (served.saml_post(value=served.RESPONSE[:-3]), PageUnreadable, "cut off"),
        (served.role_page(served.RESPONSE), PageUnreadable, "choosing a role"),
        (served.page("<p>Io nova</p>"), PageUnreadable, "unheard-of page"),
        (Page(served.HERE, 200, ""), PageUnreadable, "unheard-of page"),
    ],
)  # fmt: skip
def test_pages_that_end_in_a_sentence(page: Page, error: type[SamlauthError], words: str) -> None:
    assert words in refused(error, page).result.message


def test_a_response_for_http() -> None:
    outcome = refused_unsafe(served.saml_post("http://signin.aws.amazon.com/saml"))
    assert len(outcome) == 1


def test_a_sign_in_that_goes_round_in_circles() -> None:
    # The clock stands still here; the pages are what is counted.
    pages = [served.azure(), served.adapter("Other")] * 15
    outcome = refused(PageUnreadable, *pages, served.azure(), provider=hasty(0))
    assert "30 pages" in outcome.result.message


def test_the_network_s_errors_are_its_own() -> None:
    with pytest.raises(NetworkError, match="no route"):
        run(NetworkError("no route"))


def test_the_start_page_after_the_second_step_is_no_question_for_the_password() -> None:
    for script in (
        (served.azure(), served.login()),
        (PASSCODE, "123456", served.login("Tempo pasis.")),
    ):
        outcome = refused(CodeRefused, served.login(), "pw", *script)
        assert len([c for c in outcome.challenges if isinstance(c, EnterPassword)]) == 1
    assert "Tempo pasis." in outcome.result.message


def test_a_certificate_instead_of_the_password() -> None:
    links = (served.link("CertificateAuthentication", "Atestilo"),)
    provider = replace(ADA, mfa="certificate")
    outcome = run(served.login(links=links), served.saml_post(), provider=provider)
    assert outcome.challenges == []
    _, post = outcome.requests
    assert post.url == served.OPTIONS_URL
    assert fields(post) == {
        "AuthMethod": "CertificateAuthentication", "UserName": "EXAMPLE\\ada"
    }  # fmt: skip
    asked = run(served.login(links=links), AnotherWay(), served.saml_post())
    assert fields(asked.requests[1])["AuthMethod"] == "CertificateAuthentication"
    [challenge] = asked.challenges
    assert challenge == replace(ASK_PASSWORD, ways=("another",))
