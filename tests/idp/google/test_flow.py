from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from samlauth.challenges import AnotherWay, EnterCode, EnterPassword, EnterUsername, Method
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NeedsPerson,
    NetworkError,
    NobodyToAsk,
    PageUnreadable,
    SignInRefused,
    UnsafePage,
)
from samlauth.flow import Page
from samlauth.saml import SAMLResponse
from samlauth.testing import Replay, replay

from . import served
from .played import ADA, NOBODY, ORIGIN, fields, login, refused, run

ASK_PASSWORD = EnterPassword("Google Password", "ada@example.com", ORIGIN)
LITE_PASSWORD = replace(ASK_PASSWORD, ways=("another",))
ASK_CODE = EnterCode("MFA token", ways=("another",), kind="totp")


LITE = (served.lite_identifier(), served.lite_password(), "pw", served.lite_totp(), "123456")
GLIF = (served.gaia_identifier(), served.glif_password(), "pw", served.glif_code(), "123456")
GAIA = (served.gaia_identifier(), served.gaia_password(), "pw")


@pytest.mark.parametrize("script", [LITE, GLIF, GAIA], ids=["lite", "glif", "gaia"])
def test_a_whole_sign_in(script: tuple[object, ...]) -> None:
    outcome = run(*script, served.saml_post())
    assert outcome.result == SAMLResponse("PFJlc3BvbnNlLz4=", served.ACS)
    assert [type(c) for c in outcome.challenges] == [EnterPassword, EnterCode][: len(script) // 2]
    assert isinstance(outcome.challenges[0], EnterPassword)
    assert replace(outcome.challenges[0], ways=()) == ASK_PASSWORD
    carried = [request.carrying for request in outcome.requests]
    assert carried == ["nothing", "answers", "password", "answers"][: len(carried)]
    assert all(request.shows for request in outcome.requests)


def test_it_begins_at_the_sign_in_of_the_app() -> None:
    provider = replace(ADA, idp_id="C0&x=1", sp_id="47 11")
    [first] = run(served.saml_post(), provider=provider).requests
    parts = urlsplit(first.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ORIGIN}/o/saml2/initsso"
    assert parse_qs(parts.query) == {
        "idpid": ["C0&x=1"],
        "spid": ["47 11"],
        "forceauthn": ["false"],
    }
    assert first.form is None
    assert first.referer is None


@pytest.mark.parametrize("at", range(1, 5))
def test_it_can_begin_at_any_page(at: int) -> None:
    pages = [*LITE[:1], LITE[1:3], LITE[3:], (served.saml_post(),)]
    script = [
        entry
        for part in pages[at - 1 :]
        for entry in (part if isinstance(part, tuple) else (part,))
    ]
    assert run(*script).result.acs == served.ACS


def test_the_order_of_pages_is_google_s() -> None:
    outcome = run(
        served.glif_code(), "111111", served.lite_identifier(), served.glif_password(), "pw",
        served.saml_post(),
    )  # fmt: skip
    assert [type(c) for c in outcome.challenges] == [EnterCode, EnterPassword]


# What is posted


def test_the_identifier_form_is_posted_whole() -> None:
    _, post = run(served.lite_identifier(), served.saml_post()).requests
    assert post.url == f"{ORIGIN}/v3/signin/identifier?{served.V3_QUERY}"
    assert post.form == (
        ("bgresponse", "js_enabled"),
        ("identifier", "ada@example.com"),
        ("hiddenPassword", ""),
        ("usi", "u:1"),
        ("domain", ""),
        ("region", "FR"),
        ("action", "1"),
        ("at", "at-1:17"),
    )
    _, post = run(served.gaia_identifier(), served.saml_post()).requests
    assert post.url == f"{ORIGIN}/signin/v1/lookup"
    assert fields(post) == {
        "Page": "PasswordSeparationSignIn",
        "gxf": served.CARRIED["gxf"],
        "continue": served.CONTINUE,
        "ProfileInformation": "",
        "_utf8": "☃",
        "bgresponse": "js_enabled",
        "Email": "ada@example.com",
        "Passwd": "",
    }


def test_the_password_form_is_posted_whole() -> None:
    _, post = run(served.lite_password(), "p+w &é", served.saml_post()).requests
    assert post.url == f"{ORIGIN}/v3/signin/challenge/pwd?{served.V3_QUERY}"
    assert post.form == (
        ("bgresponse", "js_enabled"),
        ("identifier", "ada@example.com"),
        ("Passwd", "p+w &é"),
        ("historicalPassword", "false"),
        ("action", "1"),
        ("at", "at-1:17"),
    )
    _, post = run(served.glif_password(number=5), "pw", served.saml_post()).requests
    assert post.url == f"{ORIGIN}/signin/challenge/pwd/5"
    assert fields(post) == {
        "challengeId": "5",
        "challengeType": "1",
        **served.CARRIED,
        "Email": "ada@example.com",
        "Passwd": "pw",
    }


def test_the_code_form_is_posted_whole() -> None:
    _, post = run(served.glif_code(), "123456", served.saml_post()).requests
    assert post.url == f"{ORIGIN}/signin/challenge/totp/2"
    assert fields(post) == {
        "challengeId": "2",
        "challengeType": "6",
        **served.CARRIED,
        "Pin": "123456",
    }
    _, post = run(served.lite_totp(name="totpPin"), "123456", served.saml_post()).requests
    assert fields(post) == {
        "bgresponse": "js_enabled",
        "totpPin": "123456",
        "action": "1",
        "at": "at-1:17",
    }


REMEMBERING = [
    (served.gaia_identifier(), (), {"PersistentCookie": "yes"}),
    (served.glif_password(), ("pw",), {"TrustDevice": "on"}),
    (served.lite_password(), ("pw",), {"TrustDevice": "true"}),
    (served.glif_code(), ("123456",), {"TrustDevice": "on"}),
    (served.lite_totp(), ("123456",), {"TrustDevice": "true"}),
    (served.glif_send("SMS"), (), {"TrustDevice": "on"}),
    (served.glif_prompt("dp"), (None,), {"TrustDevice": "on"}),
    (served.lite_prompt(), (None,), {"TrustDevice": "true"}),
]


@pytest.mark.parametrize(("page", "answers", "remembered"), REMEMBERING)
def test_this_device_is_remembered_only_when_that_is_wanted(
    page: Page, answers: tuple[object, ...], remembered: dict[str, str]
) -> None:
    names = {"TrustDevice", "PersistentCookie"}
    _, post = run(page, *answers, served.saml_post()).requests
    assert not names & fields(post).keys()
    trusting = replace(ADA, trust_device=True)
    _, post = run(page, *answers, served.saml_post(), provider=trusting).requests
    assert {n: v for n, v in fields(post).items() if n in names} == remembered


def test_a_box_that_is_not_ticked_is_ticked_when_that_is_wanted() -> None:
    page = served.glif_password()
    page = replace(page, body=page.body.replace(" checked", ""))
    _, post = run(page, "pw", served.saml_post(), provider=replace(ADA, trust_device=True)).requests
    assert fields(post)["TrustDevice"] == "on"


def test_the_proof_of_a_browser_can_be_given() -> None:
    given = replace(ADA, bg_response="!bot-guard")
    _, post = run(served.lite_identifier(), served.saml_post(), provider=given).requests
    assert fields(post)["bgresponse"] == "!bot-guard"
    _, post = run(served.glif_password(), "pw", served.saml_post(), provider=given).requests
    assert "bgresponse" not in fields(post)
    assert "bot-guard" not in repr(given)


def test_each_request_names_the_page_it_comes_from() -> None:
    first, second = served.lite_identifier(), served.lite_password()
    outcome = run(first, second, "pw", served.saml_post())
    assert [request.referer for request in outcome.requests] == [None, first.url, second.url]


def test_the_base_of_a_page_does_not_say_where_the_password_goes() -> None:
    page = served.glif_password(base='<base href="https://evil.example/">')
    _, post = run(page, "pw", served.saml_post()).requests
    assert post.url == f"{ORIGIN}/signin/challenge/pwd/1"


@pytest.mark.parametrize(
    "action",
    [
        "https://evil.example/signin/challenge/pwd/1",
        "//evil.example/signin/challenge/pwd/1",
        "http://accounts.google.com/signin/challenge/pwd/1",
        "https://accounts.youtube.com/signin/challenge/pwd/1",
        "https://accounts.google.com:444/signin/challenge/pwd/1",
    ],
)
def test_the_password_goes_to_google_alone(action: str) -> None:
    outcome = refused_unsafe(served.glif_password(action=action), "pw")
    assert [request.carrying for request in outcome.requests] == ["nothing"]


def refused_unsafe(*script: object) -> Replay[UnsafePage]:
    return replay(login(), *script, raises=UnsafePage)


# The account


def test_an_unknown_account_is_asked_for_again_in_google_s_words() -> None:
    page = served.lite_identifier(said="Compte introuvable")
    outcome = run(page, page, " eve@example.com ", served.lite_password(), "pw", served.saml_post())
    assert outcome.challenges == [
        EnterUsername("Google username", "Compte introuvable"),
        replace(LITE_PASSWORD, username="eve@example.com"),
    ]
    assert fields(outcome.requests[2])["identifier"] == "eve@example.com"


def test_a_text_on_a_page_that_answers_nothing_is_no_refusal() -> None:
    outcome = run(
        served.lite_identifier(said="Bonjour"),
        served.lite_password(said="Entrez le mot de passe"), "pw",
        served.glif_code(said="Enter a code"), "123456",
        served.saml_post(),
    )  # fmt: skip
    assert outcome.challenges == [LITE_PASSWORD, ASK_CODE]


def test_an_unknown_account_is_tried_three_times() -> None:
    page = served.lite_identifier(said="Compte introuvable")
    outcome = refused(SignInRefused, page, page, "b@x.example", page, "c@x.example", page)
    assert "Compte introuvable" in outcome.result.message
    assert len(outcome.requests) == 1 + 3
    assert len(outcome.challenges) == 2


def test_an_unknown_account_and_nobody_to_ask_ends_in_google_s_words() -> None:
    page = served.lite_identifier(said="Compte introuvable")
    outcome = refused(SignInRefused, page, page, NOBODY)
    assert "Compte introuvable" in outcome.result.message
    assert "-u" in outcome.result.hint


@pytest.mark.parametrize(
    ("page", "first", "second"),
    [
        (served.lite_identifier(), "identifier", "Email"),
        (served.gaia_identifier(), "Email", "identifier"),
    ],
)
def test_asked_again_without_a_word_the_other_name_is_tried_once(
    page: Page, first: str, second: str
) -> None:
    outcome = run(page, page, served.saml_post())
    assert fields(outcome.requests[1])[first] == "ada@example.com"
    assert fields(outcome.requests[2])[second] == "ada@example.com"
    ended = refused(SignInRefused, page, page, page)
    assert "ada@example.com" in ended.result.message
    assert "--bg-response" in ended.result.hint
    assert ended.challenges == []


def test_an_account_that_was_not_given_is_asked_for() -> None:
    outcome = run(
        served.lite_identifier(), "ada@example.com", served.saml_post(),
        provider=replace(ADA, username=""),
    )  # fmt: skip
    assert outcome.challenges == [EnterUsername("Google username")]
    with pytest.raises(NobodyToAsk):
        run(served.lite_identifier(), NOBODY, provider=replace(ADA, username=""))


# The password


def test_a_refused_password_is_asked_for_again_in_google_s_words() -> None:
    for first, again in (
        (served.lite_password(), served.lite_password(said="Mot de passe incorrect")),
        (served.glif_password(), served.glif_password(said="Mot de passe incorrect")),
        (served.gaia_password(), served.gaia_password(said="Mot de passe incorrect")),
    ):
        outcome = run(first, "one", again, "two", served.saml_post())
        asked, asked_again = outcome.challenges
        assert isinstance(asked, EnterPassword)
        assert asked.refused == ""
        assert asked_again == replace(asked, refused="Mot de passe incorrect")
        assert [fields(r)["Passwd"] for r in outcome.requests[1:]] == ["one", "two"]


def test_a_password_is_never_posted_twice() -> None:
    again = served.lite_password(said="Mot de passe incorrect")
    outcome = run(served.lite_password(), "one", again, "one", "", "two", served.saml_post())
    assert [fields(r)["Passwd"] for r in outcome.requests[1:]] == ["one", "two"]
    assert outcome.challenges[1:] == [replace(LITE_PASSWORD, refused="Mot de passe incorrect")] * 3

    ended = refused(SignInRefused, served.lite_password(), "one", again, "one", "one", "one")
    assert "Mot de passe incorrect" in ended.result.message
    assert len(ended.requests) == 2


def test_nor_when_google_starts_over() -> None:
    outcome = refused(
        SignInRefused, *LITE, served.lite_identifier(), served.lite_password(), "pw", "pw", "pw"
    )
    assert outcome.challenges[2:] == [LITE_PASSWORD] * 3
    assert [r.carrying for r in outcome.requests].count("password") == 1
    assert "not sent twice" in outcome.result.message


def test_three_passwords_are_posted_at_most() -> None:
    again = served.lite_password(said="Mot de passe incorrect")
    outcome = refused(SignInRefused, served.lite_password(), "1", again, "2", again, "3", again)
    assert len(outcome.challenges) == 3
    assert "ada@example.com" in outcome.result.message
    assert "Mot de passe incorrect" in outcome.result.message


def test_a_password_asked_for_again_without_a_word_was_refused() -> None:
    page = served.lite_password()
    outcome = run(page, "one", page, "two", served.saml_post())
    again = outcome.challenges[1]
    assert isinstance(again, EnterPassword)
    assert again.refused


def test_a_refused_password_and_nobody_to_ask_ends_in_google_s_words() -> None:
    again = served.lite_password(said="Mot de passe incorrect")
    outcome = refused(SignInRefused, served.lite_password(), "one", again, NOBODY)
    assert "Mot de passe incorrect" in outcome.result.message
    assert outcome.result.__suppress_context__


def test_nobody_to_ask_in_the_first_place_is_said_as_it_is() -> None:
    with pytest.raises(NobodyToAsk):
        run(served.lite_password(), NOBODY)
    with pytest.raises(NobodyToAsk):
        run(served.lite_totp(), NOBODY)


def test_a_network_error_goes_through() -> None:
    with pytest.raises(NetworkError):
        run(served.lite_password(), "pw", NetworkError("no route"))


# The code


@pytest.mark.parametrize("typed", ["123456", "123 456", " 123-456\n"])
def test_a_code_is_posted_as_digits(typed: str) -> None:
    _, post = run(served.glif_code(), typed, served.saml_post()).requests
    assert fields(post)["Pin"] == "123456"


def test_a_refused_code_is_asked_for_again_in_google_s_words() -> None:
    for first, again in (
        (served.glif_code(), served.glif_code(said="Code incorrect")),
        (served.lite_totp(), served.lite_totp(said="Code incorrect")),
    ):
        outcome = run(first, "111111", again, "111 111", "222222", served.saml_post())
        assert outcome.challenges[1:] == [replace(ASK_CODE, refused="Code incorrect")] * 2
        assert [fields(r)["Pin"] for r in outcome.requests[1:]] == ["111111", "222222"]


@pytest.mark.parametrize("typed", ["", "12a456", "٣٤٥٦٧٨", "hunter2"])
def test_what_can_be_no_code_is_not_posted(typed: str) -> None:
    outcome = run(served.glif_code(), typed, "123456", served.saml_post())
    assert len(outcome.requests) == 2
    assert outcome.challenges[1] == replace(ASK_CODE, refused="A code is made of digits only.")


def test_three_codes_are_posted_at_most() -> None:
    again = served.glif_code(said="Code incorrect")
    outcome = refused(CodeRefused, served.glif_code(), "1", again, "2", again, "3", again)
    assert "Code incorrect" in outcome.result.message
    assert outcome.result.exit_code == 5


def test_a_refused_code_and_nobody_to_ask_ends_in_google_s_words() -> None:
    again = served.glif_code(said="Code incorrect")
    outcome = refused(CodeRefused, served.glif_code(), "111111", again, NOBODY)
    assert "Code incorrect" in outcome.result.message


# The end


@pytest.mark.parametrize(
    "host",
    [
        "signin.aws.amazon.com",
        "eu-west-1.signin.aws.amazon.com",
        "signin.amazonaws-us-gov.com",
        "us-gov-east-1.signin-fips.amazonaws-us-gov.com",
        "signin.amazonaws.cn",
        "cn-north-1.signin.amazonaws.cn",
        "eusc-de-east-1.signin.amazonaws-eusc.eu",
    ],
)
def test_a_response_for_aws_is_the_end(host: str) -> None:
    acs = f"https://{host}/saml"
    assert run(served.saml_post(acs)).result.acs == acs


@pytest.mark.parametrize(
    "host",
    [
        "sso.example.com",
        "signin.aws.amazon.com.evil.example",
        "xsignin.aws.amazon.com",
        "aws.amazon.com",
        "signin.aws.amazon.example",
    ],
)
def test_a_response_for_another_app_is_named(host: str) -> None:
    outcome = refused(NeedsPerson, served.saml_post(f"https://{host}/saml"))
    assert host in outcome.result.message
    assert "-S" in outcome.result.hint


def test_a_response_that_would_be_posted_without_tls_is_unsafe() -> None:
    assert refused_unsafe(served.saml_post("http://signin.aws.amazon.com/saml")).result.message


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("app_not_configured", "-I C0test and -S 4711", "idpid and spid"),
        ("app_not_configured_for_user", "ada@example.com", "-u"),
        ("app_not_enabled_for_user", "ada@example.com", "ON"),
        ("not_a_saml_app", "-S 4711", "spid"),
        ("app_not_enabled", "ada@example.com", "6301076"),
        ("saml_invalid_user_id_mapping", "ada@example.com", "6301076"),
        ("failure_request_denied", "ada@example.com", "6301076"),
    ],
)
def test_an_app_error_says_what_google_means_by_it(code: str, message: str, hint: str) -> None:
    outcome = refused(SignInRefused, served.app_error(code))
    assert message in outcome.result.message
    assert f"({code})" in outcome.result.message
    assert hint in outcome.result.hint
    assert outcome.result.exit_code == 4


