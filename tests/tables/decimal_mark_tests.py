"""The decimal mark of a file, as its columns decide."""

import pytest

from app.tables.decimal_mark import Votes, count_votes


@pytest.mark.parametrize(
    ("columns", "votes", "decision"),
    [
        ({"a": "1.5 2", "b": "x y"}, Votes(point=("a",)), "."),
        ({"a": "1,5 2", "b": "1.234 5.678"}, Votes(comma=("a",), unclear=("b",)), ","),
        ({"a": "1.234,5 2"}, Votes(comma=("a",)), ","),
        ({"a": "1.234.567"}, Votes(comma=("a",)), ","),
        ({"a": "$1,234.50", "b": "1,234"}, Votes(point=("a",), unclear=("b",)), "."),
        ({"a": "1.234 2.345"}, Votes(unclear=("a",)), None),
        ({"a": "1,234 2,345"}, Votes(unclear=("a",)), None),
        ({"a": "1.5 2.5", "b": "1,5 2,5"}, Votes(point=("a",), comma=("b",)), None),
        ({"a": "1 2", "b": "x y"}, Votes(), "."),
        ({"a": "10.01.2024 11.01.2024"}, Votes(), "."),
        ({"a": "1,5 NA ? x 2,5 3,5"}, Votes(comma=("a",)), ","),
        ({"a": "1,5 x y z"}, Votes(), "."),
        ({"a": "NA - ?"}, Votes(), "."),
    ],
)
def test_columns_vote_that_one_mark_only_can_read(
    columns: dict[str, str], votes: Votes, decision: str | None
) -> None:
    """Without them, or against each other, nothing is decided but what both marks read alike."""
    counted = count_votes((name, texts.split()) for name, texts in columns.items())
    assert counted == votes
    assert counted.decide(";") == decision


def test_between_commas_the_point_is_likelier() -> None:
    """Values that are separated by commas and leave it open have decimal points."""
    assert Votes(unclear=("a",)).decide(",") == "."
    assert Votes(point=("a",), comma=("b",)).decide(",") == "."
    assert Votes(comma=("b",)).decide(",") == ","
