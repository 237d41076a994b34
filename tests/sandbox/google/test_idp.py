from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from samlauth.sandbox.google import REJECTED, UNHEARD_OF
from samlauth.sandbox.rehearsal import Rehearsal

from ..browser import Browser, Fields


def test_the_whole_way(browser: Browser) -> None:
    google, rehearsal = browser.rehearsal.google, browser.rehearsal
    response = browser.sign_in()
    assert b"https://accounts.google.com/o/saml2?idpid=C01rehearsal" in base64.b64decode(response)
    assert google.violations == []
    assert google.usernames == {rehearsal.username: 1}
    assert google.passwords == {rehearsal.password: 1}
    assert google.codes.total() == 1
    assert set(google.bgresponses) == {"js_disabled"}
    assert google.assertions == 1
    assert [contact.host for contact in rehearsal.proxy_log] == ["accounts.google.com"]
    form = browser.form("SAMLResponse")
    assert form["action"] == "https://signin.aws.amazon.com/saml"
    assert form.find("input", attrs={"name": "RelayState"}) is not None


def test_the_families_differ_where_google_does() -> None:
    paths: dict[str, list[str]] = {}
    for family in ("g2", "v3"):
        with (
            Rehearsal(pages="g2" if family == "g2" else "v3") as rehearsal,
            Browser(rehearsal) as browser,
        ):
            browser.open()
            seen = [urlsplit(browser.page.url).path, browser.action(browser.address_field)]
            browser.identify()
            seen.append(browser.action("Passwd"))
            browser.submit("Passwd", rehearsal.password)
            seen.append(browser.action("Pin"))
            paths[family] = [urlsplit(url).path for url in seen]
    assert paths == {
        "g2": [
            "/ServiceLogin",
            "/signin/v1/lookup",
            "/signin/challenge/pwd/1",
            "/signin/challenge/totp/2",
        ],
        "v3": [
            "/v3/signin/identifier",
            "/v3/signin/identifier",
            "/v3/signin/challenge/pwd",
            "/v3/signin/challenge/totp",
        ],
    }


def error(browser: Browser) -> str:
    """The text a person would see beside the field, by either family's markup."""
    found = browser.soup.select_one(
        "#passwordError, #errorMsg, .error-msg, label:has([aria-invalid=true]) ~ div [jsname=B34EJ],"
        "[jsname=h9d3hd] [jsname=B34EJ]"
    )
    return found.get_text(strip=True) if found else ""


def test_wrong_answers_bring_the_page_back_with_an_error(browser: Browser) -> None:
    rehearsal, google = browser.rehearsal, browser.rehearsal.google
    browser.open()
    assert error(browser) == ""
    browser.identify("bob@example.com")
    assert "No such account" in error(browser)
    browser.identify(f" {rehearsal.username.upper()} ")
    assert error(browser) == ""
    browser.submit("Passwd", "wrong")
    assert "not the password" in error(browser)
    browser.submit("Passwd", rehearsal.password)
    assert error(browser) == ""
    browser.submit("Pin", "000000")
    assert "code is wrong" in error(browser)
    code = rehearsal.code()
    browser.submit("Pin", f"{code[:3]} {code[3:]}")
    assert browser.saml_response
    assert google.violations == []
    assert google.passwords == {"wrong": 1, rehearsal.password: 1}
    assert google.codes == {"000000": 1, f"{code[:3]} {code[3:]}": 1}


def test_a_code_is_good_for_one_sign_in(browser: Browser) -> None:
    browser.sign_in()
    (used,) = browser.rehearsal.google.codes
    with Browser(browser.rehearsal) as other:
        other.open()
        other.identify()
        other.submit("Passwd", browser.rehearsal.password)
        other.submit("Pin", used)
        assert "used before" in error(other)


def test_a_wrong_password_page_says_invalid_in_v3() -> None:
    with Rehearsal(pages="v3") as rehearsal, Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        browser.submit("Passwd", "wrong")
        (invalid,) = browser.soup.select("[aria-invalid=true]")
        assert invalid["name"] == "Passwd"


