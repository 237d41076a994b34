"""What a cached answer depends on: every file that settings were read from."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.credentials import Credentials
from samlauth.effects import cache
from samlauth.effects.state import Identity, Issued

NOW = datetime.now(UTC)
WHO = Identity("google", "C01", "12", "ada", "arn:aws:iam::111111111111:role/Admin", "[]")
ISSUED = Issued("ASIA1", WHO, NOW, NOW + timedelta(hours=12))
OTHERS = ["shared", ".saml2aws"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config").write_text("[profile x]\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("SAMLAUTH_CONFIG", str(tmp_path / "shared"))
    monkeypatch.delenv("SAML2AWS_CONFIGFILE", raising=False)
    return tmp_path


def keep(home: Path) -> None:
    config = str(home / "config")
    credentials = Credentials("ASIA1", "hunter2", "hunter3", ISSUED.expiration)
    cache.keep(cache.path_beside(config, "x"), config, credentials, ISSUED)


def answers(**more: str) -> bool:
    named = ("HOME", "AWS_CONFIG_FILE", "SAMLAUTH_CONFIG")
    environ = {"PATH": os.defpath, **{name: os.environ[name] for name in named}, **more}
    return cache.answer(["credential-process", "-p", "x"], environ) is not None


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_comes_changes_or_goes_is_thought_about(name: str, home: Path) -> None:
    keep(home)
    assert answers()
    (home / name).write_text("[samlauth]\n")
    assert not answers()
    keep(home)
    assert answers()
    (home / name).write_text("[samlauth]\nidp_id = C2\n")
    assert not answers()
    keep(home)
    (home / name).unlink()
    assert not answers()


def test_another_shared_file_is_another_matter_and_saml2awss_too(home: Path) -> None:
    for name in (*OTHERS, "other"):
        (home / name).write_text("[samlauth]\n")
    keep(home)
    assert answers()
    assert not answers(SAMLAUTH_CONFIG=str(home / "other"))
    assert not answers(SAML2AWS_CONFIGFILE=str(home / "other"))
    assert not answers(SAMLAUTH_USERNAME="ada")


def test_no_two_states_of_the_files_look_the_same(home: Path) -> None:
    config = str(home / "config")
    seen = {cache.fingerprint(config)}
    for name in OTHERS:
        for content in ("", "a", "ab"):
            (home / name).write_text(content)
            seen.add(cache.fingerprint(config))
    assert len(seen) == 7
    assert all(b"\n" not in found for found in seen)
