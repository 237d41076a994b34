"""ADFS's own pages: which follows which, and what is refused."""

from __future__ import annotations

import base64
import re
import select
import socket
import ssl
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from samlauth.sandbox.adfs import pages
from samlauth.sandbox.adfs.idp import CERTIFICATES, ELSEWHERE, HOST

from ..browser import Fields, successful
from .browser import ADFSBrowser
from .conftest import Visit

WIA_AGENT = "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko"


def test_the_whole_way(visit: Visit) -> None:
    browser = visit()
    adfs, rehearsal = browser.rehearsal.adfs, browser.rehearsal
    browser.login()
    assert [step.status_code for step in browser.page.history] == [302]
    assert urlsplit(browser.page.url).path == "/adfs/ls/IdpInitiatedSignOn"
    form = browser.one("form[name=hiddenform]")
    assert form["action"] == "https://signin.aws.amazon.com:443/saml"
    response = base64.b64decode(browser.saml_response)
    assert b"http://adfs.example.com/adfs/services/trust" in response
    pairs = re.findall(rb">(arn:[^<]+)<", response)
    assert len(pairs) == 3
    assert all(b":saml-provider/ADFS,arn:" in pair for pair in pairs)
    assert adfs.violations == []
    assert adfs.passwords == {rehearsal.password: 1}
    assert adfs.usernames == {rehearsal.username: 1}
    assert (adfs.assertions, adfs.kept) == (1, 0)
    assert {contact.host for contact in rehearsal.proxy_log} == {HOST}
    assert {cookie.name for cookie in browser.session.cookies} == {
        "MSISAuth",
        "MSISAuthenticated",
        "MSISLoopDetectionCookie",
    }
    assert all(cookie.expires is None for cookie in browser.session.cookies)


def test_the_accounts_trust_it(visit: Visit) -> None:
    browser = visit()
    browser.login()
    page = browser.post(
        "https://signin.aws.amazon.com/saml", [("SAMLResponse", browser.saml_response)]
    )
    assert page.status_code == 200
    assert "invalid SAML response" not in page.text


@pytest.mark.parametrize("name", ["ADA@example.com", "EXAMPLE\\ada"])
def test_a_person_has_two_names(visit: Visit, name: str) -> None:
    browser = visit()
    browser.login(username=name)
    assert browser.saml_response


def test_wrong_answers_bring_the_page_back(visit: Visit) -> None:
    browser = visit()
    assert browser.error == ""
    browser.login("wrong")
    assert (browser.page.status_code, browser.error) == (200, pages.WRONG_PASSWORD)
    browser.login(username="ada")
    assert browser.error == pages.NAME_FORMAT
    browser.login(username="bob@example.com")
    assert browser.error == pages.WRONG_PASSWORD
    browser.login()
    assert browser.saml_response
    assert browser.rehearsal.violations == []


def test_who_is_signed_in_gets_the_next_token_at_once(visit: Visit) -> None:
    browser = visit("oath")
    browser.login()
    browser.open()  # the password was enough to be known, and not to be let in
    browser.go_on(OathCode=browser.rehearsal.code())
    browser.open()
    assert browser.saml_response
    assert browser.rehearsal.adfs.passwords.total() == 1
    assert browser.rehearsal.adfs.assertions == 2
    assert browser.rehearsal.violations == []


def test_staying_signed_in(visit: Visit) -> None:
    browser = visit()
    fields = successful(browser.one("form#loginForm"), {"Password": browser.rehearsal.password})
    fields[0] = ("UserName", browser.rehearsal.username)
    browser.post(browser.action("Password"), [*fields, ("Kmsi", "true")])
    assert browser.saml_response
    assert browser.rehearsal.adfs.kept == 1
    (cookie,) = (cookie for cookie in browser.session.cookies if cookie.name == "MSISAuth")
    assert cookie.expires is not None


def login_fields(browser: ADFSBrowser) -> Fields:
    fields = dict(successful(browser.one("form#loginForm"), {}))
    fields |= {"UserName": browser.rehearsal.username, "Password": browser.rehearsal.password}
    return list(fields.items())


Spoil = Callable[[Fields], Fields]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda fields: [*fields, ("UserName", "")], "The field UserName was posted 2 times."),
        (lambda fields: [*fields, ("Kmsi", "")], "The field Kmsi did not come back"),
        (lambda fields: [*fields, ("SAMLRequest", "x")], "SAMLRequest was posted, which is not in"),
        (lambda fields: fields[:-1], "The field AuthMethod is missing."),
        (
            lambda fields: [*fields[:-1], ("AuthMethod", "WindowsAuthentication")],
            "The field AuthMethod did not come back as the page had it.",
        ),
    ],
)
def test_a_form_comes_back_as_it_was(visit: Visit, spoil: Spoil, sentence: str) -> None:
    browser = visit()
    page = browser.post(browser.action("Password"), spoil(login_fields(browser)))
    assert page.status_code == 400
    (violation,) = browser.rehearsal.violations
    assert sentence in violation
    assert browser.rehearsal.adfs.passwords == {browser.rehearsal.password: 1}
    assert browser.rehearsal.adfs.assertions == 0


