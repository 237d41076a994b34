import pytest

from samlauth import settings
from samlauth.errors import SettingsError
from samlauth.peers import process_options
from samlauth.setting import Layer, Part, Setting
from samlauth.settings import (
    ADFS_HOST,
    DURATION,
    IDP,
    IDP_ID,
    MFA,
    PASSWORD_COMMAND,
    PROFILE,
    REGION,
    ROLE_ARN,
    SP_ID,
    URL,
    USERNAME,
)
from samlauth.sources import resolve

ROLE = "arn:aws:iam::111111111111:role/Admin"
ADFS = {"provider": "ADFS", "url": "https://adfs.example.com", "username": "ada"}
GOOGLE_URL = "https://accounts.google.com/o/saml2/initsso?idpid=C01&spid=12&forceauthn=false"


def account(keys: dict[str, str]) -> tuple[Part, ...]:
    return (Part(Layer.SAML2AWS, keys, "[default] of ~/.saml2aws"),)


@pytest.mark.parametrize(
    "line",
    [
        "gsts --idp-id=C01 --sp-id=12",
        "gsts --idp-id C01 --sp-id 12",
        "/opt/homebrew/bin/gsts --output json --idp-id 'C01' --sp-id \"12\" --force",
        "gsts --idp-id=C00 --sp-id=12 --idp-id=C01",
        r"C:\npm\gsts.cmd --idp-id=C01 --sp-id=12",
    ],
)
def test_a_line_of_gsts_is_a_source(line: str) -> None:
    found = resolve({}, {}, {"credential_process": line}, "[x]")
    assert (found[IDP], found[IDP_ID], found[SP_ID]) == ("google", "C01", "12")
    where = "credential_process --idp-id in [x]"
    assert found.source(IDP_ID) == (Layer.PEER_PROFILE, where)


def test_all_that_a_line_of_gsts_says() -> None:
    line = f"gsts --idp-id=C01 --sp-id=12 --username=ada --aws-region eu-west-1 --aws-role-arn {ROLE} --aws-session-duration 7200"
    found = resolve({}, {}, {"credential_process": line})
    assert (found[USERNAME], found[REGION], found[ROLE_ARN]) == ("ada", "eu-west-1", ROLE)
    assert found[DURATION] == 7200
    misspelt = line.replace("--aws-role-arn", "--aws-arn-role")
    assert resolve({}, {}, {"credential_process": misspelt})[ROLE_ARN] == ROLE


def test_a_line_of_aws_adfs_is_a_source() -> None:
    line = (
        f"aws-adfs login --region=eu-west-1 --role-arn={ROLE} --adfs-host=adfs.example.com --stdout"
    )
    found = resolve({}, {}, {"credential_process": line})
    assert (found[IDP], found[ADFS_HOST]) == ("adfs", "adfs.example.com")
    assert (found[REGION], found[ROLE_ARN]) == ("eu-west-1", ROLE)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "other --idp-id=C01 --sp-id=12",
        "other gsts --idp-id=C01",
        "gsts 'no end --idp-id=C01",
        "aws-adfs login --idp-id=C01",
        "samlauth credential-process -p gsts",
    ],
)
def test_a_line_of_another_program_is_none(line: str) -> None:
    assert process_options({"credential_process": line}) == {}


def test_keys_that_are_written_out_come_before_a_line() -> None:
    section = {"credential_process": "gsts --idp-id=C01 --sp-id=12", "gsts.idp_id": "C02"}
    assert resolve({}, {}, section)[IDP_ID] == "C02"


def test_an_account_of_saml2aws_for_adfs() -> None:
    keys = {**ADFS, "mfa": "Auto", "aws_session_duration": "3600", "role_arn": ROLE, "region": ""}
    found = resolve({}, {}, {}, "", account({**keys, "aws_urn": "urn:amazon:webservices"}))
    assert (found[IDP], found[ADFS_HOST]) == ("adfs", "https://adfs.example.com")
    assert (found[USERNAME], found[ROLE_ARN], found[DURATION]) == ("ada", ROLE, 3600)
    assert (found[MFA], found[REGION], found[URL], found[IDP_ID]) == (None,) * 4
    assert found.source(IDP) == (Layer.SAML2AWS, "provider in [default] of ~/.saml2aws")
    assert found.duration_promised is False
    assert dict(found.to_store()) == {}
    assert found.warnings == ()


def test_an_account_of_saml2aws_for_google() -> None:
    found = resolve({}, {}, {}, "", account({"provider": "GoogleApps", "url": GOOGLE_URL}))
    assert (found[IDP], found[IDP_ID], found[SP_ID]) == ("google", "C01", "12")
    assert (found[ADFS_HOST], found[URL]) == (None, None)


@pytest.mark.parametrize("provider", ["Browser", "Okta", "KeyCloak", "JumpCloud"])
def test_an_account_of_saml2aws_for_the_browser(provider: str) -> None:
    found = resolve({}, {}, {}, "", account({"provider": provider, "url": "https://a"}))
    assert (found[IDP], found[URL], found[ADFS_HOST]) == ("browser", "https://a", None)


