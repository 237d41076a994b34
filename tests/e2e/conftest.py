from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.stage import SAMLAUTH, MakeStage, Stage


@pytest.fixture
def make_stage() -> Iterator[MakeStage]:
    """Starts rehearsals; afterwards, nothing they saw may have been out of order."""
    stages: list[Stage] = []

    def make(**options: object) -> Stage:
        rehearsal = Rehearsal(**options)  # type: ignore[arg-type]  # the tests name its own options
        stages.append(Stage(rehearsal.__enter__()))
        return stages[-1]

    try:
        yield make
    finally:
        for stage in stages:
            stage.rehearsal.__exit__(None, None, None)
    for stage in stages:
        assert stage.rehearsal.violations == []
        refused = (contact for contact in stage.rehearsal.proxy_log if not contact.admitted)
        assert [str(c) for c in refused if not c.host.endswith(stage.strangers)] == []


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    """A rehearsal of the pages Google serves today."""
    return make_stage(pages="v3")


@pytest.fixture
def captured() -> Path:
    """The folder of captured pages."""
    folder = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
    if not folder:
        pytest.skip("SAMLAUTH_CAPTURED_PAGES names no folder of captured pages")
    return Path(folder)


@pytest.fixture
def aws_cli() -> str:
    found = shutil.which("aws", path=str(SAMLAUTH.parent))
    assert found, "the test extra installs the aws CLI beside samlauth"
    return found
