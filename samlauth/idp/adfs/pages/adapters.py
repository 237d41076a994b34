"""The adapters that prove it is the person: products by Microsoft and others, each known by the
``AuthMethod`` of its pages.

A new adapter is a row here. One that has none still works where its page has a single field for a
code, or none at all and an answer elsewhere.
"""

from __future__ import annotations

from typing import Final

from samlauth.printable import safe
from samlauth.values import dataclass


@dataclass(frozen=True)
class Adapter:
    """One product."""

    methods: tuple[str, ...]
    """Its names for itself, ``AuthMethod`` in its forms."""
    kind: str
    """Ours, as ``--mfa`` takes it."""
    name: str
    """What people call it."""
    fields: tuple[str, ...] = ()
    """The names of the fields for a code, the most telling first."""
    offers: tuple[str, ...] = ("totp",)
    """The kinds of proof it has, as ``--mfa`` takes them."""
    opens: bool = False
    """Whether its first page has nothing on it for a person and is posted by a script at once."""
    seconds: float = 90.0
    """How long a person has to answer elsewhere."""
    denied: tuple[str, ...] = ()
    """What its page says when the answer was No, in lower case."""
    expired: tuple[str, ...] = ()
    """What its page says when nobody answered, in lower case."""
    script_only: bool = False
    """Whether its pages do nothing without scripts."""
    hosts: tuple[str, ...] = ()
    """The domains it sends browsers to."""


_PHONE: Final = ("prompt", "totp", "sms", "voice")

CERTIFICATE: Final = Adapter(
    ("CertificateAuthentication",), "certificate", "Client certificate", offers=()
)

DUO: Final = Adapter(
    ("DuoAdfsAdapter",),
    "duo",
    "Duo",
    offers=_PHONE,
    script_only=True,
    hosts=("duosecurity.com", "duo.com"),
)

ADAPTERS: Final = (
    Adapter(
        ("AzureMfaAuthentication",),
        "azure",
        "Microsoft Entra MFA",
        ("VerificationCode",),
        offers=_PHONE,
        opens=True,
    ),
    # One post is answered when the person has answered, a phone call included.
    Adapter(
        ("AzureMfaServerAuthentication", "WindowsAzureMultiFactorAuthentication"),
        "azure-server",
        "Azure MFA Server",
        ("VerificationCode", "OathCode"),
        offers=_PHONE,
        seconds=180.0,
    ),
    Adapter(
        ("SecurIDAuthentication", "SecurIDv2Authentication"),
        "rsa",
        "RSA SecurID",
        ("NextCode", "Passcode", "ChallengeQuestionAnswer"),
        opens=True,
    ),
    Adapter(
        (
            "SymantecVipAdapter",
            "VIPAuthenticationProviderWindowsAccountName",
            "VIPAuthenticationProviderUPN",
        ),
        "vip",
        "Symantec VIP",
        ("SecurityCode", "security_code"),
    ),
    Adapter(("SafeNet-MFA",), "safenet", "SafeNet", ("SAFENET_PASSWORD",)),
    Adapter(
        ("SilverfortAdfs",),
        "silverfort",
        "Silverfort",
        offers=("prompt",),
        denied=("not authorized",),
        expired=("mfa request expired",),
    ),
    Adapter(("Defender AD FS Adapter",), "defender", "Defender", ("OathCode",)),
    DUO,
    Adapter(
        ("OktaMfaAdfs",),
        "okta",
        "Okta",
        offers=_PHONE,
        script_only=True,
        hosts=("okta.com", "oktapreview.com"),
    ),
    CERTIFICATE,
)

NEXT_FIELD: Final = "NextCode"
"""The field in which RSA asks for the code after the one it was given."""

FIELDS: Final = (
    *dict.fromkeys(name for adapter in ADAPTERS for name in adapter.fields),
    "OathCode",
    "otp",
    "totp",
)
"""Names that are known for codes, whichever adapter asks."""

_BY_METHOD: Final = {
    method.casefold(): adapter for adapter in ADAPTERS for method in adapter.methods
}


def by_method(method: str) -> Adapter:
    """The adapter of that ``AuthMethod``; for one not listed, what any can be expected to do."""
    known = _BY_METHOD.get(method.strip().casefold())
    return known or Adapter(
        (method,), "other", safe(method, 60) or "an adapter without a name", offers=()
    )


def by_host(host: str) -> Adapter | None:
    """The adapter that sends browsers to this host."""
    for adapter in ADAPTERS:
        if any(host == domain or host.endswith(f".{domain}") for domain in adapter.hosts):
            return adapter
    return None
