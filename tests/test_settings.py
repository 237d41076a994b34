import pytest

from samlauth import settings
from samlauth.errors import SettingsError, UsageError
from samlauth.setting import Layer, Part, Setting
from samlauth.settings import (
    ACCOUNT,
    ADFS_HOST,
    ADFS_RP,
    ASK_ROLE,
    BG_RESPONSE,
    CODE_COMMAND,
    DISABLE_U2F,
    DURATION,
    IDP,
    IDP_ID,
    KEYRING,
    PASSWORD_COMMAND,
    PROFILE,
    REGION,
    RESOLVE_ALIASES,
    ROLE_ARN,
    SP_ID,
    STDIN,
    TABLE,
    TRUST_DEVICE,
    USERNAME,
)
from samlauth.sources import profile_of, resolve

ROLE = "arn:aws:iam::111111111111:role/Admin"


def test_every_source_is_beaten_by_the_one_before_it() -> None:
    flags = {"username": "flag"}
    environ = {"SAMLAUTH_USERNAME": "ours", "GOOGLE_USERNAME": "peer"}
    section = {"samlauth.username": "profile", "google_config.google_username": "peer profile"}
    seen = []
    for source in (flags, environ, environ, section, section, None):
        found = resolve(flags, environ, section)
        seen.append((found[USERNAME], found.source(USERNAME).layer))
        if source:
            source.pop(next(iter(source)))
    assert seen == [
        ("flag", Layer.FLAG),
        ("ours", Layer.SAMLAUTH),
        ("peer", Layer.PEER_ENVIRONMENT),
        ("profile", Layer.PROFILE),
        ("peer profile", Layer.PEER_PROFILE),
        (None, Layer.DEFAULT),
    ]


def test_an_answer_ranks_with_the_flags_and_is_stored() -> None:
    found = resolve({}, {"GOOGLE_USERNAME": "env"}, {}).answered(IDP_ID, "C01")
    assert found[IDP_ID] == "C01"
    assert dict(found.to_store()) == {"samlauth.idp_id": "C01"}


@pytest.mark.parametrize(
    ("setting", "variable", "text", "value"),
    [
        (USERNAME, "GOOGLE_USERNAME", "ada", "ada"),
        (IDP_ID, "GOOGLE_IDP_ID", "C01abc", "C01abc"),
        (SP_ID, "GOOGLE_SP_ID", "123456789012", "123456789012"),
        (REGION, "AWS_REGION", "eu-west-1", "eu-west-1"),
        (REGION, "AWS_DEFAULT_REGION", "eu-west-1", "eu-west-1"),
        (DURATION, "DURATION", "3600", 3600),
        (ROLE_ARN, "AWS_ROLE_ARN", ROLE, ROLE),
        (ACCOUNT, "AWS_ACCOUNT", "111111111111", "111111111111"),
        (ASK_ROLE, "AWS_ASK_ROLE", "true", True),
        (DISABLE_U2F, "U2F_DISABLED", "1", True),
        (BG_RESPONSE, "GOOGLE_BG_RESPONSE", "abc", "abc"),
        (RESOLVE_ALIASES, "RESOLVE_AWS_ALIASES", "false", False),
    ],
)
def test_variables_of_aws_google_auth(
    setting: Setting[object], variable: str, text: str, value: object
) -> None:
    found = resolve({}, {variable: text}, {})
    assert found[setting] == value
    assert found.source(setting) == (Layer.PEER_ENVIRONMENT, variable)


