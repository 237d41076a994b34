"""What a login asks of the network: never more than aws-google-auth, whose 7 and 2 these are."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from samlauth.sandbox.google import idp as google
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.web import Application, Request, Response
from tests.e2e.stage import SAMLAUTH, Stage
from tests.effects.loopback import Proxy, response


class Counted:
    """An application, and how often it was asked."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.asked = 0

    def __call__(self, request: Request) -> Response:
        self.asked += 1
        return self._application(request)


def test_a_login_by_password() -> None:
    """On the pages that it knows, too."""
    rehearsal = Rehearsal(mfa="none", pages="g2", roles=1)
    counted = Counted(rehearsal.google)
    rehearsal.hosts[google.HOST] = counted
    with rehearsal:
        stage = Stage(rehearsal)
        done = stage.piped(*stage.main_job, "--no-resolve-aliases", stdin=f"{rehearsal.password}\n")
        assert done.returncode == 0, done.stderr
        hosts = [contact.host for contact in rehearsal.proxy_log]
    assert hosts == [google.HOST, "sts.us-east-1.amazonaws.com"]
    assert counted.asked <= 6  # and one of STS


@pytest.mark.parametrize(
    "command",
    [[], ["--all-roles"], ["roles"], ["assertion"], ["env"], ["credential-process"]],
    ids=lambda command: " ".join(command) or "login",
)
def test_whoever_signs_in_connects_before_the_request_is_ready(
    command: list[str], tmp_path: Path
) -> None:
    """Seen by a proxy that lets nobody through: it is asked for the connection, and once more."""
    who = ["-u", "ada@example.com", "-I", "C01abc", "-S", "000111000111", "-p", "x"]
    with Proxy({}, response("", 407)) as proxy:
        done = subprocess.run(
            [SAMLAUTH, *command, *who],
            env={"PATH": os.defpath, "HOME": str(tmp_path), "HTTPS_PROXY": proxy.url},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, "HTTPS_PROXY" in done.stderr) == (9, True), done.stderr
    assert proxy.asked == ["CONNECT accounts.google.com:443"] * 2
