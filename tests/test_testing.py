from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from samlauth.challenges import AnotherWay, EnterCode, Resend
from samlauth.errors import NetworkError, NobodyToAsk, SignInRefused, UnsafePage
from samlauth.flow import (
    AssumeRoleWithSAML,
    Credentials,
    Flow,
    Page,
    Refusal,
    Request,
    Step,
    Tell,
    Wait,
    ask,
    ask_or_other,
    call_sts,
    fetch,
    tell,
    wait,
    within,
)
from samlauth.reach import Origin, Reach
from samlauth.saml import Role, SAMLResponse
from samlauth.testing import replay

REACH = Reach(Origin("idp.example.com"))
START = "https://idp.example.com/start?secret=1"
PAGE = Page("https://idp.example.com/code", 200, "<form>")
CALL = AssumeRoleWithSAML(
    Role("arn:aws:iam::111122223333:role/R", "arn:aws:iam::111122223333:saml-provider/P"),
    SAMLResponse("QQ==", "https://signin.aws.amazon.com/saml"),
    3600,
    "us-east-1",
)
CREDENTIALS = Credentials("ASIAEXAMPLE", "secret", "token", datetime(2026, 1, 1, tzinfo=UTC))


def login() -> Flow[str]:
    page = yield from fetch(Request(START))
    yield from tell("Reading the page.")
    try:
        code = yield from ask(EnterCode("Code"))
    except NobodyToAsk:
        return "nobody"
    [result] = yield from call_sts(CALL)
    return f"{page.status} {code} {type(result).__name__}"


def test_a_flow_is_run_against_a_list_of_replies() -> None:
    run = replay(within(REACH, login()), PAGE, "123456", (CREDENTIALS,))
    assert run.result == "200 123456 Credentials"
    assert run.requests == [Request(START, reach=REACH)]
    assert run.challenges == [EnterCode("Code")]
    assert run.told == [Tell("Reading the page.")]
    assert run.calls == [CALL]


def test_an_exception_in_the_script_is_thrown_in() -> None:
    assert replay(within(REACH, login()), PAGE, NobodyToAsk("no terminal")).result == "nobody"
    with pytest.raises(NetworkError):
        replay(within(REACH, login()), NetworkError("no route"))


def test_an_expected_error_leaves_the_record_to_look_at() -> None:
    refusal = NetworkError("no route")
    run = replay(within(REACH, login()), PAGE, "1", refusal, raises=NetworkError)
    assert run.result is refusal
    assert len(run.requests) == 1
    with pytest.raises(AssertionError, match="ended well; NetworkError was expected"):
        replay(within(REACH, login()), PAGE, "1", (Refusal("X", "x"),), raises=NetworkError)
    with pytest.raises(NetworkError):
        replay(within(REACH, login()), NetworkError("no route"), raises=SignInRefused)


def stray() -> Flow[str]:
    try:
        yield from fetch(Request("https://evil.example/", (("p", "x"),), "password"))
    except UnsafePage as refusal:
        return refusal.message
    return "sent"


def test_a_request_out_of_reach_is_refused_as_in_a_real_login() -> None:
    run = replay(within(REACH, stray()))
    assert "evil.example" in run.result
    assert run.requests == []


def test_a_request_without_a_stamp_is_a_fault() -> None:
    with pytest.raises(AssertionError, match=r"GET https://idp\.example\.com/start is not stamped"):
        replay(login(), PAGE)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ((), r"ended after 0 entries, at GET https://idp\.example\.com/start$"),
        ((PAGE,), "ended after 1 entries, at EnterCode"),
        ((PAGE, "1"), "ended after 2 entries, at CallSTS with 1 calls"),
        (("hunter2", PAGE), r"entry 1 of the script is a str, .* GET"),
        ((PAGE, PAGE), "entry 2 of the script is a Page, .* EnterCode"),
        ((PAGE, "1", "hunter2"), "entry 3 of the script is a str, .* CallSTS"),
        ((PAGE, "1", ()), "CallSTS with 1 calls was answered by 0 results"),
        ((PAGE, "1", (CREDENTIALS,), "hunter2"), "1 entries of the script left over, from a str"),
    ],
)
def test_a_script_that_does_not_fit_says_where(script: tuple[object, ...], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint) as caught:
        replay(within(REACH, login()), *script)
    assert "hunter2" not in str(caught.value)


