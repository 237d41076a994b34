"""The one table of settings: each value's names, where it may come from, and which source wins.

A setting ``x_y`` is the flag ``--x-y``, the variable ``SAMLAUTH_X_Y`` and the key
``samlauth.x_y`` of the profile in the AWS config file; beside them stand the names that
aws-google-auth, gsts, aws-adfs and saml2aws use, so that their users need to change nothing.
Google's count only for Google, aws-adfs's only for ADFS. The sources, best first:

    flag > SAMLAUTH_* > other tools' variables > samlauth.* of the profile
         > other tools' keys of the profile > its base profile, the same two, and that one's base
         > the shared file > the saml2aws account > default

The saml2aws account counts only where nothing else tells the identity provider. Empty, ``None`` and
``"None"`` are unset in all of them (aws-google-auth writes ``None``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from samlauth import durations, peers
from samlauth.errors import SettingsError, UsageError

T = TypeVar("T")

UNSET = frozenset({"", "None"})
"""Texts that stand for no value, in quotes or not."""


BUILT_IN: Final = ("google", "adfs", "browser")
"""The identity providers that are part of samlauth; every other name is a plugin's."""

_NO_SETTINGS: Final = frozenset({"SAMLAUTH_CONFIG"})
"""Variables of ours beside those of the table."""


class Layer(IntEnum):
    """The sources, best first."""

    FLAG = 0
    ANSWER = 1
    SAMLAUTH = 2
    PEER_ENVIRONMENT = 3
    PROFILE = 4
    PEER_PROFILE = 5
    BASE = 6
    PEER_BASE = 7
    SHARED = 8
    SAML2AWS = 9
    DEFAULT = 10


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
    idp: str = ""
    """The one identity provider it counts for; empty for all."""


class Part(NamedTuple):
    """A section of a file that settings may be in."""

    layer: Layer
    """PROFILE, BASE, SHARED or SAML2AWS."""
    keys: Mapping[str, str]
    """In lower case."""
    name: str = ""
    """What to call it: ``[profile x] of /home/ada/.aws/config``."""


BASE: Final = "samlauth.base"
"""The key that names the profile whose settings count where this one has none."""


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
        group: str = "",
        environment: tuple[Alias, ...] = (),
        keys: tuple[Alias, ...] = (),
        account: tuple[Alias, ...] = (),
        stored: bool = True,
        runs: bool = False,
    ) -> None:
        self.name = name
        self.read = read
        self.default = default
        self.help = help
        self.short = short
        self.metavar = metavar
        self.group = group
        """The heading it stands under in ``--help``; empty for none."""
        self.environment = environment
        self.keys = keys
        """In the profile."""
        self.account = account
        """In an account of saml2aws."""
        self.stored = stored
        """Whether a value given by a flag or an answer is written to the profile."""
        self.runs = runs
        """Whether the value names a program that is run."""

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
        if isinstance(value, tuple):
            return ",".join(value)
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


def one_of(*words: str) -> Callable[[str], str]:
    """Reads one of these words, in any case."""

    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"not one of {', '.join(words)}")
        return value.lower()

    return read


def provider_name(value: str) -> str:
    """The name of an identity provider, one of ours or of an installed plugin, in lower case."""
    name = value.lower()
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ValueError(
            "not the name of an identity provider: google, adfs, browser or a plugin's"
        )
    return name


def policy_arns(value: str) -> tuple[str, ...]:
    """ARNs of managed policies, with commas or blanks between."""
    arns = tuple(re.findall(r"[^\s,]+", value))
    for arn in arns:
        if not re.fullmatch(r"arn:aws[a-z0-9-]*:iam::(?:aws|\d{12}):policy/\S+", arn):
            raise ValueError("not the ARN of a managed policy (arn:aws:iam::aws:policy/…)")
    return arns


def account(value: str) -> str | None:
    """An account id, which people write with dashes, too; or an account's name, as it is."""
    digits = value.replace("-", "")
    return digits if re.fullmatch(r"\d{12}", digits, re.ASCII) else value


