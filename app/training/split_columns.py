"""What the rows are split by, if not at random: the groups that they belong to, and their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.helpers.errors import quote
from app.helpers.features import Format
from app.tables.columns import Columns
from app.tables.csv_file import FIRST_ROW
from app.tables.formats import is_missing, normalize
from app.training.decisions import Decisions
from app.training.raw_table import RawColumn
from app.training.roles import tell_unknown
from app.training.typed_column import TypedColumn

_ORDERED_TYPES = ("date", "datetime", "number")


@dataclass(frozen=True)
class SplitColumns:
    """The names, as the file has them, of the columns to split by; None for one not given."""

    group: str | None
    last: str | None

    @property
    def names(self) -> list[str]:
        """Those that were given, each once."""
        return list(dict.fromkeys(name for name in (self.group, self.last) if name is not None))


def choose_split_columns(
    names: Sequence[str], columns: Columns, target: str, decisions: Decisions
) -> SplitColumns:
    """Return the columns to split by; InvalidDataset if there is none of a name."""
    known = {normalize(name): name for name in names}
    found = []
    n_faults = len(decisions.faults)
    for option, given in (("--group", columns.group), ("--validate-last", columns.validate_last)):
        name = None if given is None else known.get(normalize(given), given)
        if name is not None and name not in names:
            tell_unknown(name, names, decisions)
        elif name == target:
            decisions.faults.append(
                f"Column {quote(name)} is the target; name another column with {option}."
            )
        found.append(name)
    if len(decisions.faults) > n_faults:  # others wait for what the rows have
        decisions.check()
    return SplitColumns(*found)


def read_groups(
    name: str, raw: RawColumn, rows: NDArray[np.intp], known: Format, decisions: Decisions
) -> NDArray[np.intp]:
    """Return the group of each of these rows, counted from 0; a row without one is a fault."""
    values: NDArray[Any]
    if raw.numbers is not None:
        values = raw.numbers[rows]
        missing = np.isnan(values)
    else:
        assert raw.codes is not None  # noqa: S101 - a column has numbers or texts
        texts = [normalize(text) for text in raw.texts]
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        values = np.array([places[text] for text in texts], np.intp)[raw.codes[rows]]
        missing = np.isin(values, [k for text, k in places.items() if is_missing(text, known)])
    _tell_missing(name, missing, rows, "--group", decisions)
    groups: NDArray[np.intp] = np.unique(values, return_inverse=True)[1]
    return groups


def read_times(
    name: str, column: TypedColumn, rows: NDArray[np.intp], decisions: Decisions
) -> NDArray[np.float64] | None:
    """Return a number for each of these rows that orders them; what is wrong is a fault."""
    if column.feature.type not in _ORDERED_TYPES:
        decisions.faults.append(
            f"Column {quote(name)} has neither dates nor numbers; --validate-last needs them."
        )
        return None
    times: NDArray[np.float64] = column.values
    _tell_missing(name, np.isnan(times), rows, "--validate-last", decisions)
    return times


def _tell_missing(
    name: str, missing: NDArray[np.bool_], rows: NDArray[np.intp], option: str, decisions: Decisions
) -> None:
    if missing.any():
        decisions.faults.append(
            f"Row {int(rows[missing.argmax()]) + FIRST_ROW}, column {quote(name)} is missing;"
            f" {option} needs a value in every row."
        )
