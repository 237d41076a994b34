from __future__ import annotations

from dataclasses import replace
from html import escape

import pytest

from samlauth.challenges import AnotherWay, ChooseMethod, EnterCode, EnterPassword, Method
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NetworkError,
    NobodyToAsk,
    PageUnreadable,
    SignInRefused,
)
from samlauth.flow import Page, Request, Wait

from . import served
from .played import ADA, NOBODY, fields, hasty, refused, run

POST = {"Context": served.CONTEXT}
ADAPTERS = [
    ("SecurIDAuthentication", "Passcode"),
    ("SecurIDv2Authentication", "ChallengeQuestionAnswer"),
    ("SymantecVipAdapter", "SecurityCode"),
    ("VIPAuthenticationProviderUPN", "security_code"),
    ("SafeNet-MFA", "SAFENET_PASSWORD"),
    ("Defender AD FS Adapter", "OathCode"),
    ("AzureMfaAuthentication", "VerificationCode"),
    ("Home-grown", "ChallengeQuestionAnswer"),
    ("privacyIDEA", "otp-feld-7"),
]
# These may send theirs in a message, too; what is not listed may do anything.
MAY_SEND = {
    "AzureMfaAuthentication",
    "AzureMfaServerAuthentication",
    "WindowsAzureMultiFactorAuthentication",
    "Home-grown",
    "privacyIDEA",
}


def asks(method: str, field: str, said: str = "", context: str = served.CONTEXT) -> Page:
    return served.adapter(method, served.field(field), said=said, context=context)


def polls(waits: list[Wait]) -> list[Request]:
    return [wait.poll for wait in waits if wait.poll is not None]


# Codes


@pytest.mark.parametrize(("method", "field"), ADAPTERS)
def test_a_code_of_each_adapter(method: str, field: str) -> None:
    outcome = run(served.login(), "pw", asks(method, field), "123456", served.saml_post())
    _, _, post = outcome.requests
    assert post.url == served.HERE
    assert fields(post) == {
        "AuthMethod": method, "Context": served.CONTEXT, field: "123456", "Submit": "Sendi"
    }  # fmt: skip
    assert post.carrying == "answers"
    kind = "" if method in MAY_SEND else "totp"
    note = "Pruvu, ke estas vi."
    assert outcome.challenges[1:] == [EnterCode("MFA token", note=note, kind=kind)]


@pytest.mark.parametrize(("method", "field"), ADAPTERS)
def test_a_wrong_code_is_asked_for_again_with_the_page_s_new_context(
    method: str, field: str
) -> None:
    again = asks(method, field, "Malĝusta kodo.", "<new/>")
    outcome = run(asks(method, field), "111111", again, "222222", served.saml_post())
    assert [c.refused for c in outcome.challenges if isinstance(c, EnterCode)] == [
        "", "Malĝusta kodo."
    ]  # fmt: skip
    first, second = (fields(request) for request in outcome.requests[1:])
    assert (first["Context"], first[field]) == (served.CONTEXT, "111111")
    assert (second["Context"], second[field]) == ("<new/>", "222222")


@pytest.mark.parametrize(("method", "field"), ADAPTERS)
def test_a_rejected_code_is_never_posted_again(method: str, field: str) -> None:
    page, wrong = asks(method, field), asks(method, field, "Ne.")
    outcome = refused(CodeRefused, page, "111111", wrong, "111 111", "111-111", "111111")
    assert len(outcome.requests) == 2
    outcome = refused(CodeRefused, page, "1", wrong, "2", wrong, "3", wrong)
    assert len(outcome.requests) == 4
    assert "Ne." in outcome.result.message
    outcome = refused(CodeRefused, page, "1", wrong, NOBODY)
    assert outcome.result.exit_code == 5


def test_a_field_whose_name_changes_gives_no_more_tries() -> None:
    pages = [served.adapter("SymantecVipAdapter", served.field(f"x{i}")) for i in range(4)]
    outcome = refused(CodeRefused, pages[0], "1", pages[1], "2", pages[2], "3", pages[3])
    assert len(outcome.requests) == 4


