"""Which identity provider the settings mean, what it has to be told, and whose credentials it gives.

A provider's own module is loaded when it is the one: the login loads this one before it knows
whether there is anything to do.
"""

from __future__ import annotations

import json
import os
import shlex
from typing import TYPE_CHECKING, Any

from samlauth import settings
from samlauth.commands.policies import as_text
from samlauth.effects.state import Identity
from samlauth.errors import NobodyToAsk
from samlauth.printable import safe
from samlauth.setting import Layer, Setting
from samlauth.sources import Settings

if TYPE_CHECKING:
    from samlauth.effects.early import Early
    from samlauth.flow import Flow
    from samlauth.idp import IdentityProvider
    from samlauth.idp.adfs.entry import Entry
    from samlauth.reach import Origin

_ASKED: dict[str, tuple[tuple[Setting[str | None], str], ...]] = {
    "google": (
        (settings.USERNAME, "Google username"),
        (settings.IDP_ID, "Google IDP ID"),
        (settings.SP_ID, "Google SP ID"),
    ),
    # ADFS asks for the username itself, unless a Kerberos ticket says it all.
    "adfs": ((settings.ADFS_HOST, "ADFS host"),),
    "browser": ((settings.URL, "URL where the sign-in to AWS begins"),),
}
"""The settings a provider cannot do without, and what they are asked for as. A plugin asks itself."""


def complete(values: Settings) -> Flow[Settings]:
    """Ask for what is needed and not set. Raises NobodyToAsk, naming the flag."""
    from samlauth.challenges import EnterSetting
    from samlauth.flow import ask

    note = _unplaced(values)
    for setting, label in _ASKED.get(values[settings.IDP], ()):
        refused = ""
        while values[setting] is None:
            try:
                given = yield from ask(EnterSetting(setting.name, label, refused, note))
                note = ""
                values = values.answered(setting, setting.read(given))
            except NobodyToAsk:
                raise NobodyToAsk(
                    f"The {label} is not set, and there is no terminal to ask for it.",
                    hint=f"Give it with {setting.short or setting.flag} or in {setting.variable}."
                    + ("\n" + note if note else ""),
                ) from None
            except ValueError as error:
                refused = f"That is {error}."
    return values


def _unplaced(values: Settings) -> str:
    """What to know where nothing says who signs the person in; empty where something does."""
    if values.source(settings.IDP).layer is not Layer.DEFAULT or values[settings.IDP_ID]:
        return ""
    name = values[settings.PROFILE]
    return (
        f"The profile {safe(name)} does not say where to sign in, so this is for Google. "
        f"For any other: samlauth configure -p {shlex.quote(name)}"
    )


def is_complete(values: Settings) -> bool:
    """Whether nothing is left to :func:`complete`."""
    return all(values[setting] is not None for setting, _ in _ASKED.get(values[settings.IDP], ()))


def is_placed(values: Settings) -> bool:
    """Whether it is known where to sign in, if not who does."""
    return all(
        values[setting] is not None
        for setting, _ in _ASKED.get(values[settings.IDP], ())
        if setting is not settings.USERNAME
    )


def first_origin(values: Settings) -> Origin | None:
    """Whom a sign-in asks first, and asks before the person, by what needs no provider loaded.

    None when that is not so, or not known, or when a file that is used may yet turn out useless.
    """
    from samlauth.errors import SettingsError, UnsafePage
    from samlauth.reach import Origin

    if values[settings.USERNAME] is None or not is_complete(values):
        return None
    if values[settings.BROWSER] or values[settings.CLIENT_CERT] or values[settings.PASSWORD_FILE]:
        return None
    match values[settings.IDP]:
        case "google":
            return Origin("accounts.google.com")
        case "adfs" if not values[settings.KERBEROS]:
            from samlauth.idp.adfs.entry import read_entry

            try:
                return read_entry(values[settings.ADFS_HOST] or "").origin
            except (SettingsError, UnsafePage):
                return None
        case _:
            return None


