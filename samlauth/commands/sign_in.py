"""One sign-in: ask what is missing, log in, write the profile.

Importing this module loads all of it but boto3, in the order of need.
"""

from __future__ import annotations

import os
import shlex
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import driver, settings
from samlauth.challenges import AnyChallenge, EnterSetting, EnterUsername
from samlauth.commands.login import exports, identity
from samlauth.commands.target import Target, warn
from samlauth.effects import output
from samlauth.effects.http import Http
from samlauth.effects.secrets import Answer, Keyring, PasswordLine, first_of
from samlauth.effects.state import Issued, State, StateFile
from samlauth.effects.sts import STS
from samlauth.effects.terminal import Terminal, has_terminal
from samlauth.errors import FileError, NobodyToAsk
from samlauth.flow import CallSTS, Credentials, Flow, Page, Refusal, Request, ask
from samlauth.idp.google.flow import Google
from samlauth.login import Known, SignedIn, Wanted, login, naming
from samlauth.settings import Layer, Settings
from samlauth.sts import Duration

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor

ASKED = (
    (settings.USERNAME, "Google username"),
    (settings.IDP_ID, "Google IDP ID"),
    (settings.SP_ID, "Google SP ID"),
)
"""The settings a login cannot do without, and what they are asked for as."""


def sign_in(
    goal: Target,
    options: argparse.Namespace,
    memory: StateFile,
    state: State,
    redactor: Redactor,
) -> None:
    """Sign in and write the credentials and settings to the profile."""
    terminal = Terminal(quiet=options.quiet, plain=options.plain)
    answer: Answer = terminal.answer
    if goal.settings[settings.STDIN] or not (has_terminal() or sys.stdin.isatty()):
        answer = first_of(PasswordLine(sys.stdin).answer, answer)
    keyring = Keyring(answer, warn) if goal.settings[settings.KEYRING] else None
    corrected: list[str] = []
    http = Http(os.environ, goal.settings[settings.CA_BUNDLE], hide=redactor.hide)
    sts = STS(http)
    # boto3 takes longest to import; the identity provider and the person take longer still. Not
    # any sooner: two threads that both import hold each other up.
    threading.Thread(target=sts.prepare, name="sts", daemon=True).start()

    def answer_and_note(challenge: AnyChallenge) -> object | None:
        given = keyring.answer(challenge) if keyring else answer(challenge)
        if isinstance(challenge, EnterUsername) and isinstance(given, str):
            corrected.append(given)
        return given

    def send(request: Request) -> Page:
        with terminal.showing(request.shows):
            return http.send(request)

    def call_sts(step: CallSTS) -> tuple[Credentials | Refusal, ...]:
        with terminal.showing(step.shows):
            return sts.call(step)

    effects = driver.Effects(
        send, answer_and_note, terminal.tell, call_sts, redactor, terminal.wait
    )
    try:
        values, signed_in = driver.run(whole(goal.settings, state), effects)
    finally:
        http.close()
    for username in corrected[-1:]:
        values = values.answered(settings.USERNAME, username)
    _write(goal, values, signed_in, options, memory)
    if keyring is not None:
        keyring.keep()


def whole(given: Settings, state: State) -> Flow[tuple[Settings, SignedIn]]:
    """Ask for the settings that are missing, then log in with them."""
    values = yield from complete(given)
    provider = Google(
        idp_id=values[settings.IDP_ID] or "",
        sp_id=values[settings.SP_ID] or "",
        username=values[settings.USERNAME] or "",
        bg_response=values[settings.BG_RESPONSE],
        mfa=values[settings.MFA],
        trust_device=values[settings.TRUST_DEVICE],
    )
    wanted = Wanted(
        role=values.role,
        remembered=values.remembered_role,
        account=values[settings.ACCOUNT],
        resolve_aliases=values[settings.RESOLVE_ALIASES],
        duration=Duration(values[settings.DURATION], values.duration_promised),
        region=values[settings.REGION],
    )
    known = Known(state.allowed(_now()), state.names(_now()), state.recent)
    return values, (yield from login(provider, wanted, known, _now))


def complete(values: Settings) -> Flow[Settings]:
    """Ask for what is needed and not set. Raises NobodyToAsk, naming the flag."""
    for setting, label in ASKED:
        refused = ""
        while values[setting] is None:
            try:
                given = yield from ask(EnterSetting(setting.name, label, refused))
                values = values.answered(setting, setting.read(given))
            except NobodyToAsk:
                raise NobodyToAsk(
                    f"The {label} is not set, and there is no terminal to ask for it.",
                    hint=f"Give it with {setting.short} or in {setting.variable}.",
                ) from None
            except ValueError as error:
                refused = f"That is {error}."
    return values


def _write(
    goal: Target,
    values: Settings,
    signed_in: SignedIn,
    options: argparse.Namespace,
    memory: StateFile,
) -> None:
    (grant,) = signed_in.grants
    credentials, role = grant.credentials, naming(grant.role, signed_in.assertion.roles)
    section: dict[str, str | None] = {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        # The name that boto2 and aws-google-auth know it by.
        "aws_security_token": credentials.session_token,
        "aws_session_expiration": f"{credentials.expiration:%Y-%m-%dT%H:%M:%S%z}",
    }
    remembered: dict[str, str | None] = dict(values.to_store())
    if values.source(settings.ROLE_ARN).layer not in {Layer.SAMLAUTH, Layer.PEER_ENVIRONMENT}:
        remembered[settings.ROLE_ARN.key] = role
    try:
        written = goal.files.write({goal.profile: remembered}, {goal.profile: section})
    except FileError:
        if options.print_creds:
            output.data(exports(section, credentials.expiration))
        raise
    for notice in written.notices:
        warn(notice)
    issued = Issued(
        credentials.access_key_id, identity(values, role), _now(), credentials.expiration
    )
    memory.update(
        lambda state: state.with_login(
            goal.profile,
            issued,
            signed_in.durations,
            signed_in.aliases,
            [grant.role.role_arn],
        )
    )
    if options.print_creds:
        output.data(exports(section, credentials.expiration))
    if not options.quiet:
        local, utc = credentials.expiration.astimezone(), credentials.expiration
        elsewhere = f" ({utc:%H:%M:%S} UTC)" if local.utcoffset() else ""
        output.tell(f"Credentials Expiration: {local:%Y-%m-%d %H:%M:%S %Z}{elsewhere}")
        output.tell(f"Try: aws sts get-caller-identity --profile {shlex.quote(goal.profile)}")


def _now() -> datetime:
    return datetime.now(UTC)
