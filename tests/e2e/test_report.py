"""A sign-in that fails leaves what a maintainer needs, and nothing of the person's."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from samlauth.testing import reported
from tests.e2e.stage import MakeStage, Stage


def fail(stage: Stage, *words: str, **more: str) -> str:
    """A sign-in that ends at a page that nobody knows; what it said."""
    rehearsal = stage.rehearsal
    done = stage.piped(
        *stage.main_job, "--no-browser", *words, stdin=rehearsal.password + "\n", **more
    )
    assert done.returncode == 6, done.stderr
    return done.stderr


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    return make_stage(mfa="unknown", pages="v3", roles=1)


def test_a_report_of_a_page_that_cannot_be_read(stage: Stage, tmp_path: Path) -> None:
    fail(stage)
    path = tmp_path / "to-send.zip"
    done = stage.piped("report", "-o", str(path))
    assert (done.returncode, done.stdout) == (0, f"{path}\n"), done.stderr
    assert "ended in NeedsBrowser" in done.stderr
    assert "Identifier → BrowserOnly aviary" in done.stderr
    assert "sent nowhere" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as bundle:
        for name in bundle.namelist():
            assert name in done.stderr
            text = bundle.read(name).decode()
            for mine in (
                "ada",
                "example.com",
                stage.rehearsal.password,
                "Rehearsal",
                "C01rehearsal",
            ):
                assert mine not in text, (name, mine)
    report = reported(path)
    assert [event.did for event in report.events if event.did.startswith("POST")]
    again = stage.piped("replay", str(path))
    assert again.returncode == 0, again.stderr
    lines = again.stdout.splitlines()
    assert [line.split()[3] for line in lines] == ["Identifier", "BrowserOnly"]
    assert "(was" not in again.stdout


def test_a_name_that_has_changed_is_shown(stage: Stage, tmp_path: Path) -> None:
    fail(stage)
    record = stage.aws / "samlauth" / "failure"
    record.write_text(
        record.read_text().replace('"named": "Identifier"', '"named": "Menu\\u001b[2J"')
    )
    done = stage.piped("replay", str(record))
    assert "Identifier (was Menu\\x1b[2J)" in done.stdout


def test_a_report_is_written_here_unless_told_otherwise(stage: Stage) -> None:
    fail(stage)
    before = set(Path.cwd().iterdir())
    done = stage.piped("report")
    made = Path(done.stdout.strip())
    try:
        assert set(Path.cwd().iterdir()) - before == {made.absolute()}
        assert stage.piped("report").returncode == 2
    finally:
        made.unlink()


def test_without_a_failure_there_is_no_report(stage: Stage) -> None:
    done = stage.piped("report")
    assert (done.returncode, done.stdout) == (10, "")
    assert "none is on record" in done.stderr


def test_a_record_with_something_in_it_makes_no_report(stage: Stage, tmp_path: Path) -> None:
    fail(stage)
    record = stage.aws / "samlauth" / "failure"
    record.write_text(record.read_text().replace("BrowserOnly", "eve@example.com"))
    done = stage.piped("report", "-o", str(tmp_path / "x.zip"))
    assert (done.returncode, "no report was made" in done.stderr) == (10, True)
    assert not (tmp_path / "x.zip").exists()


def test_the_page_of_a_failure_is_kept_when_asked_for(stage: Stage) -> None:
    said = fail(stage, "--save-failure-html")
    page = stage.aws / "samlauth" / "failure.html"
    assert f"The last page is in {page}" in said
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "ada" not in page.read_text()


def test_a_whole_flow_is_kept_when_asked_for(make_stage: MakeStage) -> None:
    stage = make_stage(mfa="none", pages="g2", roles=1)
    done = stage.piped(*stage.main_job, "--save-saml-flow", stdin=stage.rehearsal.password + "\n")
    assert done.returncode == 0, done.stderr
    folder = stage.aws / "samlauth" / "flow"
    assert f"are in {folder}" in done.stderr
    names = sorted(path.name for path in folder.iterdir() if path.suffix == ".html")
    assert names == ["01-Identifier.html", "02-Password.html", "03-Posted.html"]
    text = "".join(path.read_text() for path in folder.iterdir())
    for mine in (
        "ada",
        "example.com",
        stage.rehearsal.password,
        stage.profile()["aws_session_token"],
    ):
        assert mine not in text
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert not (stage.aws / "samlauth" / "failure").exists()


def test_a_folder_that_cannot_be_written_changes_nothing(stage: Stage) -> None:
    stage.aws.mkdir()
    (stage.aws / "samlauth").write_text("in the way")
    said = fail(stage, "--save-failure-html", "--save-saml-flow")
    assert "an unheard-of kind" in said
    assert "were not saved" in said
