"""What was ever found by fuzzing stays mended, and the targets work without atheris."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
INPUTS = [(path.parent.name, path) for path in sorted(CORPUS.glob("*/*"))]


@pytest.mark.parametrize(("target", "path"), INPUTS, ids=lambda part: getattr(part, "name", part))
def test_an_input_of_the_corpus(target: str, path: Path) -> None:
    began = time.process_time()
    TARGETS[target](path.read_bytes())
    assert time.process_time() - began < 1


PIECES = tuple(piece for _, path in INPUTS for piece in path.read_bytes().split(b"<") if piece)
"""What lies between two tags, with the first of them."""


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_pages_that_are_put_together_of_others(target: str, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=60))
    TARGETS[target](b"<" + b"<".join(pieces))


def test_each_target_has_a_corpus() -> None:
    assert {path.name for path in CORPUS.iterdir()} == TARGETS.keys()


NESTED = {
    "white space": "<div>\n" * 40_000,
    "sayings nobody sees": "<div aria-hidden=true>" + "<div>not authorized" * 20_000,
    "entries": "<form><button name=challenge value=1><b dir=ltr>x" * 900,
    "accounts": "<form action=/accountchooser method=post>" + "<div><a href=/x>ada@x.yz " * 8_000,
    "realms": "<form id=hrd>" + "<div onclick=\"HRD.selection('a')\">x" * 8_000,
    "ways": "<form><input name=Context><input name=__EVENTTARGET>"
    + "<div id=verificationOption1>x" * 8_000,
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("target", ["google", "adfs"])
def test_a_page_that_is_nested_on_purpose_takes_no_time(target: str, kind: str) -> None:
    began = time.process_time()
    TARGETS[target](NESTED[kind].encode())
    assert time.process_time() - began < 5
