"""Validation: two validators agree, and every message is exact and echoes no value."""

import json
import math
import random
import threading
from typing import Any

import orjson
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.helpers.errors import InvalidPayload
from app.helpers.features import Feature
from app.helpers.validation import MAX_DEPTH, RowValidator, make_schema, validate

FEATURES = (
    Feature("x_1", "number"),
    Feature("x_2", "number", nullable=True),
    Feature("member", "boolean"),
    Feature("paid", "boolean", nullable=True),
    Feature("color", "category", categories=("red", "green")),
    Feature("größe", "category", nullable=True, categories=("a", "ä", "null", "1")),
)
VALIDATOR = RowValidator(FEATURES)
VALID = {
    "id": "2",
    "x_1": -2.0,
    "x_2": None,
    "member": True,
    "paid": None,
    "color": "red",
    "größe": "ä",
}
ID_RULE = (
    "'id' must be a string of at most 256 characters"
    " or an integer between -9007199254740991 and 9007199254740991"
)
NUMBER_RANGE = "must be between -1e+15 and 1e+15"

settings.register_profile("validation", deadline=None)
settings.load_profile("validation")


def refuse(payload: Any, validator: RowValidator = VALIDATOR) -> InvalidPayload:
    """Return the error that a payload is refused with."""
    with pytest.raises(InvalidPayload) as caught:
        validate(payload, validator)
    return caught.value


def nest(levels: int, *, objects: bool = False) -> Any:
    """Return arrays or objects in that many levels."""
    value: Any = {} if objects else []
    for _ in range(levels - 1):
        value = {"a": value} if objects else [value]
    return value


# Two validators, one opinion

SCALARS: list[Any] = [
    None,
    True,
    False,
    "",
    "red",
    "null",
    "true",
    "1",
    0,
    -0.0,
    1,
    1.0,
    2.0,
    2.5,
    5e-324,
    10**15,
    10**15 + 1,
    -(10**15),
    -(10**15) - 1,
    1e15,
    math.nextafter(1e15, 0),
    math.nextafter(1e15, math.inf),
    math.nextafter(-1e15, -math.inf),
    2**53 - 1,
    2**53,
    float(2**53 - 1),
    float(2**53),
    1 - 2**53,
    -(2**53),
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**64,
    -(2**63),
    -(2**63) - 1,
    10**300,
    -(10**300),
    1.7976931348623157e308,
    "x" * 256,
    "x" * 257,
    "😀" * 256,
    "😀" * 257,
    "e\u0301" * 128,
    "e\u0301" * 129,
    "\x00",
    "\ufeff",
    "\U0010ffff",
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)  # JSON has no surrogates
scalars = st.one_of(
    st.sampled_from(SCALARS),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
json_values = st.recursive(
    scalars,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(texts, values, max_size=3),
    max_leaves=6,
)


def parsed(value: Any) -> Any:
    """Return a value as orjson makes it of its JSON text; what it refuses is left out."""
    try:
        return orjson.loads(json.dumps(value))
    except orjson.JSONDecodeError:
        assume(False)


names = st.sampled_from(
    ["x", "$ref", "", "properties", "a/b", "~0", "ä ö", '"', "x\n", "__class__"]
) | texts.filter(lambda name: name != "id")


@st.composite
def feature_tuples(draw: st.DrawFn) -> tuple[Feature, ...]:
    """Draw features of all types, with names and categories of any kind."""
    features = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        type_ = draw(st.sampled_from(["number", "boolean", "category"]))
        categories = (
            draw(st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True))
            if type_ == "category"
            else []
        )
        features.append(Feature(name, type_, draw(st.booleans()), tuple(categories)))
    return tuple(features)


def likely_values(feature: Feature) -> st.SearchStrategy[Any]:
    """Draw values of which many are valid."""
    if feature.type == "category":
        return st.sampled_from(feature.categories) | st.none()
    if feature.type == "boolean":
        return st.booleans() | st.none()
    return st.floats(-2e15, 2e15) | st.integers(-2 * 10**15, 2 * 10**15) | st.none()


