"""Temporary credentials, the thing all of this is for."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime

from samlauth.values import dataclass


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials, as STS returned them."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: datetime
    """Aware, UTC."""