def begun(values: Settings) -> Early | None:
    """The connection to the identity provider, under way while the rest of the program loads.

    Raises SettingsError for a CA bundle that is of no use.
    """
    origin = first_origin(values)
    if origin is None:
        return None
    from samlauth.effects.early import Early

    return Early(os.environ, values[settings.CA_BUNDLE], origin)


def provider_for(values: Settings) -> IdentityProvider:
    """The provider, told what the settings say; a sign-in that needs one goes on in a browser.

    Raises SettingsError for a value it can make nothing of.
    """
    from samlauth.idp.browser import Browser, HandOver

    match values[settings.IDP]:
        case "adfs":
            from samlauth.idp.adfs.entry import read_entry
            from samlauth.idp.adfs.flow import ADFS

            entry = read_entry(values[settings.ADFS_HOST] or "")
            provider: IdentityProvider = ADFS(
                entry=entry,
                relying_party=_relying_party(values, entry),
                username=values[settings.USERNAME] or "",
                mfa=values[settings.MFA],
                home_realm=values[settings.HOME_REALM],
                kmsi=values[settings.TRUST_DEVICE],
                kerberos=values[settings.KERBEROS],
            )
        case "browser":
            return Browser(values[settings.URL] or "", values[settings.USERNAME] or "")
        case "google":
            from samlauth.idp.google.flow import Google

            provider = Google(
                idp_id=values[settings.IDP_ID] or "",
                sp_id=values[settings.SP_ID] or "",
                username=values[settings.USERNAME] or "",
                bg_response=values[settings.BG_RESPONSE],
                mfa=values[settings.MFA],
                disable_u2f=values[settings.DISABLE_U2F],
                trust_device=values[settings.TRUST_DEVICE],
                can_browse=lambda: _can_browse(values),
            )
        case name:
            from samlauth.idp import ProviderSettings
            from samlauth.idp.plugins import load

            told = ProviderSettings(
                username=values[settings.USERNAME] or "",
                url=values[settings.URL] or "",
                mfa=values[settings.MFA] or "",
                options={key: text for key, (text, _) in values.own.items()},
            )
            provider = load(name, told, settings.BUILT_IN)
    return HandOver(provider, values[settings.BROWSER])


def _can_browse(values: Settings) -> bool:
    """Whether a browser may be opened, and there is one that can be."""
    if values[settings.BROWSER] is False:
        return False
    from samlauth.effects.browser.executable import can_open

    return can_open(os.environ, values[settings.BROWSER_PATH])


def identity(values: Settings, role_arn: str) -> Identity:
    """Whose credentials a login with these settings gives. Raises SettingsError as provider_for."""
    idp, username = values[settings.IDP], values[settings.USERNAME] or ""
    match idp:
        case "adfs" if values[settings.ADFS_HOST]:
            from samlauth.idp.adfs.entry import read_entry

            entry = read_entry(values[settings.ADFS_HOST] or "")
            ids = str(entry.origin), _relying_party(values, entry)
        case "adfs":
            ids = "", ""
        case "browser":
            ids = values[settings.URL] or "", ""
        case "google":
            ids = values[settings.IDP_ID] or "", values[settings.SP_ID] or ""
        case _:
            ids = _digest(values), ""
    return Identity(idp, *ids, username, role_arn, as_text(values))


def _digest(values: Settings) -> str:
    """What a plugin is told of where to sign in: another text for everything that is different."""
    from hashlib import sha256

    told = [values[settings.URL], sorted((key, text) for key, (text, _) in values.own.items())]
    return sha256(json.dumps(told).encode()).hexdigest()[:32]


def _relying_party(values: Settings, entry: Entry) -> str:
    """What is named with ``--adfs-rp``, in the link that was given, or usual in the partition."""
    from samlauth.idp.adfs.entry import RELYING_PARTIES

    usual = RELYING_PARTIES[values[settings.PARTITION]]
    return values[settings.ADFS_RP] or entry.relying_party or usual


def noted(values: Settings, answers: dict[Setting[Any], object]) -> Settings:
    """The settings with what the person answered on the way."""
    for setting, answer in answers.items():
        values = values.answered(setting, answer)
    return values
