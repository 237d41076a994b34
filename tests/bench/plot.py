"""A line chart as SVG: a few lines over two axes from nought, the lower the better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 170, 40, 50
_COLOURS = ("#0b6e4f", "#b8430f", "#5a5a8c")

Points = Sequence[tuple[float, float]]


def chart(title: str, across: str, up: str, lines: Mapping[str, Points]) -> str:
    """The chart; ``across`` and ``up`` are what the axes mean, with their units."""
    most_x = max(x for points in lines.values() for x, _ in points)
    most_y = _round_up(max(y for points in lines.values() for _, y in points))
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> str:
        return f"{_LEFT + wide * x / most_x:.1f},{_TOP + high * (1 - y / most_y):.1f}"

    def text(x: float, y: float, words: str, more: str = "") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        text(_LEFT, 22, title, 'font-size="15"'),
        text(_LEFT + wide / 2, _HEIGHT - 10, across, 'text-anchor="middle"'),
        text(
            16,
            _TOP + high / 2,
            up,
            f'text-anchor="middle" transform="rotate(-90 16 {_TOP + high / 2})"',
        ),
    ]
    for part in range(5):
        y = most_y * part / 4
        (x1, at), (x2, _) = (place(x, y).split(",") for x in (0, most_x))
        drawn.append(f'<line x1="{x1}" y1="{at}" x2="{x2}" y2="{at}" stroke="#ddd"/>')
        drawn.append(text(_LEFT - 8, float(at) + 4, f"{y:g}", 'text-anchor="end"'))
    for x in sorted({x for points in lines.values() for x, _ in points}):
        at = place(x, 0).split(",")[0]
        drawn.append(text(float(at), _HEIGHT - _BOTTOM + 18, f"{x:g}", 'text-anchor="middle"'))
    for colour, (name, points) in zip(cycle(_COLOURS), lines.items(), strict=False):
        path = " ".join(place(x, y) for x, y in points)
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in points:
            cx, cy = place(x, y).split(",")
            drawn.append(f'<circle cx="{cx}" cy="{cy}" r="3" fill="{colour}"/>')
        last = float(place(*points[-1]).split(",")[1])
        drawn.append(text(_WIDTH - _RIGHT + 8, last + 4, name, f'fill="{colour}"'))
    return "\n".join([*drawn, "</svg>", ""])


def _round_up(value: float) -> float:
    """The next number with one digit, or one and a half, that is not less."""
    power = 1.0
    while power * 10 <= value:
        power *= 10
    return next(step * power for step in (1, 1.5, 2, 3, 4, 6, 8, 10) if step * power >= value)
