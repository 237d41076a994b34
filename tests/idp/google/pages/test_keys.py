from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from samlauth.challenges import AssertionRequest
from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import BrowserOnly, SecurityKey

from .. import served
from ..scramble import scrambled

Words = Callable[[Page], Page]


@pytest.fixture(params=["as served", "scrambled"])
def words(request: pytest.FixtureRequest) -> Words:
    return scrambled if request.param == "scrambled" else lambda page: page


def key(page: Page) -> SecurityKey:
    state = read(page)
    assert isinstance(state, SecurityKey)
    return state


def test_the_older_page_has_key_handles_and_the_id_of_the_app(words: Words) -> None:
    state = key(words(served.glif_key(said="Non")))
    assert state.request == AssertionRequest(served.NONCE, served.HANDLES, app_id=served.APP_ID)
    assert (state.kind, state.field) == ("sk", "id-assertion")
    assert state.form.path == "/signin/challenge/sk/9"
    assert state.another and state.another.form.path == "/signin/challenge/skip"
    assert bool(state.said) and "id-challenge" in dict(state.form.fill({}))


@pytest.mark.parametrize("kind", ["sk", "wa", "pk"])
def test_options_for_a_browser_are_read_from_where_the_script_would(
    words: Words, kind: str
) -> None:
    state = key(words(served.lite_key(kind=kind)))
    assert state.kind == kind
    assert state.request == AssertionRequest(
        served.NONCE,
        served.HANDLES,
        rp_id="google.com",
        app_id=served.APP_ID,
        user_verification="preferred",
        seconds=30.0,
    )
    assert state.another and state.another.button == ("action", "3")


def test_what_a_page_says_of_the_last_answer() -> None:
    assert key(served.glif_key(said="Nope\u202e")).said == "Nope\\u202e"
    assert key(served.lite_key(said="Nope\u202e")).said == "Nope\\u202e"
    assert key(served.lite_key()).said == ""


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [(None, 60.0), (True, 60.0), ("9", 60.0), (-5, 60.0), (1, 1.0), (10**400, 300.0), (2e4, 20.0)],
)
def test_the_time_there_is(changed: object, seconds: float) -> None:
    data = served.webauthn_data(timeout=changed)
    assert key(served.lite_key(data)).request.seconds == seconds


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [("required", "required"), ("discouraged", "discouraged"), (["x"], "preferred")],
)
def test_whether_the_key_must_know_its_owner(changed: object, wanted: str) -> None:
    data = served.webauthn_data(userVerification=changed)
    assert key(served.lite_key(data)).request.user_verification == wanted


def test_other_peoples_ids_of_an_app_are_left_out() -> None:
    data = served.webauthn_data(extensions={"appid": "https://evil.example/origins.json"})
    assert key(served.lite_key(data)).request.app_id == ""


HANDLES_TWICE = served.u2f_data((*served.HANDLES, served.HANDLES[0], b"short", b"x" * 300))


def test_each_handle_is_tried_once_and_what_can_be_none_is_not() -> None:
    assert key(served.glif_key(HANDLES_TWICE)).request.allow_credentials == served.HANDLES


def test_an_unpadded_nonce_of_the_newer_alphabet() -> None:
    page = served.glif_key(nonce=served.b64url(served.NONCE))
    assert key(page).request.challenge == served.NONCE


NESTED = '{"a":' + "[" * 90_000
CYCLE = json.dumps({"a": json.dumps({"a": json.dumps({"a": "{" * 50})})})


@pytest.mark.parametrize(
    "page",
    [
        served.glif_key(" "),
        served.glif_key("%.@.[]"),
        served.glif_key("}{"),
        served.glif_key(NESTED),
        served.glif_key(CYCLE),
        served.glif_key(served.u2f_data(())),
        served.glif_key(served.u2f_data(app_id="https://evil.example/origins.json")),
        served.glif_key(nonce=""),
        served.glif_key(nonce="no base64!"),
        served.glif_key(json.dumps({"appid": ["x"], "challenge": 7})),
        served.glif_key(served.webauthn_data(rpId="example.com"), nonce="x"),
        served.lite_key(served.webauthn_data(rpId=["google.com"])),
        served.lite_key(served.webauthn_data(allowCredentials=[])),
        served.lite_key(served.webauthn_data(allowCredentials=[7, {"id": 7}, {"id": "!"}])),
        served.lite_key(served.webauthn_data(allowCredentials="x")),
        served.lite_key(served.webauthn_data(challenge=None)),
        served.glif_code("sk", challenge_type="2"),
        served.lite_challenge("wa"),
    ],
)
def test_a_page_that_does_not_say_what_it_asks_is_for_browsers(page: Page) -> None:
    state = read(page)
    assert isinstance(state, BrowserOnly)
    assert state.another is not None
