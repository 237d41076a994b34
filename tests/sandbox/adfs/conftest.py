from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from samlauth.sandbox.adfs import Mfa
from samlauth.sandbox.rehearsal import Rehearsal

from .browser import ADFSBrowser

Visit = Callable[..., ADFSBrowser]


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Starts rehearsals of ADFS and opens the page each begins at."""
    with ExitStack() as stack:

        def visit(mfa: Mfa = "none", **options: object) -> ADFSBrowser:
            rehearsal = Rehearsal(idp="adfs", mfa=mfa, **options)  # type: ignore[arg-type]  # the tests name its own options
            browser = ADFSBrowser(stack.enter_context(rehearsal))
            stack.enter_context(browser)
            browser.open()
            return browser

        yield visit
