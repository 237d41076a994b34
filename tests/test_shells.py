"""Lines that shells evaluate: golden texts, and the shells themselves on values made to hurt."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from samlauth import shells
from samlauth.errors import SettingsError
from samlauth.shells import lines, usual

PLAIN = {"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SESSION_TOKEN": "a/b+c=="}

HOSTILE = [
    "it's",
    '"double"',
    "$HOME ${HOME} $(touch pwned) `touch pwned` %HOME% !!",
    "; touch pwned #",
    "' ; touch pwned ; '",
    "\\' \\\\' \\",
    "two\nlines\n",
    "\r\x1b[31m\t\x07 \x7f",
    " spaces at both ends ",
    "-n",
    "~ * ? [a] {a,b} <a >b | & ^",
    "\u2018;touch pwned;\u2019 \u201c\u201d \u201a\u201b",
    "é\U0001f600",
    "",
]


def shell(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        assert "CI" not in os.environ, f"{name} has to be installed where everything is tested"
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("name", "shape", "script"),
    [
        ("bash", "bash", 'eval "$LINES_"; env -0'),
        ("dash", "bash", 'eval "$LINES_"; env -0'),
        ("zsh", "bash", 'eval "$LINES_"; env -0'),
        ("bash", "env-no-export", 'set -a; eval "$LINES_"; env -0'),
        ("fish", "fish", "printf %s $LINES_ | source; env -0"),
    ],
)
def test_shells_take_values_as_they_are(
    name: str, shape: str, script: str, value: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [shell(name), "-c", script],
        env={
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "LINES_": lines(shape, {"FIRST": value, "SECOND": "x"}),
        },
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=60,
    )
    got = dict(row.split("=", 1) for row in done.stdout.decode().split("\0") if row)
    assert (got["FIRST"], got["SECOND"]) == (value, "x")
    assert done.stderr == b""
    assert not (tmp_path / "pwned").exists()


def test_fish_takes_them_through_eval_as_well(tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    printed.write_text(lines("fish", {"FIRST": "it's; $HOME (touch pwned)", "SECOND": "x"}))
    done = subprocess.run(
        [shell("fish"), "-c", f"eval (cat {printed}); env -0"],
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"FIRST=it's; $HOME (touch pwned)\0" in done.stdout
    assert b"SECOND=x\0" in done.stdout


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("bash", "export AWS_ACCESS_KEY_ID=ASIA1\nexport AWS_SESSION_TOKEN=a/b+c==\n"),
        ("env", "export AWS_ACCESS_KEY_ID=ASIA1\nexport AWS_SESSION_TOKEN=a/b+c==\n"),
        ("env-no-export", "AWS_ACCESS_KEY_ID=ASIA1\nAWS_SESSION_TOKEN=a/b+c==\n"),
        ("env-file", "AWS_ACCESS_KEY_ID=ASIA1\nAWS_SESSION_TOKEN=a/b+c==\n"),
        ("fish", "set -gx AWS_ACCESS_KEY_ID 'ASIA1';\nset -gx AWS_SESSION_TOKEN 'a/b+c==';\n"),
        (
            "powershell",
            "$Env:AWS_ACCESS_KEY_ID = 'ASIA1'\n$Env:AWS_SESSION_TOKEN = 'a/b+c=='\n",
        ),
        ("cmd", 'set "AWS_ACCESS_KEY_ID=ASIA1"\nset "AWS_SESSION_TOKEN=a/b+c=="\n'),
        ("windows-cmd", 'set "AWS_ACCESS_KEY_ID=ASIA1"\nset "AWS_SESSION_TOKEN=a/b+c=="\n'),
    ],
)
def test_what_each_format_looks_like(shape: str, text: str) -> None:
    assert lines(shape, PLAIN) == text


def test_every_format_has_a_golden_text() -> None:
    assert len(shells.FORMATS) == 8


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("it's", "'it''s'"),
        ("\u2018a\u2019b\u201ac\u201bd", "'\u2018\u2018a\u2019\u2019b\u201a\u201ac\u201b\u201bd'"),
        ('$x `n $(y) "z" \u201cw\u201d', "'$x `n $(y) \"z\" \u201cw\u201d'"),
    ],
)
def test_powershell_doubles_all_that_it_takes_for_a_quote(value: str, quoted: str) -> None:
    assert lines("powershell", {"X": value}) == f"$Env:X = {quoted}\n"


def test_cmd_takes_what_stands_in_quotes() -> None:
    assert lines("cmd", {"X": "a&b|c<d>e^f(g)"}) == 'set "X=a&b|c<d>e^f(g)"\n'


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        *[("cmd", f"hunter{character}2") for character in '"%!\n\r\x1a'],
        *[("powershell", f"hunter{character}2") for character in "\r\n"],
        *[("env-file", f"hunter{character}2") for character in "\r\n\x00"],
        *[(shape, "hunter\x002") for shape in shells.FORMATS],
    ],
)
def test_what_cannot_be_said_is_refused_and_not_shown(shape: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        lines(shape, {"A": "x", "AWS_SESSION_TOKEN": value})
    assert refused.value.message.startswith("AWS_SESSION_TOKEN has the character ")
    assert not re.search("hunter", refused.value.message + refused.value.hint)


@pytest.mark.parametrize(
    ("system", "login_shell", "shape"),
    [
        ("posix", "/bin/bash", "bash"),
        ("posix", "/usr/bin/zsh", "bash"),
        ("posix", "/usr/bin/fish", "fish"),
        ("posix", "", "bash"),
        ("nt", "", "powershell"),
    ],
)
def test_the_usual_format(system: str, login_shell: str, shape: str) -> None:
    assert usual(system, login_shell) == shape
