"""Passwords, codes and sessions that are kept, through the installed command and a real keyring."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.stage import MakeStage, Run, Stage
from tests.e2e.test_secrets_stay import files_under, found
from tests.effects import secret_service
from tests.effects.secret_service import SecretService

GOOGLE = "https://accounts.google.com"
BACKEND = "keyring.backends.SecretService.Keyring"


@pytest.fixture
def service() -> Iterator[SecretService]:
    with secret_service.running() as running:
        yield running


def using(environ: Mapping[str, str]) -> dict[str, str]:
    return {**environ, "PYTHON_KEYRING_BACKEND": BACKEND}


@pytest.fixture
def ring(service: SecretService) -> dict[str, str]:
    """The environment of somebody who has a keyring."""
    return using(service.environ)


@pytest.fixture
def password_file(tmp_path: Path) -> Callable[[str], str]:
    def write(password: str) -> str:
        path = tmp_path / "password"
        path.write_text(f"{password}\n")
        path.chmod(0o600)
        return str(path)

    return write


def passwords(stage: Stage) -> Mapping[str, int]:
    """How often each was posted."""
    return stage.rehearsal.provider.passwords


def entry(stage: Stage, origin: str = GOOGLE) -> tuple[str, str]:
    return "samlauth", f"{stage.rehearsal.username} at {origin}"


def assert_no_secret_is_kept(stage: Stage, *more: str) -> None:
    """None of them is in a file in the clear but AWS's own in the credentials file."""
    written = stage.profile()
    rehearsal = stage.rehearsal
    secrets = {
        "password": rehearsal.password,
        "authenticator": rehearsal.authenticator.secret,
        "secret key": written.get("aws_secret_access_key", "none is written"),
        **{f"cookie {n}": value for n, value in enumerate(rehearsal.provider.handed_out)},
        **{f"more {n}": value for n, value in enumerate(more)},
    }
    kept = {
        str(path.relative_to(rehearsal.folder)): found(secrets, path.read_text("utf-8", "replace"))
        for path in files_under(rehearsal.folder)
        if path.name != "rehearsal-code"
    }
    kept = {
        name: [
            secret for secret in held if name != "home/.aws/credentials" or secret != "secret key"
        ]
        for name, held in kept.items()
    }
    assert [name for name, secrets_in_it in kept.items() if secrets_in_it] == []
    assert found(secrets, "".join(stage.outputs)) == []


