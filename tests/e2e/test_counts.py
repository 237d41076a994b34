"""What a login asks of the network: never more than aws-google-auth, whose 7 and 2 these are."""

from __future__ import annotations

from samlauth.sandbox.google import idp as google
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.web import Application, Request, Response
from tests.e2e.stage import Stage


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
