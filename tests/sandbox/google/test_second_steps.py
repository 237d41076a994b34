"""Every second step, and every page on the way, as a browser without scripts goes through it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from samlauth.sandbox.google.authzen import HOST, PATH
from samlauth.sandbox.google.methods import Family, Mfa
from samlauth.sandbox.google.pages import API_KEY, DEMAND, DENIED, LATE, REFUSED, UNASKED, Markup
from samlauth.sandbox.phone import MASKED, NUMBER
from samlauth.sandbox.rehearsal import Rehearsal

from ..browser import Browser

Visit = Callable[..., Browser]


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Starts a rehearsal and signs in up to the second step; nothing may be out of order."""
    with ExitStack() as stack:
        browsers: list[Browser] = []

        def visit(
            mfa: Mfa, pages: Family | None = None, *, up_to: str = "challenge", **options: object
        ) -> Browser:
            rehearsal = stack.enter_context(
                Rehearsal(mfa=mfa, pages=pages, **options)  # type: ignore[arg-type]  # the tests name its own
            )
            browser = stack.enter_context(Browser(rehearsal))
            browsers.append(browser)
            browser.open()
            if up_to != "entry":
                browser.identify()
            if up_to == "challenge":
                browser.submit("Passwd", rehearsal.password)
            return browser

        yield visit
        for browser in browsers:
            assert browser.rehearsal.google.violations == []


both = pytest.mark.parametrize("pages", ["g2", "v3"])


@both
@pytest.mark.parametrize("mfa", ["sms", "voice"])
def test_a_message_is_sent_by_its_own_post(visit: Visit, pages: Family, mfa: Mfa) -> None:
    browser = visit(mfa, pages)
    phone, google = browser.rehearsal.phone, browser.rehearsal.google
    means = "SMS" if mfa == "sms" else "VOICE"
    assert MASKED in browser.text
    assert browser.soup.select_one("[name=Pin]") is None
    assert phone.messages == []
    browser.press("SendMethod", means)
    assert phone.messages == [means]
    assert UNASKED in browser.text
    browser.submit("Pin", "000000")
    assert REFUSED["code"] in browser.text
    browser.submit("Pin", phone.code)
    assert browser.saml_response
    assert google.codes == {"000000": 1, phone.code: 1}
    assert len(google.trusted) == 4  # the boxes are ticked, and a browser sends them


def test_a_message_can_be_sent_again(visit: Visit) -> None:
    browser = visit("sms", "g2")
    phone = browser.rehearsal.phone
    browser.press("SendMethod", "SMS")
    first = phone.code
    browser.press("SendMethod", "SMS", Pin="")
    assert phone.messages == ["SMS", "SMS"]
    assert phone.code != first
    browser.submit("Pin", phone.code)
    assert browser.saml_response


def test_a_code_does_not_come_with_a_wish_for_another(visit: Visit) -> None:
    browser = visit("sms", "g2")
    browser.press("SendMethod", "SMS")
    assert browser.press("SendMethod", "SMS", Pin="1").status_code == 400
    (violation,) = browser.rehearsal.google.violations
    assert violation.endswith("A code came with SendMethod, which asks for another one.")
    browser.rehearsal.google.violations.clear()


def test_a_code_that_was_not_sent_is_wrong(visit: Visit) -> None:
    browser = visit("sms", "g2")
    browser.press("SendMethod", "SMS")
    browser.submit("Pin", browser.rehearsal.phone.upcoming(1)[0])
    assert REFUSED["code"] in browser.text


@both
@pytest.mark.parametrize("mfa", ["backup", "ootp", "skotp"])
def test_codes_from_elsewhere(visit: Visit, pages: Family, mfa: Mfa) -> None:
    browser = visit(mfa, pages)
    person = browser.rehearsal.person
    codes = {"backup": person.backup, "ootp": person.offline, "skotp": person.key}[mfa]
    kind = {"backup": "bc"}.get(mfa, mfa)
    assert f"/challenge/{kind}" in browser.action("Pin")
    browser.submit("Pin", "1")
    assert REFUSED["code"] in browser.text
    right = codes.code()
    browser.submit("Pin", f"{right[:4]} {right[4:]}")
    assert browser.saml_response
    assert codes.code() != right


