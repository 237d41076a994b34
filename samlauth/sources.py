"""Where each setting's value comes from, and which source wins.

The sources, best first:

    flag > SAMLAUTH_* > other tools' variables > samlauth.* of the profile
         > other tools' keys of the profile > its base profile, the same two, and that one's base
         > the shared file > the saml2aws account > default

The saml2aws account counts only where nothing else tells the identity provider. Empty, ``None`` and
``"None"`` are unset in all of them (aws-google-auth writes ``None``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, cast

from samlauth import peers
from samlauth.errors import SettingsError, UsageError
from samlauth.printable import utf8
from samlauth.setting import Alias, Layer, Part, Setting, Source, account
from samlauth.settings import (
    ADFS_HOST,
    ASK_ROLE,
    BASE,
    BROWSER,
    BUILT_IN,
    DURATION,
    GROUP,
    IDP,
    IDP_ID,
    NOTE,
    PROFILE,
    ROLE_ARN,
    SP_ID,
    TABLE,
    URL,
)

T = TypeVar("T")

UNSET = frozenset({"", "None"})
"""Texts that stand for no value, in quotes or not."""

_NO_SETTINGS: Final = frozenset({"SAMLAUTH_CONFIG"})
"""Variables of ours beside those of the table."""

_NAMES: tuple[tuple[Setting[Any], str], ...] = (
    (IDP_ID, "google"),
    (SP_ID, "google"),
    (ADFS_HOST, "adfs"),
    (URL, "browser"),
)
"""The settings that tell the identity provider by being there."""


class Settings:
    """The values in force, each with its source: ``settings[REGION]``, ``settings.source(REGION)``."""

    def __init__(
        self,
        values: Mapping[str, tuple[object, Source]],
        warnings: tuple[str, ...] = (),
        *,
        names_idp: bool = True,
        own: Mapping[str, tuple[str, Source]] = MappingProxyType({}),
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._values = dict(values)
        self.warnings = warnings
        """Other tools' values that made no sense and were passed over, a sentence each."""
        self._names_idp = names_idp
        """Whether the profile has to name the identity provider, for its keys would not tell."""
        self.own = dict(own)
        """What is set of the identity provider's own, where that is a plugin: the key, without the
        provider's name, to the text and where it came from."""
        self.notes = dict(notes)
        """What the person has noted about accounts, by their ids, or their names in lower case."""

    def __getitem__(self, setting: Setting[T]) -> T:
        return cast("T", self._values[setting.name][0])

    def source(self, setting: Setting[Any]) -> Source:
        """Where the value came from."""
        return self._values[setting.name][1]

    def answered(self, setting: Setting[T], value: T) -> Settings:
        """These settings with one more, given by the person when asked."""
        values = dict(self._values)
        values[setting.name] = (value, Source(Layer.ANSWER, "your answer"))
        return Settings(
            values, self.warnings, names_idp=self._names_idp, own=self.own, notes=self.notes
        )

    def to_store(self) -> Iterator[tuple[str, str]]:
        """The profile's keys and values that this run may write: what a flag or an answer gave."""
        for setting in TABLE:
            value, source = self._values[setting.name]
            if setting is IDP and not self._names_idp:
                continue
            if setting is BROWSER and value is False:
                continue  # meant for this run: a yes is remembered, a no is not
            if setting.stored and source.layer <= Layer.ANSWER:
                yield setting.key, "auto" if value is None else setting.write(value)

    @property
    def duration_promised(self) -> bool:
        """Whether the duration is the person's own word and not merely where ``auto`` starts."""
        own = {Layer.FLAG, Layer.ANSWER, Layer.SAMLAUTH, Layer.PROFILE, Layer.BASE}
        return self[DURATION] is not None and self.source(DURATION).layer in own

    @property
    def role(self) -> str | None:
        """The role asked for; None when it is to be chosen or is merely remembered."""
        if self._chosen_again or self.source(ROLE_ARN).layer >= Layer.PROFILE:
            return None
        return self[ROLE_ARN]

    @property
    def remembered_role(self) -> str | None:
        """The role of the profile's last login, unless it is to be chosen again."""
        if self._chosen_again or self.source(ROLE_ARN).layer < Layer.PROFILE:
            return None
        return self[ROLE_ARN]

    @property
    def _chosen_again(self) -> bool:
        asked = self[ASK_ROLE] and self.source(ASK_ROLE).layer <= self.source(ROLE_ARN).layer
        return asked or self[ROLE_ARN] is None


def profile_of(flags: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, Source]:
    """The profile's name and where it came from, before its section can be read."""
    return _Sources(flags, environ, ()).resolve(PROFILE, [])


def base_of(section: Mapping[str, str]) -> str | None:
    """The profile that a profile's section names as its base."""
    name = section.get(BASE, "")
    return None if _is_unset(name) else name


