"""What can be wrong with the AWS files, and with samlauth's own."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from samlauth.awsfiles.faults import Meaningless, Repeated, faults
from samlauth.awsfiles.lines import BYTE_ORDER_MARK
from samlauth.diagnosis.facts import AWSFile, Entry, Facts
from samlauth.diagnosis.finding import Check, Found, Mode, Sweep, Unmark, Unrepeat, note, problem
from samlauth.errors import FileError
from samlauth.printable import safe

_LEAST_FREE = 1_000_000
"""Bytes: what a sign-in writes has some ten thousand, and the files of others may have a million."""
_SHOWN = 5
"""Lines of one file that are named; whoever has more of them looks at the first."""
_STICKY = 0o1000


def _path(path: str) -> str:
    return safe(path, 1000)


def _word(path: str) -> str:
    """A path as a word of a command."""
    return _path(shlex.quote(path))


def _named(facts: Facts) -> Iterator[tuple[str, Entry, int, int]]:
    """Every file and folder: its name for the person, the modes it must not have, and the owner of
    the folder of the AWS files that it is in.
    """
    folders: dict[str, Entry] = {}
    for file in facts.files:
        around = file.folder
        if around is not None and around.path not in folders:
            folders[around.path] = around
            # A folder that everybody may write, but only owners remove from, is /tmp or the like.
            yield around.path, around, 0 if around.mode & _STICKY else 0o022, around.owner
        if file.entry is not None and around is not None:
            yield file.path, file.entry, 0o077 if file.private else 0o022, around.owner
    for entry in facts.own:
        beside = [folder for path, folder in folders.items() if entry.path.startswith(f"{path}/")]
        yield entry.path, entry, 0o077, beside[0].owner if beside else entry.owner


def _at_home(facts: Facts, entry: Entry) -> bool:
    return bool(facts.home) and entry.path.startswith(facts.home.rstrip("/") + "/")


def _may_narrow(facts: Facts, entry: Entry) -> bool:
    """Whether nobody else can have meant the mode: not of a folder that may be shared."""
    return facts.person in (entry.owner, 0) and (not entry.is_folder or _at_home(facts, entry))


def owners(facts: Facts) -> Iterator[Found]:
    """Files that are somebody else's, as a container that runs as root leaves them."""
    root = facts.person == 0
    for name, entry, _, owner in _named(facts):
        # Root in a container writes for whoever owns the folder that is mounted there.
        meant = owner if root else facts.person
        # Whose the files of a company are that lie elsewhere is not for us to say.
        if entry.owner == meant or not (root or _at_home(facts, entry)):
            continue
        who = str(meant) if root else '"$(id -u):$(id -g)"'
        fix = f"{'' if root else 'sudo '}chown {who} {_word(entry.path)}"
        yield problem(
            f"{_path(name)} belongs to another user (user id {entry.owner}).",
            "What a container or sudo writes as root is left like that.",
            fix,
        )


def modes(facts: Facts) -> Iterator[Found]:
    """Files that others can read, and what others could change."""
    for name, entry, forbidden, _ in _named(facts):
        if not (too_many := entry.mode & forbidden):
            continue
        mode = entry.mode & ~forbidden
        verb = "write" if too_many & 0o022 else "read"
        leads_to = "It holds credentials." if forbidden == 0o077 else ""
        if too_many & 0o022:
            leads_to = "Whoever changes it decides what AWS tools run, and with whose credentials."
        yield problem(
            f"Others can {verb} {_path(name)} (mode {entry.mode:o}).",
            leads_to,
            f"chmod {mode:o} {_word(entry.path)}",
            Mode(entry.path, mode) if _may_narrow(facts, entry) else None,
        )


def readable(facts: Facts) -> Iterator[Found]:
    """Files that are there and cannot be read."""
    for file in facts.files:
        if file.unreadable:
            yield problem(
                f"{_path(file.path)} cannot be read: {safe(file.unreadable)}.",
                fix="Look at what is there, who owns it and its folder, and at their modes: "
                f"ls -ld {_word(file.real)}",
            )


def writable(facts: Facts) -> Iterator[Found]:
    """Folders in which no new file can be made to take an old one's place."""
    for file in facts.files:
        if not file.writable and not file.unreadable:
            yield problem(
                f"No new file can be made beside {_path(file.path)}.",
                "A file is replaced by a new one, so that nobody ever reads half of it.",
                "Make its folder writable for you, or set AWS_CONFIG_FILE and "
                "AWS_SHARED_CREDENTIALS_FILE to files in one that is.",
            )


def encodings(facts: Facts) -> Iterator[Found]:
    """Bytes that AWS's tools cannot read as text."""
    for file in facts.files:
        marked = file.data.startswith(BYTE_ORDER_MARK)
        wrong = _undecoded(file.data)
        if wrong is None:
            if marked:
                yield problem(
                    f"{_path(file.path)} begins with a byte order mark.",
                    "AWS tools refuse the whole file for it.",
                    "Save it as UTF-8 without one.",
                    Unmark(file.path, file.private),
                )
            continue
        line, what = wrong
        yield problem(
            f"{_path(file.path)} is no UTF-8 text: line {line} has {what}.",
            "AWS tools refuse the whole file for it.",
            "Save it as UTF-8.",
        )


