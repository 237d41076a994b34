"""Answers the pages about who is signing in: the home realm, the user name, the password."""

from __future__ import annotations

from typing import Final

from samlauth.challenges import AnotherWay, ChooseMethod, EnterPassword, Method, Resend, Way
from samlauth.errors import NobodyToAsk
from samlauth.flow import Flow, Page, ask
from samlauth.idp.adfs import refusals
from samlauth.idp.adfs.attempt import Attempt
from samlauth.idp.adfs.challenge import follow, leave, usable
from samlauth.idp.adfs.pages.states import HomeRealms, Login, Realm, UserName
from samlauth.reach import Reach

OWN_DIRECTORY: Final = "AD AUTHORITY"
"""What ADFS calls its company's own Active Directory."""

_REALM_FIELD: Final = "HomeRealmSelection"


def find_home(attempt: Attempt, state: HomeRealms) -> Flow[Page]:
    """Say where the account is at home: as the person named it, else in the company's directory."""
    if attempt.answered == "home realm":
        raise refusals.home_realm(attempt.home_realm, state)
    if not state.realms and state.email_field:
        who = yield from attempt.who()
        return (
            yield from attempt.post(
                state.form,
                {state.email_field: who},
                what="home realm",
                shows="Asking ADFS where your account is at home",
                click=state.button,
            )
        )
    realm = yield from _choose_realm(attempt, state)
    return (
        yield from attempt.post(
            state.form,
            {_REALM_FIELD: realm.key},
            what="home realm",
            shows=f"Signing in at {realm.label}",
        )
    )


def _choose_realm(attempt: Attempt, state: HomeRealms) -> Flow[Realm]:
    wanted = attempt.home_realm.strip().casefold()
    if wanted or not state.realms:
        for realm in state.realms:
            if wanted in {realm.key.casefold(), realm.label.casefold()}:
                return realm
        raise refusals.home_realm(attempt.home_realm, state)
    if len(state.realms) == 1:
        return state.realms[0]
    for realm in state.realms:
        if realm.key.casefold() == OWN_DIRECTORY.casefold():
            return realm
    methods = tuple(Method("home realm", realm.label, realm.key) for realm in state.realms)
    try:
        chosen = yield from ask(ChooseMethod(methods))
    except NobodyToAsk:
        raise refusals.nobody_to_choose_realm(state.realms) from None
    [realm] = [realm for realm in state.realms if realm.key == chosen.key]
    return realm


def identify(attempt: Attempt, state: UserName) -> Flow[Page]:
    """Say who signs in, on a page that does not ask for the password yet."""
    who = yield from attempt.who()
    if attempt.answered == "username":
        raise refusals.unknown_account(who, state.said)
    return (
        yield from attempt.post(
            state.form,
            {state.field: who, **_kept(attempt, keeps=state.form.has("Kmsi"))},
            what="username",
            shows="Looking up your account",
            click=state.button,
        )
    )


def log_in(attempt: Attempt, state: Login) -> Flow[Page]:
    """Send user name and password, each password once."""
    if attempt.answered:
        # A page that something in between put here says nothing of the last answer.
        Reach(attempt.origin).check(state.form.action, "password")
    if attempt.answered == "push" or attempt.answered.startswith("code "):
        raise refusals.back_at_the_start(state.said)
    for option in state.others:
        # The certificate comes instead of the password; other ways are for when that is done.
        if option.method.kind == attempt.mfa == "certificate" and not attempt.signed_in:
            return (yield from follow(attempt, option))
    who = yield from attempt.who()
    ways: tuple[Way, ...] = ("another",) if usable(state.others) else ()
    password = yield from attempt.answers.ask(
        "password",
        lambda refused: EnterPassword("ADFS Password", who, str(attempt.origin), refused, ways),
        attempt.refused("password", state.said, "ADFS asked for the password again."),
        lambda refused: refusals.password(who, refused),
        clean=lambda given: given or None,
    )
    if isinstance(password, AnotherWay | Resend):
        return (yield from leave(attempt, state.others))
    values = {state.username_field: who} if state.username_field else {}
    values |= {state.password_field: password, **_kept(attempt, keeps=state.keeps)}
    if state.form.has("AuthMethod"):
        values["AuthMethod"] = "FormsAuthentication"
    return (
        yield from attempt.post(
            state.form,
            values,
            what="password",
            shows="Checking the password",
            click=state.button,
            carrying="password",
        )
    )


def _kept(attempt: Attempt, *, keeps: bool) -> dict[str, str]:
    """The box that keeps a person signed in, ticked where they asked for it and the page has it."""
    return {"Kmsi": "true"} if attempt.keep and keeps else {}
