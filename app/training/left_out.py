"""Finds columns that a model cannot learn from: they count rows, name them, or never vary."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.helpers.features import MIN_LEVEL_ROWS
from app.training.raw_table import are_whole
from app.training.typed_column import TypedColumn
from app.training.words import has_frequent_word

MAX_DISTINCT_SHARE = 0.5  # a text column in which more of the rows differ is no category
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[0-9]+|#")
_ID_WORDS = frozenset(("id", "ids", "uid", "uuid", "guid", "pk", "no", "nr", "identifier"))
_ID_NAMES = frozenset(
    ("index", "idx", "number", "num", "key", "row", "rowid", "rownum", "rownames", "rowname", "#")
)
_JOINED_ID = re.compile(
    r"(?:account|case|client|cust|customer|employee|invoice|item|member|order|passenger|patient"
    r"|person|product|record|row|sample|student|subject|transaction|user)(?:id|no|nr|num|number)"
)


@dataclass(frozen=True)
class Uselessness:
    """Why a column is left out, and the option that keeps it."""

    reason: str
    option: str


def find_uselessness(
    column: TypedColumn, rows: NDArray[np.intp], categorical: bool
) -> Uselessness | None:
    """Return why a model cannot learn from a column; None if it can.

    Parameters
    ----------
    rows : array of int, shape (n_rows,)
        Where its rows are in the file, counted from 0.
    categorical : bool
        Whether the user says that it is one of categories.
    """
    if column.feature.type == "text":
        if has_frequent_word(column.values):
            return None
        reason = f"it has texts, but no word of them is in {MIN_LEVEL_ROWS} rows"
        return Uselessness(reason, "--categorical")
    if column.feature.type == "category":
        return _of_categories(column, categorical)
    present = column.values[~np.isnan(column.values)]
    if not len(present):
        return Uselessness("it is empty", "")
    is_full = len(present) == len(column.values)
    if is_full and (present == present[0]).all():
        return _CONSTANT
    if column.feature.type == "number" and are_whole(present):
        if is_full and (counts_rows(present, rows)):
            return Uselessness("it counts the rows", "--include")
        if is_id_name(column.feature.name) and len(np.unique(present)) == len(present):
            return Uselessness("it is an id, different in each row", "--include")
    return None


_CONSTANT = Uselessness("it has the same value in every row", "--include")


def counts_rows(numbers: NDArray[np.float64], rows: NDArray[np.intp]) -> bool:
    """Whether numbers count the rows of the file, from 0 or 1 in steps of 1."""
    steps = numbers - rows
    return bool(steps[0] in (0, 1) and (steps == steps[0]).all())


def is_id_name(name: str) -> bool:
    """Whether a column of this name holds ids, if its values allow it.

    >>> [is_id_name(name) for name in ("customer_id", "orderId", "Order no", "paid", "year")]
    [True, True, True, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    return (
        words[-1] in _ID_WORDS
        or words[0] == "id"
        or (len(words) == 1 and words[0] in _ID_NAMES)
        or bool(_JOINED_ID.fullmatch(words[-1]))
    )


def _of_categories(column: TypedColumn, categorical: bool) -> Uselessness | None:
    categories = column.feature.categories
    if not categories:
        return Uselessness("it is empty", "")
    if len(categories) == 1 and not column.feature.nullable:
        return _CONSTANT
    if categorical or len(categories) <= MAX_DISTINCT_SHARE * column.n_present:
        return None
    found = f"it has {len(categories)} different texts in {column.n_present} rows"
    return Uselessness(f"{found}: it names rows rather than groups them", "--categorical")
