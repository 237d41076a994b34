"""The keyring, by real parts: a Secret Service, files, and what there is without either."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import SecretService as Backend
from keyring.backends import chainer, fail, null
from keyrings.alt import file as files  # type: ignore[import-untyped]  # it has no types

from samlauth.effects.ring import SERVICE, Ring, entry, look
from tests.effects import secret_service
from tests.effects.secret_service import SecretService

ADA = entry("ada@example.com", "https://accounts.google.com")

# A keyring that is locked, or does not answer, leaves its connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def use() -> Iterator[Callable[[KeyringBackend], None]]:
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(10)
            assert not thread.is_alive()
    gc.collect()  # here, where its warnings belong


Use = Callable[[KeyringBackend], None]


@pytest.fixture
def service(use: Use, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    with secret_service.running() as running:
        for name, value in running.environ.items():
            monkeypatch.setenv(name, value)
        use(Backend.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        yield running


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def ring(warnings: list[str]) -> Ring:
    """On a computer without a display."""
    return Ring(warnings.append, environ={})


def encrypted(folder: Path, key: str | None) -> KeyringBackend:
    backend: Any = files.EncryptedKeyring()
    backend.file_path = str(folder / "crypted_pass.cfg")
    if key is not None:
        backend.keyring_key = key
    return cast("KeyringBackend", backend)


def test_a_name_says_who_and_where() -> None:
    assert ADA == "ada@example.com at https://accounts.google.com"
    assert entry("ada", "https://adfs.example.com", "session key").startswith("session key of ada ")


def test_what_is_put_there_is_there_until_it_is_removed(
    service: SecretService, ring: Ring, warnings: list[str]
) -> None:
    assert ring.get(SERVICE, ADA) is None
    assert ring.put(ADA, "žluťoučký")
    assert service.items() == {("samlauth", ADA): "žluťoučký"}
    assert ring.get(SERVICE, ADA) == "žluťoučký"
    assert ring.remove(ADA)
    assert service.items() == {}
    assert ring.remove(ADA)
    assert warnings == []


def test_an_empty_secret_is_not_the_same_as_none(service: SecretService, ring: Ring) -> None:
    assert ring.put(ADA, "")
    assert ring.get(SERVICE, ADA) == ""
    assert service.items() == {("samlauth", ADA): ""}


def test_another_service_is_read_and_left(service: SecretService, ring: Ring) -> None:
    keyring.set_password("aws-google-auth", "ada", "theirs\n")
    assert ring.get("aws-google-auth", "ada") == "theirs\n"
    ring.remove("ada")
    assert service.items() == {("aws-google-auth", "ada"): "theirs\n"}


def test_a_locked_one_is_said_once(service: SecretService, ring: Ring, warnings: list[str]) -> None:
    ring.put(ADA, "secret")
    service.lock()
    assert Ring(warnings.append, environ={}).get(SERVICE, ADA) is None
    assert ring.get(SERVICE, ADA) is None
    assert not ring.put(ADA, "other")
    assert len(warnings) == 2
    assert all("it is locked" in warning for warning in warnings)


def test_one_that_does_not_answer_is_given_up(service: SecretService, warnings: list[str]) -> None:
    ring = Ring(warnings.append, environ={"DISPLAY": ":0"}, probe=0.3)
    with service.stopped():
        started = time.monotonic()
        assert ring.get(SERVICE, ADA) is None
        assert ring.get(SERVICE, ADA) is None
        assert time.monotonic() - started < 2
    assert ["it does not answer" in warning for warning in warnings] == [True]


def test_a_bus_that_does_not_answer_is_given_up(
    use: Use, monkeypatch: pytest.MonkeyPatch, warnings: list[str]
) -> None:
    use(Backend.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    with secret_service.hanging() as environ:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", environ["DBUS_SESSION_BUS_ADDRESS"])
        started = time.monotonic()
        assert Ring(warnings.append, environ={"DISPLAY": ":0"}, probe=0.3).get("a", "b") is None
        assert time.monotonic() - started < 2
    assert ["it does not answer" in warning for warning in warnings] == [True]


class Asking(KeyringBackend):
    """One that shows a window, and answers when the person has."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.answered.wait()
        return "secret"

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


def test_a_person_whom_it_asks_in_a_window_has_longer(use: Use) -> None:
    backend = Asking()
    use(backend)
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        backend.answered.set()

    ring = Ring(tell, environ={"WAYLAND_DISPLAY": "w"}, probe=0.05)
    assert ring.get(SERVICE, ADA) == "secret"
    assert len(told) == 1
    assert "window" in told[0]


def test_where_there_is_no_window_nobody_is_waited_for(use: Use, warnings: list[str]) -> None:
    backend = Asking()
    use(backend)
    assert Ring(warnings.append, environ={}, probe=0.05).get(SERVICE, ADA) is None
    backend.answered.set()
    assert "it does not answer" in warnings[0]


