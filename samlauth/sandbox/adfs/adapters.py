"""What a sign-in at ADFS can come across, and the adapters that ask for a second factor.

An adapter is a plug-in of ADFS. Its page is framed by ADFS, and all that ADFS itself prescribes is
two hidden fields: ``AuthMethod``, its name, and ``Context``, which comes back as it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeGuard, get_args

Mfa = Literal[
    "none", "azure-push", "azure-code", "azure-sms", "azure-choice", "mfa-server", "rsa", "rsa-v2",
    "rsa-next", "vip", "vip-renamed", "vip-upn", "safenet", "silverfort", "defender", "oath",
    "generic", "choice", "certificate", "duo", "hrd", "paginated", "paginated-two", "adfs2",
    "expired", "disabled", "unknown-rp", "refused-rp", "wsfed", "kerberos", "landing", "truncated",
    "empty", "astray",
]  # fmt: skip
"""What a sign-in comes across: a second factor, or a page on the way."""

Proof = Literal["authenticator", "message", "next", "number", "tap", "menu", "certificate"]
"""What an adapter goes by: a code of the authenticator, one in a message, two codes in a row, a
number to match on the telephone, a tap on it while the answer is held back, a list of such ways,
or a client certificate."""


@dataclass(frozen=True)
class Adapter:
    """One adapter."""

    auth_method: str
    """Its name, the value of ``AuthMethod``."""
    says: str
    """What its page tells the person."""
    proof: Proof = "authenticator"
    field: str = ""
    """The name of the field for the code; empty for none."""
    kind: str = "text"
    """The type of that field."""
    button: tuple[str, str] | None = None
    """Name and value of the button."""
    opens: bool = False
    """Whether a page comes first that has nothing to fill in and that a script posts."""
    bare: bool = False
    """Whether its hidden fields have no ids."""


def _azure(proof: Proof, says: str) -> Adapter:
    return Adapter(
        "AzureMfaAuthentication",
        says,
        proof,
        field="VerificationCode" if proof in {"authenticator", "message"} else "",
        button=("SignIn", "Sign in") if proof in {"authenticator", "message"} else None,
        opens=True,
    )


AZURE_PUSH = _azure("number", "Open the app on your telephone and type the number you see here.")
AZURE_CODE = _azure("authenticator", "Type the code that the app on your telephone shows.")
AZURE_SMS = _azure("message", "Type the code from the message we sent to your telephone.")
AZURE_CHOICE = _azure("menu", "How do you want to prove that it is you?")
MFA_SERVER = Adapter(
    "AzureMfaServerAuthentication", "We are asking on your telephone whether it is you.", "tap"
)
RSA = Adapter(
    "SecurIDAuthentication",
    "Type the passcode of your token.",
    field="Passcode",
    kind="password",
    button=("Submit", "Submit"),
)
RSA_V2 = replace(RSA, auth_method="SecurIDv2Authentication", opens=True)
VIP = Adapter(
    "SymantecVipAdapter", "Type the security code of your VIP token.", field="SecurityCode"
)
SAFENET = Adapter(
    "SafeNet-MFA", "Type the passcode of MobilePASS.", field="SAFENET_PASSWORD",
    kind="password", bare=True,
)  # fmt: skip
DEFENDER = Adapter(
    "Defender AD FS Adapter", "Type your Defender token.", field="OathCode", kind="password"
)
GENERIC = Adapter(
    "RehearsalOneTimePad", "Look at page seven of your pad.", field="padNumber", kind="tel",
    button=("go", "Go on"),
)  # fmt: skip

ADAPTERS: Mapping[Mfa, Adapter] = {
    "azure-push": AZURE_PUSH,
    "azure-code": AZURE_CODE,
    "azure-sms": AZURE_SMS,
    "azure-choice": AZURE_CHOICE,
    "mfa-server": MFA_SERVER,
    "rsa": RSA,
    "rsa-v2": RSA_V2,
    "rsa-next": replace(RSA, proof="next"),
    "vip": VIP,
    "vip-renamed": replace(VIP, field=f"f{secrets.token_hex(6)}"),
    "vip-upn": replace(
        VIP, auth_method="VIPAuthenticationProviderUPN", field="security_code", kind="password"
    ),
    "safenet": SAFENET,
    "silverfort": Adapter("SilverfortAdfs", "Confirm it in the Silverfort app.", "tap"),
    "defender": DEFENDER,
    "oath": replace(DEFENDER, auth_method="RehearsalOath", field="OathCode", kind="text"),
    "generic": GENERIC,
    "certificate": Adapter("CertificateAuthentication", "Choose your certificate.", "certificate"),
}
"""The second factor of those that have one."""

MENU: Mapping[str, tuple[Adapter, str]] = {
    "verificationOption0": (AZURE_PUSH, "Say yes in the app"),
    "verificationOption1": (AZURE_SMS, "A message to ••• 123"),
    "verificationOption2": (AZURE_CODE, "A code from the app"),
}
"""The ways that Azure's adapter lists, by the event that each raises."""

CHOICE: Mapping[str, tuple[Adapter, str]] = {
    adapter.auth_method: (adapter, label)
    for adapter, label in (
        (AZURE_PUSH, "Azure Multi-Factor Authentication"),
        (RSA, "RSA SecurID"),
        (GENERIC, "One-time pad"),
    )
}
"""The adapters that ADFS lets a person choose from, by name."""

CODE_FIELDS = frozenset(
    {"NextCode"} | {adapter.field for adapter in ADAPTERS.values() if adapter.field}
)
"""The fields a code can come in."""


def is_mfa(word: str | None) -> TypeGuard[Mfa]:
    """Whether ADFS can be made to play that."""
    return word in get_args(Mfa)
