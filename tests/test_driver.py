from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from samlauth.challenges import AnyChallenge, ChooseRoles, EnterCode, EnterPassword, EnterSetting
from samlauth.driver import Effects, run
from samlauth.errors import NetworkError, NobodyToAsk
from samlauth.flow import (
    AssumeRoleWithSAML,
    CallSTS,
    Credentials,
    Flow,
    Page,
    Refusal,
    Request,
    Tell,
    ask,
    call_sts,
    fetch,
    tell,
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
        self.effects = Effects(self._page, self._reply, self.done.append, self._sts, self.redactor)

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
        run(
            flow(),
            Effects(interrupted, effects.answer, effects.tell, effects.call_sts, effects.redactor),
        )
    assert seen == ["closed"]


@pytest.mark.parametrize(
    ("challenge", "secret"),
    [
        (EnterPassword("Google Password", "ada", "https://idp.example"), "hunter2-hunter2"),
        (EnterCode("MFA token"), "123456"),
    ],
)
def test_secret_answers_are_hidden_from_then_on(challenge: AnyChallenge, secret: str) -> None:
    def flow() -> Flow[None]:
        yield challenge

    world = World(secret)
    run(flow(), world.effects)
    assert world.redactor.clean(f"x {secret} x") == f"x {HIDDEN} x"


def test_the_response_and_the_credentials_are_hidden() -> None:
    def flow() -> Flow[None]:
        yield from call_sts(CALL)

    world = World((GIVEN,))
    run(flow(), world.effects)
    for secret in (CALL.saml_response.base64, GIVEN.secret_access_key, GIVEN.session_token):
        assert world.redactor.clean(secret) == HIDDEN


def test_a_challenge_nobody_answers_says_what_it_would_have_asked() -> None:
    def flow() -> Flow[str]:
        return (yield from ask(EnterCode("MFA token")))

    with pytest.raises(NobodyToAsk, match="MFA token"):
        run(flow(), World(None).effects)