def test_a_password_is_typed_once(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    run = stage.start(*stage.main_job, "-k", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert service.items() == {entry(stage): stage.rehearsal.password}
    again = stage.piped("-p", "sts-temp", "--force", **ring)
    assert again.returncode == 0, again.stderr
    assert passwords(stage) == {stage.rehearsal.password: 2}
    assert_no_secret_is_kept(stage)


QUESTION = "Keep the password in the keyring, for the next sign-in? [y/N/never] "


def test_a_password_is_kept_by_whoever_says_yes(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    run = stage.start(*stage.main_job, **ring)
    run.answer_password("not it")
    run.answer_password()
    run.expect(QUESTION)
    assert stage.profile() != {}
    run.type("ja")
    run.expect("Type y, n or never.")
    run.type("y")
    assert run.end() == 0, run.printed
    assert service.items() == {entry(stage): stage.rehearsal.password}
    assert stage.config()["samlauth.keyring"] == "true"
    again = stage.piped("-p", "sts-temp", "--force", **ring)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("answer", ["never", ""])
def test_a_no_is_remembered(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str], answer: str
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    run = stage.start(*stage.main_job, **ring)
    run.answer_password()
    run.expect(QUESTION)
    run.type(answer)
    assert run.end() == 0, run.printed
    run = stage.start("-p", "sts-temp", "--force", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert QUESTION not in run.printed
    assert service.items() == {}
    assert "samlauth.keyring" not in stage.config()


@pytest.mark.parametrize("arguments", [["-q"], ["--no-keyring"], ["--no-write", "--verify"]])
def test_it_is_not_offered_to_who_wants_no_question(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str], arguments: list[str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    run = stage.start(*stage.main_job, *arguments, **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert QUESTION not in run.printed
    assert service.items() == {}


@pytest.mark.parametrize("backend", [BACKEND, "keyring.backends.null.Keyring"])
def test_it_is_not_offered_where_no_keyring_would_take_it(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str], backend: str
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    service.lock()
    run = stage.start(*stage.main_job, **{**ring, "PYTHON_KEYRING_BACKEND": backend})
    run.answer_password()
    assert run.end() == 0, run.printed
    assert "eyring" not in run.printed


def test_one_that_is_refused_is_removed_and_sent_by_nobody_again(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    service.keep("aws-google-auth", stage.rehearsal.username, "older-canary\n")
    service.keep(*entry(stage), "stale-canary")
    run = stage.start(*stage.main_job, "-k", **ring)
    run.expect("refused, and has been removed")
    run.expect("Google Password: ")
    run.terminal.sendintr()
    assert run.end() == 130
    alone = stage.piped(*stage.main_job, "-k", **ring)
    assert alone.returncode == 6
    assert passwords(stage) == {"stale-canary": 1}
    run = stage.start(*stage.main_job, "-k", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert service.items() == {
        ("aws-google-auth", stage.rehearsal.username): "older-canary\n",
        entry(stage): stage.rehearsal.password,
    }
    assert passwords(stage) == {"stale-canary": 1, stage.rehearsal.password: 1}
    assert_no_secret_is_kept(stage, "stale-canary", "older-canary")


def test_logins_that_start_together_send_a_wrong_one_once(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    service.keep(*entry(stage), "stale-canary")
    runs = [stage.start(*stage.main_job[:-1], name, "-k", **ring) for name in "abcd"]
    for run in runs:
        run.expect("Google Password: ")
    for run in runs:
        run.terminal.waitnoecho(20)
        run.type(stage.rehearsal.password)
        assert run.end() == 0, run.printed
    assert passwords(stage) == {"stale-canary": 1, stage.rehearsal.password: 4}


def test_the_password_of_aws_google_auth_is_taken(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    rehearsal = stage.rehearsal
    service.keep("aws-google-auth", rehearsal.username, f"{rehearsal.password}\n")
    done = stage.piped(*stage.main_job, "-k", **ring)
    assert done.returncode == 0, done.stderr
    assert service.items() == {("aws-google-auth", rehearsal.username): f"{rehearsal.password}\n"}


def test_a_locked_keyring_costs_a_sentence(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    service.lock()
    run = stage.start(*stage.main_job, "-k", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert run.printed.count("The keyring cannot be used (it is locked)") == 1


def test_a_keyring_that_hangs_costs_seconds(make_stage: MakeStage, service: SecretService) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    with service.stopped():
        run = stage.start(*stage.main_job, "-k", DISPLAY=":0", **using(service.environ))
        started = time.monotonic()
        run.answer_password()
        # Three, and what the command takes to get there.
        assert time.monotonic() - started < 12
        assert run.end() == 0, run.printed
    assert "does not answer" in run.printed


def test_so_does_a_bus_that_hangs(make_stage: MakeStage) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    with secret_service.hanging() as environ:
        run = stage.start(*stage.main_job, "-k", **using(environ))
        run.answer_password()
        assert run.end() == 0, run.printed
    assert run.printed.count("The keyring cannot be used") == 1


def test_a_password_file_needs_no_terminal(
    make_stage: MakeStage, password_file: Callable[[str], str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    path = password_file(stage.rehearsal.password)
    done = stage.piped(*stage.main_job, "--password-file", path)
    assert done.returncode == 0, done.stderr
    assert stage.config()["samlauth.password_file"] == path
    assert_no_secret_is_kept(stage)


def test_one_that_others_can_read_is_refused_before_anything_is_sent(
    make_stage: MakeStage, password_file: Callable[[str], str]
) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    path = password_file(stage.rehearsal.password)
    Path(path).chmod(0o644)
    done = stage.piped(*stage.main_job, "--password-file", path)
    assert done.returncode == 3
    assert "chmod 600" in done.stderr
    assert stage.rehearsal.proxy_log == []


def test_standard_input_may_have_the_name_first(make_stage: MakeStage) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    arguments = [word for word in stage.main_job if word not in {"-u", stage.rehearsal.username}]
    lines = f"{stage.rehearsal.username}\n{stage.rehearsal.password}\n"
    done = stage.piped(*arguments, "--stdin", stdin=lines)
    assert done.returncode == 0, done.stderr
    assert passwords(stage) == {stage.rehearsal.password: 1}


def test_a_lone_password_is_not_sent_as_a_name(make_stage: MakeStage) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    arguments = [word for word in stage.main_job if word not in {"-u", stage.rehearsal.username}]
    done = stage.piped(*arguments, stdin=f"{stage.rehearsal.password}\n")
    assert done.returncode == 6
    assert "-u" in done.stderr
    assert stage.rehearsal.proxy_log == []


def add_secret(stage: Stage, secret: str, ring: dict[str, str], profile: str = "sts-temp") -> Run:
    run = stage.start("totp", "add", "-p", profile, **ring)
    run.expect("Secret (base32)")
    run.terminal.waitnoecho(20)
    run.type(secret)
    return run


@pytest.mark.parametrize(("idp", "mfa"), [("google", "totp"), ("adfs", "defender")])
def test_codes_are_made_of_a_secret(
    make_stage: MakeStage,
    service: SecretService,
    ring: dict[str, str],
    password_file: Callable[[str], str],
    idp: str,
    mfa: str,
) -> None:
    stage = make_stage(idp=idp, mfa=mfa, roles=1)
    rehearsal = stage.rehearsal
    # Of another profile, so that the first login of this one has codes that nobody used.
    stage.write_config(profile_of(stage))
    run = add_secret(stage, rehearsal.authenticator.secret, ring)
    assert run.end() == 0, run.printed
    assert "whoever gets at this computer" in run.printed
    assert rehearsal.authenticator.secret not in run.printed
    [(where, what)] = service.items().items()
    assert where[0] == "samlauth"
    assert rehearsal.username in where[1]
    assert rehearsal.authenticator.secret in what
    assert stage.config()["samlauth.totp"] == "true"
    path = password_file(rehearsal.password)
    done = stage.piped("-p", "sts-temp", "--password-file", path, "-l", "debug", **ring)
    assert done.returncode == 0, done.stderr
    assert rehearsal.provider.codes.total() == 1
    assert_no_secret_is_kept(stage, *rehearsal.provider.codes)

    removed = stage.piped("totp", "remove", "-p", "sts-temp", **ring)
    assert removed.returncode == 0, removed.stderr
    assert service.items() == {}
    assert "samlauth.totp" not in stage.config()
    asked = stage.piped("-p", "sts-temp", "--force", **ring)
    assert asked.returncode == 6
    assert rehearsal.provider.codes.total() == 1


def profile_of(stage: Stage) -> str:
    """What a login would have written to the profile."""
    lines = ["[profile sts-temp]", f"samlauth.username = {stage.rehearsal.username}"]
    if stage.rehearsal.idp == "adfs":
        lines += [f"samlauth.adfs_host = {stage.rehearsal.adfs_host}"]
    else:
        lines += [
            f"samlauth.idp_id = {stage.rehearsal.idp_id}",
            f"samlauth.sp_id = {stage.rehearsal.sp_id}",
        ]
    return "\n".join([*lines, ""])


def test_a_secret_that_is_none_is_not_kept_or_shown(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", roles=1)
    stage.write_config(profile_of(stage))
    run = add_secret(stage, "canary-0189", ring)
    assert run.end() == 3
    assert "canary-0189" not in run.printed
    assert service.items() == {}
    assert "samlauth.totp" not in stage.config()


def test_a_secret_is_typed_on_a_terminal_and_kept_in_a_keyring(make_stage: MakeStage) -> None:
    stage = make_stage(pages="v3", roles=1)
    unknown = stage.piped("totp", "add", "-p", "sts-temp")
    assert unknown.returncode == 3
    assert "samlauth -p sts-temp" in unknown.stderr
    stage.write_config(profile_of(stage))
    nobody = stage.piped("totp", "add", "-p", "sts-temp", stdin="GEZDGNBVGY3TQOJQ\n")
    assert nobody.returncode == 6
    run = add_secret(stage, "GEZDGNBVGY3TQOJQ", {})  # the rehearsal has no keyring
    assert run.end() == 10
    assert "samlauth.totp" not in stage.config()


@pytest.mark.parametrize(("idp", "mfa"), [("google", "totp"), ("adfs", "oath")])
def test_a_remembered_session_asks_for_nothing(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str], idp: str, mfa: str
) -> None:
    stage = make_stage(idp=idp, mfa=mfa, roles=1)
    provider = stage.rehearsal.provider
    stage.sign_in(*stage.main_job, "--remember-session", "--no-keyring", role=None, **ring)
    [(where, _)] = service.items().items()
    assert where[1].startswith("session key of ")
    folder = stage.aws / "samlauth" / "sessions"
    for _ in range(2):
        again = stage.piped("-p", "sts-temp", "--force", **ring)
        assert again.returncode == 0, again.stderr
    assert (provider.passwords.total(), provider.codes.total()) == (1, 1)
    assert provider.assertions == 3
    assert [path.stat().st_mode & 0o777 for path in files_under(folder)] == [0o600, 0o600]
    assert_no_secret_is_kept(stage)

    other = stage.piped("-p", "sts-temp", "--force", "-u", "bob@example.com", **ring)
    assert other.returncode != 0
    assert provider.assertions == 3

    gone = stage.piped("logout", "-p", "sts-temp", **ring)
    assert gone.returncode == 0, gone.stderr
    assert f"Removed the remembered sign-in of {stage.rehearsal.username} at" in gone.stderr
    assert list(folder.glob("*.session")) == []
    assert service.items() == {}
    asked = stage.piped("-p", "sts-temp", "--force", **ring)
    assert asked.returncode == 6
    assert provider.assertions == 3


def test_a_session_that_may_be_why_a_sign_in_failed_is_forgotten(
    make_stage: MakeStage, service: SecretService, ring: dict[str, str]
) -> None:
    stage = make_stage(idp="adfs", mfa="none", roles=1)
    run = stage.start(*stage.main_job, "--remember-session", "--no-keyring", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    stage.rehearsal.adfs.mfa = "refused-rp"
    refused = stage.piped("-p", "sts-temp", "--force", **ring)
    assert refused.returncode == 4
    assert "The session that was remembered is forgotten" in refused.stderr
    assert list((stage.aws / "samlauth" / "sessions").glob("*.session")) == []
    assert service.items() == {}
    stage.rehearsal.adfs.mfa = "none"
    run = stage.start("-p", "sts-temp", "--force", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    assert len(service.items()) == 1
    assert stage.piped("logout", "--all", **ring).returncode == 0
    assert list((stage.aws / "samlauth" / "sessions").glob("*.session")) == []
    assert service.items() == {}


def test_a_session_is_remembered_only_where_it_was_asked_for(
    make_stage: MakeStage, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", roles=1)
    stage.sign_in(*stage.main_job, "--no-keyring", role=None, **ring)
    assert not (stage.aws / "samlauth" / "sessions").exists()


def test_a_session_of_a_sign_in_that_failed_is_not_remembered(
    make_stage: MakeStage, ring: dict[str, str]
) -> None:
    stage = make_stage(pages="v3", roles=1)
    run = stage.start(*stage.main_job, "--remember-session", "-r", "none-of-mine", **ring)
    run.answer_password()
    run.answer_code()
    assert run.end() == 7
    assert not (stage.aws / "samlauth" / "sessions").exists()


def test_without_a_keyring_a_session_is_not_remembered_and_that_is_said(
    make_stage: MakeStage,
) -> None:
    stage = make_stage(pages="v3", roles=1)
    printed = stage.sign_in(*stage.main_job, "--remember-session", role=None)
    assert "This sign-in is not remembered: there is no keyring" in printed
    assert not (stage.aws / "samlauth" / "sessions").exists()


def test_one_that_the_provider_has_forgotten_is_as_good_as_none(
    make_stage: MakeStage, ring: dict[str, str]
) -> None:
    first = make_stage(pages="v3", roles=1)
    first.sign_in(*first.main_job, "--remember-session", "--no-keyring", role=None, **ring)
    [file] = (first.aws / "samlauth" / "sessions").glob("*.session")
    second = make_stage(pages="v3", roles=1)
    assert second.rehearsal.username == first.rehearsal.username
    folder = second.aws / "samlauth" / "sessions"
    folder.mkdir(mode=0o700, parents=True)
    (folder / file.name).write_bytes(file.read_bytes())
    second.sign_in(*second.main_job, "--remember-session", "--no-keyring", role=None, **ring)
    again = second.piped("-p", "sts-temp", "--force", **ring)
    assert again.returncode == 0, again.stderr
    assert second.rehearsal.google.passwords.total() == 1


def test_an_encrypted_file_asks_for_its_own_password(make_stage: MakeStage) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    ring = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.EncryptedKeyring"}
    run = stage.start(*stage.main_job, "-k", **ring)
    run.answer_password()
    for question in ("set a password for your new keyring: ", "confirm the password: "):
        run.expect(question)
        run.terminal.waitnoecho(20)
        run.type("its-own-canary")
    assert run.end() == 0, run.printed

    run = stage.start("-p", "sts-temp", "--force", **ring)
    run.expect("Please enter password for encrypted keyring: ")
    run.terminal.waitnoecho(20)
    run.type("its-own-canary")
    assert run.end() == 0, run.printed

    nobody = stage.piped("-p", "sts-temp", "--force", **ring)
    assert nobody.returncode == 6
    assert "it asks for a password of its own, and there is no terminal" in nobody.stderr
    assert passwords(stage) == {stage.rehearsal.password: 2}
    assert_no_secret_is_kept(stage, "its-own-canary")


def test_a_file_in_the_clear_is_used_by_whoever_names_it(make_stage: MakeStage) -> None:
    stage = make_stage(pages="v3", mfa="none", roles=1)
    ring = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    run = stage.start(*stage.main_job, "-k", **ring)
    run.answer_password()
    assert run.end() == 0, run.printed
    again = stage.piped("-p", "sts-temp", "--force", **ring)
    assert again.returncode == 0, again.stderr
