"""Every setting by every pair of its sources: the better one counts, and is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from samlauth import settings
from samlauth.setting import Alias, Layer, Part, Setting
from samlauth.settings import TABLE
from samlauth.sources import resolve

ARN = "arn:aws:iam::aws:policy/"
SAMPLES: dict[str, tuple[str, str]] = {
    "duration": ("1h", "2h"),
    "browser_timeout": ("1m", "2m"),
    "idp": ("adfs", "browser"),
    "partition": ("aws-cn", "aws-us-gov"),
    "browser_mode": ("plain", "devtools"),
    "policy_arn": (ARN + "A", ARN + "B"),
}
"""Two texts that a setting reads, where ``One`` and ``Two`` will not do."""

IN_ACCOUNT = {
    "idp_id": "https://accounts.google.com/o/saml2/initsso?idpid={0}&spid=9&forceauthn=false",
    "sp_id": "https://accounts.google.com/o/saml2/initsso?idpid=9&spid={0}",
}
"""How an account of saml2aws says it."""
PROVIDERS = {"adfs": "ADFS", "google": "GoogleApps", "browser": "Browser"}
PLACES = {
    Layer.PROFILE: "[profile x]",
    Layer.BASE: "[profile b]",
    Layer.SHARED: "[samlauth]",
    Layer.SAML2AWS: "[account]",
}


@dataclass(frozen=True)
class Place:
    """Somewhere a setting can come from."""

    layer: Layer
    where: str
    name: str = ""
    """Of the variable or key."""
    holder: str = ""
    """What it is written in."""
    idp: str = ""
    """The identity provider it counts for."""


def places(setting: Setting[Any]) -> Iterator[Place]:
    """All of them, best first; this list, and not the code, says which is better."""

    def of(layer: Layer, alias: Alias, part: Layer | None = None) -> Place:
        holder = PLACES[part] if part else "environ"
        where = f"{alias.name} in {holder}" if part else alias.name
        return Place(layer, where, alias.name, holder, alias.idp)

    yield Place(Layer.FLAG, setting.flag, setting.name, "flags")
    yield Place(Layer.SAMLAUTH, setting.variable, setting.variable, "environ")
    yield from (of(Layer.PEER_ENVIRONMENT, alias) for alias in setting.environment)
    if setting is not settings.PROFILE:
        yield of(Layer.PROFILE, Alias(setting.key), Layer.PROFILE)
        yield from (of(Layer.PEER_PROFILE, alias, Layer.PROFILE) for alias in setting.keys)
        if setting is not settings.GROUP:  # each profile's own, as its name is
            yield of(Layer.BASE, Alias(setting.key), Layer.BASE)
            yield from (of(Layer.PEER_BASE, alias, Layer.BASE) for alias in setting.keys)
        yield of(Layer.SHARED, Alias(setting.name), Layer.SHARED)
        yield from (of(Layer.SAML2AWS, alias, Layer.SAML2AWS) for alias in setting.account)
    yield Place(Layer.DEFAULT, "default")


def sample(setting: Setting[Any], place: Place, text: str) -> str:
    """The text as it is written there."""
    if place.name == "AUTO_DURATION":
        return "true"
    if place.layer is Layer.SAML2AWS:
        if setting is settings.IDP:
            return PROVIDERS[text]
        return IN_ACCOUNT.get(setting.name, "{0}").format(text)
    return text


def value(setting: Setting[Any], place: Place, text: str) -> object:
    if place.layer is Layer.DEFAULT:
        return setting.default
    return None if place.name == "AUTO_DURATION" else setting.read(text)


def found(
    setting: Setting[Any], texts: Mapping[Place, str], idp: str
) -> tuple[object, Layer, str, tuple[str, ...]]:
    """What comes of these texts at these places."""
    held: dict[str, dict[str, str]] = {"flags": {}, "environ": {}}
    held |= {name: {} for name in PLACES.values()}
    for place, text in texts.items():
        if place.layer is not Layer.DEFAULT:
            written = sample(setting, place, text)
            holder = held[place.holder]
            if place.name.startswith("credential_process "):
                program = "gsts" if place.idp == "google" else "aws-adfs login"
                option = f" {place.name.split()[1]}={written}"
                line = holder.setdefault("credential_process", program)
                holder["credential_process"] = line + option
            else:
                holder[place.name] = written
    if any(place.layer is Layer.SAML2AWS for place in texts):
        # Its account counts only while nothing else says whose sign-in it is.
        held[PLACES[Layer.SAML2AWS]].setdefault("provider", PROVIDERS[idp])
    elif setting is not settings.IDP:
        held["flags"]["idp"] = idp
    behind = [Part(layer, held[name], name) for layer, name in PLACES.items()][1:]
    place_of_profile = PLACES[Layer.PROFILE]
    result = resolve(
        held["flags"], held["environ"], held[place_of_profile], place_of_profile, behind
    )
    source = result.source(setting)
    return result[setting], source.layer, source.where, result.warnings


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_of_two_sources_the_better_one_counts(setting: Setting[Any]) -> None:
    fallback = ("true", "false") if setting.is_switch else ("One", "Two")
    first, second = SAMPLES.get(setting.name, fallback)
    wrong: list[str] = []
    pairs = 0
    for better, worse in combinations(places(setting), 2):
        counts, text = better, first
        idp = better.idp or worse.idp or "google"
        if {better.idp, worse.idp} == {"google", "adfs"}:
            # No sign-in is both: the worse one counts where it alone is meant.
            counts, text, idp = worse, second, worse.idp
            if better.holder == worse.holder and " " in better.name and " " in worse.name:
                continue  # one line cannot run two programs
        got = found(setting, {better: first, worse: second}, idp)
        expected = (value(setting, counts, text), counts.layer, counts.where, ())
        pairs += 1
        if got != expected:
            wrong.append(f"{better.where} before {worse.where}: {got} instead of {expected}")
    assert wrong == []
    assert pairs >= 3


def test_there_is_a_pair_for_every_two_layers() -> None:
    seen = {
        (better.layer, worse.layer)
        for setting in TABLE
        for better, worse in combinations(places(setting), 2)
    }
    layers = [layer for layer in Layer if layer is not Layer.ANSWER]
    assert set(combinations(layers, 2)) <= seen
