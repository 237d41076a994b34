"""Rehearsals for tests: they cost some milliseconds each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlauth.sandbox.rehearsal import Rehearsal

from .browser import Browser

CAPTURED = os.environ.get("SAMLAUTH_CAPTURED_PAGES")

needs_captures = pytest.mark.skipif(
    not CAPTURED, reason="SAMLAUTH_CAPTURED_PAGES names no folder of captured pages"
)


@pytest.fixture
def rehearsal() -> Iterator[Rehearsal]:
    with Rehearsal() as rehearsal:
        yield rehearsal


@pytest.fixture(
    params=[
        "g2",
        "v3",
        pytest.param("g2 captured", marks=needs_captures),
        pytest.param("v3 captured", marks=needs_captures),
    ]
)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A browser in front of each family of pages, ours and captured."""
    family, _, captured = str(request.param).partition(" ")
    with (
        Rehearsal(
            pages="g2" if family == "g2" else "v3",
            captured=Path(CAPTURED) if captured and CAPTURED else None,
        ) as rehearsal,
        Browser(rehearsal) as browser,
    ):
        yield browser
