"""Profiles of other tools sign in as they are, by ``samlauth -p PROFILE`` alone.

aws-google-auth and aws-adfs write theirs in the test itself, from PyPI; those of gsts and saml2aws
are files of their documented form.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from filelock import FileLock

from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.web import Application, Request, Response
from tests.e2e.stage import MakeStage, Run, Stage
from tests.e2e.test_clients import missing

ROOT = Path(__file__).parents[2]
# setuptools: aws-google-auth imports distutils, which Python has no more.
REQUIREMENTS = ("aws-google-auth==0.0.38", "aws-adfs==2.13.0", "setuptools<81")


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of their programs, in a virtual environment that is kept from run to run."""
    folder = ROOT / ".venv-peers"
    installed = folder / ".installed"
    wanted = " ".join((sys.version, *REQUIREMENTS))
    with FileLock(tmp_path_factory.getbasetemp().parent / "peers.lock"):
        if not installed.exists() or installed.read_text() != wanted:
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(folder)],
                [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS],
            ):
                done = subprocess.run(command, capture_output=True, text=True, timeout=300)
                if done.returncode != 0:
                    missing(f"aws-google-auth and aws-adfs, which pip could not get: {done.stderr}")
            installed.write_text(wanted)
    return folder / "bin"


class Lenient:
    """An ADFS that takes the password at its first address, too, as the real one does.

    aws-adfs asks for no page before it sends its form; no browser could do that, and the rehearsal
    takes nothing that no browser would send.
    """

    def __init__(self, adfs: Application) -> None:
        self._adfs = adfs
        self.visited_by_peer = False

    def __call__(self, request: Request) -> Response:
        if not self.visited_by_peer or request.method != "POST":
            return self._adfs(request)
        page = self._adfs(self._as(request, "GET", request.target, b""))
        given = dict(request.form)
        if "Password" not in given:
            return page
        html = page.body.decode()
        action = re.search(r'<form[^>]* action="([^"]+)"', html)
        assert action is not None
        hidden = re.findall(
            r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', html
        )
        body = urlencode({**dict(hidden), **given}).encode()
        target = "/" + unescape(action[1]).partition("://")[2].partition("/")[2]
        if action[1].startswith("/"):
            target = unescape(action[1])
        cookies = [value.partition(";")[0] for name, value in page.headers if name == "Set-Cookie"]
        return self._adfs(self._as(request, "POST", target, body, cookies))

    @staticmethod
    def _as(
        request: Request, method: str, target: str, body: bytes, cookies: list[str] | None = None
    ) -> Request:
        headers = Message()
        headers["Host"] = request.host
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if cookies:
            headers["Cookie"] = "; ".join(cookies)
        return Request(method, request.host, target, headers, body)


def add_comment(stage: Stage) -> str:
    """What the peer wrote, and a comment, which it would not have left there."""
    config = stage.aws / "config"
    config.write_text("# mine\n" + config.read_text())
    return config.read_text()


def test_a_profile_that_aws_google_auth_wrote(make_stage: MakeStage, peers: Path) -> None:
    stage = make_stage(mfa="none", roles=2)
    idp = stage.rehearsal
    ids = ("-u", idp.username, "-I", idp.idp_id, "-S", idp.sp_id)
    handed = stage.piped("assertion", *ids, stdin=f"{idp.password}\n")
    assert handed.returncode == 0, handed.stderr
    # Its own way through Google's pages ends at the first relative address; a response is taken.
    theirs = [peers / "aws-google-auth", *ids, "-R", "eu-west-1", "-p", "theirs", "-d", "3600"]
    theirs += ["--no-cache", "--saml-assertion", handed.stdout.strip()]
    run = Run(stage, [str(word) for word in theirs], stage.environ({}))
    run.choose(1)
    assert run.end() == 0
    old = stage.profile("theirs")["aws_access_key_id"]
    text = add_comment(stage)
    assert "google_config.bg_response = None\n" in text
    run = stage.start("-p", "theirs")
    run.answer_password()
    assert run.end() == 0, run.printed
    assert_signed_in(stage, "theirs", text, old)


