"""What can be wrong with a profile: its settings, and what else AWS's tools would use in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from samlauth import settings
from samlauth.diagnosis.facts import Facts, Profile
from samlauth.diagnosis.finding import Check, Found, note, problem
from samlauth.errors import SettingsError
from samlauth.printable import safe
from samlauth.profiles import refuse_unwritable, served_by_us
from samlauth.setting import Layer, Setting
from samlauth.sources import Settings
from samlauth.sts import partition_of, region_of

ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)
"""The ARN of a role."""

_BETWEEN_ARNS = re.compile(r",\s*(?=arn:)")
_IDP_ID = re.compile(r"C0[0-9a-z]+", re.ASCII | re.IGNORECASE)
_SP_ID = re.compile(r"\d+", re.ASCII)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+", re.ASCII)

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def _read(facts: Facts) -> Iterator[Profile]:
    """The profile, if its settings make sense."""
    if isinstance(facts.profile, Profile):
        yield facts.profile


def role_of(values: Settings) -> str:
    """The role that is set, without the identity provider's ARN that may stand beside it."""
    parts = _BETWEEN_ARNS.split(values[settings.ROLE_ARN] or "")
    return next((part for part in parts if ":saml-provider/" not in part), "")


def known(facts: Facts) -> Iterator[Found]:
    """Settings that make no sense, and those that are missing."""
    if not isinstance(facts.profile, Profile):
        error = facts.profile
        yield Found("problem", error.message, fix=error.hint, exit_code=error.exit_code)
        return
    profile = facts.profile
    for sentence in profile.passed_over:
        yield note(safe(sentence, 1000), fix="Correct it where it is, or remove it.")
    for error in (*([facts.provider] if facts.provider else ()), *facts.helpers):
        yield Found("problem", error.message, fix=error.hint, exit_code=error.exit_code)
    name = safe(profile.name)
    if profile.chained:
        source = safe({**profile.config, **profile.credentials}["source_profile"])
        yield note(
            f"The profile {name} takes its role with the credentials of {source}.",
            "What can be wrong with the sign-in is found there.",
            f"samlauth doctor -p {source}",
        )
    elif not profile.placed:
        yield note(
            f"The profile {name} does not say where to sign in.",
            fix=f"Answer the questions once: samlauth configure -p {name}",
        )


def ids(facts: Facts) -> Iterator[Found]:
    """Ids that have not the shape of one."""
    for profile in _read(facts):
        values = profile.settings
        if values[settings.IDP] == "google":
            yield from _google_ids(profile)
        role = role_of(values)
        if role.startswith("arn:") and not ROLE.fullmatch(role):
            yield problem(
                f"{_where(profile, settings.ROLE_ARN)} is {safe(role)!r}, which is no ARN of a role.",
                "One reads arn:aws:iam::ACCOUNT:role/NAME, with twelve digits for the account.",
                f"samlauth -p {safe(profile.name)} -a lists the roles you have.",
            )


def _google_ids(profile: Profile) -> Iterator[Found]:
    idp_id, sp_id = (profile.settings[row] for row in (settings.IDP_ID, settings.SP_ID))
    link = "They are the idpid and the spid in the address of the AWS app in your Google apps menu."
    if idp_id and sp_id and _SP_ID.fullmatch(idp_id) and _IDP_ID.fullmatch(sp_id):
        yield problem(
            "The IdP id and the SP id have changed places.",
            f"{_where(profile, settings.IDP_ID)} is {safe(idp_id)}, and "
            f"{_where(profile, settings.SP_ID)} is {safe(sp_id)}.",
            f"-I {safe(sp_id)} -S {safe(idp_id)}",
        )
        return
    if idp_id and not _IDP_ID.fullmatch(idp_id):
        what = (
            f"{_where(profile, settings.IDP_ID)} is {safe(idp_id)!r}, which does not begin with C0."
        )
        yield problem(what, "Google's ids of organisations do.", link)
    if sp_id and not _SP_ID.fullmatch(sp_id):
        what = f"{_where(profile, settings.SP_ID)} is {safe(sp_id)!r}, which is no number."
        yield problem(what, "Google's ids of apps are numbers of about twelve digits.", link)


def _where(profile: Profile, setting: Setting[str | None]) -> str:
    return safe(profile.settings.source(setting).where, 1000)


