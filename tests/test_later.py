"""Packages that are loaded by their first use; tests/test_soup.py has one more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from samlauth import later


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that cannot be loaded twice, without a version so far."""
    folder = tmp_path / "seldom"
    folder.mkdir()
    (folder / "__init__.py").write_text("from seldom.part import NUMBER\nNAME = __name__\n")
    (folder / "part.py").write_text("NUMBER = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("seldom", "seldom.part", "seldom.version"):
        monkeypatch.setitem(sys.modules, name, sys)  # to be put back as it was
        monkeypatch.delitem(sys.modules, name)
    return folder


def is_loaded() -> bool:
    return "seldom.part" in sys.modules


def test_it_is_loaded_when_something_of_it_is_looked_up(package: Path) -> None:
    later.stand_in("seldom")
    import seldom  # type: ignore[import-not-found]  # made by the test

    assert (Path(seldom.__file__).parent, is_loaded()) == (package, False)
    later.stand_in("seldom")
    assert (seldom.NAME, seldom.NUMBER, is_loaded()) == ("seldom", 1, True)
    assert sys.modules["seldom"] is not seldom
    later.stand_in("seldom")
    assert sys.modules["seldom"] is not seldom
    with pytest.raises(AttributeError):
        _ = seldom.nothing


def test_its_version_alone_does_not_load_it(package: Path) -> None:
    (package / "version.py").write_text("__version__ = '1.2'\n")
    later.stand_in("seldom")
    from seldom import __version__

    assert (__version__, is_loaded()) == ("1.2", False)


def test_a_version_that_stands_elsewhere_is_found(package: Path) -> None:
    with (package / "__init__.py").open("a") as file:
        file.write("__version__ = '1.3'\n")
    later.stand_in("seldom")
    from seldom import __version__

    assert (__version__, is_loaded()) == ("1.3", True)


def test_what_is_not_installed_is_not_there(package: Path) -> None:
    later.stand_in("seldomer")
    assert "seldomer" not in sys.modules


def test_requests_does_not_load_what_guesses_encodings() -> None:
    """And finds it when it guesses after all."""
    program = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "import samlauth.commands.sign_in, samlauth.soup; samlauth.soup.load()\n"
        "print('charset_normalizer.api' in sys.modules)\n"
        "import requests; answer = requests.Response(); answer._content = b'ascii'\n"
        "print(answer.apparent_encoding, 'charset_normalizer.api' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["False", "ascii True"]
