"""The ways to prove who one is that a rehearsal knows, and the pages each can be played with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from samlauth.errors import UsageError
from samlauth.sandbox.phone import MASKED, Means

Family = Literal["g1", "g2", "v3"]

Mfa = Literal[
    "totp", "sms", "voice", "prompt", "number", "dp", "backup", "ootp", "skotp", "kpp", "iap",
    "selection", "captcha", "old-captcha", "admin", "rejected", "key", "passkey", "chooser",
    "interstitial", "unknown", "federated", "none",
]  # fmt: skip
"""What a sign-in comes across: a second step, or a page on the way."""


@dataclass(frozen=True)
class Method:
    """One way to prove who one is, as a menu of them offers it."""

    kind: str
    """Google's own word for it, in the path of its pages."""
    type: int
    """``challengeType``, the same in every generation of the pages."""
    ident: int
    """``challengeId``; not unique: one telephone is one id, whether it is called or written to."""
    label: str
    means: Means | None = None
    """How a code comes, where a page can ask for that."""
    usable: bool = True


PASSWORD = Method("pwd", 1, 1, "Type the password")
TOTP = Method("totp", 6, 2, "The code of your <strong>authenticator</strong>")
SMS = Method("ipp", 9, 3, f'A message to <span dir="ltr">{MASKED}</span>', "SMS")
VOICE = Method("ipp", 9, 3, f'A call to <span dir="ltr">{MASKED}</span>', "VOICE")
PROMPT = Method("az", 4, 5, "Say yes on your telephone")
DEVICE_PROMPT = Method("dp", 39, 6, "Say <strong>yes</strong> on your telephone or tablet")
OFFLINE = Method("ootp", 5, 7, "A security code from the settings of your telephone")
BACKUP = Method("bc", 8, 8, "One of your backup codes")
KEY_CODE = Method("skotp", 37, 9, "A code made with your key on another device")
KEY = Method("sk", 2, 10, "Your security key", usable=False)
RECOVERY_PHONE = Method("kpp", 13, 11, "Confirm the number of your recovery telephone")
ANY_PHONE = Method("iap", 17, 12, "A message or a call to a number you give")
PASSKEY = Method("pk", 53, 13, "Your passkey", usable=False)

METHODS: Mapping[Mfa, Method] = {
    "totp": TOTP,
    "sms": SMS,
    "voice": VOICE,
    "prompt": PROMPT,
    "number": DEVICE_PROMPT,
    "dp": DEVICE_PROMPT,
    "backup": BACKUP,
    "admin": BACKUP,
    "ootp": OFFLINE,
    "skotp": KEY_CODE,
    "kpp": RECOVERY_PHONE,
    "iap": ANY_PHONE,
    "key": KEY,
    "passkey": PASSKEY,
}
"""The second step of those that have one of their own; of the others it is the authenticator."""

_EARLIER: tuple[Family, ...] = ("g1", "g2")
_LATER: tuple[Family, ...] = ("g2", "v3")
_EVERY: tuple[Family, ...] = ("g1", "g2", "v3")
_PAGES: Mapping[Mfa, tuple[Family, ...]] = {
    "totp": _EVERY,
    "none": _EVERY,
    "rejected": _EVERY,
    "unknown": _EVERY,
    "federated": _EVERY,
    "old-captcha": _EARLIER,
    "captcha": ("v3",),
    "passkey": ("v3",),
    "prompt": ("g2",),
    "iap": ("g2",),
}
"""The families a thing was seen in; what is not named here was seen in the later two."""


def family(mfa: Mfa, pages: Family | None) -> Family:
    """The pages to play ``mfa`` with: those asked for, else the newest that have it.

    Raises UsageError when those asked for do not have it.
    """
    possible = _PAGES.get(mfa, _LATER)
    if pages is None:
        return possible[-1]
    if pages not in possible:
        raise UsageError(
            f"--mfa {mfa} cannot be played with --pages {pages}.",
            hint=f"Those pages never had it; it is played with --pages {' or '.join(possible)}.",
        )
    return pages


def menu(family: Family, second: Method, *, keys: bool = False) -> tuple[Method, ...]:
    """What the menu of ways offers beside the password, some of it out of use here.

    ``keys`` says whether security keys are in use.
    """
    prompt = PROMPT if second is PROMPT else DEVICE_PROMPT
    key, passkey = replace(KEY, usable=keys), replace(PASSKEY, usable=keys)
    common = (key, KEY_CODE, prompt, OFFLINE, TOTP, SMS, VOICE, BACKUP, RECOVERY_PHONE)
    return (*common, passkey) if family == "v3" else (*common, ANY_PHONE)
