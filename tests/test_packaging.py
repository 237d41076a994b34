"""What is published: the same bytes each time, complete, and working where nothing else is."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import samlauth
from tests import distribution
from tests.distribution import ROOT
from tests.test_layers import imports

TIME = 1_700_000_000
LOCKS = ("test.txt", "kerberos.txt", "pip.txt")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel."""
    return distribution.make(tmp_path_factory.mktemp("dist"), TIME)


def test_the_same_source_gives_the_same_bytes(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o077)
    try:
        monkeypatch.setenv("TZ", "Pacific/Kiritimati")
        again = distribution.make(tmp_path / "again", TIME)
    finally:
        os.umask(before)
    assert [distribution.digest(path) for path in again] == [
        distribution.digest(path) for path in made
    ]


def test_the_wheel_has_the_package_and_nothing_else(made: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(made[1]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = ROOT / "samlauth"
    source = {str(path.relative_to(ROOT)) for path in package.rglob("*.py")}
    manual = f"samlauth-{samlauth.__version__}.data/data/share/man/man1/samlauth.1"
    assert names == source | {"samlauth/py.typed", manual}


def test_the_sdist_has_what_its_tests_and_its_makefile_need(made: tuple[Path, Path]) -> None:
    with tarfile.open(made[0]) as archive:
        members = archive.getmembers()
    names = {member.name.partition("/")[2] for member in members}
    for folder in ("docs", "requirements", "tests", "samlauth"):
        there = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        files = {
            str(path.relative_to(ROOT))
            for path in there
            if not {"__pycache__", "node_modules"} & set(path.parts)
        }
        assert files <= names
    assert {"Makefile", "Dockerfile", "LICENSE", "README.md", "CHANGELOG.md"} <= names
    assert not [name for name in names if "__pycache__" in name or "/node_modules/" in name]
    assert {(member.mtime, member.uid, member.uname) for member in members} == {(TIME, 0, "")}


def test_what_is_published_says_what_it_is(made: tuple[Path, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *made],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    said = distribution.metadata(made[1])
    assert (said["Name"], said["Version"]) == ("samlauth", samlauth.__version__)
    assert said["Requires-Python"] == ">=3.11"
    assert said.get_payload(decode=True) == (ROOT / "README.md").read_bytes()


def test_the_wheel_signs_in_where_nothing_else_is(made: tuple[Path, Path], tmp_path: Path) -> None:
    programs = distribution.install_from_here(made[1], tmp_path / "clean")
    version = subprocess.run(
        [programs / "samlauth", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout == f"samlauth {samlauth.__version__}\n"
    printed = distribution.sign_in(programs, tmp_path / "home")
    assert "Assuming arn:aws:iam::" in printed
    assert ":assumed-role/" in printed


def test_what_is_imported_is_asked_for() -> None:
    """Or belongs to something that is: botocore to boto3, werkzeug to flask."""
    ours = {
        canonicalize_name(each.name)
        for each in asked("sandbox", "secrets", "images", "fido2", "kerberos", "check")
        if not each.marker or each.marker.evaluate()
    }
    theirs = {
        canonicalize_name(Requirement(text).name) for name in ours for text in requires(name) or ()
    }
    owners = packages_distributions()
    lacking = {
        name
        for path in (ROOT / "samlauth").rglob("*.py")
        for name in (each.partition(".")[0] for each in imports(path))
        if name not in sys.stdlib_module_names
        and name not in {"samlauth", "websocket"}  # that one on Windows
        if not {canonicalize_name(owner) for owner in owners.get(name, ())} & (ours | theirs)
    }
    assert lacking == set()


def locked(name: str) -> Iterator[Requirement]:
    """What a lock file names, without the hashes."""
    text = (ROOT / "requirements" / name).read_text("utf-8")
    for line in text.replace("\\\n", " ").splitlines():
        requirement, _, hashes = line.partition(" --hash=")
        assert hashes, f"{name}: no hash: {line}"
        yield Requirement(requirement)


def asked(*extras: str) -> Iterator[Requirement]:
    """What setup.cfg asks for, with these extras."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    lists = [setup["options"]["install_requires"]]
    for extra in extras:
        # setuptools spells the name of another extra as configparser spells a key of the section.
        lists.append(setup["options.extras_require"][extra])
    for text in lists:
        yield from (Requirement(line) for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    assert not re.search(r"://|index|@|/", text)
    assert {specifier.operator for each in locked(lock) for specifier in each.specifier} == {"=="}


@pytest.mark.parametrize(
    ("lock", "extras"), [("test.txt", ("test", "check")), ("kerberos.txt", ("kerberos",))]
)
def test_a_lock_has_what_is_asked_for(lock: str, extras: tuple[str, ...]) -> None:
    versions = {
        canonicalize_name(each.name): [
            specifier.version for twin in locked(lock) if twin.name == each.name
            for specifier in twin.specifier
        ]
        for each in locked(lock)
    }  # fmt: skip
    lacking = [
        str(requirement)
        for requirement in asked(*extras)
        if not all(
            requirement.specifier.contains(version)
            for version in versions.get(canonicalize_name(requirement.name), ["0"])
        )
    ]
    assert lacking == [], "make lock writes requirements/ anew"


def test_the_locks_agree() -> None:
    versions = {(each.name, str(each.specifier)) for each in locked("test.txt")}
    names = {name for name, _ in versions}
    theirs = {(each.name, str(each.specifier)) for each in locked("kerberos.txt")}
    assert {(name, version) for name, version in theirs if name in names} <= versions