@both
def test_a_device_prompt_is_asked_about_by_posting_again(visit: Visit, pages: Family) -> None:
    browser = visit("dp", pages)
    phone = browser.rehearsal.phone
    for _ in range(3):
        before = browser.page.text
        browser.send("TrustDevice")
        assert browser.soup.select_one("[jsname=NhJ5Dd]")
        assert browser.page.text != before  # the state is new
    assert phone.shows == ""
    phone.tap()
    browser.send("TrustDevice")
    assert browser.saml_response
    assert len(phone.prompts) == 1


@pytest.mark.parametrize(
    ("pages", "markup", "selector"),
    [
        ("g2", None, "div[jsname=feLNVc]"),
        ("v3", None, "samp[jsname=feLNVc]"),
        ("g2", "samp", "samp[jsname=feLNVc]"),
        ("g2", "EKvSSd", "div[jsname=EKvSSd]"),
        ("v3", "strong", "[jsname=NhJ5Dd] strong:last-of-type"),
    ],
)
def test_a_number_to_tap(visit: Visit, pages: Family, markup: Markup | None, selector: str) -> None:
    browser = visit("number", pages, markup=markup)
    phone = browser.rehearsal.phone
    (shown,) = browser.soup.select(selector)
    assert shown.get_text() == phone.shows
    assert phone.tap(phone.shows)


@both
def test_the_number_changes_once(visit: Visit, pages: Family) -> None:
    browser = visit("number", pages)
    phone = browser.rehearsal.phone
    seen = []
    for _ in range(4):
        seen.append(phone.shows)
        assert phone.shows in browser.text
        browser.send("TrustDevice")
    first, _, last, _ = seen
    assert seen == [first, first, last, last]
    assert first != last
    assert phone.tap(first)  # whoever was slow to look is not punished
    browser.send("TrustDevice")
    assert browser.saml_response


@both
def test_a_wrong_number_is_a_no(visit: Visit, pages: Family) -> None:
    browser = visit("number", pages)
    assert not browser.rehearsal.phone.tap()
    browser.send("TrustDevice")
    assert DENIED in browser.text


@both
def test_a_prompt_that_nobody_answers_ends(visit: Visit, pages: Family) -> None:
    browser = visit("dp", pages, prompt_seconds=0)
    browser.send("TrustDevice")
    assert LATE in browser.text


def poll(browser: Browser, **changed: object) -> requests.Response:
    found = browser.soup.select_one("[data-tx-id]")
    assert found is not None
    request: dict[str, Any] = {
        "json": {"txId": found["data-tx-id"]},
        "params": {"alt": "json", "key": found["data-api-key"]},
        **changed,
    }
    return browser.session.post(f"https://{HOST}{PATH}", **request)


def test_the_poll_host_answers_once_the_person_did(visit: Visit) -> None:
    browser = visit("prompt", poll_seconds=0)
    rehearsal, phone = browser.rehearsal, browser.rehearsal.phone
    first, main, skip = browser.soup.find_all("form", method="POST")
    assert (first.parent or main)["id"] == "signInRestart"
    assert (main["id"], skip["action"]) == ("challenge", "/signin/challenge/skip")
    assert poll(browser).status_code == 500
    assert poll(browser).status_code == 500
    phone.tap()
    answer = poll(browser)
    assert answer.status_code == 200
    browser.submit("token", answer.json()["txToken"])
    assert browser.saml_response
    assert rehearsal.poll.polls == 3
    assert [contact.host for contact in rehearsal.proxy_log] == ["accounts.google.com", HOST]


