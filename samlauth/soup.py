"""What we take of Beautiful Soup, without what it loads and no page of ours needs."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


class _Later(ModuleType):
    """Stands for a module until something of it is looked up, and loads it then.

    Not importlib's LazyLoader, which any other ``import`` of the name makes load it.
    """

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


# All of CSS, for ``select``: its regular expressions take longer than requests and urllib3 together.
sys.modules.setdefault("soupsieve", _Later("soupsieve"))

from bs4 import BeautifulSoup, Tag  # noqa: E402 - it imports soupsieve
from bs4.element import NavigableString, PageElement, PreformattedString  # noqa: E402 - the same

__all__ = ["BeautifulSoup", "NavigableString", "PageElement", "PreformattedString", "Tag"]