def test_a_code_that_nobody_can_give() -> None:
    with pytest.raises(NobodyToAsk):
        run(asks("SecurIDAuthentication", "Passcode"), NOBODY)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("123 456", "123456"), (" 12-34 ", "1234"), ("my pin 123456 ", "my pin 123456"), ("ab-1", "ab-1")],
)  # fmt: skip
def test_a_code_as_it_is_sent(typed: str, sent: str) -> None:
    outcome = run(asks("SecurIDAuthentication", "Passcode"), typed, served.saml_post())
    assert fields(outcome.requests[1])["Passcode"] == sent


def test_an_empty_code_is_asked_for_again() -> None:
    outcome = run(asks("SecurIDAuthentication", "Passcode"), " ", "1", served.saml_post())
    assert len(outcome.requests) == 2


def test_a_page_that_says_nothing_is_explained() -> None:
    page = served.adapter(
        "SafeNet-MFA", '<input type="password" name="SAFENET_PASSWORD">', prompt=""
    )
    [challenge] = run(page, "1", served.saml_post()).challenges
    assert challenge == EnterCode("MFA token", note="SafeNet asks for a code.", kind="totp")


def test_the_user_name_is_given_again_where_it_is_asked_for() -> None:
    page = served.azure('<input name="UserName" type="text">' + served.AZURE_CODE)
    post = run(page, "123456", served.saml_post()).requests[1]
    assert fields(post) == {
        "AuthMethod": "AzureMfaAuthentication", "Context": served.CONTEXT, "__EVENTTARGET": "",
        "UserName": "EXAMPLE\\ada", "VerificationCode": "123456", "SignIn": "Sign in",
    }  # fmt: skip


def test_the_next_code_of_an_rsa_token() -> None:
    more = '<input type="hidden" name="ChallengeQuestionAnswer" value="">'
    page = served.adapter("SecurIDAuthentication", served.field("NextCode") + more)
    outcome = run(asks("SecurIDAuthentication", "Passcode"), "111111", page, "222222",
                  served.saml_post())  # fmt: skip
    _, second = outcome.challenges
    assert isinstance(second, EnterCode)
    assert (second.label, second.refused) == ("Next MFA token", "")
    assert "another code" in second.note
    posted = fields(outcome.requests[2])
    assert (posted["NextCode"], posted["ChallengeQuestionAnswer"]) == ("222222", "111111")


def test_rsa_s_second_version_has_a_page_before_its_own() -> None:
    version = "SecurIDv2Authentication"
    button = '<input type="submit" name="Submit" value="Ek">'
    outcome = run(
        served.adapter(version, button, context="<c1/>"), asks(version, "Passcode", context="<c2/>"),
        "123456", served.saml_post(),
    )  # fmt: skip
    [bare] = polls(outcome.waits)
    assert fields(bare) == {"AuthMethod": version, "Context": "<c1/>"}
    assert fields(outcome.requests[1])["Context"] == "<c2/>"
    assert [wait.shows for wait in outcome.waits] == ["Waiting for RSA SecurID"]


# Answers elsewhere


def test_a_push_with_a_number() -> None:
    prompt = "Open your Authenticator app."
    outcome = run(
        served.login(), "pw", served.azure(), served.azure(number="42", prompt=prompt), None,
        served.azure(number="42", prompt=prompt), None, served.azure(number="7", prompt=prompt),
        None, served.saml_post(),
    )  # fmt: skip
    waits = outcome.waits
    # What the script posts is posted at once; then the person gets time before each question.
    assert [wait.poll is not None for wait in waits] == [True] + [False, True] * 3
    assert all(wait.seconds <= 5 for wait in waits if wait.poll is None)
    assert [line.text for line in outcome.told] == [
        f"{prompt}\n\n    Number to enter:   42\n",
        f"{prompt}\n\n    Number to enter:   7\n",
    ]
    assert not any(line.quiet for line in outcome.told)
    assert {line.live for line in outcome.told} == {prompt}
    assert [wait.number for wait in waits] == ["", "42", "42", "42", "42", "7", "7"]
    assert "42" in waits[1].shows
    assert "7" in waits[-1].shows
    contexts = [fields(poll)["Context"] for poll in polls(waits)]
    assert contexts == [served.CONTEXT + number for number in ("", "42", "42", "7")]
    for poll in polls(waits):
        assert set(fields(poll)) == {"AuthMethod", "Context", "__EVENTTARGET"}
        assert (poll.carrying, poll.url, poll.referer) == ("answers", served.HERE, served.HERE)
        assert poll.seconds is not None
        assert poll.seconds <= 90


