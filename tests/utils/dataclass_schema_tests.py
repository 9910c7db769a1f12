"""Dataclasses described as JSON Schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.utils.dataclass_json import to_json
from app.utils.dataclass_schema import make_schemas


@dataclass(frozen=True)
class Leaf:
    """A leaf.

    It has nothing below it.
    """

    color: Literal["red", "green"]


@dataclass(frozen=True)
class Tree:
    """A tree, of trees or leaves."""

    name: str
    height: float | None
    rings: tuple[int, ...]
    is_old: bool
    parts: Mapping[str, "Tree | Leaf"]
    secret: str = ""


def test_a_schema_has_all_that_a_class_consists_of() -> None:
    """Each class once, by its name, also one that contains itself."""
    assert make_schemas(Tree, "#/$defs/", ("secret",)) == {
        "Tree": {
            "type": "object",
            "description": "A tree, of trees or leaves.",
            "properties": {
                "name": {"type": "string"},
                "height": {"type": ["number", "null"]},
                "rings": {"type": "array", "items": {"type": "integer"}},
                "is_old": {"type": "boolean"},
                "parts": {
                    "type": "object",
                    "additionalProperties": {
                        "anyOf": [{"$ref": "#/$defs/Tree"}, {"$ref": "#/$defs/Leaf"}]
                    },
                },
            },
            "required": ["name", "height", "rings", "is_old", "parts"],
        },
        "Leaf": {
            "type": "object",
            "description": "A leaf.",
            "properties": {"color": {"enum": ["red", "green"]}},
            "required": ["color"],
        },
    }


def test_what_is_made_plain_is_valid() -> None:
    """And what lacks a field, or has a wrong value, is not."""
    schema = {"$ref": "#/$defs/Tree", "$defs": make_schemas(Tree, "#/$defs/")}
    validator = Draft202012Validator(schema)
    branch = Tree("", 1.5, (), False, {})
    plain = to_json(Tree("oak", None, (1, 2), True, {"left": Leaf("red"), "right": branch}))
    validator.validate(plain)
    for wrong in ({"height": "1"}, {"rings": [1.5]}, {"parts": {"left": {"color": "blue"}}}):
        with pytest.raises(ValidationError):
            validator.validate(plain | wrong)
    del plain["name"]
    with pytest.raises(ValidationError):
        validator.validate(plain)
