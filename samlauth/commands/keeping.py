"""The offer to keep the password that was typed in the keyring, once it has signed somebody in."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands.target import Target, warn
from samlauth.effects import output
from samlauth.effects.console import Console
from samlauth.effects.ring import Ring
from samlauth.setting import Layer

if TYPE_CHECKING:
    import argparse

    from samlauth.effects.secrets import Typed
    from samlauth.effects.state import StateFile

_QUESTION = "Keep the password in the keyring, for the next sign-in? [y/N/never] "


def offer(goal: Target, typed: Typed, options: argparse.Namespace, memory: StateFile) -> None:
    """Ask, where it may be wanted, and do it.

    Not asked: who has said what they want (a setting, or ``never`` before), who stores nothing or
    wants quiet, and where there is no keyring that could take it. ENTER keeps nothing, and spares the
    question for a month. Nothing of it fails the login, which is done.
    """
    is_said = goal.settings.source(settings.KEYRING).layer is not Layer.DEFAULT
    if is_said or options.no_write or options.quiet:
        return
    question, now = f"keyring {typed.name}", datetime.now(UTC)
    # One that is missing, slow or locked is not worth a word here.
    if not (memory.load().may_offer(question, now) and Ring(lambda _: None).is_there(typed.name)):
        return
    answer = _answer()
    if answer != "yes":
        memory.update(lambda state: state.with_declined(question, answer, now))
        if answer == "never":
            output.tell("It will not be offered again; -k keeps it after all.")
        return
    if Ring(warn).put(typed.name, typed.password):
        kept = {goal.profile: {settings.KEYRING.key: "true"}}
        for notice in goal.files.write(kept, {}).notices:
            warn(notice)
        output.tell("Kept; --no-keyring signs in without it.")


def _answer() -> str:
    """``yes``, ``no`` or ``never``."""
    with suppress(EOFError, OSError), Console.open() as console:
        while True:
            match console.line(_QUESTION, empty=True).strip().lower():
                case "y" | "yes":
                    return "yes"
                case "never":
                    return "never"
                case "" | "n" | "no":
                    return "no"
                case _:
                    console.say("Type y, n or never.")
    return "no"
