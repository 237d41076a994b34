"""What a page of Google's sign-in can be: a closed union of frozen values, each with what is needed
to answer it. Texts in them are Google's own, fit to print.
"""

from __future__ import annotations

from samlauth.challenges import AssertionRequest, Method
from samlauth.flow import Fields
from samlauth.html import Form
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass


@dataclass(frozen=True)
class Press:
    """A form, and the button to press in it; None for a button that sends nothing."""

    form: Form
    button: tuple[str, str] | None = None


@dataclass(frozen=True)
class Posted:
    """The end: the SAML response, in the form that would post it to its consumer."""

    saml_response: SAMLResponse


@dataclass(frozen=True)
class Identifier:
    """Asks who is signing in."""

    form: Form
    field: str
    """Name of the field the answer goes into; so for the other states."""
    said: str = ""
    """Google's own text beside the field; so for the other states.

    It means the last answer only on a page that answers one: some pages say such things unasked.
    """


@dataclass(frozen=True)
class Captcha:
    """Asks for the text in an image, on the page that asks who is signing in."""

    form: Form
    field: str
    image_url: str
    """Absolute; not checked: that is Reach's business."""
    identifier: str = ""
    """The field for the account; empty when the page has none."""
    token: Fields = ()
    """What has to be sent besides, on pages that have a field of another name for it."""
    said: str = ""


@dataclass(frozen=True)
class Chooser:
    """Lists accounts to choose from."""

    accounts: tuple[tuple[str, Press | str], ...]
    """E-mail address in lower case, and the button or the address of its entry."""
    other: Press | str | None = None
    """The way to an account that is not listed."""


@dataclass(frozen=True)
class Password:
    """Asks for the password."""

    form: Form
    field: str
    said: str = ""
    another: Press | None = None
    """How the page lets a person prove who they are otherwise; so for the other states."""


@dataclass(frozen=True)
class Code:
    """Asks for a one-time code; ``kind`` is Google's own word for the challenge (``totp``)."""

    kind: str
    form: Form
    field: str
    said: str = ""
    masked: str = ""
    """The phone number the page names, masked by Google; so for the other states."""
    sending: str = ""
    """``sms`` or ``voice`` where the page says how the code was sent."""
    demand: str = ""
    """What the person's administrator demands, on a page that can be answered all the same."""
    told: str = ""
    """What a page for a backup code says: newer pages have the demand among it, without a mark."""
    another: Press | None = None
    resend: Press | None = None


@dataclass(frozen=True)
class Send:
    """Offers to send a code; nothing is sent before its button is pressed."""

    kind: str
    form: Form
    buttons: tuple[tuple[str, Press], ...]
    """``sms`` or ``voice``, and the button for it."""
    said: str = ""
    masked: str = ""
    another: Press | None = None


@dataclass(frozen=True)
class Number:
    """Asks for a phone number: to compare it with the one on file, or to send a code there."""

    kind: str
    form: Form
    field: str
    country: str = ""
    """Name of the field for the country; empty when the page does not ask."""
    countries: tuple[str, ...] = ()
    """ISO 3166 two-letter codes."""
    buttons: tuple[tuple[str, Press], ...] = ()
    """``sms`` or ``voice``, and the button for it; none on a page that has no choice."""
    said: str = ""
    masked: str = ""
    another: Press | None = None


@dataclass(frozen=True)
class Poll:
    """By what Google's poll host knows a prompt."""

    api_key: str
    tx_id: str


@dataclass(frozen=True)
class Prompt:
    """Google asks on a phone whether it is the person (``az``, ``dp``)."""

    kind: str
    form: Form
    poll: Poll | None = None
    """None where there is nothing to poll: posting the form asks whether there is an answer."""
    seconds: float | None = None
    """How long the prompt lives; None when the page does not say."""
    device: str = ""
    """Where to look for the prompt."""
    number: str = ""
    """The number to tap; empty when there is none."""
    said: str = ""
    another: Press | None = None
    resend: Press | None = None


@dataclass(frozen=True)
class SecurityKey:
    """Asks for a security key, in a way that can be answered without the page's script."""

    kind: str
    form: Form
    field: str
    request: AssertionRequest
    said: str = ""
    another: Press | None = None


@dataclass(frozen=True)
class Option:
    """An entry of a menu."""

    method: Method
    press: Press


@dataclass(frozen=True)
class Menu:
    """Lists ways to prove it is you."""

    options: tuple[Option, ...]
    """Those that can be used here, in the order of the page."""
    left_out: tuple[str, ...] = ()
    """Those that only a browser can use, as nouns."""


@dataclass(frozen=True)
class BrowserOnly:
    """A challenge that only a browser can answer; ``seen`` names it, as a noun."""

    kind: str
    seen: str
    another: Press | None = None


@dataclass(frozen=True)
class Demand:
    """A demand of the person's administrator, on a page with nothing to answer."""

    text: str


@dataclass(frozen=True)
class Interstitial:
    """A page that stands between a sign-in that succeeded and its end; ``seen`` is a noun."""

    seen: str


@dataclass(frozen=True)
class Rejected:
    """Google will not sign in whatever it takes us for: it wants a browser that runs scripts."""

    reason: str = ""
    """Google's number for it, ``rrk`` in the address; empty when it gives none."""


@dataclass(frozen=True)
class AppError:
    """Google has no such app for this person; ``code`` is its own (``app_not_configured``)."""

    code: str


@dataclass(frozen=True)
class ErrorPage:
    """Any other answer with an HTTP status of 400 or more."""

    status: int
    path: str
    """Fit to print."""
    stale: bool = False
    """Whether it is the return to the app that failed, which a fresh start may cure."""


@dataclass(frozen=True)
class Federated:
    """The account signs in at another identity provider, at ``host``."""

    host: str


@dataclass(frozen=True)
class Unknown:
    """Any other page; ``seen`` says what it is, as far as that can be told, as a noun."""

    seen: str
    said: str = ""
    """The headings of the page, for a person to make more of."""


Challenge = Code | Send | Number | Prompt | SecurityKey | BrowserOnly
"""The second factor, but for the menu that leads to it."""

State = (
    Posted
    | Identifier
    | Captcha
    | Chooser
    | Password
    | Challenge
    | Menu
    | Demand
    | Interstitial
    | Rejected
    | AppError
    | ErrorPage
    | Federated
    | Unknown
)
