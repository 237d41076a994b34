"""Packets to and from a security key, none of which is waited for without end."""

from __future__ import annotations

import errno
import os
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from fido2.hid.base import CtapHidConnection

_SILENT: Final = 3.0
"""Seconds after which a key that says nothing is dead. One at work says so every 100 ms (CTAP 2.1
§11.2.9.1.7), and those of U2F's days are done by then (U2FHID_TRANS_TIMEOUT in u2f_hid.h)."""

_CHANNEL: Final = 4
"""Bytes of a packet that say whose it is (CTAP 2.1 §11.2.4)."""

READER: Final = "security key's packet"
"""Name of the thread that reads one."""


class Connection(CtapHidConnection):
    """A connection of python-fido2's, whose reads end: those on Linux and Windows do not."""

    def __init__(self, real: CtapHidConnection) -> None:
        self._real = real
        self._lock = threading.Lock()
        self._reading = False
        self._closed = False
        self._dead = False
        self._channel = b""

    def write_packet(self, data: bytes) -> None:
        """Send one packet; the kernel waits for no key without end. Raises OSError."""
        self._channel = data[:_CHANNEL]
        self._real.write_packet(data)

    def read_packet(self) -> bytes:
        """The next packet for us: on Linux every program is given those for the others, too.

        Raises TimeoutError when there is none for so long that the key is dead, from then on at once;
        and OSError as python-fido2 does.
        """
        until = time.monotonic() + _SILENT
        while not self._dead:
            packet = self._begin()
            try:
                data = packet.result(max(0.0, until - time.monotonic()))
            except TimeoutError:
                self._dead = True
            else:
                if data[:_CHANNEL] == self._channel:
                    return data
        raise TimeoutError

    def close(self) -> None:
        """Let go of the key; when a read has not ended, once it has.

        What is closed under a read keeps its number for the next file to be opened, and the read.
        """
        with self._lock:
            self._closed = True
            if self._reading:
                return
        self._real.close()

    def _begin(self) -> Future[bytes]:
        """Have the next packet read on a thread of its own. Raises OSError when all is closed."""
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._reading = True
        packet: Future[bytes] = Future()
        threading.Thread(target=self._read, args=(packet,), name=READER, daemon=True).start()
        return packet

    def _read(self, packet: Future[bytes]) -> None:
        data, fault = b"", None
        try:
            data = self._real.read_packet()
        except BaseException as error:  # noqa: BLE001 - whoever waits is to see it
            fault = error
        with self._lock:
            self._reading = False
            closed = self._closed
        if closed:
            with suppress(OSError):
                self._real.close()
        if fault is None:
            packet.set_result(data)
        else:
            packet.set_exception(fault)