def test_a_computer_without_a_keyring_is_told_so(use: Use, ring: Ring, warnings: list[str]) -> None:
    use(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    assert ring.get(SERVICE, ADA) is None
    assert "this machine has none" in warnings[0]


def test_one_that_keeps_nothing_is_seen_through(use: Use, ring: Ring) -> None:
    use(null.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    assert not ring.put(ADA, "secret")


def test_a_file_in_the_clear_is_used_only_when_it_is_named(
    use: Use, tmp_path: Path, ring: Ring, warnings: list[str]
) -> None:
    backend = files.PlaintextKeyring()
    backend.file_path = str(tmp_path / "keyring_pass.cfg")
    use(backend)
    assert not ring.put(ADA, "secret")
    assert not (tmp_path / "keyring_pass.cfg").exists()
    assert "unencrypted" in warnings[0]
    assert "PYTHON_KEYRING_BACKEND=keyrings.alt.file.PlaintextKeyring allows it" in warnings[0]
    named = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    assert Ring(warnings.append, environ=named).put(ADA, "secret")
    assert (tmp_path / "keyring_pass.cfg").exists()


def test_naming_another_does_not_allow_it(use: Use, ring: Ring, warnings: list[str]) -> None:
    use(files.PlaintextKeyring())
    named = {"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}
    assert not Ring(warnings.append, environ=named).put(ADA, "secret")


class Chain(chainer.ChainerBackend):
    """What the library chooses by itself where several are installed."""

    backends: tuple[KeyringBackend, ...] = ()


def test_a_chain_falls_back_to_nothing(
    use: Use, tmp_path: Path, ring: Ring, warnings: list[str]
) -> None:
    first, second = Asking(), files.PlaintextKeyring()
    first.answered.set()
    second.file_path = str(tmp_path / "keyring_pass.cfg")
    chain = Chain()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    chain.backends = (first, second)
    use(chain)
    assert ring.get(SERVICE, ADA) == "secret"
    assert not ring.put(ADA, "secret")
    assert not (tmp_path / "keyring_pass.cfg").exists()
    chain.backends = (second,)
    assert not Ring(warnings.append, environ={}).put(ADA, "secret")
    assert "unencrypted" in warnings[-1]
    chain.backends = ()
    assert not Ring(warnings.append, environ={}).put(ADA, "secret")
    assert "this machine has none" in warnings[-1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the backend's own
def test_an_encrypted_file_is_used(
    use: Use, tmp_path: Path, ring: Ring, warnings: list[str]
) -> None:
    use(encrypted(tmp_path, "its own password"))
    assert ring.put(ADA, "secret"), warnings
    assert ring.get(SERVICE, ADA) == "secret"
    assert ring.put(ADA, "")
    assert ring.get(SERVICE, ADA) == ""
    assert ring.remove(ADA)
    assert "secret" not in (tmp_path / "crypted_pass.cfg").read_text()


ASKS = """\
import sys
from pathlib import Path
import keyring
from samlauth.effects.ring import Ring
from tests.effects.test_ring import encrypted
keyring.set_keyring(encrypted(Path(sys.argv[1]), None))
print(Ring(print).get("samlauth", "ada"))
print(sys.stdin.read())
"""


def test_a_file_that_asks_for_its_password_does_not_read_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKS, str(tmp_path)],
        input="mine",
        cwd=Path(__file__).parents[2],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    warning, found, left = done.stdout.splitlines()
    assert "there is no terminal" in warning
    assert (found, left) == ("None", "mine")


# Looked at, and nobody asked


def test_a_keyring_that_works_is_named(service: SecretService) -> None:
    service.keep(SERVICE, ADA, "secret")
    assert look({}) == ("keyring.backends.SecretService.Keyring", "")
    assert service.items() == {(SERVICE, ADA): "secret"}


def test_a_locked_one_is_not_asked_to_open(service: SecretService, ring: Ring) -> None:
    ring.put(ADA, "secret")
    service.lock()
    started = time.monotonic()
    assert look({"DISPLAY": ":0"}) == ("keyring.backends.SecretService.Keyring", "it is locked")
    assert time.monotonic() - started < 2


def test_one_that_hangs_is_looked_at_for_so_long_alone(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(Backend.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    with secret_service.hanging() as environ:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", environ["DBUS_SESSION_BUS_ADDRESS"])
        started = time.monotonic()
        assert look({"DISPLAY": ":0"}, 0.3) == ("", "it does not answer")
        assert time.monotonic() - started < 2


def test_what_cannot_keep_secrets_is_said(use: Use, tmp_path: Path) -> None:
    use(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    assert look({}) == ("keyring.backends.fail.Keyring", "this machine has none")
    use(files.PlaintextKeyring())
    assert "stores passwords unencrypted" in look({})[1]
    use(encrypted(tmp_path, "key"))
    assert look({}) == ("keyrings.alt.file.EncryptedKeyring", "")
