"""From a SAML response with many roles to the picker's first screen.

``python -m tests.bench.roles NUMBER`` prints the milliseconds it takes, all modules loaded. STS takes
no response as long as that of 5,000 roles, and neither do we: the limit is lifted.
"""

from __future__ import annotations

import gc
import io
import sys
import time
from datetime import UTC, datetime, timedelta

import lxml.etree  # noqa: F401 - a login has it loaded by then

from samlauth import saml
from samlauth.challenges import ChooseRoles
from samlauth.effects.picker import Menu
from samlauth.saml import SAMLResponse, read_assertion
from samlauth.sandbox.accounts import account_roles
from samlauth.sandbox.assertions import ACS, Statement, signer


def main(number: int) -> None:
    """Make the response, then time what a login does with it."""
    statement = Statement(
        issuer="https://accounts.google.com/o/saml2?idpid=C01bench",
        subject="ada@example.com",
        roles=tuple(role.attribute_value for role in account_roles(number)),
        issued=datetime.now(UTC),
        role_session_name="ada@example.com",
        session_duration=3600,
        lifetime=timedelta(hours=12),
    )
    response = SAMLResponse(signer().sign(statement), acs=ACS)
    saml.MAX_BASE64 = len(response.base64)  # as it says above
    gc.disable()  # as the program does
    started = time.thread_time()  # nothing is waited for: what others do meanwhile is not ours
    roles = read_assertion(response).roles
    shown = Menu(ChooseRoles(roles, {}, ())).shown(20)
    took = time.thread_time() - started
    assert (len(roles), len(shown)) == (number, 20)
    io.FileIO(1, "w", closefd=False).write(f"{took * 1000}\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