def _undecoded(data: bytes) -> tuple[int, str] | None:
    """The first line with bytes that are no text, and which they are."""
    if (nul := data.find(b"\0")) >= 0:
        return data.count(b"\n", 0, nul) + 1, "a NUL byte"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1, f"the byte {data[error.start]:#x}"
    return None


def lines(facts: Facts) -> Iterator[Found]:
    """Sections and keys that are there twice, and lines without a meaning."""
    for file in facts.files:
        if _undecoded(file.data) is not None:
            continue  # what the lines are depends on what it really is
        found = list(faults(file.data))
        for fault in found[:_SHOWN]:
            yield _line(file, fault)
        if len(found) > _SHOWN:
            yield problem(f"{_path(file.path)} has {len(found) - _SHOWN} more lines like these.")


def _line(file: AWSFile, fault: Repeated | Meaningless) -> Found:
    path, refused = _path(file.path), "AWS tools refuse the whole file for it, for every profile."
    match fault:
        case Meaningless(line=number):
            return problem(
                f"{path}, line {number}, is no section, no key and no comment.",
                refused,
                "Correct the line, or begin it with #.",
            )
        case Repeated(section=section, key="", exact=exact):
            return problem(
                f"{path}, line {fault.line}: the section [{safe(section)}] is there already, in "
                f"line {fault.first}.",
                refused if exact else "AWS tools pass over the first, and samlauth writes neither.",
                "Make the two one, by hand.",
            )
        case Repeated(section=section, key=key, same=same):
            return problem(
                f"{path}, line {fault.line}: the key {safe(key)} of [{safe(section)}] is there "
                f"already, in line {fault.first}.",
                refused,
                "Remove one of the two." if same else "Remove the one that is not meant.",
                Unrepeat(file.path, file.private) if same else None,
            )


def mounts(facts: Facts) -> Iterator[Found]:
    """Files that are mounted by themselves, as by ``docker run -v FILE:FILE``."""
    for file in facts.files:
        if file.mounted:
            yield note(
                f"{_path(file.path)} is mounted by itself, so that no new file can take its place.",
                "It is written in place then, where a reader may see half of it.",
                f"Mount its folder instead: -v ~/.aws:{_path(file.folder.path if file.folder else '')}",
            )


def links(facts: Facts) -> Iterator[Found]:
    """Links, and where they lead."""
    for file in facts.files:
        if file.entry is None and file.real != file.path and file.folder is None:
            yield problem(
                f"{_path(file.path)} is a link into a folder that is not there: {_path(file.real)}.",
                fix=f"Make the folder, or remove the link: rm {_word(file.path)}",
            )


def space(facts: Facts) -> Iterator[Found]:
    """Disks that are full."""
    full = {
        file.folder.path: file.free
        for file in facts.files
        if file.folder is not None and file.free is not None and file.free < _LEAST_FREE
    }
    for folder, free in full.items():
        yield problem(
            f"The disk of {_path(folder)} is full: {free // 1000} kB are left.",
            "New credentials could not be stored.",
            "Make room on it.",
        )


def locks(facts: Facts) -> Iterator[Found]:
    """Locks that somebody holds, or that cannot be."""
    for file in facts.files:
        match file.locked:
            case "held":
                yield problem(
                    f"{_path(file.path)} is being written by another program, or one that hangs.",
                    "It holds the lock; a sign-in waits ten seconds for that.",
                    f"See what it is: fuser {_word(file.lock)}",
                )
            case "impossible":
                yield problem(
                    f"{_path(file.lock)} cannot be locked.",
                    f"{_path(file.path)} is then written without a lock, and what others write at "
                    "the same time may be lost.",
                    f"If it is not yours, have it removed: sudo rm {_word(file.lock)}",
                )
            case "":
                pass


def leftovers(facts: Facts) -> Iterator[Found]:
    """What killed runs left."""
    for leftover in facts.leftovers:
        yield problem(
            f"{_path(leftover.path)} was left by a run that was killed.",
            "It may hold credentials. The next sign-in removes it, too.",
            f"rm {_word(leftover.path)}",
            Sweep(leftover.of),
        )


CHECKS = tuple(
    Check(name, "files", FileError.exit_code, fine, look, needs="files")
    for name, fine, look in (
        ("owner", "owners", owners),
        ("mode", "modes", modes),
        ("readable", "readable", readable),
        ("writable", "writable", writable),
        ("encoding", "UTF-8", encodings),
        ("lines", "sections and keys", lines),
        ("mount", "mounts", mounts),
        ("link", "links", links),
        ("space", "room on the disk", space),
        ("lock", "locks", locks),
        ("leftover", "no leftovers", leftovers),
    )
)