def regions(facts: Facts) -> Iterator[Found]:
    """A region of another partition than the role's."""
    for profile in _read(facts):
        values = profile.settings
        region, role = values[settings.REGION], role_of(values)
        if region and not _REGION.fullmatch(region):
            yield note(
                f"{_where(profile, settings.REGION)} is {safe(region)!r}, which is not the shape of "
                "a region.",
                fix="One reads eu-west-1.",
            )
        if not ROLE.fullmatch(role):
            continue
        partition = role.split(":")[1]
        if region and partition_of(region) != partition:
            try:
                better = region_of(role, None)
            except SettingsError:
                better = "REGION"
            yield problem(
                f"{_where(profile, settings.REGION)} is {safe(region)}, which is in the partition "
                f"{partition_of(region)}; the role {safe(role)} is in {safe(partition)}.",
                "AWS tools would ask that region, where the credentials are unknown.",
                f"samlauth -p {safe(profile.name)} -R {better}",
            )
        source = values.source(settings.PARTITION)
        is_set = source.layer is not Layer.DEFAULT
        if is_set and values[settings.IDP] == "adfs" and values[settings.PARTITION] != partition:
            yield problem(
                f"{safe(source.where, 1000)} is {values[settings.PARTITION]}, and the role "
                f"{safe(role)} is in the partition {safe(partition)}.",
                "ADFS would sign in to the AWS of another partition.",
                f"samlauth -p {safe(profile.name)} --partition {safe(partition)}",
            )


def shadowed(facts: Facts) -> Iterator[Found]:
    """What AWS's tools use before the profile's credentials."""
    for profile in _read(facts):
        yield from _in_the_files(profile)
        yield from _in_the_environment(facts, profile)


def _in_the_files(profile: Profile) -> Iterator[Found]:
    name = safe(profile.name)
    process = "credential_process" in {**profile.config, **profile.credentials}
    if process and "aws_access_key_id" in profile.credentials:
        yield problem(
            f"The profile {name} has both a credential_process and keys in the credentials file.",
            "AWS tools take the keys, and never ask the credential_process for new ones.",
            f"Remove the keys of [{name}] from the credentials file"
            + (
                f": samlauth configure process -p {name} does."
                if served_by_us(profile.config) == profile.name
                else ", or the credential_process line from the profile."
            ),
        )
    elif process and "aws_access_key_id" in profile.config:
        yield note(
            f"The profile {name} has both a credential_process and keys in the config file.",
            "AWS tools ask the credential_process, and never look at the keys.",
            "Remove the keys.",
        )
    if profile.chained or process:
        return
    try:
        refuse_unwritable(profile.name, profile.config, profile.credentials, named=True)
    except SettingsError as error:
        yield problem(error.message, fix=error.hint)


def _in_the_environment(facts: Facts, profile: Profile) -> Iterator[Found]:
    name, environ = safe(profile.name), facts.environ
    keys = [variable for variable in _KEYS if environ.get(variable)]
    if "AWS_ACCESS_KEY_ID" in keys:
        yield problem(
            "AWS_ACCESS_KEY_ID is set in the environment.",
            f"AWS tools use those keys, not the profile {name}, unless they are given --profile.",
            f"unset {' '.join(keys)}",
        )
    elif keys:
        yield note(f"{' and '.join(keys)} is set without a key.", fix=f"unset {' '.join(keys)}")
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environ.get("AWS_ROLE_ARN"):
        yield problem(
            "AWS_WEB_IDENTITY_TOKEN_FILE is set in the environment.",
            f"AWS tools take the role of AWS_ROLE_ARN by it, and do not use the profile {name}, "
            "unless they are given --profile.",
            "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN",
        )
    for variable in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"):
        other = environ.get(variable)
        if other and other != profile.name:
            yield note(
                f"{variable} is {safe(other)}, not {name}.",
                f"AWS tools use {safe(other)} unless they are given --profile {name}.",
                f"export AWS_PROFILE={name}" if variable == "AWS_PROFILE" else f"unset {variable}",
            )


CHECKS = (
    Check("settings", "profile", SettingsError.exit_code, "settings", known),
    *(
        Check(name, "profile", SettingsError.exit_code, fine, look, needs="profile")
        for name, fine, look in (
            ("ids", "ids", ids),
            ("region", "region", regions),
            ("shadowed", "nothing hides it", shadowed),
        )
    ),
)
