"""Each second factor: right, wrong, denied, too late; and what comes back as it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import get_args

import pytest

from samlauth.sandbox.adfs import Mfa, pages
from samlauth.sandbox.adfs.adapters import ADAPTERS, CHOICE
from samlauth.sandbox.adfs.pages import DUO
from samlauth.sandbox.phone import Phone

from ..browser import successful
from .browser import ADFSBrowser
from .conftest import Visit

CODES: tuple[Mfa, ...] = (
    "azure-code",
    "azure-sms",
    "rsa",
    "rsa-v2",
    "vip",
    "vip-renamed",
    "vip-upn",
    "safenet",
    "defender",
    "oath",
    "generic",
)


def begin(visit: Visit, mfa: Mfa, **options: object) -> ADFSBrowser:
    """A sign-in at the page where the second factor is asked for."""
    browser = visit(mfa, **options)
    browser.login()
    if ADAPTERS[mfa].opens:
        browser.go_on()
    return browser


def assert_signed_in(browser: ADFSBrowser, *, codes: int) -> None:
    adfs = browser.rehearsal.adfs
    assert browser.saml_response
    assert adfs.violations == []
    assert adfs.codes.total() == codes
    assert adfs.passwords == {browser.rehearsal.password: 1}
    assert {"MSISAuth", "MSISAuth1"} <= {cookie.name for cookie in browser.session.cookies}


@pytest.mark.parametrize("mfa", CODES)
def test_a_code(visit: Visit, mfa: Mfa) -> None:
    browser = begin(visit, mfa)
    field = ADAPTERS[mfa].field
    first = browser.context
    assert browser.error == ""
    browser.go_on(**{field: "0000001"})
    assert browser.error == pages.WRONG_CODE
    assert browser.context != first
    browser.go_on(**{field: browser.rehearsal.code()})
    assert_signed_in(browser, codes=2)


def test_a_code_is_good_for_once(visit: Visit) -> None:
    browser = begin(visit, "rsa")
    code = browser.rehearsal.code()
    browser.go_on(Passcode=code)
    browser.session.cookies.clear()
    browser.open()
    browser.login()
    browser.go_on(Passcode=code)
    assert browser.error == pages.WRONG_CODE


def test_two_codes_in_a_row(visit: Visit) -> None:
    browser = begin(visit, "rsa-next")
    first = browser.rehearsal.code()
    browser.go_on(Passcode=first)
    assert browser.error == pages.NEXT_CODE
    assert browser.rehearsal.code() != first
    browser.go_on(NextCode=browser.rehearsal.code())
    assert_signed_in(browser, codes=2)


@pytest.mark.parametrize("mfa", ["rsa", "azure-code", "generic"])
def test_a_button_is_clicked(visit: Visit, mfa: Mfa) -> None:
    browser = begin(visit, mfa)
    button = ADAPTERS[mfa].button
    assert button is not None
    fields = browser.adapter_fields(**{ADAPTERS[mfa].field: "1"})
    browser.post(browser.action("Context"), [pair for pair in fields if pair != button])
    assert "No button was clicked." in browser.rehearsal.violations[0]


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda context: context.replace("+", " "),
        lambda context: context.replace("&amp;", "&"),
        lambda context: context.replace("  ", " "),
        lambda context: context + "\n",
        lambda context: "",
    ],
)
def test_the_context_comes_back_byte_for_byte(visit: Visit, spoil: Spoil) -> None:
    browser = begin(visit, "safenet")
    browser.go_on(Context=spoil(browser.context), SAFENET_PASSWORD=browser.rehearsal.code())
    (violation,) = browser.rehearsal.violations
    assert "Context did not come back as the page had it" in violation
    assert browser.one("#errorMessage").get_text() == pages.WRONG_CONTEXT


def test_the_context_of_the_page_before_is_void(visit: Visit) -> None:
    browser = begin(visit, "safenet")
    old = browser.context
    browser.go_on(SAFENET_PASSWORD="000000")
    browser.go_on(Context=old, SAFENET_PASSWORD=browser.rehearsal.code())
    assert browser.one("#errorMessage").get_text() == pages.WRONG_CONTEXT
    assert browser.rehearsal.adfs.assertions == 0


def test_the_fields_of_another_form_stay_there(visit: Visit) -> None:
    browser = begin(visit, "oath")
    fields = browser.adapter_fields(OathCode=browser.rehearsal.code())
    browser.post(browser.action("Context"), [*fields, ("AuthMethod", "")])
    assert "AuthMethod was posted 2 times" in browser.rehearsal.violations[0]


def test_no_way_around_the_second_factor(visit: Visit) -> None:
    browser = begin(visit, "oath")
    browser.open(browser.page.url)
    assert browser.form("OathCode")
    browser.open()
    assert browser.form("OathCode")
    assert browser.rehearsal.adfs.assertions == 0
    assert browser.rehearsal.violations == []


def test_a_number_to_match(visit: Visit) -> None:
    browser = visit("azure-push")
    browser.login()
    assert browser.soup.select("#validEntropyNumber") == []  # a page about nothing comes first
    browser.go_on()
    phone = browser.rehearsal.phone
    numbers = {browser.one("#validEntropyNumber").get_text()}
    for _ in range(3):
        browser.go_on()
        numbers.add(browser.one("#validEntropyNumber").get_text())
    assert len(numbers) == 2
    assert phone.shows in numbers
    phone.tap(phone.shows)
    browser.go_on()
    assert_signed_in(browser, codes=0)
    assert len(phone.prompts) == 1


def test_a_number_that_is_denied(visit: Visit) -> None:
    browser = begin(visit, "azure-push")
    browser.rehearsal.phone.deny()
    browser.go_on()
    assert browser.error == pages.DENIED
    assert browser.soup.select("#validEntropyNumber") == []


def test_a_number_that_nobody_matches(visit: Visit) -> None:
    browser = begin(visit, "azure-push", prompt_seconds=0)
    browser.go_on()
    assert browser.error == pages.LATE


def test_a_list_of_ways_of_azure(visit: Visit) -> None:
    browser = visit("azure-choice")
    browser.login()
    browser.go_on()
    assert len(browser.soup.select("a[id^=verificationOption]")) == 3
    browser.go_on(__EVENTTARGET="verificationOption1")
    assert browser.rehearsal.phone.messages == ["SMS"]
    browser.go_on(VerificationCode=browser.rehearsal.code())
    assert_signed_in(browser, codes=1)


def test_a_way_that_is_not_in_the_list(visit: Visit) -> None:
    browser = visit("azure-choice")
    browser.login()
    browser.go_on()
    browser.go_on(__EVENTTARGET="verificationOption7")
    assert "__EVENTTARGET did not come back as the page had it" in browser.rehearsal.violations[0]


@pytest.mark.parametrize("name", CHOICE)
def test_a_list_of_adapters(visit: Visit, name: str) -> None:
    browser = visit("choice")
    browser.login()
    browser.follow(name)
    adapter, _ = CHOICE[name]
    assert browser.form("AuthMethod", adapter.auth_method)
    if name == "RehearsalOneTimePad":
        browser.go_on(padNumber=browser.rehearsal.code())
        assert_signed_in(browser, codes=1)


def held_back(browser: ADFSBrowser, answer: Callable[[Phone], object]) -> None:
    """Post the page, and answer on the telephone while its answer is held back."""
    phone = browser.rehearsal.phone
    posting = threading.Thread(target=browser.go_on)
    posting.start()
    assert phone.asked(1, 30)
    answer(phone)
    posting.join(30)
    assert not posting.is_alive()


@pytest.mark.parametrize("mfa", ["mfa-server", "silverfort"])
def test_an_answer_that_is_held_back(visit: Visit, mfa: Mfa) -> None:
    browser = begin(visit, mfa)
    held_back(browser, lambda phone: phone.tap())
    assert_signed_in(browser, codes=0)


@pytest.mark.parametrize(
    ("mfa", "text"), [("mfa-server", pages.DENIED), ("silverfort", pages.DENIED_IN_TEXT)]
)
def test_held_back_and_denied(visit: Visit, mfa: Mfa, text: str) -> None:
    browser = begin(visit, mfa)
    held_back(browser, lambda phone: phone.deny())
    assert text in browser.text
    assert browser.rehearsal.adfs.assertions == 0


@pytest.mark.parametrize(
    ("mfa", "text"), [("mfa-server", pages.LATE), ("silverfort", pages.LATE_IN_TEXT)]
)
def test_held_back_until_it_is_too_late(visit: Visit, mfa: Mfa, text: str) -> None:
    browser = begin(visit, mfa, prompt_seconds=0)
    browser.go_on()
    assert text in browser.text


def test_somebody_else_is_served_while_an_answer_is_held_back(visit: Visit) -> None:
    browser = begin(visit, "mfa-server")

    def look(phone: Phone) -> None:
        with ADFSBrowser(browser.rehearsal) as other:
            other.open()
            assert other.form("Password")
        phone.tap()

    held_back(browser, look)
    assert_signed_in(browser, codes=0)


def test_a_certificate_as_the_second_factor(visit: Visit) -> None:
    browser = begin(visit, "certificate")
    browser.session.cert = str(browser.rehearsal.client_certificate)
    browser.go_on()
    assert_signed_in(browser, codes=0)


def test_the_way_to_duo(visit: Visit) -> None:
    browser = visit("duo")
    browser.login()
    form = browser.one("form#adfs_form")
    assert form["action"] == DUO
    assert browser.one("input[name=adfs_auth_method]")["value"] == "DuoAdfsAdapter"
    back = browser.page.url
    browser.post(DUO, successful(form, {}))
    assert browser.soup.select("form, input, button") == []  # a script makes them
    given = json.loads(str(browser.one("#root")["data-given"]))
    assert given["action"].replace(":443", "") == back.replace(":443", "")
    fields = {**given["fields"], "duo_code": given["seed"]}
    browser.post(given["action"], list(fields.items()))
    assert "not what its script makes of it" in browser.rehearsal.violations[0]
    assert browser.rehearsal.adfs.assertions == 0
    fields["duo_code"] = given["seed"][::-1]
    browser.post(given["action"], list(fields.items()))
    assert browser.saml_response


def test_nobody_comes_to_duo_by_themselves(visit: Visit) -> None:
    browser = visit("duo")
    assert browser.post(DUO, [("adfs_context", "")]).status_code == 400
    assert "Nobody led there." in browser.rehearsal.violations[0]


@pytest.mark.parametrize("mfa", sorted(set(get_args(Mfa)) & ADAPTERS.keys()))
def test_what_adfs_wants_of_every_adapter(visit: Visit, mfa: Mfa) -> None:
    browser = begin(visit, mfa)
    (form,) = (form for form in browser.soup.select("form") if form.get("id") != "options")
    names = [str(control.get("name")) for control in form.select("input[type=hidden]")]
    assert names[:2] == ["AuthMethod", "Context"]
    (options,) = browser.soup.select("form#options") or [None]
    assert options is None or options.select_one("[name=AuthMethod]").get("value") is None  # type: ignore[union-attr]  # it is there
