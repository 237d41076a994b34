"""Whether security keys can be used here, and if not, why: for the login, and for a look at it.

Linux tells every user which devices there are, in ``/sys``, and lets only some of them open one, in
``/dev``: so a key that is there and out of reach can be told from one that is not there.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from samlauth.effects.extras import adding
from samlauth.printable import safe

INSTALL: Final = adding("fido2")

_FIDO: Final = bytes.fromhex("06d0f1")
"""How the description of a FIDO device begins: usage page 0xF1D0 (CTAP §11.2.8.2)."""


@dataclass(frozen=True)
class Node:
    """A security key that Linux sees, by its device file."""

    path: str
    exists: bool
    """Whether the file is there: a container has its own ``/dev`` and the host's ``/sys``."""
    usable: bool
    """Whether this user may read and write it."""


@dataclass(frozen=True)
class Facts:
    """What the computer is like, as far as keys go."""

    platform: str
    """As ``sys.platform``."""
    installed: bool
    """Whether python-fido2 is."""
    container: bool = False
    wsl: bool = False
    admin: bool = False
    """Whether the process may do anything, which matters on Windows alone."""
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Access:
    """Whether a key could be used, were it plugged in."""

    state: str
    """``ready``, ``not installed``, ``no permission``, ``container``, ``wsl``, ``windows``."""
    message: str = ""
    """What is in the way, a sentence; empty when nothing is."""
    hint: str = ""
    """What to do about it."""
    keys: int = 0
    """How many are plugged in and usable, where that is known (Linux)."""


def access() -> Access:
    """Whether security keys can be used by this user on this computer. No key is talked to."""
    return judged(look())


def look(root: Path = Path("/")) -> Facts:
    """The facts; ``root`` is where the file system begins."""
    return Facts(
        platform=sys.platform,
        installed=find_spec("fido2") is not None,
        container=any((root / name).exists() for name in (".dockerenv", "run/.containerenv")),
        wsl="microsoft" in _read(root / "proc/version").decode("latin-1").lower(),
        admin=_is_admin(),
        nodes=tuple(_nodes(root)),
    )


def judged(facts: Facts) -> Access:
    """What the facts mean for whoever wants to use a key."""
    usable = sum(node.usable for node in facts.nodes)
    barred = [node for node in facts.nodes if node.exists and not node.usable]
    hidden = [node for node in facts.nodes if not node.exists]
    if not facts.installed:
        return Access(
            "not installed",
            "Security keys need a package that is not installed: fido2.",
            f"Install samlauth with its extra: {INSTALL}",
        )
    if usable:
        return Access("ready", keys=usable)
    if barred:
        named = " and ".join(safe(node.path, 60) for node in barred)
        return Access(
            "no permission",
            f"A security key is plugged in, and this user may not open it ({named}).",
            "Run the container as a user that may read and write it, such as root."
            if facts.container
            else "It is opened to who sits at the computer, not to a session over ssh. If you do sit "
            "there, udev's rules for security keys are missing (Debian, Ubuntu: sudo apt install "
            "libu2f-udev): plug it in again when they are there.",
        )
    if facts.container:
        named = safe(hidden[0].path, 60) if hidden else "/dev/hidrawN"
        seen = "A security key is plugged in, but containers" if hidden else "Containers"
        return Access(
            "container",
            f"{seen} see no security keys by themselves.",
            f"Give it this one when it starts: docker run --device {named} (Linux hosts alone)."
            if hidden
            else "Give it one when it starts, on a Linux host: docker run --device "
            f"{named}. Docker Desktop cannot.",
        )
    if facts.wsl:
        return Access(
            "wsl",
            "WSL sees no security keys by itself.",
            "Attach the key from Windows with usbipd (usbipd attach --wsl), or sign in with "
            "samlauth on Windows.",
        )
    if facts.platform == "win32" and not facts.admin:
        return Access(
            "windows",
            "Windows lets programs talk to security keys only when they run as an administrator.",
            "Run it in a terminal that does.",
        )
    return Access("ready")


def _nodes(root: Path) -> list[Node]:
    try:
        entries = sorted((root / "sys/class/hidraw").iterdir())
    except OSError:
        return []
    return [
        Node(f"/dev/{entry.name}", device.exists(), os.access(device, os.R_OK | os.W_OK))
        for entry in entries
        if _read(entry / "device/report_descriptor").startswith(_FIDO)
        for device in [root / "dev" / entry.name]
    ]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _is_admin() -> bool:
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    else:
        return os.geteuid() == 0
