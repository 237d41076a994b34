"""What a person may be asked during a login: a closed union of frozen values.

A challenge says what to ask and what is known about it; how it is asked (a prompt, a keyring, a
line of standard input) is the answerer's business. ``Challenge[A]`` is answered by an ``A``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from samlauth.saml import Role

A = TypeVar("A")


class Challenge(Generic[A]):
    """The base of the union: ``A`` is the type of the answer."""


@dataclass(frozen=True)
class EnterSetting(Challenge[str]):
    """A setting the login cannot do without, such as the identity provider's id."""

    name: str
    """The setting's name in :mod:`samlauth.settings`."""
    label: str
    """What the prompt says, without its colon."""
    refused: str = ""
    """Why the last one given cannot be meant."""


@dataclass(frozen=True)
class EnterUsername(Challenge[str]):
    """The account to sign in with."""

    label: str
    refused: str = ""
    """The provider's own text when it did not know the last one given."""


@dataclass(frozen=True)
class EnterPassword(Challenge[str]):
    """The password of ``username``, to be sent once, to ``origin``."""

    label: str
    username: str
    origin: str
    refused: str = ""
    """Why the last one given was refused: the provider's own text where it gave any."""


@dataclass(frozen=True)
class EnterCode(Challenge[str]):
    """A one-time code."""

    label: str
    refused: str = ""
    """Why the last one given was refused: the provider's own text where it gave any."""


@dataclass(frozen=True)
class ChooseRoles(Challenge[tuple[Role, ...]]):
    """Which of the roles in the assertion to assume."""

    roles: tuple[Role, ...]


AnyChallenge = EnterSetting | EnterUsername | EnterPassword | EnterCode | ChooseRoles
