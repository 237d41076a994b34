"""``samlauth doctor``: what stands in the way of a sign-in, or makes it unsafe, and what helps."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from samlauth import parsers, settings
from samlauth.command import Command
from samlauth.commands import provider
from samlauth.commands.hops import is_chained
from samlauth.commands.policies import session_policies
from samlauth.commands.target import Target, target, warn
from samlauth.diagnosis import diagnose, exit_code
from samlauth.diagnosis.facts import Facts, Keyring, Network, Profile, SecurityKey
from samlauth.diagnosis.finding import Finding, Found, Group, Remedy, Severity
from samlauth.diagnosis.profile import ROLE, role_of
from samlauth.effects import examination, files, output, remedies, ring
from samlauth.effects.console import columns
from samlauth.effects.http import Http
from samlauth.effects.paths import path_of
from samlauth.effects.probe import Probe
from samlauth.effects.programs import CodeCommand, PasswordCommand
from samlauth.effects.secrets import PasswordFile
from samlauth.effects.security_key import access
from samlauth.effects.sts import STS
from samlauth.errors import FileError, SamlauthError, SettingsError
from samlauth.printable import folded, safe
from samlauth.sources import Settings
from samlauth.sts import region_of

if TYPE_CHECKING:
    import argparse

_WIDTH = 98
"""Columns of the lines that only list what is well."""

_REGION = "us-east-1"
"""Whose STS is asked where no region is set."""

_IN_FULL: tuple[Severity, ...] = ("problem", "fixed", "note")

_IN_ONE: tuple[Severity, ...] = ("ok", "skipped")

_HEADINGS: tuple[tuple[Group, str], ...] = (
    ("profile", "Profile"),
    ("files", "Files"),
    ("network", "Network"),
    ("computer", "This computer"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parser.add_argument("-p", "--profile", metavar="NAME", help="look at this profile")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument(
        "--fix",
        action="store_true",
        help="put right what can safely be: modes, byte order marks, keys that are there twice "
        "with one value, what killed runs left",
    )


def run(options: argparse.Namespace) -> int:
    """Print what was found; the highest class of the problems, 0 when there are none."""
    flags = parsers.flags(options)
    facts = _facts(flags)
    findings = diagnose(facts)
    if options.fix and any(finding.found.remedy for finding in findings):
        findings = [*_fixed(findings), *diagnose(_looked_again(facts, flags))]
    if options.json:
        output.data(json.dumps([as_json(finding) for finding in findings], indent=2))
        return exit_code(findings)
    for group, heading in _HEADINGS:
        name = f" {safe(facts.profile.name)}" if isinstance(facts.profile, Profile) else ""
        output.data(heading + (name if group == "profile" else ""))
        cells = columns(sys.stdout) if sys.stdout.isatty() else None
        for line in as_text([one for one in findings if one.check.group == group], cells):
            output.data(line)
    _sum_up(findings)
    return exit_code(findings)


COMMAND = Command(
    "samlauth doctor [-p NAME] [--json] [--fix]",
    "Look for what stands in the way of a sign-in or makes it unsafe, and say what helps.",
    "No password is asked for and none is sent. The exit code is 0 when nothing is wrong, else "
    "the highest of 3 (settings), 9 (network) and 10 (files, keyring).\n",
    arguments=arguments,
    run=run,
)


def as_json(finding: Finding) -> dict[str, object]:
    """The finding; ``exit_code`` is the class of a problem and 0 of anything else."""
    check, found = finding.check, finding.found
    return {
        "check": check.name,
        "group": check.group,
        "severity": found.severity,
        "what": found.what,
        "why": found.why or None,
        "fix": found.fix or None,
        "fixable": found.remedy is not None,
        "exit_code": finding.exit_code,
    }


def as_text(findings: Iterable[Finding], cells: int | None = None) -> Iterator[str]:
    """The findings of a group, worst first, and what is well in one go at the end.

    Nothing is broken off a finding, unless a screen is so many ``cells`` wide.
    """
    by_severity: dict[Severity, list[Found]] = {}
    for finding in findings:
        by_severity.setdefault(finding.found.severity, []).append(finding.found)
    indent = " " * 11
    for severity in _IN_FULL:
        for found in by_severity.get(severity, ()):
            said = [found.what, *filter(None, [found.why, found.fix and f"Fix: {found.fix}"])]
            lines = [indent + line for line in said]
            if cells is not None:
                lines = [folded(line, cells) for line in lines]
            lines[0] = f"  {severity:9}" + lines[0].removeprefix(indent)
            yield from lines
    for severity in _IN_ONE:
        if several := by_severity.get(severity):
            yield from textwrap.wrap(
                ", ".join(found.what for found in several),
                min(cells or _WIDTH, _WIDTH),
                initial_indent=f"  {severity:9}",
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )


def _sum_up(findings: list[Finding]) -> None:
    count = Counter(finding.found.severity for finding in findings)
    if not count["problem"]:
        output.tell("Nothing is wrong.")
        return
    problems = "1 problem" if count["problem"] == 1 else f"{count['problem']} problems"
    fixable = sum(finding.found.remedy is not None for finding in findings)
    more = f" samlauth doctor --fix puts {fixable} of them right." if fixable else ""
    output.tell(f"{problems}.{more}")


def _facts(flags: Mapping[str, str]) -> Facts:
    """Everything, gathered while the network, which takes longest, is being asked."""
    environ = os.environ
    found, passed_over = _profile(flags)
    values = found.settings if isinstance(found, Target) else None
    origin, wrong = _origin(values)
    try:
        probe = _probe(values, origin)
    except SettingsError as error:
        asked: Probe | SettingsError = error
    else:
        asked = probe
    facts = replace(
        _on_disk(found, passed_over),
        provider=wrong,
        helpers=tuple(_of_no_use(values)) if values else (),
        keyring=Keyring(*ring.look(environ)),
        browser=examination.browser(environ, values[settings.BROWSER_PATH] if values else None),
        security_key=_security_key(),
        plugins=examination.plugins(),
        versions=examination.versions(),
    )
    network = asked.network() if isinstance(asked, Probe) else Network(unusable=asked)
    return replace(facts, network=network)


def _security_key() -> SecurityKey:
    found = access()
    installed = found.state != "not installed"
    return SecurityKey(installed, found.keys, found.message, found.hint)


def _profile(flags: Mapping[str, str]) -> tuple[Target | SamlauthError, list[str]]:
    """The profile, or why its settings cannot be read; and what was passed over."""
    passed_over: list[str] = []
    try:
        return target(flags, os.environ, passed_over.append), passed_over
    except SamlauthError as error:
        return error, passed_over


def _on_disk(found: Target | SamlauthError, passed_over: Iterable[str]) -> Facts:
    """The files, and the profile in them."""
    person = 0  # as os.stat has it for every file on Windows
    if sys.platform != "win32":
        person = os.geteuid()
    try:
        aws = files.locate(os.environ)
    except FileError as error:
        return Facts(person, os.environ, profile=error)
    profile: Profile | SamlauthError
    if isinstance(found, Target):
        profile = Profile(
            found.profile,
            found.settings,
            found.config,
            found.credentials,
            chained=is_chained(found.config, found.credentials),
            placed=provider.is_placed(found.settings),
            passed_over=tuple(passed_over),
        )
    else:
        profile = found
    return Facts(
        person,
        os.environ,
        files=examination.aws_files(aws),
        own=examination.own(aws, os.environ),
        leftovers=examination.leftovers(aws, time.time()),
        profile=profile,
        home=examination.home(),
    )


def _looked_again(facts: Facts, flags: Mapping[str, str]) -> Facts:
    """The same with files and profile as they are now."""
    now = _on_disk(*_profile(flags))
    return replace(
        facts, files=now.files, own=now.own, leftovers=now.leftovers, profile=now.profile
    )


def _origin(values: Settings | None) -> tuple[str, SamlauthError | None]:
    """Where the person signs in, "" when that is not known; and what is wrong with what is set."""
    if values is None or not provider.is_placed(values):
        return "", None
    try:
        return str(provider.provider_for(values).reach.password_origin), None
    except SamlauthError as error:
        return "", error


def _of_no_use(values: Settings) -> Iterator[SamlauthError]:
    """What is wrong with the policy, the file and the programs that a sign-in would use; none of
    the programs is run."""
    tried: list[tuple[str | None, Callable[[str], object]]] = [
        (values[settings.POLICY], lambda _: session_policies(values)),
        (values[settings.PASSWORD_FILE], PasswordFile),
        (values[settings.PASSWORD_COMMAND], lambda text: PasswordCommand(text).require_there()),
        (values[settings.CODE_COMMAND], lambda text: CodeCommand(text).require_there()),
    ]
    for text, use in tried:
        # What comes out of a pipe comes once, and for the sign-in.
        if text and not path_of(text).is_fifo():
            try:
                use(text)
            except SamlauthError as error:
                yield error


def _probe(values: Settings | None, origin: str) -> Probe:
    """Raises SettingsError for settings that no connection can be made with."""
    certificate = values[settings.CLIENT_CERT] if values else None
    http = Http(
        os.environ,
        values[settings.CA_BUNDLE] if values else None,
        hide=lambda _: None,  # nothing is sent that could be secret
        client_certificate=(certificate, values[settings.CLIENT_KEY])
        if values and certificate
        else None,
    )
    wanted = values[settings.REGION] if values else None
    role = role_of(values) if values else ""
    urls, unusable = list(filter(None, [origin])), None
    try:
        region = region_of(role, wanted) if ROLE.fullmatch(role) else wanted or _REGION
        urls.append(STS(http).endpoint(region))
    except SettingsError as error:
        unusable = error
    return Probe(http.connections, urls, unusable)


def _fixed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Apply what remedies there are; yields those that helped, and tells of the others."""
    applied: dict[Remedy, str] = {}
    for finding in findings:
        remedy = finding.found.remedy
        if remedy is None:
            continue
        if remedy not in applied:
            try:
                applied[remedy] = remedies.apply(remedy)
            except FileError as error:
                warn(f"{error.message} {error.hint}".strip())
                applied[remedy] = ""
        if done := applied[remedy]:
            yield Finding(finding.check, Found("fixed", finding.found.what, done))
