"""Every fault of the network, at every step of a sign-in, by the real login over real sockets.

Whatever happens, the sign-in ends in time, with one sentence and what to do next; the password was
posted once at most, and is nowhere to be read.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from samlauth.sandbox.rehearsal import Idp, Rehearsal
from tests.e2e.faultserver import FAULTS, HEALTHY, SLOW, Fault, FaultServer
from tests.e2e.signing import SHORT, Came, Signing, Ticking

NO_ANSWER = frozenset({
    "closed", "reset", "reset midway", "head cut", "truncated", "damaged", "429", "502", "503",
    "stall", "head drip", "body drip",
})  # fmt: skip
"""After these nobody knows what became of the request."""


class Scene:
    """A rehearsal behind a server that may fail, and the steps of signing in to it."""

    def __init__(self, idp: Idp, folder: Path, *, roles: int = 1) -> None:
        self.ticking = Ticking()
        self.rehearsal = Rehearsal(
            idp=idp,
            mfa="totp" if idp == "google" else "oath",
            roles=roles,
            clock=self.ticking,
        )
        self.server = FaultServer(self.rehearsal)
        self.signing = Signing(
            self.rehearsal, self.server, self.server.write(folder / f"{idp}.pem")
        )
        self.steps = self.signing.learn()

    @property
    def password(self) -> int:
        """The step that posts it."""
        word = quote_plus(self.rehearsal.password).encode()
        self.ticking.tick()
        self.server.begin()
        self.signing.run()
        [step] = [n for n, seen in enumerate(self.server.seen) if word in seen.body]
        return step

    def come(self, fault: Fault, at: int, *, once: bool = False, **how: bool) -> Came:
        """What a sign-in comes to."""
        self.ticking.tick()
        self.server.begin(fault, at, once=once)
        return self.signing.run(**how)


@pytest.fixture(scope="module", params=["google", "adfs"])
def scene(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    scene = Scene(request.param, tmp_path_factory.mktemp("faults"))
    with scene.server:
        yield scene


def wrong(scene: Scene, came: Came, step: int, *, seconds: float) -> list[str]:
    """What is not as it has to be after a fault at that step."""
    at_sts = "sts." in scene.steps[step]
    if came.error is None:
        return ["it succeeded"]
    message, hint = came.error.message, came.error.hint
    password = scene.rehearsal.password
    found = {
        f"exit {came.status}": came.status not in ({8, 9} if at_sts else {4, 6, 9}),
        f"after {came.seconds:.1f} s": came.seconds > seconds,
        f"{scene.server.posts_of(password)} posts": scene.server.posts_of(password) > 1,
        f"no sentence: {message}": message[-1:] not in (".", "”"),
        f"nothing to do: {message}": not hint,
        "a password to read": password in came.printed or quote_plus(password) in came.printed,
        "a traceback": "Traceback" in came.printed,
        "the fault was not met": not scene.server.played,
        "a stranger was spoken to": bool(scene.server.stranger),
    }
    return [what for what, is_so in found.items() if is_so]


def assert_ends_well(
    scene: Scene,
    fault: Fault,
    *,
    steps: Sequence[int] | None = None,
    seconds: float = 20,
    **how: bool,
) -> dict[int, Came]:
    """Play the fault at each step, or those named; what each came to."""
    ends: dict[int, Came] = {}
    rows: list[str] = []
    for step in range(len(scene.steps)) if steps is None else steps:
        name = scene.steps[step]
        ends[step] = scene.come(fault, step, **how)
        rows += [
            f"{step}, {name}: {what}" for what in wrong(scene, ends[step], step, seconds=seconds)
        ]
    assert rows == []
    return ends


def assert_said_of_the_password(scene: Scene, ends: dict[int, Came]) -> None:
    """That it may have counted, where it had been sent and had no answer; and nowhere else."""
    said = {step for step, came in ends.items() if "may have counted" in came.printed}
    assert scene.password in said
    assert all(scene.steps[step].startswith("POST") for step in said)


def test_with_nothing_in_the_way_it_is_signed_in(scene: Scene) -> None:
    came = scene.come(HEALTHY, 0)
    assert came.signed_in is not None
    assert scene.server.posts_of(scene.rehearsal.password) == 1
    assert scene.server.strangers == set()
    assert "GET " in came.printed  # the log is read, too
    assert [step.split(" ")[0] for step in scene.steps].count("POST") >= 3
    assert "sts." in scene.steps[-1]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_stays(name: str, scene: Scene) -> None:
    ends = assert_ends_well(scene, FAULTS[name])
    if name in NO_ANSWER:
        assert_said_of_the_password(scene, ends)
    elif FAULTS[name].connecting:
        assert not any("may have counted" in came.printed for came in ends.values())


@pytest.mark.parametrize("name", SLOW)
def test_what_never_ends_is_cut_off(name: str, scene: Scene) -> None:
    # Each takes its time. Two kinds at every step of one provider and at some of the other will do.
    every = scene.rehearsal.idp == "adfs" or name in ("stall", "body drip")
    steps = None if every else (0, scene.password, len(scene.steps) - 1)
    ends = assert_ends_well(scene, SLOW[name], steps=steps, seconds=SHORT.total + 15, hurry=True)
    assert {came.status for came in ends.values()} == {9}
    if name in NO_ANSWER:
        assert_said_of_the_password(scene, ends)


@pytest.mark.parametrize("name", ["proxy hangs up", "handshake reset", "502", "503"])
def test_a_get_that_fails_once_is_sent_again(name: str, scene: Scene) -> None:
    posts = [step for step, what in enumerate(scene.steps) if what.startswith("POST")]
    for step in range(posts[0]):
        came = scene.come(FAULTS[name], step, once=True)
        assert came.status == 0, (scene.steps[step], came.printed)
        assert scene.server.played == 1
        assert scene.server.posts_of(scene.rehearsal.password) == 1


@pytest.mark.parametrize("name", ["closed", "reset midway", "truncated", "damaged", "502", "503"])
def test_sts_is_asked_again(name: str, scene: Scene) -> None:
    came = scene.come(FAULTS[name], len(scene.steps) - 1, once=True)
    assert came.status == 0, came.printed
    assert scene.server.played == 1


class Resolver:
    """The system's, which finds every host at the fault server, until it does not."""

    def __init__(self, scene: Scene, then: Callable[[], int]) -> None:
        self._scene = scene
        self._then = then

    def __call__(self, host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        server = self._scene.server
        found = server.port
        if len(server.seen) >= server.at:
            server.played += 1
            found = self._then()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", found))]


def no_such_name() -> int:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def a_closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("then", "said"),
    [(no_such_name, "could not be found"), (a_closed_port, "refused the connection")],
)
def test_without_a_proxy_names_and_ports_may_be_gone(
    then: Callable[[], int], said: str, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Resolver(scene, then))
    # A fault of connecting that changes nothing: each request has a connection of its own.
    ends = assert_ends_well(scene, Fault(certificate="right"), direct=True)
    assert {came.status for came in ends.values()} == {9}
    assert all(came.error and said in came.error.message for came in ends.values())
    assert not any("may have counted" in came.printed for came in ends.values())


@pytest.mark.parametrize(
    "fault", [FAULTS["503"], FAULTS["truncated"], FAULTS["portal"], SLOW["stall"]]
)
def test_the_names_of_the_accounts_are_worth_no_failure(fault: Fault, tmp_path: Path) -> None:
    scene = Scene("adfs", tmp_path, roles=3)
    with scene.server:
        [step] = [n for n, what in enumerate(scene.steps) if "signin.aws" in what]
        came = scene.come(fault, step, once=True)
        assert came.status == 0, came.printed
        assert scene.server.played == 1
        assert came.seconds < 20
