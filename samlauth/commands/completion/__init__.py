"""``samlauth completion``: scripts that let a shell finish what is typed, one module a shell.

They are written here, not by shtab, which knows neither fish nor values that are looked up at TAB.
Each has all commands and options of this version in it; profiles, roles, accounts and groups are
asked of ``samlauth complete`` (:mod:`samlauth.effects.offers`).
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from samlauth.command import Command
from samlauth.commands import every
from samlauth.commands.completion import bash, fish, powershell, zsh
from samlauth.commands.completion.offered import gathered

_SCRIPTS: Final = {
    "bash": bash.script,
    "zsh": zsh.script,
    "fish": fish.script,
    "powershell": powershell.script,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parser.add_argument("shell", choices=_SCRIPTS, metavar="SHELL", help="your shell")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    sys.stdout.write(_SCRIPTS[options.shell](gathered(every())))
    return 0


COMMAND = Command(
    "samlauth completion bash | zsh | fish | powershell",
    "Print the script that lets your shell finish samlauth's commands, options and profiles.",
    """\
examples:
  eval "$(samlauth completion bash)"       in ~/.bashrc
  eval "$(samlauth completion zsh)"        in ~/.zshrc
  samlauth completion fish > ~/.config/fish/completions/samlauth.fish
  samlauth completion powershell | Out-String | Invoke-Expression
                                           in $PROFILE; never run there
""",
    arguments=arguments,
    run=run,
    words=tuple(_SCRIPTS),
)
