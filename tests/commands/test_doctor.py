"""What doctor finds, each fault planted for real, and that its fixes are fixes."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import keyring
import pytest
import trustme
from keyring.backends import null

from samlauth.commands import doctor
from samlauth.diagnosis import CHECKS
from samlauth.diagnosis.finding import Finding, Found
from tests.effects import secret_service
from tests.effects.loopback import Proxy, Received, Reply, Server, response
from tests.effects.test_files import MOUNTS, in_a_mount_namespace

SAMLAUTH = Path(sys.executable).parent / "samlauth"
GOOGLE, STS = "accounts.google.com", "sts.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::111111111111:role/Admin"
CONFIG = """\
[profile x]
region = eu-west-1
samlauth.idp_id = C01abc
samlauth.sp_id = 000111000111
samlauth.username = ada@example.com
"""
CREDENTIALS = """\
[x]
aws_access_key_id = ASIA1
aws_secret_access_key = hunter2
aws_session_token = hunter3
"""


def told(ahead: float = 0) -> Callable[[Received], Reply]:
    """A host whose clock is so many seconds ahead."""

    def reply(_: Received) -> Reply:
        now = datetime.now(UTC) + timedelta(seconds=ahead)
        return response("", 200, f"Date: {format_datetime(now, usegmt=True)}")

    return reply


class Computer:
    """A home folder, and the hosts of a sign-in behind a proxy."""

    def __init__(
        self, folder: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, capture: Capture
    ) -> None:
        self.home = folder / "home"
        self.aws = self.home / ".aws"
        self.aws.mkdir(0o700, parents=True)
        self.config, self.credentials = self.aws / "config", self.aws / "credentials"
        self.write(self.config, CONFIG)
        self.write(self.credentials, CREDENTIALS)
        self.ca = trustme.CA(organization_name="Test Organisation")
        self.ca.cert_pem.write_to_path(folder / "ca.pem")
        self._stack, self._monkeypatch, self._capture = stack, monkeypatch, capture
        self._routes: dict[str, int] = {}
        self.proxy = stack.enter_context(Proxy(self._routes))
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "HTTPS_PROXY": self.proxy.url,
            "AWS_CA_BUNDLE": str(folder / "ca.pem"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        self.requests: list[Server] = []

    def write(self, path: Path, content: str | bytes) -> None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)

    def host(
        self,
        name: str,
        reply: Callable[[Received], Reply],
        certificate: trustme.LeafCert | None = None,
    ) -> Server:
        certificate = certificate or self.ca.issue_cert(name)
        server = self._stack.enter_context(Server(reply, certificate))
        self._routes[f"{name}:443"] = server.port
        self.requests.append(server)
        return server

    def online(self) -> Computer:
        for name in (GOOGLE, STS):
            self.host(name, told())
        return self

    def run(self, profile: str | None = "x", *, fix: bool = False, **more: str) -> Report:
        """Doctor, in this process; what its ``--json`` has."""
        for name in tuple(os.environ):
            self._monkeypatch.delenv(name)
        for name, value in {**self.environ, **more}.items():
            self._monkeypatch.setenv(name, value)
        self._capture()
        code = doctor.run(argparse.Namespace(profile=profile, json=True, fix=fix))
        printed, said = self._capture()
        assert "hunter" not in printed + said
        report = Report(code, json.loads(printed))
        for row in report.rows:
            if row["severity"] in {"problem", "note"}:
                assert row["fix"] or "more lines like these" in row["what"], row
        return report

    def installed(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SAMLAUTH, "doctor", *words],
            env={**self.environ, **more},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            capture_output=True,
            text=True,
            timeout=60,
        )


class Report:
    """What was found."""

    def __init__(self, code: int, rows: list[dict[str, Any]]) -> None:
        self.code, self.rows = code, rows

    def of(self, severity: str) -> dict[str, str]:
        """Check to what was found, one line each."""
        found: dict[str, str] = {}
        for row in self.rows:
            if row["severity"] == severity:
                parts = (row["what"], row["why"], row["fix"])
                found[row["check"]] = found.get(row["check"], "") + "\n".join(filter(None, parts))
        return found

    @property
    def problems(self) -> dict[str, str]:
        return self.of("problem")

    @property
    def notes(self) -> dict[str, str]:
        return self.of("note")

    def one(self, check: str, code: int) -> str:
        """The only problem there is."""
        assert list(self.problems) == [check]
        assert self.code == code
        return self.problems[check]


Capture = Callable[[], tuple[str, str]]


@pytest.fixture
def computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Computer]:
    before = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped

    def capture() -> tuple[str, str]:
        found = capsys.readouterr()
        return found.out, found.err

    with ExitStack() as stack:
        yield Computer(tmp_path, stack, monkeypatch, capture)
    keyring.set_keyring(before)


def test_where_nothing_is_wrong_each_check_says_so(computer: Computer) -> None:
    report = computer.online().run()
    assert (report.code, report.problems) == (0, {})
    # In a container, where the tests may be, no security key can be seen.
    assert list(report.notes) in (["keyring"], ["keyring", "security key"])
    assert [*dict.fromkeys(row["check"] for row in report.rows)] == [one.name for one in CHECKS]
    well = report.of("ok")
    assert f"{GOOGLE} (certificate by Test Organisation)" in well["host"]
    assert f"{STS} (certificate by Test Organisation)" in well["host"]
    assert well["clock"] == "clock"
    assert f"127.0.0.1:{computer.proxy.port} (HTTPS_PROXY)" in well["proxy"]
    assert re.search(r"samlauth [\d.]+, Python 3[\d.]+, OpenSSL 3.*botocore", well["versions"])


def test_a_finding_is_folded_on_a_screen_and_whole_elsewhere() -> None:
    check = CHECKS[0]
    found = Found("problem", "It is locked, or not there.", fix="Run: samlauth doctor --fix")
    assert list(doctor.as_text([Finding(check, found)])) == [
        "  problem  It is locked, or not there.",
        "           Fix: Run: samlauth doctor --fix",
    ]
    assert "\n".join(doctor.as_text([Finding(check, found)], 30)).split("\n") == [
        *("  problem  It is locked, or", "           not there."),
        *("           Fix: Run:", "           samlauth doctor --fix"),
    ]


def test_a_json_row_has_always_the_same_keys(computer: Computer) -> None:
    computer.online().credentials.chmod(0o644)
    keys = ["check", "group", "severity", "what", "why", "fix", "fixable", "exit_code"]
    rows = computer.run().rows
    assert all(list(row) == keys for row in rows)
    (mode,) = [row for row in rows if row["severity"] == "problem"]
    assert (mode["fixable"], mode["exit_code"], mode["group"]) == (True, 10, "files")


def test_hosts_are_asked_for_their_heads_and_told_nothing(computer: Computer) -> None:
    computer.online().run()
    for server in computer.requests:
        (request,) = server.requests
        assert (request.method, request.target, request.body) == ("HEAD", "/", b"")
        assert request.headers.keys() == {"host", "user-agent", "accept-encoding"}


# Files


def test_modes(computer: Computer) -> None:
    own = computer.aws / "samlauth"
    own.mkdir(0o755)
    own.chmod(0o755)
    (own / "state").touch(0o640)
    (own / "state").chmod(0o640)
    computer.credentials.chmod(0o644)
    computer.config.chmod(0o666)
    computer.aws.chmod(0o777)
    report = computer.online().run()
    found = report.one("mode", 10)
    for said in (
        f"read {computer.credentials} (mode 644).", f"chmod 600 {computer.credentials}",
        f"write {computer.config} (mode 666).", f"chmod 644 {computer.config}",
        f"chmod 755 {computer.aws}", f"chmod 700 {own}", f"chmod 600 {own}/state",
    ):  # fmt: skip
        assert said in found
    fixed = computer.run(fix=True)
    assert (fixed.code, fixed.problems) == (0, {})
    assert f"{computer.credentials} has mode 600 now." in fixed.of("fixed")["mode"]
    paths = (computer.credentials, computer.config, computer.aws, own, own / "state")
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o644, 0o755, 0o700, 0o600]
    assert computer.run().of("fixed") == {}


def test_the_mode_of_the_browsers_profiles(computer: Computer) -> None:
    profile = computer.home / ".local" / "share" / "samlauth" / "browser" / "google"
    (profile / "Default").mkdir(parents=True)  # what is in it is the browser's
    profile.parent.chmod(0o700)
    profile.chmod(0o755)
    found = computer.online().run().one("mode", 10)
    assert found.count("chmod") == 1
    assert f"chmod 700 {profile}" in found
    assert computer.run(fix=True).code == 0


def test_a_mode_that_is_only_narrow_is_left(computer: Computer) -> None:
    computer.config.chmod(0o644)
    computer.credentials.chmod(0o400)
    assert computer.online().run().problems == {}


def test_a_folder_like_tmp_is_left(computer: Computer) -> None:
    computer.aws.chmod(0o1777)
    assert computer.online().run().problems == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_that_is_somebody_elses(computer: Computer) -> None:
    os.chown(computer.credentials, 1234, 1234)
    found = computer.online().run().one("owner", 10)
    assert "belongs to another user (user id 1234)" in found
    assert f"chown 0 {computer.credentials}" in found
    # In a container the folder says whose they are meant to be.
    os.chown(computer.aws, 1234, 1234)
    found = computer.run().one("owner", 10)
    assert f"chown 1234 {computer.config}" in found


def test_a_file_that_is_none(computer: Computer) -> None:
    computer.credentials.unlink()
    computer.credentials.mkdir(0o700)
    report = computer.online().run()
    assert "it is not a regular file" in report.problems["readable"]
    assert report.code == 10


def test_a_device_in_the_place_of_a_file_is_left(computer: Computer) -> None:
    before = Path("/dev/null").stat()
    report = computer.online().run(AWS_CONFIG_FILE="/dev/null", AWS_REGION="eu-west-1", fix=True)
    assert list(report.problems) == ["readable"]
    assert "/dev/null cannot be read: it is not a regular file" in report.problems["readable"]
    assert Path("/dev/null").stat().st_mode == before.st_mode


def test_links_in_a_circle(computer: Computer) -> None:
    computer.config.unlink()
    computer.config.symlink_to(computer.config)
    report = computer.online().run()
    assert "Too many levels of symbolic links" in report.problems["readable"]
    assert "mode" not in report.problems


def test_a_byte_order_mark(computer: Computer) -> None:
    computer.write(computer.config, b"\xef\xbb\xbf" + CONFIG.encode())
    found = computer.online().run().one("encoding", 10)
    assert f"{computer.config} begins with a byte order mark" in found
    fixed = computer.run(fix=True)
    assert (fixed.code, list(fixed.of("fixed"))) == (0, ["encoding"])
    assert computer.config.read_text("ascii") == CONFIG


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONFIG.encode() + b"# \xe9t\xe9\n", "line 6 has the byte 0xe9"),
        (CONFIG.encode("utf-16"), "line 1 has a NUL byte"),
    ],
)
def test_a_file_that_is_no_text(content: bytes, said: str, computer: Computer) -> None:
    computer.write(computer.config, content)
    found = computer.online().run().problems["encoding"]
    assert f"{computer.config} is no UTF-8 text: {said}" in found
    assert computer.run(fix=True).code == 10
    assert computer.config.read_bytes() == content


def test_sections_and_keys_that_are_there_twice(computer: Computer) -> None:
    twice = CONFIG + "REGION = eu-west-1\nsamlauth.username = bob\n[profile x]\n"
    computer.write(computer.config, twice)
    report = computer.online().run()
    found = report.one("lines", 10)
    for said in (
        "line 6: the key region of [profile x] is there already, in line 2.",
        "line 7: the key samlauth.username of [profile x] is there already, in line 5.",
        "line 8: the section [profile x] is there already, in line 1.",
    ):
        assert f"{computer.config}, {said}" in found
    fixable = [row["fixable"] for row in report.rows if row["check"] == "lines"]
    assert fixable == [True, False, False]
    fixed = computer.run(fix=True)
    assert fixed.code == 10
    assert "line 6: the key samlauth.username" in fixed.problems["lines"]
    assert computer.config.read_text() == twice.replace("REGION = eu-west-1\n", "")


def test_the_same_key_twice_with_one_value_is_made_one(computer: Computer) -> None:
    computer.write(computer.credentials, CREDENTIALS + "AWS_Secret_Access_Key=hunter2\n# mine\n")
    fixed = computer.online().run(fix=True)
    assert (fixed.code, list(fixed.of("fixed"))) == (0, ["lines"])
    assert computer.credentials.read_text() == CREDENTIALS + "# mine\n"
    assert computer.run().problems == {}


def test_a_line_without_meaning(computer: Computer) -> None:
    computer.write(computer.config, "mine = 1\n" + CONFIG + "what is this\n")
    found = computer.online().run().one("lines", 10)
    assert f"{computer.config}, line 1, is no section" in found
    assert f"{computer.config}, line 7, is no section" in found


def test_many_lines_are_not_all_told(computer: Computer) -> None:
    computer.write(computer.config, CONFIG + "what is this\n" * 9)
    found = computer.online().run().one("lines", 10)
    assert found.count("is no section") == 5
    assert "4 more lines like these" in found


def test_a_link_is_followed(computer: Computer, tmp_path: Path) -> None:
    real = tmp_path / "real"
    computer.credentials.rename(real)
    computer.credentials.symlink_to(real)
    assert computer.online().run().problems == {}
    real.chmod(0o644)
    assert f"chmod 600 {real}" in computer.run().one("mode", 10)
    assert computer.run(fix=True).code == 0
    assert computer.credentials.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_link_to_nowhere(computer: Computer, tmp_path: Path) -> None:
    computer.credentials.unlink()
    computer.credentials.symlink_to(tmp_path / "gone" / "credentials")
    found = computer.online().run().one("link", 10)
    assert f"into a folder that is not there: {tmp_path}/gone/credentials" in found


def test_a_lock_that_is_held(computer: Computer) -> None:
    lock = computer.aws / "credentials.lock"
    with lock.open("w") as held:
        lock.chmod(0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
        found = computer.online().run().one("lock", 10)
    assert "is being written by another program" in found
    assert f"fuser {lock}" in found
    assert computer.run().problems == {}


def test_a_lock_that_cannot_be(computer: Computer) -> None:
    lock = computer.aws / "credentials.lock"
    lock.symlink_to("elsewhere")
    found = computer.online().run().one("lock", 10)
    assert f"{lock} cannot be locked" in found


def test_what_killed_runs_left(computer: Computer) -> None:
    own = computer.aws / "samlauth" / "cache"
    own.mkdir(0o700, parents=True)
    own.parent.chmod(0o700)
    left = [
        computer.aws / ".credentials.samlauth-0123456789abcdef",
        own / ".x.samlauth-fedcba9876543210",
    ]
    theirs = computer.aws / ".credentials.swp"
    for path in (*left, theirs):
        path.touch(0o600)
        os.utime(path, (1, 1))
    being_written = computer.aws / ".config.samlauth-0123456789abcdef"
    being_written.touch(0o600)
    found = computer.online().run().one("leftover", 10)
    assert all(f"rm {path}" in found for path in left)
    assert str(being_written) not in found
    fixed = computer.run(fix=True)
    assert (fixed.code, list(fixed.of("fixed"))) == (0, ["leftover"])
    assert not any(path.exists() for path in left)
    assert theirs.exists()
    assert being_written.exists()


def test_a_fix_that_fails_is_told_and_stays_a_problem(computer: Computer) -> None:
    computer.write(computer.config, b"\xef\xbb\xbf" + CONFIG.encode())
    with (computer.aws / "config.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = computer.online().installed("-p", "x", "--fix")
    assert done.returncode == 10
    assert "has been locked by another program" in done.stderr
    assert "begins with a byte order mark" in done.stdout


def in_a_namespace(computer: Computer, mounting: str) -> subprocess.CompletedProcess[str]:
    namespace = in_a_mount_namespace()
    assert namespace, "nothing may be mounted here"
    return subprocess.run(
        [*namespace, "sh", "-ec", f'{mounting}\nexec "$0" doctor -p x', str(SAMLAUTH)],
        env=computer.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@MOUNTS
def test_a_file_that_is_mounted_by_itself(computer: Computer, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copy2(computer.credentials, outside)
    done = in_a_namespace(computer.online(), f"mount --bind {outside} {computer.credentials}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"note     {computer.credentials} is mounted by itself" in done.stdout
    assert f"-v ~/.aws:{computer.aws}" in done.stdout


@MOUNTS
def test_a_folder_that_is_read_only(computer: Computer) -> None:
    folder = computer.aws
    mounting = f"mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}"
    done = in_a_namespace(computer.online(), mounting)
    assert done.returncode == 10, done.stdout + done.stderr
    assert f"No new file can be made beside {computer.credentials}" in done.stdout


@MOUNTS
def test_a_disk_that_is_full(computer: Computer) -> None:
    mounting = f"mount -t tmpfs -o size=100k,mode=700 tmpfs {computer.aws}"
    done = in_a_namespace(computer.online(), mounting)
    assert done.returncode == 10, done.stdout + done.stderr
    assert f"The disk of {computer.aws} is full" in done.stdout


# Network


@pytest.mark.parametrize(
    ("ahead", "code", "said"),
    [
        (600, 9, "10 min slow"),
        (-7200, 9, "2 h fast"),
        (60, 0, "1 min slow"),
    ],
)
def test_a_clock_that_is_wrong(ahead: float, code: int, said: str, computer: Computer) -> None:
    for name in (GOOGLE, STS):
        computer.host(name, told(ahead + (3 if ahead > 0 else -3)))  # the test takes its time
    report = computer.run()
    found = (report.problems if code else report.notes)["clock"]
    assert f"The clock of this computer is {said}, by that of {GOOGLE} and {STS}." in found
    assert "timedatectl set-ntp true" in found
    assert report.code == code


def test_a_clock_of_theirs_that_is_wrong(computer: Computer) -> None:
    computer.host(GOOGLE, told(-600))
    computer.host(STS, told())
    found = computer.run().one("clock", 9)
    assert re.search(rf"clock of {GOOGLE} is (10|9) min slow; the others agree", found)


@pytest.mark.parametrize("date", ["", "Date: yesterday", "Date: Thu, 99 Jan 2026 00:00:00 GMT"])
def test_a_host_that_does_not_tell_the_time(date: str, computer: Computer) -> None:
    for name in (GOOGLE, STS):
        computer.host(name, lambda _: response("", 404, *filter(None, [date])))
    report = computer.run()
    assert report.code == 0
    assert "clock" in report.of("skipped")


def test_a_certificate_of_a_company(computer: Computer) -> None:
    company = trustme.CA(organization_name="Snooping Proxies Inc")
    computer.host(GOOGLE, told(), company.issue_cert(GOOGLE))
    computer.host(STS, told())
    found = computer.run().one("host", 9)
    assert f"The certificate of {GOOGLE} is not trusted" in found
    assert "Snooping Proxies Inc" in found
    assert "--ca-bundle" in found


def test_a_ca_bundle_that_is_none(computer: Computer) -> None:
    computer.write(computer.home / "empty.pem", "")
    found = computer.online().run(AWS_CA_BUNDLE=str(computer.home / "empty.pem"))
    assert "holds no certificate" in found.one("connection", 3)


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_a_dead_proxy_is_one_finding(computer: Computer) -> None:
    dead = f"127.0.0.1:{closed_port()}"
    report = computer.online().run(HTTPS_PROXY=f"http://ada:hunter4@{dead}")
    found = report.one("proxy", 9)
    assert f"The proxy {dead} (HTTPS_PROXY) cannot be reached: connection refused." in found
    assert list(report.of("skipped")) == ["host", "clock"]


def test_a_proxy_of_an_unknown_kind(computer: Computer) -> None:
    found = computer.online().run(HTTPS_PROXY="socks5://127.0.0.1:1").one("connection", 3)
    assert "HTTPS_PROXY names a socks5 proxy" in found


def test_a_proxy_that_wants_a_password(computer: Computer) -> None:
    with Proxy({}, response("", 407)) as proxy:
        report = computer.run(HTTPS_PROXY=proxy.url)
    assert "wants a user name and password" in report.one("host", 9)


def test_no_network_is_one_finding(computer: Computer) -> None:
    """What is behind the proxy's back is not reachable either: both hosts are on closed ports."""
    computer.write(
        computer.config,
        f"[profile x]\nregion = eu-west-1\nsamlauth.adfs_host = localhost:{closed_port()}\n",
    )
    started = time.monotonic()
    report = computer.run(NO_PROXY="*", AWS_ENDPOINT_URL_STS=f"https://localhost:{closed_port()}")
    assert time.monotonic() - started < 10
    found = report.one("host", 9)
    assert found.startswith("The network is not reachable: none of localhost:")
    assert [row["check"] for row in report.rows].count("host") == 1


