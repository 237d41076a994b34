"""Answers a challenge by the security keys that are plugged in, and asks the person to help.

Stands before the terminal, whose live line and keys it uses. What cannot be mended here, it gives as
a NoAssertion, for the login to go on with; all else can be tried again as often as a person likes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from samlauth.challenges import (
    AnotherWay,
    AnyChallenge,
    AssertionRequest,
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

    from samlauth.effects.security_key.devices import Key, KeyFailed, Match, Registration

__all__ = ["Access", "SecurityKey", "access"]

T = TypeVar("T")
Outcome = AuthenticatorAssertion | NoAssertion | AnotherWay
_Held = tuple["Key", "Match"]
"""A key, and what of the request it has."""

_THINKING = 300.0
"""Seconds a person has to fetch another key."""
_LETTING_GO = 2.0
"""Seconds a key has to stop blinking."""
_LATER = "Run the command again with the key at hand; --mfa chooses another way."
_NOT_INSTALLED = NoAssertion(
    "not installed", f"To use security keys here, install python-fido2: {INSTALL}"
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
            return _not_installed(missing)
        if not is_for(challenge.request, challenge.origin):
            raise UnsafePage(
                "The sign-in page asked for the security key in the name of "
                f"{challenge.request.rp_id}, which is not its own. The key was not asked.",
                hint="Sign in with a browser and look at the address there before you go on.",
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
                    return NoAssertion(
                        "timed out",
                        f"{outcome.message} Nothing was done about it for {_THINKING:.0f} seconds.",
                        _LATER,
                    )
                case _:
                    pass

    def _once(self, challenge: TouchKey) -> Outcome:
        from samlauth.effects.security_key.devices import KeyFailed, plugged_in

        with plugged_in() as keys:
            if not keys:
                return self._keyless()
            try:
                return self._asserted(keys, challenge)
            except KeyFailed as failed:
                return NoAssertion(failed.reason, failed.message, failed.hint)

    def _asserted(self, keys: list[Key], challenge: TouchKey) -> Outcome:
        request, origin, ways = challenge.request, challenge.origin, challenge.ways
        ready, locked = _sorted(_matching(keys, challenge), request)
        jobs: list[tuple[Key, Callable[[threading.Event], AuthenticatorAssertion | _Held | None]]]
        jobs = [(key, partial(key.sign, match, request, origin, None)) for key, match in ready]
        again = ""
        if jobs or len(locked) > 1:
            # A PIN is asked for once, and so of one key: the one that is touched. Two of a kind have
            # the same name.
            jobs += [(key, partial(_selected, key, match)) for key, match in locked]
            what = "the key you want to use" if locked else "your security key"
            touched: Outcome | _Held = self._touched(
                jobs, Wait(request.seconds, f"Touch {what}", ways)
            )
            if not isinstance(touched, tuple):
                return touched
            locked, again = [touched], " again"
        ((key, match),) = locked
        unlocked = self._unlock(key, match, challenge)
        if isinstance(unlocked, AnotherWay):
            return unlocked
        return self._touched(
            [(key, partial(key.sign, match, request, origin, unlocked))],
            Wait(request.seconds, f"Touch your security key{again}", ways),
        )

    def register(self, app_id: str, rp_id: str) -> Registration | NoAssertion:
        """Register a key, for a rehearsal: by U2F for the app where it can, else for the RP."""
        try:
            from samlauth.effects.security_key.devices import KeyFailed, plugged_in
        except ModuleNotFoundError as missing:
            return _not_installed(missing)
        with plugged_in() as keys:
            if not keys:
                return self._keyless()
            try:
                made = self._touched(
                    [(key, partial(key.register, app_id, rp_id)) for key in keys],
                    Wait(_THINKING, "Touch your security key to register it", ("another",)),
                )
            except KeyFailed as failed:
                return NoAssertion(failed.reason, failed.message, failed.hint)
            if isinstance(made, AnotherWay):
                return NoAssertion("denied", "No security key was registered.")
            return made

    def _keyless(self) -> NoAssertion:
        trouble = self._look()
        if trouble.message:
            return NoAssertion("no access", trouble.message, trouble.hint)
        return NoAssertion("no key", "No security key is plugged in.", "Insert one.")

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
                        hint="Run the command in a terminal.",
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
        self,
        jobs: Sequence[tuple[Key, Callable[[threading.Event], T | None]]],
        step: Wait,
    ) -> T | NoAssertion | AnotherWay:
        """Have all of these keys blink; what the first that is touched gives. Raises KeyFailed."""
        from samlauth.effects.security_key.devices import KeyFailed

        cancelled = threading.Event()
        given: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

        def work(job: Callable[[threading.Event], T | None]) -> None:
            try:
                given.put((job(cancelled), None))
            except BaseException as error:  # noqa: BLE001 - whoever waits is to see it
                given.put((None, error))

        threads = [
            threading.Thread(target=work, args=(job,), name="security key", daemon=True)
            for _, job in jobs
        ]
        failed: list[KeyFailed] = []
        touched: list[T] = []

        def over() -> bool:
            while not given.empty():
                answer, error = given.get()
                if answer is not None:
                    touched.append(answer)
                elif isinstance(error, KeyFailed):
                    failed.append(error)
                elif error is not None:
                    raise error
            return bool(touched) or len(failed) == len(jobs)

        for thread in threads:
            thread.start()
        names = " or ".join(dict.fromkeys(key.name for key, _ in jobs))
        step = replace(step, shows=f"{step.shows} ({names})")
        try:
            ended = self._until(step, over, enter="")
        finally:
            cancelled.set()
            for thread in threads:
                thread.join(_LETTING_GO)
        if touched:
            return touched[0]
        match ended:
            case "another":
                return AnotherWay()
            case "over":
                raise failed[-1]
            case _:
                return _timed_out(step.seconds)


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
    names = ", ".join(dict.fromkeys(key.name for key in keys))
    raise KeyFailed(
        "wrong key",
        f"No security key that is plugged in here ({names}) is registered for this account.",
        "Insert one that is.",
    )


def _selected(key: Key, match: Match, cancelled: threading.Event) -> _Held | None:
    return (key, match) if key.select(cancelled) else None


def _sorted(
    found: list[tuple[Key, Match]], request: AssertionRequest
) -> tuple[list[tuple[Key, Match]], list[tuple[Key, Match]]]:
    """Those that want a touch, and those that want a PIN first. Raises KeyFailed for none at all."""
    from samlauth.effects.security_key.devices import KeyFailed

    ready: list[tuple[Key, Match]] = []
    locked: list[tuple[Key, Match]] = []
    failed: KeyFailed | None = None
    for key, match in found:
        try:
            (locked if key.needs_pin(match, request) else ready).append((key, match))
        except KeyFailed as error:
            failed = error
    if failed is not None and not (ready or locked):
        raise failed
    return ready, locked


def _not_installed(missing: ModuleNotFoundError) -> NoAssertion:
    """Raises what is missing when it is no part of the package."""
    if missing.name is None or missing.name.partition(".")[0] != "fido2":
        raise missing
    return _NOT_INSTALLED


def _timed_out(seconds: float) -> NoAssertion:
    return NoAssertion(
        "timed out",
        f"The security key was not touched within {seconds:.0f} seconds.",
        _LATER,
    )
