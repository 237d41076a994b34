"""What AWS's tools refuse a whole file for, and the one such thing that can be put right."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from samlauth.awsfiles.edits import Splice, spliced
from samlauth.awsfiles.lines import HEADER, Line, walk
from samlauth.awsfiles.sections import Entry, canonical
from samlauth.errors import FileError
from samlauth.values import dataclass


@dataclass(frozen=True)
class Repeated:
    """A section, or a key of one, that is there already."""

    section: str
    key: str
    """In lower case; "" where it is the section that is repeated."""
    first: int
    line: int
    """Line numbers, of the one before and of this one."""
    same: bool = False
    """Whether it is a key with the very value of the one before."""
    exact: bool = True
    """Whether the names are spelled alike, which makes botocore refuse the whole file."""


@dataclass(frozen=True)
class Meaningless:
    """A line that is no section, key, value or comment, or a key before the first section."""

    line: int


def faults(data: bytes) -> Iterator[Repeated | Meaningless]:
    """What AWS's tools refuse a whole file for, as far as lines are to blame, in their order."""
    sections: dict[str, tuple[str, int]] = {}
    keys: dict[str, tuple[Entry, int]] = {}
    section: str | None = None
    for number, line, entry in _numbered(data):
        if line.kind == "header":
            header = HEADER.match(line.text.strip())
            assert header is not None, "the walk called it a header"
            section, keys = header[1], {}
            if section == "DEFAULT":
                continue  # configparser takes this one as often as it comes
            before, first = sections.setdefault(canonical(section), (section, number))
            if first != number:
                yield Repeated(section, "", first, number, exact=before == section)
        elif entry is not None and section is not None:
            earlier, first = keys.setdefault(entry.key, (entry, number))
            if first != number:
                same = earlier.value == entry.value
                yield Repeated(section, entry.key, first, number, same=same)
        else:
            yield Meaningless(number)


def without_repeats(data: bytes) -> bytes:
    """The file without the keys that repeat the very value of one before in the same section.

    Raises FileError, naming the line, where more than the repeated key would change.
    """
    repeats = {
        fault.line: fault for fault in faults(data) if isinstance(fault, Repeated) and fault.same
    }
    gone = [
        Splice(line.start, line.end, b"")
        for number, _, entry in _numbered(data)
        if number in repeats and entry is not None
        for line in entry.lines
    ]
    new = spliced(data, gone)
    if _said(new) != _said(data, without=repeats):  # pragma: no cover - no text is known to do it
        raise FileError(
            f"line {min(repeats)}: this key cannot be removed without changing more of the file.",
            hint="Remove it by hand.",
        )
    return new


def _said(data: bytes, without: Collection[int] = ()) -> list[tuple[str, str]]:
    """Headers and keys with their values, but for those that begin in the lines ``without``."""
    return [
        (entry.key, entry.value) if entry is not None else (line.text, "")
        for number, line, entry in _numbered(data)
        if number not in without
    ]


def _numbered(data: bytes) -> Iterator[tuple[int, Line, Entry | None]]:
    """Headers, keys with their whole values, and lines of no meaning; each with its number."""
    held: tuple[int, Line, Entry] | None = None
    for number, line in enumerate(walk(data, 0), start=1):
        match line.kind:
            case "more" if held is not None:
                held[2].add(line)
                continue
            case "option":
                if held is not None:
                    yield held
                held = (number, line, Entry.begun(line))
                continue
            case "other" if not line.text.strip() or line.text.strip()[0] in "#;":
                continue
            case _:
                pass
        if held is not None:
            yield held
            held = None
        yield number, line, None
    if held is not None:
        yield held
