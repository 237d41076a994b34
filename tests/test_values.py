"""Our frozen dataclasses behave as the standard ones do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from samlauth import values

Make = Callable[..., Callable[[type], type]]


def made(dataclass: Make) -> type[Any]:
    """The same class, made by either."""

    class Base:
        address: str
        token: str = field(repr=False)
        seen: int = field(default=0, compare=False)
        ways: tuple[str, ...] = field(default=(), kw_only=True)

    Base.__qualname__ = "Base"
    return dataclass(frozen=True)(Base)


@pytest.fixture(params=[values.dataclass, dataclasses.dataclass], ids=["ours", "standard"])
def kind(request: pytest.FixtureRequest) -> type[Any]:
    return made(request.param)


def test_a_value_shows_itself_without_its_secrets(kind: type[Any]) -> None:
    shown = repr(kind("a", "secret", ways=("sms",)))
    assert shown == "Base(address='a', seen=0, ways=('sms',))"


def test_values_are_equal_by_what_is_compared(kind: type[Any]) -> None:
    one, same, other = kind("a", "t", 1), kind("a", "t", 2), kind("a", "u", 1)
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert len({one, same, other}) == 2
    assert one != ("a", "t", ())
    assert one.__eq__(3) is NotImplemented


def test_a_subclass_is_another_kind(kind: type[Any]) -> None:
    class Sub(kind):  # type: ignore[misc]  # made at run time
        pass

    assert Sub("a", "t") != kind("a", "t")


def test_nothing_of_a_value_can_be_changed(kind: type[Any]) -> None:
    value = kind("a", "t")
    for name in ("address", "seen", "ways", "unheard_of"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(value, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match="address"):
        del value.address
    assert value == kind("a", "t")


def test_it_can_be_replaced_matched_and_listed(kind: type[Any]) -> None:
    assert dataclasses.replace(kind("a", "t"), address="b") == kind("b", "t")
    assert kind.__match_args__ == ("address", "token", "seen")
    assert dataclasses.asdict(kind("a", "t")) == {
        "address": "a",
        "token": "t",
        "seen": 0,
        "ways": (),
    }


def test_what_is_missing_or_unknown_is_refused(kind: type[Any]) -> None:
    with pytest.raises(TypeError):
        kind("a")
    with pytest.raises(TypeError):
        kind("a", "t", 0, ("sms",))
    with pytest.raises(TypeError):
        kind("a", "t", other=1)
    with pytest.raises(TypeError):
        kind("a", "t", address="b")


def test_each_value_has_its_own_of_what_is_made_for_it() -> None:
    @values.dataclass(frozen=True)
    class Bag:
        name: str
        things: list[str] = field(default_factory=list)

        def __post_init__(self) -> None:
            self.things.append(self.name)

    assert (Bag("a").things, Bag(name="b").things) == (["a"], ["b"])


def test_a_class_keeps_the_methods_of_its_own() -> None:
    @values.dataclass(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

        def __hash__(self) -> int:
            return 7

    assert repr(Named("x")) == "<x>"
    assert hash(Named("x")) == 7
    assert Named("x") == Named("x")


def test_a_subclass_has_the_fields_of_both() -> None:
    @values.dataclass(frozen=True)
    class First:
        one: str

    @values.dataclass(frozen=True)
    class Second(First):
        two: str = "2"

    assert Second("1") == Second("1", "2")
    assert (Second("1").one, Second("1").two) == ("1", "2")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Second("1").one = "3"  # type: ignore[misc]  # frozen, for mypy as well
