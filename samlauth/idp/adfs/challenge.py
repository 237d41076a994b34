"""Answers the second factor: codes, answers elsewhere, certificates, and the menus of ways."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, assert_never

from samlauth.challenges import AnotherWay, ChooseMethod, EnterCode, Method, Resend, Way
from samlauth.errors import NetworkError, NobodyToAsk
from samlauth.flow import Flow, Page, Request, Wait, ask, tell, wait
from samlauth.idp.adfs import refusals
from samlauth.idp.adfs.attempt import Attempt
from samlauth.idp.adfs.pages import read
from samlauth.idp.adfs.pages.adapters import Adapter
from samlauth.idp.adfs.pages.states import (
    Approve,
    BrowserOnly,
    Certificate,
    Challenge,
    Code,
    Menu,
    Option,
)
from samlauth.printable import safe

_PAUSE: Final = 3.0
"""Seconds between two questions whether the person has answered."""

_SYNONYMS: Final = {
    "push": "prompt", "app": "prompt", "text": "sms", "call": "voice", "phone": "voice",
    "cert": "certificate",
}  # fmt: skip


def meet(attempt: Attempt, state: Challenge) -> Flow[Page]:
    """Answer the challenge, or leave it for the way ``--mfa`` names."""
    if attempt.mfa and not isinstance(state, Certificate) and not _fits(attempt.mfa, state):
        if (option := _better(attempt, state)) is not None:
            return (yield from follow(attempt, option))
        # Other pages may only be on the way to what is meant.
        if isinstance(state, Code) or (isinstance(state, Approve) and state.number):
            yield from _complain(attempt)
    match state:
        case Code():
            return (yield from _send_code(attempt, state))
        case Approve():
            return (yield from _approve(attempt, state))
        case Certificate():
            return (yield from _show_certificate(attempt, state))
        case BrowserOnly():
            return (yield from _pass(attempt, state))
        case _:
            assert_never(state)


# Which way


def usable(options: Iterable[Option]) -> tuple[Option, ...]:
    """Those of the ways that can be used here."""
    return tuple(o for o in options if o.adapter is None or not o.adapter.script_only)


def choose(attempt: Attempt, menu: Menu) -> Flow[Page]:
    """Choose a way: what ``--mfa`` names, the only one, or the person's choice.

    A way that was taken before is taken again by the person alone.
    """
    options = usable(menu.options)
    if not options:
        raise refusals.nothing_usable(menu)
    if menu.said and attempt.answered:
        yield from tell(f"ADFS says: {menu.said}", quiet=False)
    wanted = _wanted(attempt.mfa, options)
    here = menu.adapter
    is_here = here is not None and _is_named(attempt.mfa, here)
    if attempt.mfa and not wanted and not is_here:
        yield from _complain(attempt)
    options = wanted or options
    if len(options) == 1 and _mark(options[0]) not in attempt.taken:
        yield from tell(f"Proving it is you by: {options[0].method.label}")
        return (yield from follow(attempt, options[0]))
    return (yield from follow(attempt, (yield from _ask_option(options))))


def leave(attempt: Attempt, others: Iterable[Option]) -> Flow[Page]:
    """Another way, by the person's own wish: from here on they choose, whatever ``--mfa`` says."""
    attempt.mfa = ""
    options = usable(others)
    option = options[0] if len(options) == 1 else (yield from _ask_option(options))
    return (yield from follow(attempt, option))


def follow(attempt: Attempt, option: Option) -> Flow[Page]:
    """Take one of the ways."""
    attempt.taken.add(_mark(option))
    page = attempt.take(option)
    if option.method.kind == "certificate":
        return (yield from _with_certificate(page))
    return (yield from page)


def _ask_option(options: tuple[Option, ...]) -> Flow[Option]:
    methods = tuple(option.method for option in options)
    try:
        method = yield from ask(ChooseMethod(methods))
    except NobodyToAsk:
        raise refusals.nobody_to_choose(methods) from None
    return next(option for option in options if option.method == method)


def _ways(others: tuple[Option, ...]) -> tuple[Way, ...]:
    return ("another",) if usable(others) else ()


