from __future__ import annotations

from dataclasses import replace

import pytest

from samlauth.challenges import (
    AnotherWay,
    ChooseMethod,
    EnterCode,
    EnterPhone,
    Method,
    Phone,
    Resend,
    Way,
)
from samlauth.errors import CodeRefused, NeedsBrowser, NobodyToAsk
from samlauth.flow import Page
from samlauth.idp.google import Google

from . import served
from .played import ADA, NOBODY, ORIGIN, fields, refused, run

BOTH: tuple[Way, ...] = ("another", "resend")
SENT = f"Google sent a text message to {served.MASKED}."


def wanting(mfa: str) -> Google:
    return replace(ADA, mfa=mfa)


def codes(page: Page, *answers: object) -> list[object]:
    return list(run(page, *answers, served.saml_post()).challenges)


# Text messages and calls


def test_a_text_message_is_sent_by_a_post_of_its_own() -> None:
    outcome = run(served.glif_send("SMS"), served.glif_sms(), "G-123 456", served.saml_post())
    # What stands beside the field before anybody answered is no refusal.
    assert outcome.challenges == [EnterCode("Enter SMS token", note=SENT, ways=BOTH)]
    _, sending, answer = outcome.requests
    assert sending.url == answer.url == f"{ORIGIN}/signin/challenge/ipp/2"
    assert fields(sending) == {
        "challengeId": "2", "challengeType": "9", **served.CARRIED, "SendMethod": "SMS",
    }  # fmt: skip
    assert fields(answer) == {
        "challengeId": "2", "challengeType": "9", **served.CARRIED, "Pin": "123456",
    }  # fmt: skip
    assert (sending.carrying, answer.carrying) == ("answers", "answers")


def test_how_a_code_was_sent_is_not_posted_with_it() -> None:
    for name in ("SendMethod", "sendMethod"):
        page = served.glif_sms(extra=served.hidden({name: "VOICE"}))
        assert name not in fields(run(page, "123456", served.saml_post()).requests[1])


@pytest.mark.parametrize(
    "typed", ["G-123456", "g-123456", " G - 123 456 ", "123456", "123-456", "G-123-456"]
)
def test_a_sent_code_may_be_typed_as_it_is_written(typed: str) -> None:
    _, post = run(served.glif_sms(), typed, served.saml_post()).requests
    assert fields(post)["Pin"] == "123456"


def test_a_call_is_one_of_two_ways_to_send_a_code() -> None:
    sms, voice = (
        Method("sms", f"SMS to {served.MASKED}", "sms"),
        Method("voice", f"Voice call to {served.MASKED}", "voice"),
    )
    outcome = run(
        served.glif_send("SMS", "VOICE"), voice, served.glif_sms(), "1234", served.saml_post()
    )
    note = f"Google calls {served.MASKED} and says the code."
    assert outcome.challenges == [
        ChooseMethod((sms, voice)),
        EnterCode("Enter VOICE token", note=note, ways=BOTH),
    ]
    assert fields(outcome.requests[1])["SendMethod"] == "VOICE"
    with pytest.raises(NobodyToAsk) as nobody:
        run(served.glif_send("SMS", "VOICE"), NOBODY)
    assert "voice" in nobody.value.hint


def test_a_page_that_only_calls_is_not_asked_about() -> None:
    outcome = run(served.glif_send("VOICE"), served.glif_sms(), "1234", served.saml_post())
    assert isinstance(outcome.challenges[0], EnterCode)
    assert outcome.challenges[0].label == "Enter VOICE token"


def test_the_newer_page_that_sends_a_code() -> None:
    outcome = run(served.lite_challenge("ipp/collect"), served.saml_post())
    assert fields(outcome.requests[1])["action"] == "1"


