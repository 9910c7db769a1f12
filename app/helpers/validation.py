"""Features → JSON Schema of one row, and the messages that clients read when a row breaks it.

jsonschema is the reference: what it says is wrong is what we report. jsonschema-rs, some ninety
times faster, only says whether a row is valid at all; the two agree (its tests hold that).
"""

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import jsonschema_rs

from app.helpers.dates import EXAMPLES, FORMATS, IS_VALID, DateType
from app.helpers.errors import InvalidPayload, enumerate_first, quote
from app.helpers.features import MAX_LEVEL_LENGTH, MAX_TEXT_LENGTH, Feature

MAX_ABSOLUTE_NUMBER = 1e15
MAX_ID_LENGTH = 256
MAX_ID_INTEGER = 2**53 - 1  # what every JSON parser keeps exactly, RFC 8259, section 6
MAX_DEPTH = 32
MAX_ROW_ERRORS = 20
MAX_EXAMPLES = 20  # levels of an open column that its schema names

_ID_SCHEMA = {
    "anyOf": [
        {"type": "string", "maxLength": MAX_ID_LENGTH},
        {"type": "integer", "minimum": -MAX_ID_INTEGER, "maximum": MAX_ID_INTEGER},
    ],
    "description": "Your name for the row; echoed in the answer.",
}
_ID_RULE = (
    f"must be a string of at most {MAX_ID_LENGTH} characters"
    f" or an integer between -{MAX_ID_INTEGER} and {MAX_ID_INTEGER}"
)


