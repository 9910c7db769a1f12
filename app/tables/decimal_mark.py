"""Finds out whether a file writes fractions with a point or with a comma.

A file uses one decimal mark throughout. Columns decide which if only one of the two makes them
numbers: 12.5 and 1,234.50 need the point; 12,5 and 1.234,50 need the comma. 1.234 is a number with
either, but not the same one, so it decides nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.helpers.features import Format
from app.tables.formats import is_missing, normalize
from app.tables.numbers import read_number

ENOUGH_TEXTS = 200  # distinct ones of a column; after these, only texts with a mark are looked at


@dataclass(frozen=True)
class Votes:
    """The columns that need one mark, and those that are other numbers with the other mark."""

    point: tuple[str, ...] = ()
    comma: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()

    def decide(self, delimiter: str) -> str | None:
        """Return the decimal mark; None if it cannot be decided.

        If values are separated by commas and the columns disagree, it is the point.
        """
        if self.point and self.comma:
            return "." if delimiter == "," else None
        if self.point or self.comma:
            return "." if self.point else ","
        return None if self.unclear and delimiter != "," else "."


def count_votes(columns: Iterable[tuple[str, Iterable[str]]]) -> Votes:
    """Return the votes of columns, each given as its name and its fields."""
    votes: dict[str, list[str]] = {"point": [], "comma": [], "unclear": []}
    for name, fields in columns:
        if vote := _vote(fields):
            votes[vote].append(name)
    return Votes(**{key: tuple(names) for key, names in votes.items()})


def _vote(fields: Iterable[str]) -> str | None:
    """Return "point", "comma" or "unclear"; None if both marks give the same numbers."""
    n_texts = n_point = n_comma = n_unclear = 0
    seen: set[str] = set()
    for field in fields:
        if n_texts >= ENOUGH_TEXTS:
            if n_point != n_comma:
                break
            if "." not in field and "," not in field:
                continue  # it decides nothing
        elif field in seen:
            continue
        else:
            seen.add(field)
        text = normalize(field)
        if is_missing(text, Format()):
            continue
        n_texts += 1
        by_point, by_comma = read_number(text, "."), read_number(text, ",")
        n_point += by_point is not None
        n_comma += by_comma is not None
        n_unclear += bool(by_point and by_comma and by_point.value != by_comma.value)
    if max(n_point, n_comma) <= n_texts / 2:
        return None  # it holds no numbers
    if n_point != n_comma:
        return "point" if n_point > n_comma else "comma"
    return "unclear" if n_unclear else None
