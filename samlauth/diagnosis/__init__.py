"""What stands in the way of a sign-in, or makes it unsafe: judged from facts, without any I/O.

A check is a function of the :class:`~samlauth.diagnosis.facts.Facts` that yields what is wrong. To
add one: put it into the ``CHECKS`` of its group's module, or its module's here, and what it needs
to know into the facts.
"""

from __future__ import annotations

from collections.abc import Iterable

from samlauth.diagnosis import computer, files, network, profile
from samlauth.diagnosis.facts import Facts, Profile
from samlauth.diagnosis.finding import Check, Finding, Found, ok, skipped

CHECKS: tuple[Check, ...] = (
    *profile.CHECKS,
    *files.CHECKS,
    *network.CHECKS,
    *computer.CHECKS,
)
"""All of them, in the order they are shown in."""


def diagnose(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """What each check finds, and that all is well where it finds nothing."""
    return [Finding(check, found) for check in checks for found in _looked(check, facts)]


def _looked(check: Check, facts: Facts) -> tuple[Found, ...]:
    without = {"files": not facts.files, "profile": not isinstance(facts.profile, Profile)}
    if without.get(check.needs):
        return (skipped(check.fine),)
    return tuple(check.look(facts)) or (ok(check.fine),)


def exit_code(findings: Iterable[Finding]) -> int:
    """0 where nothing is wrong, else the highest of the problems' classes: files, network, settings."""
    return max((finding.exit_code for finding in findings), default=0)