def test_the_poll_host_keeps_a_request_until_then(visit: Visit) -> None:
    browser = visit("prompt", poll_seconds=30)
    tapping = threading.Timer(0.1, browser.rehearsal.phone.tap)
    tapping.start()
    assert poll(browser).status_code == 200
    tapping.join()


def test_a_denied_prompt_has_a_token_too(visit: Visit) -> None:
    browser = visit("prompt", poll_seconds=0)
    browser.rehearsal.phone.deny()
    browser.submit("token", poll(browser).json()["txToken"])
    assert DENIED in browser.text


def test_a_prompt_can_be_sent_again(visit: Visit) -> None:
    browser = visit("prompt", poll_seconds=0)
    phone = browser.rehearsal.phone
    states = {str(tag["value"]) for tag in browser.soup.select("input[name=TL]")}
    assert len(states) == 3  # to answer, to have it sent again, to go another way
    browser.send("subAction", "startChallenge")
    assert len(phone.prompts) == 2
    phone.tap()
    browser.submit("token", poll(browser).json()["txToken"])
    assert browser.saml_response


@pytest.mark.parametrize("tapped", [False, True])
def test_a_form_without_the_token_is_too_late(visit: Visit, tapped: bool) -> None:
    browser = visit("prompt")
    if tapped:
        browser.rehearsal.phone.tap()
    browser.submit("token", "")
    assert LATE in browser.text
    assert browser.form("subAction", "startChallenge")


def test_a_made_up_token_is_a_violation(visit: Visit) -> None:
    browser = visit("prompt")
    assert browser.submit("token", "made up").status_code == 400
    (violation,) = browser.rehearsal.google.violations
    assert violation.endswith("The token is not the one the poll host gave.")
    browser.rehearsal.google.violations.clear()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"params": {"alt": "json"}}, "The query is not alt=json and the page's key."),
        ({"json": {"txId": "x"}}, "The body does not name a prompt as {“txId”: …}."),
        (
            {"json": None, "data": b"{", "headers": {"Content-Type": "application/json"}},
            "The body does not name a prompt as {“txId”: …}.",
        ),
        ({"json": None, "data": {"txId": "x"}}, "The Content-Type is not application/json."),
        ({"headers": {"Cookie": "NID=1"}}, "A cookie was sent that this host never set."),
        ({"headers": {"Host": "evil.example"}}, "The Host header names evil.example."),
    ],
)
def test_the_poll_host_is_strict(visit: Visit, changed: dict[str, Any], sentence: str) -> None:
    browser = visit("prompt")
    assert poll(browser, **changed).status_code == 400
    assert browser.rehearsal.google.violations == [f"POST {HOST}{PATH}: {sentence}"]
    browser.rehearsal.google.violations.clear()


def test_the_poll_host_has_one_address(visit: Visit) -> None:
    browser = visit("prompt")
    browser.session.get(f"https://{HOST}{PATH}?alt=json&key={API_KEY}")
    (violation,) = browser.rehearsal.google.violations
    assert violation == f"GET {HOST}{PATH}: There is nothing at this address."
    browser.rehearsal.google.violations.clear()


@both
def test_a_recovery_phone_is_confirmed_by_its_number(visit: Visit, pages: Family) -> None:
    browser = visit("kpp", pages)
    assert ("/challenge/kpp/" if pages == "g2" else "/challenge/kpe?") in browser.action(
        "phoneNumber"
    )
    browser.submit("phoneNumber", "07700 900124")
    assert REFUSED["number"] in browser.text
    browser.submit("phoneNumber", "07700 900123")
    assert browser.saml_response
    assert browser.rehearsal.google.numbers == {"07700 900124": 1, "07700 900123": 1}
    assert browser.rehearsal.phone.messages == []


@pytest.mark.parametrize("means", ["SMS", "VOICE"])
def test_any_phone_is_given_with_its_country(visit: Visit, means: str) -> None:
    browser = visit("iap")
    phone = browser.rehearsal.phone
    browser.press("sendMethod", means, phoneNumber="07700 900123", countryCode="IE")
    assert REFUSED["number"] in browser.text
    browser.press("sendMethod", means, phoneNumber="07700 900123", countryCode="GB")
    assert phone.messages == [means]
    assert UNASKED in browser.text
    browser.submit("pin", "1")
    assert REFUSED["code"] in browser.text
    browser.submit("pin", phone.code)
    assert browser.saml_response


