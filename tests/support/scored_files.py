"""Tables to score with v0 of `mixed_config`, and what the API answers to them."""

import csv
import io
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from flask.testing import FlaskClient
from hypothesis import HealthCheck

from app.models.score_file import Options, score
from app.settings import Settings

HEADER = "id,x,on,color\n"
BLOCKS = 300  # bytes: a file of some rows is many blocks

# For laws whose examples each score a file.
quickly = hypothesis.settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write_text(path: Path, text: str) -> Path:
    """Write a text as it is."""
    path.write_bytes(text.encode())
    return path


def some_rows(count: int) -> str:
    """Return a CSV with a header, of so many valid rows."""
    colors = ("red", "green", "dark blue", "é", "")
    lines = [
        f"row {i},{i / 8 - 3 if i % 4 else ''},{('true', 'False', '')[i % 3]},{colors[i % 5]}\n"
        for i in range(count)
    ]
    return HEADER + "".join(lines)


def ask(api: FlaskClient, text: str | bytes, version: str = "v0") -> Any:
    """Return the API's answer to a CSV."""
    return api.post(f"/{version}/predict", data=text, content_type="text/csv")


def typed_table(count: int) -> pa.Table:
    """Return the rows of `some_rows` with types."""
    frame = pd.read_csv(io.StringIO(some_rows(count)), dtype={"on": str}, keep_default_na=False)
    return pa.table(
        {
            "id": frame["id"].tolist(),
            "x": [float(x) if x else None for x in frame["x"]],
            "on": [{"true": True, "False": False}.get(on) for on in frame["on"]],
            "color": [color or None for color in frame["color"]],
        }
    )


def make_files(directory: Path, count: int) -> None:
    """Make so many files, one of them Parquet, each of other rows."""
    directory.mkdir()
    for i in range(count):
        lines = some_rows(40 + i).splitlines(keepends=True)
        write_text(directory / f"{i:02}.csv", "".join([lines[0], *lines[1 + i :]]))
    pq.write_table(typed_table(50), directory / "z.parquet", row_group_size=20)


def contents(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory by name."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def scores_of(source: Path | str, target: Path, config: Settings) -> list[dict[str, str]]:
    """Score a file with v0, without options, and return what is written for each row."""
    score(str(source), str(target), "v0", Options(), config)
    with open(target, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
