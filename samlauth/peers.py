"""How other tools write their settings down, in our spelling.

aws-google-auth and aws-adfs keep them as ``google_config.…`` and ``adfs_config.…`` in the profile,
gsts as ``gsts.…`` or on the command line in its ``credential_process``, saml2aws as accounts in a
file of its own. Which of their names is which setting is in the table, :mod:`samlauth.settings`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Final

PROCESS: Final = "credential_process"

OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "gsts": frozenset(
        {
            "--idp-id",
            "--sp-id",
            "--username",
            "--aws-role-arn",
            "--aws-arn-role",  # as its documentation has it in one place
            "--aws-region",
            "--aws-session-duration",
        }
    ),
    "aws-adfs": frozenset(
        {"--adfs-host", "--provider-id", "--role-arn", "--region", "--session-duration"}
        | {"--username-password-command", "--mfa-token-command"}
    ),
}
"""The options that are settings of ours, by the program that a profile's line runs."""

_PROVIDERS: Final = {
    "ADFS": "adfs",
    "ADFS2": "adfs",
    "GoogleApps": "google",
    "Browser": "browser",
    # Those whose url is the link of the AWS app itself, by saml2aws's documentation of each.
    "Okta": "browser",
    "KeyCloak": "browser",
    "JumpCloud": "browser",
}


def process_options(config: Mapping[str, str]) -> dict[str, str]:
    """The settings in a profile's ``credential_process``, by names such as
    ``credential_process --idp-id``; empty for a line that runs another program.

    As the line's own program reads it, an option that is there twice has its last value.
    """
    line = config.get(PROCESS, "")
    if not any(name in line for name in OPTIONS):
        return {}
    try:
        program, *words = shlex.split(line, posix="\\" not in line) or [""]
    except ValueError:
        return {}
    name = re.split(r"[/\\]", program.strip("\"'"))[-1].removesuffix(".exe").removesuffix(".cmd")
    known, found = OPTIONS.get(name, frozenset()), {}
    for word, following in zip(words, [*words[1:], ""], strict=True):
        option, equals, value = word.partition("=")
        if option in known:
            found[f"{PROCESS} {option}"] = value.strip("\"'") if equals else following.strip("\"'")
    return found


def saml2aws_provider(value: str) -> str:
    """Our name of a saml2aws provider. Raises ValueError for one that we cannot sign in to."""
    if value not in _PROVIDERS:
        raise ValueError(
            "a provider that samlauth has no pages of: --url with the address where your sign-in "
            "begins does it in your browser"
        )
    return _PROVIDERS[value]


def saml2aws_mfa(value: str) -> str:
    """Its ``mfa``, which says ``Auto`` for what we do without one."""
    return "" if value.lower() == "auto" else value


def in_query(name: str) -> Callable[[str], str]:
    """Reads a parameter of the address of Google's sign-in, an empty text where there is none."""

    def read(url: str) -> str:
        found = re.search(rf"[?&]{name}=([^&#]*)", url)
        return found[1] if found else ""

    return read


def is_on(value: str) -> bool:
    """Whether a switch of theirs is on; whatever is no switch is not."""
    return value.strip().lower() in {"true", "yes", "1", "on", "t", "y"}
