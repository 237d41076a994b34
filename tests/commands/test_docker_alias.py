"""The line for each system and shell, run in the real shells with a docker that says what it is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from samlauth.commands.docker_alias import SHELLS, _shell, alias
from tests.e2e.screen import found

DOCKER = """\
#!/bin/sh
for word; do echo "<$word>"; done
"""
ELSEWHERE = ["<-v>", "<{home}/.aws:/root/.aws>"]
LINUX = ["<--user>", f"<{os.getuid()}:{os.getgid()}>", "<-e>", "<HOME=/home/app>"]
LINUX += ["<-v>", "<{home}/.aws:/home/app/.aws>"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(("platform", "mounts"), [("linux", LINUX), ("darwin", ELSEWHERE)])
@pytest.mark.parametrize("terminal", [False, True])
def test_the_line_runs_the_image_as_it_is_meant(
    shell: str, platform: str, mounts: list[str], terminal: bool, tmp_path: Path
) -> None:
    found(shell)
    home = tmp_path / "a home"
    home.mkdir()
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o700)
    command = [shell, "-c", f"{alias(platform, shell, 'img')}\nsamlauth -p 'two words' '$x'"]
    if terminal:  # script(1) runs it on a terminal of its own
        if (script := shutil.which("script")) is None or sys.platform != "linux":
            pytest.skip("there is no script of util-linux")
        (tmp_path / "run").write_text(command[2])
        command = [script, "-qec", f"{shell} {tmp_path / 'run'}", "/dev/null"]
    done = subprocess.run(
        command,
        env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)},
        stdin=None if terminal else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert [line.rstrip("\r") for line in done.stdout.splitlines()] == [
        *("<run>", "<--rm>", "<-i>"),
        *(["<-t>"] if terminal else []),
        *(word.format(home=home) for word in mounts),
        *("<img>", "<-p>", "<two words>", "<$x>"),
    ]


@pytest.mark.parametrize("shell", ["powershell", "cmd"])
def test_windows_mounts_the_folder_of_its_home(shell: str) -> None:
    line = alias("win32", shell, "img")
    assert ".aws:/root/.aws" in line
    assert "--user" not in line


@pytest.mark.parametrize(
    ("environ", "platform", "shell"),
    [
        ({"SHELL": "/usr/bin/fish"}, "linux", "fish"),
        ({"SHELL": "/bin/zsh"}, "darwin", "zsh"),
        ({"SHELL": "/bin/dash"}, "linux", "bash"),
        ({}, "linux", "bash"),
        ({"SHELL": "/bin/zsh"}, "win32", "powershell"),
    ],
)
def test_the_shell_is_the_persons(environ: dict[str, str], platform: str, shell: str) -> None:
    assert _shell(environ, platform) == shell


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_it_is_one_line(shell: str, platform: str) -> None:
    assert "\n" not in alias(platform, shell, "img")