def test_each_question_goes_to_where_the_last_page_came_from() -> None:
    moved = replace(served.azure(number="42"), url=f"{served.HOST}/adfs/ls/?next=1")
    outcome = run(served.azure(number="42"), None, moved, None, served.saml_post())
    assert [(poll.url, poll.referer) for poll in polls(outcome.waits)] == [
        (served.HERE, served.HERE),
        (moved.url, moved.url),
    ]


@pytest.mark.parametrize(
    ("method", "seconds"),
    [("AzureMfaAuthentication", 90), ("AzureMfaServerAuthentication", 180),
     ("WindowsAzureMultiFactorAuthentication", 180), ("SilverfortAdfs", 90), ("Unheard-of", 90)],
)  # fmt: skip
def test_one_post_that_is_answered_late(method: str, seconds: int) -> None:
    outcome = run(served.adapter(method), served.saml_post())
    [wait] = outcome.waits
    assert seconds - 5 < wait.seconds <= seconds
    assert fields(wait.poll) == {"AuthMethod": method, **POST}


def test_the_only_button_of_an_unknown_adapter_is_pressed() -> None:
    buttons = '<button name="go" value="1">Ek</button><button name="stop" value="1">Ne</button>'
    outcome = run(served.adapter("Unheard-of", buttons), served.saml_post())
    assert fields(outcome.waits[0].poll) == {"AuthMethod": "Unheard-of", **POST, "go": "1"}
    nameless = "<button>Ek</button>" + buttons
    outcome = run(served.adapter("Unheard-of", nameless), served.saml_post())
    assert fields(outcome.waits[0].poll) == {"AuthMethod": "Unheard-of", **POST}


@pytest.mark.parametrize(
    "method", ["AzureMfaAuthentication", "AzureMfaServerAuthentication", "Unheard-of"]
)
def test_a_denial_stops_at_once(method: str) -> None:
    denied = served.adapter(method, said="Authentication denied. Please try again.")
    outcome = refused(CodeRefused, served.login(), "pw", served.adapter(method), denied)
    assert "Authentication denied." in outcome.result.message
    assert outcome.result.exit_code == 5
    assert len(outcome.waits) == 1


def test_silverfort_says_no_in_words_alone() -> None:
    page = served.adapter("SilverfortAdfs")
    for words in ("Not authorized", "MFA request expired"):
        for answer in (served.adapter("SilverfortAdfs", prompt=words), served.page(f"<p>{words}")):
            outcome = refused(CodeRefused, page, answer)
            assert words in outcome.result.message
            assert len(outcome.waits) == 1


@pytest.mark.parametrize("number", ["", "42"])
def test_a_page_that_offers_another_way_is_asked_as_patiently(number: str) -> None:
    first = served.azure(number=number, links=served.DIFFERENT)
    context = escape(served.CONTEXT + number)

    def turn(count: int) -> Page:
        # As ADFS has it, the Context is another one each time.
        return replace(first, body=first.body.replace(context, f"{context}{count}"))

    assert turn(1) != turn(2)
    begun = [] if number else [turn(0)]
    asked = [entry for count in range(1, 41) for entry in (None, turn(count))]
    outcome = run(first, *begun, *asked, None, served.saml_post())
    polled = [wait.poll is not None for wait in outcome.waits]
    assert polled == [True] * len(begun) + [False, True] * 41
    assert len(outcome.told) == 1
    assert {wait.ways for wait in outcome.waits} == {("another",)}
    assert fields(outcome.waits[-1].poll)["Context"] == f"{served.CONTEXT}{number}40"


