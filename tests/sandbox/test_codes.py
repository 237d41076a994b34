from __future__ import annotations

from samlauth.sandbox.codes import Codes


def test_codes_are_known_beforehand_and_good_for_once() -> None:
    codes = Codes(8)
    first, second, third = codes.upcoming(3)
    assert all(len(code) == 8 and code.isdigit() for code in (first, second, third))
    assert codes.verify(second)
    assert not codes.verify(second)
    assert codes.upcoming(2) == [first, third]
    assert codes.code() == first
    assert not codes.verify("")


def test_only_those_that_were_given_out_may_be_right() -> None:
    codes = Codes(6)
    first, second = codes.upcoming(2)
    assert not codes.verify(first, among=0)
    assert not codes.verify(second, among=1)
    assert codes.verify(second, among=2)


def test_no_code_comes_twice() -> None:
    codes = Codes(1)
    assert sorted(codes.upcoming(10)) == list("0123456789")
