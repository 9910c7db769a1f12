"""Rows of a Parquet file: values are scored as those of a CSV, and refused as those of JSON."""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from tests.support.scored_files import HEADER, ask, some_rows, typed_table, write_text
from tests.support.training import Run


def test_parquet_gets_the_numbers_that_csv_gets(
    run_scoring: Run, mixed_client: FlaskClient, tmp_path: Path
) -> None:
    """In all four ways from one to the other."""
    expected = ask(mixed_client, some_rows(100)).data
    write_text(tmp_path / "in.csv", some_rows(100))
    pq.write_table(typed_table(100), tmp_path / "in.parquet", row_group_size=30)
    assert run_scoring(tmp_path / "in.parquet", tmp_path / "out.csv").exit_code == 0
    assert (tmp_path / "out.csv").read_bytes() == expected
    for source in ("in.csv", "in.parquet"):
        assert run_scoring(tmp_path / source, tmp_path / "out.parquet").exit_code == 0
        scored = pd.read_parquet(tmp_path / "out.parquet")
        assert scored.to_csv(index=False).encode() == expected


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("x", pa.array([1, 0], pa.int8())),
        ("x", pa.array([1, 0], pa.uint64())),
        ("x", pa.array([1, 0], pa.float32())),
        ("x", pa.array([Decimal("1.00"), Decimal("0.00")])),
        ("color", pa.array(["red", None]).dictionary_encode()),
        ("color", pa.array(["red", None], pa.large_string())),
        ("on", pa.array([None, None], pa.null())),
        ("id", pa.array([2**53 - 1, -3])),
        ("id", pa.array(["a", "b"]).dictionary_encode()),
    ],
    ids=str,
)
def test_any_type_that_can_hold_a_value_is_taken(
    run_scoring: Run, tmp_path: Path, column: str, values: pa.Array
) -> None:
    """The id keeps its own; a row of each is scored as its CSV is."""
    row = {"id": ["a", "b"], "x": [1.0, 0.0], "on": [None, None], "color": ["red", None]}
    table = pa.table({**row, column: values})
    pq.write_table(table, tmp_path / "in.parquet")
    assert run_scoring(tmp_path / "in.parquet", tmp_path / "out.parquet", "--keep").exit_code == 0
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored["id"].to_pylist() == table["id"].to_pylist()
    assert scored[column].to_pylist() == table[column].to_pylist()
    write_text(tmp_path / "in.csv", HEADER + "a,1,,red\nb,0,,\n")
    assert run_scoring(tmp_path / "in.csv", tmp_path / "out.csv").exit_code == 0
    expected = pd.read_csv(tmp_path / "out.csv")["prediction"].tolist()
    assert scored["prediction"].to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("x", pa.array([1.0, float("nan")]), "'x' must be a number or null"),
        ("x", pa.array([1.0, float("inf")]), "'x' must be between -1e+15 and 1e+15"),
        ("x", pa.array([1, 2**60 + 1]), "'x' must be between -1e+15 and 1e+15"),
        ("color", pa.array(["red", "pink"]), None),
        ("id", pa.array(["a", None]), None),
        ("id", pa.array([1, 2**53]), None),
        ("id", pa.array(["a", "b" * 257]), None),
    ],
    ids=str,
)
def test_what_json_refuses_is_refused_in_parquet(
    run_scoring: Run,
    mixed_client: FlaskClient,
    tmp_path: Path,
    column: str,
    values: pa.Array,
    message: str | None,
) -> None:
    """In the same words; JSON itself has neither NaN nor Infinity."""
    table = typed_table(3).slice(1).set_column(0, "id", pa.array(["a", "b"]))
    table = table.set_column(table.column_names.index(column), column, values)
    pq.write_table(table, tmp_path / "in.parquet")
    if message is None:
        answer = json.loads(mixed_client.post("/v0/predict", json=table.to_pylist()).data)
        message = answer["errors"][0]["message"].removeprefix("Invalid values: ")
    result = run_scoring(tmp_path / "in.parquet", tmp_path / "out.csv")
    path = str(tmp_path / "in.parquet")
    assert result.stderr == f"Error: {path!r}, row 2: Invalid values: {message}.\n"
    assert result.exit_code == 2
    skipped = run_scoring(tmp_path / "in.parquet", tmp_path / "out.csv", "--invalid", "skip")
    assert skipped.stderr.endswith("\nSet aside 1 invalid rows.\n")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2
