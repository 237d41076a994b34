"""What the documents say to type exists, and what they link to is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from samlauth import cli
from samlauth.commands import NAMES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path for folder in (ROOT, ROOT / "docs") for path in folder.glob("*.md") if path.is_file()
)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
INLINE = re.compile(r"`([^`\n]+)`")
ENDS = {"|", ";", "&&", "||", ">", "…", "..."}
WORDS = {
    "configure": ("process", "chain"),
    "totp": ("add", "remove"),
    "rehearse": ("google", "adfs"),
}
"""The commands that have commands of their own."""


def names(document: Path) -> str:
    return str(document.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """As the usual viewers make them of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    for groups in LINK.findall(document.read_text("utf-8")):
        target = groups[0] or groups[1]
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        other = (document.parent / path).resolve() if path else document
        assert other.exists(), f"{names(document)} links to {target}"
        if anchor:
            assert anchor in anchors(other), f"{names(document)} links to {target}"


def commands(text: str) -> Iterator[list[str]]:
    """The words after each ``samlauth`` that a person is to type."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
    fenced = [block for kind, block in fence.findall(text) if kind in {"sh", "console"}]
    # What is bold is what is seen, and not typed.
    prose = re.sub(r"\*\*`.*?`\*\*", "", fence.sub("", text))
    lines = [line for line in prose.splitlines() if line.startswith("    ")]
    for line in (*lines, *INLINE.findall(prose), *"\n".join(fenced).splitlines()):
        yield from typed(line.strip())


def typed(line: str) -> Iterator[list[str]]:
    match = re.match(r"(?:\$ )?(?:eval \"\$\()?samlauth (?!\d)(.+)", line)
    if match is None:
        return
    rest = re.split(r"\)\"|\)$|  #", match[1])[0]
    try:
        words = shlex.split(rest.replace("'", "").replace("\\", ""))
    except ValueError:
        return
    end = next((at for at, word in enumerate(words) if word in ENDS), len(words))
    yield words[:end]


@cache
def help_of(command: tuple[str, ...]) -> str:
    import contextlib
    import io

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert cli.guarded([*command, "--help"]) == 0
    return printed.getvalue()


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_what_a_document_says_to_type_exists(document: Path) -> None:
    for words in commands(document.read_text("utf-8")):
        shown = f"{names(document)}: samlauth {' '.join(words)}"
        command: list[str] = []
        if words and re.fullmatch("[a-z-]+", words[0]) and not words[0].startswith("-"):
            assert words[0] in NAMES, shown
            command = words[:1] if words[0] != "login" else []
            if words[1:2] and words[1] in WORDS.get(words[0], ()):
                command = words[:2]
        ours = words[: words.index("--")] if "--" in words else words
        flags = re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", help_of(tuple(command)))
        for word in ours:
            if re.fullmatch(r"--?[A-Za-z][\w-]*", word):
                positive = word.replace("--no-", "--", 1)
                assert word in flags or positive in flags, f"{shown} has no {word}"


@pytest.mark.parametrize("package", ["", "commands", "effects", "idp", "diagnosis"])
def test_the_architecture_names_each_module_and_none_that_is_not(package: str) -> None:
    folder = ROOT / "samlauth" / package
    there = {path.stem for path in folder.iterdir() if path.suffix == ".py"}
    there |= {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
    table = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("\n## Layers\n")[2]
    if not package:
        named = {name for line in rows(table, "") for name in re.findall(r"`(\w+)`", line)}
        assert there - {"__init__"} <= named
        return
    named = {
        name
        for line in rows(table.partition("\n## What is where\n")[2], f"`{package}`")
        for name in re.findall(r"`(\w+)`", line.split("|")[2])
    }
    assert named - {"import"} == there - {"__init__"}


def rows(table: str, first: str) -> list[str]:
    return [line for line in table.splitlines() if line.startswith(f"| {first}")]


def test_most_commands_are_in_the_documents() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    found = {words[0] for words in commands(text) if words}
    assert set(NAMES) - {"login"} <= found


def test_the_test_finds_what_is_wrong() -> None:
    assert list(typed('eval "$(samlauth env -p x)" # so')) == [["env", "-p", "x"]]
    assert list(typed("samlauth exec -p x -- aws s3 ls | less")) == [
        ["exec", "-p", "x", "--", "aws", "s3", "ls"]
    ]
    assert list(typed("samlauth 0.1")) == []
