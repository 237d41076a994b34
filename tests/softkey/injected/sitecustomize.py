"""Puts software keys in front of the python-fido2 of a command that is started with this on its path.

``SOFTKEYS`` names their files; an empty one takes python-fido2 away. ``SOFTKEYS_ROOT`` is where the file
system of the computer begins that they are plugged into: this one may be a container.
"""

import importlib.util
import os
import sys
from pathlib import Path

if root := os.environ.get("SOFTKEYS_ROOT"):
    from samlauth.effects.security_key import trouble

    trouble.look.__defaults__ = (Path(root),)

named = os.environ.get("SOFTKEYS")
if named == "":
    sys.modules["fido2"] = None  # type: ignore[assignment]  # which makes its import fail
elif named is not None:
    place = Path(__file__).parents[1] / "__init__.py"
    spec = importlib.util.spec_from_file_location("softkey", place)
    assert spec is not None and spec.loader is not None
    softkey = importlib.util.module_from_spec(spec)
    sys.modules["softkey"] = softkey
    spec.loader.exec_module(softkey)
    keys = [softkey.SoftKey(Path(path)) for path in named.split(os.pathsep)]
    softkey.plug_into_fido2(*keys)