@pytest.mark.parametrize(
    "script",
    [
        [served.azure(number="42"), *[None, served.azure(number="42")] * 4],
        [served.adapter("Unheard-of"), *[served.adapter("Unheard-of"), None] * 4],
    ],
    ids=["number", "nothing to say"],
)
def test_nobody_answers(script: list[object]) -> None:
    outcome = refused(CodeRefused, *script, provider=hasty(10))
    assert "within 90 seconds" in outcome.result.message
    assert sum(wait.seconds for wait in outcome.waits if wait.poll is None) < 90
    shown = [wait.seconds for wait in outcome.waits if wait.poll]
    assert shown == sorted(shown, reverse=True)


def test_a_post_that_outlasts_the_time() -> None:
    outcome = refused(CodeRefused, served.adapter("SilverfortAdfs"), None)
    assert "Silverfort had no answer" in outcome.result.message


def test_a_network_that_breaks_while_waiting() -> None:
    with pytest.raises(NetworkError, match="gone"):
        run(served.adapter("SilverfortAdfs"), NetworkError("gone"))


# Another way


def test_another_way_while_waiting() -> None:
    number = served.azure(number="42", links=served.DIFFERENT)
    menu = served.azure_menu("Text +X XXXXXXX76", "Call +X XXXXXXX76")
    text = Method("sms", "Text +X XXXXXXX76", "verificationOption0")
    outcome = run(
        number, AnotherWay(), menu, text,
        served.azure(served.AZURE_CODE), "123456", served.saml_post(),
    )  # fmt: skip
    assert outcome.waits[0].ways == ("another",)
    different, chosen, _ = outcome.requests[1:]
    assert fields(different)["__EVENTTARGET"] == "differentVerificationOption"
    assert fields(chosen) == {
        "AuthMethod": "AzureMfaAuthentication", **POST, "__EVENTTARGET": "verificationOption0"
    }  # fmt: skip
    voice = Method("voice", "Call +X XXXXXXX76", "verificationOption1")
    assert outcome.challenges[0] == ChooseMethod((text, voice))
    polled = run(number, None, AnotherWay(), served.saml_post())
    assert fields(polled.requests[1])["__EVENTTARGET"] == "differentVerificationOption"


def test_another_way_instead_of_a_code() -> None:
    links = (
        served.link("SafeNet-MFA", "Ĵetono"),
        served.link("AzureMfaAuthentication", "Telefono"),
    )
    page = served.adapter("SecurIDAuthentication", served.field("Passcode"), links=links)
    azure = Method("azure", "Telefono (Microsoft Entra MFA)", "AzureMfaAuthentication")
    outcome = run(page, AnotherWay(), azure, served.saml_post())
    [post] = outcome.requests[1:]
    assert post.url == served.OPTIONS_URL
    assert fields(post) == {"AuthMethod": "AzureMfaAuthentication"}
    [code, choice] = outcome.challenges
    assert isinstance(code, EnterCode)
    assert code.ways == ("another",)
    assert isinstance(choice, ChooseMethod)
    nobody = refused(NobodyToAsk, page, AnotherWay(), NOBODY)
    assert "safenet" in nobody.result.hint


def test_a_code_that_is_asked_for_again_by_choice_was_not_refused() -> None:
    code = served.azure(served.AZURE_CODE, links=served.DIFFERENT)
    menu = served.azure_menu("Text me")
    outcome = run(code, "1", code, AnotherWay(), menu, code, "2", served.saml_post())
    refusals = [c.refused for c in outcome.challenges if isinstance(c, EnterCode)]
    assert refusals == ["", "Microsoft Entra MFA asked for a code again.", ""]


# Menus and --mfa


