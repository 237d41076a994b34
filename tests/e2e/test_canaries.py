"""No secret of any rehearsal is anywhere but where it belongs, whatever happens.

Every sign-in there is, and every way in which one ends badly, with the most talkative log and with its
pages kept: in what was printed, and in every file under the person's home, none of the passwords,
codes, code secrets, SAML responses, cookies, keys and session tokens is found, in any encoding. Files
that are meant to hold credentials, and they alone, do. It runs in this process, for a hundred runs.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import os
import re
import resource
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from samlauth import cli
from samlauth.challenges import AnyChallenge, EnterPassword
from samlauth.commands import world
from samlauth.driver import Send
from samlauth.effects import cores
from samlauth.effects.terminal import Terminal
from samlauth.flow import Ended, Wait
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.trust import Fault
from samlauth.sandbox.web import Request, Response
from tests.e2e.stage import main_job
from tests.rehearsed import Person, Sort, sorts

MAY_HOLD = {"credentials", "rehearsal-code"}
"""Files that are meant to hold some: the AWS credentials file, and the rehearsal's own."""


def forms(secret: str) -> set[str]:
    """What a secret can look like; written apart from the redactor's own list."""
    data = secret.encode()
    found = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    found |= {html.escape(secret), html.escape(secret, quote=False), json.dumps(secret)[1:-1]}
    found |= {"".join(f"&#{ord(c)};" for c in secret), repr(secret)[1:-1], data.hex()}
    # By itself, and as a part of something longer that starts one or two bytes before it.
    for whole in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = (whole(data), whole(b"xx" + data)[3:], whole(b"x" + data)[2:])
        found |= {text.decode().rstrip("=")[:-1] for text in encoded}
    # Each half of a long one, too, and what it is when it is decoded.
    if len(secret) > 60:
        found |= {secret[: len(secret) // 2], secret[len(secret) // 2 :]}
    return found


class Wire:
    """What goes to STS and comes from it."""

    def __init__(self, sts: Any) -> None:  # noqa: ANN401 - any application of the rehearsal's
        self._sts = sts
        self.secrets: dict[str, str] = {}

    def __call__(self, request: Request) -> Response:
        if sent := dict(request.form).get("SAMLAssertion"):
            self.secrets["SAML response"] = sent
        response: Response = self._sts(request)
        text = response.body.decode()
        for name in ("SecretAccessKey", "SessionToken"):
            for found in re.findall(f"<{name}>(.*?)</{name}>", text, re.DOTALL):
                self.secrets[name] = html.unescape(found)
        return response

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        return getattr(self._sts, name)


class Seat(Terminal):
    """The terminal with a person before it who answers by themselves."""

    person: Person

    def answer(self, challenge: AnyChallenge) -> object | None:
        return self.person.answer(challenge)

    def wait(self, step: Wait, send: Send) -> Ended:
        return self.person.wait(step, send)


@contextmanager
def as_before() -> Iterator[None]:
    """What one run of the command changes in its process, as it was."""
    environ, hook = dict(os.environ), threading.excepthook
    limits, before = resource.getrlimit(resource.RLIMIT_CORE), cores._before
    log = logging.getLogger("samlauth")
    handlers, level = log.handlers[:], log.level
    root = logging.getLogger().handlers[:]
    ends = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        _settle()
        os.environ.clear()
        os.environ.update(environ)
        threading.excepthook = hook
        resource.setrlimit(resource.RLIMIT_CORE, limits)
        cores._before = before
        log.handlers[:], log.propagate = handlers, True
        log.setLevel(level)
        logging.getLogger().handlers[:] = root
        for number, handler in ends.items():
            signal.signal(number, handler)


def _settle() -> None:
    """Wait for the threads that load and connect ahead: they read the environment."""
    for thread in threading.enumerate():
        if thread.name == "later" or thread.name.startswith("to "):
            thread.join(60)


class Walk:
    """A rehearsal whose person runs commands in this process."""

    def __init__(
        self, sort: Sort, patch: pytest.MonkeyPatch, printed: pytest.CaptureFixture[str]
    ) -> None:
        idp, mfa, pages = sort
        self.rehearsal = Rehearsal(
            idp=idp,
            mfa=mfa,  # type: ignore[arg-type]  # as listed
            pages=pages,
            roles=2,
            prompt_seconds=5,
            poll_seconds=0.2,
            taps_after=0.05,
        )
        self.wire = Wire(self.rehearsal.sts)
        self.rehearsal.sts = self.wire  # type: ignore[assignment]  # it stands before it
        self.person = Person(self.rehearsal)
        self.printed = ""
        self.data = ""
        self._capture = printed
        patch.setattr(world, "Terminal", type("Seat", (Seat,), {"person": self.person}))
        patch.setattr(world, "has_terminal", lambda: True)

    def run(self, *words: str) -> int:
        """The exit code of a command."""
        _settle()
        os.environ.clear()
        os.environ.update(self.rehearsal.environ | {"TERM": "dumb"})
        status = cli.guarded(list(words))
        out, err = self._capture.readouterr()
        self.printed += err
        self.data += out
        return status

    def sign_in(self, *words: str) -> int:
        """The main job, as talkative as can be."""
        return self.run(
            *main_job(self.rehearsal),
            *("-l", "debug", "--save-failure-html", "--save-saml-flow", "--no-browser", *words),
        )

    def secrets(self) -> dict[str, str]:
        rehearsal = self.rehearsal
        given = {f"answer {n}": secret for n, secret in enumerate(self.person.given)}
        cookies = {f"cookie {n}": value for n, value in enumerate(rehearsal.provider.handed_out)}
        return {
            "password": rehearsal.password,
            "code secret": rehearsal.authenticator.secret,
            **given,
            **cookies,
            **self.wire.secrets,
        }

    def assert_kept(self) -> None:
        """No secret was printed, nor is in a file that is not for it."""
        texts = {"what was printed": self.printed, "what was put out": self.data}
        for path in self.rehearsal.folder.rglob("*"):
            if path.is_file() and path.name not in MAY_HOLD and path.suffix != ".pem":
                texts[path.name] = path.read_bytes().decode("utf-8", "replace")
                if zipfile.is_zipfile(path):
                    with zipfile.ZipFile(path) as bundle:
                        for name in bundle.namelist():
                            texts[name] = bundle.read(name).decode()
        secrets = {name: secret for name, secret in self.secrets().items() if len(secret) > 5}
        assert len(secrets) > 1
        hits = [
            (name, where)
            for name, secret in secrets.items()
            for form in forms(secret)
            for where, text in texts.items()
            if form in text
        ]
        assert hits == []


Begin = Callable[..., Walk]


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Begin]:
    walks: list[Walk] = []

    def begin(sort: Sort = ("google", "totp", "v3")) -> Walk:
        walk = Walk(sort, monkeypatch, capfd)
        walk.rehearsal.__enter__()
        walks.append(walk)
        return walk

    with as_before():
        try:
            yield begin
        finally:
            for walk in walks:
                with suppress(BrokenPipeError):
                    walk.rehearsal.__exit__(None, None, None)


@pytest.mark.parametrize("sort", sorts(), ids=lambda sort: "-".join(filter(None, sort)))
def test_every_rehearsal(sort: Sort, begin: Begin) -> None:
    walk = begin(sort)
    walk.person.wrong.append("wrong+canary&pass%1")
    status = walk.sign_in()
    if (walk.rehearsal.home / ".aws" / "samlauth" / "failure").exists():
        assert walk.run("report", "-o", str(walk.rehearsal.folder / "report.zip")) == 0
    assert "samlauth.http: GET " in walk.printed
    assert status in {0, 3, 4, 5, 6, 8, 9}, walk.printed
    assert "Traceback" not in walk.printed
    assert any((walk.rehearsal.home / ".aws" / "samlauth" / "flow").iterdir())
    walk.assert_kept()


WRONG = ["wrong+canary&pass%3", "wrong+canary&pass%2", "wrong+canary&pass%1"]


@pytest.mark.parametrize(
    "sort", [("google", "totp", "g1"), ("google", "totp", "v3"), ("adfs", "oath", None)], ids=str
)
@pytest.mark.parametrize(
    "fault", ["password", "code", "role", "proxy", "file", "bug", "stop", "trust"]
)
def test_every_failure(
    sort: Sort, fault: str, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = begin(sort)
    words: tuple[str, ...] = ()
    match fault:
        case "password":
            expected, walk.person.wrong[:] = 4, WRONG
        case "code":
            expected = 5
            wrong = iter(["918273645", "827364519", "736451928", "645192837"])
            monkeypatch.setattr(walk.person, "_code", lambda _: next(wrong))
        case "role":
            expected, words = 7, ("-r", "Nobody")
        case "proxy":
            expected = 9
            walk.rehearsal.environ["HTTPS_PROXY"] = "http://ada:canary+in+proxy@127.0.0.1:1"
            walk.rehearsal.environ.pop("https_proxy")
            walk.person.given.append("canary+in+proxy")
        case "file":
            expected = 10
            (walk.rehearsal.home / ".aws").mkdir()
            (walk.rehearsal.home / ".aws" / "credentials").mkdir()
        case "bug":
            expected = 1

            def fail(response: Any) -> None:  # noqa: ANN401 - whatever it is given
                raise ValueError(walk.rehearsal.password, response.base64)

            monkeypatch.setattr("samlauth.login.read_assertion", fail)
        case "stop":
            expected = 130

            def stop(challenge: AnyChallenge) -> object:
                if isinstance(challenge, EnterPassword):
                    return walk.rehearsal.password
                raise KeyboardInterrupt

            monkeypatch.setattr(walk.person, "answer", stop)
        case _:
            expected = 8
            monkeypatch.setattr("samlauth.sandbox.sts.STS._assume_role_with_saml", refuse)
    assert walk.sign_in(*words) == expected, walk.printed
    if (walk.rehearsal.home / ".aws" / "samlauth" / "failure").exists():
        walk.run("report", "-o", str(walk.rehearsal.folder / "report.zip"))
    if fault not in {"proxy", "stop"}:
        walk.assert_kept()


def refuse(_sts: object, parameters: dict[str, str], _region: object) -> Response:
    raise Fault("AccessDenied", f"Not authorized: {parameters['SAMLAssertion']}", 403)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_every_file_is_private_whatever_the_umask(umask: int, begin: Begin) -> None:
    walk = begin(("google", "totp", "v3"))
    before = os.umask(umask)
    try:
        assert walk.sign_in() == 0, walk.printed
        walk.person.wrong[:] = WRONG
        assert walk.sign_in("--force") == 4
        assert walk.run("report", "-o", str(walk.rehearsal.home / "report.zip")) == 0
    finally:
        os.umask(before)
    made = [path for path in walk.rehearsal.home.rglob("*") if not path.is_symlink()]
    assert len(made) > 10
    assert [path for path in made if path.stat().st_mode & 0o077] == []
