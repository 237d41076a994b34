"""``samlauth docker-alias``: the line that makes ``samlauth`` the one of the Docker image."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from samlauth.command import Command
from samlauth.effects import output

if TYPE_CHECKING:
    import argparse

SHELLS: Final = ("bash", "zsh", "fish", "powershell", "cmd")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parser.add_argument(
        "--shell",
        choices=SHELLS,
        metavar="SHELL",
        help=f"{', '.join(SHELLS)} (default: $SHELL, on Windows powershell)",
    )
    parser.add_argument(
        "--image", default="samlauth", metavar="NAME", help="the image (default: samlauth)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the line, and on standard error where it belongs."""
    shell = options.shell or _shell(os.environ, sys.platform)
    output.data(alias(sys.platform, shell, options.image))
    output.tell(f"Put it into {_PLACES[shell]}.")
    return 0


COMMAND = Command(
    "samlauth docker-alias [--shell SHELL] [--image NAME]",
    "Print the line that makes samlauth the one of the Docker image, with your ~/.aws in it.",
    arguments=arguments,
    run=run,
)


_PLACES: Final = {
    "bash": "~/.bashrc",
    "zsh": "~/.zshrc",
    "fish": "~/.config/fish/config.fish",
    "powershell": "the file that $PROFILE names",
    "cmd": "a file that doskey /macrofile reads, without the word doskey",
}


def _shell(environ: Mapping[str, str], platform: str) -> str:
    name = environ.get("SHELL", "").rpartition("/")[2]
    if platform == "win32":
        return "powershell"
    return name if name in SHELLS else "bash"


def alias(platform: str, shell: str, image: str) -> str:
    """The line for an operating system, as :data:`sys.platform` calls it, and one of SHELLS.

    The image sees the folder ``~/.aws`` and no other file of the person's. On Linux it runs as the
    person, who so owns what it writes; Docker Desktop sees to that by itself on macOS and Windows.
    ``-t`` is for a terminal, for there are questions. Without one, as when another program asks for
    credentials, Docker would refuse it; and with it all output would come as a terminal's.
    """
    match shell:
        case "powershell":
            return (
                "function samlauth { $tty = if ([Console]::IsInputRedirected -or "
                "[Console]::IsOutputRedirected) { @() } else { @('-t') }; "
                f'docker run --rm -i @tty -v "${{HOME}}/.aws:/root/.aws" {image} @args }}'
            )
        case "cmd":
            return f'doskey samlauth=docker run --rm -it -v "%USERPROFILE%\\.aws:/root/.aws" {image} $*'
        case "fish":
            user = (
                '--user (id -u):(id -g) -e HOME=/home/app -v "$HOME/.aws:/home/app/.aws"'
                if platform == "linux"
                else '-v "$HOME/.aws:/root/.aws"'
            )
            return (
                "function samlauth; set -l tty; isatty stdin; and isatty stdout; and set tty -t; "
                f"docker run --rm -i $tty {user} {image} $argv; end"
            )
        case _:
            user = (
                '--user "$(id -u):$(id -g)" -e HOME=/home/app -v "$HOME/.aws:/home/app/.aws"'
                if platform == "linux"
                else '-v "$HOME/.aws:/root/.aws"'
            )
            return (
                "samlauth() { local tty=; [ -t 0 ] && [ -t 1 ] && tty=1; docker run --rm -i ${tty:+-t} "
                f'{user} {image} "$@"; }}'
            )