def assert_both_agree(validator: RowValidator, row: Any) -> None:
    """Assert that jsonschema, what we make of it, and jsonschema-rs say the same."""
    is_valid = Draft202012Validator(validator.schema).is_valid(row)
    assert validator.is_valid(row) is is_valid
    assert validator.are_valid([row]) is is_valid
    assert validator.are_valid_columns({key: [value] for key, value in row.items()}) is is_valid
    assert (validator.describe(row) == "") is is_valid


@pytest.mark.slow
@settings(max_examples=400)
@given(st.data(), feature_tuples())
def test_both_validators_agree_on_rows(data: st.DataObject, features: tuple[Feature, ...]) -> None:
    """Whatever the features are, and whatever the JSON parser made of a body."""
    ids = json_values | st.integers(-10, 10)
    values = {f.name: likely_values(f) | json_values for f in features}
    complete = st.fixed_dictionaries({"id": ids, **values})
    ragged = st.fixed_dictionaries({}, optional={"id": ids, **values, "other": json_values})
    assert_both_agree(RowValidator(features), parsed(data.draw(complete | ragged)))


@pytest.mark.parametrize("key", [*VALID, "unexpected"])
def test_both_validators_agree_on_values_at_the_edge(key: str) -> None:
    """Of every type, in every place."""
    for value in SCALARS:
        if value not in (10**300, -(10**300)):
            assert_both_agree(VALIDATOR, {**VALID, key: value})
        row = parsed({**VALID, key: value})
        assert_both_agree(VALIDATOR, row)


@settings(max_examples=100)
@given(
    st.lists(
        st.fixed_dictionaries(
            {key: st.just(value) for key, value in VALID.items()}
            | {"x_1": likely_values(FEATURES[0]) | json_values}
        )
    )
)
def test_many_rows_are_valid_when_each_is(rows: list[dict[str, Any]]) -> None:
    """One call for all says the same."""
    rows = parsed(rows)
    columns = {key: [row[key] for row in rows] for key in VALID}
    is_valid = all(map(VALIDATOR.is_valid, rows))
    assert VALIDATOR.are_valid(rows) is is_valid
    assert VALIDATOR.are_valid_columns(columns) is is_valid


@given(json_values)
@example([[]])
@example([VALID, [VALID]])
def test_nothing_but_a_row_is_valid(value: Any) -> None:
    """An array is valid if its elements are; an empty one is."""
    value = parsed(value)
    assert VALIDATOR.is_valid(value) is False
    assert VALIDATOR.are_valid(value) is (value == [])


def test_a_validator_may_be_shared_by_threads() -> None:
    """Valid and invalid rows at the same time, each with its own answer."""
    mistakes = {
        key: (
            {**VALID, key: []},
            RowValidator(FEATURES).describe({**VALID, key: []}),
        )
        for key in VALID
    }
    validator = RowValidator(FEATURES)  # the reference is not there yet
    start = threading.Barrier(8)
    wrong: list[Any] = []

    def hammer(seed: int) -> None:
        chance = random.Random(seed)
        start.wait()
        for _ in range(300):
            row, message = chance.choice(list(mistakes.values()))
            if (
                not validator.is_valid(VALID)
                or not validator.are_valid([VALID] * 50)
                or validator.is_valid(row)
                or validator.are_valid([*[VALID] * 50, row])
                or validator.describe(row) != message
            ):
                wrong.append(row)

    threads = [threading.Thread(target=hammer, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# The schema


def test_the_schema_of_a_row() -> None:
    """All that a client needs to know of it."""
    schema = make_schema(FEATURES)
    Draft202012Validator.check_schema(schema)
    assert schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "id": {
                "anyOf": [
                    {"type": "string", "maxLength": 256},
                    {
                        "type": "integer",
                        "minimum": -9007199254740991,
                        "maximum": 9007199254740991,
                    },
                ],
                "description": "Your name for the row; echoed in the answer.",
            },
            "x_1": {"type": "number", "minimum": -(10**15), "maximum": 10**15},
            "x_2": {"type": ["number", "null"], "minimum": -(10**15), "maximum": 10**15},
            "member": {"type": "boolean"},
            "paid": {"type": ["boolean", "null"]},
            "color": {"enum": ["red", "green"]},
            "größe": {"enum": ["a", "ä", "null", "1", None]},
        },
        "required": ["id", "x_1", "x_2", "member", "paid", "color", "größe"],
        "additionalProperties": False,
    }
    assert list(schema["properties"]) == schema["required"]