def test_an_app_error_names_the_account_that_was_typed() -> None:
    page = served.lite_identifier(said="?")
    outcome = refused(
        SignInRefused, page, page, "eve@example.com", served.app_error("app_not_enabled_for_user")
    )
    assert "eve@example.com" in outcome.result.message


def test_a_refusal_to_sign_in_without_a_browser_names_the_ways_on() -> None:
    outcome = refused(NeedsBrowser, served.lite_identifier(), served.rejected())
    assert "wants a browser (reason 47)" in outcome.result.message
    assert "--bg-response" in outcome.result.hint
    plain = refused(NeedsBrowser, served.page("", "/signin/rejected"))
    assert plain.result.message.endswith("wants a browser.")


def test_another_identity_provider_is_named() -> None:
    away = Page(f"{ORIGIN}/x", 302, "", elsewhere="https://acme.okta.example/app?SAMLRequest=x")
    outcome = refused(NeedsBrowser, served.lite_identifier(), away)
    assert "acme.okta.example" in outcome.result.message
    assert outcome.result.exit_code == 6


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (served.page("<form action=/x><input name=tos>", "/new"), "/new (its fields: tos)"),
        (served.page("<h1>Mettez à jour", "/x"), "“Mettez à jour”"),
    ],
)
def test_a_page_that_cannot_be_answered_is_said_to_be_one(page: Page, seen: str) -> None:
    outcome = refused(PageUnreadable, served.lite_identifier(), page)
    assert seen in outcome.result.message
    assert "password" not in outcome.result.message
    assert "browser" in outcome.result.hint


