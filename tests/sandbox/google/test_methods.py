from __future__ import annotations

from typing import get_args

import pytest

from samlauth.commands import rehearse
from samlauth.errors import UsageError
from samlauth.sandbox.google.methods import (
    DEVICE_PROMPT,
    METHODS,
    PROMPT,
    Family,
    Mfa,
    family,
    menu,
)


def test_the_command_line_names_them_all() -> None:
    assert get_args(Mfa) == rehearse.MFA


@pytest.mark.parametrize(
    ("mfa", "newest"),
    [("totp", "v3"), ("sms", "v3"), ("prompt", "g2"), ("iap", "g2"), ("old-captcha", "g2")],
)
def test_the_newest_pages_that_have_it_are_taken(mfa: Mfa, newest: Family) -> None:
    assert family(mfa, None) == newest


@pytest.mark.parametrize(
    ("mfa", "pages", "hint"),
    [
        ("sms", "g1", "--pages g2 or v3."),
        ("prompt", "v3", "--pages g2."),
        ("captcha", "g2", "--pages v3."),
        ("old-captcha", "v3", "--pages g1 or g2."),
        ("passkey", "g2", "--pages v3."),
    ],
)
def test_what_cannot_be_is_refused(mfa: Mfa, pages: Family, hint: str) -> None:
    with pytest.raises(
        UsageError, match=f"--mfa {mfa} cannot be played with --pages {pages}"
    ) as caught:
        family(mfa, pages)
    assert caught.value.hint == f"Those pages never had it; it is played with {hint}"


def test_a_menu_has_one_kind_of_prompt() -> None:
    for second, offered in ((PROMPT, PROMPT), (METHODS["totp"], DEVICE_PROMPT)):
        prompts = [method for method in menu("g2", second) if method.kind in ("az", "dp")]
        assert prompts == [offered]
