from collections.abc import Mapping

import pytest

from samlauth.errors import SettingsError
from samlauth.profiles import refuse_unwritable

OURS = {"aws_access_key_id": "ASIAEXAMPLE", "aws_session_token": "token"}


@pytest.mark.parametrize(
    ("config", "credentials"),
    [
        ({}, {}),
        ({"region": "eu-west-1", "samlauth.username": "ada"}, OURS),
        ({"output": "json", "source_profile": "base"}, {}),
    ],
)
def test_a_profile_of_ours_or_a_new_one_may_be_written(
    config: Mapping[str, str], credentials: Mapping[str, str]
) -> None:
    refuse_unwritable("sts", config, credentials, named=False)


@pytest.mark.parametrize(
    ("config", "credentials", "because", "instead"),
    [
        ({"role_arn": "arn:…", "source_profile": "base"}, {}, "role_arn", "samlauth -p base"),
        ({"role_arn": "arn:…", "credential_source": "Environment"}, {}, "role_arn", "-p"),
        ({"role_arn": "arn:…", "source_profile": "sts"}, {}, "role_arn", "Name another"),
        ({"web_identity_token_file": "/t", "role_arn": ""}, {}, "role_arn", "-p"),
        ({"web_identity_token_file": "/t"}, {}, "web_identity_token_file", "-p"),
        ({"sso_session": "corp"}, {}, "sso_", "-p"),
        ({"sso_start_url": "https://x"}, {}, "sso_", "-p"),
        ({"login_session": "arn:…"}, {}, "login_session", "remove the login_session"),
        (
            {"credential_process": "gsts …"},
            {},
            "credential_process",
            "samlauth configure process -p sts",
        ),
        (
            {},
            {"credential_process": "gsts …"},
            "credential_process",
            "samlauth configure process -p sts",
        ),
        ({}, {"role_arn": "arn:…"}, "role_arn", "-p"),
    ],
)
def test_a_profile_that_would_hide_the_credentials_is_refused(
    config: Mapping[str, str], credentials: Mapping[str, str], because: str, instead: str
) -> None:
    with pytest.raises(SettingsError, match=because) as refused:
        refuse_unwritable("sts", config, credentials, named=True, overwrite_keys=True)
    assert instead in refused.value.hint
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(
    "keys",
    [
        {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s"},
        {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_session_token": "odd"},
        {"aws_access_key_id": "OLDSTYLEKEY", "aws_secret_access_key": "s"},
    ],
)
def test_long_lived_keys_are_replaced_only_when_asked_to(keys: Mapping[str, str]) -> None:
    with pytest.raises(SettingsError, match="long-lived") as refused:
        refuse_unwritable("sts", {}, keys, named=True)
    assert keys["aws_access_key_id"] not in str(refused.value)
    assert "--overwrite-keys" in refused.value.hint
    refuse_unwritable("sts", {}, keys, named=True, overwrite_keys=True)


def test_default_is_written_only_when_it_was_named_to_us() -> None:
    with pytest.raises(SettingsError, match="AWS_PROFILE") as refused:
        refuse_unwritable("default", {}, {}, named=False)
    assert "-p default" in refused.value.hint
    refuse_unwritable("default", {}, {}, named=True)