@pytest.mark.parametrize(
    ("setting", "key", "text", "value"),
    [
        (USERNAME, "google_config.google_username", "ada", "ada"),
        (IDP_ID, "google_config.google_idp_id", "C01abc", "C01abc"),
        (IDP_ID, "gsts.idp_id", "C01abc", "C01abc"),
        (SP_ID, "google_config.google_sp_id", "12", "12"),
        (SP_ID, "gsts.sp_id", "12", "12"),
        (DURATION, "google_config.duration", "43200", 43200),
        (ROLE_ARN, "google_config.role_arn", ROLE, ROLE),
        (ROLE_ARN, "gsts.role_arn", ROLE, ROLE),
        (ACCOUNT, "account", "111111111111", "111111111111"),
        (ASK_ROLE, "google_config.ask_role", "True", True),
        (KEYRING, "google_config.keyring", "True", True),
        (DISABLE_U2F, "google_config.u2f_disabled", "True", True),
        (BG_RESPONSE, "google_config.bg_response", "abc", "abc"),
    ],
)
def test_keys_of_aws_google_auth_and_gsts(
    setting: Setting[object], key: str, text: str, value: object
) -> None:
    found = resolve({}, {}, {key: text}, "[profile sts]")
    assert found[setting] == value
    assert found.source(setting) == (Layer.PEER_PROFILE, f"{key} in [profile sts]")


@pytest.mark.parametrize("unset", ["", "  ", "None", '"None"', "'None'"])
def test_what_aws_google_auth_writes_for_nothing_is_nothing(unset: str) -> None:
    found = resolve(
        {},
        {"SAMLAUTH_BG_RESPONSE": unset, "GOOGLE_BG_RESPONSE": "real"},
        {"google_config.role_arn": unset, "google_config.duration": unset},
    )
    assert found[BG_RESPONSE] == "real"
    assert found[ROLE_ARN] is None
    assert found[DURATION] is None
    assert found.warnings == ()


def test_the_region_of_the_profile_is_the_aws_tools_own_key() -> None:
    found = resolve({}, {}, {"region": "eu-central-1"})
    assert found[REGION] == "eu-central-1"
    assert dict(found.to_store()) == {}
    assert dict(resolve({"region": "us-west-2"}, {}, {}).to_store()) == {"region": "us-west-2"}


def test_aws_region_beats_aws_default_region_and_both_beat_the_profile() -> None:
    environ = {"AWS_DEFAULT_REGION": "b", "AWS_REGION": "a"}
    assert resolve({}, environ, {"region": "c"})[REGION] == "a"
    assert resolve({}, {"AWS_DEFAULT_REGION": "b"}, {"region": "c"})[REGION] == "b"


def test_a_role_arn_meant_for_a_web_identity_is_not_ours() -> None:
    environ = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token"}
    assert resolve({}, environ, {})[ROLE_ARN] is None


def test_auto_duration_beats_duration_in_the_environment() -> None:
    found = resolve({}, {"AUTO_DURATION": "yes", "DURATION": "3600"}, {})
    assert found[DURATION] is None
    assert found.source(DURATION).where == "AUTO_DURATION"
    assert resolve({}, {"AUTO_DURATION": "no", "DURATION": "3600"}, {})[DURATION] == 3600


@pytest.mark.parametrize(
    ("sources", "promised"),
    [
        (({"duration": "1h"}, {}, {}), True),
        (({}, {"SAMLAUTH_DURATION": "1h"}, {}), True),
        (({}, {}, {"samlauth.duration": "1h"}), True),
        (({}, {"DURATION": "3600"}, {}), False),
        (({}, {}, {"google_config.duration": "43200"}), False),
        (({"duration": "auto"}, {"DURATION": "3600"}, {}), False),
    ],
)
def test_a_duration_is_a_promise_only_when_it_is_our_own(
    sources: tuple[dict[str, str], dict[str, str], dict[str, str]], promised: bool
) -> None:
    assert resolve(*sources).duration_promised is promised


@pytest.mark.parametrize("text", ["true", "Yes", "1", "ON"])
def test_switches_on(text: str) -> None:
    assert resolve({}, {"SAMLAUTH_KEYRING": text}, {})[KEYRING] is True


@pytest.mark.parametrize("text", ["false", "No", "0", "OFF"])
def test_a_switch_turned_off_beats_lower_sources(text: str) -> None:
    found = resolve({}, {"SAMLAUTH_KEYRING": text}, {"google_config.keyring": "True"})
    assert found[KEYRING] is False


