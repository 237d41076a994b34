"""Answers the second factor: codes, phone numbers, the menu of ways, and what only a browser can."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final, assert_never

from samlauth.challenges import (
    AnotherWay,
    ChooseMethod,
    Confirm,
    EnterCode,
    EnterPhone,
    Method,
    Phone,
    Resend,
)
from samlauth.errors import NobodyToAsk
from samlauth.flow import Flow, Page, ask, tell
from samlauth.idp.browser import OR_ANOTHER_WAY
from samlauth.idp.google import refusals
from samlauth.idp.google.attempt import Attempt, ways
from samlauth.idp.google.key import touch
from samlauth.idp.google.pages import kinds
from samlauth.idp.google.pages.states import (
    BrowserOnly,
    Challenge,
    Code,
    Menu,
    Number,
    Option,
    Press,
    Prompt,
    SecurityKey,
    Send,
)
from samlauth.idp.google.prompt import approve
from samlauth.printable import safe

_LABELS: Final[Mapping[str, str]] = {
    "totp": "MFA token",
    "sms": "Enter SMS token",
    "voice": "Enter VOICE token",
    "backup": "Backup code",
    "ootp": "Security code",
    "skotp": "Security code",
}
"""What the prompt for a code says, by our name for the kind."""

_SENT: Final = frozenset({"ipp", "iap", "kpp", "kpe"})
_KEYS: Final = frozenset({"sk", "wa"})


def meet(attempt: Attempt, state: Challenge) -> Flow[Page]:
    """Answer the challenge, or leave it for the way ``--mfa`` names."""
    if attempt.mfa and not attempt.detoured:
        attempt.detoured = True
        offered = _offered(attempt, state)
        if not any(kinds.is_wanted(attempt.mfa, method) for method in offered):
            if state.another is not None:
                return (yield from attempt.other_way(state.another))
            yield from tell(
                f"Google asks for this at once and offers no other way: {_and(offered)}.",
                quiet=False,
            )
    match state:
        case Code():
            return (yield from _send_code(attempt, state))
        case Send():
            return (yield from _have_sent(attempt, state))
        case Number():
            return (yield from _give_number(attempt, state))
        case Prompt():
            return (yield from approve(attempt, state))
        case SecurityKey():
            return (yield from touch(attempt, state))
        case BrowserOnly():
            return (yield from _pass(attempt, state))
        case _:
            assert_never(state)


def choose(attempt: Attempt, menu: Menu) -> Flow[Page]:
    """Choose a way from the menu: what ``--mfa`` names, the only one, or the person's choice."""
    options = _usable(attempt, menu)
    if not options:
        disabled = ("a security key, which -D says not to use",) if menu.options else ()
        raise refusals.nothing_usable((*menu.left_out, *disabled))
    if attempt.mfa and not attempt.chose:
        wanted = [o for o in options if kinds.is_wanted(attempt.mfa, o.method)]
        options = tuple(wanted) or options
        if not wanted:
            yield from tell(
                f"Google does not offer “{safe(attempt.mfa, 60)}” here in a way that samlauth can use.",
                quiet=False,
            )
    attempt.chose = attempt.detoured = True
    methods = tuple(option.method for option in options)
    mark = (methods[0].kind, methods[0].label)
    # One that was taken already brought us back here: whether it is to be tried again, and perhaps
    # another message sent, is the person's to say.
    if len(methods) == 1 and mark not in attempt.taken:
        attempt.taken.add(mark)
        yield from tell(f"Proving it is you by: {methods[0].label}")
        chosen = methods[0]
    else:
        chosen = yield from _ask_method(methods)
    if chosen.kind in {"sms", "voice"}:
        attempt.sending = chosen.kind
    [press] = [option.press for option in options if option.method == chosen]
    shows = "Telling Google which way you choose"
    return (yield from attempt.press(press, shows=shows, what="menu"))