def test_a_profile_that_aws_adfs_wrote(peers: Path) -> None:
    rehearsal = Rehearsal(idp="adfs", roles=2)
    adfs = Lenient(rehearsal.adfs)
    rehearsal.hosts[rehearsal.adfs_host] = adfs
    with rehearsal:
        stage = Stage(rehearsal)
        adfs.visited_by_peer = True
        login = [peers / "aws-adfs", "login", "--adfs-host", rehearsal.adfs_host]
        login += ["--profile", "theirs", "--region", "eu-west-1"]
        run = Run(stage, [str(word) for word in login], stage.environ({}))
        run.expect("Username: ")
        run.type(rehearsal.username)
        run.expect("Password: ")
        run.terminal.waitnoecho(20)
        run.type(rehearsal.password)
        run.expect("Selection")
        run.type("0")
        assert run.end() == 0, run.printed
        adfs.visited_by_peer = False
        old = stage.profile("theirs")["aws_access_key_id"]
        text = add_comment(stage)
        assert f"adfs_config.adfs_host = {rehearsal.adfs_host}\n" in text
        assert " = None\n" in text
        run = stage.start("-p", "theirs")
        run.answer_password()
        assert run.end() == 0, run.printed
        assert_signed_in(stage, "theirs", text, old)
    assert rehearsal.violations == []


def test_a_profile_of_gsts(stage: Stage) -> None:
    idp = stage.rehearsal
    role = idp.roles[0].role_arn
    text = (
        "# mine\n[profile theirs]\nregion = eu-west-1\n"
        f"gsts.idp_id = {idp.idp_id}\ngsts.sp_id = {idp.sp_id}\ngsts.role_arn = {role}\n"
        f"google_config.google_username = {idp.username}\n"
    )
    stage.write_config(text)
    stage.sign_in("-p", "theirs", role=None)
    assert_signed_in(stage, "theirs", text)


def test_a_profile_whose_credential_process_is_gsts(stage: Stage) -> None:
    idp = stage.rehearsal
    line = (
        f"gsts --idp-id={idp.idp_id} --sp-id {idp.sp_id} --username {idp.username} "
        f"--aws-role-arn={idp.roles[0].role_arn}"
    )
    stage.write_config(
        f"# mine\n[profile theirs]\nregion = eu-west-1\ncredential_process = {line}\n"
    )
    done = stage.piped("-p", "theirs")
    assert done.returncode == 3, "its keys would be hidden"
    done = stage.piped("configure", "process", "-p", "theirs")
    assert (done.returncode, done.stdout) == (0, "")
    stage.sign_in("-p", "theirs", role=None)
    served = stage.piped("credential-process", "-p", "theirs")
    assert (served.returncode, served.stderr) == (0, "")
    assert (stage.aws / "config").read_text().startswith("# mine\n[profile theirs]\n")


def test_a_person_says_yes_once_and_it_is_ours(stage: Stage) -> None:
    idp = stage.rehearsal
    line = f"gsts --idp-id={idp.idp_id} --sp-id {idp.sp_id} --aws-role-arn={idp.roles[0].role_arn}"
    stage.write_config(
        f"# mine\n[profile theirs]\nsamlauth.username = {idp.username}\ncredential_process = {line}\n"
    )
    run = stage.start("-p", "theirs")
    run.expect(f"credential_process = {line}")
    run.expect("from samlauth instead? [Y/n] ")
    run.type("n")
    assert run.end() == 3
    assert line in (stage.aws / "config").read_text()
    run = stage.start("-p", "theirs")
    run.expect("from samlauth instead? [Y/n] ")
    run.type("")
    run.answer_password()
    run.answer_code()
    assert run.end() == 0, run.printed
    assert stage.profile("theirs") == {}
    served = stage.piped("credential-process", "-p", "theirs")
    assert (served.returncode, served.stderr) == (0, "")


