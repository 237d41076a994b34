import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from samlauth.challenges import (
    AnotherWay,
    AnyChallenge,
    AssertionRequest,
    AuthenticatorAssertion,
    ChooseMethod,
    ChooseRoles,
    Confirm,
    EnterAssertion,
    EnterCode,
    EnterPassword,
    EnterPhone,
    EnterPin,
    EnterSetting,
    Method,
    NoAssertion,
    Phone,
    Resend,
    SolveCaptcha,
    TouchKey,
)
from samlauth.driver import Effects, Send, run
from samlauth.errors import NetworkError, NobodyToAsk
from samlauth.flow import (
    AssumeRoleWithSAML,
    Browse,
    BrowserEnded,
    CallSTS,
    Credentials,
    Ended,
    Flow,
    Page,
    Refusal,
    Request,
    Tell,
    Wait,
    ask,
    browse,
    call_sts,
    fetch,
    tell,
    wait,
)
from samlauth.redactor import HIDDEN, Redactor
from samlauth.saml import Role, SAMLResponse

ROLE = Role(
    "arn:aws:iam::111111111111:role/Admin", "arn:aws:iam::111111111111:saml-provider/Google"
)
CALL = AssumeRoleWithSAML(
    ROLE, SAMLResponse("UmVzcG9uc2VSZXNwb25zZQ==", "https://x"), 3600, "us-east-1"
)
GIVEN = Credentials(
    "ASIAEXAMPLE", "secret-key", "session-token", datetime(2026, 11, 21, tzinfo=UTC)
)


class World:
    """Effects that keep what was done and answer from a list."""

    def __init__(self, *replies: object) -> None:
        self.replies: Iterator[object] = iter(replies)
        self.done: list[object] = []
        self.redactor = Redactor()
        self.effects = Effects(
            self._page,
            self._reply,
            self.done.append,
            self._sts,
            self.redactor,
            self._wait,
            self._browse,
        )

    def _reply(self, step: object) -> object | None:
        self.done.append(step)
        reply = next(self.replies)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _page(self, step: Request) -> Page:
        page = self._reply(step)
        assert isinstance(page, Page)
        return page

    def _wait(self, step: Wait, send: Send) -> Ended:
        if step.poll is not None:
            return send(step.poll)
        ended = self._reply(step)
        assert ended is None or isinstance(ended, AnotherWay | Resend)
        return ended

    def _browse(self, step: Browse) -> SAMLResponse | BrowserEnded:
        reply = self._reply(step)
        assert isinstance(reply, SAMLResponse | BrowserEnded)
        return reply

    def _sts(self, step: CallSTS) -> tuple[Credentials | Refusal, ...]:
        answer = self._reply(step)
        assert isinstance(answer, tuple)
        return answer


def test_each_step_becomes_its_effect_and_its_reply_goes_back() -> None:
    def flow() -> Flow[tuple[object, ...]]:
        page = yield from fetch(Request("https://idp.example/"))
        yield from tell("hello")
        name = yield from ask(EnterSetting("idp_id", "IdP"))
        roles = yield from ask(ChooseRoles((ROLE,)))
        grants = yield from call_sts(CALL)
        return page, name, roles, grants

    page = Page("https://idp.example/", 200, "body")
    world = World(page, "C01", (ROLE,), (GIVEN,))
    assert run(flow(), world.effects) == (page, "C01", (ROLE,), (GIVEN,))
    assert [type(step) for step in world.done] == [
        Request,
        Tell,
        EnterSetting,
        ChooseRoles,
        CallSTS,
    ]


def test_an_error_is_thrown_in_where_it_happened_and_may_be_caught_there() -> None:
    def flow() -> Flow[str]:
        try:
            yield from fetch(Request("https://idp.example/"))
        except NetworkError as error:
            return error.message
        return "unreached"

    assert run(flow(), World(NetworkError("down")).effects) == "down"