@pytest.mark.parametrize(
    ("path", "status", "message", "hint"),
    [
        ("/signin/challenge/pwd/1", 400, "could not make sense of what this version sent", "again"),
        ("/o/saml2/initsso", 400, "this version cannot answer", "browser"),
        ("/x", 403, "does not let you, or this network", "-I, -S"),
        ("/x", 429, "too many attempts", "Wait"),
        ("/x", 500, "on Google's side", "appsstatus"),
        ("/x", 503, "on Google's side", "appsstatus"),
        ("/x", 404, "this version cannot answer", "browser"),
    ],
)
def test_an_error_page_says_what_to_do(path: str, status: int, message: str, hint: str) -> None:
    # Neither too many attempts nor a fault of Google's goes away in a browser.
    kind = NeedsPerson if status == 429 or status >= 500 else PageUnreadable
    outcome = refused(kind, served.page("<p>Oh", path, status))
    assert f"an error page (HTTP {status}), at {path}" in outcome.result.message
    assert message in outcome.result.message
    assert hint in outcome.result.hint


def test_a_page_in_between_is_named() -> None:
    page = served.page("<form action=/x><input name=y>", "/signin/speedbump/passkeyenrollment")
    outcome = refused(NeedsBrowser, *LITE, page)
    assert "an offer to set up a passkey" in outcome.result.message
    assert "in a browser once" in outcome.result.hint
    away = Page(f"{ORIGIN}/x", 302, "", elsewhere="https://gds.google.com/web/chip?x")
    assert "gds.google.com/web/chip" in refused(NeedsBrowser, away).result.message