def test_a_code_that_cannot_be_sent_ends_it_in_google_s_words() -> None:
    again = served.glif_send("SMS", said="Zu oft versucht")
    outcome = refused(CodeRefused, served.glif_send("SMS"), again)
    assert "Zu oft versucht" in outcome.result.message
    assert len(outcome.requests) == 2
    silent = refused(CodeRefused, served.glif_send("SMS"), served.glif_send("SMS"))
    assert "did not send a code" in silent.result.message


def test_a_code_can_be_sent_again() -> None:
    again = '<button name="SendMethod" value="SMS">'
    page = served.lite_challenge("ipp/verify", served.lite_field("tel", "Pin") + again)
    outcome = run(page, Resend(), page, "123456", served.saml_post())
    _, resent, _ = outcome.requests
    assert fields(resent)["SendMethod"] == "SMS"
    assert fields(resent)["Pin"] == ""
    assert outcome.challenges[1] == outcome.challenges[0]
    older = run(served.glif_sms(), Resend(), served.glif_sms(), "123456", served.saml_post())
    assert fields(older.requests[1])["subAction"] == "startChallenge"
    assert fields(older.requests[1])["TL"] == "resend-tl"


# Other codes


@pytest.mark.parametrize(
    ("kind", "number", "label", "hint"),
    [
        ("totp", "6", "MFA token", ""),
        ("bc", "8", "Backup code", "8-digit"),
        ("ootp", "5", "Security code", "Settings"),
        ("skotp", "37", "Security code", "g.co/sc"),
        ("xyz", "99", "Code", ""),
    ],
)
def test_each_kind_of_code_says_where_it_comes_from(
    kind: str, number: str, label: str, hint: str
) -> None:
    outcome = run(served.glif_code(kind, challenge_type=number), "1234 5678", served.saml_post())
    [asked] = outcome.challenges
    assert isinstance(asked, EnterCode)
    assert (asked.label, asked.ways) == (label, ("another",))
    assert hint in asked.note
    assert bool(asked.note) == bool(hint)
    assert fields(outcome.requests[1])["Pin"] == "12345678"


def test_a_code_made_with_a_key_may_have_letters() -> None:
    for kind, number in (("ootp", "5"), ("skotp", "37"), ("xyz", "99")):
        page = served.glif_code(kind, challenge_type=number)
        assert fields(run(page, "aB 3", served.saml_post()).requests[1])["Pin"] == "aB3"
        assert len(codes(page, " ", "aB3")) == 2
    page = served.glif_code("bc", challenge_type="8")
    assert len(codes(page, "aB3", "12345678")) == 2


def test_a_refused_code_is_asked_for_again_three_times_at_most() -> None:
    for first, again in (
        (served.glif_sms(), served.glif_sms(said="Falsch")),
        (
            served.glif_code("bc", challenge_type="8"),
            served.glif_code("bc", challenge_type="8", said="Falsch"),
        ),
    ):
        outcome = run(first, "111", again, "111", "222", served.saml_post())
        assert [c.refused for c in outcome.challenges if isinstance(c, EnterCode)] == [
            "", "Falsch", "Falsch",
        ]  # fmt: skip
        assert [fields(r)["Pin"] for r in outcome.requests[1:]] == ["111", "222"]
        ended = refused(CodeRefused, first, "1", again, "2", again, "3", again)
        assert "Falsch" in ended.result.message
        assert len(ended.requests) == 4


