"""Takes secrets out of texts that people and log files are about to see."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Final

HIDDEN = "[hidden]"

SHORTEST: Final = 4
"""Characters a secret has at least: a shorter one cannot be told from other text."""

_LONGEST_SPELT: Final = 256
"""Characters of the longest secret that is looked for however each of its characters is written; of
a longer one, the ways in which programs write it as a whole are."""

_MARK: Final = re.compile(r"[%&\\+]")
_ESCAPED: Final = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(["'\\/bfnrt]))""")
_BYTE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")
_QUOTED: Final = re.compile(r"%[0-9A-F]{2}")
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SPELT_SHORT: Final = {character: letter for letter, character in _SHORT.items()}


class Redactor:
    """Takes every known secret out of a text, however it is encoded there.

    Known encodings: as it is; in URLs, once or twice, with ``+`` for a space or without; in HTML, by
    name, decimal and hexadecimal; in JSON and Python literals; in base64 of both alphabets, by itself
    or anywhere within. Several may be mixed in one secret.
    """

    def __init__(self) -> None:
        self._certain: dict[str, bool] = {}
        """The secrets, and whether each surely is one."""

    def hide(self, secret: str, *, certain: bool = True) -> None:
        """Know ``secret`` from now on, unless it is shorter than SHORTEST.

        One that is not ``certain`` was sent along with one, and may as well be a plain word.
        """
        if len(secret) >= SHORTEST:
            self._certain[secret] = self._certain.get(secret, False) or certain

    def clean(self, text: str) -> str:
        """``text`` without the secrets known so far, the longest taken out first."""
        # Most lines have nothing in them that an encoding could begin with; the patterns for the
        # others take long to build.
        plain = _MARK.search(text) is None
        for secret in sorted(self._certain, key=len, reverse=True):
            if plain:
                for form in _forms(secret):
                    text = text.replace(form, HIDDEN)
            else:
                text = _pattern(secret).sub(HIDDEN, text)
        return text

    def holds(
        self,
        text: str,
        *,
        fixed: Collection[str] = (),
        is_word: Callable[[str], bool] = lambda _: False,
    ) -> bool:
        """Whether a secret known so far is in ``text``, which may be long.

        ``fixed`` are words that the text has whatever the secrets are: finding one tells nothing.
        Of those that are not certain, what ``is_word`` takes for a plain word does not count.
        """
        readings = tuple(_readings(text))
        return any(
            form in reading
            for secret, certain in self._certain.items()
            if secret not in fixed and (certain or not is_word(secret))
            for form in _forms(secret)
            for reading in readings
        )


class CleanFormatter(logging.Formatter):
    """Formats as usual, traceback included, and takes the secrets out of the result."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The record's line or lines."""
        return self._redactor.clean(super().format(record))


@lru_cache(maxsize=500)
def _forms(secret: str) -> tuple[str, ...]:
    """The secret and its base64, as far as it is the same wherever the secret stands; the longest
    first."""
    import base64

    found = {secret}
    data = secret.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            # Inside a longer base64 text the secret starts at any of three offsets; the characters
            # that mix its bits with its neighbours' are cut off.
            encoded = encode(b"\0" * lead + data).decode("ascii").rstrip("=")
            start = (0, 2, 3)[lead]
            end = len(encoded) if (lead + len(data)) % 3 == 0 else -1
            found.add(encoded[start:end])
    return tuple(sorted(found, key=len, reverse=True))


def _readings(text: str) -> Iterator[str]:
    """The text as it is, and as each decoder reads it, two of them one after the other, too."""
    import html
    from urllib.parse import unquote, unquote_plus

    def of_bytes(text: str) -> str:
        return unquote(_BYTE.sub(r"%\1", text))

    decoders = (unquote, unquote_plus, html.unescape, _unescaped, of_bytes)
    seen = {text}
    latest = [text]
    for _ in range(2):
        latest = [decoder(reading) for reading in latest for decoder in decoders]
        latest = [reading for reading in dict.fromkeys(latest) if reading not in seen]
        seen.update(latest)
    yield from seen


def _unescaped(text: str) -> str:
    """The text with the escapes of JSON and Python read."""
    read = _ESCAPED.sub(
        lambda found: (
            chr(int(found[1] or found[2], 16))
            if found[3] is None
            else _SHORT.get(found[3], found[3])
        ),
        text,
    )
    # A character beyond the first 65,536 is two escapes in JSON.
    return read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@lru_cache(maxsize=500)
def _pattern(secret: str) -> re.Pattern[str]:
    """Finds the secret in any of its encodings, the longest first."""
    spelt: dict[str, None] = {}
    if len(secret) <= _LONGEST_SPELT:
        spelt["".join(map(_spellings, secret))] = None
    else:
        spelt |= dict.fromkeys(map(re.escape, _as_a_whole(secret)))
    for form in _forms(secret):
        if form != secret:
            special = "".join(c if c.isalnum() else _spellings(c) for c in form)
            spelt[special] = None
    return re.compile("|".join(sorted(spelt, key=len, reverse=True)))


def _as_a_whole(secret: str) -> Iterator[str]:
    import html
    import json
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    for quoted in (quote(data, safe=""), quote(data), quote_plus(data)):
        in_lower_case = _QUOTED.sub(lambda found: found[0].lower(), quoted)
        yield from (quoted, in_lower_case, quote(quoted, safe=""))
    yield from (html.escape(secret), html.escape(secret, quote=False))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    for start, base, end in (("&#", "d", ";"), ("&#x", "x", ";"), ("&#x", "X", ";")):
        yield "".join(
            c if c.isascii() and c.isalnum() else f"{start}{ord(c):{base}}{end}" for c in secret
        )


@lru_cache(maxsize=1000)
def _spellings(character: str) -> str:
    """A pattern for one character, however it is written."""
    from html.entities import html5

    code = ord(character)
    data = character.encode("utf-8", "surrogatepass")
    ways = [
        re.escape(character),
        "".join(f"%(?:25)?{_hex(byte, 2)}" for byte in data),
        "".join(rf"\\x{_hex(byte, 2)}" for byte in data),
        f"&#0{{0,5}}{code};?",
        f"&#[xX]0{{0,5}}{_hex(code, 1)};?",
        "".join(rf"\\u{_hex(unit, 4)}" for unit in _units(character)),
    ]
    ways += [f"&{name}" for name, named in html5.items() if named == character]
    if code < 0x100:
        ways.append(rf"\\x{_hex(code, 2)}")
    if character == " ":
        ways += [r"\+", "%(?:25)?2[Bb]"]
    if letter := _SPELT_SHORT.get(character):
        ways.append(rf"\\{letter}")
    if character in "\"'\\/":
        ways.append(rf"\\{re.escape(character)}")
    # An escape is to be taken whole before its first character is taken for itself.
    return f"(?:{'|'.join(sorted(ways, key=len, reverse=True))})"


def _hex(number: int, digits: int) -> str:
    """A pattern for a hexadecimal number, in any case of its letters."""
    return "".join(
        f"[{digit.upper()}{digit}]" if digit.isalpha() else digit
        for digit in f"{number:0{digits}x}"
    )


def _units(character: str) -> Iterator[int]:
    """The 16-bit units of a character in UTF-16."""
    data = character.encode("utf-16-be", "surrogatepass")
    for start in range(0, len(data), 2):
        yield int.from_bytes(data[start : start + 2], "big")