def test_an_administrator_s_demand_ends_it_when_there_is_nothing_to_answer() -> None:
    outcome = refused(SignInRefused, *LITE, served.page(served.DEMAND))
    assert "“Chiedi a Grace\\u202e”" in outcome.result.message
    assert "2-Step Verification" in outcome.result.hint


STALE = served.page("<p>Oh", "/o/saml2/initsso?idpid=x&from_login=1&as=y&authuser=0", 400)


def test_a_lost_thread_is_taken_up_once_by_a_fresh_start() -> None:
    outcome = run(served.glif_prompt("dp"), None, STALE, served.saml_post())
    first, _, fresh = outcome.requests
    assert fresh == first
    ended = refused(PageUnreadable, STALE, STALE)
    assert "HTTP 400" in ended.result.message
    assert len(ended.requests) == 2


def test_a_fresh_start_may_ask_for_the_account_again() -> None:
    outcome = run(
        served.lite_identifier(), STALE, served.lite_identifier(said="Bonjour"), served.saml_post()
    )
    assert outcome.challenges == []


def test_thirty_pages_are_enough() -> None:
    totp = Method("totp", "TOTP (Google Authenticator)", "3")
    circle = (served.glif_code(), AnotherWay(), served.glif_selection(), totp)
    outcome = refused(PageUnreadable, *circle * 15, served.glif_code())
    assert "30 pages" in outcome.result.message


