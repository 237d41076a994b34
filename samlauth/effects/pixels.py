"""Pictures decoded, for the terminals that do not take the file as it came.

Needs Pillow, the extra ``images``: without it there is no picture in such a terminal, only the file
and the address. Source of the sixels: DEC's VT330/VT340 manual, volume 2, chapter 14.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_LARGEST = 400
"""Pixels a side may have: a picture of some letters has fewer, and a bomb has more."""
_COLOURS = 64
_BAND = 6
"""Rows of pixels in one row of sixels."""
_SIXELS = bytes((0x3F + bits) & 0x7F for bits in range(256))
"""The sixel for each set of rows; of 256 for ``translate``, which wants as many."""
_RUNS = re.compile(r"(.)\1{3,}")


def as_png(image: bytes) -> bytes | None:
    """The PNG, JPEG or GIF as a PNG; None when it cannot be decoded."""
    picture = _decoded(image)
    if picture is None:
        return None
    written = BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def as_sixels(image: bytes) -> str | None:
    """What draws the PNG, JPEG or GIF; None when it cannot be decoded."""
    picture = _decoded(image)
    if picture is None:
        return None
    reduced = picture.quantize(_COLOURS)
    palette, pixels, (width, height) = reduced.getpalette() or [], reduced.tobytes(), reduced.size
    colours = "".join(
        f"#{number};2;" + ";".join(str(part * 100 // 255) for part in palette[start : start + 3])
        for number, start in enumerate(range(0, len(palette), 3))
    )
    rows = [pixels[start : start + width] for start in range(0, len(pixels), width)]
    bands = (rows[top : top + _BAND] for top in range(0, height, _BAND))
    return f'\x1bP0;1q"1;1;{width};{height}{colours}{"-".join(map(_band, bands))}\x1b\\'


def _decoded(image: bytes) -> Image | None:
    try:
        from PIL import Image

        with Image.open(BytesIO(image), formats=("PNG", "JPEG", "GIF")) as picture:
            if max(picture.size) > _LARGEST:
                return None
            # What shows through is white, as it would be on the page.
            paper = Image.new("RGBA", picture.size, "white")
            return Image.alpha_composite(paper, picture.convert("RGBA")).convert("RGB")
    except (ImportError, OSError, ValueError, SyntaxError):
        return None  # what Pillow raises for a file that is not what its first bytes say


def _band(rows: Sequence[bytes]) -> str:
    """Each colour's sixels, one over the other."""
    used = sorted(set(b"".join(rows)))
    return "$".join(f"#{colour}{_strokes(rows, colour)}" for colour in used)


def _strokes(rows: Sequence[bytes], colour: int) -> str:
    """The sixels of a colour, to the last that is not empty, runs of them counted."""
    marks = bytearray(256)
    marks[colour] = 1
    # A row at a time, as one large number: pixel by pixel, a picture of noise would take seconds.
    bits = 0
    for bit, row in enumerate(rows):
        bits |= int.from_bytes(row.translate(marks)) << bit
    sixels = bits.to_bytes(len(rows[0])).rstrip(b"\0").translate(_SIXELS).decode("ascii")
    return _RUNS.sub(lambda run: f"!{len(run[0])}{run[1]}", sixels)
