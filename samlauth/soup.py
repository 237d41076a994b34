"""What we take of Beautiful Soup, without what it loads besides and no page of ours needs.

It is loaded by its first use, or by :func:`load`: before the first page nobody needs it, and a login
has it loaded while that page is on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samlauth import later

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from bs4.element import NavigableString, PageElement, PreformattedString

__all__ = ["BeautifulSoup", "NavigableString", "PageElement", "PreformattedString", "Tag", "load"]


def load() -> None:
    """Load it now; threads may do so side by side."""
    # All of CSS, for ``select``: its regular expressions take longer than requests and urllib3
    # together.
    later.stand_in("soupsieve")

    from bs4 import BeautifulSoup, Tag
    from bs4.element import NavigableString, PageElement, PreformattedString

    for found in (BeautifulSoup, NavigableString, PageElement, PreformattedString, Tag):
        globals()[found.__name__] = found


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """One of the classes, before they are loaded."""
        if name not in __all__:
            raise AttributeError(name)
        load()
        return globals()[name]
