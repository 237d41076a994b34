"""Frozen dataclasses that are quick to define, for the modules that every login loads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool) -> Callable[[type], type]:
        """As ``dataclasses.dataclass(frozen=True)``, with methods that all such classes share.

        The standard one compiles seven for each class, and a login has a hundred: a fifth of its
        time. Not for what there are thousands of: those take longer to make.
        """
        assert frozen
        return _frozen


class _Value:
    """What all such classes are."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    __match_args__: ClassVar[tuple[str, ...]]
    """The fields that may be given by their place."""
    __post_init__: Callable[[], None]


def _frozen(cls: type[Any]) -> type[Any]:
    own = cls.__dict__
    shared = {name: method for name, method in _SHARED.items() if name not in own}
    # Without one, a signature is worked out to say what the class is.
    cls.__doc__ = cls.__doc__ or cls.__name__
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    for name, method in shared.items():
        setattr(cls, name, method)
    return cls


def _init(self: _Value, *placed: object, **named: object) -> None:
    """Raises TypeError for what does not fit the fields."""
    places, given = self.__match_args__, self.__dict__
    if len(placed) > len(places):
        raise TypeError(f"{type(self).__name__} has {len(places)} fields, and got {len(placed)}")
    given.update(zip(places, placed, strict=False))
    for name, field in self.__dataclass_fields__.items():
        if name in named and name not in given:
            given[name] = named.pop(name)
        elif name in given:
            continue
        elif field.default is not dataclasses.MISSING:
            given[name] = field.default
        elif field.default_factory is not dataclasses.MISSING:
            given[name] = field.default_factory()
        else:
            raise TypeError(f"{type(self).__name__} is not given its {name}")
    if named:
        raise TypeError(f"{type(self).__name__} does not take {', '.join(named)}")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _set(self: _Value, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: _Value, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _compared(self: _Value) -> tuple[object, ...]:
    fields = self.__dataclass_fields__
    return tuple([getattr(self, name) for name, field in fields.items() if field.compare])


def _equals(self: _Value, other: _Value) -> object:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _compared(self) == _compared(other)


def _hash(self: _Value) -> int:
    return hash(_compared(self))


def _repr(self: _Value) -> str:
    """Without the fields that are not to be shown."""
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


_SHARED = {
    "__init__": _init,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _repr,
}
