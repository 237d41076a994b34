"""No encoding of a secret gets through the redactor, and nothing else is lost in it."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import sys
from collections.abc import Callable
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlauth.redactor import HIDDEN, CleanFormatter, Redactor

SECRET = 'pä55 w&rd<"+/\\=' + "'%\U0001f600\n"
LONG = "".join(chr(33 + n * 7 % 90) for n in range(300)) + "ä\U0001f600"


def knowing(*secrets: str) -> Redactor:
    redactor = Redactor()
    for secret in secrets:
        redactor.hide(secret)
    return redactor


def clean(text: str, *secrets: str) -> str:
    return knowing(*secrets).clean(text)


def decimal(text: str) -> str:
    return "".join(f"&#{ord(c)};" for c in text)


def named(text: str) -> str:
    names = codepoint2name | {39: "apos", 43: "plus", 47: "sol", 92: "bsol", 37: "percnt"}
    return "".join(f"&{names[ord(c)]};" if ord(c) in names else c for c in text)


WHOLE: dict[str, Callable[[str], str]] = {
    "raw": str,
    "quoted": quote,
    "all quoted": lambda text: quote(text, safe=""),
    "quoted in lower case": lambda text: re.sub(
        "%..", lambda hex: hex[0].lower(), quote(text, safe="")
    ),
    "quoted twice": lambda text: quote(quote(text, safe=""), safe=""),
    "quoted as in forms": quote_plus,
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of today": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
}
SPELT: dict[str, Callable[[str], str]] = {
    "HTML by name": named,
    "HTML by decimal number": decimal,
    "HTML by hexadecimal number": lambda text: "".join(f"&#X{ord(c):04x};" for c in text),
    "Python": lambda text: repr(text)[1:-1],
    "Python's bytes": lambda text: repr(text.encode())[2:-1],
    "every character quoted": lambda text: "".join(f"%{b:02x}" for b in text.encode()),
}


@pytest.mark.parametrize("way", [*WHOLE, *SPELT])
def test_a_secret_is_hidden_in_every_encoding(way: str) -> None:
    form = (WHOLE | SPELT)[way](SECRET)
    cleaned = clean(f"before {form} after", SECRET)
    assert cleaned.startswith(f"before {HIDDEN}")
    # The end of a base64 text shares its last characters with what follows.
    assert len(cleaned) <= len(f"before {HIDDEN}== after") + 6
    assert knowing(SECRET).holds(f"before {form} after")
    assert not knowing("another-secret").holds(form)


@pytest.mark.parametrize("way", WHOLE)
def test_so_is_a_long_one(way: str) -> None:
    form = WHOLE[way](LONG)
    assert HIDDEN in clean(f"before {form} after", LONG)
    assert form not in clean(form, LONG)
    assert knowing(LONG).holds(form)


SECRETS = st.text(min_size=6, max_size=30)


@given(st.binary(max_size=8), st.binary(max_size=8), SECRETS)
@settings(deadline=None)
def test_a_secret_is_hidden_inside_longer_base64(before: bytes, after: bytes, secret: str) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    assert HIDDEN in clean(encoded, secret)
    assert knowing(secret).holds(encoded)


CHARACTER: tuple[Callable[[str], str], ...] = (
    str,
    lambda c: "".join(f"%{b:02X}" for b in c.encode()),
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):x};",
    lambda c: json.dumps(c)[1:-1],
    html.escape,
)


@given(SECRETS, st.lists(st.sampled_from(CHARACTER), min_size=30, max_size=30), st.text(max_size=9))
@settings(deadline=None)
def test_a_secret_is_hidden_whatever_mixture_it_is_written_in(
    secret: str, ways: list[Callable[[str], str]], around: str
) -> None:
    written = "".join(way(c) for way, c in zip(ways, secret, strict=False))
    cleaned = clean(f"{around} {written} {around}", secret)
    assert HIDDEN in cleaned
    assert written not in cleaned.replace(HIDDEN, "") or written in f" {around} "


@given(SECRETS, st.text(max_size=60), st.sampled_from([*WHOLE.values(), *SPELT.values()]))
@settings(deadline=None)
def test_what_was_cleaned_holds_no_secret(
    secret: str, around: str, way: Callable[[str], str]
) -> None:
    redactor = knowing(secret)
    cleaned = redactor.clean(around + way(secret) + around)
    assert secret not in cleaned.replace(HIDDEN, "\0")


@given(st.text(max_size=200), SECRETS)
@settings(deadline=None)
def test_what_holds_no_secret_is_left_alone(text: str, secret: str) -> None:
    redactor = knowing(secret)
    if not redactor.holds(text):
        assert redactor.clean(text) == text


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
    assert not knowing(short).holds("status 200 on 1")


def test_a_lone_surrogate_can_be_a_secret_s_part() -> None:
    secret = "pass\ud800word"
    assert clean(f"a {secret} b", secret) == f"a {HIDDEN} b"
    assert clean(json.dumps(secret), secret) == f'"{HIDDEN}"'
    long = secret * 40
    assert clean(f"a {long} b", long) == f"a {HIDDEN} b"


def test_a_word_that_was_sent_along_is_hidden_and_no_secret() -> None:
    redactor = Redactor()
    redactor.hide("FormsAuthentication", certain=False)
    redactor.hide("a1b2c3d4e5", certain=False)
    assert redactor.clean("FormsAuthentication") == HIDDEN
    assert redactor.holds("x FormsAuthentication")
    assert not redactor.holds("x FormsAuthentication", is_word=str.isalpha)
    assert redactor.holds("x a1b2c3d4e5", is_word=str.isalpha)
    redactor.hide("FormsAuthentication")
    redactor.hide("FormsAuthentication", certain=False)
    assert redactor.holds("x FormsAuthentication", is_word=str.isalpha)
    assert not redactor.holds("x FormsAuthentication", fixed={"FormsAuthentication"})


def test_a_traceback_is_cleaned_as_its_message_is() -> None:
    redactor = knowing("hunter2")
    try:
        raise ValueError("cannot parse hunter2")
    except ValueError:
        record = logging.LogRecord(
            "urllib3.connectionpool",
            logging.DEBUG,
            __file__,
            1,
            "with %s",
            ("hunter2",),
            sys.exc_info(),
        )
    line = CleanFormatter(redactor).format(record)
    assert "ValueError: cannot parse [hidden]" in line
    assert "with [hidden]" in line
    assert "hunter2" not in line
