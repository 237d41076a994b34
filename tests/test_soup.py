"""Beautiful Soup without CSS, until somebody wants it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from samlauth.html import Document
page = Document("https://idp.test/", "<p class=a>one<b>two</b></p>")
assert page.first("p.a b").string == "two"
print(sorted(name for name in sys.modules if name.startswith("soupsieve")))
print(page.root.select("p.a > b")[0].string, page.root.select_one("p:has(b)").name)
import soupsieve, soupsieve.util
print(soupsieve.compile("p").match(page.root.p), "soupsieve.css_parser" in sys.modules)
"""


def test_css_is_loaded_by_its_first_use() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["['soupsieve']", "two p", "True True"]


def test_a_login_loads_it_when_its_first_page_is_on_the_way() -> None:
    """Not before: what is loaded by then keeps the first request waiting."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, samlauth.commands.sign_in, samlauth.idp.browser\n"
            "import samlauth.idp.google.flow, samlauth.idp.adfs.flow\n"
            "print(sorted({'bs4', 'lxml', 'botocore', 'filelock'} & set(sys.modules)))\n"
            "from samlauth import soup\n"
            "soup.load()\n"
            "print(soup.Tag.__module__, hasattr(soup, 'Doctype'))\n",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["[]", "bs4.element False"]
