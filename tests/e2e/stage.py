"""The installed command, on a pseudo-terminal, against the rehearsal."""

from __future__ import annotations

import configparser
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect

from samlauth.sandbox.rehearsal import Rehearsal

SAMLAUTH = Path(sys.executable).parent / "samlauth"


class Stage:
    """A rehearsal, and ways to run the installed command in it."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.main_job = main_job(rehearsal)
        self.outputs: list[str] = []
        """Everything every run printed."""
        self.strangers: tuple[str, ...] = ()
        """How the names of hosts end that may be asked for though they are not in the rehearsal:
        some programs want to know things of their own."""

    @property
    def aws(self) -> Path:
        return self.rehearsal.home / ".aws"

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**self.rehearsal.environ, "TERM": "dumb", "PROMPT_TOOLKIT_NO_CPR": "1", **more}

    def start(self, *arguments: str, **more: str) -> Run:
        """Run samlauth on a terminal of its own."""
        return Run(self, [str(SAMLAUTH), *arguments], self.environ(more))

    def sign_in(self, *arguments: str, role: int | None = 1, **more: str) -> str:
        """The whole login, all answers right; what was printed."""
        run = self.start(*(arguments or self.main_job), **more)
        run.answer_password()
        run.answer_code()
        if role is not None:
            run.choose(role)
        assert run.end() == 0, run.printed
        return run.printed

    def piped(
        self, *arguments: str, stdin: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run samlauth without a controlling terminal."""
        done = subprocess.run(
            [SAMLAUTH, *arguments],
            input=stdin,
            env=self.environ(more),
            start_new_session=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.outputs += [done.stdout, done.stderr]
        return done

    def profile(self, name: str = "sts-temp") -> dict[str, str]:
        """The profile's section of the credentials file."""
        return _section(self.aws / "credentials", name)

    def config(self, name: str = "sts-temp") -> dict[str, str]:
        """The profile's section of the config file."""
        return _section(self.aws / "config", f"profile {name}")

    def write_config(self, text: str) -> None:
        self.aws.mkdir(mode=0o700, exist_ok=True)
        (self.aws / "config").write_text(text)


class Run:
    """One run of a command on a terminal."""

    def __init__(self, stage: Stage, command: list[str], environ: dict[str, str]) -> None:
        self.stage = stage
        self.terminal = pexpect.spawn(
            command[0],
            command[1:],
            env=environ,
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 250),
        )
        self._printed: list[str] = []

    @property
    def printed(self) -> str:
        return "".join(self._printed)

    def expect(self, text: str) -> None:
        try:
            self.terminal.expect_exact(text)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            raise AssertionError(
                f"no {text!r} in:\n{self.printed}{self.terminal.before}"
            ) from error
        self._printed += [str(self.terminal.before), str(self.terminal.after)]

    def type(self, line: str) -> None:
        self.terminal.sendline(line)

    def answer_password(self, password: str | None = None) -> None:
        idp = self.stage.rehearsal.idp
        self.expect(f"{'Google' if idp == 'google' else 'ADFS'} Password: ")
        self.terminal.waitnoecho(20)
        self.type(self.stage.rehearsal.password if password is None else password)

    def answer_code(self, code: str | None = None) -> None:
        self.expect("MFA token: ")
        self.type(self.stage.rehearsal.code() if code is None else code)

    def choose(self, number: int) -> None:
        self.expect("of the role to assume: ")
        self.type(str(number))

    def end(self) -> int:
        """Wait for the end; the exit code, as a shell counts it."""
        self.terminal.expect(pexpect.EOF)
        self._printed.append(str(self.terminal.before))
        self.terminal.close()
        self.stage.outputs.append(self.printed)
        status, number = self.terminal.exitstatus, self.terminal.signalstatus
        return 128 + number if status is None and number is not None else int(status or 0)


def main_job(rehearsal: Rehearsal) -> tuple[str, ...]:
    """What signs in to the rehearsal's provider and writes the profile."""
    person = ("-u", rehearsal.username, "-p", "sts-temp")
    if rehearsal.idp == "adfs":
        return ("--adfs-host", rehearsal.adfs_host, *person)
    return (*person[:2], "-I", rehearsal.idp_id, "-S", rehearsal.sp_id, *person[2:])


def _section(path: Path, name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read(path, encoding="utf-8")
    return dict(parser[name]) if parser.has_section(name) else {}


MakeStage = Callable[..., Stage]
"""Makes a stage of the rehearsal's own options."""
