"""Dataclasses as JSON Schema: what `to_json` of `dataclass_json.py` makes of them."""

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def make_schemas(cls: type, root: str, without: Collection[str] = ()) -> dict[str, Schema]:
    """Return the schemas of a dataclass and of those that it consists of, by their names.

    Parameters
    ----------
    cls : type
    root : str
        What stands before a name where one schema refers to another, such as `#/$defs/`.
    without : collection of str
        Fields of the class itself to leave out.

    Raises
    ------
    KeyError
        If a field's type is none that JSON has.
    """
    schemas: dict[str, Schema] = {}
    _add(cls, root, schemas, without)
    return schemas


def _add(cls: type, root: str, schemas: dict[str, Schema], without: Collection[str] = ()) -> None:
    properties: dict[str, Schema] = {}
    schemas[cls.__name__] = {
        "type": "object",
        "description": (inspect.getdoc(cls) or "").partition("\n")[0],
        "properties": properties,
    }  # before its fields, which may refer to it
    for name, kind in get_type_hints(cls).items():
        if name not in without:
            properties[name] = _schema(kind, root, schemas)
    schemas[cls.__name__]["required"] = [*properties]


def _schema(kind: Any, root: str, schemas: dict[str, Schema]) -> Schema:
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        if kind.__name__ not in schemas:  # type: ignore[union-attr]  # it is a class
            _add(kind, root, schemas)  # type: ignore[arg-type]
        return {"$ref": f"{root}{kind.__name__}"}  # type: ignore[union-attr]
    if origin is Literal:
        return {"enum": [*arguments]}
    if origin in (Union, UnionType):
        options = [_schema(argument, root, schemas) for argument in arguments]
        if all(option.keys() == {"type"} for option in options):
            return {"type": [option["type"] for option in options]}
        return {"anyOf": options}
    if origin in (tuple, Sequence):
        return {"type": "array", "items": _schema(arguments[0], root, schemas)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], root, schemas)}
    return {"type": _PLAIN[kind]}
