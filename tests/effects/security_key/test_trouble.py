"""What keeps keys away, told from facts that are planted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from samlauth.effects.security_key import access
from samlauth.effects.security_key.trouble import Access, Facts, Node, judged, look

FIDO = bytes.fromhex("06d0f1 0901 a101")
MOUSE = bytes.fromhex("0501 0902 a101")


def linux(**more: object) -> Facts:
    return Facts("linux", installed=True, **more)  # type: ignore[arg-type]  # its own fields


def node(*, exists: bool = True, usable: bool = True) -> tuple[Node, ...]:
    return (Node("/dev/hidraw3", exists, usable),)


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        (Facts("linux", installed=False, nodes=node()), "not installed", "samlauth[fido2]"),
        (linux(nodes=node(usable=False)), "no permission", "/dev/hidraw3"),
        (linux(nodes=node(usable=False)), "no permission", "udev"),
        (linux(nodes=node(usable=False), container=True), "no permission", "as root"),
        (linux(container=True), "container", "docker run --device /dev/hidrawN"),
        (linux(container=True), "container", "Docker Desktop cannot"),
        (
            linux(nodes=node(exists=False, usable=False), container=True),
            "container",
            "A security key is plugged in, but containers see no",
        ),
        (
            linux(nodes=node(exists=False, usable=False), container=True),
            "container",
            "docker run --device /dev/hidraw3",
        ),
        (linux(wsl=True), "wsl", "usbipd"),
        (Facts("win32", installed=True), "windows", "administrator"),
    ],
)
def test_what_is_in_the_way_is_said_with_what_to_do(facts: Facts, state: str, words: str) -> None:
    found = judged(facts)
    assert found.state == state
    assert words in f"{found.message} {found.hint}"
    assert found.message.endswith(".")
    assert found.keys == 0


@pytest.mark.parametrize(
    "facts",
    [
        linux(),
        linux(nodes=node()),
        linux(nodes=node(), container=True),
        linux(nodes=node(), wsl=True),
        linux(nodes=node() + node(usable=False)),
        Facts("darwin", installed=True),
        Facts("win32", installed=True, admin=True),
    ],
)
def test_nothing_is_in_the_way(facts: Facts) -> None:
    assert judged(facts) == Access("ready", keys=1 if facts.nodes else 0)


def plant(root: Path, name: str, descriptor: bytes, *, mode: int | None = 0o600) -> None:
    place = root / "sys/class/hidraw" / name / "device"
    place.mkdir(parents=True)
    (place / "report_descriptor").write_bytes(descriptor)
    if mode is not None:
        (root / "dev").mkdir(exist_ok=True)
        (root / "dev" / name).touch(mode)


def test_a_computer_is_looked_at(tmp_path: Path) -> None:
    plant(tmp_path, "hidraw0", MOUSE)
    plant(tmp_path, "hidraw1", FIDO)
    plant(tmp_path, "hidraw2", FIDO, mode=None)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/version").write_text("Linux version 6.6.87.2-microsoft-standard-WSL2")
    (tmp_path / ".dockerenv").touch()
    found = look(tmp_path)
    assert found.nodes == (Node("/dev/hidraw1", True, True), Node("/dev/hidraw2", False, False))
    assert (found.platform, found.installed) == (sys.platform, True)
    assert found.wsl and found.container


def test_a_computer_without_any_of_it(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert (found.nodes, found.wsl, found.container) == ((), False, False)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.containerenv").touch()
    assert look(tmp_path).container


def test_this_computer_can_be_looked_at() -> None:
    assert access().state in {"ready", "no permission", "container", "wsl", "windows"}