def test_a_senseless_flag_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--duration is 'soon'"):
        resolve({"duration": "soon"}, {}, {})


@pytest.mark.parametrize(
    ("environ", "section", "where"),
    [
        ({"SAMLAUTH_DURATION": "soon"}, {}, "SAMLAUTH_DURATION"),
        ({}, {"samlauth.duration": "13h"}, "samlauth.duration in"),
        ({}, {"samlauth.keyring": "maybe"}, "samlauth.keyring in"),
    ],
)
def test_a_senseless_value_of_ours_names_its_place(
    environ: dict[str, str], section: dict[str, str], where: str
) -> None:
    with pytest.raises(SettingsError, match=where):
        resolve({}, environ, section, "[profile x]")


def test_a_senseless_value_of_another_tool_is_passed_over_with_a_warning() -> None:
    found = resolve({}, {"DURATION": "1 day"}, {"google_config.duration": "7200"})
    assert found[DURATION] == 7200
    (warning,) = found.warnings
    assert "DURATION is '1 day'" in warning


@pytest.mark.parametrize("name", ["username", "home_realm", "role_arn"])
def test_what_is_no_text_cannot_be_sent_and_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not UTF-8 text"):
        resolve({name: "\udce4da"}, {}, {})
    with pytest.raises(SettingsError, match="not UTF-8 text"):
        resolve({}, {f"SAMLAUTH_{name.upper()}": "\udce4da"}, {})


def test_what_an_ascii_locale_could_not_read_is_read() -> None:
    as_given = "ädä".encode().decode("ascii", "surrogateescape")
    assert resolve({"username": as_given}, {}, {})[settings.USERNAME] == "ädä"


def test_a_path_may_be_any_bytes() -> None:
    assert resolve({"ca_bundle": "\udce4da"}, {}, {})[settings.CA_BUNDLE] == "\udce4da"


def test_an_id_with_a_stray_comma_is_named() -> None:
    with pytest.raises(UsageError, match="--idp-id is 'C01abc,'"):
        resolve({"idp_id": "C01abc,"}, {}, {})


def test_an_account_id_may_be_written_with_dashes() -> None:
    assert resolve({"account": "1111-2222-3333"}, {}, {})[ACCOUNT] == "111122223333"


def test_an_account_may_be_named_and_only_ascii_digits_are_an_id() -> None:
    assert resolve({"account": "acme-prod"}, {}, {})[ACCOUNT] == "acme-prod"
    odd = "١١١١١١١١١١١١"  # noqa: RUF001 - digits that are not ASCII, on purpose
    assert resolve({"account": odd}, {}, {})[ACCOUNT] == odd


def test_the_profile_is_ours_then_aws_profile_then_sts() -> None:
    both = {"SAMLAUTH_PROFILE": "ours", "AWS_PROFILE": "theirs"}
    assert profile_of({"profile": "flag"}, both)[0] == "flag"
    assert profile_of({}, both)[0] == "ours"
    assert profile_of({}, {"AWS_PROFILE": "theirs"})[0] == "theirs"
    assert profile_of({}, {})[0] == "sts"
    assert PROFILE.default == "sts"


def test_only_flags_and_answers_are_stored_and_no_one_time_switches() -> None:
    flags = {
        "username": "ada",
        "profile": "x",
        "ask_role": "true",
        "stdin": "true",
        "keyring": "true",
        "duration": "1h",
        "ca_bundle": "/ca.pem",
    }
    environ = {"GOOGLE_SP_ID": "12", "SAMLAUTH_REGION": "eu-west-1"}
    assert dict(resolve(flags, environ, {"google_config.google_idp_id": "C1"}).to_store()) == {
        "samlauth.username": "ada",
        "samlauth.duration": "3600",
        "samlauth.keyring": "true",
        "samlauth.ca_bundle": "/ca.pem",
    }


