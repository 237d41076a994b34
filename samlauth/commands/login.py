"""The login: sign in, choose a role, write its credentials to the profile."""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import awsfiles, settings
from samlauth.effects import files, output
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import FileError, NobodyToAsk
from samlauth.profiles import refuse_unwritable
from samlauth.settings import Layer, Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.effects.secrets import Keyring
    from samlauth.flow import CallSTS, Credentials, Flow, Page, Refusal, Request
    from samlauth.login import SignedIn
    from samlauth.redactor import Redactor

ASKED = (
    (settings.USERNAME, "Google username"),
    (settings.IDP_ID, "Google IDP ID"),
    (settings.SP_ID, "Google SP ID"),
)
"""The settings a login cannot do without, and what they are asked for as."""


@dataclass(frozen=True)
class Target:
    """The profile a login writes to, with all that is known about it beforehand."""

    profile: str
    files: files.AWSFiles
    settings: Settings
    config: Mapping[str, str]
    """Its section of the config file, keys in lower case."""
    credentials: Mapping[str, str]
    """Its section of the credentials file, keys in lower case."""

    @property
    def role(self) -> str | None:
        """The role that was asked for or is remembered, as it was written."""
        return self.settings.role or self.settings.remembered_role


def target(flags: Mapping[str, str], environ: Mapping[str, str]) -> Target:
    """The profile and its settings. Raises SettingsError, UsageError, FileError."""
    profile, _ = settings.profile_of(flags, environ)
    awsfiles.check_profile_name(profile)
    aws = files.locate(environ)
    config = aws.read_config(profile)
    section = f"[{awsfiles.config_section(profile)}] of {aws.config}"
    resolved = settings.resolve(flags, environ, config, section)
    return Target(profile, aws, resolved, config, aws.read_credentials(profile))


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Log in; 0 when the profile holds good credentials afterwards."""
    goal = target(flags, os.environ)
    for warning in goal.settings.warnings:
        output.tell(f"samlauth: {warning}")
    refuse_unwritable(
        goal.profile,
        goal.config,
        goal.credentials,
        named=goal.settings.source(settings.PROFILE).layer <= Layer.SAMLAUTH,
        overwrite_keys=options.overwrite_keys,
    )
    memory = StateFile.beside(goal.files.config)
    state, now = memory.load(), datetime.now(UTC)
    good = (
        None if options.force or goal.settings[settings.ASK_ROLE] else still_good(goal, state, now)
    )
    if good is not None:
        return _leave_as_is(goal, good, now, options)
    try:
        return _log_in(goal, options, memory, state, redactor)
    except NobodyToAsk as error:
        if not error.hint:
            error.hint = f"Run it in a terminal: {shlex.join(['samlauth', *sys.argv[1:]])}"
        raise


def still_good(goal: Target, state: State, now: datetime) -> Issued | None:
    """What was issued to the profile, if that is still in it, fresh, and what would be issued now."""
    issued = state.profiles.get(goal.profile)
    if issued is None or issued.access_key_id != goal.credentials.get("aws_access_key_id"):
        return None
    account = goal.settings[settings.ACCOUNT]
    if account is not None and f"::{account}:" not in issued.identity.role_arn:
        return None
    role = goal.role or ""
    if not (role == issued.identity.role_arn or issued.identity.role_arn.endswith(f"/{role}")):
        return None
    wanted = _identity(goal.settings, issued.identity.role_arn)
    return issued if wanted == issued.identity and issued.is_fresh(now) else None


def _identity(values: Settings, role_arn: str) -> Identity:
    return Identity(
        "google",
        values[settings.IDP_ID] or "",
        values[settings.SP_ID] or "",
        values[settings.USERNAME] or "",
        role_arn,
    )


def _leave_as_is(goal: Target, good: Issued, now: datetime, options: argparse.Namespace) -> int:
    from samlauth.durations import spell

    _tell_all(goal.files.write({goal.profile: dict(goal.settings.to_store())}, {}).notices)
    if options.print_creds:
        output.data(
            _exports(
                goal.credentials["aws_access_key_id"],
                goal.credentials["aws_secret_access_key"],
                goal.credentials["aws_session_token"],
                good.expiration,
            )
        )
    if not options.quiet:
        left = spell((good.expiration - now).total_seconds())
        output.tell(
            f"The credentials of {goal.profile} are good until {_local(good.expiration):%H:%M} "
            f"(in {left}); --force signs in anyway."
        )
    return 0


def _log_in(
    goal: Target,
    options: argparse.Namespace,
    memory: StateFile,
    state: State,
    redactor: Redactor,
) -> int:
    from samlauth import driver
    from samlauth.effects.http import Http
    from samlauth.effects.secrets import Keyring, PasswordLine, first_of
    from samlauth.effects.sts import STS
    from samlauth.effects.terminal import Terminal, has_terminal

    terminal = Terminal(quiet=options.quiet)
    answer = terminal.answer
    if goal.settings[settings.STDIN] or not (has_terminal() or sys.stdin.isatty()):
        answer = first_of(PasswordLine(sys.stdin).answer, answer)
    keyring = Keyring(answer, _warn) if goal.settings[settings.KEYRING] else None
    http = Http(os.environ, goal.settings[settings.CA_BUNDLE], hide=redactor.hide)
    sts = STS(http)
    # boto3 takes longest to import; the identity provider and the person take longer still.
    threading.Thread(target=sts.prepare, name="sts", daemon=True).start()

    def send(request: Request) -> Page:
        with terminal.showing(request.shows):
            return http.send(request)

    def call_sts(step: CallSTS) -> tuple[Credentials | Refusal, ...]:
        with terminal.showing(step.shows):
            return sts.call(step)

    effects = driver.Effects(
        send, keyring.answer if keyring else answer, terminal.tell, call_sts, redactor
    )
    try:
        values, signed_in = driver.run(whole(goal.settings, state), effects)
    finally:
        http.close()
    return _finish(goal, values, signed_in, options, memory, keyring)


def whole(given: Settings, state: State) -> Flow[tuple[Settings, SignedIn]]:
    """Ask for the settings that are missing, then log in with them."""
    from samlauth import sts
    from samlauth.idp.google.flow import Google
    from samlauth.login import Known, Wanted, login

    values = yield from complete(given)
    provider = Google(
        idp_id=values[settings.IDP_ID] or "",
        sp_id=values[settings.SP_ID] or "",
        username=values[settings.USERNAME] or "",
        bg_response=values[settings.BG_RESPONSE],
    )
    wanted = Wanted(
        role=values.role,
        remembered=values.remembered_role,
        account=values[settings.ACCOUNT],
        duration=sts.Duration(values[settings.DURATION], values.duration_promised),
        region=values[settings.REGION],
    )
    known = Known(state.allowed(_now()))
    return values, (yield from login(provider, wanted, known, _now))


def complete(values: Settings) -> Flow[Settings]:
    """Ask for what is needed and not set. Raises NobodyToAsk, naming the flag."""
    from samlauth.challenges import EnterSetting
    from samlauth.flow import ask

    for setting, label in ASKED:
        refused = ""
        while values[setting] is None:
            try:
                answer = yield from ask(EnterSetting(setting.name, label, refused))
                values = values.answered(setting, setting.read(answer))
            except NobodyToAsk:
                raise NobodyToAsk(
                    f"The {label} is not set, and there is no terminal to ask for it.",
                    hint=f"Give it with {setting.short} or in {setting.variable}.",
                ) from None
            except ValueError as error:
                refused = f"That is {error}."
    return values


def _finish(
    goal: Target,
    values: Settings,
    signed_in: SignedIn,
    options: argparse.Namespace,
    memory: StateFile,
    keyring: Keyring | None,
) -> int:
    from samlauth.login import naming

    (grant,) = signed_in.grants
    credentials, role = grant.credentials, naming(grant.role, signed_in.assertion.roles)
    exports = _exports(
        credentials.access_key_id,
        credentials.secret_access_key,
        credentials.session_token,
        credentials.expiration,
    )
    remembered = dict(values.to_store())
    if values.source(settings.ROLE_ARN).layer not in {Layer.SAMLAUTH, Layer.PEER_ENVIRONMENT}:
        remembered[settings.ROLE_ARN.key] = role
    try:
        written = goal.files.write(
            {goal.profile: remembered}, {goal.profile: _section(credentials)}
        )
    except FileError:
        if options.print_creds:
            output.data(exports)
        raise
    _tell_all(written.notices)
    issued = Issued(
        credentials.access_key_id, _identity(values, role), _now(), credentials.expiration
    )
    memory.update(lambda state: state.with_login(goal.profile, issued, signed_in.durations))
    if keyring is not None:
        keyring.keep()
    if options.print_creds:
        output.data(exports)
    if not options.quiet:
        at, utc = _local(credentials.expiration), credentials.expiration
        output.tell(f"Credentials Expiration: {at:%Y-%m-%d %H:%M:%S %Z} ({utc:%H:%M:%S} UTC)")
        output.tell(f"Try: aws sts get-caller-identity --profile {shlex.quote(goal.profile)}")
    return 0


def _section(credentials: Credentials) -> dict[str, str | None]:
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        # The name boto2 and aws-google-auth know it by.
        "aws_security_token": credentials.session_token,
        "aws_session_expiration": f"{credentials.expiration:%Y-%m-%dT%H:%M:%S%z}",
    }


def _exports(key_id: str, secret: str, token: str, expiration: datetime) -> str:
    return (
        f"export AWS_ACCESS_KEY_ID='{key_id}' AWS_SECRET_ACCESS_KEY='{secret}' "
        f"AWS_SESSION_TOKEN='{token}' AWS_SESSION_EXPIRATION='{expiration:%Y-%m-%dT%H:%M:%S%z}'"
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _local(moment: datetime) -> datetime:
    return moment.astimezone()


def _warn(text: str) -> None:
    output.tell(f"samlauth: {text}")


def _tell_all(notices: tuple[str, ...]) -> None:
    for notice in notices:
        _warn(notice)
