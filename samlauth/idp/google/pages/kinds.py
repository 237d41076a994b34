"""Google's kinds of challenges, in its own words and numbers and in ours."""

from __future__ import annotations

from typing import Final

from samlauth.challenges import Method
from samlauth.values import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of challenge."""

    words: tuple[str, ...]
    """What it is called in addresses: ``/challenge/<word>``."""
    number: str
    """Its ``challengeType``, the same through every generation; empty when not known."""
    name: str
    """Ours, as ``--mfa`` takes it."""
    label: str
    """What a person reads in a menu."""
    seen: str
    """A noun for it."""
    browser_only: bool = False


SMS: Final = Kind(("ipp",), "9", "sms", "SMS", "a text-message challenge (ipp)")
VOICE: Final = Kind(("ipp",), "9", "voice", "Voice call", "a voice-call challenge (ipp)")

KINDS: Final = (
    Kind(("pwd",), "1", "password", "Password", "a page for the password (pwd)"),
    Kind(("totp",), "6", "totp", "TOTP (Google Authenticator)", "an authenticator's code (totp)"),
    SMS,
    Kind(("az",), "4", "prompt", "Google Prompt", "a Google prompt on a phone (az)"),
    Kind(("dp",), "39", "prompt", "Google Prompt", "a Google prompt on a phone (dp)"),
    Kind(("bc",), "8", "backup", "Backup code", "a backup-code challenge (bc)"),
    Kind(
        ("ootp",),
        "5",
        "ootp",
        "Security code from your phone, even offline",
        "a challenge for a security code from a phone's settings (ootp)",
    ),
    Kind(
        ("skotp",),
        "37",
        "skotp",
        "One-time code, made with your security key on another device",
        "a challenge for a code made with a security key (skotp)",
    ),
    Kind(
        ("kpp", "kpe"),
        "13",
        "recovery-phone",
        "Confirm your recovery phone number",
        "a challenge that asks for your recovery phone number (kpp)",
    ),
    Kind(
        ("iap",),
        "17",
        "phone",
        "SMS or voice call to another phone",
        "a challenge that asks for a phone number (iap)",
    ),
    Kind(("sk", "wa"), "2", "key", "Security key", "a security-key challenge (sk)"),
    Kind(("pk",), "53", "passkey", "Passkey", "a passkey challenge (pk)", True),
    Kind(("recaptcha",), "", "recaptcha", "reCAPTCHA", "a CAPTCHA for browsers (recaptcha)", True),
    Kind(("idv",), "", "idv", "Identity check", "a challenge to prove who you are (idv)", True),
    Kind(("sq",), "", "sq", "Security question", "a security question (sq)", True),
)

_BY_WORD = {word: kind for kind in KINDS for word in kind.words}
_BY_NUMBER = {kind.number: kind for kind in KINDS if kind.number}


def by_word(word: str) -> Kind | None:
    """The kind that Google calls so."""
    return _BY_WORD.get(word)


def by_number(number: str) -> Kind | None:
    """The kind of that ``challengeType``."""
    return _BY_NUMBER.get(number)


def sent_by(way: str) -> Kind:
    """The kind of a code that is sent ``sms`` or ``voice``."""
    return VOICE if way == "voice" else SMS


def method(kind: Kind, masked: str = "", key: str = "") -> Method:
    """The kind as a person chooses it, with the masked number where the page names one."""
    return Method(kind.name, f"{kind.label} to {masked}" if masked else kind.label, key)


def is_wanted(wanted: str, offered: Method) -> bool:
    """Whether ``--mfa`` means this way: by our name for it, by Google's, or by words of its label."""
    name = wanted.strip().casefold()
    kind = by_word(name)
    if name == offered.kind or (kind is not None and kind.name == offered.kind):
        return True
    # A name is a name: "sms" must not find the other phone's label, which has the word too.
    if kind is not None or any(name == known.name for known in (*KINDS, VOICE)):
        return False
    words = name.split()
    return bool(words) and all(word in offered.label.casefold() for word in words)
