"""Opening an address that no other user may learn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from samlauth.effects import opener

SECRET = "https://signin.aws.amazon.com/federation?SigninToken=hunter2"

BROWSER = """\
import http.client, json, sys, urllib.parse
def get(address, path=None):
    parts = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request("GET", path or parts.path)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Location")
address = sys.argv[1]
seen = [address, get(address, "/favicon.ico"), get(address, "/wrong"), get(address), get(address)]
open(sys.argv[0] + ".seen", "w").write(json.dumps(seen))
print("noise of a browser")
"""


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    path = tmp_path / "browser"
    path.write_text(f"#!{sys.executable}\n{BROWSER}")
    path.chmod(0o755)
    return path


def opened(browser: Path | str, **more: str) -> str:
    program = f"from samlauth.effects.opener import open_in_browser as o; print(o({SECRET!r}))"
    environ = {"PATH": os.defpath, "BROWSER": str(browser), **more}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()[-1]


def test_the_first_to_come_is_led_on_and_nobody_else(browser: Path) -> None:
    assert opened(browser) == "True"
    address, *answers = json.loads(Path(f"{browser}.seen").read_text())
    assert address.startswith("http://127.0.0.1:")
    assert "hunter2" not in address
    assert answers == [[404, None], [404, None], [302, SECRET], [404, None]]


def test_a_browser_that_cannot_be_started_opened_nothing(tmp_path: Path) -> None:
    assert opened(tmp_path / "none") == "False"


def test_without_a_display_no_browser_is_looked_for(browser: Path, tmp_path: Path) -> None:
    # lynx and its like would draw the console in the terminal.
    browser.rename(tmp_path / "lynx")
    assert opened("", PATH=f"{tmp_path}:{os.defpath}") == "False"
    assert not (tmp_path / "lynx.seen").exists()


def test_one_that_does_not_come_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opener, "_PATIENCE", 0.05)
    monkeypatch.setenv("BROWSER", "true")
    assert opener.open_in_browser(SECRET) is False
