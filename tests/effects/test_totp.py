"""Codes of an authenticator's secret: the right ones, each once, and in time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from samlauth.challenges import EnterCode, EnterPassword
from samlauth.effects.ring import Ring
from samlauth.effects.totp import Authenticator, Codes, Steps, device_name, read, secret_name
from samlauth.errors import SettingsError
from samlauth.sandbox import totp as sandbox
from tests.effects.test_secrets import Memory

GOOGLE = "https://accounts.google.com"
NAME = secret_name("ada", GOOGLE)
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""Of RFC 6238's test vectors: "12345678901234567890"."""
LONG = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
ASKED = EnterCode("MFA token", kind="totp")


@pytest.mark.parametrize(
    ("uri", "moment", "code"),
    [
        # RFC 6238, appendix B
        (f"otpauth://totp/x?secret={SECRET}&digits=8", 59, "94287082"),
        (f"otpauth://totp/x?secret={SECRET}&digits=8", 1111111109, "07081804"),
        (f"otpauth://totp/x?secret={SECRET}&digits=8", 20000000000, "65353130"),
        (f"otpauth://totp/x?secret={LONG}&digits=8&algorithm=SHA256", 59, "46119246"),
        (SECRET, 59, "287082"),
    ],
)
def test_codes_are_those_of_the_standard(uri: str, moment: int, code: str) -> None:
    found = read(uri)
    assert found.code(moment // found.period) == code


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"  {SECRET.lower()}\n",
        " ".join(SECRET[i : i + 4] for i in range(0, 32, 4)).lower(),
        f"otpauth://totp/Company:ada%40example.com?secret={SECRET}&issuer=Company",
        f"OTPAUTH://TOTP/x?Secret={SECRET}&algorithm=sha1&period=30&digits=6",
    ],
)
def test_a_secret_is_read_as_it_is_shown(text: str) -> None:
    assert read(text) == Authenticator(SECRET)


def test_a_short_secret_with_padding_is_one() -> None:
    assert read("JBSWY3DPEE======") == read("jbsw y3dp ee")
    assert len(read("JBSWY3DPEE").code(1)) == 6


def test_what_is_kept_is_what_was_read() -> None:
    odd = Authenticator(LONG, "SHA512", 8, 60)
    assert read(odd.uri) == odd


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "canary1!",
        "canary018",
        "A",
        "otpauth://hotp/x?secret=GEZDGNBV&counter=1",
        "otpauth://totp/x",
        "otpauth://totp/x?secret=",
        "otpauth://totp/x?secret=GEZDGNBV&secret=MFRGGZDF",
        "otpauth://totp/x?secret=GEZDGNBV&digits=4",
        "otpauth://totp/x?secret=GEZDGNBV&digits=six",
        "otpauth://totp/x?secret=GEZDGNBV&period=0",
        "otpauth://totp/x?secret=GEZDGNBV&algorithm=MD5",
        "otpauth://[totp/x?secret=GEZDGNBV",
        "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8",
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(text)
    assert "GEZDGNBV" not in refused.value.message + refused.value.hint
    assert "canary" not in refused.value.message + refused.value.hint


def test_a_secret_is_not_in_what_is_printed_of_it() -> None:
    assert SECRET not in repr(read(SECRET))


class Run:
    """A run of samlauth at a time that only passes while it waits."""

    def __init__(self, steps: Steps, now: float, secret: str | None = SECRET) -> None:
        self.now = now
        self.waited: list[float] = []
        self.warnings: list[str] = []
        self.hidden: list[str] = []
        keyring.set_keyring(Memory({("samlauth", NAME): read(secret).uri} if secret else {}))
        self.codes = Codes(
            Ring(self.warnings.append, environ={}),
            steps,
            lambda: ("ada", GOOGLE),
            self.warnings.append,
            self.hidden.append,
            clock=lambda: self.now,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path / "samlauth" / "steps")


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def code(step: int) -> str:
    return sandbox.code(SECRET, step)


def test_the_code_of_now_is_given_at_once(steps: Steps) -> None:
    run = Run(steps, 3000.0)
    assert run.codes.answer(ASKED) == code(100)
    assert run.waited == []
    assert run.hidden == [SECRET]
    assert run.warnings == []


