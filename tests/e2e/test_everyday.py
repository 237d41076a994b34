"""Every day: the credentials reach shells, commands and the browser, and renew themselves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from samlauth.sandbox.rehearsal import Rehearsal
from tests.e2e.stage import SAMLAUTH, MakeStage, Run, Stage

REGION = "eu-west-1'; touch pwned; $(touch pwned) `touch pwned` \\' \"x\" %é\u2019\n!"
"""What an unkind environment calls a region; it is printed among the variables."""


@pytest.fixture
def plain(make_stage: MakeStage) -> Stage:
    """A profile with credentials in the credentials file."""
    stage = make_stage(mfa="none")
    run = stage.start(*stage.main_job)
    run.answer_password()
    run.choose(2)
    assert run.end() == 0, run.printed
    return stage


@pytest.fixture
def process(plain: Stage) -> Stage:
    """The same as a credential_process profile."""
    done = plain.piped("configure", "process", "-p", "sts-temp")
    assert done.returncode == 0, done.stderr
    return plain


def make_old(stage: Stage) -> None:
    """Have the credentials be too old to hand out."""
    state = stage.aws / "samlauth" / "state"
    content = json.loads(state.read_text())
    for issued in content["profiles"].values():
        issued["expiration"] = issued["issued"]
    state.write_text(json.dumps(content))


def variables(output: str) -> dict[str, str]:
    """What ``env -0`` printed."""
    return dict(row.split("=", 1) for row in output.split("\0") if row)


@pytest.mark.parametrize(
    ("shell", "shape", "script"),
    [
        ("bash", "bash", 'printed=$("$@") && eval "$printed" && env -0'),
        ("dash", "bash", 'printed=$("$@") && eval "$printed" && env -0'),
        ("zsh", "bash", 'printed=$("$@") && eval "$printed" && env -0'),
        ("bash", "env-no-export", 'set -a; printed=$("$@") && eval "$printed" && env -0'),
        ("fish", "fish", "$argv | source; and env -0"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "process"])
def test_a_shell_evaluates_what_env_prints(
    shell: str, shape: str, script: str, kind: str, request: pytest.FixtureRequest
) -> None:
    stage: Stage = request.getfixturevalue(kind)
    if shutil.which(shell) is None:
        assert "CI" not in os.environ, f"{shell} has to be installed where everything is tested"
        pytest.skip(f"{shell} is not installed")
    words = [str(SAMLAUTH), "env", "-p", "sts-temp", "--format", shape]
    first = [] if shell == "fish" else ["sh"]
    done = subprocess.run(
        [shell, "-c", script, *first, *words],
        env=stage.environ({"AWS_REGION": REGION, "LC_ALL": "C.UTF-8"}),
        cwd=stage.rehearsal.home,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    got = variables(done.stdout)
    answer = json.loads(stage.piped("credential-process", "-p", "sts-temp").stdout)
    assert got["AWS_ACCESS_KEY_ID"] == answer["AccessKeyId"]
    assert got["AWS_SECRET_ACCESS_KEY"] == answer["SecretAccessKey"]
    assert got["AWS_SESSION_TOKEN"] == answer["SessionToken"]
    assert got["AWS_CREDENTIAL_EXPIRATION"] == answer["Expiration"].replace("Z", "+00:00")
    assert got["AWS_REGION"] == got["AWS_DEFAULT_REGION"] == REGION
    assert not (stage.rehearsal.home / "pwned").exists()


def test_the_formats_that_are_no_shells(plain: Stage) -> None:
    printed = plain.piped("env", "-p", "sts-temp", "--format", "json", "-R", "eu-west-1")
    keys = plain.profile()
    rows = json.loads(printed.stdout)
    assert rows["AWS_ACCESS_KEY_ID"] == keys["aws_access_key_id"]
    assert list(rows) == [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION", "AWS_REGION", "AWS_DEFAULT_REGION",
    ]  # fmt: skip
    printed = plain.piped("env", "-p", "sts-temp", "--format", "process")
    assert printed.stdout == plain.piped("credential-process", "-p", "sts-temp").stdout
    assert json.loads(printed.stdout)["Version"] == 1


def test_the_format_is_the_login_shells_own(plain: Stage) -> None:
    for shell, start in (("/bin/zsh", "export AWS_"), ("/usr/bin/fish", "set -gx AWS_")):
        assert plain.piped("env", "-p", "sts-temp", SHELL=shell).stdout.startswith(start)


def test_what_cannot_be_said_prints_nothing(plain: Stage) -> None:
    done = plain.piped("env", "-p", "sts-temp", "--format", "cmd", AWS_REGION="a%b")
    assert (done.returncode, done.stdout) == (3, "")
    assert "AWS_REGION has the character '%'" in done.stderr


def test_env_signs_in_when_it_has_to(plain: Stage) -> None:
    before = plain.profile()
    make_old(plain)
    script = 'printed=$("$@") && eval "$printed" && echo "id=$AWS_ACCESS_KEY_ID"'
    words = [str(SAMLAUTH), "env", "-p", "sts-temp"]
    run = Run(plain, ["/bin/sh", "-c", script, "sh", *words], plain.environ({"SHELL": "/bin/sh"}))
    run.answer_password()
    assert run.end() == 0
    after = plain.profile()
    assert after["aws_access_key_id"] != before["aws_access_key_id"]
    assert f"id={after['aws_access_key_id']}" in run.printed


def test_without_anybody_to_ask_the_one_command_is_named(plain: Stage) -> None:
    make_old(plain)
    for words in (["env"], ["exec"], ["console", "--print"]):
        end = ["--", "true"] if words == ["exec"] else []
        done = plain.piped(*words, "-p", "sts-temp", *end)
        assert (done.returncode, done.stdout) == (6, ""), words
        assert done.stderr.endswith("Run: samlauth -p sts-temp\n")


@pytest.mark.parametrize("command", ["env", "exec", "credential-process", "console"])
def test_long_lived_keys_are_never_replaced_on_the_way(command: str, plain: Stage) -> None:
    mine = "[sts-temp]\naws_access_key_id = AKIAMINE\naws_secret_access_key = hunter2\n"
    (plain.aws / "credentials").write_text(mine)
    end = ["--", "true"] if command == "exec" else []
    run = plain.start(command, "-p", "sts-temp", *end)
    assert run.end() == 3
    assert "long-lived keys" in run.printed
    assert (plain.aws / "credentials").read_text() == mine


CHILD = """
import json, os, resource, signal, sys
fds = sorted(int(name) for name in os.listdir("/proc/self/fd"))
print(json.dumps({
    "environ": dict(os.environ),
    "fds": [fd for fd in fds if os.path.exists(f"/proc/self/fd/{fd}")],
    "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
    "ignored": open("/proc/self/status").read().split("SigIgn:")[1].split()[0],
    "blocked": open("/proc/self/status").read().split("SigBlk:")[1].split()[0],
    "parent": os.getppid(),
    "stdin": sys.stdin.read(),
}))
sys.exit(7)
"""
LOOK = [sys.executable, "-I", "-c", CHILD]
POLLUTED = {
    "AWS_PROFILE": "sts-temp",
    "AWS_DEFAULT_PROFILE": "other",
    "AWS_ACCESS_KEY_ID": "AKIAOTHER",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_SESSION_TOKEN": "x",
    "AWS_SECURITY_TOKEN": "x",
    "AWS_SESSION_EXPIRATION": "x",
    "AWS_CREDENTIAL_EXPIRATION": "x",
    "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/Other",
    "AWS_ROLE_SESSION_NAME": "x",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/x",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x",
}


def test_exec_is_replaced_by_the_command(plain: Stage) -> None:
    """Exit code, environment, limits, signals, descriptors, standard input and output."""
    script = 'ulimit -Sc 1000; trap "" HUP; exec "$@" 7</dev/null'
    words = [str(SAMLAUTH), "exec", "-p", "sts-temp", "-R", "eu-west-1"]
    with subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *words, "--", *LOOK],
        env=plain.environ({**POLLUTED, "KEEP": "me", "AWS_MAX_ATTEMPTS": "5"}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        out, err = child.communicate("for the command", timeout=60)
    assert (child.returncode, err) == (7, "")
    seen = json.loads(out)
    keys = plain.profile()
    environ = seen["environ"]
    aws = {name: value for name, value in environ.items() if name.startswith("AWS_")}
    expiration = aws.pop("AWS_CREDENTIAL_EXPIRATION")
    assert expiration == f"{keys['aws_session_expiration'][:-2]}:00"
    assert aws == {
        "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"],
        "AWS_SESSION_TOKEN": keys["aws_session_token"],
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "5",
        "AWS_CA_BUNDLE": str(plain.rehearsal.bundle),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert environ["KEEP"] == "me"
    assert seen["parent"] == os.getpid()  # the very process that was started
    assert seen["fds"] == [0, 1, 2, 7]
    assert seen["core"] == 1000 * 512
    # What the outer shell ignored stays so; Python's own SIGPIPE does not. (The child is Python.)
    ignored = int(seen["ignored"], 16)
    assert ignored & 1 << (signal.SIGHUP - 1)
    assert int(seen["blocked"], 16) == 0
    assert seen["stdin"] == "for the command"


def test_exec_leaves_no_signal_ignored(plain: Stage) -> None:
    script = "grep -E '^Sig(Ign|Blk)' /proc/self/status"
    done = plain.piped("exec", "-p", "sts-temp", "--", "sh", "-c", script)
    # Above these are the real-time signals, which Python has no say in: whoever ran us has.
    ours = (1 << signal.SIGRTMIN - 3) - 1
    values = {line.split()[0]: int(line.split()[1], 16) & ours for line in done.stdout.splitlines()}
    assert values == {"SigIgn:": 0, "SigBlk:": 0}


def test_exec_signs_in_first_and_leaks_nothing_of_that(plain: Stage) -> None:
    make_old(plain)
    out = plain.rehearsal.home / "out"
    words = [str(SAMLAUTH), "exec", "-p", "sts-temp", "--", *LOOK]
    script = f'echo mine | "$@" >{out}'
    run = Run(plain, ["/bin/sh", "-c", script, "sh", *words], plain.environ({}))
    run.answer_password()
    assert run.end() == 7
    seen = json.loads(out.read_text())
    assert seen["fds"] == [0, 1, 2]
    assert seen["stdin"] == "mine\n"
    assert seen["environ"]["AWS_ACCESS_KEY_ID"] == plain.profile()["aws_access_key_id"]
    assert plain.rehearsal.password not in out.read_text()


COUNTS = """
import signal, sys, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
print("ready", flush=True)
while not seen:
    signal.pause()
