"""Rehearsals in this process: a person who answers what is asked, and the pages they came across."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import get_args

from samlauth import driver
from samlauth.challenges import (
    AnyChallenge,
    ChooseMethod,
    ChooseRoles,
    Confirm,
    EnterCode,
    EnterPassword,
    EnterPhone,
    EnterUsername,
    Phone,
    SolveCaptcha,
)
from samlauth.effects.http import Http
from samlauth.errors import SamlauthError
from samlauth.flow import BrowserEnded, CallSTS, Ended, Page, Request, Wait, within
from samlauth.idp import IdentityProvider
from samlauth.idp.adfs.entry import read_entry
from samlauth.idp.adfs.flow import ADFS
from samlauth.idp.google import Google
from samlauth.redactor import Redactor
from samlauth.sandbox.adfs.adapters import Mfa as AdfsMfa
from samlauth.sandbox.google.methods import Family, Mfa, family
from samlauth.sandbox.phone import NUMBER
from samlauth.sandbox.rehearsal import Idp, Rehearsal

Sort = tuple[Idp, str, Family | None]
"""Provider, what a sign-in comes across, family of pages."""


def sorts() -> list[Sort]:
    """Every rehearsal there is."""
    google: list[Sort] = []
    for mfa in get_args(Mfa):
        for pages in get_args(Family):
            with suppress(SamlauthError):  # these pages do not have it
                google.append(("google", mfa, family(mfa, pages)))
    return google + [("adfs", mfa, None) for mfa in get_args(AdfsMfa)]


@dataclass
class Person:
    """Answers as the person of a rehearsal does; ``wrong`` codes and passwords come first."""

    rehearsal: Rehearsal
    wrong: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    """Every password, code and number that was given."""

    def answer(self, challenge: AnyChallenge) -> object | None:
        match challenge:
            case EnterPassword():
                return self._give(self.wrong.pop() if self.wrong else self.rehearsal.password)
            case EnterCode(label=label):
                return self._give(self._code(label))
            case EnterPhone(countries=countries):
                self._give(NUMBER)
                return Phone(NUMBER, country="GB" if "GB" in countries else "")
            case EnterUsername():
                return self.rehearsal.username
            case ChooseMethod(methods):
                return methods[0]
            case ChooseRoles(roles):
                return roles[:1]
            case SolveCaptcha():
                return "abcde"
            case Confirm():
                return False
            case _:
                return None

    def wait(self, step: Wait, send: driver.Send) -> Ended:
        phone = self.rehearsal.phone
        if phone.prompts and phone.answer(phone.prompts[-1]) == "none":
            phone.tap(phone.shows)
        return send(step.poll) if step.poll else None

    def _give(self, secret: str) -> str:
        self.given.append(secret)
        return secret

    def _code(self, label: str) -> str:
        rehearsal = self.rehearsal
        if rehearsal.idp == "adfs":
            return rehearsal.code()
        if label.startswith("Enter "):
            return rehearsal.phone.code
        if label.startswith("Backup"):
            return rehearsal.person.backup.code()
        if label.startswith("Security"):
            made = rehearsal.person.key if rehearsal.mfa == "skotp" else rehearsal.person.offline
            return made.code()
        return rehearsal.code()


def provider(rehearsal: Rehearsal) -> IdentityProvider:
    """The provider that signs in to the rehearsal."""
    if rehearsal.idp == "adfs":
        entry = read_entry(rehearsal.adfs_host)
        return ADFS(entry, "urn:amazon:webservices", rehearsal.username)
    return Google(rehearsal.idp_id, rehearsal.sp_id, rehearsal.username)


def pages_of(sort: Sort, *wrong: str) -> list[Page]:
    """Each page of a sign-in, in order; however it ends."""
    idp, mfa, pages = sort
    seen: list[Page] = []
    rehearsal = Rehearsal(
        idp=idp,
        mfa=mfa,  # type: ignore[arg-type]  # as listed
        pages=pages,
        prompt_seconds=5,
        poll_seconds=0.2,
        taps_after=0.05,
    )
    with rehearsal:
        person = Person(rehearsal, list(wrong))
        http = Http(rehearsal.environ, hide=lambda _: None)

        def send(request: Request) -> Page:
            page = http.send(request)
            if not request.binary and request.json is None:
                seen.append(page)
            return page

        def no_sts(step: CallSTS) -> tuple[()]:
            raise AssertionError(step)

        effects = driver.Effects(
            send,
            person.answer,
            lambda _: None,
            no_sts,
            Redactor(),
            person.wait,
            lambda _: BrowserEnded("absent", "There is none."),
        )
        signing_in = provider(rehearsal)
        with closing(http), suppress(SamlauthError):
            driver.run(within(signing_in.reach, signing_in.sign_in()), effects)
    return seen
