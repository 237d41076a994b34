"""Answers a challenge by the security keys that are plugged in, and asks the person to help.

Stands before the terminal, whose live line and keys it uses. What cannot be mended here, it gives as
a NoAssertion, for the login to go on with; all else can be tried again as often as a person likes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Literal, Protocol

from samlauth.challenges import (
    AnotherWay,
    AnyChallenge,
    AuthenticatorAssertion,
    EnterPin,
    NoAssertion,
    Resend,
    TouchKey,
)
from samlauth.effects.security_key.trouble import INSTALL, Access, access
from samlauth.errors import NobodyToAsk, UnsafePage
from samlauth.flow import Wait
from samlauth.printable import safe

if TYPE_CHECKING:
    from fido2.ctap2.pin import ClientPin

    from samlauth.effects.security_key.devices import Key, KeyFailed, Match

__all__ = ["Access", "SecurityKey", "access"]

Outcome = AuthenticatorAssertion | NoAssertion | AnotherWay

_THINKING = 300.0
"""Seconds a person has to fetch another key."""
_LETTING_GO = 2.0
"""Seconds a key has to stop blinking."""
_NOT_INSTALLED = NoAssertion(
    "not installed", "Security keys need a package that is not installed: fido2.", INSTALL
)


class Until(Protocol):
    """As ``Terminal.until_or_other``."""

    def __call__(
        self, step: Wait, over: Callable[[], bool], enter: str = ...
    ) -> Literal["enter", "over", "time", "another"]:
        """Wait, with the keys of the step."""


class SecurityKey:
    """Answers TouchKey, and nothing else.

    ``ask`` asks the person, for a PIN; ``until`` waits with them; ``tell`` shows them a line.
    ``has_terminal`` says whether they can press keys, ``hide`` takes what must not be logged,
    and ``look`` says what keeps keys away.
    """

    def __init__(
        self,
        ask: Callable[[AnyChallenge], object | None],
        until: Until,
        tell: Callable[[str], None],
        has_terminal: Callable[[], bool],
        hide: Callable[[str], None],
        look: Callable[[], Access] = access,
    ) -> None:
        self._ask = ask
        self._until = until
        self._tell = tell
        self._has_terminal = has_terminal
        self._hide = hide
        self._look = look

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The key's answer, or what there is instead of it; None for any other challenge.

        Raises NobodyToAsk when a PIN is needed and there is no terminal, UnsafePage for a request
        in somebody else's name.
        """
        if not isinstance(challenge, TouchKey):
            return None
        try:
            from samlauth.effects.security_key.devices import is_for
        except ModuleNotFoundError as missing:
            if missing.name is None or missing.name.partition(".")[0] != "fido2":
                raise
            return _NOT_INSTALLED
        if not is_for(challenge.request, challenge.origin):
            raise UnsafePage(
                "The sign-in page asked for the security key in the name of "
                f"{challenge.request.rp_id}, which is not its own. The key was not asked."
            )
        if challenge.refused:
            self._tell(safe(challenge.refused, 400))
        while True:
            outcome = self._once(challenge)
            if not isinstance(outcome, NoAssertion) or outcome.reason in ("timed out", "no access"):
                return outcome
            if not self._has_terminal():
                return outcome
            text = f"{outcome.message} {outcome.hint}".strip()
            step = Wait(_THINKING, text, challenge.ways)
            match self._until(step, lambda: False, enter="to try again"):
                case "another":
                    return AnotherWay()
                case "time":
                    return _timed_out(_THINKING)
                case _:
                    pass

    def _once(self, challenge: TouchKey) -> Outcome:
        from samlauth.effects.security_key.devices import KeyFailed, plugged_in

        with plugged_in() as keys:
            if not keys:
                trouble = self._look()
                if trouble.message:
                    return NoAssertion("no access", trouble.message, trouble.hint)
                return NoAssertion("no key", "No security key is plugged in.", "Insert one.")
            try:
                found = _matching(keys, challenge)
                ready: list[tuple[Key, Match, tuple[ClientPin, bytes] | None]] = [
                    (key, match, None)
                    for key, match in found
                    if not key.needs_pin(match, challenge.request)
                ]
                if not ready:
                    # A PIN is asked for once, and so of one key alone.
                    key, match = found[0]
                    unlocked = self._unlock(key, match, challenge)
                    if isinstance(unlocked, AnotherWay):
                        return unlocked
                    ready = [(key, match, unlocked)]
                return self._touched(ready, challenge)
            except KeyFailed as failed:
                return NoAssertion(failed.reason, failed.message, failed.hint)

    def _unlock(
        self, key: Key, match: Match, challenge: TouchKey
    ) -> tuple[ClientPin, bytes] | AnotherWay:
        from samlauth.effects.security_key.devices import WrongPin

        refused = ""
        while True:
            pin = self._ask(EnterPin(f"PIN of {key.name}", refused, challenge.ways))
            match pin:
                case None:
                    raise NobodyToAsk(
                        "samlauth has to ask for the PIN of your security key, and there is no "
                        "terminal to ask on.",
                    )
                case AnotherWay() | Resend():
                    return AnotherWay()
                case _:
                    self._hide(str(pin))
            try:
                return key.unlock(match, str(pin))
            except WrongPin as wrong:
                left = "1 try is" if wrong.tries == 1 else f"{wrong.tries} tries are"
                refused = f"That is not its PIN. {left} left before the key blocks itself."

    def _touched(
        self, ready: list[tuple[Key, Match, tuple[ClientPin, bytes] | None]], challenge: TouchKey
    ) -> Outcome:
        """Have all of them blink; the answer of the first that is touched."""
        from samlauth.effects.security_key.devices import KeyFailed

        cancelled = threading.Event()
        answers: SimpleQueue[AuthenticatorAssertion | KeyFailed | BaseException | None] = (
            SimpleQueue()
        )

        def sign(key: Key, match: Match, unlocked: tuple[ClientPin, bytes] | None) -> None:
            request = challenge.request
            try:
                answers.put(key.sign(match, request, challenge.origin, cancelled, unlocked))
            except BaseException as error:  # noqa: BLE001 - whoever waits is to see it
                answers.put(error)

        threads = [
            threading.Thread(target=sign, args=each, name="security key", daemon=True)
            for each in ready
        ]
        left: list[KeyFailed] = []
        answer: AuthenticatorAssertion | None = None

        def over() -> bool:
            nonlocal answer
            try:
                got = answers.get_nowait()
            except Empty:
                return False
            match got:
                case AuthenticatorAssertion():
                    answer = got
                    return True
                case KeyFailed():
                    left.append(got)
                    return len(left) == len(ready)
                case None:
                    return False
                case _:
                    raise got

        for thread in threads:
            thread.start()
        seconds = challenge.request.seconds
        try:
            ended = self._until(Wait(seconds, _prompt(ready), challenge.ways), over, enter="")
        finally:
            cancelled.set()
            for thread in threads:
                thread.join(_LETTING_GO)
        if answer is not None:
            return answer
        match ended:
            case "another":
                return AnotherWay()
            case "over":
                raise left[-1]
            case _:
                return _timed_out(seconds)


def _matching(keys: list[Key], challenge: TouchKey) -> list[tuple[Key, Match]]:
    """The keys that can answer. Raises KeyFailed when there are none."""
    from samlauth.effects.security_key.devices import KeyFailed

    found: list[tuple[Key, Match]] = []
    failed: KeyFailed | None = None
    for key in keys:
        try:
            match = key.find(challenge.request)
        except KeyFailed as error:
            failed = error
        else:
            found += [(key, match)] if match else []
    if found:
        return found
    if failed is not None:
        raise failed
    names = " and ".join(dict.fromkeys(key.name for key in keys))
    raise KeyFailed(
        "wrong key",
        f"{names}, plugged in here, is not registered for this account.",
        "Insert the one that is.",
    )


def _prompt(ready: list[tuple[Key, Match, tuple[ClientPin, bytes] | None]]) -> str:
    names = " or ".join(dict.fromkeys(key.name for key, _, _ in ready))
    return f"Touch your security key ({names})"


def _timed_out(seconds: float) -> NoAssertion:
    return NoAssertion(
        "timed out",
        f"The security key was not touched within {seconds:.0f} seconds.",
        "Run the command again with the key at hand; --mfa chooses another way.",
    )