def test_what_is_stored_reads_back_as_what_was_given() -> None:
    flags = {
        "username": "ada@example.com",
        "idp_id": "C1",
        "sp_id": "12",
        "role_arn": ROLE,
        "account": "111111111111",
        "duration": "auto",
        "region": "eu-west-1",
        "keyring": "false",
        "bg_response": "js_enabled",
        "disable_u2f": "true",
        "ca_bundle": "/ca.pem",
        "mfa": "totp",
        "trust_device": "true",
        "resolve_aliases": "false",
        "policy": "/read.json",
        "policy_arn": "arn:aws:iam::aws:policy/A,arn:aws:iam::111111111111:policy/B",
        "read_only": "true",
        "password_command": "pass show idp",
        "code_command": "oathtool",
        "password_file": "/run/secrets/idp",
        "totp": "true",
        "remember_session": "true",
        "idp": "adfs",
        "adfs_host": "adfs.example.com",
        "adfs_rp": "urn:amazon:webservices2",
        "partition": "aws-cn",
        "home_realm": "AD AUTHORITY",
        "kerberos": "false",
        "client_cert": "/me.pem",
        "client_key": "/me.key",
        "url": "https://idp.example.com/start",
        "browser": "true",
        "browser_path": "/opt/chrome",
        "browser_mode": "plain",
        "browser_timeout": "2m",
    }
    given = resolve(flags, {}, {})
    read = resolve({}, {}, dict(given.to_store()))
    stored = [setting for setting in TABLE if setting.stored]
    assert {setting.name for setting in stored} == flags.keys()
    assert all(read[setting] == given[setting] for setting in stored)


@pytest.mark.parametrize(
    ("flags", "environ", "section", "idp", "where"),
    [
        ({}, {}, {}, "google", "default"),
        ({"idp_id": "C1"}, {}, {}, "google", "--idp-id"),
        ({"sp_id": "1"}, {}, {}, "google", "--sp-id"),
        ({"adfs_host": "a"}, {}, {}, "adfs", "--adfs-host"),
        ({"url": "https://a"}, {}, {}, "browser", "--url"),
        ({"adfs_host": "a", "idp_id": "C1", "idp": "google"}, {}, {}, "google", "--idp"),
        ({"adfs_host": "a"}, {"SAMLAUTH_IDP": "browser"}, {}, "adfs", "--adfs-host"),
        ({"adfs_host": "None"}, {"GOOGLE_IDP_ID": "C1"}, {}, "google", "GOOGLE_IDP_ID"),
        ({}, {"GOOGLE_IDP_ID": "C1"}, {"samlauth.idp": "adfs"}, "google", "GOOGLE_IDP_ID"),
        ({}, {}, {"samlauth.idp": "adfs", "samlauth.url": "x"}, "adfs", "samlauth.idp"),
        ({}, {}, {"adfs_config.adfs_host": "a"}, "adfs", "adfs_config.adfs_host"),
        ({}, {}, {"samlauth.sp_id": "1", "adfs_config.adfs_host": "a"}, "google", "samlauth.sp_id"),
    ],
)
def test_the_best_source_that_tells_it_decides_the_identity_provider(
    flags: dict[str, str], environ: dict[str, str], section: dict[str, str], idp: str, where: str
) -> None:
    found = resolve(flags, environ, section)
    assert (found[IDP], found.source(IDP).where) == (idp, where)


def test_a_source_that_names_two_identity_providers_has_to_choose() -> None:
    with pytest.raises(UsageError, match="--idp-id and --adfs-host belong to different"):
        resolve({"idp_id": "C1", "adfs_host": "a"}, {}, {})
    section = {"google_config.google_idp_id": "C1", "adfs_config.adfs_host": "a"}
    with pytest.raises(
        SettingsError, match=r"google_config\.google_idp_id in \[x\] and adfs_config"
    ):
        resolve({}, {}, section, "[x]")
    with pytest.raises(
        UsageError, match="--idp is 'the one', which is not the name of an identity"
    ):
        resolve({"idp": "the one"}, {}, {})
    assert resolve({"idp": "Acme-2"}, {}, {})[IDP] == "acme-2"


