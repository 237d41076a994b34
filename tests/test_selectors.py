"""What is matched is what the whole of CSS matches."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

import samlauth
from samlauth.selectors import select

ROOT = Path(samlauth.__file__).parent

PAGE = """<!doctype html><body>
<form id=f action=/x><p class="a b-c">one <b dir=ltr>two</b></p>
<input TYPE=Submit name=go><input type=hidden name="x y" data-n="5"><button>ok</button></form>
<div id=outer class=A><div id=inner class="a"><p jsname=J><a href="/adfs/Portal/x">three</a></p></div>
<a class=b-c>four</a></div><p class="">five</p><section aria-live=assertive>six</section>"""

SELECTORS = (
    *("p", "P", "#f", "p.a", ".a", ".b-c", "p.a.b-c", "#outer a", "div p a", "div div", "#inner #outer"),
    *("[dir=ltr]", "[dir]", "[class]", "input[type=submit]", "[type=SUBMIT]", "[name='x y']"),
    *('[name="x y"]', '[href*="/adfs/portal/" i]', '[href*="/adfs/portal/"]', '[href^="/adfs"]'),
    *('[href$="/x"]', '[href*=""]', "p, a , button", "form[id=f] b", "[data-n][name]", "section[aria-live=assertive]"),
)  # fmt: skip


def tags(page: str) -> list[Tag]:
    return BeautifulSoup(page, "lxml").find_all(True)


@pytest.mark.parametrize("selector", SELECTORS)
def test_as_all_of_css_does(selector: str) -> None:
    # soupsieve reads a bare value with a slash in it as an error, and a quoted one with ' as well.
    soup = BeautifulSoup(PAGE, "lxml")
    if "'" in selector:
        expected = soup.select(selector.replace("'", '"'))
        selector = selector.replace("'", '"')
    else:
        expected = soup.select(selector)
    assert select(soup.find_all(True), selector) == list(expected)


def used() -> set[str]:
    """Every selector in the package, by the functions that take one and the tables of them."""
    found: set[str] = set()
    for path in [*ROOT.glob("idp/**/*.py"), ROOT / "aliases.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="first" | "all"), args=[ast.Constant(value=str(text))]
                ):
                    found.add(text)
                case ast.Call(
                    func=ast.Attribute(attr="within"), args=[_, ast.Constant(value=str(text))]
                ):
                    found.add(text)
                case _:
                    pass
    return found


def test_every_selector_of_the_package_is_of_a_kind_that_is_known() -> None:
    assert len(used()) > 20
    for selector in used():
        select(tags(PAGE), selector)


@pytest.mark.parametrize(
    "selector", ["", " ", "a,", "a > b", "p:first-child", "[x=", "#", "a~b", "*"]
)
def test_any_other_is_an_error_and_not_a_silence(selector: str) -> None:
    with pytest.raises(ValueError, match="not a selector"):
        select(tags(PAGE), selector)
