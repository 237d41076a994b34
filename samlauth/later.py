"""Packages that others import on their way and nobody may need: loaded by their first use."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


def stand_in(name: str) -> None:
    """Have this package loaded when something of it is looked up; its version alone loads nothing.

    Not for one that others import names from, which looks them up.
    """
    if name not in sys.modules and (found := PathFinder.find_spec(name)):
        sys.modules.setdefault(name, _Later(found))


class _Later(ModuleType):
    """Stands for a package until something of it is looked up, and loads it then.

    Not importlib's LazyLoader, which any other ``import`` of the name makes load it.
    """

    def __init__(self, found: ModuleSpec) -> None:
        super().__init__(found.name)
        self.__spec__, self.__file__ = found, found.origin
        self.__path__ = found.submodule_search_locations or []

    def __getattr__(self, name: str) -> object:
        if name == "__version__":
            with suppress(ImportError, AttributeError):
                return importlib.import_module(f"{self.__name__}.version").__version__
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
