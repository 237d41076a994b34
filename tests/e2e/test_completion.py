"""What TAB does in the real shells, in tmux; PowerShell's script is only looked at."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.commands import NAMES
from samlauth.effects.state import Identity, Issued, StateFile
from samlauth.settings import TABLE
from tests.e2e.screen import Screen, found
from tests.e2e.stage import SAMLAUTH

CONFIG = """\
[default]
region = eu-west-1
[profile staging]
samlauth.group = working
samlauth.role_arn = Auditor
[profile "two words"]
region = eu-west-1
"""
ARN = "arn:aws:iam::222222222222:role/Developer"
SETUP = {
    "bash": 'eval "$(samlauth completion bash)"',
    "zsh": 'autoload -U compinit; compinit -u -D; eval "$(samlauth completion zsh)"',
    "fish": "samlauth completion fish | source",
}
START = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
TYPED = (
    ("samlauth stat", "us"),
    ("samlauth docker-a", "lias"),
    ("samlauth --prof", "ile"),
    ("samlauth -p stag", "ing"),
    ("samlauth exec --profile stag", "ing"),
    ("samlauth logout -p kep", "t"),
    ("samlauth -p tw", "o\\ words"),
    ("samlauth -r Devel", "oper"),
    ("samlauth -r arn:aws:iam::2222", ARN.removeprefix("arn:aws:iam::2222")),
    ("samlauth -A rehearsal-p", "rod"),
    ("samlauth -g work", "ing"),
    ("samlauth --partition aws-us", "-gov"),
    ("samlauth configure proc", "ess"),
    ("samlauth configure chain x --source-pro", "file"),
    ("samlauth env --format power", "shell"),
    ("samlauth --policy polic", "y.json"),
    ("samlauth exec -p staging -- cat polic", "y.json"),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with profiles and a state."""
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "config").write_text(CONFIG)
    (aws / "credentials").write_text("[kept]\naws_access_key_id = x\n")
    now = datetime.now(UTC)
    whose = Identity("google", "C01", "1", "ada@example.com", ARN)
    issued = Issued("x", whose, now, now + timedelta(hours=1))
    names = {"222222222222": "rehearsal-prod", "111111111111": "\x1b[31mred"}
    StateFile.beside(aws / "config").update(
        lambda state: state.with_login("staging", issued, {}, names, [ARN])
    )
    (tmp_path / "policy.json").touch()
    return tmp_path


def environ(home: Path) -> dict[str, str]:
    return {
        "PATH": f"{SAMLAUTH.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PS1": "ready> ",
    }


@pytest.mark.parametrize("shell", START)
def test_tab_finishes_what_is_typed(shell: str, home: Path) -> None:
    found(shell)
    command = ("/bin/sh", "-c", 'cd && exec "$@"', "sh", *START[shell])
    with Screen(home, command, environ(home), columns=120) as screen:
        screen.type(f"{SETUP[shell]}; clear; echo lo''aded\n")
        screen.until("loaded")
        for typed, rest in TYPED:
            screen.type(typed)
            screen.until(typed)
            screen.press("Tab")
            screen.until(typed + rest)
            screen.press("C-u")
        if shell == "bash":
            screen.type("COMP_WORDBREAKS=${COMP_WORDBREAKS//:}; clear; echo cl''eared\n")
            screen.until("cleared")
            screen.type(f"samlauth -r {ARN[:-3]}")
            screen.press("Tab")
            screen.until(f"samlauth -r {ARN}")
            screen.press("C-u")
        # A word that is none is left as it is.
        screen.type("samlauth -p nothing")
        screen.press("Tab")
        screen.type("x")
        screen.until("samlauth -p nothingx")


def offered(home: Path, *arguments: str) -> list[str]:
    return subprocess.run(
        [SAMLAUTH, "complete", *arguments],
        env=environ(home),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["profiles"], ["default", "staging", "two words", "kept"]),
        (["profiles", "st"], ["staging"]),
        (["profiles", "nothing"], []),
        (["roles"], ["Developer", "Auditor"]),
        (["roles", "arn"], [ARN]),
        (["accounts"], ["rehearsal-prod", "222222222222"]),
        (["groups"], ["working"]),
    ],
)
def test_what_is_offered(arguments: list[str], lines: list[str], home: Path) -> None:
    assert offered(home, *arguments) == lines


@pytest.mark.parametrize("kind", ["profiles", "roles", "accounts", "groups"])
def test_nothing_is_offered_where_nothing_is(kind: str, tmp_path: Path) -> None:
    assert offered(tmp_path, kind) == []
    (tmp_path / ".aws" / "samlauth").mkdir(parents=True)
    (tmp_path / ".aws" / "config").write_bytes(b"\xff[profile \xff]\n[profile\n[]\n=\n")
    (tmp_path / ".aws" / "samlauth" / "state").write_bytes(b'{"arn:x:role/": "arn:::::\xff')
    assert offered(tmp_path, kind) == []


def test_an_offer_loads_nothing_that_is_heavy(home: Path) -> None:
    code = (
        "import sys; sys.argv[1:] = ['complete', 'roles']; import os; os._exit = sys.exit\n"
        "from samlauth.__main__ import main\n"
        "try:\n    main()\nfinally:\n    print(sorted(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [SAMLAUTH.with_name("python"), "-S", "-c", code],
        env={**environ(home), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Developer\nAuditor\n"
    for heavy in ("argparse", "json", "re", "pathlib", "samlauth.settings", "logging"):
        assert f"'{heavy}'" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_every_command_and_setting_is_in_the_script(shell: str, tmp_path: Path) -> None:
    script = subprocess.run(
        [SAMLAUTH, "completion", shell],
        env=environ(tmp_path),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert all(name in script for name in NAMES)
    dash = "-l " if shell == "fish" else "--"
    assert all(dash + setting.flag[2:] in script for setting in TABLE)
    assert "profiles" in script


@pytest.mark.parametrize("before", ["", "autoload -U compinit; compinit -u -D; "])
def test_zsh_finishes_with_and_without_compinit_before(before: str, home: Path) -> None:
    script = f"{before}{SETUP['zsh'].rpartition('; ')[2]}; echo $_comps[samlauth]"
    done = subprocess.run(
        [found("zsh"), "-f", "-c", script], env=environ(home), capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("_samlauth\n", "")


def test_another_shell_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [SAMLAUTH, "completion", "csh"], env=environ(tmp_path), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "bash" in done.stderr
    assert done.stdout == ""
