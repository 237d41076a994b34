"""Where the AWS files lie: by what the environment says, and behind links."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from samlauth.effects.files.trouble import naming
from samlauth.errors import FileError


def config(environ: Mapping[str, str]) -> Path:
    """The config file: AWS_CONFIG_FILE, else in ``~/.aws``. Raises FileError without a home folder."""
    return _expand(environ.get("AWS_CONFIG_FILE") or "~/.aws/config", environ)


def credentials(environ: Mapping[str, str]) -> Path:
    """As :func:`config`, by AWS_SHARED_CREDENTIALS_FILE."""
    return _expand(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", environ)


def real(path: Path) -> Path:
    """The path with links followed: a link stays, what it leads to is replaced. Raises FileError."""
    with naming(path, "written"):
        return Path(os.path.realpath(path))


def own(path: Path) -> Path:
    """The path of a file of our own, with its folder's links followed: itself it is never one.

    Raises FileError.
    """
    with naming(path, "written"):
        return Path(os.path.realpath(path.parent), path.name)


def _expand(value: str, environ: Mapping[str, str]) -> Path:
    names = r"\$(?:(\w+)|\{([^}]*)\})" + (r"|%([^%]+)%" if sys.platform == "win32" else "")
    value = re.sub(
        names,
        lambda m: environ.get(next(filter(None, m.groups()), ""), m[0]),
        value,
        flags=re.ASCII,
    )
    if value == "~" or value.startswith(("~/", f"~{os.sep}")):
        return Path(_home(environ), value[2:])
    # Path.expanduser raises where there is no such user; AWS's tools take the name as it is then.
    return Path(os.path.expanduser(value))  # noqa: PTH111 - see above


def _home(environ: Mapping[str, str]) -> str:
    """The home folder as :func:`os.path.expanduser` finds it. Raises FileError when there is none."""
    if sys.platform == "win32":  # where HOME is that of some other shell, if there is one
        variable = "USERPROFILE"
        home = environ.get(variable)
        if not home and (path := environ.get("HOMEPATH")):
            home = environ.get("HOMEDRIVE", "") + path
    else:
        variable = "HOME"
        home = environ.get(variable) or _home_on_record()
    if home:
        return home
    raise FileError(
        "There is no home folder to look for the AWS files in.",
        hint=f"Set {variable}, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.",
    )


if sys.platform != "win32":  # pragma: no branch - it has none of it

    def _home_on_record() -> str:
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return ""