def test_a_menu_of_one_is_no_choice() -> None:
    outcome = run(served.menu(served.link("SafeNet-MFA")), served.saml_post())
    assert outcome.challenges == []
    assert fields(outcome.requests[1]) == {"AuthMethod": "SafeNet-MFA", "UserName": "EXAMPLE\\ada"}
    again = served.menu(served.link("SafeNet-MFA"), said="Ne funkciis.")
    method = Method("safenet", "Alie (SafeNet)", "SafeNet-MFA")
    outcome = run(again, again, method, served.saml_post())
    assert outcome.challenges == [ChooseMethod((method,))]
    assert any("Ne funkciis." in line.text for line in outcome.told)


@pytest.mark.parametrize(
    ("mfa", "method"),
    [
        ("rsa", "SecurIDAuthentication"),
        ("securidauthentication", "SecurIDAuthentication"),
        ("azure", "AzureMfaAuthentication"),
        ("prompt", "AzureMfaAuthentication"),
        ("push", "AzureMfaAuthentication"),
        ("SMS", "AzureMfaAuthentication"),
        ("ora ĵetono", "SecurIDAuthentication"),
    ],
)
def test_the_way_that_mfa_names(mfa: str, method: str) -> None:
    menu = served.menu(
        served.link("SecurIDAuthentication", "Ora ĵetono"),
        served.link("AzureMfaAuthentication", "Telefono"),
    )
    outcome = run(menu, served.saml_post(), provider=replace(ADA, mfa=mfa))
    assert outcome.challenges == []
    assert fields(outcome.requests[1])["AuthMethod"] == method


def test_an_mfa_that_is_not_offered_is_said() -> None:
    menu = served.menu(served.link("SafeNet-MFA"), served.link("SecurIDAuthentication"))
    method = Method("safenet", "Alie (SafeNet)", "SafeNet-MFA")
    outcome = run(menu, method, served.saml_post(), provider=replace(ADA, mfa="voice"))
    assert "“voice”" in outcome.told[0].text
    assert not outcome.told[0].quiet
    nobody = refused(NobodyToAsk, menu, NOBODY, provider=replace(ADA, mfa="voice"))
    assert "--mfa" in nobody.result.hint
    page = asks("SecurIDAuthentication", "Passcode")
    outcome = run(page, "1", page, "2", served.saml_post(), provider=replace(ADA, mfa="sms"))
    assert [line.text.count("“sms”") for line in outcome.told] == [1]
    outcome = run(page, "1", served.saml_post(), provider=replace(ADA, mfa="totp"))
    assert outcome.told == []


def test_mfa_finds_its_way_through_the_menus() -> None:
    number = served.azure(number="42", links=served.DIFFERENT)
    menu = served.azure_menu("Approve in my app", "Text +X XXXXXXX76", "Call +X XXXXXXX76")
    code = served.azure(served.AZURE_CODE, prompt="We sent a text message.", links=served.DIFFERENT)
    outcome = run(
        served.menu(served.link("SafeNet-MFA"), served.link("AzureMfaAuthentication")),
        served.azure(), number, menu, code, "123456", served.saml_post(),
        provider=replace(ADA, mfa="sms"),
    )  # fmt: skip
    assert [type(c) for c in outcome.challenges] == [EnterCode]
    assert [fields(r).get("__EVENTTARGET") for r in outcome.requests[1:]] == [
        None, "differentVerificationOption", "verificationOption1", ""
    ]  # fmt: skip


def test_a_menu_within_the_adapter_that_mfa_names() -> None:
    menu = served.azure_menu("A", "B")
    outcome = run(
        menu, Method("other", "B", "verificationOption1"), served.saml_post(),
        provider=replace(ADA, mfa="azure"),
    )  # fmt: skip
    assert not any("does not offer" in line.text for line in outcome.told)


def test_mfa_leaves_an_adapter_for_another() -> None:
    links = (served.link("SafeNet-MFA"),)
    page = served.adapter("SecurIDAuthentication", served.field("Passcode"), links=links)
    outcome = run(page, served.saml_post(), provider=replace(ADA, mfa="safenet"))
    assert fields(outcome.requests[1])["AuthMethod"] == "SafeNet-MFA"
    back = run(page, page, "1", served.saml_post(), provider=replace(ADA, mfa="safenet"))
    assert len(back.requests) == 3
    person = run(
        page, AnotherWay(), page, "1", served.saml_post(), provider=replace(ADA, mfa="rsa")
    )
    assert len(person.requests) == 3


