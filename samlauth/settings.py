"""The one table of settings: each value's names, where it may come from, and which source wins.

A setting ``x_y`` is the flag ``--x-y``, the variable ``SAMLAUTH_X_Y`` and the key
``samlauth.x_y`` of the profile in the AWS config file; beside them stand the names that
aws-google-auth and gsts use, so that their users need to change nothing. The sources, best first:

    flag > SAMLAUTH_* > other tools' variables > samlauth.* of the profile
         > other tools' keys of the profile > default

Empty, ``None`` and ``"None"`` are unset in all of them (aws-google-auth writes ``None``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Generic, NamedTuple, TypeVar, cast

from samlauth import durations
from samlauth.errors import SettingsError, UsageError

T = TypeVar("T")

UNSET = frozenset({"", "None"})
"""Texts that stand for no value, in quotes or not."""


class Layer(IntEnum):
    """The sources, best first."""

    FLAG = 0
    ANSWER = 1
    SAMLAUTH = 2
    PEER_ENVIRONMENT = 3
    PROFILE = 4
    PEER_PROFILE = 5
    DEFAULT = 6


class Source(NamedTuple):
    """Where a value came from."""

    layer: Layer
    where: str
    """The flag, the variable, or the profile's key; for a person to read."""


class Alias(NamedTuple):
    """Another tool's name for a setting."""

    name: str
    convert: Callable[[str], str] = str
    """Its value in our spelling; an empty string leaves the setting unset."""
    unless: str = ""
    """A variable whose presence makes this one mean something else."""


class Setting(Generic[T]):
    """One row of the table."""

    def __init__(
        self,
        name: str,
        read: Callable[[str], T],
        default: T,
        help: str,
        *,
        short: str = "",
        metavar: str = "",
        environment: tuple[Alias, ...] = (),
        keys: tuple[Alias, ...] = (),
        stored: bool = True,
    ) -> None:
        self.name = name
        self.read = read
        self.default = default
        self.help = help
        self.short = short
        self.metavar = metavar
        self.environment = environment
        self.keys = keys
        self.stored = stored
        """Whether a value given by a flag or an answer is written to the profile."""

    @property
    def flag(self) -> str:
        """``--x-y``."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """``SAMLAUTH_X_Y``."""
        return "SAMLAUTH_" + self.name.upper()

    @property
    def key(self) -> str:
        """The key of the profile: ``samlauth.x_y``, and plain ``region`` for the region."""
        return self.name if self.name == "region" else "samlauth." + self.name

    @property
    def is_switch(self) -> bool:
        """Whether the flag takes no value and has a ``--no-`` twin."""
        return cast("Any", self.read) is switch

    def write(self, value: T) -> str:
        """The value as text that :attr:`read` reads back."""
        return str(value).lower() if isinstance(value, bool) else str(value)


def text(value: str) -> str | None:
    """Any text."""
    return value


def switch(value: str) -> bool:
    """true/yes/1/on or false/no/0/off, in any case."""
    match value.lower():
        case "true" | "yes" | "1" | "on":
            return True
        case "false" | "no" | "0" | "off":
            return False
    raise ValueError("neither true nor false")


def duration(value: str) -> int | None:
    """Seconds, as :func:`samlauth.durations.read`; None from ``auto``."""
    return None if value.lower() == "auto" else durations.read(value)


def identifier(value: str) -> str | None:
    """An id of letters and digits; a stray comma or blank in one costs an hour of searching."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        raise ValueError("not an id: it has characters other than letters and digits")
    return value


def account(value: str) -> str | None:
    """An account id, which people write with dashes, too; or an account's name, as it is."""
    digits = value.replace("-", "")
    return digits if re.fullmatch(r"\d{12}", digits, re.ASCII) else value


def _auto(value: str) -> str:
    return "auto" if switch(value) else ""