@pytest.mark.parametrize(
    ("second", "waited"), [(26.9, []), (27.0, []), (27.5, [2.5]), (29.9, [pytest.approx(0.1)])]
)
def test_the_end_of_a_step_is_let_pass(steps: Steps, second: float, waited: list[float]) -> None:
    run = Run(steps, 3000 + second)
    assert run.codes.answer(ASKED) == code(101 if waited else 100)
    assert run.waited == waited


def test_no_step_is_used_twice_in_a_run(steps: Steps) -> None:
    run = Run(steps, 3010.0)
    assert [run.codes.answer(ASKED), run.codes.answer(ASKED)] == [code(100), code(101)]
    assert run.waited == [20.0]


def test_nor_by_another_run(steps: Steps) -> None:
    assert Run(steps, 3000.0).codes.answer(ASKED) == code(100)
    other = Run(steps, 3001.0)
    assert other.codes.answer(ASKED) == code(101)
    assert other.waited == [29.0]


TAKE = "import sys; from pathlib import Path; from samlauth.effects.totp import Steps; " \
    "print(Steps(Path(sys.argv[1])).take('ada', 30, 3000.0))"  # fmt: skip


def test_of_many_at_once_each_has_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKE, str(tmp_path / "steps")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    taken = sorted(run.communicate(timeout=60)[0].strip() for run in runs)
    # The last two would have had to wait for more than 90 seconds.
    assert taken == ["100", "101", "102", "103", "None", "None"]


def test_another_persons_steps_are_their_own(steps: Steps) -> None:
    assert steps.take("bob", 30, 3000.0) == 100
    assert Run(steps, 3000.0).codes.answer(ASKED) == code(100)


def test_a_clock_that_was_wrong_is_no_hindrance(steps: Steps) -> None:
    Run(steps, 9000.0).codes.answer(ASKED)
    assert Run(steps, 3000.0).codes.answer(ASKED) == code(100)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 2, "steps": {}}', '{"format": 1}'])
def test_a_note_that_cannot_be_read_is_none(steps: Steps, tmp_path: Path, content: str) -> None:
    file = tmp_path / "samlauth" / "steps"
    file.parent.mkdir()
    file.write_text(content)
    assert Run(steps, 3000.0).codes.answer(ASKED) == code(100)
    assert json.loads(file.read_text()) == {"format": 1, "steps": {NAME: 100}}
    assert SECRET not in file.read_text()


def test_a_step_that_cannot_be_noted_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "samlauth").write_text("in the way")
    run = Run(Steps(tmp_path / "samlauth" / "steps"), 3000.0)
    assert run.codes.answer(ASKED) is None
    assert len(run.warnings) == 1


def test_after_a_refused_code_the_person_is_asked(steps: Steps) -> None:
    run = Run(steps, 3000.0)
    run.codes.answer(ASKED)
    assert run.codes.answer(EnterCode("MFA token", "Wrong code.", kind="totp")) is None
    assert "clock" in run.warnings[0]


@pytest.mark.parametrize(
    "challenge",
    [EnterCode("Enter SMS token"), EnterCode("Code"), EnterPassword("Password", "ada", GOOGLE)],
)
def test_nothing_else_is_answered(steps: Steps, challenge: EnterCode | EnterPassword) -> None:
    assert Run(steps, 3000.0).codes.answer(challenge) is None


def test_a_device_in_aws_has_a_secret_of_its_own(steps: Steps) -> None:
    serial = "arn:aws:iam::111111111111:mfa/Ada"
    run = Run(steps, 45)
    keyring.set_keyring(Memory({("samlauth", device_name(serial)): SECRET}))
    asked = EnterCode("MFA token", kind="totp", device=serial)
    assert run.codes.answer(asked) == code(1)
    assert run.codes.answer(EnterCode("MFA token", kind="totp", device="another")) is None


def test_without_a_secret_the_person_is_asked(steps: Steps) -> None:
    run = Run(steps, 3000.0, None)
    assert run.codes.answer(ASKED) is None
    assert "samlauth totp add" in run.warnings[0]


def test_a_secret_that_is_none_is_said(steps: Steps) -> None:
    run = Run(steps, 3000.0)
    keyring.set_password("samlauth", NAME, "canary!")
    assert run.codes.answer(ASKED) is None
    assert "canary" not in run.warnings[0]


def test_without_the_extra_the_person_is_asked(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.twofactor.totp", None)
    run = Run(steps, 3000.0)
    assert run.codes.answer(ASKED) is None
    assert "samlauth[secrets]" in run.warnings[0]