def test_a_field_that_is_there_twice_is_what_2019_says_it_is(visit: Visit) -> None:
    browser = visit()
    browser.post(
        browser.action("Password"), [*login_fields(browser), ("UserName", "ada@example.com")]
    )
    shown = browser.one("#errorArea #errorMessage").get_text()
    assert shown.startswith('Duplicate post parameter "UserName"')
    assert re.search(r"Activity ID: [0-9a-f-]{36}", browser.text)


def test_a_form_is_posted_once_and_as_a_form(visit: Visit) -> None:
    browser = visit()
    url, fields = browser.action("Password"), login_fields(browser)
    browser.session.post(url, json=dict(fields))
    browser.login()
    browser.post(url, fields)
    json, again = browser.rehearsal.violations
    assert "Content-Type" in json
    assert "a form can be posted once" in again


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://adfs.example.com/adfs/ls/", "No page led to this address."),
        ("https://adfs.example.com/adfs/ls/idpinitiatedsignon?x=1", "parameters that are strange"),
        ("https://adfs.example.com/adfs/portal/updatepassword/", "No page led to this address."),
    ],
)
def test_no_page_led_there(visit: Visit, url: str, sentence: str) -> None:
    browser = visit()
    browser.open(url)
    assert sentence in browser.rehearsal.violations[0]


def test_an_address_without_its_transaction_takes_no_password(visit: Visit) -> None:
    browser = visit()
    browser.post(browser.page.url, login_fields(browser))
    assert "No page led to this address." in browser.rehearsal.violations[0]


def test_strange_cookies_are_noticed(visit: Visit) -> None:
    browser = visit()
    browser.session.cookies.set("SID", "google's", domain=HOST, path="/")
    browser.open()
    assert "The cookie SID was never set so." in browser.rehearsal.violations[0]


def test_a_page_of_a_session_wants_its_cookies(visit: Visit) -> None:
    browser = visit("oath")
    browser.login()
    browser.session.cookies.clear()
    browser.open(browser.page.url)
    assert "without the cookies of its session" in browser.rehearsal.violations[0]


def test_half_the_cookies_are_half_a_sign_in(visit: Visit) -> None:
    browser = visit("oath")
    browser.login()
    browser.go_on(OathCode=browser.rehearsal.code())
    assert browser.saml_response
    (second,) = (cookie for cookie in browser.session.cookies if cookie.name == "MSISAuth1")
    browser.session.cookies.clear(second.domain, second.path, second.name)
    browser.open()
    assert browser.form("Password")


def test_a_loop_is_noticed(visit: Visit) -> None:
    now = [1_800_000_000.0]
    browser = visit(clock=lambda: now[0])
    browser.login()
    for _ in range(4):
        browser.open()
        assert browser.saml_response
    browser.open()
    assert "MSIS7042" in browser.text
    now[0] += 21
    browser.open()
    assert browser.saml_response


def test_windows_is_asked_for_a_ticket(visit: Visit) -> None:
    browser = visit()
    browser.session.headers["User-Agent"] = WIA_AGENT
    page = browser.open()
    assert (page.status_code, urlsplit(page.url).path) == (401, "/adfs/ls/wia")
    assert "Negotiate" in page.headers["WWW-Authenticate"]
    assert page.content == b""


def test_without_forms_everybody_is(visit: Visit) -> None:
    assert visit("kerberos").page.status_code == 401


@pytest.mark.parametrize(
    ("mfa", "text"), [("disabled", pages.DISABLED), ("unknown-rp", pages.UNKNOWN_RP)]
)
def test_an_error_page_instead_of_a_sign_in(visit: Visit, mfa: str, text: str) -> None:
    browser = visit(mfa)
    assert browser.one("#errorMessage").get_text() == text


def test_the_relying_party_has_one_name(visit: Visit) -> None:
    browser = visit(relying_party="urn:amazon:webservices2")
    assert browser.one("#errorMessage").get_text() == pages.UNKNOWN_RP
    browser.open(browser.entry(loginToRp="urn:amazon:webservices2"))
    assert browser.form("Password")


def test_a_person_who_may_not_use_aws(visit: Visit) -> None:
    browser = visit("refused-rp")
    browser.login()
    assert browser.one("#errorMessage").get_text() == pages.REFUSED_RP
    assert browser.rehearsal.adfs.assertions == 0


def test_a_password_that_is_too_old(visit: Visit) -> None:
    browser = visit("expired")
    browser.login()
    assert urlsplit(browser.page.url).path == "/adfs/portal/updatepassword/"
    assert len(browser.soup.select("input[type=password]")) == 3


def test_a_token_of_the_other_protocol(visit: Visit) -> None:
    browser = visit("wsfed")
    browser.login()
    names = [str(field["name"]) for field in browser.soup.select("[type=hidden]")]
    assert names == ["wa", "wresult", "wctx"]


def test_an_empty_response(visit: Visit) -> None:
    browser = visit("empty")
    browser.login()
    assert browser.saml_response == ""


