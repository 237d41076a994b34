"""Has a security key touched, and posts what it answered."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

from samlauth.challenges import (
    AnotherWay,
    AssertionRequest,
    AuthenticatorAssertion,
    NoAssertion,
    Resend,
    TouchKey,
)
from samlauth.flow import Flow, Page, ask_or_other, tell
from samlauth.idp.answers import TRIES
from samlauth.idp.google import refusals
from samlauth.idp.google.account import ORIGIN
from samlauth.idp.google.attempt import Attempt
from samlauth.idp.google.pages import kinds
from samlauth.idp.google.pages.states import SecurityKey

_WHAT = "key"


def touch(attempt: Attempt, state: SecurityKey) -> Flow[Page]:
    """Ask for the key; the page its answer leads to, or the menu of other ways.

    Raises CodeRefused when Google does not take its answers or nobody touched it in time,
    NeedsBrowser when no key can be used here and there is no other way, NobodyToAsk when there is
    no key and nobody to plug one in.
    """
    if attempt.disable_u2f:
        if state.another is None or state.kind in attempt.passed:
            raise refusals.key_disabled()
        attempt.passed.add(state.kind)
        yield from tell("Google asks for a security key, and -D says to use none: another way.")
        return (yield from attempt.other_way(state.another))
    refused = attempt.refused(_WHAT, state.said, "Google asked for the security key again.")
    if attempt.touched >= TRIES:
        raise refusals.key(refused)
    # Without another way on the page, there is still the browser.
    challenge = TouchKey(state.request, str(ORIGIN), refused, ("another",))
    answer = yield from ask_or_other(challenge)
    match answer:
        case AuthenticatorAssertion():
            attempt.touched += 1
            return (yield from _post(attempt, state, answer))
        case NoAssertion():
            return (yield from _without(attempt, state, answer))
        case AnotherWay() | Resend():
            if state.another is None:
                raise refusals.key_elsewhere()
            return (yield from attempt.leave(AnotherWay(), state.another))


def _post(attempt: Attempt, state: SecurityKey, answer: AuthenticatorAssertion) -> Flow[Page]:
    # As the page's script would have it, which tells by pstMsg that it ran.
    values = {state.field: _spelled(state.request, answer)}
    if state.form.has("pstMsg"):
        values["pstMsg"] = "1"
    return (
        yield from attempt.post(
            state.form, values, what=_WHAT, shows="Checking the security key's answer"
        )
    )


def _without(attempt: Attempt, state: SecurityKey, ended: NoAssertion) -> Flow[Page]:
    """Where no key can be used at all, on by another way, once; else the sign-in is over.

    Who asked for the key by --mfa wants no other way: a browser may do what this program cannot.
    """
    usable = ended.reason not in {"not installed", "no access"}
    kind = kinds.by_word(state.kind)
    wanted = kind is not None and kinds.is_wanted(attempt.mfa, kinds.method(kind))
    if usable or wanted or state.another is None or state.kind in attempt.passed:
        raise refusals.key_unused(ended)
    attempt.passed.add(state.kind)
    why = f"{ended.message} {ended.hint}".strip()
    yield from tell(f"{refusals.KEY_ASKED} {why}", quiet=False)
    return (yield from attempt.other_way(state.another))


def _spelled(request: AssertionRequest, answer: AuthenticatorAssertion) -> str:
    """The answer as JSON, in the words of the request's standard."""
    if not request.rp_id:
        # FIDO U2F JavaScript API §5.3, SignResponse: presence, counter and signature in one.
        signed = answer.authenticator_data[32:37] + answer.signature
        return _json(
            {
                "keyHandle": _base64(answer.credential_id),
                "clientData": _base64(answer.client_data_json),
                "signatureData": _base64(signed),
            }
        )
    # WebAuthn §5.1.8, AuthenticationResponseJSON.
    response = {
        "clientDataJSON": _base64(answer.client_data_json),
        "authenticatorData": _base64(answer.authenticator_data),
        "signature": _base64(answer.signature),
    }
    if answer.user_handle:
        response["userHandle"] = _base64(answer.user_handle)
    return _json(
        {
            "id": _base64(answer.credential_id),
            "rawId": _base64(answer.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "response": response,
            "clientExtensionResults": {"appid": answer.by_app_id} if request.app_id else {},
        }
    )


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
