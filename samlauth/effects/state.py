"""What samlauth remembers between runs, beside the AWS config file: which credentials are whose.

One JSON file with a ``format`` number. A file that is missing, damaged, or of a format this version
does not know counts as empty, and one that cannot be written never fails a login.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from samlauth.effects import files
from samlauth.errors import FileError
from samlauth.values import dataclass

T = TypeVar("T")

log = logging.getLogger("samlauth.state")

FORMAT = 1
RELEARN = timedelta(days=30)
"""After this long what was learnt is learnt anew: an administrator may have changed it."""
RECENT = 20
"""Roles remembered as used; more would not be looked at."""

UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError, RecursionError),
    OverflowError,
)
"""What reading JSON of ours raises that is not as we wrote it."""
_COLONS = 5
"""At least as many are in an ARN (IAM User Guide, "IAM identifiers")."""
_WEEK = timedelta(weeks=1).total_seconds()

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Identity:
    """Whose credentials: the same identity means the same sign-in would give the same access."""

    idp: str
    idp_id: str
    sp_id: str
    username: str
    role_arn: str
    policies: str = ""
    """Of the session, as ``SessionPolicies`` writes them; empty for none."""


@dataclass(frozen=True)
class Issued:
    """Credentials that were written to a profile; never the credentials themselves."""

    access_key_id: str
    identity: Identity
    issued: datetime
    expiration: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether more than half of their life is left."""
        return self.expiration - now > (self.expiration - self.issued) / 2

    @property
    def usable_until(self) -> datetime:
        """When they are to be renewed by whoever hands them out: 15 minutes before their end, or a
        quarter of their life if that is less."""
        return self.expiration - min(timedelta(minutes=15), (self.expiration - self.issued) / 4)


@dataclass(frozen=True)
class Refused:
    """A sign-in that was refused, for those who waited for it."""

    when: datetime
    exit_code: int
    message: str
    hint: str


@dataclass(frozen=True)
class State:
    """The file's content."""

    profiles: Mapping[str, Issued] = field(default_factory=dict)
    durations: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    """Role ARN to the longest DurationSeconds it allowed, and when that was seen."""
    aliases: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)
    """Account id to its name, empty for an account without one, and when that was seen."""
    recent: tuple[str, ...] = ()
    """ARNs of the roles used, at most RECENT: the last one first, then those used lately and often."""
    uses: Mapping[str, float] = field(default_factory=dict)
    """Role ARN to how lately and often it was used: the logarithm to the base 2 of the sum of its
    uses, each worth 2 to the power of its time in weeks since 1970. So a use counts half of what one
    a week later does, and what comes first stays first while time passes."""
    refusals: Mapping[str, Refused] = field(default_factory=dict)
    """The last refusal, by identity provider and person."""
    declined: Mapping[str, tuple[str, datetime]] = field(default_factory=dict)
    """Offers that were answered with ``no`` or ``never``, and when."""

    def allowed(self, now: datetime) -> dict[str, int]:
        """The limits that are young enough to be believed."""
        return _young(self.durations, now)

    def names(self, now: datetime) -> dict[str, str]:
        """The accounts' names that are young enough to be believed."""
        return _young(self.aliases, now)

    def with_login(
        self,
        profile: str,
        issued: Issued,
        durations: Mapping[str, int],
        aliases: Mapping[str, str] = _NOTHING,
        roles: Iterable[str] = (),
    ) -> State:
        """This state after one more login.

        ``durations`` and ``aliases`` are what it learnt; ``roles`` are the ARNs of those assumed.
        """
        seen = issued.issued
        assumed = tuple(dict.fromkeys(roles))
        weeks = seen.timestamp() / _WEEK
        # Those of a file from before uses were counted have none, and keep their order.
        uses = {
            **self.uses,
            **{arn: _with_use(self.uses.get(arn, -math.inf), weeks) for arn in assumed},
        }
        others = sorted(
            (arn for arn in self.recent if arn not in assumed),
            key=lambda arn: -uses.get(arn, -math.inf),
        )
        recent = (*assumed, *others)[:RECENT]
        return replace(
            self,
            profiles={**self.profiles, profile: issued},
            durations={
                **self.durations,
                **{arn: (limit, seen) for arn, limit in durations.items()},
            },
            aliases={
                **self.aliases,
                **{account: (name, seen) for account, name in aliases.items()},
            },
            recent=recent,
            uses={arn: uses[arn] for arn in recent if arn in uses},
        )

    def with_declined(self, offer: str, answer: str, now: datetime) -> State:
        """This state after an offer that was answered with ``no`` or ``never``."""
        return replace(self, declined={**self.declined, offer: (answer, now)})

    def may_offer(self, offer: str, now: datetime) -> bool:
        """Whether nobody has declined it for good, or lately."""
        answer, seen = self.declined.get(offer, ("", now))
        return not answer or (answer != "never" and now - seen >= RELEARN)

    def with_refusal(self, whose: str, refused: Refused) -> State:
        """This state after a sign-in that was refused; those of other days are forgotten."""
        young = {
            key: other
            for key, other in self.refusals.items()
            if refused.when - other.when < timedelta(days=1)
        }
        return replace(self, refusals={**young, whose: refused})