def _called(others: tuple[Option, ...]) -> tuple[Method, ...]:
    return tuple(option.method for option in others)


def _mark(option: Option) -> str:
    return f"{option.method.kind} {option.method.key}"


def _name(wanted: str) -> str:
    name = wanted.strip().casefold()
    return _SYNONYMS.get(name, name)


def _wanted(wanted: str, options: Iterable[Option]) -> tuple[Option, ...]:
    """The ways ``--mfa`` means; else those of adapters that have what it means among theirs."""
    if not wanted:
        return ()
    options = tuple(options)
    exact = tuple(option for option in options if _is_wanted(wanted, option.method))
    return exact or tuple(o for o in options if o.adapter and _name(wanted) in o.adapter.offers)


def _is_wanted(wanted: str, method: Method) -> bool:
    """Whether ``--mfa`` means this way: by our name, by ADFS's own, or by words of its label."""
    if _name(wanted) == method.kind or wanted.strip().casefold() == method.key.casefold():
        return True
    words = wanted.casefold().split()
    return bool(words) and all(word in method.label.casefold() for word in words)


def _fits(wanted: str, state: Code | Approve | BrowserOnly) -> bool:
    """Whether the page is what ``--mfa`` means, or may be: not all pages tell how a code comes."""
    name, adapter = _name(wanted), state.adapter
    if _is_named(wanted, adapter) or isinstance(state, BrowserOnly):
        return _is_named(wanted, adapter)
    if state.kind:
        return state.kind == name
    return name in adapter.offers and not any(o.leads_to_more for o in state.others)


def _is_named(wanted: str, adapter: Adapter) -> bool:
    names = {adapter.kind, *map(str.casefold, adapter.methods)}
    return not names.isdisjoint({_name(wanted), wanted.strip().casefold()})


def _better(attempt: Attempt, state: Code | Approve | BrowserOnly) -> Option | None:
    """The way on this page that ``--mfa`` means, or that leads to it, unless it was taken."""
    others = [o for o in usable(state.others) if _mark(o) not in attempt.taken]
    if direct := [o for o in others if _is_wanted(attempt.mfa, o.method)]:
        return direct[0]
    more = [o for o in others if o.leads_to_more and _name(attempt.mfa) in state.adapter.offers]
    return next(iter((*more, *_wanted(attempt.mfa, others))), None)


def _complain(attempt: Attempt) -> Flow[None]:
    if attempt.mfa not in attempt.told:
        attempt.told.add(attempt.mfa)
        yield from tell(
            f"ADFS does not offer “{safe(attempt.mfa, 60)}” here in a way that samlauth can use.",
            quiet=False,
        )


# A code


def _send_code(attempt: Attempt, state: Code) -> Flow[Page]:
    adapter = state.adapter
    # Not by the field's name, which some change from page to page.
    first = what = f"code {adapter.methods[0]}"
    note = state.prompt or f"{adapter.name} asks for a code."
    challenge = EnterCode(
        "MFA token", note=note, ways=_ways(state.others), kind=_kind(attempt, state)
    )
    if state.is_next:
        what = f"{first} next"
        note = f"{note} Wait until your token shows another code, and type that one."
        challenge = replace(challenge, label="Next MFA token", note=note, kind="")
    code = yield from attempt.answers.ask(
        what,
        lambda refused: replace(challenge, refused=refused),
        attempt.refused(what, state.said, f"{adapter.name} asked for a code again."),
        lambda refused: refusals.code(adapter, refused),
        clean=_clean,
    )
    if isinstance(code, AnotherWay | Resend):
        return (yield from leave(attempt, state.others))
    values = {state.field: code}
    if state.username_field:
        values[state.username_field] = yield from attempt.who()
    for name in state.previous:
        # RSA wants two codes that follow one another, and asks for the first once more.
        values[name] = attempt.answers.last(first)
    return (
        yield from attempt.post(
            state.form, values, what=what, shows="Checking the code", click=state.button
        )
    )


def _kind(attempt: Attempt, state: Code) -> str:
    """``totp`` where the adapter has nothing else, or ``--mfa`` says so and no page anything else."""
    meant = _name(attempt.mfa) == "totp" and state.kind in {"", "totp"}
    return "totp" if meant or state.adapter.offers == ("totp",) else ""