# Messages


@pytest.mark.parametrize(
    "payload",
    [
        VALID,
        [],
        [VALID],
        [VALID, VALID],
        dict(reversed(VALID.items())),
        {**VALID, "id": 0},
        {**VALID, "id": -(2**53) + 1},
        {**VALID, "id": 2.0},
        {**VALID, "id": ""},
        {**VALID, "id": "😀" * 256},
        {**VALID, "x_1": 1e15, "x_2": -1e15},
        {**VALID, "x_1": 10**15, "x_2": -(10**15)},
        {**VALID, "x_1": -0.0, "x_2": 5e-324},
        {**VALID, "paid": False, "größe": None},
    ],
    ids=str,
)
def test_valid_payloads(payload: Any) -> None:
    """Nothing is said of them."""
    assert validate(payload, VALIDATOR) is None  # type: ignore[func-returns-value]


def without(*keys: str) -> dict[str, Any]:
    """Return the valid row less some keys."""
    return {key: value for key, value in VALID.items() if key not in keys}


MESSAGES: list[tuple[Any, str]] = [
    ({}, "Missing keys: 'id', 'x_1', 'x_2', 'member', 'paid', 'color', 'größe'"),
    (without("id"), "Missing keys: 'id'"),
    (without("paid", "x_1", "x_2"), "Missing keys: 'x_1', 'x_2', 'paid'"),
    ({**VALID, "x_5": 1}, "Unexpected keys: 'x_5'"),
    ({**VALID, "b": VALID, "a": None}, "Unexpected keys: 'b', 'a'"),
    ({**VALID, "ID": 1, "": 2}, "Unexpected keys: 'ID', ''"),
    ({**VALID, "id": None}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": True}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": 1.5}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": ["2"]}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": 2**53}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": -(2**53)}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": "x" * 257}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "id": "😀" * 257}, f"Invalid values: {ID_RULE}"),
    ({**VALID, "x_1": "1"}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": None}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": True}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": [1]}, "Invalid values: 'x_1' must be a number"),
    ({**VALID, "x_1": 1.1e15}, f"Invalid values: 'x_1' {NUMBER_RANGE}"),
    ({**VALID, "x_1": -(2**63)}, f"Invalid values: 'x_1' {NUMBER_RANGE}"),
    ({**VALID, "x_1": math.nextafter(1e15, 2e15)}, f"Invalid values: 'x_1' {NUMBER_RANGE}"),
    ({**VALID, "x_2": "1"}, "Invalid values: 'x_2' must be a number or null"),
    ({**VALID, "x_2": -2e15}, f"Invalid values: 'x_2' {NUMBER_RANGE}"),
    ({**VALID, "member": None}, "Invalid values: 'member' must be a boolean"),
    ({**VALID, "member": 1}, "Invalid values: 'member' must be a boolean"),
    ({**VALID, "paid": "true"}, "Invalid values: 'paid' must be a boolean or null"),
    ({**VALID, "color": "blue"}, "Invalid values: 'color' must be one of 'red', 'green'"),
    ({**VALID, "color": None}, "Invalid values: 'color' must be one of 'red', 'green'"),
    ({**VALID, "color": "Red"}, "Invalid values: 'color' must be one of 'red', 'green'"),
    (
        {**VALID, "größe": 1},
        "Invalid values: 'größe' must be one of 'a', 'ä', 'null', '1' or null",
    ),
    (
        {"color": 0, "x_1": "x", "x_9": [], "id": {}, "x_2": 1e16, "x_8": 1},
        "Missing keys: 'member', 'paid', 'größe'. Unexpected keys: 'x_9', 'x_8'."
        f" Invalid values: {ID_RULE}, 'x_1' must be a number, 'x_2' {NUMBER_RANGE},"
        " 'color' must be one of 'red', 'green'",
    ),
    (
        {**without("color"), "x_1": None},
        "Missing keys: 'color'. Invalid values: 'x_1' must be a number",
    ),
    (
        {**VALID, "x_1": None, "extra": 1},
        "Unexpected keys: 'extra'. Invalid values: 'x_1' must be a number",
    ),
]