def resolve(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    section: Mapping[str, str],
    section_name: str = "",
    behind: Sequence[Part] = (),
) -> Settings:
    """Every setting from these sources.

    ``flags`` maps setting names to the text given; ``section`` is the profile's part of the AWS
    config file (keys in lower case) and ``section_name`` what to call it; ``behind`` are the parts
    that count where it has nothing, best first: its base profiles, those of the shared file, and
    the saml2aws account. Raises UsageError for a flag that makes no sense, SettingsError for a
    value of ours and when one source names two identity providers; another tool's value is passed
    over with a warning.
    """
    warnings: list[str] = []
    parts = (Part(Layer.PROFILE, section, section_name), *behind)
    sources = _Sources(flags, environ, parts)
    idp, explicit = sources.settle_idp(warnings)
    values: dict[str, tuple[object, Source]] = {
        setting.name: sources.resolve(setting, warnings) for setting in TABLE if setting is not IDP
    }
    values[IDP.name] = idp
    warnings += sources.unverified()
    return Settings(
        values,
        tuple(warnings),
        names_idp=explicit or sources.profile_tells_other_than(idp[0]),
        own=sources.own(idp[0]),
        notes=sources.notes(),
    )


class _Candidate(NamedTuple):
    layer: Layer
    rank: int
    """Among all sources: two of one rank are of one source."""
    raw: str
    where: str
    convert: Callable[[str], str] = str


_PEERS: Final = frozenset(
    {Layer.PEER_ENVIRONMENT, Layer.PEER_PROFILE, Layer.PEER_BASE, Layer.SAML2AWS}
)
"""Where a senseless value is not ours to complain of."""


