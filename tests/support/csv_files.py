"""CSV files to train on: good ones, and ways to spoil them."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.tables.columns import Columns
from app.training.dataset import Dataset, read_dataset

GOOD: list[list[Any]] = [
    ["x", "letter", "target"],
    *([i % 3, "ab"[i % 2], ["yes", "no"][i % 2]] for i in range(8)),
]

MIXED_NAMES = ["größe in cm", 'the "best"', "it's, so", "安い", "Zeile\n2"]


def write_csv(path: Path, rows: Iterable[Sequence[Any]], **dialect: Any) -> Path:
    """Write rows as csv.writer does; None is an empty field."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **dialect).writerows(rows)
    return path


def to_csv(
    rows: Iterable[Sequence[Any]], line_end: str = "\n", quoting: Any = csv.QUOTE_MINIMAL
) -> bytes:
    """Return rows as csv.writer writes them; None is an empty field."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=line_end, quoting=quoting).writerows(rows)
    return buffer.getvalue().encode()


def csv_of(*rows: Sequence[Any]) -> bytes:
    """Return rows as CSV; None is an empty field."""
    return to_csv(rows)


def read_content(tmp_path: Path, content: bytes, **columns: Any) -> Dataset:
    """Read a file of that content with those options."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return read_dataset(str(path), Columns(**columns))


def with_field(row: int, column: int, field: Any) -> bytes:
    """Return the good CSV with one field changed; rows as a spreadsheet numbers them."""
    rows = [list(fields) for fields in GOOD]
    rows[row - 1][column] = field
    return csv_of(*rows)


def with_column(name: str, fields: Sequence[Any]) -> bytes:
    """Return the good CSV with another column first."""
    return csv_of(*([field, *row] for field, row in zip([name, *fields], GOOD, strict=True)))


def two_columns(fields: Iterable[Any], targets: Sequence[Any] = (0, 1)) -> bytes:
    """Return a CSV of x and a target that goes round."""
    rows = ([field, targets[i % len(targets)]] for i, field in enumerate(fields))
    return csv_of(["x", "target"], *rows)


def base_rows(n_rows: int = 40) -> list[list[Any]]:
    """Return a header and rows of a number, a category and a target that neither tells."""
    generator = np.random.default_rng(2)
    return [
        ["x", "letter", "target"],
        *(
            [f"{generator.normal():.3f}", generator.choice(["a", "b"]), i % 2]
            for i in range(n_rows)
        ),
    ]


def mixed_rows(n_rows: int = 400) -> list[list[Any]]:
    """Return rows of a number, a boolean, two categories and a zip code, some missing."""
    generator = np.random.default_rng(1)
    rows = []
    for i in range(n_rows):
        height, best = generator.normal(170, 10), bool(generator.random() < 0.5)
        colour = ["rot", "grün", "bläulich, fast", 'so "lila"'][generator.integers(4)]
        cheap = ["ja", "nein"][generator.integers(2)]
        zip_code = f"{generator.integers(0, 20):05d}"
        z = (height - 170) / 5 + best - (colour == "rot") + generator.logistic()
        row = [f"{height:.2f}", best, colour, cheap, zip_code]
        if i % 9 == 0:
            row[i % 4] = None
        rows.append([*row, "tall" if z > 0 else "short"])
    return rows
