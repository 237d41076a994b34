"""The manual page, made of the settings and the commands: ``python -m tests.manual`` writes it anew."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from samlauth import __version__, commands
from samlauth.setting import Setting
from samlauth.settings import PROFILE, TABLE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "samlauth.1"
README = ROOT / "README.md"

_SETTINGS = {setting.name: setting for setting in TABLE}

_OTHER_VARIABLES = (
    ("AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "where the two AWS files are"),
    ("SAMLAUTH_CONFIG", "where the shared file is"),
    ("HTTPS_PROXY, NO_PROXY", "the way to the network"),
    (
        "REQUESTS_CA_BUNDLE, AWS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE",
        "certificates to trust beside the system's",
    ),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM", "whether there are colours"),
    ("PYTHON_KEYRING_BACKEND", "the keyring to use"),
)
_FILES = (
    ("~/.aws/credentials", "the credentials, a section for each profile"),
    ("~/.aws/config", "the settings: the keys samlauth.… of each profile"),
    (
        "~/.aws/samlauth/",
        "what is remembered, and the credentials of profiles that renew themselves",
    ),
    ("/etc/samlauth/config", "settings for everybody: [samlauth], and [profile NAME] for one"),
)


def page() -> str:
    """The page, in the man macros of groff_man(7)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield '.\\" Made by python -m tests.manual; not to be changed by hand.'
    yield f'.TH SAMLAUTH 1 "" "samlauth {__version__}" "User Commands"'
    yield ".ad l"
    yield ".nh"  # names are copied from it
    yield ".SH NAME"
    yield "samlauth \\- sign in to AWS through a company's SAML identity provider"
    every = list(commands.every())
    yield ".SH SYNOPSIS"
    for _, command in every:
        yield ".br"
        yield text(command.usage)
    yield ".SH DESCRIPTION"
    _, first = every[0]
    yield text(first.description)
    yield ".PP"
    yield text(
        "Each option of the sign-in is also a variable of the environment and a key of the profile "
        "in ~/.aws/config, which are named with it. What is given by the option comes first, then "
        "the variable, then the key, then that of the profile that samlauth.base names, then the "
        "shared file. Each switch has a --no- twin. A key samlauth.note.ACCOUNT is a note of yours, "
        "shown beside the account while you choose a role."
    )
    yield ".SH OPTIONS"
    login = first.parser()
    yield from options(login)
    yield ".SH COMMANDS"
    for name, command in every[1:]:
        yield f".SS {text(name)}"
        yield text(command.usage)
        yield ".PP"
        yield text(command.description)
        parser = command.parser()
        own = list(options(parser, but=login))
        if own:
            yield from own
        if any(action.dest == "username" for action in parser._actions):
            yield ".PP"
            yield "The options of the sign\\-in count, too."
    yield ".SH ENVIRONMENT"
    yield "Besides the variables of the options:"
    yield from entries(_OTHER_VARIABLES)
    yield ".SH FILES"
    yield from entries(_FILES)
    yield ".SH EXIT STATUS"
    yield from entries(exit_codes())
    yield ".SH SEE ALSO"
    yield ".BR aws (1)"


def exit_codes() -> list[tuple[str, str]]:
    """The README's table of exit codes."""
    _, rest = README.read_text("utf-8").split("## Exit codes\n", 1)
    table, _, _ = rest.partition("\n## ")
    return re.findall(r"^\| (\d[\d, ]*) \| (.+) \|$", table, re.MULTILINE)


def options(
    parser: argparse.ArgumentParser, but: argparse.ArgumentParser | None = None
) -> Iterator[str]:
    """The options of a parser under their headings, but for those that another one has."""
    passed_over = {name for action in but._actions for name in action.option_strings} if but else {}
    shown = {"-h", *passed_over}
    for group in parser._action_groups:
        actions = [
            action
            for action in _with_subparsers(group._group_actions)
            if action.help != argparse.SUPPRESS and not shown & {*action.option_strings}
            if action.option_strings
        ]
        if not actions:
            continue
        if group.title not in {"options", "positional arguments"}:
            yield ".PP"
            yield f"\\fI{text(group.title or '')}\\fR"
            if group.description:
                yield ".br"
                yield text(group.description)
        for action in actions:
            yield ".TP"
            yield names(action)
            yield text(" ".join((action.help or "").split()))
            if (setting := _SETTINGS.get(action.dest)) and action.option_strings[
                -1
            ] == setting.flag:
                yield ".br"
                yield text(elsewhere(setting))


def _with_subparsers(actions: list[argparse.Action]) -> Iterator[argparse.Action]:
    seen: set[str] = set()
    for action in actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for parser in action.choices.values():
                for inner in parser._actions:
                    if inner.dest not in seen:
                        seen.add(inner.dest)
                        yield inner


def names(action: argparse.Action) -> str:
    """``-p, --profile NAME`` in bold and italics."""
    bold = ", ".join(f"\\fB{text(name)}\\fR" for name in action.option_strings)
    metavar = action.metavar or action.dest.upper()
    return f"{bold} \\fI{text(str(metavar))}\\fR" if action.nargs != 0 else bold


def elsewhere(setting: Setting[object]) -> str:
    """The setting's other names."""
    own = [setting.variable, *([] if setting is PROFILE else [setting.key])]
    return f"Also: {', '.join([*own, *(alias.name for alias in setting.environment)])}"


def entries(rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> Iterator[str]:
    """A list of terms."""
    for term, meaning in rows:
        yield ".TP"
        yield f"\\fB{text(term)}\\fR"
        yield text(meaning)


def text(words: str) -> str:
    """Text as groff takes it: hyphens that can be copied, and no line that looks like a request."""
    shown = words.replace("\\", "\\e").replace("-", "\\-").strip().replace("\n", "\n.br\n")
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
