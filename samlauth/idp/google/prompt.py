"""Waits for a tap on a phone.

The older prompt (``az``) is polled at a host of Google's until it hands out a token, which is then
posted. The newer one (``dp``) has nothing to poll: posting its form brings the same page back until
the person has answered.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final, assert_never
from urllib.parse import urlencode

from samlauth.challenges import AnotherWay, Resend, Way
from samlauth.errors import NetworkError
from samlauth.flow import Flow, Page, Request, Wait, tell, wait
from samlauth.idp.answers import TRIES
from samlauth.idp.google import refusals
from samlauth.idp.google.attempt import Attempt, ways
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Poll, Prompt
from samlauth.values import dataclass

POLL_HOST: Final = "content.googleapis.com"
"""Never a host a page names: whoever is polled learns that somebody signs in."""

_LIFETIME: Final = 90.0
_LONGEST: Final = 600.0
"""However long a page says its prompt lives."""
_POLL: Final = 60.0
"""How long one poll may hang: proxies cut connections that say nothing for longer."""
_HUNG: Final = 10.0
"""From how many seconds on one that was cut had been waiting for an answer."""
_PAUSE: Final = 2.0
_ASK_EVERY: Final = 3.0
_LEFT_ALONE: Final = 20.0
"""Between two posts of an ``az`` form without a token: one that comes too early may end it."""
_NOT_YET: Final = frozenset({500, 502, 503, 504})
"""The poll's own time is over, says the host or a proxy before it."""


@dataclass(frozen=True)
class _Token:
    """What the poll host hands out for an answer."""

    value: str


@dataclass(frozen=True)
class _Watch:
    """How long the prompt still lives."""

    attempt: Attempt
    lifetime: float
    until: datetime

    def left(self, said: str = "") -> float:
        """Seconds. Raises CodeRefused, with what Google said last, when there are none."""
        left = (self.until - self.attempt.clock()).total_seconds()
        if left <= 0:
            raise refusals.unanswered_prompt(self.lifetime, said)
        return left


def approve(attempt: Attempt, state: Prompt) -> Flow[Page]:
    """Wait until the person has answered on the phone; the page that this leads to.

    Raises CodeRefused when the prompt's time is over, or when Google does not take the answer.
    """
    if attempt.answered == "token" and not _is_fresh(attempt, state):
        raise refusals.unaccepted_prompt(state.said)
    lifetime = min(max(state.seconds or _LIFETIME, 1.0), _LONGEST)
    watch = _Watch(attempt, lifetime, attempt.clock() + timedelta(seconds=lifetime))
    yield from _show(state)
    if state.poll is not None:
        polled = yield from _poll(attempt, state, state.poll, watch)
        match polled:
            case _Token(value):
                attempt.transactions.add(state.poll.tx_id)
                return (yield from _post(attempt, state, value))
            case AnotherWay() | Resend():
                return (yield from attempt.leave(polled, state.another, state.resend))
            case None:
                yield from tell(
                    "Google does not tell this program whether you have answered on your phone: "
                    "it asks again from time to time, and at once when you press ENTER."
                )
            case _:
                assert_never(polled)
    return (yield from _ask_again(attempt, state, watch))


def _is_fresh(attempt: Attempt, state: Prompt) -> bool:
    """Whether this is a new prompt, and not the one whose token was just posted."""
    if state.kind == "dp":
        return True
    seen = attempt.transactions
    return state.poll is not None and state.poll.tx_id not in seen and len(seen) < TRIES


def _poll(
    attempt: Attempt, state: Prompt, poll: Poll, watch: _Watch
) -> Flow[_Token | AnotherWay | Resend | None]:
    """Poll until there is a token; None when the host does not answer as it should."""
    query = urlencode({"alt": "json", "key": poll.api_key})
    url = f"https://{POLL_HOST}/cryptauth/v1/authzen/awaittx?{query}"
    body = json.dumps({"txId": poll.tx_id})
    broken = 0
    while True:
        left = watch.left()
        seconds = min(left, _POLL)
        request = Request(url, json=body, seconds=seconds, referer=attempt.page.url)
        try:
            ended = yield from wait(_step(state, left, request))
            broken = 0
        except NetworkError:
            # A connection that has hung is cut now and then, and nothing is lost by it: by us, when
            # its time is over, or by a proxy, whose 504 comes as an error as well.
            broken = 0 if left - watch.left() >= _HUNG else broken + 1
            if broken >= TRIES:
                raise
        else:
            match ended:
                case Page(status=status) if status in _NOT_YET:
                    pass
                case Page():
                    return _token(ended)
                case None:
                    raise refusals.unanswered_prompt(watch.lifetime)
                case _:
                    return ended
        paused = yield from _pause(state, min(_PAUSE, watch.left()))
        if paused is not None:
            return paused


def _token(page: Page) -> _Token | None:
    try:
        answer = json.loads(page.body)
    except (ValueError, RecursionError):
        return None
    token = answer.get("txToken") if isinstance(answer, dict) else None
    return _Token(token) if page.status == 200 and isinstance(token, str) and token else None


def _ask_again(attempt: Attempt, state: Prompt, watch: _Watch) -> Flow[Page]:
    """Post the form until another page comes."""
    every = _ASK_EVERY if state.kind == "dp" else _LEFT_ALONE
    while True:
        ended = yield from _pause(state, min(every, watch.left(state.said)))
        if ended is not None:
            return (yield from attempt.leave(ended, state.another, state.resend))
        page = yield from _post(attempt, state)
        following = read(page)
        if not isinstance(following, Prompt) or following.kind != state.kind:
            return page
        if following.poll != state.poll:
            return page
        if following.number != state.number:
            yield from _show(following)
        if following.said and following.said != state.said:
            # Whether it says "not yet" or "denied" stands in words alone: the person reads it.
            yield from tell(f"Google says: {following.said}", quiet=False)
        attempt.page, state = page, following


def _pause(state: Prompt, seconds: float) -> Flow[AnotherWay | Resend | None]:
    ended = yield from wait(_step(state, seconds))
    return ended if isinstance(ended, AnotherWay | Resend) else None


def _post(attempt: Attempt, state: Prompt, token: str = "") -> Flow[Page]:
    values = {}
    if token:
        values["token"] = token
        if not any(control.name == "action" for control in state.form.controls):
            values["action"] = "VERIFY"
    what = "token" if token else "prompt"
    return (
        yield from attempt.post(
            state.form, values, what=what, shows="Asking Google whether you have answered"
        )
    )


def _show(state: Prompt) -> Flow[None]:
    """Say where to look and what to tap, before the wait: it cannot be read once it is over."""
    device = state.device or "Open the Google App, and tap 'Yes' on the prompt to sign in."
    number = f"\n\n    Number to tap:   {state.number}\n" if state.number else ""
    yield from tell(device + number, quiet=False, live=device)


def _step(state: Prompt, seconds: float, poll: Request | None = None) -> Wait:
    return Wait(seconds, _shows(state), _ways(state), poll, state.number or "")


def _shows(state: Prompt) -> str:
    if state.number:
        return f"Waiting for you to tap {state.number} on your phone"
    return "Waiting for your answer on the phone"


def _ways(state: Prompt) -> tuple[Way, ...]:
    return ways(state.another, state.resend)
