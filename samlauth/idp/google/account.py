"""Answers the pages about who is signing in: the account, the list of accounts, the image, the
password.
"""

from __future__ import annotations

from typing import Final

from samlauth.challenges import AnotherWay, EnterPassword, EnterUsername, Resend, SolveCaptcha
from samlauth.flow import Flow, Page, Request, fetch, tell
from samlauth.idp.answers import TRIES, ask_again
from samlauth.idp.google import refusals
from samlauth.idp.google.attempt import Attempt, ways
from samlauth.idp.google.pages.states import Captcha, Chooser, Identifier, Password
from samlauth.reach import Origin

ORIGIN: Final = Origin("accounts.google.com")
_LABEL: Final = "Google username"


def identify(attempt: Attempt, state: Identifier) -> Flow[Page]:
    """Say who signs in."""
    name = state.field
    again = attempt.answered in {"identifier", "captcha"}
    refused = state.said if again else ""
    # The one retry under another name comes on top of the tries.
    if attempt.identified >= TRIES + attempt.renamed:
        raise refusals.unknown_account(refused)
    if refused or not attempt.username:
        yield from _ask_username(attempt, refused)
    elif again:
        # Asked again without a word: the older pages took the address under another name.
        if attempt.renamed:
            raise refusals.unexplained(attempt.username)
        attempt.renamed = True
        name = "Email" if name == "identifier" else "identifier"
    attempt.identified += 1
    return (
        yield from attempt.post(
            state.form,
            {name: attempt.username},
            what="identifier",
            shows="Looking up your account",
        )
    )


def choose_account(attempt: Attempt, state: Chooser) -> Flow[Page]:
    """Pick the person's account from a list, or go where it can be given."""
    if not attempt.username:
        yield from _ask_username(attempt, "")
    mine = [way for email, way in state.accounts if email == attempt.username.casefold()]
    way = mine[0] if mine else state.other
    attempt.picked += 1
    if way is None or attempt.picked >= TRIES:
        raise refusals.not_listed(attempt.username)
    shows = "Choosing your account"
    if isinstance(way, str):
        attempt.answered = ""
        return (yield from fetch(Request(way, referer=attempt.page.url, shows=shows)))
    return (yield from attempt.press(way, shows=shows))


def solve_captcha(attempt: Attempt, state: Captcha) -> Flow[Page]:
    """Have the image read, and say who signs in with its text."""
    refused = attempt.refused("captcha", state.said, "Google showed another image.")
    if attempt.captchas >= TRIES:
        raise refusals.captcha(refused)
    if attempt.answered == "password":
        # Whether the password is right is not said: it was not looked at, and is asked for once more.
        attempt.answers.take_back("password")
        yield from tell("Google shows an image first; it asks for the password again after it.")
    if state.identifier and not attempt.username:
        yield from _ask_username(attempt, "")
    image = yield from fetch(
        Request(
            state.image_url, binary=True, referer=attempt.page.url, shows="Fetching Google's image"
        )
    )
    content = image.content if image.status < 400 else b""
    challenge = SolveCaptcha(content, state.image_url, refused)
    text = yield from ask_again(challenge, refused, refusals.captcha)
    assert not isinstance(text, AnotherWay | Resend), "a captcha has no other ways"
    attempt.captchas += 1
    values = {state.field: text.strip(), **dict(state.token)}
    if state.identifier:
        values[state.identifier] = attempt.username
    return (
        yield from attempt.post(
            state.form, values, what="captcha", shows="Checking the text of the image"
        )
    )


def send_password(attempt: Attempt, state: Password) -> Flow[Page]:
    """Send the password, once."""
    who = attempt.username
    password = yield from attempt.answers.ask(
        "password",
        lambda refused: EnterPassword(
            "Google Password", who, str(ORIGIN), refused, ways(state.another)
        ),
        attempt.refused("password", state.said, "Google asked for the password again."),
        lambda refused: refusals.password(who, refused),
        clean=lambda given: given or None,
    )
    if isinstance(password, AnotherWay | Resend):
        return (yield from attempt.leave(password, state.another))
    return (
        yield from attempt.post(
            state.form,
            {state.field: password},
            what="password",
            shows="Checking the password",
            carrying="password",
        )
    )


def _ask_username(attempt: Attempt, refused: str) -> Flow[None]:
    challenge = EnterUsername(_LABEL, refused)
    typed = yield from ask_again(challenge, refused, refusals.unknown_account)
    assert not isinstance(typed, AnotherWay | Resend), "an account has no other ways"
    attempt.username = typed.strip()
