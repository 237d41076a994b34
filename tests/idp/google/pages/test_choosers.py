from __future__ import annotations

from collections.abc import Callable

import pytest

from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Chooser, Identifier, Password, Press

from .. import served
from ..scramble import scrambled

Words = Callable[[Page], Page]


@pytest.fixture(params=["as served", "scrambled"])
def words(request: pytest.FixtureRequest) -> Words:
    return scrambled if request.param == "scrambled" else lambda page: page


def chooser(page: Page) -> Chooser:
    state = read(page)
    assert isinstance(state, Chooser)
    return state


def test_a_list_of_accounts_in_one_form(words: Words) -> None:
    state = chooser(words(served.glif_chooser("Ada@example.com", "eve@example.com")))
    assert [email for email, _ in state.accounts] == ["ada@example.com", "eve@example.com"]
    _, press = state.accounts[0]
    assert isinstance(press, Press)
    assert press.button == ("Email", "Ada@example.com")
    assert press.form.path == "/AccountChooser"
    assert state.other is None


def test_a_list_of_accounts_as_links(words: Words) -> None:
    state = chooser(words(served.lite_chooser("ada@example.com", "eve@example.com")))
    assert state.accounts == (
        ("ada@example.com", f"{served.HOST}/v3/signin/challenge/pwd?TL=1&cid=0"),
        ("eve@example.com", f"{served.HOST}/v3/signin/challenge/pwd?TL=1&cid=1"),
    )
    assert state.other == f"{served.HOST}/v3/signin/identifier?flowName=WebLiteSignIn"


def test_a_list_of_accounts_with_a_form_each() -> None:
    def entry(email: str) -> str:
        fields = served.hidden({"Email": email})
        return f'<form method="post" action="/ServiceLogin">{fields}<button>Il</button></form>'

    add = '<form method="post" action="/AddSession"><button>Autre</button></form>'
    forms = entry("ada@example.com") + entry("eve@example.com") + add
    state = chooser(served.page(forms, "/AccountChooser?x"))
    assert [email for email, _ in state.accounts] == ["ada@example.com", "eve@example.com"]
    assert isinstance(state.other, Press)
    assert state.other.form.path == "/AddSession"
    assert state.other.button is None


def test_an_entry_that_names_two_accounts_names_none() -> None:
    state = chooser(served.page('<a href="/x?a@x.example">b@x.example</a>', "/AccountChooser"))
    assert state == Chooser(())


def test_a_list_with_a_field_for_the_account_is_filled_in() -> None:
    form = '<form action="/v3/signin/identifier"><input type="email" name="identifier"></form>'
    assert isinstance(read(served.page(form, "/v3/signin/accountchooser")), Identifier)
    bare = '<form method="post" action="/v3/signin/identifier"><button>Autre</button></form>'
    assert isinstance(read(served.page(bare, "/v3/signin/accountchooser")), Chooser)


def test_a_page_that_answers_the_list_is_what_it_is() -> None:
    page = served.lite_password(url="/v3/signin/accountchooser?TL=1")
    assert isinstance(read(page), Password)