# Browsers and certificates


@pytest.mark.parametrize(
    ("page", "name"),
    [(served.duo_universal(), "Duo"), (served.duo_traditional(), "Duo"),
     (served.adapter("OktaMfaAdfs"), "Okta")],
)  # fmt: skip
def test_adapters_of_scripts_are_the_browser_s(page: Page, name: str) -> None:
    outcome = refused(NeedsBrowser, served.login(), "pw", page)
    assert name in outcome.result.message
    assert outcome.result.exit_code == 6


def test_another_way_than_the_browser_is_taken_where_there_is_one() -> None:
    page = served.duo_traditional(with_links=(served.link("SafeNet-MFA"),))
    outcome = run(page, asks("SafeNet-MFA", "SAFENET_PASSWORD"), "1", served.saml_post())
    assert fields(outcome.requests[1]) == {"AuthMethod": "SafeNet-MFA"}
    assert len(refused(NeedsBrowser, page, page).requests) == 2
    outcome = run(page, served.saml_post(), provider=replace(ADA, mfa="safenet"))
    assert fields(outcome.requests[1]) == {"AuthMethod": "SafeNet-MFA"}
    # Whoever names Duo wants Duo.
    assert len(refused(NeedsBrowser, page, provider=replace(ADA, mfa="duo")).requests) == 1
    menu = served.menu(served.link("DuoAdfsAdapter", "Duo"), served.link("OktaMfaAdfs", "Okta"))
    assert "Duo and Okta" in refused(NeedsBrowser, menu).result.message


def test_a_certificate_is_shown_where_the_page_says() -> None:
    for action in (
        "https://certauth.sso.example.com/adfs/ls/?x=1",
        "https://sso.example.com:49443/a",
    ):
        outcome = run(served.login(), "pw", served.certificate(action), served.saml_post())
        post = outcome.requests[2]
        assert post.url == action
        assert fields(post) == {"AuthMethod": "CertificateAuthentication", **POST}
        assert post.carrying == "answers"


@pytest.mark.parametrize(
    "answer",
    [Page("https://certauth.sso.example.com/adfs/ls", 401, ""), Page(served.HERE, 403, ""),
     served.error_page("Neniu atestilo."), served.certificate()],
)  # fmt: skip
def test_a_certificate_that_is_missing(answer: Page) -> None:
    outcome = refused(SignInRefused, served.certificate(), answer)
    assert "client certificate" in outcome.result.message
    assert "--client-cert" in outcome.result.hint
    assert "--client-key" in outcome.result.hint
    noted = replace(answer, note="It may have expired.")
    if answer.status >= 400:
        message = refused(SignInRefused, served.certificate(), noted).result.message
        assert "It may have expired." in message


def test_a_connection_that_fails_for_want_of_a_certificate() -> None:
    link = served.menu(served.link("CertificateAuthentication"))
    for page in (served.certificate(), link):
        outcome = refused(NetworkError, page, NetworkError("TLS failed.", hint="Look."))
        assert "TLS failed." in outcome.result.message
        assert "--client-cert" in outcome.result.hint
        assert "Look." in outcome.result.hint
        outcome = refused(
            NetworkError, page, NetworkError("TLS failed.", hint="See --client-cert.")
        )
        assert outcome.result.hint.count("--client-cert") == 1
        assert outcome.result.__context__ is None or outcome.result.__suppress_context__


def test_an_unknown_adapter_with_two_fields_is_described() -> None:
    boxes = '<input name="a" type="text"><input name="b" type="password" value="hunter2">'
    outcome = refused(PageUnreadable, served.login(), "pw", served.adapter("Unheard-of", boxes))
    assert "AuthMethod Unheard-of" in outcome.result.message
    assert "hunter2" not in outcome.result.message
    assert len([c for c in outcome.challenges if isinstance(c, EnterPassword)]) == 1
