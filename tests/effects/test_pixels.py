"""What is drawn is read back as a terminal reads it."""

import random
import re
import sys
from io import BytesIO
from types import FrameType
from typing import cast

import pytest
from PIL import Image

from samlauth.effects.pixels import as_png, as_sixels


def file_of(picture: Image.Image, kind: str = "PNG") -> bytes:
    written = BytesIO()
    picture.save(written, kind)
    return written.getvalue()


def seen(drawn: str) -> Image.Image:
    """The picture that a terminal shows for the sequence (VT330/VT340 manual, chapter 14)."""
    whole = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)([^\x1b]*)\x1b\\', drawn)
    assert whole is not None
    picture = Image.new("RGB", (int(whole[1]), int(whole[2])), "fuchsia")
    palette: dict[str, tuple[int, ...]] = {}
    colour, column, top = "", 0, 0
    for token in re.finditer(
        r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|(?:!(\d+))?([?-~])|([$-])", whole[3]
    ):
        number, red, green, blue, chosen, times, sixel, move = token.groups()
        if number:
            palette[number] = tuple(round(int(part) * 2.55) for part in (red, green, blue))
        elif chosen:
            colour = chosen
        elif sixel:
            for _ in range(int(times or 1)):
                for bit in range(6):
                    if (ord(sixel) - 63) >> bit & 1:
                        picture.putpixel((column, top + bit), palette[colour])
                column += 1
        else:
            column, top = 0, top + 6 * (move == "-")
    return picture


def test_sixels_show_the_picture() -> None:
    # Eight rows: the second band is not a whole one.
    picture = Image.new("RGB", (30, 8), "white")
    for step in range(8):
        picture.putpixel((3 * step, step), (255, 0, 0))
        picture.putpixel((29 - step, step), (0, 0, 255))
    drawn = as_sixels(file_of(picture))
    assert drawn is not None
    assert seen(drawn).tobytes() == picture.tobytes()
    assert "!" in drawn, "runs are counted, not written out"


def test_sixels_of_many_colours_show_the_picture() -> None:
    picture = Image.new("RGB", (60, 20))
    for column in range(60):
        for row in range(20):
            # 60 colours, as a palette spells them: in parts of a hundred.
            part = (column * 7 + row * 11) % 60
            picture.putpixel((column, row), (round(part * 2.55), 0, 102))
    drawn = as_sixels(file_of(picture))
    assert drawn is not None
    shown = seen(drawn)
    for place in ((0, 0), (59, 0), (0, 19), (59, 19), (31, 7)):
        red, green, blue = cast("tuple[int, int, int]", shown.getpixel(place))
        wanted, *_ = cast("tuple[int, int, int]", picture.getpixel(place))
        assert (abs(red - wanted) <= 3, green, blue) == (True, 0, 102)


def test_a_picture_of_noise_is_drawn_in_a_time_that_goes_by_its_size() -> None:
    """A picture that is all edges, as large as may be, is not gone through once more for each colour."""
    picture = Image.frombytes("RGB", (400, 400), random.Random(1).randbytes(480_000))
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        drawn = as_sixels(file_of(picture))
    finally:
        sys.setprofile(None)
    assert drawn is not None
    assert calls < 4 * 400 * 400


def test_what_shows_through_is_white() -> None:
    clear = Image.new("RGBA", (6, 6), (0, 0, 0, 0))
    drawn = as_sixels(file_of(clear))
    assert drawn is not None
    assert seen(drawn).getcolors() == [(36, (255, 255, 255))]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_each_format_becomes_a_png(kind: str) -> None:
    made = as_png(file_of(Image.new("RGB", (5, 5), "teal"), kind))
    assert made is not None
    with Image.open(BytesIO(made)) as picture:
        assert (picture.format, picture.size) == ("PNG", (5, 5))


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"\x89PNG\r\n\x1a\n and no more",
        b"GIF89a\x01\x00\x01\x00",
        file_of(Image.new("RGB", (50, 50), "teal"))[:60],
        file_of(Image.new("1", (401, 2))),
        file_of(Image.new("1", (2, 401))),
        file_of(Image.new("RGB", (5, 5)), "BMP"),
    ],
    ids=["nothing", "no PNG", "no GIF", "cut off", "too wide", "too high", "another format"],
)
def test_what_is_no_small_picture_is_not_drawn(image: bytes) -> None:
    assert as_sixels(image) is None
    assert as_png(image) is None
