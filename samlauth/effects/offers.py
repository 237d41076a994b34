"""What a shell may offer while a word is typed: profiles, roles, accounts and groups.

A person waits for it at each TAB. So nothing is loaded that is not loaded anyway, and the files are
searched, not parsed: an offer too many does no harm.
"""

from __future__ import annotations

from samlauth.effects import prompt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KINDS = ("profiles", "roles", "accounts", "groups")


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> bytes | None:
    """What ``samlauth complete KIND [WORD]`` prints, for the scripts of ``samlauth completion``.

    A line for each offer that begins as the word does; None for any other command line.
    """
    match list(arguments):
        case ["complete", kind]:
            word = ""
        case ["complete", kind, word]:
            pass
        case _:
            return None
    if kind not in KINDS:
        return None
    config, credentials, state = prompt.read_files(environ)
    match kind:
        case "profiles":
            found = [*_profiles(config, b"profile "), *_profiles(credentials, b"")]
        case "roles":
            arns = [*_roles(state), *_values(config, b"samlauth.role_arn")]
            # Nobody types an ARN who knows the name; whoever begins one wants the rest of it.
            names = (arn.rpartition(b"/")[2] for arn in arns)
            found = arns if word.startswith("arn") else list(names)
        case "accounts":
            found = [*_aliases(state), *(arn.split(b":")[4] for arn in _roles(state))]
        case _:
            found = [*_values(config, b"samlauth.group")]
    lines = dict.fromkeys(filter(None, (_printable(text) for text in found)))
    return "".join(f"{line}\n" for line in lines if line.startswith(word)).encode()


def _printable(text: bytes) -> str:
    """The text, if it can be shown and typed; else nothing."""
    shown = text.decode("utf-8", "replace")
    return shown if shown.isprintable() and "\ufffd" not in shown else ""


def _profiles(content: bytes, before: bytes) -> Iterator[bytes]:
    """The profiles that have a section whose name begins so, or is ``default``."""
    for line in content.removeprefix(b"\xef\xbb\xbf").splitlines():
        name = line[1:].rpartition(b"]")[0].strip() if line.startswith(b"[") else b""
        if name == b"default":
            yield name
        elif name.startswith(before):
            yield name.removeprefix(before).strip().strip(b"'\"")


def _values(content: bytes, key: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        found, _, value = line.partition(b"=")
        if found.strip().lower() == key:
            yield value.strip().partition(b",")[0]


def _roles(state: bytes) -> Iterator[bytes]:
    """The ARNs of roles in the state, which is JSON."""
    for text in state.split(b'"'):
        arn = text.partition(b",")[0]
        if arn.startswith(b"arn:") and b":role/" in arn and arn.count(b":") == 5:
            yield arn


def _aliases(state: bytes) -> Iterator[bytes]:
    """The accounts' names in the state."""
    import json

    try:
        aliases = json.loads(state)["aliases"]
        yield from (entry["name"].encode() for entry in aliases.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return