def test_a_country_is_one_of_the_list(visit: Visit) -> None:
    browser = visit("iap")
    browser.press("sendMethod", "SMS", phoneNumber=NUMBER, countryCode="XX")
    (violation,) = browser.rehearsal.google.violations
    assert violation.endswith("The field countryCode did not come back as the page had it.")
    browser.rehearsal.google.violations.clear()


def test_the_g2_menu_is_of_forms(visit: Visit) -> None:
    browser = visit("selection", "g2")
    assert "/selectchallenge/" in browser.page.url
    entries = browser.soup.select("form[data-challengeentry]")
    idents = [str(form["data-challengeentry"]) for form in entries]
    assert len(idents) - len(set(idents)) == 1  # the telephone, by message and by call
    assert [f["action"] for f in entries if f.get("data-unavailable")] == [
        "/signin/challenge/sk/10"
    ]
    browser.send("SendMethod", "VOICE")
    assert browser.rehearsal.phone.messages == ["VOICE"]
    browser.submit("Pin", browser.rehearsal.phone.code)
    assert browser.saml_response


def test_the_v3_menu_is_one_form(visit: Visit) -> None:
    browser = visit("selection", "v3")
    assert browser.soup.select_one("noscript meta[content*=rejected]")
    usable = browser.soup.select(
        "[data-action=selectchallenge]:not([data-challengeunavailable=true]) button"
    )
    assert [
        button["value"] for button in browser.soup.select("[data-challengeunavailable] button")
    ] == [
        "10,undefined",
        "13,undefined",
    ]
    assert "3,SMS" in [button["value"] for button in usable]
    assert {b["name"] for b in usable} == {"challenge"}
    browser.press("challenge", "3,SMS")
    assert "/challenge/ipp/verify" in browser.page.url
    browser.submit("Pin", browser.rehearsal.phone.code)
    assert browser.saml_response


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([("challenge", "2,undefined"), ("challenge", "8,undefined")], "posted 2 times."),
        ([], "No button was clicked, and the form has no other way to be posted."),
        ([("challenge", "10,undefined")], "A way was chosen that is marked as out of use."),
        ([("accountrecovery", "undefined,undefined")], "The form leads away from the sign-in."),
        (
            [("challenge", "99,undefined")],
            "The field challenge did not come back as the page had it.",
        ),
    ],
)
def test_the_v3_menu_is_strict(visit: Visit, fields: list[tuple[str, str]], sentence: str) -> None:
    browser = visit("selection", "v3")
    carried = [(n, v) for n, v in browser.fields("at", "") if n == "challengeListId"]
    at = browser.form("at").find("input", attrs={"name": "at"})
    assert at is not None
    browser.post(browser.action("at"), [*carried, ("at", str(at["value"])), *fields])
    (violation,) = browser.rehearsal.google.violations
    assert violation.endswith(sentence)
    browser.rehearsal.google.violations.clear()


def test_g2_marks_what_is_out_of_use(visit: Visit) -> None:
    browser = visit("selection", "g2")
    browser.send("challengeId", "10")
    (violation,) = browser.rehearsal.google.violations
    assert violation.endswith("A way was chosen that is marked as out of use.")
    browser.rehearsal.google.violations.clear()


def another_way(browser: Browser) -> None:
    if browser.rehearsal.pages == "g2":
        form = next(f for f in browser.soup.find_all("form") if "/skip" in str(f["action"]))
        fields = [(str(i["name"]), str(i["value"])) for i in form.select("input[name]")]
        browser.post(f"https://accounts.google.com{form['action']}", fields)
    else:
        browser.press("action", "3")