def test_hosts_and_a_keyring_that_never_answer_take_less_than_ten_seconds(
    computer: Computer,
) -> None:
    def wait_for_the_end(sock: socket.socket) -> None:
        while sock.recv(1):
            pass

    def silent(_: Received) -> Reply:
        return wait_for_the_end

    for name in (GOOGLE, STS):
        computer.host(name, silent)
    started = time.monotonic()
    with secret_service.hanging() as bus:
        done = computer.installed(
            "-p", "x",
            PYTHON_KEYRING_BACKEND="keyring.backends.SecretService.Keyring", DISPLAY=":0", **bus,
        )  # fmt: skip
    assert time.monotonic() - started < 10
    assert done.returncode == 9
    assert f"{GOOGLE} did not finish its answer in time" in done.stdout
    assert f"{STS} did not finish its answer in time" in done.stdout
    assert "The keyring cannot be used: it does not answer." in done.stdout


# The profile


def rewrite(computer: Computer, **keys: str) -> None:
    """The profile with these keys, samlauth's own by their short names."""
    lines = (
        f"{name if name in {'region', 'role_arn', 'source_profile'} else f'samlauth.{name}'} = {text}"
        for name, text in keys.items()
    )
    computer.write(computer.config, "[profile x]\n" + "\n".join(lines) + "\n")


