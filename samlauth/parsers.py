"""The parsers of the commands: what ``--help`` looks like, and what a command line was given.

Nothing is imported at this level that ``--help`` does not need.
"""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

from samlauth import __version__
from samlauth.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable


class Formatter(argparse.RawDescriptionHelpFormatter):
    """The same help on every Python: ``-u, --username USER``, wrapped at COLUMNS."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_columns())

    def _format_action_invocation(self, action: argparse.Action) -> str:
        value = str(action.metavar or action.dest.upper())
        if not action.option_strings:
            return value
        names = ", ".join(action.option_strings)
        return names if action.nargs == 0 else f"{names} {value}"

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None,
    ) -> str:
        whole = super()._format_usage(usage, actions, groups, prefix)
        head, start, usage = whole.partition("usage: ")
        cells = self._width + 2 - len(start)
        lines = _folded(usage.rstrip("\n"), cells, lambda *_: 0).split("\n")
        return head + start + f"\n{' ' * len(start)}".join(lines) + "\n\n"

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = super()._fill_text(text, width, indent).split("\n")
        cells = self._width + 2
        return "\n".join(_folded(line, cells, _hanging) for line in lines)


def _folded(line: str, cells: int, hanging: Callable[[str, int], int | None]) -> str:
    """As :func:`samlauth.printable.folded`, which is loaded for a line that needs it."""
    if len(line) <= cells and line.isascii():
        return line
    from samlauth.printable import folded

    return folded(line, cells, hanging(line, cells))


def _hanging(line: str, cells: int) -> int | None:
    """Where the rest of a line belongs: below what stands behind a gap, if there is room for it."""
    gap = re.match(r"( *)\S.*?   *(?=\S)", line)
    if gap is None:
        return None
    return gap.end() if gap.end() * 3 <= cells * 2 else len(gap[1]) + 4


def _columns() -> int:
    try:
        return int(os.environ["COLUMNS"]) - 2
    except (KeyError, ValueError):
        pass
    try:
        return max(min(os.get_terminal_size().columns, 102) - 2, 38)
    except OSError:
        return 98


def make(usage: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    """A parser with ``--help`` and ``--version`` alone; options are never shortened."""
    parser = argparse.ArgumentParser(
        prog="samlauth",
        usage=usage,
        description=description,
        epilog=epilog,
        formatter_class=Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="help", help="show this and exit")
    parser.add_argument(
        "-V",
        "--version",
        action="version",
        version=f"samlauth {__version__}",
        help="show the version and exit",
    )
    return parser


def setting_arguments(
    parser: argparse.ArgumentParser,
    *,
    several: bool = False,
    foremost: Container[str] | None = ("profile",),
) -> None:
    """A flag for each setting, and a ``--no-`` twin for each switch.

    ``several`` says whether more than one profile can be meant. ``foremost`` names the settings
    that the help has among the command's own options, None for all that belong to no provider.
    """
    from samlauth.settings import DURATION, ROLE_ARN, SEVERAL, TABLE

    headings: dict[str, argparse._ActionsContainer] = {}
    for setting in TABLE:
        if setting.group == SEVERAL and not several:
            continue
        names = [name for name in (setting.short, setting.flag) if name]
        title = setting.group
        if not title and foremost is not None and setting.name not in foremost:
            title = "signing in"
        if title and title not in headings:
            about = "-r ONE -r TWO -p one,two names as many" if title == SEVERAL else None
            headings[title] = parser.add_argument_group(title, about)
        group = headings.get(title, parser)
        if setting.is_switch:
            group.add_argument(
                *names, dest=setting.name, action="store_const", const="true", help=setting.help
            )
            group.add_argument(
                "--no-" + setting.flag[2:],
                dest=setting.name,
                action="store_const",
                const="false",
                help=argparse.SUPPRESS,
            )
        else:
            group.add_argument(
                *names,
                dest=setting.name,
                metavar=setting.metavar,
                help=setting.help,
                action="append" if setting is ROLE_ARN and several else "store",
            )
        if setting is DURATION:
            group.add_argument(
                "--auto-duration",
                dest=setting.name,
                action="store_const",
                const="auto",
                help="the same as -d auto",
            )


def profile_argument(parser: argparse.ArgumentParser) -> None:
    """Which profile it is, for a command without the flags of the other settings."""
    parser.add_argument(
        "-p", "--profile", metavar="NAME", help="the profile (default: $AWS_PROFILE, else sts)"
    )


def quiet_argument(parser: argparse.ArgumentParser) -> None:
    """Whether what was done is said."""
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def sign_in_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of whatever may have to sign in, beside those of the settings."""
    parser.add_argument(
        "--save-failure-html",
        action="store_true",
        help="keep the page a sign-in failed at, without anything of yours",
    )
    parser.add_argument(
        "--save-saml-flow",
        action="store_true",
        help="keep every page of the sign-in, without anything of yours",
    )
    quiet_argument(parser)
    parser.add_argument(
        "-l",
        "--log",
        choices=("debug", "info", "warn"),
        default="warn",
        metavar="LEVEL",
        help="debug, info or warn (default); secrets are never logged",
    )


def parse(
    parser: argparse.ArgumentParser, argv: list[str], known: argparse.Namespace | None = None
) -> argparse.Namespace:
    """As ``parse_args``, but what is not understood is not repeated: it may be a password.

    ``known`` is what is known besides the words. Raises UsageError for what is not understood,
    SystemExit as argparse does.
    """
    options, unknown = parser.parse_known_args(argv, known)
    if unknown:
        from samlauth.printable import safe

        names = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        what = (
            f"has no option {safe(names[0])}"
            if names
            else "was given a word that belongs to no option"
        )
        named = re.match(r"samlauth(?: [a-z][a-z-]*)*", parser.usage or "")
        meant = closest(names[0], parser._option_string_actions) if names else ""
        hints = [
            *([f"Did you mean {meant}?"] if meant else []),
            f"{named[0] if named else 'samlauth'} --help shows the options.",
        ]
        raise UsageError(
            f"samlauth {what}.",
            hint="A password is never given on the command line, where every user can read it; "
            "it is asked for, or read from standard input."
            if any("pass" in name for name in names)
            else " ".join(hints),
        )
    return options


def flags(options: argparse.Namespace) -> dict[str, str]:
    """The settings given as flags: name to text, of several roles the first one's.

    Raises UsageError when two contradict.
    """
    from samlauth.settings import TABLE

    given = {setting.name: getattr(options, setting.name, None) for setting in TABLE}
    if isinstance(given["role_arn"], list):
        given["role_arn"] = given["role_arn"][0]
    if given["role_arn"] is not None and given["ask_role"] == "true":
        raise UsageError(
            "-r names a role and -a asks for one; only one of them can be meant.",
            hint="Leave one of the two out.",
        )
    return {name: text for name, text in given.items() if text is not None}


def closest(word: str, words: Iterable[str]) -> str:
    """The one that was probably meant, empty where none is near."""
    from difflib import get_close_matches

    return "".join(get_close_matches(word, words, 1, 0.7))
