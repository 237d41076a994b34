"""The pipe, with a browser's part played by a few lines of shell or none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from samlauth.effects.browser.devtools import DevTools
from samlauth.effects.browser.pipe import Pipe


class Far:
    """The browser's ends of the pipe."""

    def __init__(self) -> None:
        pipe = Pipe()
        assert pipe.theirs is not None
        self.read, self.write = map(os.dup, pipe.theirs)
        self.tools = DevTools(pipe)
        self.tools.connect(lambda: False)

    def say(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.write, data) :]

    def heard(self) -> list[object]:
        return [json.loads(part) for part in os.read(self.read, 65536).split(b"\0")[:-1]]

    def close(self) -> None:
        for end in (self.read, self.write):
            os.close(end)


def test_a_command() -> None:
    far = Far()
    tools = far.tools
    assert tools.send("Page.navigate", session="s", url="https://é.example/") == 1
    assert tools.send("Browser.close") == 2
    assert far.heard() == [
        {
            "id": 1,
            "method": "Page.navigate",
            "params": {"url": "https://é.example/"},
            "sessionId": "s",
        },
        {"id": 2, "method": "Browser.close", "params": {}},
    ]
    far.close()
    tools.close()


@pytest.mark.parametrize("cut", [1, 7, 1000, 65536, 10**7])
def test_messages_are_told_apart_however_they_come(cut: int) -> None:
    far = Far()
    tools = far.tools
    messages = [{"id": 1}, {"x": "é" * (300_000 if cut > 100 else 100)}, {"id": 3}]
    data = b"".join(json.dumps(m, ensure_ascii=False).encode() + b"\0" for m in messages)
    for start in range(0, len(data), cut):
        far.say(data[start : start + cut])
    assert [tools.next(10) for _ in messages] == messages
    before = (tools.next(), tools.over)
    far.close()
    assert [before, (tools.next(10), tools.over)] == [(None, False), (None, True)]
    tools.close()


def test_a_browser_that_is_gone_is_told_nothing() -> None:
    far = Far()
    tools = far.tools
    far.close()
    assert tools.next(10) is None
    tools.send("Browser.close")
    assert tools.over
    tools.close()


def test_nothing_stays_open_of_one_that_was_never_started() -> None:
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    DevTools(Pipe()).close()
    assert {path.name for path in Path("/proc/self/fd").iterdir()} == before
