"""What a person needs to get through a rehearsal: where the codes are, what the telephone asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import assert_never

from samlauth.sandbox.phone import NUMBER
from samlauth.sandbox.rehearsal import Rehearsal

TAPS_AFTER = 20.0
"""Seconds after which the phone answers a prompt by itself: nobody has to leave the terminal."""

_CODES_SHOWN = 6


def needed(rehearsal: Rehearsal) -> Iterator[tuple[str, ...]]:
    """What a person needs beside the password: a label, and the lines beside it."""
    return _of_google(rehearsal) if rehearsal.idp == "google" else _of_adfs(rehearsal)


def _of_google(rehearsal: Rehearsal) -> Iterator[tuple[str, ...]]:
    match rehearsal.mfa:
        case "totp" | "chooser":
            yield _authenticator(rehearsal)
        case "interstitial":
            yield _authenticator(rehearsal)
            yield "then", "a page about passkeys, which only a browser can pass."
        case "captcha" | "old-captcha":
            first, *others = rehearsal.google.pictures.upcoming(3)
            yield "captcha", f"{first}  (then {', '.join(others)}), in large letters or small"
            yield _authenticator(rehearsal)
        case "sms" | "voice":
            yield _messages(rehearsal)
            yield _otherwise(rehearsal)
        case "prompt" | "dp" | "number":
            yield _prompt(rehearsal, numbered=rehearsal.mfa == "number")
            yield _otherwise(rehearsal)
        case "backup":
            yield "codes", *rehearsal.person.backup.upcoming(3), "Each works once."
            yield _otherwise(rehearsal)
        case "admin":
            yield "codes", *rehearsal.person.backup.upcoming(3), "Each works once."
            yield (
                "then",
                "nothing more: the administrator's demand is shown, and a code still does.",
            )
        case "ootp":
            yield "codes", *rehearsal.person.offline.upcoming(3), "Each works once."
            yield _otherwise(rehearsal)
        case "skotp":
            yield "codes", *rehearsal.person.key.upcoming(3), "Each works once."
            yield _otherwise(rehearsal)
        case "kpp":
            yield "number", NUMBER
            yield _otherwise(rehearsal)
        case "iap":
            yield "number", f"{NUMBER}  (country GB)"
            yield _messages(rehearsal)
            yield _otherwise(rehearsal)
        case "key" if rehearsal.person.keys.registered:
            yield "key", "the one that was registered: touch it when you are asked to."
            yield _otherwise(rehearsal)
        case "selection" | "key" | "passkey":
            yield _authenticator(rehearsal)
            yield _messages(rehearsal)
            yield _prompt(rehearsal)
            yield "backup", *rehearsal.person.backup.upcoming(2)
            yield "offline", *rehearsal.person.offline.upcoming(2)
            yield "key code", *rehearsal.person.key.upcoming(2)
            yield "number", f"{NUMBER}  (country GB)"
        case "rejected":
            yield "then", "nothing more: Google wants a browser, and lets nobody in without one."
        case "unknown":
            yield "then", "nothing more: a page nobody has seen, which only a browser can pass."
        case "federated":
            yield "then", "nothing more: Google sends the person on to another provider."
        case "none":
            yield "then", "nothing more: this account has no second step."
        case _ as never:
            assert_never(never)


def _of_adfs(rehearsal: Rehearsal) -> Iterator[tuple[str, ...]]:
    yield "host", rehearsal.adfs_host
    match rehearsal.adfs.mfa:
        case (
            "azure-code"
            | "rsa"
            | "rsa-v2"
            | "vip"
            | "vip-renamed"
            | "vip-upn"
            | "safenet"
            | "defender"
            | "oath"
            | "generic"
        ):
            yield _authenticator(rehearsal)
        case "rsa-next":
            yield _authenticator(rehearsal)
            yield "then", "the code that follows it, as a token that ran ahead is asked for."
        case "azure-push":
            yield _prompt(rehearsal, numbered=True)
        case "azure-sms":
            yield _messages(rehearsal)
        case "azure-choice" | "choice":
            yield _prompt(rehearsal, numbered=True)
            yield _messages(rehearsal)
            yield _authenticator(rehearsal)
        case "mfa-server" | "silverfort":
            yield _prompt(rehearsal)
        case "certificate":
            yield (
                "then",
                "a client certificate and its key, both in",
                str(rehearsal.client_certificate),
            )
        case "duo":
            yield "then", "nothing more: Duo's pages are made of scripts, and need a browser."
        case "hrd":
            yield "realm", "AD AUTHORITY is the company's own."
        case "expired":
            yield "then", "nothing more: the password is too old."
        case "disabled":
            yield "then", "nothing at all: the page this sign-in begins at is switched off."
        case "unknown-rp":
            yield "then", "nothing at all: this ADFS has not heard of AWS."
        case "refused-rp":
            yield "then", "nothing more: this person may not use AWS."
        case "wsfed":
            yield "then", "nothing more: a token of another protocol than AWS's."
        case "kerberos":
            yield "then", "nothing at all: only a Kerberos ticket helps, and nobody issues any."
        case "landing":
            yield "then", "nothing at all: the page of all services, without AWS."
        case "truncated":
            yield "then", "nothing at all: the page breaks off."
        case "empty":
            yield "then", "nothing more: the SAML response is empty."
        case "astray":
            yield "then", "nothing at all: the page wants the password sent somewhere else."
        case "none" | "paginated" | "paginated-two" | "adfs2":
            yield "then", "nothing more: this account has no second factor."
        case _ as never:
            assert_never(never)


def _authenticator(rehearsal: Rehearsal) -> tuple[str, ...]:
    codes = rehearsal.authenticator.upcoming(_CODES_SHOWN)
    return (
        "code",
        *(f"{code}  until {_time(ends)}" for ends, code in codes),
        "Codes change every 30 seconds, and each works once.",
        "The current one, in another terminal:",
        str(rehearsal.show_code),
    )


def _otherwise(rehearsal: Rehearsal) -> tuple[str, ...]:
    (_, code), *_ = rehearsal.authenticator.upcoming(1)
    (backup,) = rehearsal.person.backup.upcoming(1)
    return (
        "otherwise",
        f"authenticator {code}, later ones: {rehearsal.show_code}",
        f"backup code {backup}",
    )


def _messages(rehearsal: Rehearsal) -> tuple[str, ...]:
    first, *others = rehearsal.phone.upcoming(3)
    return (
        "message",
        f"G-{first}  once it was sent  (then {', '.join(others)})",
        "What the phone received, in another terminal:",
        str(rehearsal.use_phone),
    )


def _prompt(rehearsal: Rehearsal, *, numbered: bool = False) -> tuple[str, ...]:
    return (
        "phone",
        f"says yes by itself after {TAPS_AFTER:.0f} seconds. In another terminal:",
        f"{rehearsal.use_phone} tap{' NUMBER' if numbered else ''}",
        f"{rehearsal.use_phone} deny",
    )


def _time(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
