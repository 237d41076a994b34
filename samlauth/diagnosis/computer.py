"""What can be wrong with what else a sign-in needs of this computer."""

from __future__ import annotations

from collections.abc import Iterator

from samlauth import settings
from samlauth.diagnosis.facts import Facts, NoBrowser, Profile
from samlauth.diagnosis.finding import Check, Found, note, ok, problem
from samlauth.errors import FileError, SettingsError
from samlauth.printable import safe
from samlauth.setting import Layer

_NULL = "keyring.backends.null.Keyring"
_KEEP = (settings.KEYRING, settings.TOTP, settings.REMEMBER_SESSION)
"""The settings that need a keyring."""


def keyring(facts: Facts) -> Iterator[Found]:
    """A keyring that cannot be used; a problem only for whom it is to keep something."""
    needed = [
        setting.flag
        for setting in _KEEP
        if isinstance(facts.profile, Profile) and facts.profile.settings[setting]
    ]
    backend = facts.keyring.backend
    why_not = facts.keyring.unusable
    if not why_not and backend == _NULL:
        why_not = "it is set to keep nothing"
    if not why_not:
        yield ok(f"keyring {safe(backend)}" if backend else "keyring")
        return
    what = f"The keyring cannot be used: {why_not}."
    how = "Unlock or install one (on Linux, gnome-keyring or KWallet)."
    if needed:
        yield problem(what, f"{', '.join(needed)} needs one.", f"{how} Or sign in without it.")
    else:
        yield note(what, "Only --keyring, --totp and --remember-session need one.", how)


def browser(facts: Facts) -> Iterator[Found]:
    """No browser; a problem only for who signs in with one."""
    match facts.browser:
        case NoBrowser(what=what, fix=fix):
            if _is_for_browser(facts):
                yield problem(what, "The profile signs in with a browser.", fix)
            else:
                yield note(what, "Only sign-ins that pages are not enough for need one.", fix)
        case str(path):
            yield ok(f"browser {safe(path, 1000)}")


def _is_for_browser(facts: Facts) -> bool:
    if not isinstance(facts.profile, Profile):
        return False
    values = facts.profile.settings
    named = values.source(settings.BROWSER_PATH).layer is not Layer.DEFAULT
    return values[settings.IDP] == "browser" or values[settings.BROWSER] is True or named


def security_key(facts: Facts) -> Iterator[Found]:
    """A security key that could not be used; a problem only for whom it is the second factor."""
    key = facts.security_key
    wanted = isinstance(facts.profile, Profile) and facts.profile.settings[settings.MFA] == "key"
    if key.message and wanted:
        yield problem(key.message, "The profile's second factor is a security key.", key.hint)
    elif key.message and key.is_possible:
        yield note(key.message, "Only sign-ins with a security key need one.", key.hint)
    elif key.message:
        yield ok("no security keys (extra fido2)")
    elif key.keys:
        yield ok(f"security keys {key.keys}")


def plugins(facts: Facts) -> Iterator[Found]:
    """Which there are."""
    if facts.plugins:
        yield ok(f"plugins {', '.join(map(safe, facts.plugins))}")


def versions(facts: Facts) -> Iterator[Found]:
    """Which there are."""
    yield ok(", ".join(safe(f"{name} {version}") for name, version in facts.versions))


CHECKS = (
    Check("keyring", "computer", FileError.exit_code, "keyring", keyring),
    Check("browser", "computer", SettingsError.exit_code, "browser", browser),
    Check(
        "security key", "computer", SettingsError.exit_code, "no security key in use", security_key
    ),
    Check("plugins", "computer", SettingsError.exit_code, "no plugins", plugins),
    Check("versions", "computer", SettingsError.exit_code, "versions", versions),
)
