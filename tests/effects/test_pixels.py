"""What is drawn is read back as a terminal reads it."""

import re
from io import BytesIO

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
        file_of(Image.new("1", (1001, 2))),
        file_of(Image.new("1", (2, 1001))),
        file_of(Image.new("RGB", (5, 5)), "BMP"),
    ],
    ids=["nothing", "no PNG", "no GIF", "cut off", "too wide", "too high", "another format"],
)
def test_what_is_no_small_picture_is_not_drawn(image: bytes) -> None:
    assert as_sixels(image) is None
    assert as_png(image) is None
