"""Makes the sdist and the wheel so that the same source gives the same bytes, and tries the wheel.

``python -m tests.distribution FOLDER`` puts both there, made twice and compared, and signs in to a
rehearsal with the wheel, in an environment that has nothing but what it asks for, from the package
index and by the hashes in ``requirements``.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pexpect
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "test.txt"
LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv*", ".*_cache", ".hypothesis", ".coverage*", "build", "dist", "*.egg-info"),
    *("__pycache__", "node_modules"),
)
"""What lies in a checkout and is not source."""

EARLIEST = 315532800
"""The first second that a zip file can name, in seconds since 1970: 1980-01-01."""


def epoch() -> int:
    """The time every file gets: SOURCE_DATE_EPOCH, else that of the last commit."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    said = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return int(said.stdout) if said.returncode == 0 and said.stdout.strip() else EARLIEST


def make(folder: Path, time: int) -> tuple[Path, Path]:
    """Make the sdist from a copy of the source, and the wheel from the sdist; both in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        shutil.copytree(ROOT, source, ignore=LEFT_OUT)
        made = built("--sdist", source, Path(scratch, "sdist"), time)
        sdist = folder / made.name
        settle(made, sdist, time)
        with tarfile.open(sdist) as archive:
            archive.extractall(scratch, filter="data")
        unpacked = Path(scratch, sdist.name.removesuffix(".tar.gz"))
        wheel = built("--wheel", unpacked, folder, time)
    return sdist, wheel


def built(what: str, source: Path, folder: Path, time: int) -> Path:
    """What ``python -m build`` makes with this environment's setuptools."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", what, "--outdir", folder, source],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(time)},
        umask=0o022,  # the modes of what is generated are in the wheel
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    [made] = folder.glob("*.tar.gz" if what == "--sdist" else "*.whl")
    return made


def settle(archive: Path, to: Path, time: int) -> None:
    """Pack a .tar.gz anew, in order, with one time, nobody's name, and the modes git knows."""
    with (
        tarfile.open(archive) as before,
        to.open("wb") as file,
        gzip.GzipFile("", "wb", mtime=time, fileobj=file) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as after,
    ):
        for member in sorted(before.getmembers(), key=lambda each: each.name):
            settled = tarfile.TarInfo(member.name)
            settled.type, settled.size, settled.mtime = member.type, member.size, time
            settled.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            after.addfile(settled, before.extractfile(member) if member.isfile() else None)


def digest(path: Path) -> str:
    """SHA-256 in hexadecimal, as ``sha256sum`` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def metadata(wheel: Path) -> Message:
    """What the wheel says of itself (core metadata, PEP 566)."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return BytesParser().parsebytes(archive.read(name))


def needed(wheel: Path, extra: str) -> Iterator[importlib.metadata.Distribution]:
    """What is installed here of all the wheel needs, with its extra, and what that needs."""
    seen: set[tuple[str, str]] = set()
    waiting = [(text, extra) for text in metadata(wheel).get_all("Requires-Dist", ())]
    while waiting:
        text, wanted = waiting.pop()
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": wanted}):
            continue
        name = canonicalize_name(requirement.name)
        found = importlib.metadata.distribution(name)
        assert requirement.specifier.contains(found.version), f"{name} {found.version}: {text}"
        for each in ("", *requirement.extras):
            if (name, each) not in seen:
                seen.add((name, each))
                waiting += [(more, each) for more in found.requires or ()]
                if not each:
                    yield found


def environment(folder: Path) -> tuple[Path, Path]:
    """A new virtual environment with nothing in it: its folder of programs, its site-packages."""
    venv.create(folder, symlinks=True)
    return folder / "bin", next((folder / "lib").glob("python3*")) / "site-packages"


def pip(programs: Path, *arguments: str | Path) -> None:
    """Run this environment's pip for the one whose programs these are."""
    python = str(programs / "python")
    command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*command, *arguments], check=True)


def install_from_here(wheel: Path, folder: Path) -> Path:
    """Install the wheel with its extra ``sandbox``, and links to what it needs; its programs.

    No index is asked. What the wheel does not name is not there, though it is installed here.
    """
    programs, packages = environment(folder)
    for distribution in needed(wheel, "sandbox"):
        files = distribution.files or ()
        for name in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (packages / name).is_symlink():
                (packages / name).symlink_to(Path(str(distribution.locate_file(name))))
    pip(programs, "--no-index", "--no-deps", wheel)
    return programs


def install_from_index(wheel: Path, folder: Path) -> Path:
    """Install the wheel with its extra ``sandbox``, at the versions and hashes of the lock."""
    programs, _ = environment(folder)
    asked = folder / "wheel.txt"
    asked.write_text(
        f"samlauth[sandbox] @ {wheel.resolve().as_uri()} --hash=sha256:{digest(wheel)}\n"
    )
    pip(programs, "--require-hashes", "-r", asked, "-c", LOCK)
    return programs


def sign_in(programs: Path, home: Path) -> str:
    """Rehearse the main job on a terminal as a person does; what was printed."""
    home.mkdir(exist_ok=True)
    # Nothing else in PATH: the proof is boto3's then, and not that of an aws CLI of the system's.
    environ = {"HOME": str(home), "PATH": str(programs), "TERM": "dumb"}
    terminal = pexpect.spawn(
        str(programs / "samlauth"),
        ["rehearse", "google", "--roles", "1"],
        env={**environ, "LANG": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1"},
        cwd=str(home),
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 250),
    )
    terminal.expect_exact("Google Password: ")
    shown = re.search(r"password +(\S+)\s+code +([0-9]{6})\b", str(terminal.before))
    assert shown, terminal.before
    password, code = shown.groups()
    terminal.waitnoecho(20)
    terminal.sendline(password)
    terminal.expect_exact("MFA token: ")
    terminal.sendline(code)
    terminal.expect(pexpect.EOF)
    printed = str(terminal.before)
    terminal.close()
    assert terminal.exitstatus == 0, printed
    return printed


def main(folder: Path) -> None:
    """What ``make dist`` does."""
    time = epoch()
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("samlauth-*.tar.gz"), *folder.glob("samlauth-*.whl")):
        old.unlink()
    made = make(folder, time)
    with tempfile.TemporaryDirectory() as scratch:
        again = make(Path(scratch, "again"), time)
        assert [digest(path) for path in made] == [digest(path) for path in again], (
            "the same source gave other bytes the second time"
        )
        subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *made], check=True)
        programs = install_from_index(made[1], Path(scratch, "clean"))
        subprocess.run([programs / "samlauth", "--version"], check=True)
        print(sign_in(programs, Path(scratch, "home")))
    for path in made:
        print(f"{digest(path)}  {path}")
    print(f"SOURCE_DATE_EPOCH={time}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
