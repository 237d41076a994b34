from __future__ import annotations

import struct
import zlib

import pytest

from samlauth.sandbox.google.captcha import Captchas, draw


def decoded(png: bytes) -> list[str]:
    """The picture's rows, a letter's pixels as #, one pixel of the font for each."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks = {}
    rest = png[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, content, checksum = rest[4:8], rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert struct.unpack(">I", checksum) == (zlib.crc32(kind + content),)
        chunks[kind] = content
        rest = rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (1, 0)
    data, stride = zlib.decompress(chunks[b"IDAT"]), 1 + (width + 7) // 8
    assert len(data) == height * stride
    rows = []
    for y in range(0, height, 6):
        line = data[y * stride + 1 : (y + 1) * stride]
        bits = "".join(f"{byte:08b}" for byte in line)[:width:6]
        rows.append(bits.replace("0", "#").replace("1", " "))
    return rows


def test_the_picture_shows_the_letters() -> None:
    assert [row.rstrip() for row in decoded(draw("LT"))] == [
        "",
        "",
        "",
        "   #     #####",
        "   #       #",
        "   #       #",
        "   #       #",
        "   #       #",
        "   #       #",
        "   #####   #",
        "",
        "",
        "",
    ]


def test_the_texts_are_known_beforehand() -> None:
    captchas = Captchas()
    first, second = captchas.upcoming(2)
    one, other = captchas.issue(), captchas.issue()
    assert captchas.text == second
    assert captchas.image(one) == draw(first)
    assert captchas.verify(one, f" {first.lower()} ")
    assert captchas.verify(other, second)
    assert not captchas.verify(other, first)
    assert captchas.image("x") is None


def test_a_letter_that_cannot_be_drawn_is_never_asked_for() -> None:
    captchas = Captchas()
    for text in captchas.upcoming(50):
        draw(text)
    with pytest.raises(KeyError):
        draw("Q")
