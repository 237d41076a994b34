"""What a page of ADFS's sign-in can be: a closed union of frozen values, each with what is needed
to answer it. Texts in them are ADFS's own, fit to print.
"""

from __future__ import annotations

from dataclasses import field

from samlauth.challenges import Method
from samlauth.flow import Fields
from samlauth.html import Form
from samlauth.idp.adfs.pages.adapters import Adapter
from samlauth.saml import SAMLResponse
from samlauth.values import dataclass

Press = tuple[str, str] | None


@dataclass(frozen=True)
class Option:
    """A way to sign in, or to prove it is you, that a page offers."""

    method: Method
    form: Form
    """What is posted to take it."""
    values: Fields = field(default=(), repr=False)
    """What to fill in there."""
    adapter: Adapter | None = None
    """Whose it is, where it is another adapter than the page's."""
    leads_to_more: bool = False
    """Whether it is the way to a list of ways."""


@dataclass(frozen=True)
class Posted:
    """The end: the SAML response, in the form that would post it to its consumer."""

    saml_response: SAMLResponse


@dataclass(frozen=True)
class Spoiled:
    """The form of a SAML response, with none in it or with one that is cut off."""

    empty: bool


@dataclass(frozen=True)
class HandOff:
    """A token of another protocol, in the form that would post it to its consumer."""

    protocol: str


@dataclass(frozen=True)
class RolePage:
    """AWS's own page to choose a role on, which stands behind the sign-in."""


@dataclass(frozen=True)
class Realm:
    """One claims provider of a home realm discovery."""

    key: str
    """``AD AUTHORITY`` for the company's own directory; a URI for others."""
    label: str


@dataclass(frozen=True)
class HomeRealms:
    """Asks where the person's account is at home."""

    form: Form
    realms: tuple[Realm, ...]
    email_field: str = ""
    """The field for an e-mail address by which ADFS finds the realm; empty when there is none."""
    button: Press = None
    """The button that ENTER presses; None when it sends nothing; so for the other states."""
    said: str = ""
    """ADFS's own text about what was answered before; so for the other states."""


@dataclass(frozen=True)
class UserName:
    """Asks who is signing in, and for the password on the next page."""

    form: Form
    field: str
    button: Press = None
    said: str = ""


@dataclass(frozen=True)
class Login:
    """Asks for user name and password."""

    form: Form
    username_field: str
    """Empty on a page that knows the user name already."""
    password_field: str
    button: Press = None
    said: str = ""
    keeps: bool = False
    """Whether the page can keep the person signed in."""
    others: tuple[Option, ...] = ()
    """What the page offers instead of answering it; so for the other states."""


@dataclass(frozen=True)
class PasswordChange:
    """The password has expired, or has to be changed before anything else."""

    said: str = ""


@dataclass(frozen=True)
class Code:
    """An adapter asks for a one-time code."""

    adapter: Adapter
    form: Form
    field: str
    button: Press = None
    username_field: str = ""
    """Where the user name is asked for once more; empty on nearly all pages."""
    is_next: bool = False
    """Whether it asks for the code that the token shows after the one it was given."""
    previous: tuple[str, ...] = ()
    """Fields for the one it was given, on such a page."""
    prompt: str = ""
    """What the page says to enter."""
    kind: str = ""
    """``totp``, ``sms``, ``voice`` or ``prompt``, as far as the words on the page tell."""
    said: str = ""
    others: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Approve:
    """An adapter waits for an answer elsewhere: posting the form asks whether there is one."""

    adapter: Adapter
    form: Form
    button: Press = None
    number: str = ""
    """The number to enter on the phone; empty when there is none."""
    prompt: str = ""
    kind: str = ""
    said: str = ""
    denied: bool = False
    """Whether the page says that the answer was No."""
    others: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Denied:
    """An adapter's last word, on a page with nothing to answer: the answer was No, or too late."""

    adapter: Adapter
    said: str


@dataclass(frozen=True)
class Menu:
    """Lists ways to prove it is you."""

    options: tuple[Option, ...]
    said: str = ""
    adapter: Adapter | None = None
    """Whose ways they are, where they are all of one adapter."""


@dataclass(frozen=True)
class Certificate:
    """Wants the certificate of the person's that TLS can show; ``form`` leads to where."""

    form: Form


@dataclass(frozen=True)
class BrowserOnly:
    """An adapter whose pages are scripts."""

    adapter: Adapter
    others: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Landing:
    """The page that lists the relying parties: ours was not taken."""

    available: tuple[str, ...]
    """The display names of those it lists."""


@dataclass(frozen=True)
class Unauthorized:
    """HTTP 401: ADFS wants to be shown who the person is before it shows a page."""

    schemes: tuple[str, ...]
    note: str = ""
    """Both as in :class:`samlauth.flow.Page`; so for the other state with a note."""


@dataclass(frozen=True)
class ErrorPage:
    """ADFS's own error page, or any other answer with an HTTP status of 400 or more."""

    status: int
    path: str
    """Fit to print."""
    said: str = ""
    code: str = ""
    """Microsoft's number for the error, ``MSIS7012`` and the like."""
    activity: str = ""
    """The Activity ID, by which an administrator finds the error in ADFS's own log."""
    note: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """The sign-in goes on at another host."""

    host: str
    is_adfs: bool = False
    """Whether it looks like another name of an ADFS."""
    adapter: Adapter | None = None
    """Whose host it is, where that is known."""


@dataclass(frozen=True)
class Unknown:
    """Any other page; ``seen`` says what it is, as far as that can be told, as a noun."""

    seen: str
    said: str = ""


Challenge = Code | Approve | Certificate | BrowserOnly
"""The second factor, but for the menu that leads to it."""

State = (
    Posted
    | Spoiled
    | HandOff
    | RolePage
    | HomeRealms
    | UserName
    | Login
    | PasswordChange
    | Challenge
    | Denied
    | Menu
    | Landing
    | Unauthorized
    | ErrorPage
    | Elsewhere
    | Unknown
)
