"""Packets through a file, as they come on Linux; what is written to a FIFO can be read from it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fido2.hid.base import FileCtapHidConnection, HidDescriptor

from samlauth.effects.security_key import connection
from samlauth.effects.security_key.connection import READER, Connection

OURS, ANOTHERS = b"\0\0\0\7".ljust(64, b"o"), b"\0\0\0\x09".ljust(64, b"a")


@pytest.fixture
def file(tmp_path: Path) -> FileCtapHidConnection:
    path = tmp_path / "key"
    os.mkfifo(path)
    descriptor = HidDescriptor(str(path), 0, 0, 64, 64, None, None)
    return FileCtapHidConnection(descriptor)  # type: ignore[no-untyped-call]  # it has no types


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SILENT", 0.05)


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    yield
    assert readers() == []


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == READER]


def is_open(file: FileCtapHidConnection) -> bool:
    try:
        os.fstat(file.handle)
    except OSError:
        return False
    return True


def ended() -> None:
    """Once every read is over."""
    for thread in readers():
        thread.join(20)


def test_packets_go_to_the_key_and_come_back(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    for packet in (OURS, OURS[:-1] + b"2"):
        key.write_packet(packet)
        assert key.read_packet() == packet
    ended()
    key.close()
    assert not is_open(file)


def test_packets_for_other_programs_are_passed(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    os.write(file.handle, ANOTHERS * 2)
    key.write_packet(OURS)
    assert key.read_packet() == OURS
    ended()
    key.close()


@pytest.mark.usefixtures("impatient")
def test_a_key_that_says_nothing_is_dead_from_then_on(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    with pytest.raises(TimeoutError):
        key.read_packet()
    (reader,) = readers()
    os.write(file.handle, OURS)
    ended()
    os.write(file.handle, OURS)
    with pytest.raises(TimeoutError):
        key.read_packet()
    assert not reader.is_alive()
    key.close()
    assert not is_open(file)


@pytest.mark.usefixtures("impatient")
def test_what_others_are_told_is_no_sign_of_life(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    key.write_packet(OURS)
    assert os.read(file.handle, 64) == OURS  # the key takes it, and answers somebody else
    os.write(file.handle, ANOTHERS)
    with pytest.raises(TimeoutError):
        key.read_packet()
    os.write(file.handle, OURS)
    ended()
    key.close()


@pytest.mark.usefixtures("impatient")
def test_a_file_is_not_closed_under_a_read(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    with pytest.raises(TimeoutError):
        key.read_packet()
    key.close()
    assert is_open(file)
    os.write(file.handle, OURS)
    ended()
    assert not is_open(file)


def test_nothing_is_read_once_it_is_closed(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    key.close()
    assert not is_open(file)
    with pytest.raises(OSError, match="Bad file descriptor"):
        key.read_packet()


def test_what_reading_raises_is_raised(file: FileCtapHidConnection) -> None:
    key = Connection(file)
    os.close(file.handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        key.read_packet()
    ended()
