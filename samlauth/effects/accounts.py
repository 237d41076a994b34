"""The accounts of saml2aws: ``~/.saml2aws``, or what ``SAML2AWS_CONFIGFILE`` names.

An INI file with a section for each account, and the AWS profile it is for in ``aws_profile``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from samlauth.effects.cache import saml2aws_path
from samlauth.printable import safe
from samlauth.setting import Layer, Part

_PROFILE = "saml"
"""The profile of an account that names none."""


def account(environ: Mapping[str, str], profile: str) -> tuple[list[Part], list[str]]:
    """The account for a profile, at most one, and why none where there might be one.

    Another tool's file is no reason to fail: one that cannot be read is passed over with a sentence.
    """
    path, found, why_none = _load(environ)
    mine = {name: keys for name, keys in found.items() if _profile(keys) == profile}
    if len(mine) > 1:
        names = ", ".join(safe(name) for name in mine)
        return [], [
            f"{safe(path, 1000)} has several accounts for the profile {safe(profile)} "
            f"({names}); passing over them."
        ]
    parts = [Part(Layer.SAML2AWS, keys, f"[{name}] of {path}") for name, keys in mine.items()]
    return parts, why_none


def profiles(environ: Mapping[str, str]) -> list[str]:
    """The profiles that there are accounts for."""
    _, found, _ = _load(environ)
    return [_profile(keys) for keys in found.values()]


def _load(environ: Mapping[str, str]) -> tuple[str, dict[str, dict[str, str]], list[str]]:
    path = saml2aws_path(environ)
    try:
        return path, accounts(Path(path).read_bytes()), []
    except FileNotFoundError:
        return path, {}, []
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
    except ValueError:
        why = "is no file of saml2aws's"
    return path, {}, [f"{safe(path, 1000)} {why}; passing over it."]


def accounts(data: bytes) -> dict[str, dict[str, str]]:
    """The keys, in lower case, of each account. Raises ValueError for what is no such file."""
    from configparser import Error, RawConfigParser  # for those alone who have such a file

    # As saml2aws reads it: a comment may follow a value, a section may be there twice.
    parser = RawConfigParser(
        strict=False, inline_comment_prefixes=("#", ";"), default_section="", allow_no_value=True
    )
    try:
        parser.read_string(data.decode("utf-8-sig"))
    except Error as error:
        raise ValueError(str(type(error))) from None
    return {
        name: {key: _bare(value or "") for key, value in parser[name].items()}
        for name in parser.sections()
    }


def _bare(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`"
    return value[1:-1] if quoted else value


def _profile(keys: Mapping[str, str]) -> str:
    return keys.get("aws_profile") or _PROFILE