def test_the_list_of_services(visit: Visit) -> None:
    browser = visit("landing")
    assert [option.get_text() for option in browser.soup.select("form#idpForm option")] == [
        "Payroll",
        "Travel & expenses",
    ]


def test_a_page_that_breaks_off(visit: Visit) -> None:
    browser = visit("truncated")
    assert browser.page.text.rstrip().endswith('<form method="post"')


def test_a_form_that_leads_astray(visit: Visit) -> None:
    assert visit("astray").action("Password").startswith(f"https://{HOST}.evil.example/")


def test_where_a_person_comes_from(visit: Visit) -> None:
    browser = visit("hrd")
    assert browser.soup.select("input[name=Password]") == []
    browser.from_realm("AD AUTHORITY")
    browser.login()
    assert browser.saml_response
    assert browser.rehearsal.violations == []


def test_a_realm_elsewhere_is_elsewhere(visit: Visit) -> None:
    browser = visit("hrd")
    form = browser.one("form#hrd")
    (_, partner) = pages.REALMS
    page = browser.session.post(
        str(form["action"]), data={"HomeRealmSelection": partner}, allow_redirects=False
    )
    assert page.headers["Location"] == ELSEWHERE


def test_the_realm_can_be_in_the_address(visit: Visit) -> None:
    browser = visit("hrd")
    browser.open(browser.entry(RedirectToIdentityProvider="AD AUTHORITY"))
    assert browser.form("Password")
    browser.open(browser.entry(RedirectToIdentityProvider="nowhere"))
    assert browser.one("#errorMessage").get_text() == pages.UNKNOWN_REALM
    assert browser.rehearsal.violations == []


def test_a_realm_that_is_not_on_the_page(visit: Visit) -> None:
    browser = visit("hrd")
    browser.from_realm("nowhere")
    assert "HomeRealmSelection did not come back" in browser.rehearsal.violations[0]


def test_a_page_for_the_name_and_one_for_the_password_in_one(visit: Visit) -> None:
    browser = visit("paginated")
    assert browser.one("form#loginFormPaginated input[name=UserName][type=email]")
    browser.login("wrong")
    assert browser.error == pages.WRONG_PASSWORD
    browser.login()
    assert browser.saml_response
    assert browser.rehearsal.violations == []


def test_a_page_for_the_name_and_then_one_for_the_password(visit: Visit) -> None:
    browser = visit("paginated-two")
    assert browser.soup.select("input[name=Password]") == []
    fields = successful(
        browser.one("form#loginFormPaginated"), {"UserName": browser.rehearsal.username}
    )
    browser.post(str(browser.one("form#loginFormPaginated")["action"]), fields)
    assert browser.one("#userNameInputHolder")["value"] == browser.rehearsal.username
    browser.login("wrong")
    assert browser.error == pages.WRONG_PASSWORD
    browser.login()
    assert browser.saml_response
    assert browser.rehearsal.violations == []


def test_the_page_of_2_0(visit: Visit) -> None:
    browser = visit("adfs2")
    area = "ctl00$ContentPlaceHolder1$"
    answers = {
        f"{area}UsernameTextBox": browser.rehearsal.username,
        f"{area}PasswordTextBox": browser.rehearsal.password,
    }
    form = browser.form(f"{area}PasswordTextBox")
    fields = [(name, answers.get(name, value)) for name, value in successful(form, {})]
    browser.post(str(form["action"]), fields)
    assert browser.saml_response
    assert browser.rehearsal.adfs.passwords == {browser.rehearsal.password: 1}
    assert browser.rehearsal.violations == []


def test_a_certificate_in_place_of_a_password(visit: Visit) -> None:
    browser = visit("certificate")
    page = browser.follow("CertificateAuthentication")
    assert browser.action("Context").startswith(f"https://{CERTIFICATES}:443/adfs/ls/")
    with pytest.raises(requests.exceptions.ConnectionError, match=r"(?i)certificate.required"):
        browser.go_on()
    browser.page = page
    browser.session.cert = str(browser.rehearsal.client_certificate)
    browser.go_on()
    assert urlsplit(browser.page.url).hostname == HOST
    assert browser.saml_response
    assert browser.rehearsal.adfs.passwords.total() == 0
    assert browser.rehearsal.violations == []


def test_who_shows_no_certificate_learns_of_it_even_while_writing(visit: Visit) -> None:
    rehearsal = visit("certificate").rehearsal
    port = rehearsal.proxy.port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"CONNECT {CERTIFICATES}:443 HTTP/1.1\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        context = ssl.create_default_context(cafile=rehearsal.bundle)
        with context.wrap_socket(connection, server_hostname=CERTIFICATES) as secured:
            select.select([secured], [], [], 30)  # the answer to the handshake is there
            for _ in range(100):
                secured.sendall(b"GET / HTTP/1.1\r\n")
            with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
                while secured.recv(4096):
                    pass


def test_the_transaction_is_in_each_address(visit: Visit) -> None:
    browser = visit()
    first = parse_qs(urlsplit(browser.action("Password")).query)["client-request-id"]
    browser.open()
    assert parse_qs(urlsplit(browser.action("Password")).query)["client-request-id"] != first