PROFILE: Setting[str] = Setting(
    "profile",
    str,
    "sts",
    "AWS profile to write the credentials to",
    short="-p",
    metavar="NAME",
    environment=(Alias("AWS_PROFILE"),),
    stored=False,
)
USERNAME = Setting(
    "username",
    text,
    None,
    "account to sign in with, usually an e-mail address",
    short="-u",
    metavar="USER",
    environment=(Alias("GOOGLE_USERNAME"),),
    keys=(Alias("google_config.google_username"),),
)
IDP_ID = Setting(
    "idp_id",
    identifier,
    None,
    "Google's id of your organisation (C0…)",
    short="-I",
    metavar="ID",
    environment=(Alias("GOOGLE_IDP_ID"),),
    keys=(Alias("google_config.google_idp_id"), Alias("gsts.idp_id")),
)
SP_ID = Setting(
    "sp_id",
    identifier,
    None,
    "Google's id of the AWS app (a number of about 12 digits)",
    short="-S",
    metavar="ID",
    environment=(Alias("GOOGLE_SP_ID"),),
    keys=(Alias("google_config.google_sp_id"), Alias("gsts.sp_id")),
)
REGION = Setting(
    "region",
    text,
    None,
    "AWS region whose STS to call; written to the profile when given",
    short="-R",
    metavar="REGION",
    environment=(Alias("AWS_REGION"), Alias("AWS_DEFAULT_REGION")),
)
DURATION = Setting(
    "duration",
    duration,
    None,
    "how long the credentials live: seconds, 1h30m, or auto for the longest the role allows (default)",
    short="-d",
    metavar="TIME",
    environment=(Alias("AUTO_DURATION", _auto), Alias("DURATION")),
    keys=(Alias("google_config.duration"),),
)
ROLE_ARN = Setting(
    "role_arn",
    text,
    None,
    "role to assume: its ARN, or its name when only one has it",
    short="-r",
    metavar="ROLE",
    environment=(Alias("AWS_ROLE_ARN", unless="AWS_WEB_IDENTITY_TOKEN_FILE"),),
    keys=(Alias("google_config.role_arn"), Alias("gsts.role_arn")),
)
ASK_ROLE = Setting(
    "ask_role",
    switch,
    False,
    "choose the role again instead of taking the one used last",
    short="-a",
    environment=(Alias("AWS_ASK_ROLE"),),
    keys=(Alias("google_config.ask_role"),),
    stored=False,
)
ACCOUNT = Setting(
    "account",
    account,
    None,
    "offer only the roles of this account, by its id or name",
    short="-A",
    metavar="ACCOUNT",
    environment=(Alias("AWS_ACCOUNT"),),
    keys=(Alias("account"),),
)
KEYRING = Setting(
    "keyring",
    switch,
    False,
    "take the password from the system's keyring, and keep it there",
    short="-k",
    keys=(Alias("google_config.keyring"),),
)
STDIN = Setting(
    "stdin",
    switch,
    False,
    "read the password from the first line of standard input, terminal or not",
    stored=False,
)
MFA = Setting(
    "mfa",
    text,
    None,
    "second factor to use: totp, sms, voice, prompt, backup, or words of its name",
    metavar="METHOD",
)
TRUST_DEVICE = Setting(
    "trust_device",
    switch,
    False,
    "let the identity provider remember this device",
)
RESOLVE_ALIASES = Setting(
    "resolve_aliases",
    switch,
    True,
    "show the accounts' names beside their ids while you choose (default)",
    environment=(Alias("RESOLVE_AWS_ALIASES"),),
)
BG_RESPONSE = Setting(
    "bg_response",
    text,
    None,
    "value of Google's bgresponse field, when js_enabled is not taken",
    metavar="TEXT",
    environment=(Alias("GOOGLE_BG_RESPONSE"),),
    keys=(Alias("google_config.bg_response"),),
)
DISABLE_U2F = Setting(
    "disable_u2f",
    switch,
    False,
    "do not use security keys",
    short="-D",
    environment=(Alias("U2F_DISABLED"),),
    keys=(Alias("google_config.u2f_disabled"),),
)
CA_BUNDLE = Setting(
    "ca_bundle",
    text,
    None,
    "file of CA certificates to trust beside the system's",
    metavar="FILE",
)

TABLE: tuple[Setting[Any], ...] = (
    USERNAME,
    IDP_ID,
    SP_ID,
    PROFILE,
    ROLE_ARN,
    ASK_ROLE,
    ACCOUNT,
    DURATION,
    REGION,
    RESOLVE_ALIASES,
    MFA,
    TRUST_DEVICE,
    KEYRING,
    STDIN,
    BG_RESPONSE,
    DISABLE_U2F,
    CA_BUNDLE,
)


