"""No secret of a whole rehearsal is anywhere but in the credentials file."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.e2e.stage import MakeStage, Stage


def forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    yield base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")


def files_under(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def found(secrets: dict[str, str], text: str) -> list[str]:
    return [name for name, secret in secrets.items() if any(form in text for form in forms(secret))]


@pytest.mark.parametrize("family", ["g2", "v3"])
def test_no_secret_is_printed_logged_or_kept(family: str, make_stage: MakeStage) -> None:
    stage = make_stage(pages=family)
    code = stage.rehearsal.code()
    run = stage.start(*stage.main_job, "-l", "debug")
    run.answer_password("wrong-canary-password")
    run.answer_password()
    run.expect("MFA token: ")
    run.terminal.setecho(False)
    run.type(code)
    run.choose(2)
    assert run.end() == 0
    assert "samlauth.http: GET accounts.google.com" in run.printed
    assert "samlauth.http: POST accounts.google.com" in run.printed
    written = stage.profile()
    secrets = {
        "password": stage.rehearsal.password,
        "wrong password": "wrong-canary-password",
        "code": code,
        "secret key": written["aws_secret_access_key"],
        "session token": written["aws_session_token"],
        **{f"cookie {n}": value for n, value in enumerate(stage.rehearsal.google.handed_out)},
    }
    assert len(secrets) > 7
    assert found(secrets, run.printed) == []
    kept = {
        path.name: found(secrets, path.read_text("utf-8", "replace"))
        for path in files_under(stage.rehearsal.folder)
        if path.name not in {"rehearsal-code"}
    }
    assert kept.pop("credentials") == ["secret key", "session token"]
    assert set(map(tuple, kept.values())) == {()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--password=canary-word-1",),
        ("--passwd", "canary-word-1"),
        ("canary-word-1",),
        ("-u", "ada", "canary-word-1"),
    ],
)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    arguments: tuple[str, ...], stage: Stage
) -> None:
    done = stage.piped(*arguments)
    assert done.returncode == 2
    if arguments[0].startswith("-"):
        assert "canary-word-1" not in done.stdout + done.stderr
