"""Where a sign-in at ADFS begins: what a person calls their ADFS, read and made an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from samlauth.errors import SettingsError, UnsafePage
from samlauth.reach import Origin, origin_of
from samlauth.values import dataclass

RELYING_PARTIES: Final[Mapping[str, str]] = MappingProxyType({
    "aws": "urn:amazon:webservices",
    "aws-us-gov": "urn:amazon:webservices:govcloud",
    "aws-cn": "urn:amazon:webservices:cn-north-1",
})  # fmt: skip
"""AWS partition to the identifier under which its sign-in is usually known to ADFS."""

_PATH: Final = "/adfs/ls/IdpInitiatedSignOn.aspx"
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_RELYING_PARTY: Final = "logintorp"
_HOME_REALM: Final = "RedirectToIdentityProvider"
_HINT: Final = (
    "Give its host, such as --adfs-host sso.example.com, or the whole link with which you sign in "
    "to AWS, in quotes."
)


@dataclass(frozen=True)
class Entry:
    """One ADFS, and what its addresses need besides the relying party."""

    origin: Origin
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The parameters of the link it was given as, decoded, without the relying party's."""
    relying_party: str = ""
    """The relying party that the link names; empty when it names none."""

    def url(self, rp: str, home_realm: str | None) -> str:
        """Where an IdP-initiated sign-in to the relying party ``rp`` begins.

        ``home_realm`` is the claims provider to sign in at; None leaves it to ADFS, or to the link.
        """
        query = [("loginToRp", rp), *self.query]
        if home_realm:
            query = [pair for pair in query if pair[0].casefold() != _HOME_REALM.casefold()]
            query.append((_HOME_REALM, home_realm))
        return f"{self.origin}{_PATH}?{urlencode(query)}"


def read_entry(text: str) -> Entry:
    """The ADFS that a person names by its host, host and port, address, or sign-in link.

    Raises SettingsError, saying what is wrong, for what can be none: http, another scheme, a user
    name before the host, the address of something else.
    """
    text = text.strip()
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() == "http":
        raise SettingsError(
            "The address of your ADFS begins with http://, which would send your password for "
            "everybody on the way to read.",
            hint="ADFS itself signs in by https alone. " + _HINT,
        )
    if scheme and scheme[1].lower() != "https":
        raise _meaningless(text, f"is an address of {scheme[1].lower()}:")
    url = text if scheme else f"https://{text}"
    if "@" in re.split(r"[/?#]", url.partition("://")[2])[0]:
        # Not quoted: what stands there may be a password.
        raise SettingsError(
            "The address of your ADFS has an @ before its host, as if it held a user name.",
            hint="Give the user name with -u. " + _HINT,
        )
    try:
        origin, parts = origin_of(url), urlsplit(url)
    except (UnsafePage, ValueError):
        raise _meaningless(text, "cannot be read as a host or an address") from None
    if not _HOST.fullmatch(origin.host) or ".." in origin.host or not origin.port:
        raise _meaningless(text, "does not name a host")
    path = parts.path.casefold()
    if path.strip("/") and not f"{path}/".startswith("/adfs/"):
        raise _meaningless(text, "is the address of something else: ADFS's pages lie under /adfs/")
    return _with_query(origin, parse_qsl(parts.query, keep_blank_values=True))


def _with_query(origin: Origin, query: list[tuple[str, str]]) -> Entry:
    kept: list[tuple[str, str]] = []
    relying_party = ""
    for name, value in query:
        if name.casefold() == _RELYING_PARTY:
            relying_party = value
        elif name.casefold() == "relaystate" and value.startswith("RPID="):
            # The other way a link can name the relying party; the two together contradict.
            relying_party = relying_party or dict(parse_qsl(value)).get("RPID", "")
        else:
            kept.append((name, value))
    return Entry(origin, tuple(kept), relying_party)


def _meaningless(text: str, why: str) -> SettingsError:
    # Without the query: a link copied from an address bar may hold what identifies a session.
    shown = re.split(r"[?#]", text)[0][:100]
    return SettingsError(f"The ADFS to sign in at, {shown!r}, {why}.", hint=_HINT)
