"""A profile whose ``credential_process`` is another tool's: ours instead, if the person says so."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from samlauth.challenges import Confirm
from samlauth.commands import configure_process
from samlauth.effects.terminal import Terminal
from samlauth.peers import PROCESS
from samlauth.printable import safe

if TYPE_CHECKING:
    from samlauth.commands.target import Target


def offer(goal: Target, *, overwrite_keys: bool = False) -> bool:
    """Offer to take that tool's place, as ``configure process`` does; whether it was taken.

    False for any other profile, for a no, and where there is no terminal: the profile must not be
    written then, and whoever would write it says so. Raises what ``configure process`` raises.
    """
    line = goal.config.get(PROCESS) or goal.credentials.get(PROCESS, "")
    if not configure_process.is_peer(line):
        return False
    question = Confirm(
        f"Have AWS tools get the credentials of {safe(goal.profile)} from samlauth instead?",
        note=f"They get them from another tool now: credential_process = {safe(line, 300)}",
    )
    if Terminal().answer(question) is not True:
        return False
    options = argparse.Namespace(
        profile=goal.profile, overwrite_keys=overwrite_keys, force=False, quiet=True
    )
    return configure_process.run(options) == 0
