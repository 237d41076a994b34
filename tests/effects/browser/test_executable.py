"""Which browser is found."""

from pathlib import Path

import pytest

from samlauth.effects.browser.executable import can_open, find
from samlauth.flow import BrowserEnded


def executable(path: Path, content: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def absent(found: Path | BrowserEnded) -> BrowserEnded:
    assert isinstance(found, BrowserEnded)
    assert found.reason == "absent"
    assert "--saml-assertion" in found.hint
    return found


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has installed is not part of the tests."""
    monkeypatch.setattr("samlauth.effects.browser.executable._PLACES", ())


def test_the_one_that_is_named_is_taken(tmp_path: Path, environ: dict[str, str]) -> None:
    executable(tmp_path / "bin/google-chrome")
    wrapper = executable(tmp_path / "my browser")
    assert find(environ, str(wrapper), "linux") == wrapper
    named = executable(tmp_path / "bin/mine")
    assert find(environ, "mine", "linux") == named


def test_a_home_folder_may_be_abbreviated(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find(environ, "~/mine", "linux") != executable(tmp_path / "mine")
    assert find(environ, "~/mine", "linux") == tmp_path / "mine"


def test_one_that_is_not_there_or_no_program_is_not_replaced_by_another(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    executable(tmp_path / "bin/google-chrome")
    gone = absent(find(environ, str(tmp_path / "gone\x1b[31m"), "linux"))
    assert "is not there" in gone.message
    assert "\\x1b[31m" in gone.message
    (tmp_path / "text").write_text("x")
    assert "cannot be executed" in absent(find(environ, str(tmp_path / "text"), "linux")).message
    assert "--browser-path" in gone.hint


@pytest.mark.parametrize(
    "name", ["google-chrome", "chromium", "chromium-browser", "microsoft-edge", "brave-browser"]
)
def test_the_usual_names(name: str, tmp_path: Path, environ: dict[str, str]) -> None:
    executable(tmp_path / "bin/firefox")
    absent(find(environ, None, "linux"))
    here = executable(tmp_path / "bin" / name)
    assert find(environ, None, "linux") == here


def test_the_usual_places(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = executable(tmp_path / "opt/chrome")
    monkeypatch.setattr("samlauth.effects.browser.executable._PLACES", (str(place),))
    assert find(environ, None, "linux") == place


def test_an_app_of_a_mac(tmp_path: Path, environ: dict[str, str]) -> None:
    app = tmp_path / "Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"
    absent(find(environ, None, "darwin"))
    executable(app)
    assert find(environ, None, "darwin") == app
    absent(find(environ, None, "linux"))


def test_a_snap_is_not_taken(tmp_path: Path, environ: dict[str, str]) -> None:
    script = '#!/bin/sh\nexec /snap/bin/chromium "$@"\n'
    snap = executable(tmp_path / "bin/chromium-browser", script)
    assert "snap" in absent(find(environ, None, "linux")).message
    edge = executable(tmp_path / "bin/microsoft-edge")
    assert find(environ, None, "linux") == edge
    assert find(environ, str(snap), "linux") == snap  # whoever names it knows what they do


def test_under_wsl_it_is_said_where_to_install_one(environ: dict[str, str]) -> None:
    ended = absent(find({**environ, "WSL_DISTRO_NAME": "Debian"}, None, "linux"))
    assert "inside WSL" in ended.hint


class TestWindows:
    def test_where_programs_are_installed(self, tmp_path: Path) -> None:
        everybody, one = tmp_path / "Program Files (x86)", tmp_path / "Local"
        environ = {"PROGRAMFILES(X86)": str(everybody), "LOCALAPPDATA": str(one), "PATH": ""}
        absent(find(environ, None, "win32"))
        edge = executable(everybody / "Microsoft/Edge/Application/msedge.exe")
        assert find(environ, None, "win32") == edge
        chrome = executable(one / "Google/Chrome/Application/chrome.exe")
        assert find(environ, None, "win32") == chrome
        absent(find(environ, None, "linux"))

    def test_a_batch_file_is_not_started(self, tmp_path: Path, environ: dict[str, str]) -> None:
        assert find(environ, str(executable(tmp_path / "a.EXE")), "win32") == tmp_path / "a.EXE"
        batch = executable(tmp_path / "browser.cmd")
        assert "cannot be executed" in absent(find(environ, str(batch), "win32")).message
        assert "is not there" in absent(find(environ, str(tmp_path / "b.exe"), "win32")).message


def test_one_can_be_opened_where_it_can_be_seen(tmp_path: Path, environ: dict[str, str]) -> None:
    shown = environ | {"DISPLAY": ":0"}
    assert not can_open(shown, None, "linux")
    executable(tmp_path / "bin/chromium")
    assert can_open(shown, None, "linux")
    assert can_open(environ | {"WAYLAND_DISPLAY": "wayland-0"}, None, "linux")
    assert not can_open(environ, None, "linux")
    assert not can_open(environ | {"DISPLAY": ""}, None, "linux")


def test_one_that_is_named_may_need_no_display(tmp_path: Path, environ: dict[str, str]) -> None:
    mine = executable(tmp_path / "mine")
    assert can_open(environ, str(mine), "linux")
    assert not can_open(environ, str(tmp_path / "gone"), "linux")
