from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from samlauth.commands import rehearse as rehearse_command
from samlauth.commands.rehearse import MFA
from samlauth.sandbox.google.methods import Mfa
from samlauth.sandbox.rehearsal import Rehearsal

DRIVER = """
import sys
from samlauth import cli
sys.exit(cli.guarded(sys.argv[1:]))
"""

SIGN_IN = """
import sys
sys.path.insert(0, {tests!r})
from types import SimpleNamespace
from pathlib import Path
import os, re
from sandbox.browser import Browser
banner = SimpleNamespace(
    bundle=Path(os.environ["SSL_CERT_FILE"]), environ=os.environ,
    idp_id="C01rehearsal", sp_id="000111000111",
)
with Browser(banner) as browser:
    browser.open()
    browser.identify("ada@example.com")
    browser.submit("Passwd", "wrong")
    browser.open("https://accounts.google.com/elsewhere")
    try:
        browser.open("https://example.com/")
    except OSError:
        pass
"""


@pytest.fixture
def outer(tmp_path: Path) -> dict[str, str]:
    """The person's environment: a home of theirs, and an empty folder for temporary files."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}


def rehearse(
    outer: dict[str, str], *words: str, program: str = DRIVER, given: str = ""
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", program, "rehearse", *words],
        env=outer,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert_nothing_left(outer)
    return done


def assert_nothing_left(outer: dict[str, str]) -> None:
    assert list(Path(outer["TMPDIR"]).iterdir()) == []
    assert list(Path(outer["HOME"]).iterdir()) == []


def python(program: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", program)


def test_a_command_runs_in_the_rehearsal(outer: dict[str, str]) -> None:
    outer |= {"AWS_PROFILE": "mine", "SAMLAUTH_IDP_ID": "mine"}
    program = (
        "import os, sys; print(os.environ['HOME'], os.environ['HTTPS_PROXY'],"
        " 'AWS_PROFILE' in os.environ, 'SAMLAUTH_IDP_ID' in os.environ, sys.argv[1:]); sys.exit(7)"
    )
    done = rehearse(
        outer, "google", "--pages", "g2", "--roles", "4", *python(program), "-x", "--", "y"
    )
    home, proxy, *rest = done.stdout.split(maxsplit=4)
    assert home.startswith(outer["TMPDIR"])
    assert proxy.startswith("http://127.0.0.1:")
    assert rest == ["False", "False", "['-x', '--', 'y']\n"]
    assert done.returncode == 7


def test_the_banner_says_what_is_needed(outer: dict[str, str]) -> None:
    done = rehearse(outer, "google", *python("pass"))
    assert done.stdout == ""
    banner = done.stderr
    assert banner.startswith("\nREHEARSAL: nothing here is real.")
    assert re.search(r"^  user      ada@example\.com$", banner, re.M)
    assert re.search(r"^  password  nothing\+real&[0-9a-f]{6}%$", banner, re.M)
    assert len(re.findall(r"^ .{11}\d{6}  until \d\d:\d\d:\d\d$", banner, re.M)) == 6
    assert re.search(r"^ +/.*/bin/rehearsal-code$", banner, re.M)
    assert banner.endswith(
        "\nRehearsal over. Passwords posted: 0, codes: 0, hosts contacted: none.\n"
    )


NEEDED = {
    "totp": r"code      \d{6}  until",
    "sms": r"message   G-\d{6}  once it was sent  \(then \d{6}, \d{6}\)",
    "voice": r"message   G-\d{6}",
    "prompt": r"phone     says yes by itself after 20 seconds.*\n +/.*/bin/rehearsal-phone tap\n",
    "number": r"phone     .*\n +/.*/bin/rehearsal-phone tap NUMBER\n",
    "dp": r"phone     .*\n +/.*/bin/rehearsal-phone tap\n +/.*/bin/rehearsal-phone deny\n",
    "backup": r"codes     \d{8}\n +\d{8}\n +\d{8}\n +Each works once\.",
    "ootp": r"codes     \d{10}\n",
    "skotp": r"codes     \d{7}\n",
    "kpp": r"number    \+447700900123\n",
    "iap": r"number    \+447700900123  \(country GB\)\n  message ",
    "selection": r"code(.|\n)*message(.|\n)*phone(.|\n)*backup(.|\n)*key code(.|\n)*number",
    "captcha": r"captcha   [A-Z]{5}  \(then [A-Z]{5}, [A-Z]{5}\)(.|\n)*code      \d{6}",
    "old-captcha": r"captcha   [A-Z]{5}",
    "admin": r"codes     \d{8}\n(.|\n)*administrator",
    "rejected": r"Google wants a browser",
    "key": r"code      \d{6}",
    "passkey": r"backup    \d{8}",
    "chooser": r"code      \d{6}",
    "interstitial": r"code(.|\n)*then      a page about passkeys",
    "unknown": r"a page nobody has seen",
    "federated": r"another provider",
    "none": r"no second step",
}


@pytest.mark.parametrize("mfa", MFA)
def test_the_banner_says_what_else_is_needed(mfa: Mfa) -> None:
    with Rehearsal(mfa=mfa) as rehearsal:
        banner = rehearse_command._banner(rehearsal)
    assert re.search(NEEDED[mfa], banner), banner
    assert all(line == line.rstrip() for line in banner.splitlines())


def test_messages_and_prompts_are_counted_too() -> None:
    with Rehearsal() as rehearsal:
        rehearsal.phone.receive("SMS")
        rehearsal.phone.ask(seconds=9, numbered=False)
        over = rehearse_command._count(rehearsal)
    assert ", codes: 0, messages sent: 1, prompts: 1, hosts contacted: none." in over


def test_what_was_done_is_counted(outer: dict[str, str]) -> None:
    program = SIGN_IN.format(tests=str(Path(__file__).parents[1]))
    done = rehearse(outer, "google", *python(program))
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(
        "\nRehearsal over. Passwords posted: 1, codes: 0, hosts contacted: accounts.google.com.\n"
        "Not let out: example.com\n"
        "No browser would have sent this: GET /elsewhere: No page led to this address.\n"
    )


def test_a_shell_is_the_persons_own(outer: dict[str, str]) -> None:
    outer["SHELL"] = "/bin/sh"
    done = rehearse(outer, "google", "--shell", given='echo "$HOME"; rehearsal-code; exit 3\n')
    home, code = done.stdout.split()
    assert home.startswith(outer["TMPDIR"])
    assert re.fullmatch(r"\d{6}", code)
    assert done.returncode == 3
    assert "To sign in: samlauth -u ada@example.com -I " in done.stderr
    assert "Leave the shell to end the rehearsal." in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("google", "--", "no-such-command"), "samlauth: no-such-command cannot be run"),
        (("google", "--shell", "--", "true"), "samlauth: --shell and a command were both given."),
        (("google", "--roles", "0"), "argument --roles: '0' is not a number of roles, 1 or more"),
        (("google", "--pages", "v9"), "argument --pages: invalid choice: 'v9'"),
        (("google", "--mfa", "crystal"), "argument --mfa: invalid choice: 'crystal'"),
        (
            ("google", "--mfa", "captcha", "--pages", "g2"),
            "samlauth: --mfa captcha cannot be played with --pages g2.\n"
            "  Those pages never had it; it is played with --pages v3.\n",
        ),
        ((), "the following arguments are required: google"),
    ],
)
def test_senseless_words_are_refused(
    outer: dict[str, str], words: tuple[str, ...], message: str
) -> None:
    done = rehearse(outer, *words)
    assert message in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("module", ["moto", "flask", "flask_cors", "trustme", "signxml"])
def test_a_missing_extra_is_named(outer: dict[str, str], module: str) -> None:
    blocked = f"import sys; sys.modules[{module!r}] = None\n" + DRIVER
    done = rehearse(outer, "google", program=blocked)
    assert done.stderr == (
        f"samlauth: A rehearsal needs a package that is not installed: {module}.\n"
        "  Install samlauth with its extra: pip install 'samlauth[sandbox]'\n"
    )


@contextmanager
def running(outer: dict[str, str], first: str = "") -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A rehearsal whose command has said that it is ready, and waits; the command's process id."""
    ready = f"import os, signal, sys\n{first}\nprint(os.getpid(), flush=True)\nsignal.pause()"
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, "rehearse", "google", *python(ready)],
        env=outer,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def test_ctrl_c_leaves_nothing(outer: dict[str, str]) -> None:
    with running(outer) as (process, child):
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Rehearsal over." in stderr
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    assert_nothing_left(outer)


def test_ctrl_c_is_the_commands_to_answer(outer: dict[str, str]) -> None:
    with running(outer, "signal.signal(signal.SIGINT, lambda *_: sys.exit(5))") as (process, _):
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 5
    assert_nothing_left(outer)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_rehearsal_told_to_end_takes_its_command_along(
    outer: dict[str, str], number: signal.Signals
) -> None:
    told = "signal.signal(signal.SIGHUP, lambda *_: sys.exit('told to end'))"
    with running(outer, told) as (process, child):
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
        assert process.returncode == 128 + number
        assert stderr.endswith("told to end\n")
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    assert_nothing_left(outer)


def test_a_command_that_will_not_end_is_ended(outer: dict[str, str]) -> None:
    with running(outer, "signal.signal(signal.SIGHUP, signal.SIG_IGN)") as (process, child):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 128 + signal.SIGTERM
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    assert_nothing_left(outer)
