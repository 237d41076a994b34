"""Takes secrets out of texts that people and log files are about to see."""

from __future__ import annotations

import logging
from collections.abc import Iterator

HIDDEN = "[hidden]"


class Redactor:
    """Takes every known secret out of a text, however it is encoded there."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def hide(self, secret: str) -> None:
        """Know ``secret`` from now on. One of under four characters cannot be told from other text."""
        if len(secret) >= 4:
            self._forms.update(form for form in _encodings(secret) if len(form) >= 4)

    def clean(self, text: str) -> str:
        """``text`` without the secrets known so far."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text


class CleanFormatter(logging.Formatter):
    """Formats as usual, traceback included, and takes the secrets out of the result."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The record's line or lines."""
        return self._redactor.clean(super().format(record))


def _encodings(secret: str) -> Iterator[str]:
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    yield secret
    yield from (quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield from (
        quote(secret, safe="").lower(),
        html.escape(secret),
        html.escape(secret, quote=False),
    )
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    data = secret.encode("utf-8", "surrogateescape")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            # Inside a longer base64 text the secret starts at any of three offsets; the characters
            # that mix its bits with its neighbours' are cut off.
            encoded = encode(b"\0" * lead + data).decode("ascii").rstrip("=")
            start = (0, 2, 3)[lead]
            end = len(encoded) if (lead + len(data)) % 3 == 0 else -1
            yield encoded[start:end]
