"""The commands, a module each: ``arguments`` adds to its parser what its line has, ``run`` obeys
that, and ``COMMAND`` declares it. What stands here is the list of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samlauth.command import Command

NAMES: Final = (
    "login",
    "env",
    "exec",
    "console",
    "roles",
    "status",
    "logout",
    "assume-role",
    "assume-role-with-web-identity",
    "configure",
    "import",
    "totp",
    "credential-process",
    "assertion",
    "settings",
    "doctor",
    "report",
    "replay",
    "rehearse",
    "completion",
    "docker-alias",
)
"""What the first word may be, in the order in which the documents have the commands."""


def find(argv: list[str]) -> tuple[Command, list[str]]:
    """The command that the first words name, the login if they name none; the words after them.

    The module of no other command is loaded. Raises UsageError when there is no such command.
    """
    match argv:
        case ["env", *rest]:
            from samlauth.commands.env import COMMAND
        case ["exec", *rest]:
            from samlauth.commands.exec import COMMAND
        case ["console", *rest]:
            from samlauth.commands.console import COMMAND
        case ["roles", *rest]:
            from samlauth.commands.roles import COMMAND
        case ["status", *rest]:
            from samlauth.commands.status import COMMAND
        case ["logout", *rest]:
            from samlauth.commands.logout import COMMAND
        case ["assume-role", *rest]:
            from samlauth.commands.assume_role import COMMAND
        case ["assume-role-with-web-identity", *rest]:
            from samlauth.commands.assume_role_with_web_identity import COMMAND
        case ["configure", "process", *rest]:
            from samlauth.commands.configure_process import COMMAND
        case ["configure", "chain", *rest]:
            from samlauth.commands.configure_chain import COMMAND
        case ["configure", *rest]:
            from samlauth.commands.configure_profile import COMMAND
        case ["import", *rest]:
            from samlauth.commands.adopt import COMMAND
        case ["totp", *rest]:
            from samlauth.commands.totp import COMMAND
        case ["credential-process", *rest]:
            from samlauth.commands.credential_process import COMMAND
        case ["assertion", *rest]:
            from samlauth.commands.assertion import COMMAND
        case ["settings", *rest]:
            from samlauth.commands.settings import COMMAND
        case ["doctor", *rest]:
            from samlauth.commands.doctor import COMMAND
        case ["report", *rest]:
            from samlauth.commands.report import COMMAND
        case ["replay", *rest]:
            from samlauth.commands.replay import COMMAND
        case ["rehearse", *rest]:
            from samlauth.commands.rehearse import COMMAND
        case ["completion", *rest]:
            from samlauth.commands.completion import COMMAND
        case ["docker-alias", *rest]:
            from samlauth.commands.docker_alias import COMMAND
        case ["help", *rest]:
            return find([*rest, "--help"])
        case ["login", *rest]:
            from samlauth.commands.overview import COMMAND
        case [word, *_] if not word.startswith("-"):
            from samlauth.errors import UsageError
            from samlauth.parsers import closest

            meant = closest(word, NAMES)
            raise UsageError(
                f"{word!r} is not a command of samlauth.",
                hint=f"Did you mean samlauth {meant}? samlauth --help lists the commands."
                if meant
                else f"The commands are {', '.join(NAMES)}; a profile is named with -p. "
                "samlauth --help says what they do.",
            )
        case rest:
            from samlauth.commands.overview import COMMAND
    return COMMAND, rest


def every() -> Iterator[tuple[str, Command]]:
    """Each command with what is typed for it, in the order of :data:`NAMES`; those that two words
    name come after the one that the first of the two names."""
    for name in NAMES:
        command, _ = find([name])
        yield name, command
        for word in command.words:
            below, rest = find([name, word])
            if not rest:
                yield f"{name} {word}", below
