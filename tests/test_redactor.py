import base64
import html
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlauth.redactor import HIDDEN, CleanFormatter, Redactor

SECRET = 'pä55 w&rd<"+/\\=' + "'%"


def clean(text: str, *secrets: str) -> str:
    redactor = Redactor()
    for secret in secrets:
        redactor.hide(secret)
    return redactor.clean(text)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_every_encoding(form: str) -> None:
    assert clean(f"before {form} after", SECRET).startswith(f"before {HIDDEN}")
    assert form not in clean(f"before {form} after", SECRET)


@given(st.binary(max_size=8), st.binary(max_size=8), st.text(min_size=6, max_size=30))
def test_a_secret_is_hidden_inside_longer_base64(before: bytes, after: bytes, secret: str) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    assert HIDDEN in clean(encoded, secret)


def test_the_longest_secret_goes_first() -> None:
    assert clean("hunter2hunter2", "hunter2", "hunter2hunter2") == HIDDEN


def test_text_without_secrets_is_left_alone() -> None:
    assert (
        clean("GET accounts.google.com /signin 200", "hunter2")
        == "GET accounts.google.com /signin 200"
    )


@pytest.mark.parametrize("short", ["", "1", "on", "200"])
def test_what_is_too_short_to_be_told_apart_is_not_hidden(short: str) -> None:
    assert clean("status 200 on 1", short) == "status 200 on 1"


def test_a_traceback_is_cleaned_as_its_message_is() -> None:
    redactor = Redactor()
    redactor.hide("hunter2")
    try:
        raise ValueError("cannot parse hunter2")
    except ValueError as error:
        record = logging.LogRecord(
            "samlauth",
            logging.DEBUG,
            __file__,
            1,
            "with %s",
            ("hunter2",),
            (type(error), error, None),
        )
    line = CleanFormatter(redactor).format(record)
    assert "ValueError: cannot parse [hidden]" in line
    assert "with [hidden]" in line
    assert "hunter2" not in line