def pick_authenticator(browser: Browser) -> None:
    if browser.rehearsal.pages == "g2":
        browser.send("challengeType", "6")
    else:
        browser.press("challenge", "2,undefined")


G2_STEPS = ["sms", "voice", "prompt", "number", "dp", "backup", "ootp", "skotp", "kpp", "iap",
            "admin", "key"]  # fmt: skip
V3_STEPS = ["sms", "voice", "number", "dp", "backup", "ootp", "skotp", "kpp", "admin", "key",
            "passkey"]  # fmt: skip


@pytest.mark.parametrize(
    ("pages", "mfa"), [("g2", mfa) for mfa in G2_STEPS] + [("v3", mfa) for mfa in V3_STEPS]
)
def test_every_step_has_a_way_to_the_menu(visit: Visit, pages: Family, mfa: Mfa) -> None:
    browser = visit(mfa, pages)
    another_way(browser)
    pick_authenticator(browser)
    browser.submit("Pin", browser.rehearsal.code())
    assert browser.saml_response
    assert browser.rehearsal.google.passwords.total() == 1


def test_the_authenticators_page_has_one_too(visit: Visit) -> None:
    browser = visit("totp", "v3")
    browser.press("action", "3")
    browser.press("challenge", "8,undefined")
    browser.submit("Pin", browser.rehearsal.person.backup.code())
    assert browser.saml_response


def test_another_way_than_the_password_leads_back_to_it(visit: Visit) -> None:
    browser = visit("totp", "v3", up_to="password")
    browser.press("action", "3")
    offered = [str(b["value"]) for b in browser.soup.select("button[name=challenge]")]
    assert offered == ["1,undefined", "13,undefined"]
    browser.press("challenge", "1,undefined")
    browser.submit("Passwd", browser.rehearsal.password)
    browser.submit("Pin", browser.rehearsal.code())
    assert browser.saml_response


@pytest.mark.parametrize(
    ("mfa", "pages", "field"),
    [
        ("captcha", "v3", "ca"),
        ("old-captcha", "g2", "identifier-captcha-input"),
        ("old-captcha", "g1", "identifier-captcha-input"),
    ],
)
def test_a_captcha_comes_before_the_password(
    visit: Visit, mfa: Mfa, pages: Family, field: str
) -> None:
    browser = visit(mfa, pages, up_to="password")
    google = browser.rehearsal.google
    assert REFUSED["captcha"] not in browser.text
    sources = []
    for wrong in (True, False):
        image = browser.soup.select_one("#captchaimg, .captcha-img img")
        assert image is not None
        sources.append(str(image["src"]))
        answered = requests.get(  # bound to no cookie
            f"https://accounts.google.com{image['src']}",
            proxies=browser.session.proxies,
            verify=str(browser.rehearsal.bundle),
            timeout=10,
        )
        assert answered.content.startswith(b"\x89PNG\r\n\x1a\n")
        text = google.pictures.text
        browser.submit(field, "wrong" if wrong else text.lower())
        assert (REFUSED["captcha"] in browser.text) == wrong
    assert sources[0] != sources[1]
    browser.submit("Passwd", browser.rehearsal.password)
    browser.submit("Pin", browser.rehearsal.code())
    assert browser.saml_response
    assert google.captchas == {"wrong": 1, text.lower(): 1}


def test_the_account_of_a_captcha_page_stays(visit: Visit) -> None:
    browser = visit("captcha", "v3", up_to="password")
    fields = [(n, "x" if n == "identifier" else v) for n, v in browser.fields("ca", "x")]
    browser.post(browser.action("ca"), fields)
    (violation,) = browser.rehearsal.google.violations
    assert violation.endswith("The field identifier did not come back as the page had it.")
    browser.rehearsal.google.violations.clear()


