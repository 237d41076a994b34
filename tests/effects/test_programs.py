from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from samlauth.challenges import ChooseMethod, EnterCode, EnterPassword, EnterUsername
from samlauth.effects.programs import CodeCommand, PasswordCommand
from samlauth.effects.secrets import first_of
from samlauth.errors import SettingsError

ADFS = "https://adfs.example.com"
NAME = EnterUsername("Username")
PASSWORD = EnterPassword("Password", "ada@example.com", ADFS)
AGAIN = EnterPassword("Password", "ada@example.com", ADFS, refused="Wrong password.")
CODE = EnterCode("Code")

Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a program of a shell script; the command that runs it with a secret argument."""

    def make(body: str) -> str:
        path = tmp_path / "my manager"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o700)
        return f"{shlex.quote(str(path))} --token 's3cr3t arg'"

    return make


def failure(act: Callable[[], object]) -> str:
    with pytest.raises(SettingsError) as caught:
        act()
    error = caught.value
    text = f"{error.message} {error.hint}"
    assert error.exit_code == 3
    assert "my manager" in text
    assert "s3cr3t" not in text
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return text


class TestPassword:
    @pytest.mark.parametrize(
        ("printed", "password"),
        [
            ("hunter2", "hunter2"),
            (r"hunter2\n", "hunter2"),
            (r"\357\273\277hunter2\n", "hunter2"),
            (r'\357\273\277{"password": "hunter2"}\n', "hunter2"),
            (r"hunter2\r\nurl: example.com\n", "hunter2"),
            (r" spaces stay \n", " spaces stay "),
            (r"{not json\n", "{not json"),
            (r"12345678\n", "12345678"),
            (r'"quoted"\n', '"quoted"'),
            (r"gr\303\274n\n", "grün"),
            (r'{"username": "ada@example.com", "password": "hunter2"}\n', "hunter2"),
            (r'\n {"password": " both \\u00fc"} \n', " both ü"),
        ],
    )
    def test_what_is_printed(self, script: Script, printed: str, password: str) -> None:
        command = PasswordCommand(script(f"printf {shlex.quote(printed)}"))
        assert command.answer(PASSWORD) == password

    def test_half_a_character_is_not_sent(self, script: Script) -> None:
        printed = '{"password": "hunter2\\ud83d"}'
        command = PasswordCommand(script(f"cat <<'END'\n{printed}\nEND"))
        said = failure(lambda: command.answer(PASSWORD))
        assert "printed a password that is no text" in said
        assert "hunter" not in said

    def test_it_is_given_once(self, script: Script) -> None:
        command = PasswordCommand(script("echo hunter2"))
        answer = first_of(command.answer, lambda _: "typed")
        assert [answer(PASSWORD), answer(AGAIN), answer(PASSWORD)] == ["hunter2", "typed", "typed"]

    def test_and_not_after_another_was_refused(self, script: Script) -> None:
        assert PasswordCommand(script("echo hunter2")).answer(AGAIN) is None

    def test_the_command_is_run_once_and_only_when_asked(
        self, script: Script, tmp_path: Path
    ) -> None:
        ran = tmp_path / "ran"
        body = f"""echo >> {shlex.quote(str(ran))}; printf '{{"username":"ada","password":"p"}}'"""
        command = PasswordCommand(script(body))
        assert command.answer(CODE) is None
        assert command.answer(ChooseMethod(())) is None
        assert not ran.exists()
        assert command.answer(NAME) == "ada"
        assert command.username() == "ada"
        assert command.answer(PASSWORD) == "p"
        assert ran.read_text() == "\n"

    def test_a_refused_name_is_not_given_again(self, script: Script) -> None:
        command = PasswordCommand(script("""printf '{"username":"ada","password":"p"}'"""))
        assert command.answer(EnterUsername("Username", refused="Who?")) is None
        assert command.answer(NAME) == "ada"
        assert command.answer(NAME) is None

    def test_a_line_names_nobody(self, script: Script) -> None:
        command = PasswordCommand(script("echo hunter2"))
        assert command.username() is None
        assert command.answer(NAME) is None
        assert command.answer(PASSWORD) == "hunter2"

    @pytest.mark.parametrize("name", ["ada", "ADA@example.com", r"EXAMPLE\ada", "Ada"])
    def test_a_name_may_be_written_in_many_ways(self, script: Script, name: str) -> None:
        printed = shlex.quote(f'{{"username": "{name}", "password": "p"}}'.replace("\\", r"\\"))
        assert PasswordCommand(script(f"printf %s {printed}")).answer(PASSWORD) == "p"

    def test_nobody_is_signed_in_by_the_password_of_another(self, script: Script) -> None:
        command = PasswordCommand(script("""printf '{"username":"bob","password":"s3cr3t"}'"""))
        said = failure(lambda: command.answer(PASSWORD))
        assert "password of bob, and you are signing in as ada@example.com" in said

    @pytest.mark.parametrize(
        ("printed", "message"),
        [
            ("", "printed nothing"),
            (r"\nhunter2", "printed nothing"),
            (r" \t\n", "printed nothing"),
            ("{}", 'without "password"'),
            ('{"password": ""}', 'without "password"'),
            ('{"password": true}', 'without "password"'),
            ('{"password": ["s3cr3t"]}', 'without "password"'),
            ('{"mfa_token": "s3cr3t"}', 'without "password"'),
            (r"s3cr3t\377", "UTF-8"),
        ],
    )
    def test_what_is_no_password(self, script: Script, printed: str, message: str) -> None:
        command = PasswordCommand(script(f"printf {shlex.quote(printed)}"))
        assert message in failure(lambda: command.answer(PASSWORD))

    def test_neither_command_nor_password_is_shown(self, script: Script) -> None:
        command = PasswordCommand(script("echo s3cr3t"))
        command.answer(PASSWORD)
        assert "s3cr3t" not in repr(vars(command))


class TestCode:
    @pytest.mark.parametrize(
        ("printed", "code"),
        [
            (r" 123456 \n", "123456"),
            (r'{"mfa_token": "012345"}', "012345"),
            (r'{"mfa_token": 123456}', "123456"),
            (r"123456", "123456"),
        ],
    )
    def test_what_is_printed(self, script: Script, printed: str, code: str) -> None:
        assert CodeCommand(script(f"printf {shlex.quote(printed)}")).answer(CODE) == code

    def test_each_is_fresh(self, script: Script, tmp_path: Path) -> None:
        codes = tmp_path / "codes"
        codes.write_text("111111\n222222\n222222\n111111\n333333\n")
        quoted = shlex.quote(str(codes))
        command = CodeCommand(script(f"head -n 1 {quoted}; sed -i 1d {quoted}"))
        asked = [CODE, EnterCode("Code", refused="Wrong code."), CODE, CODE, CODE]
        assert [command.answer(challenge) for challenge in asked] == [
            "111111",
            "222222",
            None,
            None,
            "333333",
        ]

    def test_nothing_else_is_answered(self, script: Script) -> None:
        command = CodeCommand(script("exit 1"))
        assert [command.answer(challenge) for challenge in (NAME, PASSWORD)] == [None, None]

    def test_no_code(self, script: Script) -> None:
        command = CodeCommand(script("""echo '{"password": "s3cr3t"}'"""))
        assert 'without "mfa_token"' in failure(lambda: command.answer(CODE))


class TestRunning:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("echo s3cr3t; exit 3", "(--password-command) failed with exit code 3."),
            ("kill -9 $$", "was ended by signal 9"),
        ],
    )
    def test_a_failure(self, script: Script, body: str, message: str) -> None:
        command = PasswordCommand(script(body))
        assert message in failure(lambda: command.answer(PASSWORD))

    def test_there_is_no_shell(self, script: Script) -> None:
        command = PasswordCommand(script("""printf '%s|' "$@" """) + " $HOME '*' | tee x")
        assert command.answer(PASSWORD) == "--token|s3cr3t arg|$HOME|*|||tee|x|"

    def test_standard_input_is_empty(self, script: Script) -> None:
        command = PasswordCommand(script("cat; echo hunter2"))
        reading, writing = os.pipe()
        kept = os.dup(0)
        try:
            os.dup2(reading, 0)
            os.write(writing, b"ours\n")
            os.close(writing)
            assert command.answer(PASSWORD) == "hunter2"
        finally:
            os.dup2(kept, 0)
            for descriptor in (reading, kept):
                os.close(descriptor)

    def test_what_it_says_to_the_person_reaches_them(
        self, script: Script, capfd: pytest.CaptureFixture[str]
    ) -> None:
        command = PasswordCommand(script("echo unlocking >&2; echo hunter2"))
        assert command.answer(PASSWORD) == "hunter2"
        assert capfd.readouterr() == ("", "unlocking\n")

    def test_it_ends(self, script: Script) -> None:
        command = PasswordCommand(script("exec sleep 600"), seconds=0.2)
        assert "did not end within 0.2 seconds and was stopped" in failure(
            lambda: command.answer(PASSWORD)
        )

    def test_it_is_not_there(self, tmp_path: Path) -> None:
        command = PasswordCommand(shlex.join([str(tmp_path / "my manager"), "s3cr3t"]))
        assert "not to be found" in failure(lambda: command.answer(PASSWORD))

    def test_it_cannot_be_run(self, tmp_path: Path) -> None:
        (tmp_path / "my manager").write_text("echo hunter2\n")
        command = CodeCommand(shlex.join([str(tmp_path / "my manager"), "s3cr3t"]))
        assert "(--code-command) cannot be run: Permission denied." in failure(
            lambda: command.answer(CODE)
        )

    def test_home_is_known(
        self, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script("echo hunter2")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert PasswordCommand("~/'my manager'").answer(PASSWORD) == "hunter2"

    @pytest.mark.parametrize("text", ["", "  ", "pass show 's3cr3t", "pass s3cr3t\\"])
    @pytest.mark.parametrize(
        ("make", "flag"),
        [(PasswordCommand, "--password-command"), (CodeCommand, "--code-command")],
    )
    def test_what_is_no_command(self, make: Callable[[str], object], flag: str, text: str) -> None:
        with pytest.raises(SettingsError, match=flag) as caught:
            make(text)
        assert "s3cr3t" not in caught.value.message + caught.value.hint

    def test_an_interpreter_of_this_machine(self) -> None:
        text = shlex.join([sys.executable, "-c", "print('hunter2')"])
        assert PasswordCommand(text).answer(PASSWORD) == "hunter2"


def test_it_is_light() -> None:
    """Whoever names no command loads nothing for it, and who does loads no network."""
    code = "import sys, samlauth.effects.programs; print('requests' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"
