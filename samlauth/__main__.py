"""The first moments of the program: what is asked most often needs nothing else to be loaded."""

import os
import sys

from samlauth import __version__
from samlauth.effects import cache


def main() -> None:
    """Answer from the cache, or what takes no thought, else as :func:`samlauth.cli.main`."""
    arguments = sys.argv[1:]
    printed = cache.answer(arguments, os.environ)
    if printed is not None:
        printed += b"\n"
    elif arguments in (["--version"], ["-V"]):
        printed = f"samlauth {__version__}\n".encode()
    elif arguments[:1] == ["status"]:
        from samlauth.effects import prompt

        printed = prompt.answer(arguments, os.environ)
    elif arguments[:1] == ["complete"]:
        from samlauth.effects import offers

        printed = offers.answer(arguments, os.environ)
    if printed is None:
        from samlauth import cli

        cli.main()
    left = memoryview(printed)
    try:
        while left:
            left = left[os.write(1, left) :]
    except OSError:
        os._exit(1)  # whoever asked is gone
    os._exit(0)


if __name__ == "__main__":
    main()