def test_a_sign_in_that_goes_round_in_circles_ends() -> None:
    code = served.glif_code(said="")
    circle: list[object] = [served.lite_identifier()]
    for number in range(3):
        circle += [code, f"{number}", served.lite_identifier()]
    outcome = refused(SignInRefused, *circle)
    assert len(outcome.requests) < 10


def test_it_stays_at_google() -> None:
    assert str(ADA.reach.password_origin) == ORIGIN
    assert not ADA.reach.post_origins
    assert ADA.reach.poll_hosts == {"content.googleapis.com"}


@pytest.mark.parametrize(
    "host",
    [
        "accounts.google.com",
        "accounts.youtube.com",
        "www.google.com",
        "accounts.google.de",
        "accounts.google.co.uk",
        "accounts.google.co.in",
        "accounts.google.com.br",
        "accounts.google.ru",
    ],
)
def test_it_passes_the_hosts_where_google_sets_its_cookies(host: str) -> None:
    assert ADA.reach.allows(f"https://{host}/accounts/SetSID?ssdc=1&sidt=AL")
    answers = ADA.reach.allows(f"https://{host}/accounts/SetSID", "answers")
    assert answers == (host == "accounts.google.com")


@pytest.mark.parametrize(
    "host",
    [
        "accounts.google.com.evil.example",
        "accounts.google.example",
        "accounts.google.co",
        "accounts.google.uk",
        "google.de",
        "evil.accounts.google.de",
        "accounts.google.de:444",
    ],
)
def test_and_no_host_that_only_looks_like_one(host: str) -> None:
    assert not ADA.reach.allows(f"https://{host}/accounts/SetSID")
