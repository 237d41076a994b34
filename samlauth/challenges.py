"""What a person may be asked during a login: a closed union of frozen values.

A challenge says what to ask and what is known about it; how it is asked (a prompt, a keyring, a
line of standard input) is the answerer's business. ``Challenge[A]`` is answered by an ``A``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Generic, Literal, TypeVar

from samlauth.saml import Role
from samlauth.values import dataclass

A = TypeVar("A")


Way = Literal["another", "resend"]
"""What a page offers besides an answer: to prove it is you otherwise, to send the code again."""


@dataclass(frozen=True)
class AnotherWay:
    """The person wants to prove who they are in another way."""


@dataclass(frozen=True)
class Resend:
    """The person wants the code or the prompt sent again."""


class Challenge(Generic[A]):
    """The base of the union: ``A`` is the type of the answer.

    A challenge with ``ways`` may be answered by AnotherWay or Resend instead, where it has them.
    """


@dataclass(frozen=True)
class EnterSetting(Challenge[str]):
    """A setting the login cannot do without, such as the identity provider's id."""

    name: str
    """The setting's name in :mod:`samlauth.settings`."""
    label: str
    """What the prompt says, without its colon."""
    refused: str = ""
    """Why the last one given cannot be meant."""
    note: str = ""
    """What to know before answering."""


@dataclass(frozen=True)
class EnterUsername(Challenge[str]):
    """The account to sign in with."""

    label: str
    refused: str = ""
    """The provider's own text when it did not know the last one given."""


@dataclass(frozen=True)
class EnterPassword(Challenge[str]):
    """The password of ``username``, to be sent once, to ``origin``."""

    label: str
    username: str
    origin: str
    refused: str = ""
    """Why the last one given was refused: the provider's own text where it gave any."""
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class EnterCode(Challenge[str]):
    """A one-time code."""

    label: str
    refused: str = ""
    """Why the last one given was refused: the provider's own text where it gave any."""
    note: str = ""
    """A line to show first: where the code comes from, the masked number it was sent to."""
    ways: tuple[Way, ...] = ()
    kind: str = ""
    """``totp`` where it is known to go by an authenticator's clock; empty where it is not."""
    device: str = ""
    """The serial number of the MFA device in AWS that is meant; empty for the identity provider's."""


@dataclass(frozen=True)
class Phone:
    """A phone number as a person gives it."""

    number: str
    country: str = ""
    """ISO 3166 two-letter code, when the page asks for it; empty for the page's own choice."""


@dataclass(frozen=True)
class EnterPhone(Challenge[Phone]):
    """A phone number of the person's."""

    label: str
    countries: tuple[str, ...] = ()
    """The codes the page offers; empty when it does not ask for a country."""
    refused: str = ""
    note: str = ""
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Method:
    """One way to prove who one is, as a page offers it."""

    kind: str
    """Our name for it, as ``--mfa`` takes it: totp, sms, voice, prompt, backup, …"""
    label: str
    """What a person reads, fit to print: our words, with the page's own masked number."""
    key: str = field(default="", repr=False)
    """What the provider knows it by; of no meaning to anybody else."""


@dataclass(frozen=True)
class ChooseMethod(Challenge[Method]):
    """Which of several ways to use."""

    methods: tuple[Method, ...]


@dataclass(frozen=True)
class SolveCaptcha(Challenge[str]):
    """The text in an image."""

    image: bytes = field(repr=False)
    """As served; its type is checked by its first bytes before anything shows it."""
    url: str
    """Where it came from, for a person to open."""
    refused: str = ""


UserVerification = Literal["required", "preferred", "discouraged"]
"""Whether a security key has to know its owner, by a PIN or a finger (WebAuthn §5.8.6)."""


@dataclass(frozen=True)
class AssertionRequest:
    """What a page asks of a security key: PublicKeyCredentialRequestOptions (WebAuthn §5.5).

    With an ``rp_id`` it is WebAuthn's, and ``app_id`` the extension for keys that were registered by
    U2F (§10.1.1). With an ``app_id`` alone it is a sign request of U2F itself (FIDO U2F JavaScript
    API §5.3). One of the two is there.
    """

    challenge: bytes = field(repr=False)
    allow_credentials: tuple[bytes, ...]
    """The ids of the credentials, which U2F calls key handles; never none."""
    rp_id: str = ""
    app_id: str = ""
    user_verification: UserVerification = "discouraged"
    seconds: float = 60.0
    """How long a person has to touch the key."""


@dataclass(frozen=True)
class AuthenticatorAssertion:
    """What a security key answered (WebAuthn §5.2.2). It is good once, and here alone."""

    credential_id: bytes
    client_data_json: bytes = field(repr=False)
    """What was signed for: the challenge and the origin, as the request's standard has them."""
    authenticator_data: bytes = field(repr=False)
    """The hash of the RP's or the app's id, flags, counter (§6.1)."""
    signature: bytes = field(repr=False)
    """ECDSA in DER over ``authenticator_data`` and the SHA-256 of ``client_data_json``, which is
    what U2F signs, too (FIDO U2F Raw Message Formats §5.4)."""
    by_app_id: bool = False
    """Whether the credential was found by the ``app_id`` and not by the ``rp_id``."""
    user_handle: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class NoAssertion:
    """Why there is none."""

    reason: Literal[
        "not installed", "no access", "no key", "wrong key", "removed", "denied", "blocked",
        "timed out",
    ]  # fmt: skip
    message: str
    """What happened, a sentence for the person."""
    hint: str = ""


@dataclass(frozen=True)
class TouchKey(Challenge[AuthenticatorAssertion | NoAssertion]):
    """A security key that has to be touched."""

    request: AssertionRequest
    origin: str
    """Who asks, as a browser's address bar would show it: never what the page says of itself."""
    refused: str = ""
    """Why the last answer was refused: the provider's own text where it gave any."""
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class EnterPin(Challenge[str]):
    """The PIN of a security key, which stays on this computer."""

    label: str
    refused: str = ""
    """Why the last one given was refused, and how many tries are left."""
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Confirm(Challenge[bool]):
    """A yes or no."""

    question: str
    """Without what may be answered, which the prompt adds."""
    note: str = ""
    """A line to show first: why it is asked."""
    setting: str = ""
    """The setting in :mod:`samlauth.settings` that spares the question; a yes is kept there."""
    default: bool = True
    """What ENTER means."""


@dataclass(frozen=True)
class EnterAssertion(Challenge[str]):
    """A SAML response that the person has from elsewhere, in whatever form it was copied."""

    note: str = ""
    """How to get at it: a few lines to show first."""
    refused: str = ""
    """Why the last one given is of no use."""


@dataclass(frozen=True)
class ChooseRoles(Challenge[tuple[Role, ...]]):
    """Which of the roles in the assertion to assume."""

    roles: tuple[Role, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Account id to the account's name, where it is known."""
    recent: tuple[str, ...] = ()
    """ARNs of roles chosen before: the last one first, then those chosen lately and often."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Account id to what the person has noted about it."""


AnyChallenge = (
    EnterSetting
    | EnterUsername
    | EnterPassword
    | EnterCode
    | EnterPhone
    | ChooseMethod
    | SolveCaptcha
    | TouchKey
    | EnterPin
    | Confirm
    | EnterAssertion
    | ChooseRoles
)
