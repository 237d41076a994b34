from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fido2 import hid

from tests.softkey import Kind, SoftKey, plug_into_fido2

MakeKey = Callable[..., SoftKey]


@pytest.fixture
def make_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeKey]:
    """Makes keys, which are plugged in; a real one on the desk is not seen."""
    keys: list[SoftKey] = []
    for name in ("list_descriptors", "open_connection"):
        monkeypatch.setattr(hid, name, getattr(hid, name))  # put back afterwards
    plug_into_fido2()

    def make(**what: object) -> SoftKey:
        kind = Kind(**what)  # type: ignore[arg-type]  # the tests name its own fields
        keys.append(SoftKey(tmp_path / f"{len(keys)}.key", kind))
        plug_into_fido2(*keys)
        return keys[-1]

    yield make
