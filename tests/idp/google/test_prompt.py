from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from samlauth.challenges import AnotherWay, EnterCode, Resend
from samlauth.errors import CodeRefused, NeedsBrowser, NetworkError
from samlauth.flow import Page
from samlauth.idp.google import Google

from . import served
from .played import ADA, ORIGIN, fields, refused, run

POLL = "https://content.googleapis.com/cryptauth/v1/authzen/awaittx?alt=json&key=key%2F1%26"
AZ = served.glif_prompt()
BACKUP = (served.lite_selection(served.lite_entry(4, "8")), served.lite_totp(), "1")


def polled(body: str = "", status: int = 500) -> Page:
    return Page(POLL, status, body)


def token(value: str = "tok-1") -> Page:
    return polled(json.dumps({"txToken": value}), 200)


def ticking(seconds: float) -> Callable[[], datetime]:
    """A clock that is so much later at every look."""
    ticks: Iterator[int] = count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds * next(ticks))


def hasty(seconds: float) -> Google:
    return replace(ADA, clock=ticking(seconds))


# The older prompt


def test_the_older_prompt_is_polled_and_its_token_posted() -> None:
    outcome = run(AZ, token(), served.saml_post())
    [wait] = outcome.waits
    assert wait.poll is not None
    assert wait.poll.url == POLL
    assert json.loads(wait.poll.json or "") == {"txId": "tx-1="}
    assert (wait.poll.form, wait.poll.carrying, wait.poll.referer) == (None, "nothing", AZ.url)
    assert 170 < wait.seconds <= 180
    assert wait.poll.seconds == 60
    assert wait.ways == ("another", "resend")
    _, post = outcome.requests
    assert post.url == f"{ORIGIN}/signin/challenge/az/6"
    assert fields(post) == {
        "challengeId": "6", "challengeType": "4", **served.CARRIED,
        "token": "tok-1", "action": "VERIFY",
    }  # fmt: skip
    assert post.carrying == "answers"
    assert outcome.challenges == []


def test_a_form_that_has_no_fields_for_the_token_is_given_them() -> None:
    page = served.glif_prompt("dp", said="").body.replace("challenge/dp/6", "challenge/az/6")
    page = page.replace("data-context", f"{served.POLL} data-context")
    outcome = run(served.page(page), token(), served.saml_post())
    form = fields(outcome.requests[1])
    assert (form["token"], form["action"]) == ("tok-1", "VERIFY")


def test_the_poll_goes_to_google_s_host_whatever_the_page_says() -> None:
    page = served.glif_prompt(data=served.POLL + ' data-gapi-url="https://evil.example/base.js"')
    page = replace(page, body=f'<base href="https://evil.example/">{page.body}')
    [wait] = run(page, token(), served.saml_post()).waits
    assert wait.poll is not None
    assert wait.poll.url == POLL


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_poll_that_timed_out_is_sent_again_after_a_pause(status: int) -> None:
    outcome = run(AZ, polled(status=status), None, polled(status=status), None, token(),
                  served.saml_post())  # fmt: skip
    assert [wait.poll is not None for wait in outcome.waits] == [True, False, True, False, True]
    assert all(wait.seconds <= 2 for wait in outcome.waits if wait.poll is None)
    assert all(wait.ways == ("another", "resend") for wait in outcome.waits)
    assert len(outcome.requests) == 2


def test_polling_ends_with_the_prompt_s_life() -> None:
    again = (polled(), None)
    outcome = refused(CodeRefused, AZ, *again * 17, polled(), provider=hasty(5))
    assert "within 180 seconds" in outcome.result.message
    assert "--mfa" in outcome.result.hint
    assert outcome.result.exit_code == 5
    assert len(outcome.requests) == 1
    shown = [wait.seconds for wait in outcome.waits if wait.poll]
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] <= 5
    last = outcome.waits[-1].poll
    assert last is not None
    assert last.seconds == shown[-1]


