from __future__ import annotations

import base64
import subprocess
import sys

import pytest

from samlauth.sandbox import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("moment", "digits"),
    [  # RFC 6238, appendix B, the last six of its eight digits
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(moment: int, digits: str) -> None:
    assert totp.code(SECRET, moment // 30) == digits
    assert totp.Authenticator(SECRET, lambda: moment).code() == digits


@pytest.mark.parametrize(
    ("late", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_code_is_taken_one_step_early_or_late(late: int, taken: bool) -> None:
    authenticator = totp.Authenticator(SECRET, lambda: 1_000_000_000)
    assert authenticator.verify(totp.code(SECRET, (1_000_000_000 - late) // 30)) is taken


def test_a_code_is_taken_once() -> None:
    authenticator = totp.Authenticator(SECRET, lambda: 1_000_000_000)
    code = authenticator.code()
    assert authenticator.verify(code)
    assert not authenticator.verify(code)


def test_a_wrong_code_is_refused_and_uses_nothing_up() -> None:
    authenticator = totp.Authenticator(SECRET, lambda: 59)
    assert not authenticator.verify("287083")
    assert not authenticator.verify("\uff12\uff18\uff17\uff10\uff18\uff12")
    assert authenticator.verify("287082")


def test_the_device_never_runs_out_of_codes() -> None:
    authenticator = totp.Authenticator(SECRET, lambda: 1_000_000_000)
    codes = [code for _ in range(10) if authenticator.verify(code := authenticator.code())]
    assert len(codes) == 10
    assert len(set(codes)) == 10


def test_upcoming_codes_say_until_when() -> None:
    authenticator = totp.Authenticator(SECRET, lambda: 59)
    assert authenticator.upcoming(2) == [(60, "287082"), (90, totp.code(SECRET, 2))]


def test_the_module_prints_a_code() -> None:
    authenticator = totp.Authenticator(SECRET)
    printed = subprocess.run(
        [sys.executable, "-m", "samlauth.sandbox.totp", SECRET],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert printed.stderr == ""
    assert authenticator.verify(printed.stdout.strip())