def make_schema(features: Sequence[Feature]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one row: an id and every feature."""
    properties = {"id": _ID_SCHEMA} | {feature.name: _value_schema(feature) for feature in features}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _value_schema(feature: Feature) -> dict[str, Any]:
    null = [None] if feature.nullable else []
    match feature.type:
        case "category" if feature.open:
            return _open_schema(feature)
        case "category":
            return {"enum": [*feature.categories, *null]}
        case "text":
            return {"type": ["string", "null"] if null else "string", "maxLength": MAX_TEXT_LENGTH}
        case "boolean":
            return {"type": ["boolean", "null"] if null else "boolean"}
        case "date" | "datetime":
            return _date_schema(feature, feature.type)
        case "number":
            unit = feature.format.unit
            return {
                "type": ["number", "null"] if null else "number",
                # As integers: against floats jsonschema-rs compares ten times slower.
                "minimum": -int(MAX_ABSOLUTE_NUMBER),
                "maximum": int(MAX_ABSOLUTE_NUMBER),
                **({"description": f"A number in {unit}."} if unit else {}),
            }


def _date_schema(feature: Feature, type_: DateType) -> dict[str, Any]:
    note = {"description": "Without an offset, it is in UTC."} if type_ == "datetime" else {}
    return {
        "type": ["string", "null"] if feature.nullable else "string",
        "format": FORMATS[type_],
        **note,
        "examples": [feature.typical or EXAMPLES[type_]],
    }


def _open_schema(feature: Feature) -> dict[str, Any]:
    shares = dict(zip(feature.categories, feature.shares, strict=False))
    frequent_first = sorted(feature.categories, key=lambda category: -shares.get(category, 0.0))
    schema = {
        "type": ["string", "null"] if feature.nullable else "string",
        "maxLength": MAX_LEVEL_LENGTH,
        "description": "Any text. Those that were rare in training, or are new, count as the same.",
    }
    return schema | ({"examples": frequent_first[:MAX_EXAMPLES]} if frequent_first else {})


class RowValidator:
    """The schema of one version's rows, compiled once.

    Parameters
    ----------
    features : sequence of Feature
    ignored : collection of str
        Keys that a row may have besides, with any value: columns that the model does not learn
        from. The schema that clients see does not list them.

    Attributes
    ----------
    features : tuple of Feature, shape (n_features,)
    ignored : frozenset of str
    schema : dict
        JSON Schema (2020-12) of one row.
    is_valid, are_valid : callable
        Whether a value is a valid row; a list of them.
    """

    def __init__(self, features: Sequence[Feature], ignored: Collection[str] = ()) -> None:
        self.features = tuple(features)
        self.schema = make_schema(features)
        self.ignored = frozenset(ignored) - self.schema["properties"].keys()
        texts = [text for feature in features for text in feature.categories]
        longest = [MAX_TEXT_LENGTH] if any(each.type == "text" for each in features) else []
        self._longest_text = max([MAX_ID_LENGTH, *longest, *map(len, texts)])
        self._numbers = [feature for feature in features if feature.type == "number"]
        # Without the bounds of numbers: Python compares them in half the time.
        items = self.schema["properties"] | {
            feature.name: {"type": _value_schema(feature)["type"]} for feature in self._numbers
        }
        columns = {name: {"type": "array", "items": value} for name, value in items.items()}
        accepted = {
            **self.schema,
            "properties": self.schema["properties"] | dict.fromkeys(sorted(self.ignored), True),
        }
        self.is_valid = _compile(accepted)
        self.are_valid = _compile({"type": "array", "items": accepted})
        self._are_columns_of_types = _compile({**self.schema, "properties": columns})

    def are_valid_columns(self, columns: Mapping[str, Sequence[Any]]) -> bool:
        """Whether they are the values of valid rows: equally long lists by key."""
        return self._are_columns_of_types(columns) and all(
            _are_in_bounds(columns[feature.name], nullable=feature.nullable)
            for feature in self._numbers
        )

    def describe(self, row: Mapping[str, Any]) -> str:
        """Return all that is wrong with an object as one message, empty if nothing is."""
        # Of the known keys only, in our order: jsonschema's own message would list all the others.
        known = {key: self._shorten(row[key]) for key in self.schema["properties"] if key in row}
        errors = self._reference.iter_errors(known)
        wrong = {error.path[0]: error.validator for error in errors if error.path}
        rules = [f"{quote(key)} {self._rule(key, kind)}" for key, kind in wrong.items()]
        sentences, hint = self._describe_keys(row)
        if rules:
            sentences.append(f"Invalid values: {enumerate_first(rules)}")
        return ". ".join(sentences) + hint

    def describe_keys(self, keys: Collection[str]) -> str:
        """Return which keys are missing and which are not known, empty if none."""
        sentences, hint = self._describe_keys(keys)
        return ". ".join(sentences) + hint

    def _describe_keys(self, keys: Collection[str]) -> tuple[list[str], str]:
        """Return what is wrong with keys, and what to add to the end of the message."""
        missing = [key for key in self.schema["required"] if key not in keys]
        unexpected = [
            key for key in keys if key not in self.schema["properties"] and key not in self.ignored
        ]
        sentences = []
        if missing:
            sentences.append(f"Missing keys: {_enumerate_names(missing)}")
        if unexpected:
            sentences.append(f"Unexpected keys: {_enumerate_names(unexpected)}")
        return sentences, _explain_normalization(missing, unexpected)

    def _shorten(self, value: Any) -> Any:
        """Return a small value that is wrong in the same way: jsonschema copies it many times."""
        if isinstance(value, list | dict):
            return type(value)()  # no feature takes one
        return value[: self._longest_text + 1] if isinstance(value, str) else value

    def _rule(self, key: str, kind: str) -> str:
        if key == "id":
            return _ID_RULE
        feature = next(feature for feature in self.features if feature.name == key)
        if kind in ("minimum", "maximum"):
            return f"must be between -{MAX_ABSOLUTE_NUMBER:.0e} and {MAX_ABSOLUTE_NUMBER:.0e}"
        if kind == "enum":
            rule = f"must be one of {_enumerate_levels(feature)}"
        elif feature.date_type is not None:
            rule = f'must be a {feature.type} such as "{EXAMPLES[feature.date_type]}"'
        elif feature.type == "category":
            rule = f"must be a string of at most {MAX_LEVEL_LENGTH} characters"
        elif feature.type == "text":
            rule = f"must be a string of at most {MAX_TEXT_LENGTH} characters"
        else:
            rule = f"must be a {feature.type}"
        return f"{rule} or null" if feature.nullable else rule

    @cached_property
    def _reference(self) -> Any:
        # Only a client's mistake needs it, and importing it costs a worker 4 MB.
        from jsonschema import Draft202012Validator, FormatChecker

        checker = FormatChecker(())
        for name, is_valid in _FORMAT_CHECKS.items():
            checker.checks(name)(lambda value, is_valid=is_valid: _is_valid(value, is_valid))
        return Draft202012Validator(self.schema, format_checker=checker)


def _are_in_bounds(values: Sequence[Any], *, nullable: bool) -> bool:
    if nullable:
        values = [value for value in values if value is not None]
    return not values or (
        min(values) >= -MAX_ABSOLUTE_NUMBER and max(values) <= MAX_ABSOLUTE_NUMBER
    )


def _enumerate_names(names: Sequence[str]) -> str:
    # Quoting a million names, of which ten are shown, would take seconds.
    return enumerate_first([*map(quote, names[:10]), *names[10:]])


def _explain_normalization(missing: Sequence[str], unexpected: Sequence[str]) -> str:
    """Return what to say of keys that look the same and are written with other characters."""
    # Only texts beyond ASCII can be written in several ways; most keys are within it.
    candidates = [key for key in missing if not key.isascii()]
    if not candidates:
        return ""
    sent = {unicodedata.normalize("NFC", key) for key in unexpected}
    twins = [key for key in candidates if unicodedata.normalize("NFC", key) in sent]
    if not twins:
        return ""
    was = "was" if len(twins) == 1 else "were"
    return f" ({_enumerate_names(twins)} {was} sent in another Unicode normalization)"


def _enumerate_levels(feature: Feature) -> str:
    first = (feature.shown or feature.categories)[:10]
    n_more = len(feature.categories) - len(first)
    return ", ".join(map(quote, first)) + (f" and {n_more} more" if n_more else "")


def _compile(schema: dict[str, Any]) -> Callable[[Any], bool]:
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats=_FORMAT_CHECKS
    ).is_valid


# The same functions for both validators: each has formats of its own, which differ in details.
_FORMAT_CHECKS: dict[str, Callable[[str], bool]] = {
    name: IS_VALID[type_] for type_, name in FORMATS.items()
}


def _is_valid(value: Any, check: Callable[[str], bool]) -> bool:
    return not isinstance(value, str) or check(value)


def validate(payload: Any, validator: RowValidator) -> None:
    """Raise unless the payload is a valid row or a list of valid rows.

    Raises
    ------
    InvalidPayload
        With all that is wrong.
    """
    if validator.is_valid(payload) if isinstance(payload, dict) else validator.are_valid(payload):
        return
    if _is_deeper(payload, MAX_DEPTH):
        raise InvalidPayload("Request body is nested too deeply.")
    if isinstance(payload, dict):
        raise InvalidPayload(validator.describe(payload))
    if not isinstance(payload, list) or not all(isinstance(row, dict) for row in payload):
        raise InvalidPayload("Request body must be a JSON object or an array of objects.")
    invalid = [number for number, row in enumerate(payload) if not validator.is_valid(row)]
    raise InvalidPayload(
        f"{len(invalid)} of {len(payload)} rows are invalid.",
        [
            {"row": number, "message": validator.describe(payload[number])}
            for number in invalid[:MAX_ROW_ERRORS]
        ],
    )


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether arrays and objects are nested in more levels than `depth`; a scalar has none."""
    level = [value]
    for _ in range(depth + 1):
        level = [container for container in level if isinstance(container, dict | list)]
        if not level:
            return False
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
        ]
    return True
