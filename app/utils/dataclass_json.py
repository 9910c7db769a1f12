"""Frozen dataclasses to plain JSON types and back, by the types of their fields."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Return a dataclass, or a container of some, as plain JSON types."""
    return orjson.loads(orjson.dumps(value))  # in C, so much faster than dataclasses.asdict


def from_json(cls: type[T], data: Mapping[str, Any]) -> T:
    """Return the dataclass that `to_json` made plain.

    A field may be a plain value, another dataclass, a tuple, a mapping, or one of these or None. It
    may also be one of several dataclasses, or None: the one that has all the fields of the object.
    Fields that have a default may be missing.

    Raises
    ------
    TypeError, AttributeError
        If a field is missing or not known, or an object or array is something else.
    """
    readers = _readers(cls)  # type: ignore[arg-type]  # a class is hashable
    if unknown := data.keys() - readers.keys():
        raise TypeError(f"{cls.__name__} has no field {min(unknown)!r}")
    return cls(
        **{
            name: value if (read := readers[name]) is None else read(value)
            for name, value in data.items()
        }
    )


@cache
def _readers(cls: type) -> dict[str, Any]:
    return {name: _reader(kind) for name, kind in get_type_hints(cls).items()}


def _reader(kind: Any) -> Any:
    """Return what makes a value of a type from JSON; None if JSON has the type itself."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return lambda data: from_json(kind, data)  # type: ignore[arg-type]
    if origin in (Union, UnionType):
        classes = [argument for argument in arguments if is_dataclass(argument)]
        if len(classes) > 1:
            return lambda data: None if data is None else from_json(_fitting(classes, data), data)
        read = next(filter(None, map(_reader, arguments)), None)
        return read and (lambda value: None if value is None else read(value))
    if origin in (tuple, Sequence):
        read = _reader(arguments[0])
        return tuple if read is None else lambda values: tuple(map(read, values))
    if origin in (dict, Mapping):
        read = _reader(arguments[1])
        return read and (lambda data: {key: read(value) for key, value in data.items()})
    return None


def _fitting(classes: Sequence[Any], data: Mapping[str, Any]) -> Any:
    """Return the first class that has all of an object's fields; if none has, the first one."""
    return next((cls for cls in classes if data.keys() <= _readers(cls).keys()), classes[0])