def template(value: str) -> str:
    """The name of a profile, with ``{alias}``, ``{account}`` and ``{role}`` in it."""
    if re.search(r"[{}]", re.sub(r"\{(?:alias|account|role)\}", "", value)):
        raise ValueError("not a name whose fields are {alias}, {account} and {role}")
    return value


def _auto(value: str) -> str:
    return "auto" if switch(value) else ""


def _google(name: str, convert: Callable[[str], str] = str) -> Alias:
    return Alias(name, convert, idp="google")


def _adfs(name: str) -> Alias:
    return Alias(name, idp="adfs")


def _gsts(option: str) -> Alias:
    return _google(f"{peers.PROCESS} {option}")


def _aws_adfs(option: str) -> Alias:
    return _adfs(f"{peers.PROCESS} {option}")


GOOGLE, ADFS, BROWSERS = "Google", "ADFS", "your own browser"
SEVERAL = "several profiles"
"""Headings."""

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
IDP: Setting[str] = Setting(
    "idp",
    provider_name,
    "google",
    "identity provider: google, adfs, an installed plugin's name, or browser for any other; "
    "by default told by -I and -S, --adfs-host, or --url",
    metavar="NAME",
    account=(Alias("provider", peers.saml2aws_provider),),
)
USERNAME = Setting(
    "username",
    text,
    None,
    "account to sign in with, usually an e-mail address",
    short="-u",
    metavar="USER",
    environment=(_google("GOOGLE_USERNAME"),),
    keys=(
        _google("google_config.google_username"),
        _gsts("--username"),
        _adfs("adfs_config.adfs_user"),
    ),
    account=(Alias("username"),),
)
IDP_ID = Setting(
    "idp_id",
    identifier,
    None,
    "Google's id of your organisation (C0…)",
    short="-I",
    metavar="ID",
    group=GOOGLE,
    environment=(_google("GOOGLE_IDP_ID"),),
    keys=(_google("google_config.google_idp_id"), _google("gsts.idp_id"), _gsts("--idp-id")),
    account=(_google("url", peers.in_query("idpid")),),
)
SP_ID = Setting(
    "sp_id",
    identifier,
    None,
    "Google's id of the AWS app (a number of about 12 digits)",
    short="-S",
    metavar="ID",
    group=GOOGLE,
    environment=(_google("GOOGLE_SP_ID"),),
    keys=(_google("google_config.google_sp_id"), _google("gsts.sp_id"), _gsts("--sp-id")),
    account=(_google("url", peers.in_query("spid")),),
)
ADFS_HOST = Setting(
    "adfs_host",
    text,
    None,
    "host of your company's ADFS, or the address of its sign-in page",
    metavar="HOST",
    group=ADFS,
    keys=(_adfs("adfs_config.adfs_host"), _aws_adfs("--adfs-host")),
    account=(_adfs("url"),),
)
ADFS_RP = Setting(
    "adfs_rp",
    text,
    None,
    "ADFS's name for AWS, its relying party (default: urn:amazon:webservices, by --partition)",
    metavar="NAME",
    group=ADFS,
    keys=(_adfs("adfs_config.provider_id"), _aws_adfs("--provider-id")),
    account=(_adfs("aws_urn"),),
)
PARTITION: Setting[str] = Setting(
    "partition",
    one_of("aws", "aws-us-gov", "aws-cn"),
    "aws",
    "aws (default), aws-us-gov or aws-cn: which AWS the ADFS sign-in is for",
    metavar="NAME",
    group=ADFS,
)
HOME_REALM = Setting(
    "home_realm",
    text,
    None,
    "claims provider to choose where ADFS asks for one",
    metavar="REALM",
    group=ADFS,
)
KERBEROS: Setting[bool | None] = Setting(
    "kerberos",
    switch,
    None,
    "sign in by your Kerberos ticket (default: if ADFS wants one)",
    group=ADFS,
)
CLIENT_CERT = Setting(
    "client_cert",
    text,
    None,
    "file with your client certificate, for ADFS's certificate sign-in",
    metavar="FILE",
    group=ADFS,
)
CLIENT_KEY = Setting(
    "client_key",
    text,
    None,
    "file with its key, if that is another",
    metavar="FILE",
    group=ADFS,
)
URL = Setting(
    "url",
    text,
    None,
    "where the sign-in to AWS begins at any other identity provider",
    metavar="URL",
    group=BROWSERS,
    account=(Alias("url", idp="browser"),),
)
BROWSER: Setting[bool | None] = Setting(
    "browser",
    switch,
    None,
    "sign in with your browser; --no-browser never opens it (default: asks when nothing else helps)",
    group=BROWSERS,
)
BROWSER_PATH = Setting(
    "browser_path",
    text,
    None,
    "the browser's program (default: the Chrome, Chromium, Edge or Brave that is installed)",
    metavar="FILE",
    group=BROWSERS,
    runs=True,
)
BROWSER_MODE: Setting[str] = Setting(
    "browser_mode",
    one_of("auto", "plain", "devtools"),
    "auto",
    "plain: you sign in without samlauth in control; devtools: under its control; auto (default)",
    metavar="MODE",
    group=BROWSERS,
)
BROWSER_TIMEOUT: Setting[int] = Setting(
    "browser_timeout",
    durations.patience,
    300,
    "how long you have in the browser (default: 5m)",
    metavar="TIME",
    group=BROWSERS,
)
REGION = Setting(
    "region",
    text,
    None,
    "AWS region whose STS to call; written to the profile when given",
    short="-R",
    metavar="REGION",
    environment=(Alias("AWS_REGION"), Alias("AWS_DEFAULT_REGION")),
    keys=(_gsts("--aws-region"), _aws_adfs("--region")),
    account=(Alias("region"),),
)
DURATION = Setting(
    "duration",
    duration,
    None,
    "how long the credentials live: seconds, 1h30m, or auto for the longest the role allows (default)",
    short="-d",
    metavar="TIME",
    environment=(Alias("AUTO_DURATION", _auto), Alias("DURATION")),
    keys=(
        _google("google_config.duration"),
        _gsts("--aws-session-duration"),
        _adfs("adfs_config.session_duration"),
        _aws_adfs("--session-duration"),
    ),
    account=(Alias("aws_session_duration"),),
)
ROLE_ARN = Setting(
    "role_arn",
    text,
    None,
    "role to assume: its ARN, or its name when only one has it",
    short="-r",
    metavar="ROLE",
    environment=(Alias("AWS_ROLE_ARN", unless="AWS_WEB_IDENTITY_TOKEN_FILE"),),
    keys=(
        _google("google_config.role_arn"),
        _google("gsts.role_arn"),
        _gsts("--aws-role-arn"),
        _gsts("--aws-arn-role"),
        _adfs("adfs_config.role_arn"),
        _aws_adfs("--role-arn"),
    ),
    account=(Alias("role_arn"),),
)
POLICY = Setting(
    "policy",
    text,
    None,
    "file with a session policy (JSON): the credentials may do what it and the role both allow",
    metavar="FILE",
    account=(Alias("policy_file"),),
)
POLICY_ARN: Setting[tuple[str, ...]] = Setting(
    "policy_arn",
    policy_arns,
    (),
    "managed policy to hold the credentials to, or several, with commas between",
    metavar="ARN",
    account=(Alias("policy_arn_list"),),
)
READ_ONLY = Setting(
    "read_only",
    switch,
    False,
    "hold the credentials to AWS's ReadOnlyAccess",
)
ASK_ROLE = Setting(
    "ask_role",
    switch,
    False,
    "choose the role again instead of taking the one used last",
    short="-a",
    environment=(Alias("AWS_ASK_ROLE"),),
    keys=(_google("google_config.ask_role"),),
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
ALL_ROLES = Setting(
    "all_roles",
    switch,
    False,
    "take every role you are offered, each to a profile of its own",
    group=SEVERAL,
    stored=False,
)
PROFILE_NAME: Setting[str] = Setting(
    "profile_name",
    template,
    "{alias}-{role}",
    "what --all-roles calls the profiles: {alias}, {account} and {role} (default: {alias}-{role})",
    metavar="NAME",
    group=SEVERAL,
    stored=False,
)
GROUP = Setting(
    "group",
    text,
    None,
    "sign in once for every profile that has this group",
    short="-g",
    metavar="GROUP",
    group=SEVERAL,
    stored=False,
)
KEYRING = Setting(
    "keyring",
    switch,
    False,
    "take the password from the system's keyring, and keep it there",
    short="-k",
    keys=(_google("google_config.keyring"),),
)
STDIN = Setting(
    "stdin",
    switch,
    False,
    "read the password from the first line of standard input, terminal or not",
    stored=False,
)
PASSWORD_COMMAND = Setting(
    "password_command",
    text,
    None,
    "program that prints the password",
    metavar="COMMAND",
    keys=(
        _adfs("adfs_config.username_password_command"),
        _aws_adfs("--username-password-command"),
    ),
    runs=True,
)
PASSWORD_FILE = Setting(
    "password_file",
    text,
    None,
    "file with the password in its first line, which nobody else may read",
    metavar="FILE",
)
CODE_COMMAND = Setting(
    "code_command",
    text,
    None,
    "program that prints the one-time code",
    metavar="COMMAND",
    keys=(_adfs("adfs_config.mfa_token_command"), _aws_adfs("--mfa-token-command")),
    runs=True,
)
MFA = Setting(
    "mfa",
    text,
    None,
    "second factor to use: totp, sms, voice, prompt, backup, or words of its name",
    metavar="METHOD",
    account=(Alias("mfa", peers.saml2aws_mfa),),
)
TRUST_DEVICE = Setting(
    "trust_device",
    switch,
    False,
    "let the identity provider remember this device",
)
REMEMBER_SESSION = Setting(
    "remember_session",
    switch,
    False,
    "keep the sign-in itself, encrypted: the next one asks for no password while it lasts",
)
TOTP = Setting(
    "totp",
    switch,
    False,
    "make the one-time codes of the secret that samlauth totp add has put into the keyring",
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
    group=GOOGLE,
    environment=(_google("GOOGLE_BG_RESPONSE"),),
    keys=(_google("google_config.bg_response"),),
)
DISABLE_U2F = Setting(
    "disable_u2f",
    switch,
    False,
    "do not use security keys",
    short="-D",
    environment=(Alias("U2F_DISABLED"),),
    keys=(_google("google_config.u2f_disabled"),),
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
    PROFILE,
    ROLE_ARN,
    ASK_ROLE,
    ACCOUNT,
    ALL_ROLES,
    PROFILE_NAME,
    GROUP,
    DURATION,
    REGION,
    POLICY,
    POLICY_ARN,
    READ_ONLY,
    RESOLVE_ALIASES,
    MFA,
    TRUST_DEVICE,
    REMEMBER_SESSION,
    KEYRING,
    STDIN,
    PASSWORD_COMMAND,
    PASSWORD_FILE,
    CODE_COMMAND,
    TOTP,
    DISABLE_U2F,
    CA_BUNDLE,
    IDP,
    IDP_ID,
    SP_ID,
    BG_RESPONSE,
    ADFS_HOST,
    ADFS_RP,
    PARTITION,
    HOME_REALM,
    KERBEROS,
    CLIENT_CERT,
    CLIENT_KEY,
    URL,
    BROWSER,
    BROWSER_PATH,
    BROWSER_MODE,
    BROWSER_TIMEOUT,
)

_NAMES: tuple[tuple[Setting[Any], str], ...] = (
    (IDP_ID, "google"),
    (SP_ID, "google"),
    (ADFS_HOST, "adfs"),
    (URL, "browser"),
)
"""The settings that tell the identity provider by being there."""


class Settings:
    """The values in force, each with its source: ``settings[REGION]``, ``settings.source(REGION)``."""

    def __init__(
        self,
        values: Mapping[str, tuple[object, Source]],
        warnings: tuple[str, ...] = (),
        *,
        names_idp: bool = True,
        own: Mapping[str, tuple[str, Source]] = MappingProxyType({}),
    ) -> None:
        self._values = dict(values)
        self.warnings = warnings
        """Other tools' values that made no sense and were passed over, a sentence each."""
        self._names_idp = names_idp
        """Whether the profile has to name the identity provider, for its keys would not tell."""
        self.own = dict(own)
        """What is set of the identity provider's own, where that is a plugin: the key, without the
        provider's name, to the text and where it came from."""

    def __getitem__(self, setting: Setting[T]) -> T:
        return cast("T", self._values[setting.name][0])

    def source(self, setting: Setting[Any]) -> Source:
        """Where the value came from."""
        return self._values[setting.name][1]

    def answered(self, setting: Setting[T], value: T) -> Settings:
        """These settings with one more, given by the person when asked."""
        values = dict(self._values)
        values[setting.name] = (value, Source(Layer.ANSWER, "your answer"))
        return Settings(values, self.warnings, names_idp=self._names_idp, own=self.own)

    def to_store(self) -> Iterator[tuple[str, str]]:
        """The profile's keys and values that this run may write: what a flag or an answer gave."""
        for setting in TABLE:
            value, source = self._values[setting.name]
            if setting is IDP and not self._names_idp:
                continue
            if setting is BROWSER and value is False:
                continue  # meant for this run: a yes is remembered, a no is not
            if setting.stored and source.layer <= Layer.ANSWER:
                yield setting.key, "auto" if value is None else setting.write(value)

    @property
    def duration_promised(self) -> bool:
        """Whether the duration is the person's own word and not merely where ``auto`` starts."""
        own = {Layer.FLAG, Layer.ANSWER, Layer.SAMLAUTH, Layer.PROFILE, Layer.BASE}
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
    return _Sources(flags, environ, ()).resolve(PROFILE, [])


def base_of(section: Mapping[str, str]) -> str | None:
    """The profile that a profile's section names as its base."""
    name = section.get(BASE, "")
    return None if _is_unset(name) else name


def resolve(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    section: Mapping[str, str],
    section_name: str = "",
    behind: Sequence[Part] = (),
) -> Settings:
    """Every setting from these sources.

    ``flags`` maps setting names to the text given; ``section`` is the profile's part of the AWS
    config file (keys in lower case) and ``section_name`` what to call it; ``behind`` are the parts
    that count where it has nothing, best first: its base profiles, those of the shared file, and
    the saml2aws account. Raises UsageError for a flag that makes no sense, SettingsError for a
    value of ours and when one source names two identity providers; another tool's value is passed
    over with a warning.
    """
    warnings: list[str] = []
    parts = (Part(Layer.PROFILE, section, section_name), *behind)
    sources = _Sources(flags, environ, parts)
    idp, explicit = sources.settle_idp(warnings)
    values: dict[str, tuple[object, Source]] = {
        setting.name: sources.resolve(setting, warnings) for setting in TABLE if setting is not IDP
    }
    values[IDP.name] = idp
    warnings += sources.unverified()
    return Settings(
        values,
        tuple(warnings),
        names_idp=explicit or sources.profile_tells_other_than(idp[0]),
        own=sources.own(idp[0]),
    )


class _Candidate(NamedTuple):
    layer: Layer
    rank: int
    """Among all sources: two of one rank are of one source."""
    raw: str
    where: str
    convert: Callable[[str], str] = str


_PEERS: Final = frozenset(
    {Layer.PEER_ENVIRONMENT, Layer.PEER_PROFILE, Layer.PEER_BASE, Layer.SAML2AWS}
)
"""Where a senseless value is not ours to complain of."""


class _Sources:
    """Where the values come from: the texts of all layers."""

    def __init__(
        self, flags: Mapping[str, str], environ: Mapping[str, str], parts: Sequence[Part]
    ) -> None:
        self._flags = flags
        self._environ = environ
        self._parts = [
            part._replace(keys={**part.keys, **peers.process_options(part.keys)})
            if part.layer in {Layer.PROFILE, Layer.BASE}
            else part
            for part in parts
        ]
        self._idp = ""
        """Whose names count; empty for everybody's."""

    def settle_idp(self, warnings: list[str]) -> tuple[tuple[str, Source], bool]:
        """The identity provider, by the best source that names one; and whether it did so outright.

        Raises UsageError or SettingsError when that source names two.
        """
        outright = {candidate.rank for candidate in self._candidates(IDP)}
        told: dict[int, dict[str, _Candidate]] = {}
        for setting, name in _NAMES:
            for candidate in self._candidates(setting):
                # An account says whose it is, and has one address for all of them.
                if candidate.layer is not Layer.SAML2AWS:
                    told.setdefault(candidate.rank, {}).setdefault(name, candidate)
        found: tuple[str, Source] = (IDP.default, Source(Layer.DEFAULT, "default"))
        explicit = False
        for rank in sorted({*outright, *told}):
            if rank in outright:
                found, explicit = self.resolve(IDP, warnings), True
            elif len(names := told[rank]) == 1:
                ((name, candidate),) = names.items()
                found = (name, Source(candidate.layer, candidate.where))
            else:
                one, other, *_ = names.values()
                kind = UsageError if one.layer is Layer.FLAG else SettingsError
                raise kind(
                    f"{one.where} and {other.where} belong to different identity providers.",
                    hint="Say which one is meant with --idp.",
                )
            break
        self._idp, (_, source) = found[0], found
        if source.layer is not Layer.SAML2AWS:
            self._parts = [part for part in self._parts if part.layer is not Layer.SAML2AWS]
        return found, explicit

    def profile_tells_other_than(self, idp: str) -> bool:
        """Whether the profile's own keys name, or let one think of, another identity provider."""
        section = self._parts[0].keys
        own = section.get(IDP.key, "")
        if not _is_unset(own):
            return own != idp
        return any(
            name != idp and not _is_unset(section.get(setting.key, "")) for setting, name in _NAMES
        )

    def own(self, idp: str) -> dict[str, tuple[str, Source]]:
        """What is set of a plugin's own: ``samlauth.IDP.KEY`` in a profile, ``IDP.KEY`` in the
        shared file, ``SAMLAUTH_IDP_KEY``; by KEY in lower case. A variable that is a setting's of
        ours is not a plugin's.
        """
        if idp in BUILT_IN:
            return {}
        ours = {setting.variable for setting in TABLE} | _NO_SETTINGS
        prefix = f"SAMLAUTH_{idp.upper().replace('-', '_')}_"
        places = [
            (Layer.SAMLAUTH, name.removeprefix(prefix), name, text)
            for name, text in self._environ.items()
            if name.startswith(prefix) and name not in ours
        ]
        for part in self._parts:
            prefix = f"{idp}." if part.layer is Layer.SHARED else f"samlauth.{idp}."
            places += [
                (part.layer, name.removeprefix(prefix), name + _in(part), text)
                for name, text in part.keys.items()
                if name.startswith(prefix) and part.layer is not Layer.SAML2AWS
            ]
        found: dict[str, tuple[str, Source]] = {}
        for layer, key, where, text in places:
            if key and not _is_unset(text):
                found.setdefault(key.lower(), (text, Source(layer, where)))
        return found

    def unverified(self) -> Iterator[str]:
        """A sentence for each key of another tool that turns verification off."""
        for part in self._parts:
            keys = part.keys
            if part.layer is Layer.SAML2AWS:
                key, off = "skip_verify", peers.is_on(keys.get("skip_verify", ""))
            else:
                key = "adfs_config.ssl_verification"
                off = self._idp == "adfs" and keys.get(key, "").strip().lower() == "false"
            if off:
                yield (
                    f"{key}{_in(part)} turns off the check of whom you talk to, which samlauth "
                    "never does; passing over it. --ca-bundle names your company's certificates."
                )

    def resolve(self, setting: Setting[T], warnings: list[str]) -> tuple[T, Source]:
        """The value and where it came from; appends to ``warnings`` what was passed over."""
        for candidate in self._candidates(setting):
            source = Source(candidate.layer, candidate.where)
            try:
                raw = candidate.convert(candidate.raw)
                if not raw:
                    continue
                return setting.read(raw), source
            except ValueError as error:
                complaint = f"{candidate.where} is {candidate.raw!r}, which is {error}"
                if candidate.layer is Layer.FLAG:
                    raise UsageError(f"{complaint}.", hint="Correct it, or leave it out.") from None
                if candidate.layer not in _PEERS:
                    raise SettingsError(
                        f"{complaint}.", hint="Change it, or remove it to get the default."
                    ) from None
                warnings.append(f"{complaint}; passing over it.")
        return setting.default, Source(Layer.DEFAULT, "default")

    def _candidates(self, setting: Setting[Any]) -> Iterator[_Candidate]:
        """The texts given for it, best source first."""
        for rank, (layer, raw, where, convert) in self._texts(setting):
            if raw is not None and not _is_unset(raw):
                yield _Candidate(layer, rank, raw, where, convert)

    def _texts(
        self, setting: Setting[Any]
    ) -> Iterator[tuple[int, tuple[Layer, str | None, str, Callable[[str], str]]]]:
        """All the places of a setting, with the rank of each."""
        environ = self._environ
        yield 0, (Layer.FLAG, self._flags.get(setting.name), setting.flag, str)
        yield 1, (Layer.SAMLAUTH, environ.get(setting.variable), setting.variable, str)
        for alias in filter(self._counts, setting.environment):
            if not (alias.unless and environ.get(alias.unless)):
                raw = environ.get(alias.name)
                yield 2, (Layer.PEER_ENVIRONMENT, raw, alias.name, alias.convert)
        # Which profile it is comes before what is in it.
        for place, part in enumerate(self._parts if setting is not PROFILE else ()):
            if setting is GROUP and part.layer is Layer.BASE:
                continue  # whose base it is says nothing of who belongs together
            keys, where = part.keys, _in(part)
            own, aliases, layer = _names_in(part, setting)
            if own:
                yield 3 + 2 * place, (part.layer, keys.get(own), own + where, str)
            for alias in filter(self._counts, aliases):
                raw = keys.get(alias.name)
                yield 4 + 2 * place, (layer, raw, alias.name + where, alias.convert)

    def _counts(self, alias: Alias) -> bool:
        """Whether the name has a meaning for the identity provider."""
        return not (alias.idp and self._idp) or alias.idp == self._idp


def _names_in(part: Part, setting: Setting[Any]) -> tuple[str, tuple[Alias, ...], Layer]:
    """Our name of a setting in such a part, the other tools', and the layer of these."""
    match part.layer:
        case Layer.SHARED:
            return setting.name, (), part.layer
        case Layer.SAML2AWS:
            return "", setting.account, part.layer
        case Layer.BASE:
            return setting.key, setting.keys, Layer.PEER_BASE
        case _:
            return setting.key, setting.keys, Layer.PEER_PROFILE


def _in(part: Part) -> str:
    return f" in {part.name}" if part.name else ""


def _is_unset(raw: str) -> bool:
    return raw.strip().strip("\"'") in UNSET
