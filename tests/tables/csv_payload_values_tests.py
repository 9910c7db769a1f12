"""How the fields of a CSV body are read as numbers, booleans, categories and ids."""

import itertools

import pytest

from app.helpers.validation import RowValidator
from tests.support.payloads import FEATURES, X_AND_COLOR, parse, refuse_csv


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("1", 1.0),
        ("-1.5", -1.5),
        ("+1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("007", 7.0),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("1.5e-3", 0.0015),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("-0", 0.0),
        ("0.1" + "0" * 500, 0.1),
        ("1000000000000000", 1e15),
        ("-1e15", -1e15),
        (" 1", 1.0),
        ("1 ", 1.0),
        ("\t1", 1.0),
        ("1\u00a0", 1.0),
        ("\u2212 1", -1.0),
        ('"2"', 2.0),
        ("", None),
        ('""', None),
    ],
)
def test_numbers(field: str, number: float | None) -> None:
    """As they are written by people and programs, next to one that JSON knows or not."""
    for other in ("3", ".5"):
        ids, columns = parse(f"id,x,y\na,1,{field}\nb,2,{other}\n", RowValidator(FEATURES[:2]))
        assert ids == ["a", "b"]
        assert columns == [[1.0, 2.0], [number, float(other)]]


@pytest.mark.parametrize(
    "field",
    [
        "nan", "NaN", "NA", "null", "None", "-", "inf", "-Infinity", "1_000", "1e400", "-1e400",
        "1" * 400, "0x10", "1e", "e5", ".", "+", "--1", "1.2.3", "1-2", "1f", "٣", "１", "½",
        "true", "[1]", "1;2", '"1,5"', '"1,"', '","', '"1\n2"', '"[1"', '" "', '"""1"""',
        "\x00", "1\x00",
    ],
)  # fmt: skip
def test_what_is_no_number(field: str) -> None:
    """Neither what float() nor what JSON takes for one, alone or in a column of numbers."""
    for above, below in itertools.product(("", "0,1,red\n"), ("", "9,.5,red\n")):
        text = f"id,x,color\n{above}1,{field},red\n{below}"
        assert refuse_csv(text, X_AND_COLOR) == ["Invalid values: 'x' must be a number"]


@pytest.mark.parametrize("field", ["1e16", "-1e16", "1" * 40, "1000000000000001"])
def test_numbers_beyond_what_is_allowed(field: str) -> None:
    """Nullable or not."""
    for name in ("x", "y"):
        line = {"x": "1", "y": "2", name: field}
        assert refuse_csv(f"id,x,y\n1,{line['x']},{line['y']}", RowValidator(FEATURES[:2])) == [
            f"Invalid values: '{name}' must be between -1e+15 and 1e+15"
        ]


@pytest.mark.parametrize(
    ("field", "boolean"),
    [
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ('"true"', True),
        (" tRUE ", True),
        ("yes", True),
        ("N", False),
        ("t", True),
    ],
)
def test_booleans(field: str, boolean: bool) -> None:
    """As training reads them."""
    validator = RowValidator(FEATURES[2:4])
    assert parse(f"id,member,paid\n1,{field},\n2,true,{field}", validator) == (
        ["1", "2"],
        [[boolean, True], [None, boolean]],
    )


@pytest.mark.parametrize("field", ["1", "0", "ja", "true.", "truetrue"])
def test_what_is_no_boolean(field: str) -> None:
    """It is never guessed."""
    validator = RowValidator(FEATURES[2:4])
    assert refuse_csv(f"id,member,paid\n1,{field},{field}", validator) == [
        "Invalid values: 'member' must be a boolean, 'paid' must be a boolean or null"
    ]


def test_categories_are_taken_as_they_stand() -> None:
    """Only the empty field is missing, and spaces around a text do not count."""
    text = 'id,color,shape\n1,NA,"two\nlines"\n2,"green, light",\n3,red,"""square"""\n4,"red",""'
    assert parse(text, RowValidator(FEATURES[4:])) == (
        ["1", "2", "3", "4"],
        [["NA", "green, light", "red", "red"], ["two\nlines", None, '"square"', None]],
    )
    rule = "'color' must be one of 'red', 'green, light', 'NA'"
    assert parse("id,x,color\n1,2, red\t", X_AND_COLOR) == (["1"], [[2.0], ["red"]])
    for field in ("r ed", "Red", "N/A", "", " "):
        assert refuse_csv(f"id,x,color\n1,2,{field}", X_AND_COLOR) == [f"Invalid values: {rule}"]


def test_an_id_stays_text() -> None:
    """It comes back as it was sent."""
    ids = ["007", "1e5", " 1 ", "true", "null", "ä😀", "x" * 256, "😀" * 256]
    assert parse("\n".join(["id,x,color", *(f"{id_},1,red" for id_ in ids)]), X_AND_COLOR)[0] == ids


@pytest.mark.parametrize("id_", ["", '""', "x" * 257, "😀" * 257])
def test_an_id_that_is_missing_or_too_long(id_: str) -> None:
    """The message is that of JSON."""
    assert refuse_csv(f"id,x,color\n{id_},1,red", X_AND_COLOR) == [
        "Invalid values: 'id' must be a string of at most 256 characters"
        " or an integer between -9007199254740991 and 9007199254740991"
    ]
