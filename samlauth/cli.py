"""The command line: dispatch, and alone print errors and exit.

Nothing is imported at this level that ``--help`` does not need.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from samlauth import commands, parsers
from samlauth.effects import output
from samlauth.errors import NobodyToAsk, SamlauthError

_LONGEST = 10_000
"""Columns of a line of an error."""

_ALARM = "1;31"
"""Bold and red."""


class Signalled(BaseException):
    """A signal that ends the program, as an exception so that every ``finally`` runs."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> NoReturn:
    """Run ``sys.argv`` and exit with one of the codes of :mod:`samlauth.errors`."""
    # One short run: collecting garbage costs a tenth of it and frees nothing that matters.
    gc.disable()
    output.open_streams()
    status = guarded(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        status = status or 1
    with suppress(OSError):  # nobody can be told
        sys.stderr.flush()
    # Tearing down the imported libraries takes longer than some of them took to work.
    os._exit(status)


def guarded(argv: list[str]) -> int:
    """Run ``argv``; whatever goes wrong becomes a sentence on standard error and an exit code."""
    try:
        return dispatch(argv)
    except SystemExit as exit_:  # argparse's way out, of --help as of errors
        return exit_.code if isinstance(exit_.code, int) else 1
    except SamlauthError as error:
        if isinstance(error, NobodyToAsk) and not error.hint:
            import shlex

            error.hint = f"Run it in a terminal: {shlex.join(['samlauth', *argv])}"
        report(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.tell("\nsamlauth: stopped.")
        return 128 + signal.SIGINT
    except Signalled as signalled:
        return 128 + signalled.number
    except BrokenPipeError:
        # Whoever read our output is gone; what is still buffered must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except Exception as error:  # noqa: BLE001 - the last place that can turn a fault into a sentence
        return _unexpected(error)


def dispatch(argv: list[str]) -> int:
    """Run the command that the first words name, the login if they name none; its exit code.

    Raises UsageError when there is no such command, and what the command raises.
    """
    command, words = commands.find(argv)
    words, known = command.split(words)
    options = parsers.parse(command.parser(), words, known)
    _end_on_signals()
    return command.run(options)


def report(error: SamlauthError) -> None:
    """Tell the person what happened and what to do next."""
    from samlauth.printable import safe

    # Whoever made the error has escaped what it quotes; this is for what was forgotten.
    output.tell(f"{output.coloured('samlauth:', _ALARM)} {safe(error.message, _LONGEST)}")
    for line in error.hint.split("\n") if error.hint else ():
        output.tell(f"  {safe(line, _LONGEST)}")


def _unexpected(error: Exception) -> int:
    import logging

    # The error's own text may quote what it choked on, so only the log, which is cleaned, has it.
    logging.getLogger("samlauth").debug("unexpected", exc_info=error)
    output.tell(
        f"samlauth: something went wrong that should not have ({type(error).__name__}).\n"
        "  This is a fault of samlauth. -l debug shows where; please report it."
    )
    return SamlauthError.exit_code


def _end_on_signals() -> None:
    def end(number: int, _frame: FrameType | None) -> None:
        raise Signalled(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