def test_codes_of_another_kind_are_counted_anew() -> None:
    backup = served.glif_code("bc", challenge_type="8")
    outcome = run(
        served.lite_totp(), "1", served.lite_totp(), "2", served.lite_totp(), "3",
        backup, "1", served.saml_post(),
    )  # fmt: skip
    assert [c.refused != "" for c in outcome.challenges if isinstance(c, EnterCode)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_the_administrator_s_demand_is_told_once_and_the_backup_code_still_asked() -> None:
    page = served.glif_code("bc", challenge_type="8", extra=served.DEMAND)
    outcome = run(page, "1", page, "2", served.saml_post())
    [line] = outcome.told
    assert "administrator" in line.text
    assert "“Chiedi a Grace\\u202e”" in line.text
    assert not line.quiet
    assert len(outcome.challenges) == 2


def test_what_the_newer_page_for_a_backup_code_says_is_quoted() -> None:
    inner = '<p class="vOZun">Demandez à Grace</p>' + served.lite_field("tel", "Pin")
    [asked] = codes(served.lite_challenge("bc", inner), "1")
    assert isinstance(asked, EnterCode)
    assert "“Demandez à Grace”" in asked.note


# Phone numbers


ASKED = EnterPhone("Enter your phone number", ("IE", "FR"), ways=("another",))


def test_a_phone_number_is_given_with_its_country_and_the_code_after_it() -> None:
    page = served.glif_number(ways=("SMS",))
    code = served.glif_code("iap", challenge_type="17", control='<input type="tel" name="pin">')
    outcome = run(page, Phone("06 12-34.56(78)", "FR"), code, "G-123456", served.saml_post())
    assert outcome.challenges[0] == ASKED
    asked = outcome.challenges[1]
    assert isinstance(asked, EnterCode)
    assert asked.label == "Enter SMS token"
    _, number, answer = outcome.requests
    assert number.url == f"{ORIGIN}/signin/challenge/iap/2"
    assert fields(number) == {
        "challengeId": "2", "challengeType": "17", **served.CARRIED,
        "countryCode": "FR", "phoneNumber": "0612345678", "sendMethod": "SMS",
    }  # fmt: skip
    assert fields(answer)["pin"] == "123456"


def test_without_a_country_the_page_s_own_is_sent() -> None:
    page = served.glif_number(ways=("SMS",))
    page = replace(page, body=page.body.replace('<option value="">?', ""))
    post = run(page, Phone("+353 1 234"), served.saml_post()).requests[1]
    assert fields(post)["countryCode"] == "IE"
    assert fields(post)["phoneNumber"] == "+3531234"


def test_the_code_to_another_phone_may_be_called() -> None:
    page = served.glif_number(ways=("SMS", "VOICE"))
    code = served.glif_code("iap", challenge_type="17")
    voice = Method("voice", "Voice call", "voice")
    outcome = run(page, Phone("+3531234"), voice, code, "1", served.saml_post())
    assert outcome.challenges[1] == ChooseMethod((Method("sms", "SMS", "sms"), voice))
    assert fields(outcome.requests[1])["sendMethod"] == "VOICE"
    asked = outcome.challenges[2]
    assert isinstance(asked, EnterCode)
    assert asked.label == "Enter VOICE token"


def test_the_recovery_phone_is_confirmed() -> None:
    page = served.glif_number("kpp", field="recovery")
    outcome = run(page, Phone("+353 1234"), served.saml_post())
    assert outcome.challenges == [replace(ASKED, countries=())]
    assert fields(outcome.requests[1])["recovery"] == "+3531234"
    masked = f'<b dir="ltr">{served.MASKED}</b>' + served.lite_field("tel", "phoneNumber")
    lite = run(served.lite_challenge("kpe", masked), Phone("+3531234"), served.saml_post())
    [asked] = lite.challenges
    assert isinstance(asked, EnterPhone)
    assert served.MASKED in asked.note
    assert fields(lite.requests[1])["action"] == "1"


def test_a_number_that_was_taken_may_be_given_again_for_another_code() -> None:
    ada = Phone("+3531234")
    code = served.glif_code("iap", challenge_type="17")
    menu = served.glif_selection(served.glif_entry(4, "iap"), served.glif_entry(5, "totp"))
    other = Method("phone", "SMS or voice call to another phone", "0")
    # No code came: back to the menu, and the same again.
    outcome = run(
        served.glif_number("iap"), ada, code, AnotherWay(), menu, other, served.glif_number("iap"),
        ada, code, "1", served.saml_post(),
    )  # fmt: skip
    sent = [fields(r) for r in outcome.requests if r.form and "phoneNumber" in dict(r.form)]
    assert [form["phoneNumber"] for form in sent] == ["+3531234"] * 2


def test_a_refused_number_is_asked_for_again_three_times_at_most() -> None:
    first, again = (
        served.glif_number("kpp"),
        served.glif_number("kpp", said="Stimmt nicht"),
    )
    one, two, three = (Phone(f"+35312{n}") for n in "123")
    outcome = run(first, one, again, one, two, served.saml_post())
    assert [c.refused for c in outcome.challenges if isinstance(c, EnterPhone)] == [
        "", "Stimmt nicht", "Stimmt nicht",
    ]  # fmt: skip
    assert len(outcome.requests) == 3
    ended = refused(CodeRefused, first, one, again, two, again, three, again)
    assert "Stimmt nicht" in ended.result.message
    assert "phone number" in ended.result.message


@pytest.mark.parametrize("number", ["", "+", "12", "call me", "+44 ٣٤٥", "1" * 30])
def test_what_can_be_no_number_is_not_posted(number: str) -> None:
    outcome = run(served.glif_number("kpp"), Phone(number), Phone("+3531234"), served.saml_post())
    again = outcome.challenges[1]
    assert isinstance(again, EnterPhone)
    assert "digits" in again.refused
    assert len(outcome.requests) == 2


def test_a_phone_number_can_be_left_for_another_way() -> None:
    menu = served.glif_selection(served.glif_entry(5, "totp"))
    run(served.glif_number("kpp"), AnotherWay(), menu, served.glif_code(), "1", served.saml_post())


# The menu


def test_a_way_is_chosen_by_its_form_and_not_by_its_id() -> None:
    page = served.glif_selection()
    sms, voice = (
        Method("sms", f"SMS to {served.MASKED}", "0"),
        Method("voice", f"Voice call to {served.MASKED}", "1"),
    )
    outcome = run(page, voice, served.glif_sms(), "1", served.saml_post())
    [asked, code] = outcome.challenges
    assert isinstance(asked, ChooseMethod)
    assert asked.methods[:2] == (sms, voice)
    assert len(asked.methods) == 5
    assert outcome.requests[1].url == f"{ORIGIN}/signin/challenge/ipp/2"
    assert fields(outcome.requests[1]) == {
        "challengeId": "2", "subAction": "selectChallenge", "SendMethod": "VOICE", **served.CARRIED,
    }  # fmt: skip
    # The menu had it sent at once, so the next page asks for a code that was called.
    assert isinstance(code, EnterCode)
    assert code.label == "Enter VOICE token"


def test_a_way_of_the_newer_menu_is_chosen_by_one_button_alone() -> None:
    method = Method("sms", "SMS to (•••) •••-••02", "5")
    outcome = run(served.lite_selection(), method, served.lite_totp(), "1", served.saml_post())
    post = outcome.requests[1]
    assert post.url == f"{ORIGIN}/v3/signin/challenge/selection?{served.V3_QUERY}"
    assert [pair for pair in post.form or () if pair[0] in {"challenge", "action"}] == [
        ("challenge", "8,SMS")
    ]
    assert fields(post)["challengeListId"] == "2"
    assert "accountrecovery" not in fields(post)


def test_the_only_way_is_taken_and_said() -> None:
    for page in (
        served.lite_selection(served.lite_entry(4, "6"), served.lite_entry(6, "53")),
        served.glif_selection(served.glif_entry(4, "totp"), served.glif_entry(9, "pk")),
    ):
        outcome = run(page, served.lite_totp(), "1", served.saml_post())
        assert [type(c) for c in outcome.challenges] == [EnterCode]
        [line] = outcome.told
        assert "TOTP (Google Authenticator)" in line.text


def test_the_only_way_is_taken_by_itself_once() -> None:
    page = served.glif_selection(served.glif_entry(2, "ipp", send="SMS"))
    outcome = run(page, page, Method("sms", "SMS", "0"), served.glif_sms(), "1", served.saml_post())
    assert [type(c) for c in outcome.challenges] == [ChooseMethod, EnterCode]


def test_a_menu_of_ways_for_browsers_only_is_named() -> None:
    page = served.glif_selection(served.glif_entry(1, "idv"), served.glif_entry(4, "pk"))
    outcome = refused(NeedsBrowser, page)
    named = "a challenge to prove who you are (idv) and a passkey challenge (pk)"
    assert named in outcome.result.message
    assert outcome.result.exit_code == 6


def test_a_menu_and_nobody_to_ask_names_what_mfa_may_be() -> None:
    outcome = refused(NobodyToAsk, served.glif_selection(), NOBODY)
    assert "--mfa" in outcome.result.hint
    assert "recovery-phone  Confirm" in outcome.result.hint


# --mfa


@pytest.mark.parametrize("mfa", ["totp", "authenticator", "TOTP"])
def test_mfa_chooses_from_the_menu(mfa: str) -> None:
    for page in (served.glif_selection(), served.lite_selection()):
        outcome = run(page, served.lite_totp(), "1", served.saml_post(), provider=wanting(mfa))
        assert [type(c) for c in outcome.challenges] == [EnterCode]
        assert not [line for line in outcome.told if "does not offer" in line.text]


def test_mfa_that_means_several_ways_has_those_to_choose_from() -> None:
    page = served.lite_selection()
    method = Method("sms", "SMS to (•••) •••-••02", "5")
    outcome = run(
        page, method, served.lite_totp(), "1", served.saml_post(), provider=wanting("sms")
    )
    [asked, _] = outcome.challenges
    assert isinstance(asked, ChooseMethod)
    assert asked.methods == (Method("sms", "SMS to (•••) •••-••01", "4"), method)
    exact = run(page, served.lite_totp(), "1", served.saml_post(), provider=wanting("sms 02"))
    assert dict(exact.requests[1].form or ())["challenge"] == "8,SMS"


def test_mfa_leaves_the_default_challenge_for_the_menu_and_there_jumps() -> None:
    for default, menu in (
        (served.glif_code(), served.glif_selection()),
        (served.lite_totp(), served.lite_selection(*served.LITE_ENTRIES[:6])),
    ):
        outcome = run(
            default, menu, served.glif_sms(), "1", served.saml_post(), provider=wanting("sms")
        )
        assert [type(c) for c in outcome.challenges] == [EnterCode]
        detour = outcome.requests[1]
        assert detour.url.endswith("/skip") or fields(detour)["action"] == "3"


@pytest.mark.parametrize(
    ("mfa", "page", "answers"),
    [
        ("totp", served.glif_code(), ["1"]),
        ("sms", served.glif_sms(), ["1"]),
        ("76", served.glif_sms(), ["1"]),
        ("dp", served.glif_prompt("dp"), [None]),
        ("prompt", served.lite_prompt(), [None]),
        ("backup", served.glif_code("bc", challenge_type="8"), ["1"]),
        ("recovery-phone", served.glif_number("kpp"), [Phone("+3531234")]),
        ("voice", served.glif_sms(extra=served.hidden({"SendMethod": "VOICE"})), ["1"]),
    ],
)
def test_mfa_stays_where_it_is_what_google_asks_first(
    mfa: str, page: Page, answers: list[object]
) -> None:
    outcome = run(page, *answers, served.saml_post(), provider=wanting(mfa))
    assert len(outcome.requests) == 2


@pytest.mark.parametrize(("mfa", "way"), [("sms", "SMS"), ("voice", "VOICE")])
def test_mfa_presses_the_button_it_names(mfa: str, way: str) -> None:
    outcome = run(
        served.glif_send("SMS", "VOICE"), served.glif_sms(), "1", served.saml_post(),
        provider=wanting(mfa),
    )  # fmt: skip
    assert fields(outcome.requests[1])["SendMethod"] == way


def test_mfa_that_is_not_offered_is_said_and_asked_about() -> None:
    totp = Method("totp", "TOTP (Google Authenticator)", "3")
    outcome = run(
        served.glif_selection(), totp, served.glif_code(), "1", served.saml_post(),
        provider=wanting("mi\u202eau"),
    )  # fmt: skip
    assert isinstance(outcome.challenges[0], ChooseMethod)
    assert "“mi\\u202eau”" in outcome.told[0].text
    assert not outcome.told[0].quiet


def test_mfa_is_said_not_to_count_where_there_is_no_other_way() -> None:
    bare = '<form action="/signin/challenge/totp/2" id="challenge"><input name="Pin"></form>'
    page = served.page(bare)
    outcome = run(page, "1", page, "2", served.saml_post(), provider=wanting("sms"))
    [line] = outcome.told
    assert "no other way: TOTP (Google Authenticator)" in line.text
    assert not line.quiet


def test_mfa_leaves_a_challenge_once() -> None:
    # Google shows the same challenge again: then it is the one.
    outcome = run(
        served.glif_code(), served.glif_code(), "1", served.saml_post(), provider=wanting("sms")
    )
    assert len(outcome.requests) == 3


def test_mfa_has_one_say_in_the_menu() -> None:
    totp = Method("totp", "TOTP (Google Authenticator)", "3")
    outcome = run(
        served.glif_selection(), served.glif_selection(), totp, served.glif_code(), "1",
        served.saml_post(), provider=wanting("recovery-phone"),
    )  # fmt: skip
    assert [type(c) for c in outcome.challenges] == [ChooseMethod, EnterCode]


def test_a_person_who_wants_another_way_is_asked_whatever_mfa_says() -> None:
    totp = Method("totp", "TOTP (Google Authenticator)", "3")
    outcome = run(
        served.glif_sms(), AnotherWay(), served.glif_selection(), totp, served.glif_code(), "1",
        served.saml_post(), provider=wanting("sms"),
    )  # fmt: skip
    assert [type(c) for c in outcome.challenges] == [EnterCode, ChooseMethod, EnterCode]


# Another way


def test_another_way_is_a_form_of_the_older_pages_and_a_button_of_the_newer() -> None:
    menu = served.lite_selection(served.lite_entry(4, "8"))
    backup = served.glif_code("bc", challenge_type="8")
    older = run(served.glif_code(), AnotherWay(), menu, backup, "1", served.saml_post())
    assert older.requests[1].url == f"{ORIGIN}/signin/challenge/skip"
    assert fields(older.requests[1]) == {**served.CARRIED, "TL": "skip-tl"}
    newer = run(served.lite_totp(), AnotherWay(), menu, backup, "1", served.saml_post())
    assert newer.requests[1].url == f"{ORIGIN}/v3/signin/challenge/totp?{served.V3_QUERY}"
    assert fields(newer.requests[1]) == {
        "bgresponse": "js_enabled", "Pin": "", "action": "3", "at": "at-1:17",
    }  # fmt: skip


def test_a_challenge_for_browsers_is_left_by_itself_and_said() -> None:
    menu = served.lite_selection(served.lite_entry(4, "6"))
    for page, named in (
        (served.glif_code("sk", challenge_type="2"), "(sk)"),
        (served.lite_challenge("pk/presend"), "(pk)"),
    ):
        outcome = run(page, menu, served.lite_totp(), "1", served.saml_post())
        assert [type(c) for c in outcome.challenges] == [EnterCode]
        assert named in outcome.told[0].text


def test_a_challenge_for_browsers_without_another_way_is_named() -> None:
    bare = served.lite("/v3/signin/challenge/sk", "", buttons=False)
    outcome = refused(NeedsBrowser, bare)
    assert "a security-key challenge (sk)" in outcome.result.message
    assert "browser" in outcome.result.hint
    assert len(outcome.requests) == 1


def test_a_challenge_for_browsers_that_comes_back_is_the_end() -> None:
    page = served.lite_challenge("pk/presend")
    assert len(refused(NeedsBrowser, page, page).requests) == 2