IDS = {"idp_id": "C01abc", "sp_id": "000111000111", "region": "eu-west-1"}


@pytest.mark.parametrize(
    ("keys", "check", "said"),
    [
        ({"idp_id": "01abc"}, "ids", "'01abc', which does not begin with C0"),
        ({"sp_id": "C02def"}, "ids", "'C02def', which is no number"),
        ({"idp_id": "12", "sp_id": "C01abc"}, "ids", "have changed places"),
        ({"samlauth.role_arn": "arn:aws:iam::1:role/A"}, "ids", "no ARN of a role"),
        (
            {"samlauth.role_arn": "arn:aws-cn:iam::111111111111:role/A"},
            "region",
            "the partition aws; the role arn:aws-cn:iam::111111111111:role/A is in aws-cn",
        ),
        ({"duration": "a while"}, "settings", "samlauth.duration in [profile x]"),
        ({"idp": "acme"}, "settings", "There is no identity provider acme"),
        ({"base": "nobody"}, "settings", "which is no profile there"),
    ],
)
def test_settings_that_make_no_sense(
    keys: Mapping[str, str], check: str, said: str, computer: Computer
) -> None:
    rewrite(computer, **{**IDS, **{k.removeprefix("samlauth."): v for k, v in keys.items()}})
    if "samlauth.role_arn" in keys:
        text = computer.config.read_text().replace("\nrole_arn", "\nsamlauth.role_arn")
        computer.write(computer.config, text)
    computer.host(STS.replace("eu-west", "us-east"), told())
    computer.host("sts.cn-north-1.amazonaws.com.cn", told())
    assert said in computer.online().run().one(check, 3)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"policy": "/nonexistent"}, "The session policy /nonexistent cannot be read"),
        ({"password_file": "/nonexistent"}, "/nonexistent (--password-file) cannot be read"),
        ({"password_command": "/nonexistent/pass x"}, "pass (--password-command) is not to be"),
        ({"code_command": "'oathtool"}, "--code-command names no command"),
    ],
)
def test_what_a_sign_in_could_not_use(
    keys: Mapping[str, str], said: str, computer: Computer
) -> None:
    rewrite(computer, **IDS, **keys)
    assert said in computer.online().run().one("settings", 3)


