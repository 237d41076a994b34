"""Flags that several commands share, without what the commands themselves load."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


TAKING = ("profile", "role_arn", "duration", "region", "policy", "policy_arn", "read_only")
"""The settings of those who take a role otherwise than by signing in."""


def of_grant(parser: argparse.ArgumentParser) -> None:
    """What to do with credentials that were got."""
    parser.add_argument(
        "--json", action="store_true", help="print them as one JSON object, besides storing them"
    )
    parser.add_argument(
        "--print-creds",
        action="store_true",
        help="print them as an export line, besides storing them",
    )
    parser.add_argument(
        "--no-write", action="store_true", help="do not store them: only print or prove them"
    )
    parser.add_argument(
        "--verify", action="store_true", help="have AWS say whose they are (GetCallerIdentity)"
    )
    parser.add_argument(
        "--overwrite-keys",
        action="store_true",
        help="allow replacing a profile's long-lived keys",
    )
