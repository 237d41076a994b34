"""What is kept of a run, and that a secret never is."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from samlauth.effects import recorder
from samlauth.effects.recorder import FAILURE, FAILURE_HTML, FLOW, Recorder
from samlauth.errors import FileError, NetworkError, PageUnreadable, STSRefused
from samlauth.flow import Page, Request
from samlauth.redactor import Redactor
from samlauth.reports import MOST_PAGES, Report, decode
from samlauth.skeletons import place
from tests.idp.google import served

GOOGLE = "https://accounts.google.com"
BROKEN = PageUnreadable("Google showed ada@example.com", hint="ada@example.com")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 0.25
        return self.now


def recording(*pages: Page) -> Recorder:
    recording = Recorder("google", "ada.lovelace@example.com", clock=Clock())
    for page in pages:
        recording.send(Request(page.url), lambda _, page=page: page)  # type: ignore[misc]  # mypy sees no type in a default
    return recording


def knowing(*secrets: str) -> Redactor:
    redactor = Redactor()
    for secret in secrets:
        redactor.hide(secret)
    return redactor


def kept(folder: Path) -> Report:
    return decode(recorder.load(folder))


def test_a_run_that_failed_is_kept_as_skeletons(tmp_path: Path) -> None:
    folder = tmp_path / "samlauth"
    run = recording(served.lite_identifier(), served.glif_password())
    with run.doing("EnterPassword"):
        pass
    run.send(
        Request(GOOGLE + "/Captcha", binary=True), lambda _: Page(GOOGLE, 200, "", content=b"x")
    )
    with pytest.raises(NetworkError):
        run.send(Request(GOOGLE + "/u/lovelace?q=1", json="{}"), refuse)
    with pytest.raises(NetworkError), run.doing("CallSTS"):
        refuse()
    assert run.keep_failure(folder, BROKEN, knowing("hunter2"), html=False) is None
    report = kept(folder)
    assert (report.idp, report.error, report.exit_code) == ("google", "PageUnreadable", 6)
    assert report.path == "Identifier → Password"
    assert [event.did for event in report.events] == [
        f"GET {place(served.lite_identifier().url)}",
        "GET accounts.google.com/signin/v1/lookup",
        "EnterPassword",
        "GET accounts.google.com/Captcha",
        "POST accounts.google.com/u/hidden: NetworkError",
        "CallSTS: NetworkError",
    ]
    assert [event.page for event in report.events] == [0, 1, None, None, None, None]
    assert {event.took for event in report.events} == {0.25}
    assert report.events[1].seconds > report.events[0].seconds >= 0
    assert report.versions["samlauth"]
    text = (folder / FAILURE).read_text()
    assert "lovelace" not in text
    assert "example.com" not in text
    assert stat.S_IMODE((folder / FAILURE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def refuse(_: object = None) -> Page:
    raise NetworkError("no")


def test_only_the_last_run_is_kept(tmp_path: Path) -> None:
    recording(served.lite_identifier()).keep_failure(tmp_path, BROKEN, knowing(), html=True)
    recording(served.rejected()).keep_failure(
        tmp_path, STSRefused("x", code="AccessDenied"), knowing(), html=True
    )
    assert kept(tmp_path).path == "Rejected"
    assert kept(tmp_path).error == "STSRefused AccessDenied"
    assert (tmp_path / FAILURE_HTML).read_text() == kept(tmp_path).pages[-1].page.body
    assert stat.S_IMODE((tmp_path / FAILURE_HTML).stat().st_mode) == 0o600


def test_a_page_with_a_secret_in_what_is_kept_is_left_out(tmp_path: Path) -> None:
    # A name is kept, and a cookie may be called like one.
    page = served.page('<p id="hunter-one"></p>')
    run = recording(served.rejected(), page)
    run.keep_failure(tmp_path, BROKEN, knowing("hunter-one"), html=True)
    first, second = kept(tmp_path).pages
    assert (first.withheld, second.withheld, second.page.body) == (False, True, "")
    assert "hunter-one" not in (tmp_path / FAILURE).read_text()


def test_a_secret_in_an_address_is_left_out(tmp_path: Path) -> None:
    run = recording(Page(GOOGLE + "/hunter-one/x", 200, ""))
    run.keep_failure(tmp_path, BROKEN, knowing("hunter-one"), html=True)
    assert "hunter-one" not in (tmp_path / FAILURE).read_text()
    assert kept(tmp_path).events[0].did == "GET"


def test_nothing_is_written_when_a_secret_is_left(tmp_path: Path) -> None:
    # In no page, but in what a report is made of.
    recording(served.rejected()).keep_failure(
        tmp_path, BROKEN, knowing("PageUnreadable"), html=False
    )
    assert not (tmp_path / FAILURE).exists()


def test_a_word_that_was_posted_along_leaves_nothing_out(tmp_path: Path) -> None:
    redactor = Redactor()
    redactor.hide("identifier", certain=False)
    redactor.hide("FormsAuthentication")
    recording(served.lite_identifier()).keep_failure(tmp_path, BROKEN, redactor, html=False)
    assert not kept(tmp_path).pages[0].withheld


def test_a_fault_of_ours_is_kept_by_its_places(tmp_path: Path) -> None:
    def fail(secret: str) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match="hunter2") as raised:
        fail("hunter2")
    recording(served.rejected()).keep_failure(
        tmp_path, raised.value, knowing("hunter2"), html=False
    )
    report = kept(tmp_path)
    assert (report.error, report.exit_code) == ("ValueError", 1)
    assert report.at[-1].endswith("in fail")
    assert report.at[-1].startswith("tests/effects/test_recorder.py:")


def test_the_last_pages_of_a_long_run_are_kept(tmp_path: Path) -> None:
    pages = [served.rejected()] * 5 + [served.lite_identifier()] * MOST_PAGES
    recording(*pages).keep_failure(tmp_path, BROKEN, knowing(), html=False)
    report = kept(tmp_path)
    assert len(report.pages) == MOST_PAGES
    assert "Rejected" not in report.path
    assert [event.page for event in report.events][:7] == [None] * 5 + [0, 1]


def test_what_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "samlauth").write_text("a file where the folder should be")
    run = recording(served.rejected())
    assert run.keep_failure(tmp_path / "samlauth", BROKEN, knowing(), html=True) is None
    with pytest.raises((FileError, OSError)):
        run.keep_flow(tmp_path / "samlauth", None, knowing())


def test_a_whole_flow_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    recording(*[served.lite_identifier()] * 3).keep_flow(tmp_path, None, knowing())
    folder = recording(served.lite_identifier(), served.glif_password()).keep_flow(
        tmp_path, None, knowing()
    )
    assert folder == tmp_path / FLOW
    names = sorted(path.name for path in folder.glob("*.html"))
    assert names == ["01-Identifier.html", "02-Password.html"]
    assert json.loads((folder / "run.json").read_text())["error"] == ""
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_there_may_be_no_failure(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none is on record"):
        recorder.load(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_record_that_others_can_read_or_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    recording(served.rejected()).keep_failure(tmp_path, BROKEN, knowing(), html=False)
    (tmp_path / FAILURE).chmod(0o644)
    with pytest.raises(FileError, match="read by others"):
        recorder.load(tmp_path)
    (tmp_path / FAILURE).rename(tmp_path / "elsewhere")
    (tmp_path / FAILURE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError, match="cannot be read"):
        recorder.load(tmp_path)