class Settings:
    """The values in force, each with its source: ``settings[REGION]``, ``settings.source(REGION)``."""

    def __init__(
        self,
        values: Mapping[str, tuple[object, Source]],
        warnings: tuple[str, ...] = (),
    ) -> None:
        self._values = dict(values)
        self.warnings = warnings
        """Other tools' values that made no sense and were passed over, a sentence each."""

    def __getitem__(self, setting: Setting[T]) -> T:
        return cast("T", self._values[setting.name][0])

    def source(self, setting: Setting[Any]) -> Source:
        """Where the value came from."""
        return self._values[setting.name][1]

    def answered(self, setting: Setting[T], value: T) -> Settings:
        """These settings with one more, given by the person when asked."""
        values = dict(self._values)
        values[setting.name] = (value, Source(Layer.ANSWER, "your answer"))
        return Settings(values, self.warnings)

    def to_store(self) -> Iterator[tuple[str, str]]:
        """The profile's keys and values that this run may write: what a flag or an answer gave."""
        for setting in TABLE:
            value, source = self._values[setting.name]
            if setting.stored and source.layer <= Layer.ANSWER:
                yield setting.key, "auto" if value is None else setting.write(value)

    @property
    def duration_promised(self) -> bool:
        """Whether the duration is the person's own word and not merely where ``auto`` starts."""
        own = {Layer.FLAG, Layer.ANSWER, Layer.SAMLAUTH, Layer.PROFILE}
        return self[DURATION] is not None and self.source(DURATION).layer in own

    @property
    def role(self) -> str | None:
        """The role asked for; None when it is to be chosen or is merely remembered."""
        if self._chosen_again or self.source(ROLE_ARN).layer >= Layer.PROFILE:
            return None
        return self[ROLE_ARN]

    @property
    def remembered_role(self) -> str | None:
        """The role of the profile's last login, unless it is to be chosen again."""
        if self._chosen_again or self.source(ROLE_ARN).layer < Layer.PROFILE:
            return None
        return self[ROLE_ARN]

    @property
    def _chosen_again(self) -> bool:
        asked = self[ASK_ROLE] and self.source(ASK_ROLE).layer <= self.source(ROLE_ARN).layer
        return asked or self[ROLE_ARN] is None


def profile_of(flags: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, Source]:
    """The profile's name and where it came from, before its section can be read."""
    value, source = _resolve(PROFILE, flags, environ, {}, "", [])
    return value, source


def resolve(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    section: Mapping[str, str],
    section_name: str = "",
) -> Settings:
    """Every setting from these sources.

    ``flags`` maps setting names to the text given; ``section`` is the profile's part of the AWS
    config file (keys in lower case) and ``section_name`` what to call it. Raises UsageError for a
    flag that makes no sense and SettingsError for a value of ours; another tool's is passed over
    with a warning.
    """
    warnings: list[str] = []
    values = {
        setting.name: _resolve(setting, flags, environ, section, section_name, warnings)
        for setting in TABLE
    }
    return Settings(values, tuple(warnings))


class _Candidate(NamedTuple):
    layer: Layer
    raw: str | None
    where: str
    convert: Callable[[str], str] = str


def _resolve(
    setting: Setting[T],
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    section: Mapping[str, str],
    section_name: str,
    warnings: list[str],
) -> tuple[T, Source]:
    for candidate in _candidates(setting, flags, environ, section, section_name):
        if candidate.raw is None or candidate.raw.strip().strip("\"'") in UNSET:
            continue
        source = Source(candidate.layer, candidate.where)
        try:
            raw = candidate.convert(candidate.raw)
            if not raw:
                continue
            return setting.read(raw), source
        except ValueError as error:
            complaint = f"{candidate.where} is {candidate.raw!r}, which is {error}"
            match candidate.layer:
                case Layer.FLAG:
                    raise UsageError(f"{complaint}.") from None
                case Layer.PEER_ENVIRONMENT | Layer.PEER_PROFILE:
                    warnings.append(f"{complaint}; passing over it.")
                case _:
                    raise SettingsError(
                        f"{complaint}.", hint="Change it, or remove it to get the default."
                    ) from None
    return setting.default, Source(Layer.DEFAULT, "default")


def _candidates(
    setting: Setting[Any],
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    section: Mapping[str, str],
    section_name: str,
) -> Iterator[_Candidate]:
    yield _Candidate(Layer.FLAG, flags.get(setting.name), setting.flag)
    yield _Candidate(Layer.SAMLAUTH, environ.get(setting.variable), setting.variable)
    for alias in setting.environment:
        if not (alias.unless and environ.get(alias.unless)):
            yield _Candidate(
                Layer.PEER_ENVIRONMENT, environ.get(alias.name), alias.name, alias.convert
            )
    place = f" in {section_name}" if section_name else ""
    yield _Candidate(Layer.PROFILE, section.get(setting.key), setting.key + place)
    for alias in setting.keys:
        yield _Candidate(
            Layer.PEER_PROFILE, section.get(alias.name), alias.name + place, alias.convert
        )