def test_a_wait_that_is_over_ends_it() -> None:
    outcome = refused(CodeRefused, AZ, None)
    assert "was not answered" in outcome.result.message


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [("5000", 5), ("9999999", 600), ("0", 90), ("10", 1)]
)
def test_how_long_a_prompt_lives_is_the_page_s_to_say_within_bounds(
    lifetime: str, seconds: float
) -> None:
    page = served.glif_prompt(data=f'{served.POLL} data-tx-lifetime="{lifetime}"')
    still = replace(ADA, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    [wait] = run(page, token(), served.saml_post(), provider=still).waits
    assert wait.seconds == seconds


def test_a_connection_that_was_cut_is_tried_again_but_not_for_ever() -> None:
    cut = NetworkError("cut")
    run(AZ, cut, None, cut, None, token(), served.saml_post())
    run(AZ, cut, None, cut, None, polled(), None, cut, None, token(), served.saml_post())
    with pytest.raises(NetworkError):
        run(AZ, cut, None, cut, None, cut)


def test_one_that_hung_before_it_was_cut_only_says_that_nobody_has_answered() -> None:
    # So a proxy's 504 arrives here, and a poll that outlasts our own time for one.
    cut = NetworkError("has no answer at the moment (504 Gateway Timeout)")
    run(AZ, *(cut, None) * 5, token(), served.saml_post(), provider=hasty(11))


def test_and_to_the_end_of_the_prompt_s_life_that_stays_so() -> None:
    cut = NetworkError("cut")
    outcome = refused(CodeRefused, AZ, *(cut, None) * 5, cut, provider=hasty(11))
    assert "within 180 seconds" in outcome.result.message


@pytest.mark.parametrize(
    "answer",
    [
        polled("{}", 400),
        polled('{"txToken": "t"}', 403),
        polled("", 200),
        polled("[]", 200),
        polled('{"txToken": ""}', 200),
        polled('{"txToken": 7}', 200),
        polled("{", 200),
        polled("[" * 200_000, 200),
    ],
)
def test_a_host_that_does_not_answer_as_it_should_is_left_for_the_page_s_own_button(
    answer: Page,
) -> None:
    outcome = run(AZ, answer, None, AZ, None, served.saml_post())
    assert [wait.poll is not None for wait in outcome.waits] == [True, False, False]
    assert all(wait.seconds == 20 for wait in outcome.waits[1:])
    assert "ENTER" in outcome.told[-1].text
    for post in outcome.requests[1:]:
        assert fields(post)["token"] == ""
        assert fields(post)["action"] == "VERIFY"


def test_a_new_prompt_is_polled_again_whatever_became_of_the_last() -> None:
    fresh = served.glif_prompt(data='data-api-key="k" data-tx-id="tx-2"')
    outcome = run(AZ, polled(status=400), None, fresh, token(), served.saml_post())
    polls = [wait.poll for wait in outcome.waits if wait.poll]
    assert [json.loads(poll.json or "")["txId"] for poll in polls] == ["tx-1=", "tx-2"]


def test_an_answer_google_does_not_take_is_the_end_in_its_words() -> None:
    late = served.glif_prompt(said="Zu spät")
    outcome = refused(CodeRefused, AZ, token(), late)
    assert "No, or came too late" in outcome.result.message
    assert "“Zu spät”" in outcome.result.message
    assert len(outcome.requests) == 2


def test_a_fresh_prompt_after_one_is_waited_for_but_not_endlessly() -> None:
    def fresh(number: int) -> Page:
        data = f'data-api-key="k" data-tx-id="tx-{number}"'
        return served.glif_prompt(data=data)

    run(AZ, token(), fresh(2), token(), served.saml_post())
    refused(CodeRefused, AZ, token(), fresh(2), token(), fresh(3), token(), fresh(4))
    refused(CodeRefused, AZ, token(), served.glif_prompt(data=""))


def test_a_prompt_is_sent_again_by_its_own_form() -> None:
    outcome = run(AZ, Resend(), AZ, token(), served.saml_post())
    resent = outcome.requests[1]
    assert resent.url == f"{ORIGIN}/signin/challenge"
    assert fields(resent) == {
        "subAction": "startChallenge", **served.CARRIED, "TL": "resend-tl",
    }  # fmt: skip


def test_a_prompt_is_left_for_another_way_also_between_two_polls() -> None:
    for ended in ([AnotherWay()], [polled(), AnotherWay()]):
        outcome = run(AZ, *ended, *BACKUP, served.saml_post())
        assert outcome.requests[1].url == f"{ORIGIN}/signin/challenge/skip"
        assert [type(c) for c in outcome.challenges] == [EnterCode]


def test_a_prompt_is_left_for_the_menu_when_mfa_names_another() -> None:
    outcome = run(AZ, *BACKUP, served.saml_post(), provider=replace(ADA, mfa="backup"))
    assert outcome.waits == []


# The newer prompt

DP = served.glif_prompt("dp")


def test_the_newer_prompt_is_asked_about_until_the_page_changes() -> None:
    for page, path in ((DP, "/signin/challenge/dp/6"), (served.lite_prompt(), "/v3/signin/")):
        outcome = run(page, None, page, None, page, None, served.saml_post())
        assert [(wait.seconds, wait.poll) for wait in outcome.waits] == [(3, None)] * 3
        assert all(path in request.url for request in outcome.requests[1:])
        assert len(outcome.requests) == 4
    assert fields(run(DP, None, served.saml_post()).requests[1]) == {
        "challengeId": "6", "challengeType": "39", **served.CARRIED,
    }  # fmt: skip


def test_asking_ends_with_the_prompt_s_life() -> None:
    outcome = refused(CodeRefused, DP, *(None, DP) * 17, provider=hasty(5))
    assert "within 90 seconds" in outcome.result.message
    short = served.lite_prompt(lifetime="12000")
    outcome = refused(CodeRefused, short, *(None, short) * 2, provider=hasty(5))
    assert "within 12 seconds" in outcome.result.message
    assert outcome.waits[-1].seconds == 2


def test_asking_does_not_count_as_pages() -> None:
    run(DP, *(None, DP) * 40, None, served.saml_post())


def test_each_page_is_answered_with_its_own_state() -> None:
    other = replace(DP, body=DP.body.replace("gxf-token", "gxf-other"))
    outcome = run(DP, None, other, None, served.saml_post())
    sent = [fields(request)["gxf"] for request in outcome.requests[1:]]
    assert sent == ["gxf-token:1700000000000", "gxf-other:1700000000000"]


def test_the_newer_prompt_is_left_for_another_way() -> None:
    run(DP, AnotherWay(), *BACKUP, served.saml_post())
    run(DP, None, DP, AnotherWay(), *BACKUP, served.saml_post())
    [first, *_] = run(DP, Resend(), DP, None, served.saml_post()).waits
    assert first.ways == ("another", "resend")
    assert run(served.lite_prompt(), None, served.saml_post()).waits[0].ways == ("another",)


def test_what_google_says_of_the_prompt_is_told_and_waited_on() -> None:
    said = served.lite_prompt(said="Vous avez dit non")
    silent = served.lite_prompt()
    outcome = run(silent, None, said, None, said, None, silent, None, served.saml_post())
    lines = [line for line in outcome.told if "Google says" in line.text]
    assert [line.text for line in lines] == ["Google says: Vous avez dit non"]
    assert len(lines) == 1
    assert not lines[0].quiet
    ended = refused(CodeRefused, said, *(None, said) * 17, provider=hasty(5))
    assert "“Vous avez dit non”" in ended.result.message


def test_a_prompt_may_turn_into_the_other_kind() -> None:
    outcome = run(DP, None, AZ, token(), served.saml_post())
    assert [wait.poll is not None for wait in outcome.waits] == [False, True]
    run(AZ, token(), DP, None, served.saml_post())
    run(DP, None, served.glif_prompt(data=""), None, served.saml_post())


def test_a_refusal_after_a_prompt_is_the_phone_s() -> None:
    for script in ((DP, None), (AZ, token())):
        outcome = refused(CodeRefused, *script, served.rejected())
        assert "after the prompt on your phone (reason 47)" in outcome.result.message
        assert "tapped No" in outcome.result.hint
    refused(NeedsBrowser, DP, AnotherWay(), served.rejected())


# What to tap


def test_the_number_is_told_large_before_the_wait() -> None:
    for page, ended in (
        (served.glif_prompt(number="89"), token()),
        (served.glif_prompt("dp", number="89", year=2025), None),
    ):
        outcome = run(page, ended, served.saml_post())
        [line] = outcome.told
        assert not line.quiet
        assert line.text == "Schau auf dein Pixel\n\n    Number to tap:   89\n"
        assert line.live == "Schau auf dein Pixel"
        assert outcome.waits[0].shows == "Waiting for you to tap 89 on your phone"
        assert outcome.waits[0].number == "89"


def test_the_number_is_told_again_when_it_changes_and_only_then() -> None:
    one, two = (served.lite_prompt(number=number) for number in ("12", "34"))
    outcome = run(one, None, one, None, two, None, two, None, served.saml_post())
    assert [line.text.split()[-1] for line in outcome.told] == ["12", "34"]
    assert [wait.shows.split()[5] for wait in outcome.waits] == ["12", "12", "34", "34"]


def test_a_prompt_without_a_number_says_where_to_look() -> None:
    outcome = run(served.glif_prompt(), token(), served.saml_post())
    assert [line.text for line in outcome.told] == ["Schau auf dein Pixel"]
    outcome = run(served.lite_prompt(), None, served.saml_post())
    [line] = outcome.told
    assert line.text == "Open the Google App, and tap 'Yes' on the prompt to sign in."
    assert not line.quiet
    assert outcome.waits[0].shows == "Waiting for your answer on the phone"