def test_no_password_is_taken_and_no_program_is_run(computer: Computer, tmp_path: Path) -> None:
    ran, pipe, program = (tmp_path / name for name in ("ran", "pipe", "program"))
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o700)
    os.mkfifo(pipe)  # whoever reads it waits for somebody who writes
    rewrite(computer, **IDS, password_file=str(pipe), code_command=str(program))
    assert computer.online().run().code == 0
    assert not ran.exists()


def test_a_partition_that_is_not_the_roles(computer: Computer) -> None:
    role = "samlauth.role_arn = arn:aws-us-gov:iam::111111111111:role/A\nregion = us-gov-west-1\n"
    adfs = "samlauth.adfs_host = adfs.example.com\nsamlauth.partition = aws-cn\n"
    computer.write(computer.config, f"[profile x]\n{role}{adfs}")
    computer.host("adfs.example.com", told())
    computer.host("sts.us-gov-west-1.amazonaws.com", told())
    found = computer.run().one("region", 3)
    assert "is aws-cn, and the role" in found
    assert "samlauth -p x --partition aws-us-gov" in found


def test_another_tools_senseless_value_is_noted(computer: Computer) -> None:
    computer.write(computer.config, CONFIG + "google_config.duration = a while\n")
    report = computer.online().run()
    assert report.code == 0
    assert "google_config.duration" in report.notes["settings"]


