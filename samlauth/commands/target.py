"""The profile a command is about, with all that is known of it before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from samlauth import awsfiles, settings, sources
from samlauth.effects import accounts, cache, files, output, shared
from samlauth.effects.paths import from_anywhere
from samlauth.errors import SettingsError
from samlauth.printable import safe
from samlauth.profiles import refuse_unwritable, served_by_us
from samlauth.setting import Layer, Part
from samlauth.sources import Settings
from samlauth.values import dataclass


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
    def is_named(self) -> bool:
        """Whether the person named it to us: ``default`` is written to only then."""
        return self.settings.source(settings.PROFILE).layer <= Layer.SAMLAUTH

    @property
    def is_known(self) -> bool:
        """Whether one of the files has the profile."""
        return bool(self.config or self.credentials)

    @property
    def is_process(self) -> bool:
        """Whether AWS tools get the profile's credentials by ``samlauth credential-process``."""
        return served_by_us(self.config) == self.profile

    @property
    def cache(self) -> str:
        """The cache file of a profile that ``is_process``."""
        return cache.path_beside(str(self.files.config), self.profile)


def require_writable(goal: Target, *, overwrite_keys: bool = False) -> None:
    """Raises SettingsError when the profile must not be given credentials.

    ``overwrite_keys`` says whether keys that live long may be replaced.
    """
    refuse_unwritable(
        goal.profile,
        goal.config,
        goal.credentials,
        named=goal.is_named,
        overwrite_keys=overwrite_keys,
    )


def warn(text: str) -> None:
    """Tell the person something that ``--quiet`` does not silence."""
    output.tell(f"samlauth: {text}")


def target(
    flags: Mapping[str, str], environ: Mapping[str, str], warn: Callable[[str], None] = warn
) -> Target:
    """The profile that flags and environment name; ``warn`` is told what values were passed over.

    Raises SettingsError, UsageError, FileError.
    """
    flags = dict(_from_here_on(flags))
    profile, _ = sources.profile_of(flags, environ)
    awsfiles.check_profile_name(profile)
    aws = files.locate(environ)
    config = aws.read_config(profile)
    for_everybody, passed_over = shared.shared(environ, profile)
    account, why_none = accounts.account(environ, profile)
    behind = (*_bases(aws, profile, config), *for_everybody, *account)
    resolved = sources.resolve(flags, environ, config, _place(aws, profile), behind)
    if resolved.source(settings.IDP).layer is not Layer.DEFAULT:
        why_none = []  # nobody would have asked
    for warning in (*passed_over, *why_none, *resolved.warnings):
        warn(warning)
    return Target(profile, aws, resolved, config, aws.read_credentials(profile))


def _from_here_on(flags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The flags, their paths absolute: they are remembered, and the next run is somewhere else."""
    paths = {setting.name for setting in settings.TABLE if setting.is_path}
    for name, text in flags.items():
        is_file = name in paths and text.strip("\"' ") not in sources.UNSET
        yield name, from_anywhere(text) if is_file else text


def _bases(aws: files.AWSFiles, profile: str, config: Mapping[str, str]) -> Iterator[Part]:
    """The profile's base, that one's base, and so on."""
    seen = [profile]
    while base := sources.base_of(config):
        place = f"{settings.BASE} in {_place(aws, seen[-1])}"
        if base in seen:
            raise SettingsError(
                f"{safe(place, 1000)} names {safe(base)}, whose own base is that profile in turn: "
                f"{safe(' > '.join((*seen, base)))}.",
                hint="Remove one of these lines.",
            )
        config = aws.read_config(base)
        if not config:
            raise SettingsError(
                f"{safe(place, 1000)} names {safe(base)}, which is no profile there, or an empty one.",
                hint="Name a profile that has settings, or remove the line.",
            )
        yield Part(Layer.BASE, config, _place(aws, base))
        seen.append(base)


def _place(aws: files.AWSFiles, profile: str) -> str:
    return f"[{awsfiles.config_section(profile)}] of {aws.config}"
