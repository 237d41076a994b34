"""A command, as its module declares it: what its help says, what its line has, and what obeys it.

Nothing is imported at this level that ``--help`` does not need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samlauth import parsers
from samlauth.effects import cores, output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Container, Mapping

    from samlauth.redactor import Redactor

    Arguments = Callable[[argparse.ArgumentParser], None]
    Split = Callable[[list[str]], tuple[list[str], argparse.Namespace | None]]


def _none(_: argparse.ArgumentParser) -> None:
    pass


def _all(words: list[str]) -> tuple[list[str], None]:
    return words, None


class Command:
    """What there is to know of a command.

    ``arguments`` adds to a parser what its line has. ``run`` obeys what was parsed, and returns the
    exit code. ``split`` comes before argparse, for what that cannot read: the words that are left to
    it, and what the others said; it may raise UsageError. ``words`` are what may follow the
    command's name at once, where that is a few words.
    """

    def __init__(
        self,
        usage: str,
        description: str,
        epilog: str = "",
        *,
        arguments: Arguments,
        run: Callable[[argparse.Namespace], int],
        split: Split = _all,
        words: tuple[str, ...] = (),
    ) -> None:
        self.usage = usage
        self.description = description
        self.epilog = epilog
        self.arguments = arguments
        self.run = run
        self.split = split
        self.words = words

    def parser(self) -> argparse.ArgumentParser:
        """A parser of what follows the command's name."""
        made = parsers.make(self.usage, self.description, self.epilog)
        self.arguments(made)
        return made


def signing_in(
    usage: str,
    description: str,
    epilog: str = "",
    *,
    run: Callable[[argparse.Namespace, Mapping[str, str], Redactor], int],
    arguments: Arguments = _none,
    split: Split = _all,
    several: bool = False,
    foremost: Container[str] | None = ("profile",),
) -> Command:
    """A command that may have to sign in: it has every setting as a flag, and is careful.

    ``run`` is told what was parsed, the settings among it, and what hides secrets in the log.
    ``several`` says whether more than one profile can be meant, and ``foremost`` names the settings
    that its help has among its own options, as :func:`samlauth.parsers.setting_arguments` does.
    """

    def all_arguments(parser: argparse.ArgumentParser) -> None:
        parsers.setting_arguments(parser, several=several, foremost=foremost)
        arguments(parser)
        parsers.sign_in_arguments(parser)

    def run_with_care(options: argparse.Namespace) -> int:
        from samlauth.effects import logs

        if options.plain == "true":
            output.without_colours()
        cores.leave_none()
        redactor = logs.to_stderr(options.log)
        return run(options, parsers.flags(options), redactor)

    return Command(
        usage, description, epilog, arguments=all_arguments, run=run_with_care, split=split
    )