def _usable(attempt: Attempt, menu: Menu) -> tuple[Option, ...]:
    """The options without security keys, where they are not wanted or were found to be of no use.

    Those that turned out to be of no use come back when there is nothing else.
    """
    without = tuple(option for option in menu.options if option.method.kind != "key")
    if attempt.disable_u2f:
        return without
    return without if without and attempt.passed & {"sk", "wa"} else menu.options


def _ask_method(methods: tuple[Method, ...]) -> Flow[Method]:
    try:
        return (yield from ask(ChooseMethod(methods)))
    except NobodyToAsk:
        offered = [(method.kind, method.label) for method in methods]
        raise refusals.nobody_to_choose(offered) from None


def _offered(attempt: Attempt, state: Challenge) -> tuple[Method, ...]:
    """The ways the page itself can be answered."""
    match state:
        case Send(buttons=buttons, masked=masked):
            return tuple(kinds.method(kinds.sent_by(way), masked) for way, _ in buttons)
        case Code(masked=masked) if state.kind == "ipp":
            return (kinds.method(kinds.sent_by(_sending(attempt, state)), masked),)
        case Code(masked=masked) | Number(masked=masked):
            pass
        case Prompt() | SecurityKey() | BrowserOnly():
            masked = ""
        case _:
            assert_never(state)
    kind = kinds.by_word(state.kind)
    return (kinds.method(kind, masked),) if kind else (Method("other", state.kind),)


def _and(methods: tuple[Method, ...]) -> str:
    return ", ".join(method.label for method in methods)


def _sending(attempt: Attempt, state: Code) -> str:
    return state.sending or attempt.sending or "sms"


def _send_code(attempt: Attempt, state: Code) -> Flow[Page]:
    if state.demand and state.demand not in attempt.demands:
        attempt.demands.add(state.demand)
        yield from tell(f"Your administrator demands: “{state.demand}”", quiet=False)
    kind = kinds.by_word(state.kind)
    name = _sending(attempt, state) if state.kind in _SENT else kind.name if kind else ""
    what = f"code {state.kind}"
    challenge = EnterCode(
        _LABELS.get(name, "Code"),
        note=_note(name, state),
        ways=ways(state.another, state.resend),
        kind="totp" if name == "totp" else "",
    )
    code = yield from attempt.answers.ask(
        what,
        lambda refused: replace(challenge, refused=refused),
        attempt.refused(what, state.said, "Google asked for a code again."),
        lambda refused: refusals.code(attempt.username, refused),
        clean=_plain if name in {"ootp", "skotp", ""} else _digits,
        malformed="A code is made of digits only.",
    )
    if isinstance(code, AnotherWay | Resend):
        return (yield from attempt.leave(code, state.another, state.resend))
    return (
        yield from attempt.post(
            state.form,
            {state.field: code},
            what=what,
            without=("SendMethod", "sendMethod"),
            shows="Checking the code",
        )
    )


def _note(name: str, state: Code) -> str:
    match name:
        case "sms":
            return f"Google sent a text message to {state.masked or 'your phone'}."
        case "voice":
            return f"Google calls {state.masked or 'your phone'} and says the code."
        case "backup":
            ours = "One of the 8-digit backup codes you saved when you set up 2-Step Verification."
            return f"{ours} Google says: “{state.told}”" if state.told else ours
        case "ootp":
            return "On your phone: Settings, Google, your account, Security, Security code."
        case "skotp":
            return "Open https://g.co/sc on a device your security key works with: it shows a code."
        case _:
            return ""


def _digits(code: str) -> str | None:
    """A code as it is sent; None for what can be none."""
    digits = re.sub(r"^\s*[Gg]\s*-|[\s-]", "", code)
    return digits if digits.isascii() and digits.isdigit() else None


def _plain(code: str) -> str | None:
    return re.sub(r"\s", "", code) or None