def _clean(code: str) -> str | None:
    """A code as it is sent: digits are shown in groups, a PIN before them may hold anything."""
    digits = re.sub(r"[\s-]", "", code)
    if digits.isascii() and digits.isdigit():
        return digits
    return code.strip() or None


# An answer elsewhere


def _approve(attempt: Attempt, state: Approve) -> Flow[Page]:
    """Wait until the person has answered elsewhere; the page that this leads to.

    Posting the form asks whether they have. Some adapters answer at once, others when there is
    something new. Raises CodeRefused when the answer was No, or when there is none in time.
    """
    adapter = state.adapter
    if state.said and (state.denied or attempt.answered):
        raise refusals.denied(adapter, state.said)
    shown: tuple[str, str] | None = None
    if state.number or not adapter.opens:
        shown = yield from _show(state)
    # A page without a number only says that there is more to come, and is posted by its script.
    asked = not state.number
    while True:
        if not asked:
            left = min(_PAUSE, _left(attempt, state))
            if (yield from wait(_step(state, left))) is not None:
                return (yield from leave(attempt, state.others))
        asked = False
        left = _left(attempt, state)
        request = attempt.request(state.form, {}, click=state.button, seconds=left)
        ended = yield from wait(_step(state, left, request))
        match ended:
            case Page():
                page = ended
            case None:
                raise refusals.unanswered(adapter, state.prompt)
            case _:
                return (yield from leave(attempt, state.others))
        attempt.answered = "push"
        following = read(page)
        if not isinstance(following, Approve) or following.adapter != adapter:
            attempt.until = None
            return page
        # By what they are called: the forms that lead to them have another Context each time.
        if following.said or _called(following.others) != _called(state.others):
            return page
        if (following.number, following.prompt) != shown:
            shown = yield from _show(following)
        attempt.page, state = page, following


def _left(attempt: Attempt, state: Approve) -> float:
    left = attempt.left(state.adapter.seconds)
    if left <= 0:
        raise refusals.unanswered(state.adapter, state.prompt)
    return left


def _show(state: Approve) -> Flow[tuple[str, str]]:
    """Say what to do, before the wait: it cannot be read once it is over."""
    number = f"\n\n    Number to enter:   {state.number}\n" if state.number else ""
    if state.prompt or number:
        what = state.prompt or state.adapter.name
        yield from tell(what + number, quiet=False, live=what)
    return state.number, state.prompt


def _step(state: Approve, seconds: float, poll: Request | None = None) -> Wait:
    return Wait(seconds, _shows(state), _ways(state.others), poll, state.number)


def _shows(state: Approve) -> str:
    if state.number:
        return f"Waiting for you to enter {state.number} on your phone"
    adapter = state.adapter
    if adapter.offers and "prompt" not in adapter.offers:
        return f"Waiting for {adapter.name}"
    return f"Waiting for {adapter.name}: if it asks on your phone, answer there"


# What is not asked for here


def _show_certificate(attempt: Attempt, state: Certificate) -> Flow[Page]:
    """Go to where TLS asks for the certificate: showing it is the business of the network layer."""
    if attempt.answered == "certificate":
        raise refusals.no_certificate("ADFS asked for it again.")
    shows = "Showing ADFS your certificate"
    return (
        yield from _with_certificate(attempt.post(state.form, {}, what="certificate", shows=shows))
    )


def _with_certificate(page: Flow[Page]) -> Flow[Page]:
    try:
        return (yield from page)
    except NetworkError as error:
        failed = refusals.certificate_not_taken(error)
    raise failed


def _pass(attempt: Attempt, state: BrowserOnly) -> Flow[Page]:
    others = usable(state.others)
    is_meant = _is_named(attempt.mfa, state.adapter)
    if not others or is_meant or state.adapter.kind in attempt.passed:
        raise refusals.browser_only(state.adapter)
    attempt.passed.add(state.adapter.kind)
    yield from tell(
        f"ADFS wants {state.adapter.name}, whose pages only a browser can show: another way."
    )
    return (yield from choose(attempt, Menu(others)))
