"""The AWS config and credentials files as bytes: find a section, read it, change some of its keys.

Nothing here opens a file. :func:`~samlauth.awsfiles.edits.edit` takes the bytes of the old file and
returns the bytes of the new one, and whatever it was not asked to change is there again, byte for
byte: comments, order, spacing, line ends, a byte order mark, bytes that are no UTF-8, sections of
other programs.

    ============  ===========================================================
    here          what a profile may be called; the keys of its section
    ``lines``     what each line is: the grammar
    ``sections``  where a section is, and which lines make up its keys
    ``edits``     keys changed, and nothing else
    ``faults``    what botocore refuses a whole file for
    ============  ===========================================================

How the files are read is decided by what botocore reads them with, Python's
``configparser.RawConfigParser``, whose grammar is followed line by line:

- A line whose first visible character is ``#`` or ``;`` is a comment; there are no others, so
  ``region = eu-west-1 # home`` has the value ``eu-west-1 # home``.
- A line indented deeper than the option above it continues that option's value, even when it looks
  like ``[a section]``. Comments and blank lines in between do not end the value.
- ``[name]`` is a section, up to the last ``]`` of its line; ``key = value`` and ``key: value`` are
  options, and letter case in keys does not count.

A section or a key that is there twice makes botocore refuse the whole file, for every profile.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from samlauth.awsfiles.sections import find, section_at
from samlauth.errors import SettingsError

_PROFILE = re.compile(r"[A-Za-z0-9_.@+/:=,%-](?:[A-Za-z0-9_.@+/:=,% -]*[A-Za-z0-9_.@+/:=,%-])?")


def check_profile_name(profile: str) -> None:
    """Raise SettingsError for a name that cannot be a profile's.

    Allowed are ASCII letters, digits, inner spaces and ``_ . @ + / : = , % -``, 64 at most. That is
    more than AWS's own tools promise to read and all that people were seen to use. Brackets and
    line ends would start another section in the file; quotes, backslashes and ``#`` are read
    differently by different AWS SDKs; and the files are ASCII by AWS's definition, so that another
    letter would be another name under another locale. ``DEFAULT`` gives its keys to every profile.
    """
    if not profile:
        raise SettingsError("The profile's name is empty.", hint="Name one with -p.")
    if len(profile) > 64:
        raise SettingsError(
            f"The profile's name has {len(profile)} characters; 64 are the most.",
            hint="Choose a shorter name with -p.",
        )
    if profile == "DEFAULT" or not _PROFILE.fullmatch(profile):
        raise SettingsError(
            f"{profile!a} cannot be the name of a profile.",
            hint="Use ASCII letters, digits, inner spaces and any of _ . @ + / : = , % - (not DEFAULT).",
        )


def is_profile_name(text: str) -> bool:
    """Whether :func:`check_profile_name` lets it pass."""
    try:
        check_profile_name(text)
    except SettingsError:
        return False
    return True


def config_section(profile: str, data: bytes = b"") -> str:
    """The config file's section for a profile: ``default``, or ``profile NAME``.

    A name with a space is quoted, as ``aws configure`` does. In the credentials file a section has
    the profile's own name. ``data`` is the config file: botocore reads ``[profile default]`` as
    well as ``[default]`` and the later one wins, so the one that is there is the one to use.
    """
    if profile != "default":
        return f"profile {shlex.quote(profile)}"
    places = find(data, ("default", "profile default"))
    return max(places, key=lambda name: max(places[name], default=-1))


def read_section(data: bytes, section: str) -> dict[str, str]:
    """The keys, in lower case, and values of a section, as botocore sees them; empty if not there.

    A nested block comes as its lines, as in ``"\\nmax_attempts = 3"``. ``[DEFAULT]`` gives its keys
    to every section. Where a section or a key is there twice, which botocore does not accept, the
    later one wins. Bytes that are no UTF-8 come as lone surrogates.
    """
    return read_sections(data, (section,))[section]


def read_sections(data: bytes, sections: Iterable[str]) -> dict[str, dict[str, str]]:
    """As :func:`read_section`, for many at once: the file is searched but once."""
    wanted = tuple(sections)
    places = find(data, (*wanted, "DEFAULT"))

    def keys(section: str) -> dict[str, str]:
        if not places[section]:
            return {}
        found = [section_at(data, start) for start in (*places["DEFAULT"], *places[section])]
        return {entry.key: entry.value for part in found for entry in part.entries}

    return {section: keys(section) for section in wanted}