def test_an_error_nobody_catches_is_the_callers_and_the_flow_is_closed() -> None:
    closed = []

    def flow() -> Flow[None]:
        try:
            yield from fetch(Request("https://idp.example/"))
        finally:
            closed.append(True)

    with pytest.raises(NetworkError):
        run(flow(), World(NetworkError("down")).effects)
    assert closed == [True]


def test_ctrl_c_in_an_effect_closes_the_flow_and_is_not_its_business() -> None:
    seen: list[str] = []

    def flow() -> Flow[None]:
        try:
            yield from fetch(Request("https://idp.example/"))
        except Exception:  # noqa: BLE001 - that it is not caught even so is the point
            seen.append("caught")
        finally:
            seen.append("closed")

    def interrupted(_: Request) -> Page:
        raise KeyboardInterrupt

    effects = World().effects
    with pytest.raises(KeyboardInterrupt):
        run(flow(), replace(effects, send=interrupted))
    assert seen == ["closed"]


PHONE = EnterPhone("Enter your phone number")
METHODS = ChooseMethod((Method("sms", "Text"), Method("sms", "Text 2"), Method("totp", "App")))
CAPTCHA = SolveCaptcha(b"", "https://idp.example/captcha")
KEY = TouchKey(AssertionRequest(b"challenge", (b"handle",), app_id="https://x"), "https://x")
SIGNED = AuthenticatorAssertion(b"handle", b"{}", bytes(32) + b"\x01\0\0\0\x07", b"signature")


@pytest.mark.parametrize(
    ("challenge", "answer", "secret"),
    [
        (
            EnterPassword("Google Password", "ada", "https://idp.example"),
            "hunter2-hunter2",
            "hunter2-hunter2",
        ),
        (EnterCode("MFA token"), "123456", "123456"),
        (PHONE, Phone("+49 170 1234567", "DE"), "+49 170 1234567"),
        (EnterAssertion(), "UmVzcG9uc2U=", "UmVzcG9uc2U="),
        (EnterPin("PIN of YubiKey"), "246810", "246810"),
        (KEY, SIGNED, "c2lnbmF0dXJl"),
        (KEY, SIGNED, "AQAAAAdzaWduYXR1cmU"),
    ],
    ids=["password", "code", "phone", "assertion", "pin", "signature", "signature of U2F"],
)
def test_secret_answers_are_hidden_from_then_on(
    challenge: AnyChallenge, answer: object, secret: str
) -> None:
    def flow() -> Flow[None]:
        yield challenge

    world = World(answer)
    run(flow(), world.effects)
    assert world.redactor.clean(f"x {secret} x") == f"x {HIDDEN} x"


@pytest.mark.parametrize(
    ("challenge", "answer"),
    [
        (EnterCode("MFA token", ways=("another", "resend")), AnotherWay()),
        (EnterCode("MFA token", ways=("another", "resend")), Resend()),
        (CAPTCHA, "Brown"),
        (METHODS, METHODS.methods[2]),
        (KEY, AnotherWay()),
        (KEY, NoAssertion("no key", "No security key is plugged in.")),
    ],
)
def test_other_answers_go_back_and_are_not_hidden(challenge: AnyChallenge, answer: object) -> None:
    def flow() -> Flow[object]:
        return (yield challenge)

    world = World(answer)
    assert run(flow(), world.effects) is answer
    assert HIDDEN not in world.redactor.clean(f"{answer} {answer!r} AnotherWay() Resend()")


TX = "AKx1bDR3c5Zk0pQyTg=="


def test_what_a_json_body_is_made_of_is_hidden_before_it_is_sent() -> None:
    seen: list[str] = []

    def flow() -> Flow[Page]:
        body = json.dumps({"is": "a sentence of words", "tx": [{"id": TX, "state": "PENDING"}]})
        return (yield from fetch(Request("https://idp.example/", json=body)))

    world = World()

    def send(step: Request) -> Page:
        seen.append(world.redactor.clean(f"PENDING {TX}, a sentence of words"))
        return Page(step.url, 200, "")

    run(flow(), replace(world.effects, send=send))
    assert seen == [f"PENDING {HIDDEN}, a sentence of words"]