try:
    signal.sigtimedwait([], 0.3)
except InterruptedError:
    pass
print("counted", len(seen), flush=True)
sys.exit(9)
"""


def test_ctrl_c_reaches_the_command_once(plain: Stage) -> None:
    run = plain.start("exec", "-p", "sts-temp", "--", sys.executable, "-c", COUNTS)
    run.expect("ready")
    run.terminal.sendintr()
    run.expect("counted 1")
    assert run.end() == 9


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_command_as_it_would_without_us(
    number: signal.Signals, plain: Stage
) -> None:
    with subprocess.Popen(
        [SAMLAUTH, "exec", "-p", "sts-temp", "--", "sh", "-c", "echo ready; exec sleep 60"],
        env=plain.environ({}),
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        assert child.wait(20) == -number


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["no-such-command"], 127, "no-such-command cannot be run: there is no such command."),
        (["/etc/passwd"], 126, "/etc/passwd cannot be run: you may not execute it."),
        (["/"], 126, "/ cannot be run: it is a folder."),
        ([], 2, "There is no command to run."),
    ],
)
def test_a_command_that_cannot_be_run_is_said_before_anybody_signs_in(
    command: list[str], code: int, said: str, plain: Stage
) -> None:
    make_old(plain)
    run = plain.start("exec", "-p", "sts-temp", "--", *command)
    assert run.end() == code
    assert said in run.printed
    assert "Password" not in run.printed


def test_renew_lets_the_command_ask_for_itself(process: Stage, aws_cli: str) -> None:
    done = process.piped("exec", "-p", "sts-temp", "--renew", "--", "env", "-0", **POLLUTED)
    aws = {n: v for n, v in variables(done.stdout).items() if n.startswith("AWS_")}
    assert aws == {
        "AWS_PROFILE": "sts-temp",
        "AWS_SDK_LOAD_CONFIG": "1",
        "AWS_CA_BUNDLE": str(process.rehearsal.bundle),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    words = ["--", aws_cli, "sts", "get-caller-identity", "--output", "json"]
    done = process.piped("exec", "-p", "sts-temp", "--renew", "-R", "eu-west-1", *words, **POLLUTED)
    role = process.rehearsal.roles[1]
    assert f"assumed-role/{role.name}/" in json.loads(done.stdout)["Arn"]


def test_renew_hands_on_the_role_that_was_meant_for_us(process: Stage) -> None:
    role = process.rehearsal.roles[1].role_arn
    done = process.piped("exec", "-p", "sts-temp", "--renew", "--", "env", "-0", AWS_ROLE_ARN=role)
    assert variables(done.stdout)["AWS_ROLE_ARN"] == role


def test_renew_needs_a_profile_that_renews_itself(plain: Stage) -> None:
    done = plain.piped("exec", "-p", "sts-temp", "--renew", "--", "env")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.endswith("samlauth configure process -p sts-temp\n")


def test_a_profile_becomes_one_that_renews_itself(plain: Stage, aws_cli: str) -> None:
    keys = plain.profile()
    done = plain.piped("configure", "process", "-p", "sts-temp")
    assert (done.returncode, done.stdout) == (0, "")
    assert plain.profile() == {}
    assert plain.config()["credential_process"] == f'"{SAMLAUTH}" credential-process -p sts-temp'
    printed = plain.piped("credential-process", "-p", "sts-temp").stdout
    assert json.loads(printed)["AccessKeyId"] == keys["aws_access_key_id"]
    identity = subprocess.run(
        [aws_cli, "sts", "get-caller-identity", "--profile", "sts-temp", "--output", "json"],
        env=plain.environ({"AWS_REGION": "eu-west-1"}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert f"assumed-role/{plain.rehearsal.roles[1].name}/" in json.loads(identity.stdout)["Arn"]


def test_configure_says_what_there_is(plain: Stage) -> None:
    done = plain.piped("configure", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "samlauth configure process -p NAME" in done.stderr


def test_status_of_both_kinds(process: Stage) -> None:
    contacts = len(process.rehearsal.proxy_log)
    done = process.piped("status", "--json")
    (row,) = json.loads(done.stdout)
    assert (row["source"], row["expired"]) == ("cache", False)
    assert row["role_arn"] == process.rehearsal.roles[1].role_arn
    assert row["username"] == process.rehearsal.username
    for words in (["--short", "-p", "sts-temp"], ["-p", "sts-temp", "--short"]):
        assert process.piped("status", *words).stdout == "sts-temp 11h59m\n"
    assert process.piped("status", "--short", AWS_PROFILE="sts-temp").stdout == "sts-temp 11h59m\n"
    assert process.piped("status", "--short", AWS_PROFILE="other").stdout == ""
    assert process.piped("status", "-p", "other").returncode == 3
    assert len(process.rehearsal.proxy_log) == contacts


def test_roles_are_listed_and_none_is_taken(plain: Stage) -> None:
    before = {path: path.read_bytes() for path in plain.aws.rglob("*") if path.is_file()}
    calls = len(plain.rehearsal.sts.calls)
    out = plain.rehearsal.home / "out"
    words = [str(SAMLAUTH), "roles", "--json", "-p", "sts-temp"]
    run = Run(plain, ["/bin/sh", "-c", f'"$@" >{out}', "sh", *words], plain.environ({}))
    run.answer_password()
    assert run.end() == 0
    rows = json.loads(out.read_text())
    roles = plain.rehearsal.roles
    assert [row["role_arn"] for row in rows] == [role.role_arn for role in roles]
    assert [row["principal_arn"] for row in rows] == [role.principal_arn for role in roles]
    assert [row["account"] for row in rows] == [role.account_id for role in roles]
    assert {row["account_name"] for row in rows} == {"rehearsal-dev", "rehearsal-prod"}
    assert len(plain.rehearsal.sts.calls) == calls
    for name in ("config", "credentials"):
        assert (plain.aws / name).read_bytes() == before[plain.aws / name]
    assert "SAMLResponse" not in run.printed


def test_a_list_of_profiles_is_not_taken_for_passwords(plain: Stage) -> None:
    sent = plain.rehearsal.google.passwords.total()
    done = plain.piped("roles", "-p", "sts-temp", stdin="next-profile\n")
    assert (done.returncode, done.stdout) == (6, "")
    assert "Run it in a terminal: samlauth roles -p sts-temp" in done.stderr
    assert plain.rehearsal.google.passwords.total() == sent
    wanted = plain.piped("roles", "-p", "sts-temp", "--stdin", stdin=plain.rehearsal.password)
    assert wanted.returncode == 0, wanted.stderr


def test_roles_as_a_table_know_the_names_from_last_time(plain: Stage) -> None:
    posts = plain.rehearsal.sign_in.posts
    run = plain.start("roles", "-p", "sts-temp")
    run.answer_password()
    for role in sorted(plain.rehearsal.roles, key=lambda role: role.role_arn):
        run.expect(role.account_id)
        run.expect("rehearsal-")
        run.expect(role.role_arn)
    assert run.end() == 0
    assert plain.rehearsal.sign_in.posts == posts


@pytest.mark.parametrize("kind", ["plain", "process"])
def test_the_console_is_signed_in_to(kind: str, request: pytest.FixtureRequest) -> None:
    stage: Stage = request.getfixturevalue(kind)
    words = ["-p", "sts-temp", "--service", "s3", "-R", "eu-west-1", "--print"]
    done = stage.piped("console", *words, "-l", "debug")
    assert done.returncode == 0
    (url,) = done.stdout.splitlines()
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["SigninToken"][0]
    answer = json.loads(stage.piped("credential-process", "-p", "sts-temp").stdout)
    for secret in (token, answer["SecretAccessKey"], answer["SessionToken"]):
        for form in (secret, urllib.parse.quote(secret, safe="")):
            assert form not in done.stderr
    visit(stage.rehearsal, url)
    assert stage.rehearsal.sign_in.federation.visits == [
        "https://console.aws.amazon.com/s3/home?region=eu-west-1"
    ]


def visit(rehearsal: Rehearsal, url: str) -> None:
    """Go where a browser would, as far as the rehearsal reaches."""
    script = (
        "import http.client, ssl, sys, urllib.parse as u\n"
        "proxy, target = u.urlsplit(sys.argv[1]), u.urlsplit(sys.argv[2])\n"
        "context = ssl.create_default_context(cafile=sys.argv[3])\n"
        "c = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=context, timeout=20)\n"
        "c.set_tunnel(target.hostname, 443)\n"
        "c.request('GET', target.path + '?' + target.query)\n"
        "print(c.getresponse().status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, rehearsal.proxy.url, url, rehearsal.bundle],
        env={},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "302\n"


def test_the_console_is_opened_in_the_browser(plain: Stage) -> None:
    browser = plain.rehearsal.home / "browser"
    browser.write_text(
        f"#!{sys.executable}\n"
        "import http.client, sys, urllib.parse\n"
        "parts = urllib.parse.urlsplit(sys.argv[1])\n"
        "connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)\n"
        "connection.request('GET', parts.path)\n"
        "print(sys.argv[1], connection.getresponse().getheader('Location'),\n"
        "      file=open(sys.argv[0] + '.seen', 'w'))\n"
        "print('noise')\n"
    )
    browser.chmod(0o755)
    done = plain.piped("console", "-p", "sts-temp", BROWSER=str(browser))
    assert (done.returncode, done.stdout) == (0, "")
    assert "Opened https://console.aws.amazon.com/console/home in your browser." in done.stderr
    argument, url = Path(f"{browser}.seen").read_text().split()
    assert argument.startswith("http://127.0.0.1:")  # the secret is nobody's argument
    visit(plain.rehearsal, url)


def test_where_no_browser_can_be_opened_the_address_is_printed(plain: Stage) -> None:
    done = plain.piped("console", "-p", "sts-temp")
    assert done.returncode == 0
    assert done.stdout.startswith("https://signin.aws.amazon.com/federation?Action=login&")
    assert "no browser could be opened here" in done.stderr


def test_a_service_that_cannot_be_is_refused_and_nothing_is_sent(plain: Stage) -> None:
    contacts = len(plain.rehearsal.proxy_log)
    done = plain.piped("console", "-p", "sts-temp", "--service", "../x", "--print")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(plain.rehearsal.proxy_log) == contacts


def test_credentials_that_aws_does_not_take_open_nothing(plain: Stage) -> None:
    secret = plain.profile()["aws_secret_access_key"]
    path = plain.aws / "credentials"
    path.write_text(path.read_text().replace(secret, "x" * len(secret)))
    done = plain.piped("console", "-p", "sts-temp", "--print")
    assert (done.returncode, done.stdout) == (8, "")
    assert "signin.aws.amazon.com gave no access to the console" in done.stderr
