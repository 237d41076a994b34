"""The plugin of docs/plugins.md, installed beside the installed command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.acme import URL, Acme
from tests.e2e.stage import Run, Stage
from tests.plugins import install, install_documented


class Place:
    """A rehearsal with Acme ID, and samlauth with its plugin."""

    def __init__(self, folder: Path, rehearsal: Rehearsal, acme: Acme) -> None:
        self.acme = acme
        self.stage = Stage(rehearsal)
        self.path = str(install_documented(folder))
        self.job = ("--idp", "acme", "--url", URL, "-u", rehearsal.username, "-p", "sts-temp")

    def start(self, *arguments: str, **more: str) -> Run:
        return self.stage.start(*arguments, PYTHONPATH=self.path, **more)

    def answer(self, run: Run) -> None:
        run.expect("Acme Password: ")
        run.terminal.waitnoecho(20)
        run.type(self.stage.rehearsal.password)
        run.expect("Acme code: ")
        run.type(self.acme.code)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    rehearsal = Rehearsal(roles=1)
    acme = Acme(rehearsal)
    with rehearsal:
        yield Place(tmp_path / "installed", rehearsal, acme)
    refused = [str(contact) for contact in rehearsal.proxy_log if not contact.admitted]
    assert refused == []


def test_it_signs_in_and_is_remembered(place: Place) -> None:
    stage, rehearsal = place.stage, place.stage.rehearsal
    run = place.start(*place.job)
    run.expect("Acme Password: ")
    run.terminal.waitnoecho(20)
    run.type("wrong")
    run.expect("That is not your \\x1b[31mpassword.")
    place.answer(run)
    assert run.end() == 0, run.printed
    assert stage.profile()["aws_access_key_id"].startswith("ASIA")
    assert stage.config()["samlauth.idp"] == "acme"
    assert stage.config()["samlauth.url"] == URL
    passwords = [fields["password"] for path, fields in place.acme.posted if path == "/login"]
    assert passwords == ["wrong", rehearsal.password]
    assert rehearsal.password not in run.printed
    # The same again has the credentials already; another app is another sign-in.
    assert place.start("-p", "sts-temp").end() == 0
    assert place.acme.apps == ["/apps/aws"]
    # What is held is handed out without the plugin.
    done = stage.piped("env", "-p", "sts-temp")
    assert (done.returncode, done.stderr) == (0, "")
    assert stage.profile()["aws_access_key_id"] in done.stdout
    with (stage.aws / "config").open("a") as config:
        config.write("samlauth.acme.app = aws-eu\n")
    run = place.start("-p", "sts-temp")
    place.answer(run)
    assert run.end() == 0, run.printed
    assert place.acme.apps == ["/apps/aws", "/apps/aws-eu"]
    shown = stage.piped("settings", "-p", "sts-temp", "--json", PYTHONPATH=place.path)
    (app,) = (row for name, row in json.loads(shown.stdout).items() if name == "acme.app")
    assert app["value"] == "aws-eu"
    assert "samlauth.acme.app in [profile sts-temp]" in app["source"]
    shown = stage.piped("settings", "-p", "sts-temp", PYTHONPATH=place.path)
    assert "acme.app" in shown.stdout
    done = stage.piped("logout", "-p", "sts-temp")
    assert done.returncode == 0, done.stderr
    assert stage.profile() == {}


def test_what_it_cannot_read_is_the_browsers(place: Place) -> None:
    place.acme.wall = True
    run = place.start(*place.job, "--browser-path", "/nowhere/browser")
    place.answer(run)
    run.expect("Acme ID showed a page that is unknown.")
    run.expect("Open your browser and sign in there? [Y/n] ")
    run.type("n")
    assert run.end() == 6


def test_a_refused_password_without_a_terminal_is_said_and_sent_once(place: Place) -> None:
    done = place.stage.piped(*place.job, stdin="wrong\n", PYTHONPATH=place.path)
    assert done.returncode == 4
    assert "That is not your" in done.stderr
    assert [path for path, _ in place.acme.posted] == ["/login"]


def test_one_that_is_not_installed_or_not_for_this_samlauth(place: Place, tmp_path: Path) -> None:
    done = place.stage.piped(*place.job)
    assert done.returncode == 3
    assert "There is no identity provider acme" in done.stderr
    newer = str(install(tmp_path / "newer", "API = 2", version="2.0"))
    done = place.stage.piped(*place.job, PYTHONPATH=newer)
    assert done.returncode == 3
    assert "from samlauth-acme 2.0, was written for version 2" in done.stderr
    done = place.stage.piped("--idp", "okta", PYTHONPATH=place.path)
    assert done.returncode == 3
    assert "Plugins: acme." in done.stderr
    assert place.acme.apps == []


def test_configure_knows_which_are_installed(place: Place) -> None:
    run = place.start("configure", "-p", "x")
    for question, answer in (
        ("Identity provider", "okta"),
        ("There is no identity provider okta", ""),
        ("Identity provider", "acme"),
        ("URL where the sign-in begins", URL),
        ("Username", "ada"),
        ("AWS region", ""),
        ("Role", ""),
        ("keyring?", ""),
    ):
        run.expect(question)
        if answer or question.endswith(("region", "Role", "?")):
            run.type(answer)
    assert run.end() == 0, run.printed
    written = place.stage.config("x")
    assert (written["samlauth.idp"], written["samlauth.url"]) == ("acme", URL)
    assert written["samlauth.username"] == "ada"
