"""The README's table of settings is the code's: ``python -m tests.test_readme`` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samlauth.setting import Setting
from samlauth.settings import PROFILE, TABLE

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- settings -->\n", "<!-- end of settings -->\n"
HEAD = (
    "| setting | flag | variable | key of the profile | also read from |\n|---|---|---|---|---|\n"
)


def table() -> str:
    """The table, a row for each setting."""
    return HEAD + "".join(f"| {' | '.join(row(setting))} |\n" for setting in TABLE)


def row(setting: Setting[Any]) -> Iterator[str]:
    yield setting.name
    yield ", ".join(f"`{name}`" for name in (setting.short, setting.flag) if name)
    yield f"`{setting.variable}`"
    yield "" if setting is PROFILE else f"`{setting.key}`"
    yield ", ".join(others(setting))


def others(setting: Setting[Any]) -> Iterator[str]:
    for alias in (*setting.environment, *setting.keys):
        program = "gsts" if alias.idp == "google" else "aws-adfs"
        yield f"`{alias.name.replace('credential_process', program)}`"
    for alias in setting.account:
        yield f"saml2aws's `{alias.name}`"


def renewed(text: str) -> str:
    """The README with the table as it is now."""
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}{table()}{END}{after}"


def test_the_readme_has_the_table_of_settings() -> None:
    text = README.read_text("utf-8")
    assert renewed(text) == text, "python -m tests.test_readme writes it anew"


def test_every_setting_is_in_it_with_all_its_names() -> None:
    lines = table().splitlines()[2:]
    assert len(lines) == len(TABLE)
    for setting, line in zip(TABLE, lines, strict=True):
        names = (alias.name.rpartition(" ")[2] for alias in (*setting.environment, *setting.keys))
        assert all(f"{name}`" in line for name in (setting.flag, setting.variable, *names))


if __name__ == "__main__":
    README.write_text(renewed(README.read_text("utf-8")), "utf-8")