def test_a_script_left_over_after_an_expected_error_says_so() -> None:
    with pytest.raises(AssertionError, match="left over"):
        replay(within(REACH, login()), NetworkError("no route"), PAGE, raises=NetworkError)


def test_a_post_is_named_as_one() -> None:
    def posts() -> Flow[None]:
        yield from fetch(Request(START, ()))

    with pytest.raises(AssertionError, match=r"at POST https://idp\.example\.com/start$"):
        replay(within(REACH, posts()))


def test_a_step_of_no_known_kind_is_a_fault() -> None:
    def odd() -> Flow[None]:
        yield cast("Step", "step")  # as a plugin without type checks might

    with pytest.raises(AssertionError, match="may not yield str"):
        replay(odd())


def test_the_flow_is_closed_whatever_happens() -> None:
    closed = []

    def careful() -> Flow[None]:
        try:
            yield from fetch(Request(START))
        finally:
            closed.append(True)

    flow = within(REACH, careful())  # held, so that collecting it does not close it
    with pytest.raises(AssertionError):
        replay(flow)
    assert closed


WAIT = Wait(5, "Waiting", ("another", "resend"))
POLL = replace(WAIT, ways=(), poll=Request("https://poll.example.com/tx", json="{}"))


def waits(step: Wait) -> Flow[str]:
    return type((yield from wait(step))).__name__


@pytest.mark.parametrize(
    ("step", "entry", "result"),
    [
        (WAIT, None, "NoneType"),
        (WAIT, AnotherWay(), "AnotherWay"),
        (WAIT, Resend(), "Resend"),
        (POLL, None, "NoneType"),
        (POLL, PAGE, "Page"),
    ],
)
def test_a_wait_is_ended_by_an_entry(step: Wait, entry: object, result: str) -> None:
    reach = replace(REACH, poll_hosts=frozenset({"poll.example.com"}))
    run = replay(within(reach, waits(step)), entry)
    assert run.result == result
    assert [ended.seconds for ended in run.waits] == [5]
    assert run.requests == []


@pytest.mark.parametrize(
    ("step", "entry"),
    [
        (WAIT, PAGE),
        (WAIT, "hunter2"),
        (replace(WAIT, ways=("another",)), Resend()),
        (replace(WAIT, ways=("resend",)), AnotherWay()),
        (POLL, "hunter2"),
        (POLL, AnotherWay()),
    ],
)
def test_a_wait_cannot_be_ended_by_anything_else(step: Wait, entry: object) -> None:
    reach = replace(REACH, poll_hosts=frozenset({"poll.example.com"}))
    with pytest.raises(AssertionError, match="does not answer Wait"):
        replay(within(reach, waits(step)), entry)


def test_a_poll_out_of_reach_is_refused_as_in_a_real_login() -> None:
    with pytest.raises(UnsafePage, match=r"poll\.example\.com"):
        replay(within(REACH, waits(POLL)))
    with pytest.raises(AssertionError, match=r"POST https://poll\.example\.com/tx is not stamped"):
        replay(waits(POLL), None)


def asks(challenge: EnterCode) -> Flow[object]:
    return (yield from ask_or_other(challenge))


def test_a_challenge_is_answered_otherwise_only_where_it_has_ways() -> None:
    code = EnterCode("Code", ways=("another",))
    assert replay(asks(code), AnotherWay()).result == AnotherWay()
    assert replay(asks(replace(code, ways=("resend",))), Resend()).result == Resend()
    for challenge, entry in ((code, Resend()), (EnterCode("Code"), AnotherWay())):
        with pytest.raises(AssertionError, match="does not answer EnterCode"):
            replay(asks(challenge), entry)
