"""Making a profile that takes its role with another's credentials."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from samlauth.commands import configure_chain
from samlauth.errors import SamlauthError, SettingsError, STSRefused

ROLE = "arn:aws:iam::888777666555:role/assumed-dev"
SOURCE = "[profile sts-temp]\nregion = us-east-1\nsamlauth.username = ada\n"


def write(aws: Path, config: str, credentials: str = "") -> None:
    for name, text in (("config", config), ("credentials", credentials)):
        (aws / name).write_text(text)
        os.utime(aws / name, (1, 1))  # what was just written is looked at twice, which takes time


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / ".aws"
    folder.mkdir()
    write(folder, SOURCE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    return folder


def chain(*words: str, name: str = "dev-env", source: str = "sts-temp", role: str = ROLE) -> None:
    parser = argparse.ArgumentParser()
    configure_chain.arguments(parser)
    given = [name, "--source-profile", source, "--role-arn", role, *words]
    assert configure_chain.run(parser.parse_args(given)) == 0


def test_it_writes_the_section_that_aws_describes(aws: Path) -> None:
    chain()
    assert (aws / "config").read_text() == (
        f"{SOURCE}\n[profile dev-env]\nregion = us-east-1\nsource_profile = sts-temp\n"
        f"role_arn = {ROLE}\n"
    )
    assert (aws / "credentials").read_text() == ""


def test_the_region_that_is_given_counts_and_one_that_is_there_stays(aws: Path) -> None:
    chain("-R", "eu-west-3")
    chain()
    assert "region = eu-west-3\nsource_profile" in (aws / "config").read_text()


def test_no_region_is_made_up(aws: Path) -> None:
    write(aws, "")
    chain()
    assert "region" not in (aws / "config").read_text()


def test_what_the_role_wants_is_written_by_awss_names(
    aws: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain(
        *("--external-id", "partner-7", "--serial-number", "arn:aws:iam::111111111111:mfa/ada"),
        *("--session-name", "ada", "-d", "30m"),
    )
    _, _, section = (aws / "config").read_text().partition("[profile dev-env]")
    assert section.splitlines()[4:] == [
        "role_session_name = ada",
        "external_id = partner-7",
        "mfa_serial = arn:aws:iam::111111111111:mfa/ada",
        "duration_seconds = 1800",
    ]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "an hour at most" in captured.err


@pytest.mark.parametrize(
    ("config", "credentials", "said"),
    [
        ("", "[dev-env]\naws_access_key_id = ASIA1\n", "holds credentials"),
        ("[profile dev-env]\ncredential_process = x\n", "", "credential_process"),
        ("[profile dev-env]\nsso_session = x\n", "", "Identity Center"),
        ("[profile dev-env]\nweb_identity_token_file = x\n", "", "web identity"),
    ],
)
def test_a_profile_with_credentials_of_its_own_is_left_alone(
    aws: Path, config: str, credentials: str, said: str
) -> None:
    write(aws, config, credentials)
    with pytest.raises(SettingsError, match=said):
        chain()
    assert (aws / "config").read_text() == config
    assert (aws / "credentials").read_text() == credentials


def test_a_circle_is_refused(aws: Path) -> None:
    chain(name="one")
    chain(name="two", source="one")
    before = (aws / "config").read_text()
    with pytest.raises(SettingsError, match="own credentials"):
        chain(name="sts-temp", source="sts-temp")
    with pytest.raises(SettingsError, match="one > two > one"):
        chain(name="one", source="two")
    assert (aws / "config").read_text() == before


@pytest.mark.parametrize(
    ("words", "role", "kind", "said"),
    [
        ((), "assumed-dev", SettingsError, "not the ARN of a role"),
        ((), "arn:aws:iam::1:role/x", SettingsError, "not the ARN of a role"),
        (("-d", "2h"), ROLE, SettingsError, "an hour at most"),
        (("-d", "1m"), ROLE, SettingsError, "15 minutes"),
        (("--session-name", "ada lovelace"), ROLE, STSRefused, "ada lovelace"),
    ],
)
def test_what_aws_would_not_take_is_not_written(
    aws: Path, words: tuple[str, ...], role: str, kind: type[SamlauthError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        chain(*words, role=role)
    assert (aws / "config").read_text() == SOURCE
