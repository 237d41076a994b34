from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from samlauth.sandbox.google import forms
from samlauth.sandbox.google.captures import Captures
from samlauth.sandbox.google.g2 import G2
from samlauth.sandbox.google.methods import BACKUP
from samlauth.sandbox.google.pages import Ticket
from samlauth.sandbox.google.v3 import V3

TICKET = Ticket.fresh("https://accounts.google.com/o/saml2/initsso?a=1&b=2", "ada@example.com", 1.5)

G2_PASSWORD = """
<form method="POST" id="challenge" action="/signin/challenge/pwd/1"><b>someone@else.example</b>
<input name="TL" type="hidden" value="OLD"><INPUT name="kept" value="OLD">
<input type="hidden" value="OLD" name="continue">
<input name="Email" value="someone@else.example" readonly>
<input id="p" name="Passwd" type="password"><content></form>
"""
V3_PASSWORD = """
<form action="/v3/signin/challenge/pwd?TL=OLD&amp;cid=2" method="POST">
<label><input type="password" name="Passwd"/></label>
<div class="F3wxlc" jsname="h9d3hd"></div>
<input type="hidden" name="at" value="OLD:1"></form>
"""
CODE = (
    '<form method="POST" id="challenge" action="/signin/challenge/totp/2"><input name="Pin"></form>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    google = tmp_path / "google"
    google.mkdir()
    (google / "form-password-challengeid-1.html").write_text(G2_PASSWORD)
    (google / "form-password-challengeid-3.html").write_text(V3_PASSWORD)
    (google / "challenge-totp.html").write_text(CODE)
    return tmp_path


def test_live_values_take_the_place_of_the_captured(folder: Path) -> None:
    page = Captures(G2(), folder).page("password", TICKET, refused=False)
    (form,) = forms.read(page, {"Passwd"})
    assert form.fixed == {
        "TL": TICKET.tl,
        "kept": "OLD",
        "continue": TICKET.resume,
        "Email": "ada@example.com",
    }
    assert "<content>" in page
    assert "else.example" not in page


def test_the_action_of_v3_is_live(folder: Path) -> None:
    captures = Captures(V3(), folder)
    (form,) = forms.read(captures.page("password", TICKET, refused=False), {"Passwd"})
    assert form.action == captures.location("password", TICKET)
    assert f"TL={TICKET.tl}&" in form.action
    assert form.fixed == {"at": TICKET.at}


def test_a_captured_code_page_stands_at_its_own_address(folder: Path) -> None:
    captures = Captures(V3(), folder)
    location = captures.location("code", TICKET)
    assert location is not None
    assert location.startswith("/signin/challenge/totp/2?")
    page = captures.page("code", TICKET, refused=False)
    (form,) = forms.read(page, {"Pin"})
    assert form.action == "/signin/challenge/totp/2"


def test_what_was_not_captured_is_the_familys_own(folder: Path) -> None:
    ticket = replace(TICKET, method=BACKUP)
    captures = Captures(V3(), folder)
    assert (captures.location("code", ticket) or "").startswith("/v3/signin/challenge/bc?")
    assert 'id="backupCodePin"' in captures.page("code", ticket, refused=False)


def test_a_wrong_answer_is_told_where_the_family_tells_it(folder: Path) -> None:
    g2, v3 = Captures(G2(), folder), Captures(V3(), folder)
    assert 'name="Passwd" type="password"><span class="Qx8Abe" id="passwordError">' in g2.page(
        "password", TICKET, refused=True
    )
    assert '<input name="Pin"><span class="Qx8Abe" id="errorMsg">' in g2.page(
        "code", TICKET, refused=True
    )
    page = v3.page("password", TICKET, refused=True)
    assert 'name="Passwd" aria-invalid="true"' in page
    assert 'jsname="h9d3hd"><div jsname="B34EJ">' in page


def test_a_folder_without_the_pages_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Captures(G2(), tmp_path)