def test_a_plugins_own_settings_come_from_where_others_come_from_best_source_first() -> None:
    environ = {"SAMLAUTH_ACME_2_ONE": "variable", "SAMLAUTH_ACME_2_SIX": "None"}
    section = {f"samlauth.acme-2.{key}": "profile" for key in ("one", "two")}
    base = {f"samlauth.acme-2.{key}": "base" for key in ("two", "three", "six")}
    shared = {"acme-2.three": "shared", "acme-2.four": "shared", "samlauth.acme-2.five": "shared"}
    account = {"acme-2.five": "saml2aws", "samlauth.acme-2.five": "saml2aws"}
    behind = [
        Part(Layer.BASE, base, "[base]"),
        Part(Layer.SHARED, shared, "[samlauth]"),
        Part(Layer.SAML2AWS, account, "[default]"),
    ]
    found = resolve({"idp": "acme-2"}, environ, section, "[x]", behind)
    assert {key: (text, *source) for key, (text, source) in found.own.items()} == {
        "one": ("variable", Layer.SAMLAUTH, "SAMLAUTH_ACME_2_ONE"),
        "two": ("profile", Layer.PROFILE, "samlauth.acme-2.two in [x]"),
        "three": ("base", Layer.BASE, "samlauth.acme-2.three in [base]"),
        "four": ("shared", Layer.SHARED, "acme-2.four in [samlauth]"),
        "six": ("base", Layer.BASE, "samlauth.acme-2.six in [base]"),
    }
    assert found.answered(USERNAME, "ada").own == found.own
    assert resolve({"idp": "other"}, environ, section, "[x]", behind).own == {}


def test_our_own_variables_are_no_plugins() -> None:
    environ = {"SAMLAUTH_CLIENT_CERT": "a", "SAMLAUTH_CLIENT_NAME": "b", "SAMLAUTH_CONFIG": "c"}
    assert list(resolve({"idp": "client"}, environ, {}).own) == ["name"]
    assert resolve({"idp": "google"}, {"SAMLAUTH_GOOGLE_X": "y"}, {}).own == {}


def test_other_tools_names_count_for_their_own_identity_provider_alone() -> None:
    environ = {"GOOGLE_USERNAME": "ada@google", "AWS_ACCOUNT": "111111111111"}
    section = {"adfs_config.adfs_user": "ada@adfs", "google_config.role_arn": ROLE}
    adfs = resolve({"adfs_host": "a"}, environ, section)
    assert (adfs[USERNAME], adfs[ROLE_ARN], adfs[ACCOUNT]) == ("ada@adfs", None, "111111111111")
    google = resolve({"idp_id": "C1"}, environ, section)
    assert (google[USERNAME], google[ROLE_ARN]) == ("ada@google", ROLE)
    assert resolve({"url": "https://a"}, environ, section)[USERNAME] is None


@pytest.mark.parametrize(
    ("setting", "key", "text", "value"),
    [
        (ADFS_HOST, "adfs_host", "adfs.example.com", "adfs.example.com"),
        (USERNAME, "adfs_user", "ada", "ada"),
        (ADFS_RP, "provider_id", "urn:amazon:webservices", "urn:amazon:webservices"),
        (ROLE_ARN, "role_arn", ROLE, ROLE),
        (DURATION, "session_duration", "3600", 3600),
        (PASSWORD_COMMAND, "username_password_command", "pass idp", "pass idp"),
        (CODE_COMMAND, "mfa_token_command", "None", None),
    ],
)
def test_keys_of_aws_adfs(setting: Setting[object], key: str, text: str, value: object) -> None:
    section = {"adfs_config.adfs_host": "adfs.example.com", f"adfs_config.{key}": text}
    assert resolve({}, {}, section)[setting] == value


