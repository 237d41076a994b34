"""Images for a person at a terminal: told by their first bytes, shown inline, kept in a file.

A terminal that takes whole image files is sent one: iTerm2 and those that speak its protocol take
each of the formats, kitty's protocol takes PNG alone. Others draw sixels.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from samlauth.effects import pixels

Format = Literal["png", "jpg", "gif"]

_FIRST_BYTES: dict[bytes, Format] = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
}
_LIKE_ITERM2 = frozenset({"iTerm.app", "iTerm2", "WezTerm", "mintty"})
_LIKE_KITTY = frozenset({"ghostty"})
_DRAW_SIXELS = ("foot", "mlterm", "contour", "yaft")
"""How TERM begins in terminals that draw sixels and have no name of their own elsewhere."""
_CHUNK = 4096
"""Characters of base64 that kitty's protocol carries at a time."""


def format_of(image: bytes) -> Format | None:
    """The format the bytes begin as; None for all that is no PNG, JPEG or GIF."""
    return next((kind for first, kind in _FIRST_BYTES.items() if image.startswith(first)), None)


def inline(image: bytes, environ: Mapping[str, str]) -> str:
    """What makes the terminal that ``environ`` tells of show the image; empty when nothing does.

    Inside tmux it is wrapped, to be passed on to the terminal around it, which tmux does when its
    option allow-passthrough is on. Sources: iTerm2's "Inline Images Protocol", kitty's "Terminal
    graphics protocol", tmux's FAQ on passthrough.
    """
    kind = format_of(image)
    if kind is None or environ.get("TERM", "dumb") == "dumb" or environ.get("STY"):
        return ""
    match _protocol(environ):
        case "iterm2":
            data = b64encode(image).decode("ascii")
            parts = [f"\x1b]1337;File=inline=1;size={len(image)}:{data}\a"]
        case "kitty":
            whole = image if kind == "png" else pixels.as_png(image)
            parts = list(_kitty(b64encode(whole).decode("ascii"))) if whole else []
        case "sixel":
            parts = [pixels.as_sixels(image) or ""]
        case None:
            return ""
    return "".join(map(_through_tmux, parts) if environ.get("TMUX") else parts)


@contextmanager
def saved(image: bytes, name: str) -> Iterator[Path | None]:
    """A file of that name which this user alone can read; it is gone after the block.

    None where there is no folder to write it to.
    """
    with ExitStack() as stack:
        try:
            folder = TemporaryDirectory(prefix="samlauth-", ignore_cleanup_errors=True)
            path = Path(stack.enter_context(folder), name)
            _write_private(path, image)
        except OSError:
            yield None
        else:
            yield path


def _write_private(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _protocol(environ: Mapping[str, str]) -> Literal["iterm2", "kitty", "sixel"] | None:
    program = environ.get("TERM_PROGRAM", "")
    if program in {"", "tmux"}:
        # tmux puts its own name there, and ssh hands on no other.
        program = environ.get("LC_TERMINAL", "")
    if program in _LIKE_ITERM2:
        return "iterm2"
    if program in _LIKE_KITTY:
        return "kitty"
    if not program and (environ.get("TERM") == "xterm-kitty" or environ.get("KITTY_WINDOW_ID")):
        return "kitty"
    # Windows Terminal draws them since 1.22, Konsole since 22.04.
    named = environ.get("WT_SESSION") or environ.get("KONSOLE_VERSION")
    if not program and (named or environ.get("TERM", "").startswith(_DRAW_SIXELS)):
        return "sixel"
    return None


def _kitty(data: str) -> Iterator[str]:
    # q=2: the terminal's answer would be read as if it were typed.
    what = "a=T,f=100,q=2,"
    for start in range(0, len(data), _CHUNK):
        more = int(start + _CHUNK < len(data))
        yield f"\x1b_G{what}m={more};{data[start : start + _CHUNK]}\x1b\\"
        what = "q=2,"


def _through_tmux(sequence: str) -> str:
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
