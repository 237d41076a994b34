"""Pictures decoded, for the terminals that do not take the file as it came.

Needs Pillow, the extra ``images``: without it there is no picture in such a terminal, only the file
and the address. Source of the sixels: DEC's VT330/VT340 manual, volume 2, chapter 14.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_LARGEST = 1000
"""Pixels a side may have: a picture of some letters has fewer, and a bomb has more."""
_COLOURS = 64
_BAND = 6
"""Rows of pixels in one row of sixels."""


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
    return "$".join(f"#{colour}{''.join(_strokes(rows, colour))}" for colour in used)


def _strokes(rows: Sequence[bytes], colour: int) -> Iterator[str]:
    columns = (
        chr(0x3F + sum(1 << bit for bit, pixel in enumerate(column) if pixel == colour))
        for column in zip(*rows, strict=True)
    )
    for sixel, run in groupby(columns):
        count = sum(1 for _ in run)
        yield f"!{count}{sixel}" if count > 3 else sixel * count
