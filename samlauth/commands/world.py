"""The effects of one sign-in: the network, the person, their browser and STS, as settings say."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from samlauth import driver, settings, soup
from samlauth.aliases import is_aws_sign_in
from samlauth.challenges import AnyChallenge, Confirm, EnterSetting, EnterUsername, TouchKey
from samlauth.commands.target import warn
from samlauth.effects import files, output
from samlauth.effects.http import Http
from samlauth.effects.recorder import Recorder
from samlauth.effects.ring import Ring
from samlauth.effects.secrets import (
    Answer,
    Keyring,
    Noted,
    PasswordFile,
    PasswordLine,
    Typed,
    first_of,
)
from samlauth.effects.sts import STS
from samlauth.effects.terminal import Terminal, has_terminal
from samlauth.effects.turns import turn
from samlauth.errors import CodeRefused, FileError, NeedsBrowser, SignInRefused, UnsafePage
from samlauth.flow import (
    Browse,
    BrowserEnded,
    Caller,
    CallSTS,
    Credentials,
    Ended,
    Flow,
    Page,
    Refusal,
    Request,
    Unmade,
    Wait,
)
from samlauth.reach import Origin
from samlauth.saml import SAMLResponse
from samlauth.setting import Setting
from samlauth.settings import TABLE
from samlauth.sources import Settings

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from samlauth.effects.browser import Mode
    from samlauth.effects.early import Early
    from samlauth.effects.sessions import Sessions
    from samlauth.redactor import Redactor

T = TypeVar("T")

PASSWORD_TURN: Final = 60.0
"""Seconds to wait until another run knows whether a stored password is right: a page or two."""


class World:
    """What a sign-in's flow can have done for it. A context manager: connections end with it.

    ``sts`` says whether STS will be called, ``stdin`` whether standard input may hold the password;
    ``early`` has connections that were begun already.
    """

    def __init__(
        self,
        values: Settings,
        options: argparse.Namespace,
        redactor: Redactor,
        *,
        sts: bool = True,
        stdin: bool = True,
        early: Early | None = None,
    ) -> None:
        self._values = values
        self._redactor = redactor
        self._recorder = Recorder(values[settings.IDP] or "", values[settings.USERNAME] or "")
        self._keep_html = getattr(options, "save_failure_html", False)
        self._keep_flow = getattr(options, "save_saml_flow", False)
        self._terminal = Terminal(quiet=options.quiet, plain=values[settings.PLAIN])
        if values[settings.PLAIN]:
            output.without_colours()
        certificate = values[settings.CLIENT_CERT]
        self._http = Http(
            os.environ,
            values[settings.CA_BUNDLE],
            hide=partial(redactor.hide, certain=False),
            client_certificate=(certificate, values[settings.CLIENT_KEY]) if certificate else None,
            early=early,
        )
        self._sts = STS(self._http, values[settings.REGION])
        self._calls_sts, self._waited = sts, False
        self._person = Noted(self._terminal.answer)
        self._ring = Ring(warn)
        self._keyring: Keyring | None = None
        self._answer = self._answerers(stdin=stdin)
        self._username = values[settings.USERNAME] or ""
        self._origin: Origin | None = None
        """Whose sign-in it is, from its first request on."""
        self._sessions: Sessions | None = None
        self._given: tuple[str, str] | None = None
        """Whose remembered session the sign-in began with."""
        if values[settings.REMEMBER_SESSION]:
            from samlauth.effects.sessions import Sessions, folder_beside

            folder = folder_beside(files.locate(os.environ).config)
            self._sessions = Sessions(folder, self._ring, warn)
        self.answers: dict[Setting[Any], object] = {}
        """Settings that the person's answers changed or gave, by the last answer."""
        self._effects = driver.Effects(
            self._send,
            self._answer_and_note,
            self._terminal.tell,
            self._call_sts,
            redactor,
            self._wait,
            self._browse,
        )

    def _answerers(self, *, stdin: bool) -> Answer:
        """All who may answer a question, one before the other; the person is the last."""
        values = self._values
        answer: Answer = first_of(self._touch, self._person.answer)
        if stdin and (values[settings.STDIN] or not (has_terminal() or sys.stdin.isatty())):
            # Only who asks for it has a name read: it would be sent, were it a password.
            line = PasswordLine(sys.stdin, names=values[settings.STDIN])
            answer = first_of(line.answer, answer)
        if values[settings.KEYRING]:
            self._keyring = Keyring(answer, self._ring, warn, self._turn)
            answer = self._keyring.answer
        if values[settings.TOTP]:
            answer = first_of(self._codes(), answer)
        if programs := _programs(values):
            # What somebody else keeps is not for the keyring to keep, too.
            answer = first_of(*programs, answer)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._settled()
        self._http.close()

    def run(self, flow: Flow[T]) -> T:
        """Drive the flow, and remember the session it made; its errors are the caller's.

        Each flow has the time of a run for itself.
        """
        self._http.begin()
        try:
            done = self._recorded(flow)
        except (SignInRefused, CodeRefused, NeedsBrowser, UnsafePage):
            if self._given is not None and self._sessions is not None:
                # Without it the person would have been asked, which is what helps now.
                self._sessions.forget(*self._given)
                warn("The session that was remembered is forgotten: it may be the reason.")
            raise
        if self._sessions is not None and (whose := self._whose()) and self._origin:
            self._sessions.keep(*whose, self._http.cookies(self._origin))
        return done

    @property
    def typed(self) -> Typed | None:
        """The password that the person typed last."""
        return self._person.typed

    def _recorded(self, flow: Flow[T]) -> T:
        """Drive the flow; of one that fails, keep what a report needs."""
        try:
            done = driver.run(flow, self._effects)
        except Exception as error:
            if self._recorder.has_pages:
                folder = self._folder()
                kept = self._recorder.keep_failure(
                    folder, error, self._redactor, html=self._keep_html
                )
                if kept is not None:
                    warn(f"The last page is in {kept}, without anything of yours.")
                self._save_flow(error)
            raise
        self._save_flow(None)
        return done

    def _save_flow(self, error: Exception | None) -> None:
        if not self._keep_flow:
            return
        try:
            kept = self._recorder.keep_flow(self._folder(), error, self._redactor)
            warn(f"The pages of the sign-in are in {kept}, without anything of yours.")
        except (FileError, OSError) as fault:
            warn(f"The pages of the sign-in were not saved: {fault}")

    def _folder(self) -> Path:
        return files.locate(os.environ).config.parent / "samlauth"

    def keep_password(self) -> None:
        """Put the password that was typed into the keyring, if it is to be there."""
        if self._keyring is not None:
            self._keyring.keep()

    def _waits(self) -> None:
        """Somebody else is at work for the first time: load what comes later, meanwhile.

        Not any sooner: two threads that both import hold each other up.
        """
        if not self._waited:
            self._waited = True
            threading.Thread(target=self._load, name="later", daemon=True).start()

    def _load(self) -> None:
        """In the order of need: what reads pages, what calls STS, what stores the credentials."""
        soup.load()
        if self._calls_sts:
            self._sts.prepare()
            files.load()

    def _answer_and_note(self, challenge: AnyChallenge) -> object | None:
        self._waits()
        with self._recorder.doing(type(challenge).__name__):
            given = self._answer(challenge)
        match challenge, given:
            case EnterSetting(name="username"), str():
                self._username = given.strip()
                self._recorder.signs_in(given)
            case EnterUsername(), str():
                self._username = given.strip()
                self._recorder.signs_in(given)
                self.answers[settings.USERNAME] = given
            case Confirm(setting=str(name)), True:
                self.answers |= {row: True for row in TABLE if row.name == name}
            case _:
                pass
        return given

    def _whose(self) -> tuple[str, str] | None:
        """Who is signing in, and where; None while that is not known."""
        if self._origin is None or not self._username:
            return None
        return self._username, str(self._origin)

    def _begin(self, request: Request) -> None:
        """Note where the sign-in is, and go on with the session that is remembered there."""
        if request.reach is None or is_aws_sign_in(request.reach.password_origin):
            return
        self._origin = request.reach.password_origin
        if self._sessions is None or (whose := self._whose()) is None:
            return
        if cookies := self._sessions.load(*whose):
            self._given = whose
            self._http.give(self._origin, cookies)

    def _codes(self) -> Answer:
        from samlauth.effects.totp import Codes, Steps

        def sleep(seconds: float) -> None:
            with self._terminal.showing("Waiting for the next code of the secret in the keyring"):
                time.sleep(seconds)

        steps = Steps.beside(files.locate(os.environ).config)
        hide = self._redactor.hide
        return Codes(self._ring, steps, self._whose, warn, hide, sleep=sleep).answer

    def _touch(self, challenge: AnyChallenge) -> object | None:
        """A security key's answer, where one is asked for."""
        if not isinstance(challenge, TouchKey):
            return None
        from samlauth.effects.security_key import SecurityKey

        terminal = self._terminal
        return SecurityKey(
            terminal.answer,
            terminal.until_or_other,
            output.tell,
            has_terminal,
            self._redactor.hide,
        ).answer(challenge)

    def _send(self, request: Request) -> Page:
        if self._origin is None:
            self._begin(request)
        self._waits()
        if self._calls_sts and request.carrying != "nothing":
            # The sign-in may be about to end, and STS be next.
            threading.Thread(target=self._sts.reach_out, name="to sts", daemon=True).start()
        with self._terminal.showing(request.shows):
            return self._recorder.send(request, self._http.send)

    def _turn(self, name: str) -> AbstractContextManager[None]:
        """The one run that may try the password that the keyring has under this name."""
        return turn(files.locate(os.environ).config, f"password {name}", PASSWORD_TURN)

    def _settled(self) -> None:
        if self._keyring is not None:
            self._keyring.settled()

    def _call_sts(self, step: CallSTS) -> tuple[Credentials | Caller | Refusal | Unmade, ...]:
        self._settled()
        with self._terminal.showing(step.shows), self._recorder.doing("CallSTS"):
            return self._sts.call(step)

    def _wait(self, step: Wait, send: driver.Send) -> Ended:
        self._settled()
        with self._recorder.doing("Wait"):
            return self._terminal.wait(step, send)

    def _browse(self, step: Browse) -> SAMLResponse | BrowserEnded:
        from samlauth.effects.browser import Browser

        self._settled()
        values = self._values
        browser = Browser(
            os.environ,
            path=values[settings.BROWSER_PATH],
            mode=cast("Mode", values[settings.BROWSER_MODE]),
            seconds=values[settings.BROWSER_TIMEOUT],
            until=self._terminal.until,
            tell=output.tell,
        )
        with self._recorder.doing("Browse"):
            return browser.browse(step)


def _programs(values: Settings) -> list[Answer]:
    """The answerers that run a program of the person's, or read a file of theirs."""
    password, code = values[settings.PASSWORD_COMMAND], values[settings.CODE_COMMAND]
    found: list[Answer] = []
    if password or code:
        from samlauth.effects.programs import CodeCommand, PasswordCommand

        found += [PasswordCommand(password).answer] if password else []
        found += [CodeCommand(code).answer] if code else []
    if file := values[settings.PASSWORD_FILE]:
        found.append(PasswordFile(file).answer)
    return found