@pytest.mark.parametrize(
    ("flags", "environ", "section"),
    [
        ({"idp": "google"}, {}, {}),
        ({}, {"GOOGLE_IDP_ID": "C01"}, {}),
        ({}, {}, {"samlauth.url": "https://b"}),
        ({}, {}, {"adfs_config.adfs_host": "b"}),
        ({}, {}, {"credential_process": "gsts --sp-id=1"}),
    ],
)
def test_an_account_does_not_count_where_anything_else_tells_the_identity_provider(
    flags: dict[str, str], environ: dict[str, str], section: dict[str, str]
) -> None:
    found = resolve(flags, environ, section, "", account({**ADFS, "skip_verify": "true"}))
    assert (found[USERNAME], found.warnings) == (None, ())
    assert found[ADFS_HOST] in {None, "b"}


def test_an_account_of_a_provider_that_is_unknown_is_passed_over_whole() -> None:
    keys = {"provider": "OneLogin", "url": GOOGLE_URL, "username": "ada"}
    found = resolve({}, {}, {}, "", account(keys))
    assert (found[USERNAME], found[IDP_ID]) == (None, None)
    (warning,) = found.warnings
    assert "provider in [default] of ~/.saml2aws is 'OneLogin'" in warning
    nameless = resolve({}, {}, {}, "", account({"url": GOOGLE_URL, "username": "ada"}))
    assert (nameless[USERNAME], nameless[IDP_ID], nameless.warnings) == (None, None, ())


def test_an_account_that_would_not_verify_is_verified_and_said() -> None:
    (warning,) = resolve({}, {}, {}, "", account({**ADFS, "skip_verify": "true"})).warnings
    assert "skip_verify in [default] of ~/.saml2aws turns off" in warning
    assert resolve({}, {}, {}, "", account({**ADFS, "skip_verify": "false"})).warnings == ()


@pytest.mark.parametrize(
    ("layer", "keys", "setting"),
    [
        (Layer.SAML2AWS, {**ADFS, "aws_session_duration": "soon"}, DURATION),
        (Layer.BASE, {"google_config.duration": "soon"}, DURATION),
        (Layer.BASE, {"credential_process": "gsts --idp-id=C!"}, IDP_ID),
    ],
)
def test_a_senseless_value_of_another_tool_is_passed_over(
    layer: Layer, keys: dict[str, str], setting: Setting[object]
) -> None:
    found = resolve({}, {}, {}, "", (Part(layer, keys, "[x]"),))
    assert found[setting] == setting.default
    (warning,) = found.warnings
    assert "in [x] is" in warning
    assert "passing over it" in warning


@pytest.mark.parametrize(
    ("layer", "key"), [(Layer.BASE, "samlauth.duration"), (Layer.SHARED, "duration")]
)
def test_a_senseless_value_of_ours_names_its_place(layer: Layer, key: str) -> None:
    with pytest.raises(SettingsError, match=r"duration in \[b\] is 'soon'"):
        resolve({}, {}, {}, "", (Part(layer, {key: "soon"}, "[b]"),))


def test_the_nearer_of_two_bases_counts_its_other_tools_keys_included() -> None:
    near = Part(Layer.BASE, {"google_config.google_username": "near"}, "[near]")
    far = Part(Layer.BASE, {"samlauth.username": "far", "samlauth.idp_id": "C1"}, "[far]")
    found = resolve({}, {}, {}, "", (near, far))
    assert (found[USERNAME], found[IDP_ID]) == ("near", "C1")
    assert found.source(USERNAME).where == "google_config.google_username in [near]"


def test_a_nearer_base_tells_the_identity_provider_and_one_base_must_not_tell_two() -> None:
    near = Part(Layer.BASE, {"adfs_config.adfs_host": "a"}, "[near]")
    far = Part(Layer.BASE, {"samlauth.idp_id": "C1"}, "[far]")
    assert resolve({}, {}, {}, "", (near, far))[IDP] == "adfs"
    assert resolve({}, {}, {}, "", (far, near))[IDP] == "google"
    both = Part(Layer.BASE, {"samlauth.adfs_host": "a", "samlauth.idp_id": "C1"}, "[b]")
    with pytest.raises(SettingsError, match=r"samlauth\.idp_id in \[b\] and samlauth\.adfs_host"):
        resolve({}, {}, {}, "", (both,))


def test_nothing_of_a_base_or_of_the_shared_file_is_stored() -> None:
    base = Part(Layer.BASE, {"samlauth.username": "ada", "region": "eu-west-1"}, "[b]")
    shared = Part(Layer.SHARED, {"idp_id": "C1", "keyring": "yes"}, "[samlauth]")
    assert dict(resolve({"sp_id": "1"}, {}, {}, "", (base, shared)).to_store()) == {
        "samlauth.sp_id": "1"
    }


@pytest.mark.parametrize(
    ("part", "promised"),
    [
        (Part(Layer.BASE, {"samlauth.duration": "1h"}), True),
        (Part(Layer.BASE, {"google_config.duration": "3600"}), False),
        (Part(Layer.SHARED, {"duration": "1h"}), False),
        (Part(Layer.SAML2AWS, {**ADFS, "aws_session_duration": "3600"}), False),
    ],
)
def test_only_a_persons_own_duration_is_a_promise(part: Part, promised: bool) -> None:
    found = resolve({}, {}, {}, "", (part,))
    assert (found[DURATION], found.duration_promised) == (3600, promised)


def test_which_profile_it_is_is_said_by_no_section() -> None:
    section = {"samlauth.profile": "other"}
    assert resolve({}, {}, section, "", (Part(Layer.SHARED, {"profile": "o"}),))[PROFILE] == "sts"


def test_programs_are_known_as_such() -> None:
    assert {setting.name for setting in settings.TABLE if setting.runs} >= {
        PASSWORD_COMMAND.name,
        "code_command",
        "browser_path",
    }