@pytest.mark.parametrize(("row", "message"), MESSAGES, ids=[message for _, message in MESSAGES])
def test_all_that_is_wrong_with_a_row_is_said_at_once(row: Any, message: str) -> None:
    """Alone, and among many."""
    error = refuse(row)
    assert str(error) == message
    assert error.errors == []
    error = refuse([VALID, row])
    assert str(error) == "1 of 2 rows are invalid."
    assert error.errors == [{"row": 1, "message": message}]


@pytest.mark.parametrize(
    "payload",
    [None, True, 0, 1.5, "", "[]", [1], [None], [[]], [VALID, "row"], [[VALID]], [VALID, [VALID]]],
    ids=str,
)
def test_a_payload_is_an_object_or_an_array_of_objects(payload: Any) -> None:
    """Nothing else is looked into."""
    error = refuse(payload)
    assert str(error) == "Request body must be a JSON object or an array of objects."
    assert error.errors == []


@pytest.mark.parametrize("objects", [False, True])
def test_more_than_32_levels_are_too_deep(objects: bool) -> None:
    """Wherever they are; what else is wrong is then not looked for."""
    assert MAX_DEPTH == 32
    for levels in (33, 34, 100, 1000):
        for payload in (
            nest(levels, objects=objects),
            {**VALID, "x_1": nest(levels - 1, objects=objects)},
            {"a": 1, "b": [nest(levels - 2, objects=objects), 1]},
            [VALID, {**VALID, "unexpected": nest(levels - 2, objects=objects)}],
        ):
            assert str(refuse(payload)) == "Request body is nested too deeply."


def test_32_levels_are_not_too_deep() -> None:
    """They are wrong for another reason."""
    assert str(refuse(nest(32))) == ("Request body must be a JSON object or an array of objects.")
    assert str(refuse({**VALID, "x_1": nest(31)})) == "Invalid values: 'x_1' must be a number"
    assert str(refuse({**VALID, "x_9": nest(31, objects=True)})) == "Unexpected keys: 'x_9'"
    assert str(refuse([{**VALID, "x_9": nest(30)}])) == "1 of 1 rows are invalid."


def test_the_first_20_invalid_rows_are_described() -> None:
    """Counted from 0, with all of them counted."""
    rows = [without("x_1") if number % 3 == 0 else VALID for number in range(100)]
    error = refuse(rows)
    assert str(error) == "34 of 100 rows are invalid."
    assert error.errors == [
        {"row": 3 * place, "message": "Missing keys: 'x_1'"} for place in range(20)
    ]


def test_the_first_10_names_are_shown() -> None:
    """And how many more there are."""
    features = [Feature(f"f{number}", "number") for number in range(15)]
    validator = RowValidator(features)
    assert str(refuse({"id": 1}, validator)) == (
        "Missing keys: 'f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9' and 5 more"
    )
    unexpected = {f"u{number}": 1 for number in range(11)}
    valid = {"id": 1, **{feature.name: 1 for feature in features}}
    assert str(refuse({**valid, **unexpected}, validator)) == (
        "Unexpected keys: 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9' and 1 more"
    )
    rules = ", ".join(f"'f{number}' must be a number" for number in range(10))
    wrong = {**dict.fromkeys(valid, "x")}
    assert str(refuse(wrong, validator)) == f"Invalid values: {rules} and 5 more"
    many = RowValidator(
        [Feature("c", "category", True, tuple(f"c{number}" for number in range(1000)))]
    )
    assert str(refuse({"id": 1, "c": 1}, many)) == (
        "Invalid values: 'c' must be one of 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8',"
        " 'c9' and 990 more or null"
    )


