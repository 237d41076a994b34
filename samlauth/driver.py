"""The one loop where a flow's steps become effects, and the one place every secret passes.

``run`` is all there is between a login and the world: what a flow yields is done here, and what is
done is sent back. Every answer that is secret, the SAML response and the credentials are known to
the redactor before anything can log them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never, cast

from samlauth.challenges import (
    AnyChallenge,
    ChooseRoles,
    EnterCode,
    EnterPassword,
    EnterSetting,
    EnterUsername,
)
from samlauth.errors import NobodyToAsk, SamlauthError
from samlauth.flow import (
    CallSTS,
    Credentials,
    Flow,
    Page,
    Refusal,
    Request,
    Step,
    T,
    Tell,
)
from samlauth.redactor import Redactor


@dataclass(frozen=True)
class Effects:
    """What a flow can have done for it; each raises only SamlauthErrors."""

    send: Callable[[Request], Page]
    answer: Callable[[AnyChallenge], object | None]
    """The answer, or None when nobody can give one."""
    tell: Callable[[Tell], None]
    call_sts: Callable[[CallSTS], tuple[Credentials | Refusal, ...]]
    redactor: Redactor


def run(flow: Flow[T], effects: Effects) -> T:
    """Drive ``flow`` to its end and return its result; its errors are the caller's."""
    try:
        step = next(flow)
        while True:
            try:
                reply = _perform(step, effects)
            except SamlauthError as error:
                step = flow.throw(error)
            else:
                step = flow.send(reply)
    except StopIteration as done:
        return cast("T", done.value)
    finally:
        flow.close()


def _perform(step: Step, effects: Effects) -> object:
    redactor = effects.redactor
    match step:
        case Request():
            return effects.send(step)
        case Tell():
            effects.tell(step)
            return None
        case CallSTS(calls):
            _hide(redactor, (call.saml_response.base64 for call in calls))
            results = effects.call_sts(step)
            for result in results:
                if isinstance(result, Credentials):
                    _hide(redactor, (result.secret_access_key, result.session_token))
            return results
        case EnterPassword() | EnterCode():
            answer = _answer(step, effects)
            _hide(redactor, (str(answer),))
            return answer
        case EnterSetting() | EnterUsername() | ChooseRoles():
            return _answer(step, effects)
        case _:
            assert_never(step)


def _hide(redactor: Redactor, secrets: Iterable[str]) -> None:
    for secret in secrets:
        redactor.hide(secret)


def _answer(challenge: AnyChallenge, effects: Effects) -> object:
    answer = effects.answer(challenge)
    if answer is None:
        label = getattr(challenge, "label", "a choice")
        raise NobodyToAsk(
            f"samlauth has to ask for {label}, and there is no terminal to ask on.",
        )
    return answer
