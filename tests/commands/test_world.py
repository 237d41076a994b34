"""What the flows that are run in one place share."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samlauth.commands.target import target
from samlauth.commands.world import World
from samlauth.credentials import Credentials
from samlauth.errors import NetworkError
from samlauth.flow import Flow, GetCallerIdentity, Tell, ask_caller
from samlauth.redactor import Redactor

KEYS = Credentials("ASIAEXAMPLE", "secret", "token", datetime(2026, 11, 21, 21, tzinfo=UTC))


def test_each_flow_has_the_time_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One asks whose the keys of each of many roles are: they are not to take it from each other."""
    # So that nothing is asked, and what would be fails at once.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    goal = target({"profile": "a"}, {"AWS_CONFIG_FILE": str(tmp_path / "config")})
    options = argparse.Namespace(quiet=True)
    said = []

    def waits_long() -> Flow[None]:
        with world._http.counted():
            now[0] += 130
        yield Tell("done")

    def asks() -> Flow[None]:
        try:
            yield from ask_caller(GetCallerIdentity(KEYS, "us-east-1"))
        except NetworkError as error:
            said.append(error.message)

    def both() -> Flow[None]:
        yield from waits_long()
        yield from asks()

    now = [0.0]
    with World(goal.settings, options, Redactor(), stdin=False) as world:
        world._http.clock = lambda: now[0]
        world.run(both())
        world.run(asks())
    after, fresh = said
    assert "was not asked any more" in after
    assert "HTTPS_PROXY" in fresh
