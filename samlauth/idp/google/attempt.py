"""One sign-in under way: what it knows, what it sent, and so what must not be sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from samlauth.challenges import AnotherWay, Resend, Way
from samlauth.flow import Fields, Flow, Page, Request, fetch
from samlauth.html import Form
from samlauth.idp.answers import Answers
from samlauth.idp.google.pages import markup
from samlauth.idp.google.pages.states import Press
from samlauth.reach import Carrying


@dataclass
class Attempt:
    """The present page, and the record of what was done before."""

    username: str
    bg_response: str
    trust_device: bool
    mfa: str
    """What ``--mfa`` names; empty for whatever Google asks first."""
    clock: Callable[[], datetime]
    page: Page
    can_browse: Callable[[], bool]
    disable_u2f: bool = False
    answered: str = ""
    """What the present page answers. A page's error text means nothing unless it answers one."""
    identified: int = 0
    renamed: bool = False
    """Whether the account was sent again under the other field name."""
    picked: int = 0
    """How often an account was picked from a list."""
    answers: Answers = field(default_factory=Answers, repr=False)
    captchas: int = 0
    sending: str = ""
    """``sms`` or ``voice``: how the code asked for last was sent."""
    detoured: bool = False
    """Whether the default challenge was left, or found fit, for what ``mfa`` names."""
    chose: bool = False
    """Whether ``mfa`` has had its say in a menu; it has one."""
    taken: set[tuple[str, str]] = field(default_factory=set)
    """Kind and label of the ways taken because there was no other."""
    passed: set[str] = field(default_factory=set)
    """Kinds of challenges left because they cannot be answered here."""
    touched: int = 0
    """How often a security key answered."""
    demands: set[str] = field(default_factory=set)
    """Demands of the administrator that were told."""
    transactions: set[str] = field(default_factory=set, repr=False)
    """Prompts that were answered on the phone."""
    restarted: bool = False

    def refused(self, what: str, said: str, otherwise: str) -> str:
        """Why ``what`` is asked for: empty when it was not asked for on the page before."""
        return (said or otherwise) if self.answered == what else ""

    def post(
        self,
        form: Form,
        values: Mapping[str, str],
        *,
        shows: str,
        what: str = "",
        click: tuple[str, str] | None = markup.NEXT,
        without: tuple[str, ...] = (),
        carrying: Carrying = "answers",
    ) -> Flow[Page]:
        """Post the form with ``values``; ``what`` says what the next page answers."""
        self.answered = what
        values = dict(values)
        if form.has("bgresponse"):
            values["bgresponse"] = self.bg_response
        if self.trust_device:
            # An empty box is ticked; anything else is what the page has it say.
            boxes = (form.control(name) for name in _REMEMBERED)
            values |= {box.name: "on" for box in boxes if box and box.value is None}
        else:
            without = (*without, *_REMEMBERED)
        fields: Fields = form.fill(values, click, without)
        return (yield from fetch(Request(form.action, fields, carrying, self.page.url, shows)))

    def press(self, press: Press, *, shows: str, what: str = "") -> Flow[Page]:
        """Press a button on a form that is otherwise left as it is."""
        click = press.button
        return (yield from self.post(press.form, {}, shows=shows, what=what, click=click))

    def other_way(self, another: Press) -> Flow[Page]:
        """Leave the challenge for the menu of ways."""
        return (yield from self.press(another, shows="Asking Google for another way"))

    def leave(
        self, wish: AnotherWay | Resend, another: Press | None, resend: Press | None = None
    ) -> Flow[Page]:
        """What the person wants instead of answering."""
        if isinstance(wish, Resend):
            assert resend is not None, "only offered where the page has it"
            return (yield from self.press(resend, shows="Asking Google to send it again"))
        assert another is not None, "only offered where the page has it"
        # From here on the person chooses, whatever --mfa says.
        self.chose = self.detoured = True
        return (yield from self.other_way(another))


_REMEMBERED: Final = ("TrustDevice", "PersistentCookie")
"""Fields that make Google remember this device."""


def ways(another: Press | None, resend: Press | None = None) -> tuple[Way, ...]:
    """What a person may ask for instead of answering."""
    found: list[Way] = []
    if another:
        found.append("another")
    if resend:
        found.append("resend")
    return tuple(found)