def test_a_profile_that_is_not_there_is_noted(computer: Computer) -> None:
    computer.host("sts.us-east-1.amazonaws.com", told())
    report = computer.run("y")
    assert report.code == 0
    assert "samlauth configure -p y" in report.notes["settings"]


def test_a_chain_is_looked_at_from_its_source(computer: Computer) -> None:
    rewrite(computer, role_arn=ROLE, source_profile="main", region="eu-west-1")
    computer.host(STS, told())
    report = computer.run()
    assert report.code == 0
    assert "samlauth doctor -p main" in report.notes["settings"]


def test_keys_that_hide_the_credential_process(computer: Computer) -> None:
    process = 'credential_process = "/usr/bin/samlauth" credential-process -p x\n'
    computer.write(computer.config, CONFIG + process)
    found = computer.online().run().one("shadowed", 3)
    assert "never ask the credential_process" in found
    assert "samlauth configure process -p x does" in found
    computer.write(computer.config, CONFIG + "credential_process = /usr/bin/other\n")
    assert "remove" in computer.run().one("shadowed", 3).lower()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (f"role_arn = {ROLE}", "(role_arn)"),
        ("sso_session = work", "IAM Identity Center"),
        ("web_identity_token_file = /token", "web identity"),
        ("login_session = work", "its login_session"),
    ],
)
def test_keys_that_hide_what_is_written(key: str, said: str, computer: Computer) -> None:
    computer.write(computer.config, f"{CONFIG}{key}\n")
    assert said in computer.online().run().one("shadowed", 3)


