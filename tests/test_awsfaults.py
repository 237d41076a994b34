"""Which lines AWS's tools refuse a file for: as configparser, which they read it with, sees it."""

from __future__ import annotations

import configparser
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlauth.awsfiles.faults import Meaningless, Repeated, faults, without_repeats
from samlauth.errors import FileError


def refused(data: bytes) -> bool:
    """Whether botocore's parser refuses the file."""
    try:
        configparser.RawConfigParser().read_string(data.decode())
    except configparser.Error:
        return True
    return False


def sections(data: bytes) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(data.decode())
    return {name: dict(parser[name]) for name in parser}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"[a]\nx = 1\n[b]\nx = 1\n", []),
        (b"[a]\nx = 1\n  x = 1\n", []),  # the value goes on
        (b"[a]\nx = 1\n# x = 1\n; x = 1\n\n", []),
        (b"[a]\nx = 1\nX : 1\n", [Repeated("a", "x", 2, 3, same=True)]),
        (b"[a]\nx = 1\nx = 2\nx = 1\n", [
            Repeated("a", "x", 2, 3),
            Repeated("a", "x", 2, 4, same=True),
        ]),
        (b"[a]\ns3 =\n  x = 1\ns3 =\n  x = 2\n", [Repeated("a", "s3", 2, 4)]),
        (b"[a]\nx = 1\n[a]\nx = 1\n", [Repeated("a", "", 1, 3)]),
        (b"[profile a]\n[profile 'a']\n", [Repeated("profile 'a'", "", 1, 2, exact=False)]),
        (b"[DEFAULT]\nx = 1\n[DEFAULT]\ny = 1\n", []),
        (b"x = 1\n[a]\n", [Meaningless(1)]),
        (b"[a]\r\nwhat\r\n= 1\r\n", [Meaningless(2), Meaningless(3)]),
        (b"\xef\xbb\xbf[a]\nx = 1\n", []),
    ],
)  # fmt: skip
def test_what_is_found(data: bytes, found: list[Repeated | Meaningless]) -> None:
    assert list(faults(data)) == found


LINES = st.sampled_from("""\
[a]
[b]
[profile a]
 [a]
x = 1
x=2
X: 1
y =
  x = 1
    y = 1
\tx = 1
= 1
what
# c

""".splitlines())  # fmt: skip
FILES = st.lists(LINES, max_size=12).map(lambda lines: ("\n".join(lines) + "\n").encode())


@given(FILES)
def test_a_file_is_refused_where_a_line_is_found(data: bytes) -> None:
    inexact = [one for one in faults(data) if isinstance(one, Repeated) and not one.exact]
    assert refused(data) == (len(list(faults(data))) > len(inexact))


@given(FILES)
def test_what_is_taken_out_changes_nothing_else(data: bytes) -> None:
    try:
        new = without_repeats(data)
    except FileError as error:
        assert "line " in error.message
        return
    left = list(faults(new))
    assert not any(isinstance(fault, Repeated) and fault.same for fault in left)
    if not any(isinstance(fault, Meaningless) for fault in faults(data)):
        assert list(sections(new)) == list(sections(data))
        if not left:
            assert sections(new) == sections(data)


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    list(faults(data))
    with suppress(FileError):
        assert without_repeats(without_repeats(data)) == without_repeats(data)


def test_comments_around_stay() -> None:
    data = b"[a]\n# one\nx = 1\n# two\nx = 1\n# three\n\n[b]\ny = 1\n"
    assert without_repeats(data) == b"[a]\n# one\nx = 1\n# two\n# three\n\n[b]\ny = 1\n"
