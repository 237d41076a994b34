from __future__ import annotations

import pytest

from samlauth.sandbox.google import forms

PAGE = """
<form action="/other"><input name="q"></form>
<form action="/go?a=1&amp;b=2" method="POST">
  <input type="hidden" name="state" value="s&amp;t">
  <input type="hidden" name="empty">
  <input type="hidden" name="" value="x">
  <input type="hidden" name="bgresponse" value="js_disabled">
  <input type="hidden" name="TrustDevice" value="true">
  <input name="answer" value="">
  <input name="off" value="1" disabled>
  <input type="checkbox" name="stay" checked>
  <select name="where"><option value="AT">a</option><option value="BE">b</option></select>
  <button type="button" name="play">Listen</button>
  <button name="action" value="1">Next</button>
  <button name="action" value="3">Another way</button>
</form>
<form action="/menu" method="post"><button name="one" value="1">1</button>
<button name="one" value="2">2</button><button name="help" value="u">?</button></form>
<form action="/signin/challenge" method="post">
<input type="hidden" name="subAction" value="requestHelp"></form>
<form action="/signin/usernamerecovery" method="post"></form>
"""
GOOD = [
    ("state", "s&t"),
    ("empty", ""),
    ("bgresponse", "anything"),
    ("answer", "mine"),
    ("where", "BE"),
]
FORM, MENU, HELP, RECOVERY = forms.read(PAGE, {"answer", "elsewhere"})


def test_a_form_is_read_as_a_browser_reads_it() -> None:
    assert (FORM.action, FORM.path) == ("/go?a=1&b=2", "/go")
    assert FORM.answers == {"answer"}
    assert FORM.fixed == {"state": "s&t", "empty": ""}
    assert FORM.choices == {"where": {"AT", "BE"}}
    assert FORM.optional == {"stay": "on", "TrustDevice": "true"}
    assert FORM.free == {"bgresponse"}
    assert FORM.buttons == {"action": {"1", "3"}}
    assert [form.must_click for form in (FORM, MENU)] == [False, True]
    assert [form.leads_away for form in (FORM, MENU, HELP, RECOVERY)] == [False, False, True, True]


@pytest.mark.parametrize(
    "extra",
    [
        [],
        [("stay", "on")],
        [("action", "1"), ("stay", "on"), ("TrustDevice", "true")],
        [("action", "3")],
    ],
)
def test_what_a_browser_sends_is_fine(extra: list[tuple[str, str]]) -> None:
    assert list(FORM.complaints([*GOOD, *extra])) == []


def test_the_button_is_known() -> None:
    assert FORM.clicked(GOOD) is None
    assert FORM.clicked([*GOOD, ("action", "3")]) == ("action", "3")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([*GOOD, ("state", "s&t")], "The field state was posted 2 times."),
        ([*GOOD, ("", "x")], "A field without a name was posted; a browser leaves those out."),
        ([*GOOD, ("q", "")], "The field q was posted, which is not in the form."),
        ([*GOOD, ("off", "1")], "The field off was posted, which is not in the form."),
        ([*GOOD, ("play", "")], "The field play was posted, which is not in the form."),
        (GOOD[1:], "The field state is missing."),
        ([GOOD[0], *GOOD[2:]], "The field empty is missing."),
        ([*GOOD[:2], *GOOD[3:]], "The field bgresponse is missing."),
        ([*GOOD[:3], GOOD[4]], "The field answer is missing."),
        (GOOD[:4], "The field where is missing."),
        ([*GOOD[:4], ("where", "CH")], "The field where did not come back as the page had it."),
        ([("state", "S&T"), *GOOD[1:]], "The field state did not come back as the page had it."),
        ([*GOOD, ("stay", "true")], "The field stay did not come back as the page had it."),
        (
            [*GOOD, ("TrustDevice", "on")],
            "The field TrustDevice did not come back as the page had it.",
        ),
        ([*GOOD, ("action", "2")], "The field action did not come back as the page had it."),
    ],
)
def test_what_a_browser_would_not_send(fields: list[tuple[str, str]], sentence: str) -> None:
    assert list(FORM.complaints(fields)) == [sentence]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([], "No button was clicked, and the form has no other way to be posted."),
        ([("one", "1"), ("one", "2")], "The field one was posted 2 times."),
        ([("one", "1"), ("help", "u")], "More than one button was clicked."),
    ],
)
def test_one_button_of_a_menu_is_clicked(fields: list[tuple[str, str]], sentence: str) -> None:
    assert list(MENU.complaints(fields)) == [sentence]
    assert list(MENU.complaints([("one", "2")])) == []


def test_no_value_is_repeated() -> None:
    wrong = [
        ("state", "secret-1"),
        ("answer", "secret-2"),
        ("answer", "secret-3"),
        ("z", "secret-4"),
        ("where", "secret-5"),
    ]
    assert "secret" not in " ".join(FORM.complaints(wrong))
