"""The person's own browser: any identity provider at all, and what reading pages cannot do.

:class:`Browser` signs in there from the start. :class:`HandOver` stands around a provider that
reads pages, and goes on in the browser where that provider cannot.
"""

from __future__ import annotations

from typing import Final, assert_never

from samlauth.challenges import Confirm
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NeedsPerson,
    NobodyToAsk,
    SamlauthError,
    SettingsError,
    SignInRefused,
    UnsafePage,
)
from samlauth.flow import Browse, BrowserEnded, Flow, ask, browse
from samlauth.idp import IdentityProvider
from samlauth.idp.assertion import paste
from samlauth.printable import safe
from samlauth.reach import Reach, origin_of
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass

QUESTION: Final = "Open your browser and sign in there?"
OR_ANOTHER_WAY: Final = "Open your browser and sign in there (no: another way)?"
"""The same, of a provider whose pages have another way."""

OTHER_WAYS: Final = (
    "On a computer with a browser, --browser opens it without asking.\n"
    "Elsewhere, sign in on such a computer and hand the response over: "
    "samlauth assertion … | ssh HOST samlauth --saml-assertion - …\n"
    "A SAML response copied from a browser is taken, too: --saml-assertion FILE"
)


@dataclass(frozen=True)
class Browser:
    """Any identity provider, by the address where its sign-in to AWS begins."""

    url: str
    """https; ``https://`` is put before an address without a scheme."""
    username: str = ""
    """Whose browser profile to use, where several people share an account of this computer."""

    def __post_init__(self) -> None:
        """Raises SettingsError when nothing can begin at the address."""
        address = self.url.strip()
        object.__setattr__(self, "url", address if "://" in address else f"https://{address}")
        try:
            origin_of(self.url)
        except UnsafePage:
            raise SettingsError(
                f"No sign-in can begin at {safe(address)!r}: --url takes an https address.",
                hint="It is the link that your company's portal has for AWS.",
            ) from None

    @property
    def reach(self) -> Reach:
        """It sends nothing by itself; the browser goes where it is led."""
        return Reach(origin_of(self.url))

    @property
    def in_browser(self) -> Browse:
        """The whole sign-in."""
        return Browse(self.url, f"browser {origin_of(self.url)} {self.username}")

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign in there, as :func:`in_browser`."""
        return (yield from in_browser(self.in_browser))


class HandOver:
    """A provider that reads pages, with the person's browser for those it cannot read.

    ``allowed`` is the setting ``browser``: None to ask when it is needed, False never, True to sign
    in there at once, without reading pages first. What needed the browser once in a run is done
    there at once the next time.
    """

    def __init__(self, provider: IdentityProvider, allowed: bool | None) -> None:
        self._provider = provider
        self._allowed = allowed
        self._at_once = allowed is True

    @property
    def reach(self) -> Reach:
        """The provider's own."""
        return self._provider.reach

    @property
    def in_browser(self) -> Browse:
        """The provider's own."""
        return self._provider.in_browser

    def sign_in(self) -> Flow[SAMLResponse]:
        """Sign in by the pages, in the browser if they need one, or by a response that is pasted.

        Raises what the provider raises, a NeedsBrowser when the browser may not be opened; and as
        :func:`in_browser`.
        """
        if not self._at_once:
            try:
                return (yield from self._provider.sign_in())
            except NeedsBrowser as error:
                if self._allowed is False:
                    raise
                reason = error
            if not reason.agreed:
                yield from _ask_leave(reason)
        response = yield from in_browser(self._provider.in_browser)
        self._at_once = True
        return response


def in_browser(step: Browse) -> Flow[SAMLResponse]:
    """Sign in in the person's browser; where none can be opened, ask for a response to be pasted.

    Raises SignInRefused when the person closed it, CodeRefused when the time was over, NeedsPerson
    when it crashed, or cannot be opened and nobody is there to paste anything; AssertionRefused when
    what was pasted cannot be read.
    """
    ended = yield from browse(step)
    if isinstance(ended, SAMLResponse):
        return ended
    match ended.reason:
        case "closed":
            raise SignInRefused(ended.message, hint=ended.hint)
        case "timed out":
            raise CodeRefused(ended.message, hint=ended.hint)
        case "crashed":
            raise NeedsPerson(ended.message, hint=ended.hint)
        case "absent" | "no display":
            return (yield from _paste_instead(step, ended))
        case _:
            assert_never(ended.reason)


def _paste_instead(step: Browse, ended: BrowserEnded) -> Flow[SAMLResponse]:
    try:
        return (yield from paste(step.url, f"{ended.message} {ended.hint}".strip()))
    except NobodyToAsk:
        raise _nobody_there(ended.message, ended.hint) from None


def _ask_leave(reason: NeedsBrowser) -> Flow[None]:
    """Raises NeedsBrowser when the person does not want it, NeedsPerson when nobody is there."""
    try:
        agreed = yield from ask(Confirm(QUESTION, reason.message, setting="browser"))
    except NobodyToAsk:
        raise _nobody_there(reason.message, reason.hint) from None
    if not agreed:
        raise NeedsBrowser(
            "The sign-in goes on in a browser or not at all; it was not opened.", hint=reason.hint
        )


def _nobody_there(message: str, hint: str) -> SamlauthError:
    return NeedsPerson(message, hint=f"{hint}\n{OTHER_WAYS}".strip())