def test_long_lived_keys_are_found(computer: Computer) -> None:
    computer.write(computer.credentials, CREDENTIALS.replace("ASIA1", "AKIA1"))
    assert "long-lived keys" in computer.online().run().one("shadowed", 3)


def test_variables_that_hide_the_profile(computer: Computer) -> None:
    computer.online()
    report = computer.run(AWS_ACCESS_KEY_ID="AKIA9", AWS_SECRET_ACCESS_KEY="hunter9")
    found = report.one("shadowed", 3)
    assert "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY" in found
    report = computer.run(AWS_WEB_IDENTITY_TOKEN_FILE="/token", AWS_ROLE_ARN=ROLE)
    found = report.one("shadowed", 3)
    assert "unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN" in found


def test_another_profile_in_the_environment_is_noted(computer: Computer) -> None:
    report = computer.online().run(AWS_PROFILE="other", AWS_SESSION_TOKEN="hunter9")
    assert report.code == 0
    assert "AWS_PROFILE is other, not x." in report.notes["shadowed"]
    assert "export AWS_PROFILE=x" in report.notes["shadowed"]
    assert "unset AWS_SESSION_TOKEN" in report.notes["shadowed"]
    assert "shadowed" not in computer.run(AWS_PROFILE="x").notes


# This computer