def test_a_picture_that_is_none(visit: Visit) -> None:
    browser = visit("captcha", "v3", up_to="password")
    image = browser.soup.select_one("#captchaAudio")
    assert image is not None
    url = f"https://accounts.google.com{image['src']}"
    assert browser.session.get(url).status_code == 404
    browser.open("https://accounts.google.com/Captcha?v=2&ctoken=x")
    (violation,) = browser.rehearsal.google.violations
    assert violation == "GET /Captcha: There is no picture of that token."
    browser.rehearsal.google.violations.clear()


@both
def test_the_administrators_demand_comes_with_a_way_in(visit: Visit, pages: Family) -> None:
    browser = visit("admin", pages)
    assert DEMAND in browser.text
    assert bool(browser.soup.find(id="contactAdminMessage")) == (pages == "g2")
    browser.submit("Pin", browser.rehearsal.person.backup.code())
    assert browser.saml_response


def test_the_chooser_comes_first(visit: Visit) -> None:
    for pages, field in (("g2", "Email"), ("v3", "identifier")):
        browser = visit("chooser", pages, up_to="entry")
        assert "accountchooser" in browser.page.url.lower()
        browser.press(field, browser.rehearsal.username)
        browser.submit("Passwd", browser.rehearsal.password)
        browser.submit("Pin", browser.rehearsal.code())
        assert browser.saml_response
        assert browser.rehearsal.google.usernames == {browser.rehearsal.username: 1}


@both
def test_an_interstitial_comes_last_and_once(visit: Visit, pages: Family) -> None:
    browser = visit("interstitial", pages)
    browser.submit("Pin", browser.rehearsal.code())
    assert "passkey" in browser.text
    browser.press("later", "1")
    assert browser.saml_response
    with Browser(browser.rehearsal) as again:
        assert again.sign_in()


@both
@pytest.mark.parametrize("mfa", ["key", "passkey"])
def test_a_key_never_answers(visit: Visit, pages: Family, mfa: Mfa) -> None:
    if (pages, mfa) == ("g2", "passkey"):
        pages = "v3"
    browser = visit(mfa, pages)
    browser.send("TrustDevice")
    assert REFUSED["key"] in browser.text


@pytest.mark.parametrize("pages", ["g1", "g2", "v3"])
def test_without_a_second_step(visit: Visit, pages: Family) -> None:
    browser = visit("none", pages)
    assert browser.saml_response


@pytest.mark.parametrize("pages", ["g1", "g2", "v3"])
def test_nobody_is_let_in(visit: Visit, pages: Family) -> None:
    browser = visit("rejected", pages, up_to="password")
    assert browser.page.url.partition("?")[0].endswith("/signin/rejected")


@pytest.mark.parametrize("pages", ["g1", "g2", "v3"])
def test_another_provider_is_not_here(visit: Visit, pages: Family) -> None:
    browser = visit("federated", pages, up_to="entry")
    field = browser.address_field
    fields = browser.fields(field, browser.rehearsal.username)
    answer = browser.session.post(browser.action(field), data=fields, allow_redirects=False)
    assert answer.headers["Location"].startswith("https://rehearsal.okta.example/")
    assert "rehearsal.okta.example" not in {c.host for c in browser.rehearsal.proxy_log}


def test_the_oldest_pages(visit: Visit) -> None:
    browser = visit("totp", "g1", up_to="password")
    assert browser.action("Passwd").endswith("/signin/challenge/sl/password")
    browser.submit("Passwd", "wrong")
    error = browser.soup.select_one(".error-msg")
    assert error is not None
    assert error.get_text() == REFUSED["password"]
    browser.submit("Passwd", browser.rehearsal.password)
    browser.submit("Pin", browser.rehearsal.code())
    assert browser.saml_response


def test_a_client_may_keep_the_device_to_itself(visit: Visit) -> None:
    for pages in ("g2", "v3"):
        browser = visit("totp", pages)
        fields = browser.fields("Pin", browser.rehearsal.code())
        browser.rehearsal.google.trusted.clear()
        browser.post(browser.action("Pin"), [f for f in fields if f[0] != "TrustDevice"])
        assert browser.saml_response
        assert browser.rehearsal.google.trusted == []
