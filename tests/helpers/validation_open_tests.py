"""Open columns: categories that take any text of reasonable length."""

from typing import Any

import pytest

from app.helpers.features import Feature
from app.helpers.validation import RowValidator, validate
from tests.support.validation import refuse

CITY = Feature(
    "city", "category", categories=("Bree", "Dale"), shares=(0.2, 0.5), open=True, rare=0.3
)
TOWN = Feature(
    "town", "category", nullable=True, categories=("Bree", "Dale"), shares=(0.5, 0.5), open=True
)
OPEN = RowValidator([CITY, TOWN])
DESCRIPTION = "Any text. Those that were rare in training, or are new, count as the same."


def row(city: Any, town: Any = None) -> dict[str, Any]:
    """Return a row with the values."""
    return {"id": 1, "city": city, "town": town}


def test_the_schema_of_an_open_column_has_the_known_levels_as_examples() -> None:
    """The most frequent first."""
    assert OPEN.schema["properties"]["city"] == {
        "type": "string",
        "maxLength": 256,
        "description": DESCRIPTION,
        "examples": ["Dale", "Bree"],
    }
    assert OPEN.schema["properties"]["town"] == {
        "type": ["string", "null"],
        "maxLength": 256,
        "description": DESCRIPTION,
        "examples": ["Bree", "Dale"],
    }


def test_at_most_twenty_levels_are_examples() -> None:
    """The schema stays small however many cities there are."""
    cities = tuple(f"city {i:04d}" for i in range(5000))
    shares = tuple((i + 1) / 5000 for i in range(5000))
    schema = RowValidator([Feature("city", "category", False, cities, shares=shares, open=True)])
    examples = schema.schema["properties"]["city"]["examples"]
    assert examples == [f"city {i:04d}" for i in range(4999, 4979, -1)]


def test_an_open_column_without_known_levels_has_no_examples() -> None:
    """Then all its levels were rare."""
    schema = RowValidator([Feature("city", "category", open=True)]).schema
    assert "examples" not in schema["properties"]["city"]


@pytest.mark.parametrize("city", ["Bree", "Minas Tirith", "", " Bree", "😀" * 256])
def test_an_open_column_takes_any_text(city: str) -> None:
    """Known or new."""
    assert validate(row(city, city), OPEN) is None  # type: ignore[func-returns-value]
    assert validate([row(city)], OPEN) is None  # type: ignore[func-returns-value]
    assert OPEN.are_valid_columns({"id": [1], "city": [city], "town": [None]})


@pytest.mark.parametrize("city", [1, True, [], {}, "x" * 257, "x" * 100_000], ids=type)
def test_an_open_column_takes_nothing_but_text(city: Any) -> None:
    """And not too long a one."""
    rule = "must be a string of at most 256 characters"
    assert str(refuse(row(city), OPEN)) == f"Invalid values: 'city' {rule}"
    assert str(refuse(row("Bree", city), OPEN)) == f"Invalid values: 'town' {rule} or null"
    assert not OPEN.are_valid_columns({"id": [1], "city": [city], "town": [None]})


def test_null_is_for_columns_that_had_gaps() -> None:
    """Open or not."""
    assert str(refuse(row(None), OPEN)) == (
        "Invalid values: 'city' must be a string of at most 256 characters"
    )


def test_a_refusal_does_not_name_the_rare_levels_of_a_closed_column() -> None:
    """It says how many there are; the schema's enum has them."""
    plan = Feature("plan", "category", False, ("a", "b", "rare"), rare_categories=("rare",))
    validator = RowValidator([plan])
    assert str(refuse({"id": 1, "plan": "c"}, validator)) == (
        "Invalid values: 'plan' must be one of 'a', 'b' and 1 more"
    )
    assert validator.schema["properties"]["plan"] == {"enum": ["a", "b", "rare"]}


def test_a_refusal_names_the_levels_of_a_small_table() -> None:
    """There all are rare, and a message that names none would not help."""
    plan = Feature("plan", "category", False, ("a", "b"), rare_categories=("a", "b"))
    assert str(refuse({"id": 1, "plan": "c"}, RowValidator([plan]))) == (
        "Invalid values: 'plan' must be one of 'a', 'b'"
    )