def test_what_an_administrator_and_a_base_profile_say_is_used_and_not_copied(stage: Stage) -> None:
    idp = stage.rehearsal
    shared = idp.folder / "shared"
    shared.write_text(
        f"[samlauth]\nidp_id = {idp.idp_id}\nsp_id = {idp.sp_id}\nrole_arn = nobody-s\n"
        "[profile theirs]\nread_only = true\n"
    )
    base = (
        f"[profile company]\nsamlauth.username = {idp.username}\n"
        f"samlauth.role_arn = {idp.roles[0].role_arn}\n"
    )
    stage.write_config(f"{base}[profile theirs]\nsamlauth.base = company\n")
    run = stage.start("-p", "theirs", SAMLAUTH_CONFIG=str(shared))
    run.answer_password()
    run.answer_code()
    assert run.end() == 0, run.printed
    assert stage.config("theirs") == {"samlauth.base": "company"}
    assert idp.sts.calls[0].policy_arns == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert stage.profile("theirs")["aws_access_key_id"].startswith("ASIA")
    shared.chmod(0o666)
    refused = stage.piped("-p", "theirs", SAMLAUTH_CONFIG=str(shared))
    assert refused.returncode == 3
    assert str(shared) in refused.stderr


@pytest.fixture
def accounts(make_stage: MakeStage) -> Iterator[Stage]:
    """A stage of ADFS, with an account of saml2aws and nothing else."""
    stage = make_stage(idp="adfs", roles=2)
    path = stage.rehearsal.home / ".saml2aws"
    path.write_text(
        "[default]\nname                 = default\napp_id               =\n"
        f"url                  = https://{stage.rehearsal.adfs_host}\n"
        f"username             = {stage.rehearsal.username}\nprovider             = ADFS\n"
        "mfa                  = Auto\nskip_verify          = false\ntimeout              = 0\n"
        "aws_urn              = urn:amazon:webservices\naws_session_duration = 3600\n"
        f"aws_profile          = saml\nrole_arn             = {stage.rehearsal.roles[1].role_arn}\n"
    )
    before = path.read_bytes()
    yield stage
    assert path.read_bytes() == before


def test_an_account_of_saml2aws_for_adfs(accounts: Stage) -> None:
    run = accounts.start("-p", "saml")
    run.answer_password()
    assert run.end() == 0, run.printed
    assert accounts.config("saml") == {"samlauth.role_arn": accounts.rehearsal.roles[1].role_arn}
    assert_signed_in(accounts, "saml", "")


def test_an_account_of_saml2aws_for_google(stage: Stage) -> None:
    idp = stage.rehearsal
    (idp.home / ".saml2aws").write_text(
        "[default]\n"
        f"url = https://accounts.google.com/o/saml2/initsso?idpid={idp.idp_id}&spid={idp.sp_id}&forceauthn=false\n"
        f"username = {idp.username}\nprovider = GoogleApps\nmfa = Auto\naws_profile = work\n"
    )
    stage.sign_in("-p", "work")
    assert_signed_in(stage, "work", "")


def test_what_was_imported_signs_in_when_their_file_is_gone(accounts: Stage) -> None:
    done = accounts.piped("import")
    assert done.returncode == 0, done.stderr
    path = accounts.rehearsal.home / ".saml2aws"
    content = path.read_bytes()
    path.unlink()
    run = accounts.start("-p", "saml")
    run.answer_password()
    assert run.end() == 0, run.printed
    path.write_bytes(content)
    assert_signed_in(accounts, "saml", "")


def assert_signed_in(stage: Stage, profile: str, text: str, old: str = "") -> None:
    """The profile has new keys, and every line that was in the config file is still there."""
    keys = stage.profile(profile)
    assert keys["aws_session_token"]
    assert keys["aws_access_key_id"] != old
    now = (stage.aws / "config").read_text().splitlines()
    lines = iter(now)
    assert all(line in lines for line in text.splitlines()), "each, in the same order"
