"""Variables as lines for a shell to evaluate, with every value quoted for that shell.

The names of the formats are those of ``aws configure export-credentials``, besides the shells' own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from samlauth.errors import SettingsError

_CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))
# PowerShell ends a quoted text at any of these, and takes two in a row for one (about_Quoting_Rules).
_POWERSHELL_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def lines(shell: str, variables: Mapping[str, str]) -> str:
    """What sets ``variables`` when ``shell``, one of :data:`FORMATS`, reads it; a line each.

    Raises SettingsError, which does not show the value, when it cannot be written for that shell.
    """
    line, refused = _LINES[shell]
    for name, value in variables.items():
        for character in ("\0", *refused):
            if character in value:
                raise SettingsError(
                    f"{name} has the character {character!a} in it, which cannot be written for "
                    f"{shell} so that it stays what it is.",
                    hint="Look at where the value comes from: samlauth settings.",
                )
    return "".join(f"{line(name, value)}\n" for name, value in variables.items())


def _bash(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _unexported(name: str, value: str) -> str:
    return f"{name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    # The semicolon is for those who write eval (samlauth env …), which makes one line of them all.
    return f"set -gx {name} '{quoted}';"


def _powershell(name: str, value: str) -> str:
    return f"$Env:{name} = '{_POWERSHELL_QUOTES.sub(lambda found: found[0] * 2, value)}'"


def _cmd(name: str, value: str) -> str:
    return f'set "{name}={value}"'


def _env_file(name: str, value: str) -> str:
    return f"{name}={value}"


_Line = tuple[Callable[[str, str], str], str]
"""Name and value to a line, and the characters that a value must not have."""

_LINES: Final[Mapping[str, _Line]] = {
    "bash": (_bash, ""),
    "env": (_bash, ""),
    "env-no-export": (_unexported, ""),
    "fish": (_fish, ""),
    # What a program prints reaches PowerShell line by line.
    "powershell": (_powershell, "\r\n"),
    # Nothing takes the meaning from a percent sign or, with delayed expansion, an exclamation mark
    # in a batch file and at the prompt alike.
    "cmd": (_cmd, _CONTROLS + '"%!'),
    "windows-cmd": (_cmd, _CONTROLS + '"%!'),
    # docker run --env-file takes a line as it stands.
    "env-file": (_env_file, _CONTROLS),
}

FORMATS: Final = tuple(_LINES)


def usual(system: str, shell: str) -> str:
    """The format for whoever names none, by ``os.name`` and the path of their login shell."""
    if system == "nt":
        return "powershell"
    return "fish" if shell.rpartition("/")[2] == "fish" else "bash"