def test_ten_names_are_all_shown() -> None:
    """Then there are no more."""
    unexpected = {f"u{number}": 1 for number in range(10)}
    assert str(refuse({**VALID, **unexpected})) == (
        "Unexpected keys: 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9'"
    )


def test_a_hundred_thousand_unexpected_keys_are_counted() -> None:
    """In one short message."""
    unexpected = {f"u{number}": number for number in range(100_000)}
    assert str(refuse({**VALID, "x_1": None, **unexpected})) == (
        "Unexpected keys: 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'u8', 'u9' and 99990"
        " more. Invalid values: 'x_1' must be a number"
    )


def test_names_are_escaped_and_cut() -> None:
    """At 64 characters, so that no client can write into a log or fill a message."""
    names = ["it's", "a\\b", "a\nb\r\t\x00\x1b", "ä\u200b\u202e😀", "x" * 64, "y" * 65, "'" * 65]
    shown = [
        r"'it\'s'",
        r"'a\\b'",
        r"'a\nb\r\t\x00\x1b'",
        r"'ä\u200b\u202e😀'",
        "'" + "x" * 64 + "'",
        "'" + "y" * 63 + "…'",
        "'" + r"\'" * 63 + "…'",
    ]
    message = str(refuse({**VALID, **dict.fromkeys(names)}))
    assert message == f"Unexpected keys: {', '.join(shown)}"


def test_the_names_of_features_and_categories_are_escaped_and_cut_too() -> None:
    """Whoever made the CSV chose them."""
    name, category = "n" * 65, "c'" + "c" * 65
    validator = RowValidator([Feature(name, "category", categories=(category,))])
    shown, shown_category = "'" + "n" * 63 + "…'", r"'c\'" + "c" * 61 + "…'"
    assert str(refuse({"id": 1}, validator)) == f"Missing keys: {shown}"
    assert str(refuse({"id": 1, name: ""}, validator)) == (
        f"Invalid values: {shown} must be one of {shown_category}"
    )


CANARY = "canary-7731"


@settings(max_examples=200)
@given(st.data())
def test_a_value_is_never_echoed(data: st.DataObject) -> None:
    """Neither a text nor a number, an element nor an inner key."""
    values = st.sampled_from(
        [
            CANARY,
            CANARY * 99,
            7731e300,
            -77317731.5,
            [CANARY],
            {"x_1": {CANARY: 1}},
            [[{"a": CANARY}]],
        ]
    )
    row = st.fixed_dictionaries({}, optional=dict.fromkeys([*VALID, "x_5"], values))
    payload = data.draw(row | st.lists(row, max_size=4) | st.lists(row | values) | values)
    error = None
    try:
        validate(payload, VALIDATOR)
    except InvalidPayload as caught:
        error = caught
    if error is not None:
        assert "7731" not in f"{error} {error.errors}"


@pytest.mark.parametrize("value", ["a" * 301, "a" * 1_000_000, ["a" * 300], {"a": "a"}])
def test_a_long_value_is_wrong_as_a_short_one(value: Any) -> None:
    """Though jsonschema is shown only as much as tells that it is wrong."""
    validator = RowValidator([Feature("x", "category", categories=("a" * 300, "b"))])
    assert validator.describe({"id": 1, "x": "a" * 300}) == ""
    wrong = validator.describe({"id": 1, "x": "c"})
    assert wrong.startswith("Invalid values: 'x' must be one of ")
    assert validator.describe({"id": 1, "x": value}) == wrong


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