def test_tls_that_aws_adfs_was_told_not_to_check_is_checked_and_said() -> None:
    section = {"adfs_config.adfs_host": "a", "adfs_config.ssl_verification": "False"}
    (warning,) = resolve({}, {}, section).warnings
    assert "adfs_config.ssl_verification turns off" in warning
    section["adfs_config.ssl_verification"] = "True"
    assert resolve({}, {}, section).warnings == ()
    section |= {"adfs_config.ssl_verification": "False", "samlauth.idp": "google"}
    assert resolve({}, {}, section).warnings == ()


def test_the_identity_provider_is_stored_where_the_other_keys_would_not_tell() -> None:
    def stored(flags: dict[str, str], section: dict[str, str]) -> str | None:
        return dict(resolve(flags, {}, section).to_store()).get("samlauth.idp")

    assert stored({"adfs_host": "a"}, {}) is None
    assert stored({"idp": "adfs", "adfs_host": "a"}, {}) == "adfs"
    assert stored({"adfs_host": "a"}, {"samlauth.idp_id": "C1"}) == "adfs"
    assert stored({"adfs_host": "a"}, {"samlauth.idp": "google"}) == "adfs"
    assert stored({"adfs_host": "a"}, {"samlauth.idp": "adfs", "samlauth.url": "x"}) is None
    assert stored({"username": "ada"}, {"samlauth.url": "x"}) is None


def test_a_browser_once_allowed_stays_allowed_and_one_refused_is_refused_once() -> None:
    assert dict(resolve({"browser": "true"}, {}, {}).to_store()) == {"samlauth.browser": "true"}
    assert dict(resolve({"browser": "false"}, {}, {}).to_store()) == {}


def test_a_role_is_asked_for_remembered_or_chosen_again() -> None:
    asked = resolve({"role_arn": "Admin"}, {}, {"samlauth.role_arn": ROLE})
    assert (asked.role, asked.remembered_role) == ("Admin", None)
    from_environment = resolve({}, {"AWS_ROLE_ARN": ROLE}, {})
    assert (from_environment.role, from_environment.remembered_role) == (ROLE, None)
    remembered = resolve({}, {}, {"samlauth.role_arn": ROLE})
    assert (remembered.role, remembered.remembered_role) == (None, ROLE)
    again = resolve({"ask_role": "true"}, {"AWS_ROLE_ARN": ROLE}, {"samlauth.role_arn": ROLE})
    assert (again.role, again.remembered_role) == (None, None)


def test_a_flag_for_the_role_beats_a_standing_wish_to_be_asked() -> None:
    found = resolve({"role_arn": ROLE}, {}, {"google_config.ask_role": "True"})
    assert found.role == ROLE


def test_the_secure_defaults() -> None:
    found = resolve({}, {}, {})
    assert (found[KEYRING], found[STDIN], found[TRUST_DEVICE]) == (False, False, False)


class TestNotes:
    def test_they_are_read_from_the_profile_its_base_and_the_shared_file_best_first(self) -> None:
        section = {"samlauth.note.111111111111": " mine ", "samlauth.note.play-ground": "free"}
        base = Part(Layer.BASE, {"samlauth.note.111111111111": "x", "samlauth.note.3": "three"})
        shared = Part(Layer.SHARED, {"note.2222-2222-2222": "billing", "note.4": "None"})
        found = resolve({}, {}, section, "", (base, shared))
        assert found.notes == {
            "111111111111": "mine",
            "play-ground": "free",
            "3": "three",
            "222222222222": "billing",
        }

    def test_a_key_without_an_account_is_none(self) -> None:
        assert resolve({}, {}, {"samlauth.note.": "x", "samlauth.notes": "y"}).notes == {}

    def test_an_answer_keeps_them(self) -> None:
        found = resolve({}, {}, {"samlauth.note.1": "x"}).answered(settings.USERNAME, "ada")
        assert found.notes == {"1": "x"}
