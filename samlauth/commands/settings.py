"""``samlauth settings``: each value and where it came from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from samlauth import parsers
from samlauth.command import Command
from samlauth.commands.target import target
from samlauth.effects import output
from samlauth.effects.console import columns
from samlauth.printable import folded, padded, safe, table, width
from samlauth.setting import Layer, Setting
from samlauth.settings import DURATION, IDP, TABLE
from samlauth.sources import Settings

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """The whole command line."""
    parsers.setting_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the table, or with ``--json`` an object of ``{name: {value, source}}``."""
    values = target(parsers.flags(options), os.environ).settings
    if options.json:
        import json

        rows = {
            setting.name: {"value": values[setting], "source": values.source(setting).where}
            for setting in TABLE
        }
        rows |= {
            name: {"value": text, "source": where} for name, text, where in _of_the_plugin(values)
        }
        output.data(json.dumps(rows, indent=2))
        return 0
    shown = [
        (setting.name, _shown(values, setting), values.source(setting).where) for setting in TABLE
    ]
    shown += [(safe(name), safe(text), where) for name, text, where in _of_the_plugin(values)]
    whole = [(name, value, safe(where, 1000)) for name, value, where in shown]
    for line in fitted(whole, columns(sys.stdout)) if sys.stdout.isatty() else table(whole):
        output.data(line)
    return 0


COMMAND = Command(
    "samlauth settings [options]",
    "Show each setting and where it came from.",
    arguments=arguments,
    run=run,
)


def fitted(rows: Sequence[tuple[str, str, str]], cells: int) -> Iterator[str]:
    """The rows on a screen that is so many ``cells`` wide: a source without room has its own line."""
    names = max(width(name) for name, _, _ in rows)
    values = max((width(value) for _, value, _ in rows if width(value) <= cells // 4), default=0)
    home = f"{Path.home()}{os.sep}"
    for name, value, source in rows:
        line = f"{padded(name, names)}  {padded(value, values)}"
        where = source.replace(home, f"~{os.sep}")
        if width(line) + 2 + width(where) <= cells:
            yield f"{line}  {where}"
        else:
            yield line.rstrip()
            yield folded(" " * (names + 2) + where, cells)


def _of_the_plugin(values: Settings) -> Iterator[tuple[str, str, str]]:
    """What is set of a plugin's own: ``IDP.KEY``, its text, where that came from."""
    for key, (text, source) in values.own.items():
        yield f"{values[IDP]}.{key}", text, source.where


def _shown(values: Settings, setting: Setting[object]) -> str:
    value = values[setting]
    if value is None:
        is_auto = setting is DURATION and values.source(setting).layer is not Layer.DEFAULT
        return "auto" if is_auto or setting is DURATION else "-"
    return safe(setting.write(value))
