"""What a person is told of a browser that ended by itself."""

from pathlib import Path

import pytest

from samlauth.effects.browser import endings

PATH = Path("/opt/chrome")


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        ("[1:1:ERROR:zygote] Running as root without --no-sandbox is not supported.", "as root"),
        ("[1:1:FATAL:zygote] No usable sandbox! Update your kernel", "sandbox"),
        (
            "chrome: error while loading shared libraries: libnss3.so: cannot open",
            "needs libnss3.so",
        ),
        ("The profile appears to be in use by another Chromium process (7)", "still open"),
        ("something else", "status 1"),
        ("", "status 1"),
    ],
)
def test_a_complaint_that_is_known(complaint: str, said: str) -> None:
    ended = endings.died(PATH, 1, complaint + "\n", taken=False)
    assert ended.reason == "crashed"
    assert said in ended.message
    assert ended.hint
    assert "something else" not in ended.message  # it may hold an address of the sign-in


@pytest.mark.parametrize(
    "complaint",
    [
        "[1:1:ERROR:ozone_platform_x11.cc(249)] Missing X server or $DISPLAY",
        "[1:1:ERROR:env.cc(255)] The platform failed to initialize. ozone_platform_wayland",
    ],
)
def test_no_display(complaint: str) -> None:
    assert endings.died(PATH, 1, complaint, taken=False) == endings.no_display()


def test_a_browser_that_handed_over_to_another() -> None:
    assert "still open" in endings.died(PATH, 0, "", taken=True).message


@pytest.mark.parametrize(
    ("status", "said"), [(-11, "killed by SIGSEGV"), (-99, "killed by signal 99"), (0, "status 0")]
)
def test_how_it_ended(status: int, said: str) -> None:
    assert said in endings.died(PATH, status, "", taken=False).message
