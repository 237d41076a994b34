"""The one table of settings: the names of each, its default, and what it is for.

A setting ``x_y`` is the flag ``--x-y``, the variable ``SAMLAUTH_X_Y`` and the key
``samlauth.x_y`` of the profile in the AWS config file; beside them stand the names that
aws-google-auth, gsts, aws-adfs and saml2aws use, so that their users need to change nothing.
Google's count only for Google, aws-adfs's only for ADFS. Which of several values counts is for
:mod:`samlauth.sources` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from samlauth import durations, peers
from samlauth.setting import (
    Alias,
    Setting,
    account,
    duration,
    identifier,
    one_of,
    path,
    policy_arns,
    provider_name,
    switch,
    template,
    text,
)

BUILT_IN: Final = ("google", "adfs", "browser")
"""The identity providers that are part of samlauth; every other name is a plugin's."""

BASE: Final = "samlauth.base"
"""The key that names the profile whose settings count where this one has none."""

NOTE: Final = "note."
"""What begins the shared file's keys for notes; in a profile it stands behind ``samlauth.``."""


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
    path,
    None,
    "file with your client certificate, for ADFS's certificate sign-in",
    metavar="FILE",
    group=ADFS,
)
CLIENT_KEY = Setting(
    "client_key",
    path,
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
    "sign in with your browser; --no-browser never opens it (default: asks when a page takes one)",
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
    path,
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
    path,
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
    "second factor to use: totp, sms, voice, prompt, backup, key, or words of its name",
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
PLAIN = Setting(
    "plain",
    switch,
    False,
    "for screen readers: no colours, nothing that moves, numbered lists; the same on a dumb terminal",
    stored=False,
)
CA_BUNDLE = Setting(
    "ca_bundle",
    path,
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
    PLAIN,
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
