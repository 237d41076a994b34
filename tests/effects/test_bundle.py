"""A bundle that was made is read again; one that somebody made to do harm does none."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlauth.effects import bundle
from samlauth.errors import FileError, UsageError
from samlauth.flow import Page
from samlauth.reports import Event, Report, Seen, decode, encode
from samlauth.testing import reported

REPORT = Report(
    "2026-11-22T06:00:00Z",
    "google",
    "PageUnreadable",
    6,
    ("samlauth/html.py:1 in f",),
    {"samlauth": "0.1.0"},
    (Event(0.0, "GET accounts.google.com/", 0.1, 200, 0), Event(0.5, "EnterCode", 3.25)),
    (
        Seen(Page("https://accounts.google.com/", 200, "<p>\n</p>"), "Code totp"),
        Seen(Page("", 401, "", authenticate=("negotiate",), elsewhere="https://x.invalid/"), ""),
        Seen(Page("", 200, ""), "Menu", withheld=True),
    ),
)


def test_one_that_is_not_there_says_nothing_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file") as missing:
        bundle.read(tmp_path / "none.zip")
    assert missing.value.hint == "See its path and its mode."


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "report.zip"
    bundle.write(REPORT, path)
    assert reported(path) == bundle.read(path) == REPORT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert decode(encode(REPORT)) == REPORT
    with zipfile.ZipFile(path) as made:
        assert made.namelist() == [
            "README.txt",
            "run.json",
            "pages/01-Code-totp.html",
            "pages/02-page.html",
            "pages/03-Menu.html",
        ]


def test_the_same_report_is_the_same_bundle(tmp_path: Path) -> None:
    for name in ("one", "two"):
        bundle.write(REPORT, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    for taken in (tmp_path / "file", tmp_path / "link"):
        if taken.name == "file":
            taken.write_text("mine")
        else:
            taken.symlink_to(tmp_path / "nowhere")
        with pytest.raises(UsageError):
            bundle.write(REPORT, taken)
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(FileError):
        bundle.write(REPORT, tmp_path / "no" / "folder")


def zipped(**files: str | bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "/"), data)
    return content.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 and no more",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"format": 2}',
        b'{"format": 1, "when": 1e999}',
        b"[" * 100_000,
        zipped(other="x"),
        zipped(**{"run.json": "[]"}),
        zipped(**{"run.json": encode(REPORT).replace("0.25", "[]").replace("3.25", "{}")}),
        zipped(**{"run.json": " " * 30_000_000}),
        b"x" * 20_000_001,
    ],
)
def test_what_is_no_report_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(FileError) as refused:
        bundle.read(path)
    assert refused.value.hint


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_what_was_damaged_on_its_way_is_said_to_be_that(method: int, tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr(zipfile.ZipInfo("run.json"), encode(REPORT, bodies=False) * 9, method)
    data = bytearray(content.getvalue())
    for place in range(40, 60):
        data[place] ^= 0xFF
    path = tmp_path / "report.zip"
    path.write_bytes(data)
    with pytest.raises(FileError, match="cannot be read as a report"):
        bundle.read(path)


def test_nothing_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "in" / "file"
    path.parent.mkdir()
    run = encode(REPORT, bodies=False)
    path.write_bytes(
        zipped(**{"run.json": run, "../../evil": "x", "pages/01-..html": "x", "/tmp/evil": "x"})
    )
    assert bundle.read(path).pages[0].page.body == ""
    assert sorted(tmp_path.rglob("*")) == [path.parent, path]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from(sorted(json.loads(encode(REPORT)))), JSON)
@settings(deadline=None)
def test_any_other_value_is_read_or_refused(key: str, value: object) -> None:
    content = {**json.loads(encode(REPORT)), key: value}
    with suppress(ValueError):
        decode(json.dumps(content))