class _Sources:
    """Where the values come from: the texts of all layers."""

    def __init__(
        self, flags: Mapping[str, str], environ: Mapping[str, str], parts: Sequence[Part]
    ) -> None:
        self._flags = flags
        self._environ = environ
        self._parts = [
            part._replace(keys={**part.keys, **peers.process_options(part.keys)})
            if part.layer in {Layer.PROFILE, Layer.BASE}
            else part
            for part in parts
        ]
        self._idp = ""
        """Whose names count; empty for everybody's."""

    def settle_idp(self, warnings: list[str]) -> tuple[tuple[str, Source], bool]:
        """The identity provider, by the best source that names one; and whether it did so outright.

        Raises UsageError or SettingsError when that source names two.
        """
        outright = {candidate.rank for candidate in self._candidates(IDP)}
        told: dict[int, dict[str, _Candidate]] = {}
        for setting, name in _NAMES:
            for candidate in self._candidates(setting):
                # An account says whose it is, and has one address for all of them.
                if candidate.layer is not Layer.SAML2AWS:
                    told.setdefault(candidate.rank, {}).setdefault(name, candidate)
        found: tuple[str, Source] = (IDP.default, Source(Layer.DEFAULT, "default"))
        explicit = False
        for rank in sorted({*outright, *told}):
            if rank in outright:
                found, explicit = self.resolve(IDP, warnings), True
            elif len(names := told[rank]) == 1:
                ((name, candidate),) = names.items()
                found = (name, Source(candidate.layer, candidate.where))
            else:
                one, other, *_ = names.values()
                kind = UsageError if one.layer is Layer.FLAG else SettingsError
                raise kind(
                    f"{one.where} and {other.where} belong to different identity providers.",
                    hint="Say which one is meant with --idp.",
                )
            break
        self._idp, (_, source) = found[0], found
        if source.layer is not Layer.SAML2AWS:
            self._parts = [part for part in self._parts if part.layer is not Layer.SAML2AWS]
        return found, explicit

    def profile_tells_other_than(self, idp: str) -> bool:
        """Whether the profile's own keys name, or let one think of, another identity provider."""
        section = self._parts[0].keys
        own = section.get(IDP.key, "")
        if not _is_unset(own):
            return own != idp
        return any(
            name != idp and not _is_unset(section.get(setting.key, "")) for setting, name in _NAMES
        )

    def own(self, idp: str) -> dict[str, tuple[str, Source]]:
        """What is set of a plugin's own: ``samlauth.IDP.KEY`` in a profile, ``IDP.KEY`` in the
        shared file, ``SAMLAUTH_IDP_KEY``; by KEY in lower case. A variable that is a setting's of
        ours is not a plugin's.
        """
        if idp in BUILT_IN:
            return {}
        ours = {setting.variable for setting in TABLE} | _NO_SETTINGS
        prefix = f"SAMLAUTH_{idp.upper().replace('-', '_')}_"
        places = [
            (Layer.SAMLAUTH, name.removeprefix(prefix), name, text)
            for name, text in self._environ.items()
            if name.startswith(prefix) and name not in ours
        ]
        for part in self._parts:
            prefix = f"{idp}." if part.layer is Layer.SHARED else f"samlauth.{idp}."
            places += [
                (part.layer, name.removeprefix(prefix), name + _in(part), text)
                for name, text in part.keys.items()
                if name.startswith(prefix) and part.layer is not Layer.SAML2AWS
            ]
        found: dict[str, tuple[str, Source]] = {}
        for layer, key, where, text in places:
            if key and not _is_unset(text):
                found.setdefault(key.lower(), (text, Source(layer, where)))
        return found

    def notes(self) -> dict[str, str]:
        """What is noted about accounts: ``samlauth.note.ACCOUNT`` in a profile, ``note.ACCOUNT`` in
        the shared file. By the account's id, or by its name in lower case, as files have it.
        """
        found: dict[str, str] = {}
        for part in self._parts:
            prefix = NOTE if part.layer is Layer.SHARED else f"samlauth.{NOTE}"
            for name, text in part.keys.items():
                which = account(name.removeprefix(prefix))
                if name.startswith(prefix) and which and not _is_unset(text):
                    found.setdefault(which, text.strip())
        return found

    def unverified(self) -> Iterator[str]:
        """A sentence for each key of another tool that turns verification off."""
        for part in self._parts:
            keys = part.keys
            if part.layer is Layer.SAML2AWS:
                key, off = "skip_verify", peers.is_on(keys.get("skip_verify", ""))
            else:
                key = "adfs_config.ssl_verification"
                off = self._idp == "adfs" and keys.get(key, "").strip().lower() == "false"
            if off:
                yield (
                    f"{key}{_in(part)} turns off the check of whom you talk to, which samlauth "
                    "never does; passing over it. --ca-bundle names your company's certificates."
                )

    def resolve(self, setting: Setting[T], warnings: list[str]) -> tuple[T, Source]:
        """The value and where it came from; appends to ``warnings`` what was passed over."""
        for candidate in self._candidates(setting):
            source = Source(candidate.layer, candidate.where)
            try:
                raw = candidate.convert(candidate.raw)
                if not raw:
                    continue
                if not (setting.is_path or setting.runs):
                    raw = utf8(raw)
                return setting.read(raw), source
            except ValueError as error:
                complaint = f"{candidate.where} is {candidate.raw!r}, which is {error}"
                if candidate.layer is Layer.FLAG:
                    raise UsageError(f"{complaint}.", hint="Correct it, or leave it out.") from None
                if candidate.layer not in _PEERS:
                    raise SettingsError(
                        f"{complaint}.", hint="Change it, or remove it to get the default."
                    ) from None
                warnings.append(f"{complaint}; passing over it.")
        return setting.default, Source(Layer.DEFAULT, "default")

    def _candidates(self, setting: Setting[Any]) -> Iterator[_Candidate]:
        """The texts given for it, best source first."""
        for rank, (layer, raw, where, convert) in self._texts(setting):
            if raw is not None and not _is_unset(raw):
                yield _Candidate(layer, rank, raw, where, convert)

    def _texts(
        self, setting: Setting[Any]
    ) -> Iterator[tuple[int, tuple[Layer, str | None, str, Callable[[str], str]]]]:
        """All the places of a setting, with the rank of each."""
        environ = self._environ
        yield 0, (Layer.FLAG, self._flags.get(setting.name), setting.flag, str)
        yield 1, (Layer.SAMLAUTH, environ.get(setting.variable), setting.variable, str)
        for alias in filter(self._counts, setting.environment):
            if not (alias.unless and environ.get(alias.unless)):
                raw = environ.get(alias.name)
                yield 2, (Layer.PEER_ENVIRONMENT, raw, alias.name, alias.convert)
        # Which profile it is comes before what is in it.
        for place, part in enumerate(self._parts if setting is not PROFILE else ()):
            if setting is GROUP and part.layer is Layer.BASE:
                continue  # whose base it is says nothing of who belongs together
            keys, where = part.keys, _in(part)
            own, aliases, layer = _names_in(part, setting)
            if own:
                yield 3 + 2 * place, (part.layer, keys.get(own), own + where, str)
            for alias in filter(self._counts, aliases):
                raw = keys.get(alias.name)
                yield 4 + 2 * place, (layer, raw, alias.name + where, alias.convert)

    def _counts(self, alias: Alias) -> bool:
        """Whether the name has a meaning for the identity provider."""
        return not (alias.idp and self._idp) or alias.idp == self._idp


def _names_in(part: Part, setting: Setting[Any]) -> tuple[str, tuple[Alias, ...], Layer]:
    """Our name of a setting in such a part, the other tools', and the layer of these."""
    match part.layer:
        case Layer.SHARED:
            return setting.name, (), part.layer
        case Layer.SAML2AWS:
            return "", setting.account, part.layer
        case Layer.BASE:
            return setting.key, setting.keys, Layer.PEER_BASE
        case _:
            return setting.key, setting.keys, Layer.PEER_PROFILE


def _in(part: Part) -> str:
    return f" in {part.name}" if part.name else ""


def _is_unset(raw: str) -> bool:
    return raw.strip().strip("\"'") in UNSET