def test_no_browser_is_a_problem_only_for_who_signs_in_with_one(
    computer: Computer, tmp_path: Path
) -> None:
    missing = str(tmp_path / "none")
    rewrite(computer, **IDS, browser_path=missing)
    found = computer.online().run().one("browser", 3)
    assert f"The browser {missing} (--browser-path) is not there." in found


def test_no_keyring_is_a_problem_only_for_whom_it_is_to_keep_something(computer: Computer) -> None:
    assert "keyring" in computer.online().run().notes
    rewrite(computer, **IDS, keyring="true")
    found = computer.run().one("keyring", 10)
    assert "it is set to keep nothing" in found
    assert "--keyring needs one" in found


def test_plugins_are_listed_and_not_loaded(computer: Computer, tmp_path: Path) -> None:
    info = tmp_path / "site" / "acme-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[samlauth.identity_providers]\nacme = no_such_module\n")
    done = computer.online().installed("-p", "x", PYTHONPATH=str(tmp_path / "site"))
    assert "plugins acme (acme 1.2)" in done.stdout
    rewrite(computer, idp="acme", region="eu-west-1")
    done = computer.installed("-p", "x", PYTHONPATH=str(tmp_path / "site"))
    assert done.returncode == 3
    assert "The identity provider acme, from acme 1.2, does not work" in done.stdout


