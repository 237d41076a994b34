from __future__ import annotations

import pytest

from samlauth.sandbox.google import forms

PAGE = """
<form action="/other"><input name="q"></form>
<form action="/go?a=1&amp;b=2">
  <input type="hidden" name="state" value="s&amp;t">
  <input type="hidden" name="empty">
  <input type="hidden" name="" value="x">
  <input type="hidden" name="bgresponse" value="js_disabled">
  <input name="answer" value="">
  <input name="off" value="1" disabled>
  <input type="checkbox" name="stay" checked>
  <button name="action" value="1">Next</button>
  <button name="action" value="3">Another way</button>
</form>
"""
GOOD = [("state", "s&t"), ("empty", ""), ("bgresponse", "anything"), ("answer", "mine")]


def test_a_form_is_read_as_a_browser_reads_it() -> None:
    form = forms.read(PAGE, "answer")
    assert form.action == "/go?a=1&b=2"
    assert form.fixed == {"state": "s&t", "empty": ""}
    assert form.optional == {"stay": "on", "action": "1"}
    assert form.free == {"bgresponse"}
    assert form.clicks == {"3": "Another way"}


@pytest.mark.parametrize("extra", [[], [("stay", "on")], [("action", "1"), ("stay", "on")]])
def test_what_a_browser_sends_is_fine(extra: list[tuple[str, str]]) -> None:
    assert list(forms.read(PAGE, "answer").complaints([*GOOD, *extra])) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([*GOOD, ("state", "s&t")], "The field state was posted 2 times."),
        ([*GOOD, ("", "x")], "A field without a name was posted; a browser leaves those out."),
        ([*GOOD, ("q", "")], "The field q was posted, which is not in the form."),
        ([*GOOD, ("off", "1")], "The field off was posted, which is not in the form."),
        (GOOD[1:], "The field state is missing."),
        ([GOOD[0], *GOOD[2:]], "The field empty is missing."),
        ([*GOOD[:2], GOOD[3]], "The field bgresponse is missing."),
        (GOOD[:3], "The field answer is missing."),
        ([("state", "S&T"), *GOOD[1:]], "The field state did not come back as the page had it."),
        ([*GOOD, ("stay", "true")], "The field stay did not come back as the page had it."),
        ([*GOOD, ("action", "2")], "The field action did not come back as the page had it."),
        ([*GOOD, ("action", "3")], 'The button "Another way" was clicked instead of the first.'),
    ],
)
def test_what_a_browser_would_not_send(fields: list[tuple[str, str]], sentence: str) -> None:
    assert list(forms.read(PAGE, "answer").complaints(fields)) == [sentence]


def test_no_value_is_repeated() -> None:
    wrong = [
        ("state", "secret-1"),
        ("answer", "secret-2"),
        ("answer", "secret-3"),
        ("z", "secret-4"),
    ]
    assert "secret" not in " ".join(forms.read(PAGE, "answer").complaints(wrong))
