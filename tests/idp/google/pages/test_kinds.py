from __future__ import annotations

import pytest

from samlauth.challenges import Method
from samlauth.idp.google.pages import kinds
from samlauth.idp.google.pages.kinds import KINDS, SMS, VOICE


@pytest.mark.parametrize(
    ("word", "number", "name"),
    [
        ("pwd", "1", "password"),
        ("sk", "2", "key"),
        ("az", "4", "prompt"),
        ("ootp", "5", "ootp"),
        ("totp", "6", "totp"),
        ("bc", "8", "backup"),
        ("ipp", "9", "sms"),
        ("kpp", "13", "recovery-phone"),
        ("iap", "17", "phone"),
        ("skotp", "37", "skotp"),
        ("dp", "39", "prompt"),
        ("pk", "53", "passkey"),
    ],
)
def test_a_kind_is_known_by_its_word_and_by_its_number(word: str, number: str, name: str) -> None:
    kind = kinds.by_word(word)
    assert kind is kinds.by_number(number)
    assert kind is not None
    assert kind.name == name


def test_a_kind_has_one_of_each() -> None:
    words = [word for kind in KINDS for word in kind.words]
    assert len(words) == len(set(words))
    assert kinds.by_word("miau") is None
    assert kinds.by_number("") is None


TOTP = Method("totp", "TOTP (Google Authenticator)")
TEXT = kinds.method(SMS, "•• 76")
OTHER = kinds.method(SMS, "•• 12")
CALL = kinds.method(VOICE, "•• 76")
PHONE = Method("phone", "SMS or voice call to another phone")


@pytest.mark.parametrize(
    ("wanted", "methods"),
    [
        ("totp", [TOTP]),
        (" TOTP ", [TOTP]),
        ("sms", [TEXT, OTHER]),
        ("voice", [CALL]),
        ("ipp", [TEXT, OTHER]),
        ("iap", [PHONE]),
        ("phone", [PHONE]),
        ("authenticator", [TOTP]),
        ("76", [TEXT, CALL]),
        ("SMS 76", [TEXT]),
        ("call to •• 76", [CALL]),
        ("another", [PHONE]),
        ("backup", []),
        ("az", []),
        ("sk", []),
        ("miau", []),
        ("", []),
    ],
)
def test_what_a_person_may_call_a_way(wanted: str, methods: list[Method]) -> None:
    every = [TOTP, TEXT, OTHER, CALL, PHONE]
    assert [method for method in every if kinds.is_wanted(wanted, method)] == methods
