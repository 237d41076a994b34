"""The effects of one sign-in: the network, the person, their browser and STS, as settings say."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from samlauth import driver, settings
from samlauth.challenges import AnyChallenge, Confirm, EnterUsername
from samlauth.commands.target import warn
from samlauth.effects import output
from samlauth.effects.http import Http
from samlauth.effects.secrets import Answer, Keyring, PasswordLine, first_of
from samlauth.effects.sts import STS
from samlauth.effects.terminal import Terminal, has_terminal
from samlauth.flow import Browse, BrowserEnded, CallSTS, Credentials, Flow, Page, Refusal, Request
from samlauth.saml import SAMLResponse
from samlauth.settings import TABLE, Setting, Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.effects.browser import Mode
    from samlauth.redactor import Redactor

T = TypeVar("T")


class World:
    """What a sign-in's flow can have done for it. A context manager: connections end with it.

    ``sts`` says whether STS will be called, ``stdin`` whether standard input may hold the password.
    """

    def __init__(
        self,
        values: Settings,
        options: argparse.Namespace,
        redactor: Redactor,
        *,
        sts: bool = True,
        stdin: bool = True,
    ) -> None:
        self._values = values
        self._terminal = Terminal(quiet=options.quiet, plain=options.plain)
        certificate = values[settings.CLIENT_CERT]
        self._http = Http(
            os.environ,
            values[settings.CA_BUNDLE],
            hide=redactor.hide,
            client_certificate=(certificate, values[settings.CLIENT_KEY]) if certificate else None,
        )
        self._sts = STS(self._http)
        if sts:
            # botocore takes longest to import; the identity provider and the person take longer
            # still. Not any sooner: two threads that both import hold each other up.
            threading.Thread(target=self._sts.prepare, name="sts", daemon=True).start()
        self._answer: Answer = self._terminal.answer
        if stdin and (values[settings.STDIN] or not (has_terminal() or sys.stdin.isatty())):
            self._answer = first_of(PasswordLine(sys.stdin).answer, self._answer)
        self._keyring = Keyring(self._answer, warn) if values[settings.KEYRING] else None
        if self._keyring is not None:
            self._answer = self._keyring.answer
        if programs := _programs(values):
            # What somebody else keeps is not for the keyring to keep, too.
            self._answer = first_of(*programs, self._answer)
        self.answers: dict[Setting[Any], object] = {}
        """Settings that the person's answers changed or gave, by the last answer."""
        self._effects = driver.Effects(
            self._send,
            self._answer_and_note,
            self._terminal.tell,
            self._call_sts,
            redactor,
            self._terminal.wait,
            self._browse,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def run(self, flow: Flow[T]) -> T:
        """Drive the flow; its errors are the caller's."""
        return driver.run(flow, self._effects)

    def keep_password(self) -> None:
        """Put the password that was typed into the keyring, if it is to be there."""
        if self._keyring is not None:
            self._keyring.keep()

    def _answer_and_note(self, challenge: AnyChallenge) -> object | None:
        given = self._answer(challenge)
        match challenge, given:
            case EnterUsername(), str():
                self.answers[settings.USERNAME] = given
            case Confirm(setting=str(name)), True:
                self.answers |= {row: True for row in TABLE if row.name == name}
            case _:
                pass
        return given

    def _send(self, request: Request) -> Page:
        with self._terminal.showing(request.shows):
            return self._http.send(request)

    def _call_sts(self, step: CallSTS) -> tuple[Credentials | Refusal, ...]:
        with self._terminal.showing(step.shows):
            return self._sts.call(step)

    def _browse(self, step: Browse) -> SAMLResponse | BrowserEnded:
        from samlauth.effects.browser import Browser

        values = self._values
        return Browser(
            os.environ,
            path=values[settings.BROWSER_PATH],
            mode=cast("Mode", values[settings.BROWSER_MODE]),
            seconds=values[settings.BROWSER_TIMEOUT],
            until=self._terminal.until,
            tell=output.tell,
        ).browse(step)


def _programs(values: Settings) -> list[Answer]:
    """The answerers that run a program of the person's."""
    password, code = values[settings.PASSWORD_COMMAND], values[settings.CODE_COMMAND]
    if not password and not code:
        return []
    from samlauth.effects.programs import CodeCommand, PasswordCommand

    found: list[Answer] = [PasswordCommand(password).answer] if password else []
    return [*found, CodeCommand(code).answer] if code else found
