import os
import re
import stat
import zlib
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from samlauth.effects.images import format_of, inline, saved
from samlauth.effects.pixels import as_sixels

PNG = b"\x89PNG\r\n\x1a\n" + zlib.compress(os.urandom(6000))
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
GIF = b"GIF89a\x01\x00\x01\x00"
XTERM = {"TERM": "xterm-256color"}


def drawn(kind: str) -> bytes:
    """A picture of that format that can be decoded."""
    written = BytesIO()
    Image.new("RGB", (20, 8), "navy").save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (PNG, "png"),
        (JPEG, "jpg"),
        (GIF, "gif"),
        (b"GIF87a" + GIF, "gif"),
        (b"", None),
        (b"GIF88a", None),
        (b"\x89PNG", None),
        (b"<svg onload=alert(1)>", None),
        (b"<html>Try again</html>", None),
        (b"\x1b]1337;File=inline=1:AAAA\a", None),
        (b" " + PNG, None),
    ],
)
def test_an_image_is_told_by_its_first_bytes(image: bytes, kind: str | None) -> None:
    assert format_of(image) == kind


ITERM2 = [
    {"TERM_PROGRAM": "iTerm.app"},
    {"LC_TERMINAL": "iTerm2"},
    {"TERM_PROGRAM": "WezTerm", "KITTY_WINDOW_ID": "1"},
    {"TERM_PROGRAM": "mintty"},
]
KITTY = [
    {"TERM": "xterm-kitty"},
    {"KITTY_WINDOW_ID": "1"},
    {"TERM_PROGRAM": "ghostty", "TERM": "xterm-ghostty"},
]
NEITHER: list[dict[str, str]] = [
    {},
    {"TERM_PROGRAM": "Apple_Terminal"},
    {"TERM_PROGRAM": "vscode", "KITTY_WINDOW_ID": "1", "LC_TERMINAL": "iTerm2"},
    {"TERM_PROGRAM": "iTerm.app", "TERM": "dumb"},
    {"TERM_PROGRAM": "iTerm.app", "STY": "1.pts-0.host", "TERM": "screen"},
]


@pytest.mark.parametrize("environ", ITERM2, ids=str)
@pytest.mark.parametrize("image", [PNG, JPEG, GIF], ids=["png", "jpg", "gif"])
def test_iterm2_and_its_like_are_sent_the_file(environ: dict[str, str], image: bytes) -> None:
    shown = re.fullmatch(
        r"\x1b\]1337;File=inline=1;size=(\d+):([A-Za-z0-9+/=]+)\a", inline(image, XTERM | environ)
    )
    assert shown is not None
    assert int(shown[1]) == len(image)
    assert b64decode(shown[2]) == image


@pytest.mark.parametrize("environ", KITTY, ids=str)
def test_kitty_and_its_like_are_sent_png_in_pieces(environ: dict[str, str]) -> None:
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", inline(PNG, XTERM | environ))
    assert [keys for keys, _ in pieces] == ["a=T,f=100,q=2,m=1", "q=2,m=0"]
    assert max(len(data) for _, data in pieces) <= 4096
    assert b64decode("".join(data for _, data in pieces)) == PNG
    broken = inline(JPEG, XTERM | environ) + inline(GIF, XTERM | environ)
    assert broken == "", "what cannot be decoded is not drawn"


@pytest.mark.parametrize("environ", KITTY, ids=str)
@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_kitty_and_its_like_are_sent_other_formats_as_png(
    environ: dict[str, str], kind: str
) -> None:
    pieces = re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", inline(drawn(kind), XTERM | environ))
    assert format_of(b64decode("".join(pieces))) == "png"


SIXEL = [
    {"TERM": "foot"},
    {"TERM": "foot-extra"},
    {"TERM": "mlterm-256color"},
    {"WT_SESSION": "x"},
    {"KONSOLE_VERSION": "220401"},
]


@pytest.mark.parametrize("environ", SIXEL, ids=str)
def test_terminals_that_draw_sixels_are_sent_those(environ: dict[str, str]) -> None:
    for kind in ("PNG", "JPEG", "GIF"):
        assert inline(drawn(kind), XTERM | environ) == as_sixels(drawn(kind))
    assert inline(PNG, XTERM | environ) == inline(JPEG, XTERM | environ) == ""


@pytest.mark.parametrize("environ", NEITHER, ids=str)
def test_other_terminals_are_sent_nothing(environ: dict[str, str]) -> None:
    assert inline(PNG, XTERM | environ) == ""


def test_without_a_terminals_name_nothing_is_sent() -> None:
    assert inline(PNG, {"TERM_PROGRAM": "iTerm.app"}) == ""


def test_what_is_no_image_is_sent_nowhere() -> None:
    assert inline(b"\x1b[2J", XTERM | {"TERM_PROGRAM": "iTerm.app"}) == ""


@pytest.mark.parametrize("outer", [{"LC_TERMINAL": "iTerm2"}, {"KITTY_WINDOW_ID": "1"}], ids=str)
def test_tmux_is_asked_to_pass_it_on(outer: dict[str, str]) -> None:
    inside = {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0", "TERM_PROGRAM": "tmux"}
    wrapped = inline(PNG, inside | outer)
    parts = re.findall(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", wrapped)
    assert "".join(f"\x1bPtmux;{part}\x1b\\" for part in parts) == wrapped
    plain = "".join(part.replace("\x1b\x1b", "\x1b") for part in parts)
    assert plain == inline(PNG, XTERM | outer) != ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_saved_image_is_private_and_gone_afterwards(folder: Path) -> None:
    usual = os.umask(0)
    try:
        with saved(PNG, "captcha.png") as path:
            assert path is not None
            assert path.is_relative_to(folder)
            assert path.read_bytes() == PNG
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(usual)
    assert list(folder.iterdir()) == []


def test_it_is_gone_after_ctrl_c_too(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), saved(PNG, "captcha.png"):
        raise KeyboardInterrupt
    assert list(folder.iterdir()) == []


def test_without_a_place_to_save_it_there_is_no_file(folder: Path) -> None:
    folder.rmdir()
    with saved(PNG, "captcha.png") as path:
        assert path is None


def test_an_error_of_the_block_is_its_own(folder: Path) -> None:
    with pytest.raises(OSError, match="gone"), saved(PNG, "captcha.png"):
        raise OSError("gone")
