"""One sign-in under way: what it knows, what it sent, and so what must not be sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from samlauth.challenges import EnterUsername
from samlauth.errors import SignInRefused
from samlauth.flow import Fields, Flow, Page, Request, ask, fetch
from samlauth.html import Form
from samlauth.idp.adfs.pages.states import Option
from samlauth.idp.answers import TRIES, Answers
from samlauth.reach import Carrying, Origin

_KEEPS: Final = "Kmsi"
"""The box by which ADFS keeps a person signed in."""


@dataclass
class Attempt:
    """The present page, and the record of what was done before."""

    origin: Origin
    """The ADFS's own, which alone may see the password."""
    username: str
    home_realm: str
    """The claims provider the person named; empty for none."""
    keep: bool
    """Whether ADFS may keep the person signed in."""
    mfa: str
    """What ``--mfa`` names; empty for whatever ADFS asks."""
    clock: Callable[[], datetime]
    page: Page
    answered: str = ""
    """What the present page answers. A page's error text means nothing unless it answers one."""
    answers: Answers = field(default_factory=Answers, repr=False)
    told: set[str] = field(default_factory=set)
    """Complaints about ``mfa`` that were told."""
    taken: set[str] = field(default_factory=set)
    """Keys of the ways that were taken without asking the person."""
    passed: set[str] = field(default_factory=set)
    """Adapters left because only a browser can answer them."""
    until: datetime | None = None
    """When the wait for an answer elsewhere is over, while there is one."""
    no_ticket: str = ""
    """Why the Kerberos ticket did not count, as far as that is known."""
    fell_back: bool = False
    """Whether the sign-in began anew without a Kerberos ticket."""
    negotiated: bool = False
    """Whether a Kerberos ticket was offered."""

    @property
    def signed_in(self) -> bool:
        """Whether ADFS was shown who the person is, rightly or not."""
        by_ticket = self.negotiated and not self.fell_back
        return bool(self.answers) or by_ticket or self.answered == "push"

    def who(self) -> Flow[str]:
        """The user name, asked for if nobody gave it.

        Raises SignInRefused when it is still empty after TRIES questions.
        """
        for _ in range(TRIES):
            if not self.username:
                self.username = (yield from ask(EnterUsername("ADFS username"))).strip()
        if self.username:
            return self.username
        raise SignInRefused(
            "ADFS asks who is signing in, and no username was given.", hint="Give it with -u."
        )

    def request(
        self,
        form: Form,
        values: Mapping[str, str],
        *,
        shows: str | None = None,
        click: tuple[str, str] | None = None,
        carrying: Carrying = "answers",
        seconds: float | None = None,
    ) -> Request:
        """The post of this one form with ``values``."""
        without = () if self.keep else (_KEEPS,)
        fields = _once_each(form.fill(values, click, without))
        url = self.page.url
        return Request(form.action, fields, carrying=carrying, referer=url, shows=shows, seconds=seconds)  # fmt: skip

    def post(
        self,
        form: Form,
        values: Mapping[str, str],
        *,
        what: str,
        shows: str,
        click: tuple[str, str] | None = None,
        carrying: Carrying = "answers",
    ) -> Flow[Page]:
        """Post the form with ``values``; ``what`` says what the next page answers."""
        self.answered, self.until = what, None
        request = self.request(form, values, shows=shows, click=click, carrying=carrying)
        return (yield from fetch(request))

    def take(self, option: Option) -> Flow[Page]:
        """Take one of the ways a page offers."""
        values = dict(option.values)
        name = option.form.control("UserName")
        if name is not None and not name.value and self.username:
            values[name.name] = self.username
        return (
            yield from self.post(
                option.form,
                values,
                what=f"way {option.method.kind}",
                shows="Telling ADFS which way you choose",
            )
        )

    def left(self, seconds: float) -> float:
        """Seconds until the wait for an answer is over; it lasts ``seconds`` in all."""
        if self.until is None:
            self.until = self.clock() + timedelta(seconds=seconds)
        return (self.until - self.clock()).total_seconds()

    def refused(self, what: str, said: str, otherwise: str) -> str:
        """Why ``what`` is asked for once more: empty when it was not answered before, or when the
        person chose to come back to it."""
        again = what in self.answers and not self.answered.startswith("way ")
        return (said or otherwise) if again else ""


def _once_each(fields: Fields) -> Fields:
    """No name twice: ADFS 2019 refuses a post with duplicates as an invalid request."""
    first: dict[str, str] = {}
    for name, value in fields:
        first.setdefault(name, value)
    return tuple(first.items())
