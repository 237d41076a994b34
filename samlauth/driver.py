"""The one loop where a flow's steps become effects, and the one place every secret passes.

``run`` is all there is between a login and the world: what a flow yields is done here, and what is
done is sent back. Every answer that is secret, the SAML response and the credentials are known to
the redactor before anything can log them.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from typing import assert_never, cast

from samlauth.challenges import (
    AnyChallenge,
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
    EnterUsername,
    Phone,
    SolveCaptcha,
    TouchKey,
)
from samlauth.errors import NobodyToAsk, SamlauthError
from samlauth.flow import (
    AssumeRole,
    AssumeRoleWithSAML,
    AssumeRoleWithWebIdentity,
    Browse,
    BrowserEnded,
    Caller,
    CallSTS,
    Credentials,
    Ended,
    Flow,
    GetCallerIdentity,
    Page,
    Refusal,
    Request,
    Step,
    STSCall,
    T,
    Tell,
    Unmade,
    Wait,
)
from samlauth.redactor import Redactor
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass

Send = Callable[[Request], Page]

_TOKEN = 16
"""Characters a string in a JSON text has at least to be taken for a token."""


@dataclass(frozen=True)
class Effects:
    """What a flow can have done for it; each raises only SamlauthErrors."""

    send: Send
    answer: Callable[[AnyChallenge], object | None]
    """The answer, or None when nobody can give one."""
    tell: Callable[[Tell], None]
    call_sts: Callable[[CallSTS], tuple[Credentials | Caller | Refusal | Unmade, ...]]
    redactor: Redactor
    wait: Callable[[Wait, Send], Ended]
    """Waits, and sends the step's poll meanwhile by the function it is given."""
    browse: Callable[[Browse], SAMLResponse | BrowserEnded]


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
        case Request(json=body):
            _hide(redactor, _tokens(body))
            return effects.send(step)
        case Wait(poll=poll):
            if poll is not None:
                _hide(redactor, _tokens(poll.json))
            ended = effects.wait(step, effects.send)
            if isinstance(ended, Page):
                _hide(redactor, _tokens(ended.body))
            return ended
        case Tell():
            effects.tell(step)
            return None
        case Browse():
            caught = effects.browse(step)
            if isinstance(caught, SAMLResponse):
                _hide(redactor, (caught.base64,))
            return caught
        case CallSTS(calls):
            _hide(redactor, {secret for call in calls for secret in _secrets(call)})
            results = effects.call_sts(step)
            for result in results:
                if isinstance(result, Credentials):
                    _hide(redactor, _of_credentials(result))
            return results
        case (
            EnterPassword()
            | EnterCode()
            | EnterPhone()
            | EnterPin()
            | EnterAssertion()
            | TouchKey()
        ):
            answer = _answer(step, effects)
            match answer:
                case AuthenticatorAssertion():
                    _hide(redactor, _of_assertion(answer))
                case str(secret) | Phone(number=secret):
                    _hide(redactor, (secret,))
                case _:
                    pass  # another way: no secret
            return answer
        case (
            EnterSetting()
            | EnterUsername()
            | ChooseMethod()
            | SolveCaptcha()
            | Confirm()
            | ChooseRoles()
        ):
            return _answer(step, effects)
        case _:
            assert_never(step)


def _hide(redactor: Redactor, secrets: Iterable[str]) -> None:
    for secret in secrets:
        redactor.hide(secret)


def _tokens(text: str | None) -> Iterator[str]:
    """The strings in a JSON text that look like tokens; none when it is no JSON.

    Short ones and sentences are left: to hide ``status`` or ``PENDING`` would only spoil the log.
    """
    try:
        left = [json.loads(text or "null")]
    except (ValueError, RecursionError):
        return
    while left:
        match left.pop():
            case str(value) if len(value) >= _TOKEN and not any(map(str.isspace, value)):
                yield value
            case dict(members):
                left.extend(members.values())
            case list(items):
                left.extend(items)
            case _:
                pass


def _secrets(call: STSCall) -> tuple[str, ...]:
    """What of the call nobody may read."""
    match call:
        case AssumeRoleWithSAML(saml_response=response):
            return (response.base64,)
        case AssumeRole(credentials=credentials, token_code=code):
            return (*_of_credentials(credentials), *((code,) if code else ()))
        case AssumeRoleWithWebIdentity(web_identity_token=token):
            return (token,)
        case GetCallerIdentity(credentials=credentials):
            return _of_credentials(credentials)
        case _:
            assert_never(call)


def _of_credentials(credentials: Credentials) -> tuple[str, ...]:
    return credentials.secret_access_key, credentials.session_token


def _of_assertion(answer: AuthenticatorAssertion) -> Iterator[str]:
    """The signature as it is posted: by itself, and as U2F has it, with presence and counter."""
    for data in (answer.signature, answer.authenticator_data[32:37] + answer.signature):
        yield urlsafe_b64encode(data).decode().rstrip("=")


def _answer(challenge: AnyChallenge, effects: Effects) -> object:
    answer = effects.answer(challenge)
    if answer is None:
        asked, hint = _named(challenge)
        raise NobodyToAsk(
            f"samlauth has to ask for {asked}, and there is no terminal to ask on.", hint=hint
        )
    return answer


def _named(challenge: AnyChallenge) -> tuple[str, str]:
    """What would have been asked for, and what spares the question if anything does."""
    match challenge:
        case ChooseMethod(methods):
            kinds = ", ".join(dict.fromkeys(method.kind for method in methods))
            return "the way to prove that it is you", f"Name one with --mfa: {kinds}."
        case SolveCaptcha():
            return "the text in an image", ""
        case Confirm(setting=setting):
            flag = setting.replace("_", "-")
            return "your leave", f"--{flag} gives it, --no-{flag} does not." if flag else ""
        case EnterAssertion():
            return "the SAML response", "Give it with --saml-assertion."
        case ChooseRoles():
            return "the role", ""
        case TouchKey():
            return "your security key", ""
        case EnterPhone():
            return "your phone number", ""
        case (
            EnterSetting(label=label)
            | EnterUsername(label=label)
            | EnterPassword(label=label)
            | EnterCode(label=label)
            | EnterPin(label=label)
        ):
            return label, ""
        case _:
            assert_never(challenge)
