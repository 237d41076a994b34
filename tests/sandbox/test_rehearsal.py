from __future__ import annotations

import base64
import contextlib
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.web import Request, Response

from .browser import Browser


def test_the_sandbox_costs_nothing_until_it_is_used() -> None:
    heavy = "{'moto', 'flask', 'trustme', 'signxml', 'botocore', 'bs4', 'lxml', 'cryptography'}"
    program = (
        "import sys, samlauth.sandbox, samlauth.commands.rehearse; "
        f"print(sorted({heavy} & sys.modules.keys()))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert printed.stdout == "[]\n"


def test_the_environment_is_the_rehearsals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = (
        "AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SHARED_CREDENTIALS_FILE SAMLAUTH_ROLE_ARN "
        "GOOGLE_USERNAME GSTS_IDP_ID DURATION U2F_DISABLED RESOLVE_AWS_ALIASES NO_PROXY no_proxy "
        "ALL_PROXY XDG_CONFIG_HOME XDG_DATA_HOME DBUS_SESSION_BUS_ADDRESS SSL_CERT_DIR "
        "PYTHONPATH PYTHONSTARTUP SSH_AUTH_SOCK"
    )
    for name in strangers.split():
        monkeypatch.setenv(name, "stranger")
    for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE", "HOME"):
        monkeypatch.setenv(name, "stranger")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    with Rehearsal() as rehearsal:
        environ = rehearsal.environ
    assert "stranger" not in environ.values()
    assert (environ["TERM"], environ["LC_ALL"]) == ("xterm-256color", "C.UTF-8")
    assert environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert environ["PATH"].endswith(os.environ["PATH"])
    bundle = str(rehearsal.bundle)
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        assert environ[name] == bundle
    assert environ["HTTPS_PROXY"] == environ["https_proxy"] == environ["http_proxy"]
    assert environ["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environ["PYTHON_KEYRING_BACKEND"] == "keyring.backends.null.Keyring"
    assert environ["HOME"] == str(rehearsal.home)


def test_the_folders_are_private(rehearsal: Rehearsal) -> None:
    for path in (rehearsal.folder, rehearsal.home, Path(rehearsal.environ["TMPDIR"])):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert list(rehearsal.home.iterdir()) == []


def open_files() -> set[str]:
    return {
        f"{entry.name} {entry.readlink()}"
        for entry in Path("/proc/self/fd").iterdir()
        if entry.exists()
    }


def test_nothing_is_left() -> None:
    threads = set(threading.enumerate())
    files = open_files() if Path("/proc/self/fd").exists() else set()
    with Rehearsal() as rehearsal, Browser(rehearsal) as browser:
        browser.sign_in()
        idle = socket.create_connection(("127.0.0.1", rehearsal.proxy.port), timeout=10)
        (rehearsal.home / ".aws").mkdir()
        (rehearsal.home / ".aws" / "credentials").write_text("x")
        assert set(threading.enumerate()) - threads
    with idle, contextlib.suppress(ConnectionResetError):  # reset, if it was not yet accepted
        assert idle.recv(1) == b""
    assert set(threading.enumerate()) == threads
    assert not rehearsal.folder.exists()
    if files:
        assert open_files() == files
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", rehearsal.proxy.port), timeout=10)


def test_nothing_is_left_of_a_start_that_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    threads = set(threading.enumerate())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rehearsal = Rehearsal()
    monkeypatch.setattr("samlauth.sandbox.rehearsal.Proxy.url", property(lambda self: 1 / 0))
    with pytest.raises(ZeroDivisionError), rehearsal:
        raise AssertionError("not reached")
    assert set(threading.enumerate()) == threads
    assert list(tmp_path.iterdir()) == []


def test_two_rehearsals_know_nothing_of_each_other() -> None:
    with Rehearsal(pages="g2") as one, Rehearsal(pages="v3") as two:
        assert one.password != two.password
        with Browser(one) as browser:
            browser.sign_in()
        assert (one.google.assertions, two.google.assertions) == (1, 0)
        with Browser(two) as browser:
            browser.session.verify = str(one.bundle)
            with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
                browser.open()


def test_the_command_that_shows_the_code(rehearsal: Rehearsal) -> None:
    shown = subprocess.run(
        [rehearsal.show_code.stem],
        env=rehearsal.environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert rehearsal.authenticator.verify(shown.stdout.strip())


def test_the_command_that_is_the_telephone(rehearsal: Rehearsal) -> None:
    def say(*words: str) -> str:
        return subprocess.run(
            [rehearsal.use_phone.stem, *words],
            env=rehearsal.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    prompt = rehearsal.phone.ask(seconds=60, numbered=True)
    assert prompt.number in say()
    assert say("tap", prompt.number) == "Tapped.\n"
    assert rehearsal.phone.answer(prompt) == "yes"


def test_leaving_does_not_wait_for_a_poll() -> None:
    with Rehearsal(mfa="prompt", poll_seconds=600) as rehearsal:
        prompt = rehearsal.phone.ask(seconds=600, numbered=False)
        waiting = threading.Thread(target=rehearsal.phone.wait, args=(prompt, 600))
        waiting.start()
    waiting.join(10)
    assert not waiting.is_alive()


def test_every_cookie_that_was_handed_out_is_known(rehearsal: Rehearsal) -> None:
    with Browser(rehearsal) as browser:
        browser.sign_in()
        assert {c.value for c in browser.session.cookies} <= set(rehearsal.google.handed_out)
    assert len(rehearsal.google.handed_out) == 5  # the visit's one was renewed after the address


def test_a_fault_of_its_own_does_not_pass_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, request: Request) -> Response:
        raise ZeroDivisionError

    monkeypatch.setattr("samlauth.sandbox.google.idp.Google.__call__", fail)
    with (
        pytest.raises(ZeroDivisionError),
        Rehearsal() as rehearsal,
        Browser(rehearsal) as browser,
        pytest.raises(OSError, match="closed connection without response"),
    ):
        browser.open()


def test_the_session_duration_is_in_the_assertion() -> None:
    with Rehearsal(session_duration=7200) as rehearsal, Browser(rehearsal) as browser:
        browser.sign_in()
        assert b">7200<" in base64.b64decode(browser.saml_response)