def test_who_is_signed_in_goes_straight_to_the_assertion(browser: Browser) -> None:
    browser.sign_in()
    page = browser.open()
    assert (page.status_code, len(page.history)) == (200, 0)
    assert browser.saml_response
    assert browser.rehearsal.google.passwords.total() == 1
    assert browser.rehearsal.google.violations == []


def test_forced_authentication_asks_again(browser: Browser) -> None:
    browser.sign_in()
    browser.open(browser.entry().replace("forceauthn=false", "forceauthn=true"))
    browser.identify()
    browser.submit("Passwd", browser.rehearsal.password)
    browser.submit("Pin", browser.rehearsal.code())
    assert browser.saml_response
    assert browser.rehearsal.google.passwords.total() == 2
    assert browser.rehearsal.google.violations == []


def test_a_page_may_be_fetched_again(browser: Browser) -> None:
    browser.open()
    browser.open(browser.page.url)
    browser.identify()
    browser.submit("Passwd", browser.rehearsal.password)
    browser.open(browser.page.url)
    browser.submit("Pin", browser.rehearsal.code())
    browser.open(browser.page.url)
    assert browser.saml_response
    assert browser.rehearsal.google.violations == []


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"spid": "999999999999"}, 403, "app_not_configured"),
        ({"idpid": "C09other"}, 403, "app_not_configured"),
        ({"spid": "000111000405"}, 400, "not_a_saml_app"),
        ({"spid": "000111000403"}, 403, "app_not_configured_for_user"),
        ({"spid": "000111000404"}, 403, "app_not_enabled_for_user"),
    ],
)
def test_an_app_that_cannot_be_used_is_named(
    rehearsal: Rehearsal, changed: dict[str, str], status: int, code: str
) -> None:
    with Browser(rehearsal) as browser:
        browser.open(browser.entry(**changed))
        if browser.page.status_code == 200:  # those that depend on the person
            browser.identify()
            browser.submit("Passwd", rehearsal.password)
            browser.submit("Pin", rehearsal.code())
        assert browser.page.status_code == status
        assert f">{code}<" in browser.page.text
    assert rehearsal.google.assertions == 0
    assert rehearsal.google.violations == []


def test_the_rejected_and_the_unheard_of(browser: Browser) -> None:
    browser.open()
    browser.identify(REJECTED)
    assert urlsplit(browser.page.url).path.endswith("/signin/rejected")
    assert browser.page.status_code == 200
    browser.open()
    browser.identify(UNHEARD_OF)
    assert "/challenge/aviary" in browser.page.url
    assert browser.page.status_code == 200
    assert browser.rehearsal.google.violations == []


def test_v3_pages_hold_the_traps_of_the_real_ones() -> None:
    with Rehearsal(pages="v3") as rehearsal, Browser(rehearsal) as browser:
        browser.open()
        assert browser.soup.select_one("input[name=hiddenPassword]:not([value])")
        browser.identify()
        assert browser.soup.select_one("section[aria-hidden=true]")
        assert browser.soup.select_one('input[name=""]')
        assert browser.soup.select_one("button[name=action][value='3']")
        browser.open(
            "https://accounts.google.com"
            + browser.page.text.split("url=")[1].split('"')[0].replace("&amp;", "&")
        )
        assert browser.page.status_code == 400
    assert rehearsal.google.violations == ["GET /v3/signin/rejected: No page led to this address."]


# What no browser sends. Each case takes the password page and does one thing wrong.

Change = Callable[[Fields], Fields]


def with_value(name: str, value: str) -> Change:
    return lambda fields: [(n, value if n == name else v) for n, v in fields]


def without(name: str) -> Change:
    return lambda fields: [(n, v) for n, v in fields if n != name]


