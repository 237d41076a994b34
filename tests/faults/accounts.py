"""A person's AWS files: made, and looked at after a fault."""

from __future__ import annotations

import os
import stat
from configparser import RawConfigParser
from pathlib import Path

from samlauth.effects.files import AWSFiles

OLD = 20
"""How many profiles are in each file before a fault."""

SESSION = {
    "aws_access_key_id": "ASIAFAULTFAULTFAULT1",
    "aws_secret_access_key": "secret",
    "aws_session_token": "token" * 100,
}
SETTINGS = {"region": "eu-west-1", "samlauth.idp_id": "C01abc"}


def make(folder: Path, profiles: int = OLD) -> AWSFiles:
    """Files with so many old profiles, and the profile ``sts`` of an earlier login."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    files = AWSFiles(folder / "config", folder / "credentials")
    config, credentials = [], []
    for n in range(profiles):
        config.append(f"# about {n}\n[profile old-{n}]\nregion = eu-{n}\n\n")
        credentials.append(f"[old-{n}]\naws_access_key_id = ASIA{n}\naws_secret_access_key=s{n}\n")
    config.append("[profile sts]\nregion = us-east-1\n")
    credentials.append("[sts]\naws_access_key_id = ASIAOLD\naws_secret_access_key = old\n")
    for path, text in ((files.config, config), (files.credentials, credentials)):
        path.touch(0o600)
        path.write_text("".join(text))
        os.utime(path, (0, 0))  # at rest for long: nothing to wait for
    return files


def contents(files: AWSFiles) -> tuple[bytes | None, bytes | None]:
    """The bytes of both; None for one that is not there."""
    config, credentials = (
        path.read_bytes() if path.exists() else None for path in (files.config, files.credentials)
    )
    return config, credentials


def parsed(path: Path) -> dict[str, dict[str, str]]:
    """What AWS's tools read. Raises as they do when they cannot."""
    parser = RawConfigParser()
    parser.read(path)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def lost(files: AWSFiles, profiles: int = OLD) -> int:
    """How many of the old profiles are no longer there, whole and readable."""
    config, credentials = parsed(files.config), parsed(files.credentials)
    gone = [
        n
        for n in range(profiles)
        if config.get(f"profile old-{n}") != {"region": f"eu-{n}"}
        or credentials.get(f"old-{n}")
        != {"aws_access_key_id": f"ASIA{n}", "aws_secret_access_key": f"s{n}"}
    ]
    return len(gone)


def leftovers(files: AWSFiles) -> int:
    """How many files there are that were to replace another one and did not."""
    folders = {path.resolve().parent for path in (files.config, files.credentials)}
    return sum(len(list(folder.glob(".*.samlauth-*"))) for folder in folders if folder.exists())


def too_open(files: AWSFiles) -> list[Path]:
    """The files that somebody else could read."""
    folders = {path.resolve().parent for path in (files.config, files.credentials)}
    paths = [path for folder in folders if folder.exists() for path in folder.iterdir()]
    return [
        path
        for path in paths
        if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not path.is_symlink()
    ]
