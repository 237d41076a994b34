"""What we take of requests, without what it loads to guess how a text is encoded.

We go by what the server says. Beautiful Soup would load it, too, and is given text.
"""

from __future__ import annotations

from samlauth import later

# A seventh of what is loaded before the first request.
later.stand_in("charset_normalizer")

import requests  # noqa: E402 - it imports charset_normalizer
from requests.adapters import HTTPAdapter  # noqa: E402 - the same

__all__ = ["HTTPAdapter", "requests"]