def test_without_settings_what_can_be_is_still_found(computer: Computer) -> None:
    rewrite(computer, duration="a while")
    computer.host("sts.us-east-1.amazonaws.com", told())
    computer.credentials.chmod(0o644)
    report = computer.run()
    assert (report.code, list(report.problems)) == (10, ["settings", "mode"])
    assert list(report.of("skipped")) == ["ids", "region", "shadowed"]
    assert report.of("ok")["clock"] == "clock"


def test_a_region_that_cannot_be_leaves_the_other_host(computer: Computer) -> None:
    rewrite(computer, **{**IDS, "region": "eu west"})
    report = computer.online().run()
    assert "There is no STS endpoint at eu west" in report.one("connection", 3)
    assert "'eu west', which is not the shape of a region" in report.notes["region"]
    assert GOOGLE in report.of("ok")["host"]


@pytest.mark.parametrize("order", ["{0},{1}", "{1}, {0}"])
def test_a_role_with_its_identity_provider_is_one(order: str, computer: Computer) -> None:
    pair = order.format(ROLE, "arn:aws:iam::111111111111:saml-provider/Google")
    computer.write(computer.config, f"{CONFIG}samlauth.role_arn = {pair}\n")
    assert computer.online().run().problems == {}
    computer.write(computer.config, f"{CONFIG}samlauth.role_arn = Admin\n")
    assert computer.run().problems == {}


# As people see it


def test_what_a_person_sees(computer: Computer) -> None:
    computer.online().credentials.chmod(0o644)
    done = computer.installed("-p", "x")
    assert done.returncode == 10
    lines = done.stdout.splitlines()
    headings = [line for line in lines if not line.startswith(" ")]
    assert headings == ["Profile x", "Files", "Network", "This computer"]
    at = lines.index(f"  problem  Others can read {computer.credentials} (mode 644).")
    assert lines[at + 1 : at + 3] == [
        "           It holds credentials.",
        f"           Fix: chmod 600 {computer.credentials}",
    ]
    assert "  ok       settings, ids, region, nothing hides it" in lines
    assert done.stderr == "1 problem. samlauth doctor --fix puts 1 of them right.\n"
    done = computer.installed("-p", "x", "--fix")
    assert (done.returncode, done.stderr) == (0, "Nothing is wrong.\n")
    assert f"  fixed    Others can read {computer.credentials} (mode 644)." in done.stdout
    done = computer.installed("-p", "x")
    assert (done.returncode, done.stderr) == (0, "Nothing is wrong.\n")


def test_names_from_outside_cannot_move_the_cursor(computer: Computer) -> None:
    computer.write(computer.config, CONFIG + "[a\x1b[2J]\n[a\x1b[2J]\n")
    company = trustme.CA(organization_name="Evil\x1b[2J\u202eCA")
    computer.online().host(STS, told(), company.issue_cert(STS))
    done = computer.installed("-p", "x", AWS_PROFILE="\x1b[2J")
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