def _have_sent(attempt: Attempt, state: Send) -> Flow[Page]:
    """Have the code sent, which is a post of its own."""
    if attempt.answered == "send":
        raise refusals.not_sent(state.said)
    way, press = yield from _choose_sending(attempt, state.buttons, state.masked)
    attempt.sending = way
    shows = "Asking Google to call you" if way == "voice" else "Asking Google for a text message"
    return (yield from attempt.press(press, shows=shows, what="send"))


def _choose_sending(
    attempt: Attempt, buttons: tuple[tuple[str, Press], ...], masked: str
) -> Flow[tuple[str, Press]]:
    """A text message or a call: as named by ``--mfa`` or chosen in the menu, else as the person says."""
    by_way = dict(buttons)
    for way in (attempt.mfa.strip().casefold(), attempt.sending):
        if way in by_way:
            return way, by_way[way]
    if len(buttons) == 1:
        return buttons[0]
    methods = tuple(kinds.method(kinds.sent_by(way), masked, way) for way, _ in buttons)
    chosen = yield from _ask_method(methods)
    return chosen.key, by_way[chosen.key]


def _give_number(attempt: Attempt, state: Number) -> Flow[Page]:
    what = f"phone {state.kind}"
    if attempt.answered != what:
        # One that was taken before is good for another message: there is nothing to guess at.
        attempt.answers.take_back(what)
    note = f"The one Google knows as {state.masked}." if state.masked else ""
    challenge = EnterPhone(
        "Enter your phone number", state.countries, note=note, ways=ways(state.another)
    )
    phone = yield from attempt.answers.ask(
        what,
        lambda refused: replace(challenge, refused=refused),
        attempt.refused(what, state.said, "Google asked for the phone number again."),
        refusals.phone,
        clean=_dialable,
        malformed="A phone number is made of digits, with + in front of the country's.",
    )
    if isinstance(phone, AnotherWay | Resend):
        return (yield from attempt.leave(phone, state.another))
    values = {state.field: phone.number}
    if state.country and phone.country:
        values[state.country] = phone.country
    if not state.buttons:
        attempt.sending = ""
        shows = "Checking the phone number"
        return (yield from attempt.post(state.form, values, what=what, shows=shows))
    attempt.sending, press = yield from _choose_sending(attempt, state.buttons, "")
    shows = "Asking Google to send a code"
    click = press.button
    return (yield from attempt.post(state.form, values, what=what, shows=shows, click=click))


def _dialable(phone: Phone) -> Phone | None:
    number = re.sub(r"[\s().\-/]", "", phone.number)
    return replace(phone, number=number) if re.fullmatch(r"\+?[0-9]{3,20}", number) else None


def _pass(attempt: Attempt, state: BrowserOnly) -> Flow[Page]:
    """Go to the browser or to another way: here there is nothing to be asked for."""
    if any(kinds.is_wanted(attempt.mfa, method) for method in _offered(attempt, state)):
        raise refusals.wanted_in_browser(state)
    if state.another is None or state.kind in attempt.passed:
        raise refusals.browser_only(state)
    attempt.passed.add(state.kind)
    seen = f"Google shows {state.seen}, which takes a browser"
    agreed: bool | None = None
    if _is_the_browsers(attempt, state):
        with suppress(NobodyToAsk):
            agreed = yield from ask(Confirm(OR_ANOTHER_WAY, f"{seen}.", setting="browser"))
    if agreed:
        raise refusals.agreed_to_browser(state)
    if agreed is None:
        yield from tell(f"{seen}: another way.")
    return (yield from attempt.other_way(state.another))


def _is_the_browsers(attempt: Attempt, state: BrowserOnly) -> bool:
    """Whether the browser comes before another way: a key or a passkey is at hand there, as it is
    not with a page that wants something else of the person.
    """
    if state.kind in _KEYS and attempt.disable_u2f:
        return False
    return state.kind in {*_KEYS, "pk"} and attempt.can_browse()