def plus(name: str, value: str) -> Change:
    return lambda fields: [*fields, (name, value)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_value("TL", "stale"), "The field TL did not come back as the page had it."),
        (with_value("gxf", "stale:1"), "The field gxf did not come back as the page had it."),
        (with_value("ifkv", ""), "The field ifkv did not come back as the page had it."),
        (with_value("continue", "/"), "The field continue did not come back as the page had it."),
        (without("challengeId"), "The field challengeId is missing."),
        (without("Email"), "The field Email is missing."),
        (plus("bgresponse", "x"), "The field bgresponse was posted, which is not in the form."),
        (
            plus("subAction", "requestHelp"),
            "The field subAction was posted, which is not in the form.",
        ),
        (plus("TL", "again"), "The field TL was posted 2 times."),
    ],
)
def test_g2_forms_come_back_exactly(change: Change, sentence: str) -> None:
    with Rehearsal(pages="g2") as rehearsal, Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        answer = browser.post(
            browser.action("Passwd"), change(browser.fields("Passwd", rehearsal.password))
        )
        assert answer.status_code == 400
        assert rehearsal.password not in answer.text
    assert f"POST /signin/challenge/pwd/1: {sentence}" in rehearsal.google.violations
    assert rehearsal.google.passwords == {rehearsal.password: 1}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (with_value("at", "stale:1"), "The field at did not come back as the page had it."),
        (
            with_value("identifier", ""),
            "The field identifier did not come back as the page had it.",
        ),
        (without("bgresponse"), "The field bgresponse is missing."),
        (without("historicalPassword"), "The field historicalPassword is missing."),
        (plus("", "x"), "A field without a name was posted; a browser leaves those out."),
        (plus("usi", "x"), "The field usi was posted, which is not in the form."),
        (with_value("action", "2"), "The field action did not come back as the page had it."),
    ],
)
def test_v3_forms_come_back_exactly(rehearsal: Rehearsal, change: Change, sentence: str) -> None:
    with Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        answer = browser.post(
            browser.action("Passwd"), change(browser.fields("Passwd", rehearsal.password))
        )
        assert answer.status_code == 400
    assert rehearsal.google.violations == [f"POST /v3/signin/challenge/pwd: {sentence}"]


@pytest.mark.parametrize("name", ["TL", "ifkv", "dsh", "continue", "cid"])
def test_the_query_of_a_v3_action_comes_back_exactly(rehearsal: Rehearsal, name: str) -> None:
    with Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        action = browser.action("Passwd").replace(f"{name}=", f"{name}=0", 1)
        answer = browser.post(action, browser.fields("Passwd", rehearsal.password))
        assert answer.status_code == 400
    assert rehearsal.google.violations == [
        "POST /v3/signin/challenge/pwd: "
        "The query of the action did not come back as the page had it."
    ]


def test_v3_leaves_the_button_to_the_client(rehearsal: Rehearsal) -> None:
    with Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        browser.post(
            browser.action("Passwd"),
            without("action")(browser.fields("Passwd", rehearsal.password)),
        )
        assert browser.fields("Pin", "")
    assert rehearsal.google.violations == []


def violation(browser: Browser) -> str:
    assert browser.page.status_code == 400
    (sentence,) = browser.rehearsal.google.violations
    return sentence.split(": ", 1)[1]


def test_a_form_is_posted_once(browser: Browser) -> None:
    browser.open()
    browser.identify()
    action, fields = browser.action("Passwd"), browser.fields("Passwd", browser.rehearsal.password)
    browser.session.post(action, data=fields, allow_redirects=False)
    browser.post(action, fields)
    assert violation(browser) == "No page with a form is open; a form can be posted once."
    assert browser.rehearsal.google.passwords == {browser.rehearsal.password: 2}


def test_state_of_an_earlier_page_is_stale(browser: Browser) -> None:
    browser.open()
    browser.identify()
    action, fields = browser.action("Passwd"), browser.fields("Passwd", "wrong")
    browser.post(action, fields)
    browser.post(action, fields)
    assert browser.page.status_code == 400
    assert browser.rehearsal.google.violations


def test_steps_come_in_order(browser: Browser) -> None:
    browser.open()
    path = "/signin/challenge/pwd/9"
    browser.post(f"https://accounts.google.com{path}", [("Passwd", "x")])
    assert violation(browser).startswith("The form of the page is posted to /")
    assert browser.rehearsal.google.passwords == {"x": 1}


