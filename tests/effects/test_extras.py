"""What adds an extra to each kind of installation."""

from __future__ import annotations

import pytest

from samlauth.effects.extras import adding


@pytest.mark.parametrize(
    ("prefix", "command"),
    [
        ("/home/ada/venv", "pip install 'samlauth[fido2]'"),
        ("/home/uv/tools", "pip install 'samlauth[fido2]'"),
        (
            "/home/ada/.local/share/pipx/venvs/samlauth",
            "pipx runpip samlauth install 'samlauth[fido2]'",
        ),
        (
            "/home/ada/.local/share/uv/tools/samlauth",
            "uv pip install --python '/my tools/python' 'samlauth[fido2]'",
        ),
    ],
)
def test_the_command_is_that_of_the_installer(prefix: str, command: str) -> None:
    assert adding("fido2", prefix=prefix, python="/my tools/python") == command
