"""``--saml-assertion VALUE``: where the response comes from."""

from __future__ import annotations

import io
import os
import pty
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from samlauth.effects.handed import MOST, handed
from samlauth.errors import FileError

RESPONSE = "PHNhbWxwOlJlc3BvbnNlPg+/" * 20 + "=="


def stdin(data: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data), encoding="ascii")


def read(value: str, data: bytes = b"") -> tuple[str | None, list[str]]:
    warnings: list[str] = []
    return handed(value, stdin(data), warnings.append), warnings


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    ],
    ids=["UTF-8", "with a byte order mark", "UTF-16", "UTF-16, the other way round"],
)
def test_a_dash_is_standard_input(encode: Callable[[str], bytes]) -> None:
    assert read("-", encode(RESPONSE)) == (RESPONSE, [])


def test_bytes_that_are_no_text_are_no_fault_of_ours() -> None:
    assert read("-", b"\xff\xff\x00") == ("\ufffd\ufffd\0", [])


def test_where_standard_input_is_a_terminal_the_person_is_asked() -> None:
    ours, theirs = pty.openpty()
    try:
        with os.fdopen(theirs, encoding="utf-8") as terminal:
            assert handed("-", terminal, lambda _: None) is None
    finally:
        os.close(ours)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("response.b64", "response.b64"),
        ("{here}/response", "response"),
        ("~/response", "response"),
        ("file://{here}/response", "response"),
        ("file://localhost{here}/response", "response"),
        ("file://response", "response"),
        ("file://{here}/a%20response", "a response"),
        ("file://{here}/100%25", "100%25"),
        ("a" * 240, "a" * 240),
        ("-x", "-x"),
    ],
)
def test_a_file_is_read(value: str, name: str, here: Path) -> None:
    (here / name).write_text(RESPONSE)
    assert read(value.replace("{here}", str(here))) == (RESPONSE, [])


def test_what_a_shell_substitutes_is_read(here: Path) -> None:
    fifo = here / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_text(RESPONSE))
    writer.start()
    assert read(str(fifo)) == (RESPONSE, [])
    writer.join()


@pytest.mark.parametrize(
    "value", [RESPONSE, RESPONSE * 300, f"'{RESPONSE}'", "<samlp:Response>", "SAMLResponse=abc", "a" * 300 + "\n" + "b" * 9]
)  # fmt: skip
def test_the_response_itself_is_taken_with_a_warning(value: str, here: Path) -> None:
    text, warnings = read(value)
    assert text == value
    [warning] = warnings
    assert "every user of this computer can see it" in warning
    assert "\n" not in warning
    assert value not in warning


@pytest.mark.parametrize("value", ["missing", "file://missing", "~/missing", "a\0b", "", "~nobody-of-that-name/x", "x" * 199, "n/" * 50, "file://" + "x" * 5000])  # fmt: skip
def test_a_file_that_is_not_there_is_named(value: str, here: Path) -> None:
    with pytest.raises(FileError, match="could not be read from") as caught:
        read(value)
    assert caught.value.exit_code == 10
    assert "standard input" in caught.value.hint
    assert len(caught.value.message) < 260


def test_so_is_a_folder(here: Path) -> None:
    with pytest.raises(FileError, match=r"Is a directory"):
        read(str(here))


@pytest.mark.parametrize("value", ["-", "big"])
def test_what_is_far_too_large_is_not_read_to_its_end(value: str, here: Path) -> None:
    (here / "big").write_bytes(b"A" * (MOST + 1))
    with pytest.raises(FileError, match=r"more than 1,000,000 bytes"):
        read(value, b"A" * (MOST + 1))


def test_a_large_one_is_left_to_who_reads_it() -> None:
    assert read("-", b"A" * MOST) == ("A" * MOST, [])