def test_the_forms_that_lead_away_are_violations() -> None:
    with Rehearsal(pages="g2") as rehearsal, Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        browser.send("subAction", "requestHelp")
        assert violation(browser) == "The form leads away from the sign-in."


def test_the_content_type_is_a_forms(browser: Browser) -> None:
    browser.open()
    browser.identify()
    browser.post(
        browser.action("Passwd"),
        browser.fields("Passwd", "x"),
        **{"Content-Type": "text/plain"},
    )
    assert violation(browser) == "The Content-Type is not application/x-www-form-urlencoded."


def test_cookies_come_back(browser: Browser) -> None:
    browser.open()
    browser.session.cookies.clear()
    browser.identify()
    assert violation(browser) == "The cookie __Host-GAPS was not sent."


def test_a_renewed_cookie_replaces_the_old_one(browser: Browser) -> None:
    browser.open()
    before = browser.session.cookies["__Host-GAPS"]
    browser.identify()
    assert browser.session.cookies["__Host-GAPS"] != before
    browser.session.cookies.set(
        "__Host-GAPS", before, domain="accounts.google.com", path="/", secure=True
    )
    browser.submit("Passwd", "x")
    assert violation(browser) == "The cookie __Host-GAPS is not the one that was set last."


@pytest.mark.parametrize(
    ("extra", "name"),
    [("; NID=1", "NID"), ("; other=1", "other"), ("; __Host-GAPS=1", "__Host-GAPS")],
)
def test_cookies_come_once_and_no_others(browser: Browser, extra: str, name: str) -> None:
    browser.open()
    jar = "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies)
    browser.post(
        browser.action(browser.address_field),
        browser.fields(browser.address_field, "x"),
        Cookie=jar + extra,
    )
    assert violation(browser).startswith(f"The cookie {name} is not ")


def test_a_cookie_comes_once_even_with_its_value(browser: Browser) -> None:
    browser.open()
    jar = "; ".join(f"{c.name}={c.value}" for c in browser.session.cookies)
    browser.post(
        browser.action(browser.address_field),
        browser.fields(browser.address_field, "x"),
        Cookie=f"{jar}; NID={browser.session.cookies['NID']}",
    )
    assert violation(browser) == "The cookie NID is not as it was set."


def test_the_cookies_of_the_domain_come_too(browser: Browser) -> None:
    browser.open()
    browser.session.cookies.clear(".google.com")
    browser.identify()
    assert violation(browser) == "The cookie NID is not as it was set."


@pytest.mark.parametrize("addition", ["&spid=000111000111", "&passive=true"])
def test_the_entry_address_is_plain(rehearsal: Rehearsal, addition: str) -> None:
    with Browser(rehearsal) as browser:
        browser.open(browser.entry() + addition)
        assert violation(browser) == (
            "The entry address has parameters that are strange or there twice."
        )


def test_an_address_no_page_led_to(browser: Browser) -> None:
    browser.open()
    browser.open("https://accounts.google.com/signin/challenge/totp/2")
    assert violation(browser) == "No page led to this address."


def test_an_address_is_fetched_byte_for_byte(browser: Browser) -> None:
    browser.open()
    browser.open(f"{browser.page.url}&hl=en")
    assert violation(browser) == "No page led to this address."


def test_the_way_back_needs_the_sign_in(rehearsal: Rehearsal) -> None:
    with Browser(rehearsal) as browser:
        browser.open()
        browser.open(browser.entry() + "&from_login=1&as=guessed")
        assert violation(browser) == "No page led to this address."


def test_the_host_is_googles(rehearsal: Rehearsal) -> None:
    with Browser(rehearsal) as browser:
        browser.page = browser.session.get(browser.entry(), headers={"Host": "evil.example"})
        assert violation(browser) == "The Host header names evil.example."


def test_a_browsers_own_requests_are_no_violation(rehearsal: Rehearsal) -> None:
    with Browser(rehearsal) as browser:
        answer: requests.Response = browser.open("https://accounts.google.com/favicon.ico")
        assert answer.status_code == 404
    assert rehearsal.google.violations == []
