"""The profile a command is about, with all that is known of it before anything is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samlauth import awsfiles, settings
from samlauth.effects import cache, files, output
from samlauth.profiles import served_by_us
from samlauth.settings import Settings


@dataclass(frozen=True)
class Target:
    """A profile, its settings, and its sections in the two AWS files."""

    profile: str
    files: files.AWSFiles
    settings: Settings
    config: Mapping[str, str]
    """Keys in lower case."""
    credentials: Mapping[str, str]
    """Keys in lower case."""

    @property
    def role(self) -> str | None:
        """The role that was asked for or is remembered, as it was written."""
        return self.settings.role or self.settings.remembered_role

    @property
    def is_process(self) -> bool:
        """Whether AWS tools get the profile's credentials by ``samlauth credential-process``."""
        return served_by_us(self.config) == self.profile

    @property
    def cache(self) -> str:
        """The cache file of a profile that ``is_process``."""
        return cache.path_beside(str(self.files.config), self.profile)


def target(flags: Mapping[str, str], environ: Mapping[str, str]) -> Target:
    """The profile that flags and environment name; warns of values that were passed over.

    Raises SettingsError, UsageError, FileError.
    """
    profile, _ = settings.profile_of(flags, environ)
    awsfiles.check_profile_name(profile)
    aws = files.locate(environ)
    config = aws.read_config(profile)
    section = f"[{awsfiles.config_section(profile)}] of {aws.config}"
    resolved = settings.resolve(flags, environ, config, section)
    for warning in resolved.warnings:
        warn(warning)
    return Target(profile, aws, resolved, config, aws.read_credentials(profile))


def warn(text: str) -> None:
    """Tell the person something that ``--quiet`` does not silence."""
    output.tell(f"samlauth: {text}")