def _with_use(uses: float, weeks: float) -> float:
    """What ``uses`` become with one more, so many weeks after 1970."""
    more, less = max(uses, weeks), min(uses, weeks)
    return more + math.log2(1 + 2 ** (less - more))


def _young(learnt: Mapping[str, tuple[T, datetime]], now: datetime) -> dict[str, T]:
    return {key: value for key, (value, seen) in learnt.items() if now - seen < RELEARN}


class StateFile:
    """The state on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, config: Path) -> StateFile:
        """The one that belongs to this AWS config file."""
        return cls(config.parent / "samlauth" / "state")

    def load(self) -> State:
        """What is remembered; nothing, when it cannot be read."""
        try:
            return _decode(json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return State()
        except (OSError, *UNREADABLE) as error:
            log.debug("state passed over: %s", type(error).__name__)
            return State()

    def update(self, change: Callable[[State], State]) -> None:
        """Apply ``change`` to what is there now, other runs kept out. Never raises for the file's sake."""
        try:
            with files.locked(self.path):
                files.write_private(self.path, _encode(change(self.load())))
        except (FileError, OSError) as error:
            log.debug("state not kept: %s", error)


def encode_issued(issued: Issued) -> dict[str, Any]:
    """As JSON has it."""
    return {
        "access_key_id": issued.access_key_id,
        "identity": asdict(issued.identity),
        "issued": issued.issued.isoformat(),
        "expiration": issued.expiration.isoformat(),
    }


def decode_issued(entry: Any) -> Issued:  # noqa: ANN401 - whatever JSON holds, until it is checked here
    """What :func:`encode_issued` made. Raises KeyError, TypeError, ValueError for anything else."""
    who = Identity(**entry["identity"])
    if not all(isinstance(text, str) for text in (entry["access_key_id"], *asdict(who).values())):
        raise TypeError("not a text")
    if who.role_arn.count(":") < _COLONS:
        raise ValueError("not the ARN of a role")
    return Issued(entry["access_key_id"], who, _time(entry["issued"]), _time(entry["expiration"]))


def _encode(state: State) -> bytes:
    content = {
        "format": FORMAT,
        "profiles": {name: encode_issued(issued) for name, issued in state.profiles.items()},
        "durations": {
            arn: {"seconds": limit, "seen": seen.isoformat()}
            for arn, (limit, seen) in state.durations.items()
        },
        "aliases": {
            account: {"name": name, "seen": seen.isoformat()}
            for account, (name, seen) in state.aliases.items()
        },
        "recent": list(state.recent),
        "uses": dict(state.uses),
        "refusals": {
            whose: {**asdict(refused), "when": refused.when.isoformat()}
            for whose, refused in state.refusals.items()
        },
        "declined": {
            offer: {"answer": answer, "seen": seen.isoformat()}
            for offer, (answer, seen) in state.declined.items()
        },
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def _decode(content: Any) -> State:  # noqa: ANN401 - whatever JSON holds, until it is checked here
    if content["format"] != FORMAT:
        return State()
    profiles = {str(name): decode_issued(entry) for name, entry in content["profiles"].items()}
    durations = {
        str(arn): (int(entry["seconds"]), _time(entry["seen"]))
        for arn, entry in content["durations"].items()
    }
    # Files written before these were remembered have neither.
    aliases = {
        str(account): (str(entry["name"]), _time(entry["seen"]))
        for account, entry in content.get("aliases", {}).items()
    }
    recent = tuple(str(arn) for arn in content.get("recent", ()))
    uses = {str(arn): float(number) for arn, number in content.get("uses", {}).items()}
    refusals = {
        str(whose): Refused(**{**entry, "when": _time(entry["when"])})
        for whose, entry in content.get("refusals", {}).items()
    }
    declined = {
        str(offer): (str(entry["answer"]), _time(entry["seen"]))
        for offer, entry in content.get("declined", {}).items()
    }
    return State(profiles, durations, aliases, recent[:RECENT], uses, refusals, declined)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
