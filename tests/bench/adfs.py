"""The rehearsal's ADFS and AWS behind a long line, for aws-adfs as well.

``python -m tests.bench.adfs ROUND_TRIP`` prints, as JSON, who signs in and the variables that lead a
command there, until standard input ends.
"""

from __future__ import annotations

import json
import sys

from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.web import Request, Response
from tests.bench.line import Line
from tests.e2e.test_peers import Lenient


def main() -> None:
    """Serve, and wait."""
    rehearsal = Rehearsal(idp="adfs", roles=2)
    strict, lenient = rehearsal.adfs, Lenient(rehearsal.adfs)
    lenient.visited_by_peer = True

    def either(request: Request) -> Response:
        ours = (request.headers["User-Agent"] or "").startswith("samlauth/")
        return (strict if ours else lenient)(request)

    rehearsal.hosts[rehearsal.adfs_host] = either
    with rehearsal:
        proxy = f"http://127.0.0.1:{Line(rehearsal.proxy.port, float(sys.argv[1])).port}"
        bundle = str(rehearsal.bundle)
        told = {
            "host": rehearsal.adfs_host,
            "username": rehearsal.username,
            "password": rehearsal.password,
            "role": rehearsal.roles[0].role_arn,
            "way": {
                "HTTPS_PROXY": proxy,
                "SSL_CERT_FILE": bundle,
                "REQUESTS_CA_BUNDLE": bundle,
                "AWS_CA_BUNDLE": bundle,
            },
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
