"""``samlauth settings``: each value and where it came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samlauth.commands.target import target
from samlauth.effects import output
from samlauth.printable import safe
from samlauth.settings import DURATION, TABLE, Layer, Setting, Settings

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace, flags: Mapping[str, str]) -> int:
    """Print the table, or with ``--json`` an object of ``{name: {value, source}}``."""
    values = target(flags, os.environ).settings
    if options.json:
        import json

        rows = {
            setting.name: {"value": values[setting], "source": values.source(setting).where}
            for setting in TABLE
        }
        output.data(json.dumps(rows, indent=2))
        return 0
    shown = [
        (setting.name, _shown(values, setting), values.source(setting).where) for setting in TABLE
    ]
    widths = [max(len(row[column]) for row in shown) for column in (0, 1)]
    for name, value, where in shown:
        output.data(f"{name:{widths[0]}}  {value:{widths[1]}}  {safe(where)}")
    return 0


def _shown(values: Settings, setting: Setting[object]) -> str:
    value = values[setting]
    if value is None:
        is_auto = setting is DURATION and values.source(setting).layer is not Layer.DEFAULT
        return "auto" if is_auto or setting is DURATION else "-"
    return safe(setting.write(value))
