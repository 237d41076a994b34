from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.effects.browser.site import Site, Stage


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. A machine that is there to run the tests has one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None and os.environ.get("CI"):
        pytest.fail("chromium is not installed")
    if found is None:
        pytest.skip("chromium is not installed")
    return found


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    with site.server:
        yield site


@pytest.fixture
def stage(site: Site, chromium: str, tmp_path: Path) -> Iterator[Stage]:
    """Afterwards AWS has been posted nothing, and nothing of the browser is left."""
    temporary = Path(mkdtemp(prefix="s-", dir="/tmp"))
    stage = Stage(site, chromium, tmp_path, temporary)
    yield stage
    left = list(temporary.iterdir())
    shutil.rmtree(temporary)
    assert site.posted_to_aws() == []
    assert stage.processes() == []
    assert left == []
