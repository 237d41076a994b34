"""Pictures of letters, and who checks what was read in them."""

from __future__ import annotations

import secrets
import struct
import zlib

_LENGTH = 5
_SCALE = 6
_MARGIN = 3
"""Pixels of the font around the text."""

# Five columns and seven rows a letter; each number is a row, its highest bit the left column.
_FONT = {
    "A": (0x0E, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11),
    "C": (0x0E, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0E),
    "E": (0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F),
    "F": (0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x10),
    "H": (0x11, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11),
    "K": (0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11),
    "L": (0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1F),
    "M": (0x11, 0x1B, 0x15, 0x15, 0x11, 0x11, 0x11),
    "N": (0x11, 0x19, 0x19, 0x15, 0x13, 0x13, 0x11),
    "P": (0x1E, 0x11, 0x11, 0x1E, 0x10, 0x10, 0x10),
    "R": (0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11),
    "T": (0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04),
    "W": (0x11, 0x11, 0x11, 0x15, 0x15, 0x1B, 0x11),
    "X": (0x11, 0x11, 0x0A, 0x04, 0x0A, 0x11, 0x11),
    "Y": (0x11, 0x11, 0x0A, 0x04, 0x04, 0x04, 0x04),
}


class Captchas:
    """Pictures by their token. The texts are known beforehand, in the order they will come."""

    def __init__(self) -> None:
        self._planned: list[str] = []
        self._texts: dict[str, str] = {}

    def upcoming(self, count: int) -> list[str]:
        """The texts of the next pictures."""
        issued = len(self._texts)
        while len(self._planned) < issued + count:
            self._planned.append("".join(secrets.choice(list(_FONT)) for _ in range(_LENGTH)))
        return self._planned[issued : issued + count]

    def issue(self) -> str:
        """The token of a new picture."""
        token = secrets.token_urlsafe(20)
        self._texts[token] = self.upcoming(1)[0]
        return token

    @property
    def text(self) -> str:
        """What the last picture shows."""
        return next(reversed(self._texts.values()))

    def image(self, token: str) -> bytes | None:
        """The picture, PNG; None when there is no such token."""
        text = self._texts.get(token)
        return None if text is None else draw(text)

    def verify(self, token: str, text: str) -> bool:
        """Whether the picture of that token shows the text, in large letters or small."""
        return self._texts[token] == text.strip().upper()


def draw(text: str) -> bytes:
    """The text as a PNG, one bit a pixel (PNG 1.2 §4.1: IHDR, IDAT, IEND)."""
    rows = [
        [0] * _MARGIN
        + [bit for letter in text for bit in (*_bits(_FONT[letter][row]), 0)]
        + [0] * (_MARGIN - 1)
        for row in range(7)
    ]
    width = len(rows[-1])
    blank = [[0] * width] * _MARGIN
    pixels = [
        [bit for bit in row for _ in range(_SCALE)]
        for row in (*blank, *rows, *blank)
        for _ in range(_SCALE)
    ]
    data = b"".join(b"\0" + _packed(row) for row in pixels)
    header = struct.pack(">IIBBBBB", width * _SCALE, len(pixels), 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(data)),
            (b"IEND", b""),
        )
    )


def _bits(row: int) -> tuple[int, ...]:
    return tuple(row >> shift & 1 for shift in (4, 3, 2, 1, 0))


def _packed(row: list[int]) -> bytes:
    """Eight pixels a byte; a letter is black, which is 0."""
    padded = row + [0] * (-len(row) % 8)
    return bytes(
        sum((1 - bit) << (7 - place) for place, bit in enumerate(padded[start : start + 8]))
        for start in range(0, len(padded), 8)
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