POLL = Request("https://polls.example/", json=json.dumps({"txId": TX}))


def test_a_wait_sends_its_poll_and_hides_its_tokens() -> None:
    answer = "Bq9fN1yUu6R2mV8sLw=="

    def flow() -> Flow[object]:
        return (yield from wait(Wait(5, "Tap Yes", poll=POLL)))

    page = Page(POLL.url, 200, json.dumps({"txToken": answer}))
    world = World(page)
    assert run(flow(), world.effects) is page
    assert world.done == [POLL]
    assert world.redactor.clean(f"{TX} {answer}") == f"{HIDDEN} {HIDDEN}"


@pytest.mark.parametrize("body", ["", "null", "<html>", "[" * 5000, '"\\ud800"', "NaN"])
def test_an_answer_to_a_poll_that_is_no_json_is_as_good(body: str) -> None:
    def flow() -> Flow[object]:
        return (yield from wait(Wait(5, "Tap Yes", poll=POLL)))

    page = Page(POLL.url, 500, body)
    assert run(flow(), World(page).effects) is page


@pytest.mark.parametrize("ended", [None, AnotherWay(), Resend()])
def test_a_wait_ends_as_it_ends(ended: Ended) -> None:
    def flow() -> Flow[object]:
        return (yield from wait(Wait(5, "Tap Yes", ("another", "resend"))))

    assert run(flow(), World(ended).effects) is ended


def test_an_error_of_a_poll_is_the_flows() -> None:
    def flow() -> Flow[str]:
        try:
            yield from wait(Wait(5, "Tap Yes", poll=POLL))
        except NetworkError as error:
            return error.message
        return "unreached"

    assert run(flow(), World(NetworkError("down")).effects) == "down"


def test_the_response_and_the_credentials_are_hidden() -> None:
    def flow() -> Flow[None]:
        yield from call_sts(CALL)

    world = World((GIVEN,))
    run(flow(), world.effects)
    for secret in (CALL.saml_response.base64, GIVEN.secret_access_key, GIVEN.session_token):
        assert world.redactor.clean(secret) == HIDDEN


def test_what_a_browser_caught_is_hidden_and_how_it_ended_goes_back() -> None:
    step = Browse("https://idp.example/start", "idp ada")

    def flow() -> Flow[SAMLResponse | BrowserEnded]:
        return (yield from browse(step))

    world = World(CALL.saml_response)
    assert run(flow(), world.effects) == CALL.saml_response
    assert world.done == [step]
    assert world.redactor.clean(CALL.saml_response.base64) == HIDDEN
    closed = BrowserEnded("closed", "The window was closed.")
    assert run(flow(), World(closed).effects) == closed


@pytest.mark.parametrize(
    ("challenge", "asked", "hint"),
    [
        (EnterCode("MFA token"), "MFA token", ""),
        (
            Confirm("Open it?", setting="browser"),
            "your leave",
            "--browser gives it, --no-browser does not.",
        ),
        (Confirm("Sure?"), "your leave", ""),
        (EnterAssertion(), "the SAML response", "Give it with --saml-assertion."),
        (PHONE, "for your phone number", ""),
        (METHODS, "way to prove", "Name one with --mfa: sms, totp."),
        (CAPTCHA, "text in an image", ""),
        (ChooseRoles((ROLE,)), "the role", ""),
    ],
)
def test_a_challenge_nobody_answers_says_what_it_would_have_asked(
    challenge: AnyChallenge, asked: str, hint: str
) -> None:
    def flow() -> Flow[object]:
        return (yield challenge)

    with pytest.raises(NobodyToAsk, match=asked) as caught:
        run(flow(), World(None).effects)
    assert caught.value.hint == hint
