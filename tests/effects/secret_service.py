"""A real Secret Service: gnome-keyring on a D-Bus of its own, with nothing of the machine's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jeepney.io.blocking import (  # type: ignore[import-untyped]  # it has no types
        DBusConnection,
    )

PARTS = ("dbus-daemon", "gnome-keyring-daemon")
NAME = "org.freedesktop.secrets"

# Of its own, for the usual one starts a second daemon where the first is not there yet, or no more.
CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class SecretService:
    """One that runs, unlocked; ``environ`` is what a program needs to find it."""

    def __init__(self, folder: Path, address: str, daemon: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.environ = {"DBUS_SESSION_BUS_ADDRESS": address}
        self._daemon = daemon

    def lock(self) -> None:
        """As when the session is locked: only a person could unlock it, and there is no display."""
        import secretstorage

        with closing(_bus(self.environ["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            secretstorage.get_default_collection(bus).lock()

    def items(self) -> dict[tuple[str, str], str]:
        """Service and user name to secret, of everything in it, as another program reads it."""
        import secretstorage

        with closing(_bus(self.environ["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            found = list(secretstorage.get_default_collection(bus).get_all_items())
            return {
                (attributes["service"], attributes["username"]): item.get_secret().decode()
                for item in found
                for attributes in [item.get_attributes()]
                if {"service", "username"} <= attributes.keys()
            }

    def keep(self, service: str, username: str, secret: str) -> None:
        """Put it there as the keyring library does, in another program."""
        import secretstorage

        with closing(_bus(self.environ["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            attributes = {
                "service": service, "username": username, "application": "Python keyring library"
            }  # fmt: skip
            collection = secretstorage.get_default_collection(bus)
            collection.create_item("kept", attributes, secret.encode(), replace=True)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It is there and answers nothing."""
        self._daemon.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._daemon.send_signal(signal.SIGCONT)


def _bus(address: str) -> DBusConnection:
    from jeepney.io.blocking import open_dbus_connection

    return open_dbus_connection(address)


def _await_service(address: str) -> None:
    """Until the daemon has its name on the bus."""
    from jeepney import (  # type: ignore[import-untyped]  # it has no types
        MatchRule,
        message_bus,
    )
    from jeepney.io.blocking import Proxy

    rule = MatchRule(
        type="signal",
        sender=message_bus.bus_name,
        interface=message_bus.interface,
        member="NameOwnerChanged",
        path=message_bus.object_path,
    )
    rule.add_arg_condition(0, NAME)
    with closing(_bus(address)) as bus, bus.filter(rule) as changes:
        proxy = Proxy(message_bus, bus)
        proxy.AddMatch(rule)
        if not proxy.NameHasOwner(NAME)[0]:
            bus.recv_until_filtered(changes, timeout=20)


def require_parts() -> None:
    """Skip where they are not installed; in CI that is a failure."""
    missing = [name for name in PARTS if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{', '.join(missing)} not installed")
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")


@contextmanager
def running() -> Iterator[SecretService]:
    """Start the bus and the daemon; both end with the block."""
    require_parts()
    # Not pytest's own folder: the path of a socket has 108 characters at most.
    with tempfile.TemporaryDirectory(prefix="ring-") as name:
        folder = Path(name)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "XDG_DATA_HOME": name,
            "XDG_RUNTIME_DIR": name,
        }
        config = folder / "bus.conf"
        config.write_text(CONFIG.format(path=folder / "bus"))
        bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        daemon = None
        try:
            assert bus.stdout is not None
            address = bus.stdout.readline().decode().strip()
            daemon = subprocess.Popen(
                ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
                env={**environ, "DBUS_SESSION_BUS_ADDRESS": address},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert daemon.stdin is not None
            daemon.stdin.write(b"the keyring's own")
            daemon.stdin.close()
            _await_service(address)
            yield SecretService(folder, address, daemon)
        finally:
            for process in (daemon, bus):
                if process is not None:
                    process.send_signal(signal.SIGCONT)
                    process.terminate()
                    process.wait(10)
                    for pipe in (process.stdin, process.stdout):
                        if pipe is not None:
                            pipe.close()


@contextmanager
def hanging() -> Iterator[dict[str, str]]:
    """What a program needs to find a D-Bus that takes connections and says nothing."""
    require_parts()  # what cannot be had here cannot hang here
    with tempfile.TemporaryDirectory(prefix="ring-") as name, socket.socket(socket.AF_UNIX) as bus:
        bus.bind(f"{name}/bus")
        bus.listen(8)
        yield {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={name}/bus"}
