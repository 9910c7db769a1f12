"""Labels and intervals of whole files: what the API adds with `?label=true` and the like."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.csv_files import write_csv
from tests.support.houses import houses_csv
from tests.support.scored_files import HEADER, some_rows, typed_table, write_text
from tests.support.training import Run, train

IRIS = "id,a,b\n" + "".join(f"i{i},{i % 7},{i % 5 - i % 3}\n" for i in range(80))


def answered(client: FlaskClient, text: str, query: str, version: str = "v0") -> bytes:
    """Return what the API answers to a CSV."""
    answer = client.post(f"/{version}/predict?{query}", data=text, content_type="text/csv")
    assert answer.status_code == 200, answer.json
    return bytes(answer.data)


@pytest.mark.parametrize(
    ("version", "text", "options", "query"),
    [
        ("v0", some_rows(90), ["--label"], "label=true"),
        ("v0", some_rows(90), ["--threshold", "0.3"], "threshold=0.3"),
        ("v0", some_rows(90), ["--label", "--threshold=0.7", "--workers=2"], "threshold=0.7"),
        ("v0", HEADER, ["--label"], "label=true"),
        ("v1", IRIS, ["--label"], "label=true"),
    ],
)
def test_a_file_gets_the_labels_of_the_api(
    run_scoring: Run,
    mixed_client: FlaskClient,
    tmp_path: Path,
    version: str,
    text: str,
    options: list[str],
    query: str,
) -> None:
    """Byte for byte, of two classes and of three, also of a file without rows."""
    source, out = write_text(tmp_path / "in.csv", text), tmp_path / "out.csv"
    result = run_scoring(source, out, *options, version=version)
    assert result.exit_code == 0, result.stderr
    assert out.read_bytes() == answered(mixed_client, text, query, version)


def test_stdin_gets_labels_on_stdout(run_scoring: Run, mixed_client: FlaskClient) -> None:
    """In a pipe."""
    text = some_rows(40)
    result = run_scoring("-", "-", "--label", input=text)
    assert result.stdout_bytes == answered(mixed_client, text, "label=true")


def test_parquet_and_explanations_have_labels_too(
    run_scoring: Run, mixed_client: FlaskClient, tmp_path: Path
) -> None:
    """As texts, before the contributions."""
    pq.write_table(typed_table(60), tmp_path / "in.parquet")
    result = run_scoring(
        tmp_path / "in.parquet", tmp_path / "out.parquet", "--label", "--explain", "--keep"
    )
    assert result.exit_code == 0, result.stderr
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names[:4] == ["id", "prediction", "label", "explanation.baseline"]
    assert table.schema.field("label").type == pa.string()
    lines = answered(mixed_client, some_rows(60), "label=true").decode().splitlines()[1:]
    assert table["label"].to_pylist() == [line.rpartition(",")[2] for line in lines]


@pytest.fixture
def score_houses(run_scoring: Run, houses_config: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, with the houses' model."""
    monkeypatch.setattr("app.settings.current", houses_config)
    return run_scoring


def test_a_file_gets_the_intervals_of_the_api(
    score_houses: Run, houses_client: FlaskClient, tmp_path: Path
) -> None:
    """Byte for byte in a CSV, and the same numbers in Parquet."""
    text = houses_csv(150)
    source = write_text(tmp_path / "in.csv", text)
    for name in ("out.csv", "out.parquet"):
        result = score_houses(source, tmp_path / name, "--interval")
        assert result.exit_code == 0, result.stderr
    assert (tmp_path / "out.csv").read_bytes() == answered(houses_client, text, "interval=true")
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "out.parquet"),
        pd.read_csv(tmp_path / "out.csv", dtype={"id": str}),
        check_exact=True,
        check_dtype=False,
    )


def test_the_label_is_that_of_the_versions_threshold(
    run_scoring: Run, config: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And not one half, where training chose another."""
    rows = [[str(i % 13), "yes" if i % 13 > i % 5 + 5 else "no"] for i in range(300)]
    path = write_csv(tmp_path / "rows.csv", [["x", "target"], *rows])
    train(str(path), "v0", threshold=0.2, config=config)
    monkeypatch.setattr("app.settings.current", config)
    text = "id,x\n" + "".join(f"{i},{i}\n" for i in range(13))
    result = run_scoring(write_text(tmp_path / "in.csv", text), tmp_path / "out.csv", "--label")
    assert result.exit_code == 0, result.stderr
    client = create_app(config).test_client()
    scored = (tmp_path / "out.csv").read_bytes()
    assert scored == answered(client, text, "label=true")
    assert scored != answered(client, text, "threshold=0.5")


@pytest.mark.parametrize(
    ("version", "options", "message"),
    [
        ("v0", ["--interval"], "--interval is for regressions only."),
        ("v0", ["--threshold", "1.5"], "--threshold must be a number between 0 and 1."),
        ("v0", ["--threshold", "nan"], "--threshold must be a number between 0 and 1."),
        ("v1", ["--threshold", "0.5"], "--threshold is for two classes only."),
    ],
)
def test_what_a_classification_does_not_have_is_refused(
    run_scoring: Run, tmp_path: Path, version: str, options: list[str], message: str
) -> None:
    """In one line, and nothing is written."""
    check_refusal(
        run_scoring,
        IRIS if version == "v1" else some_rows(3),
        options,
        message,
        tmp_path,
        version=version,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label"], "--label is for classifications only."),
        (["--threshold", "0.5"], "--threshold is for classifications only."),
    ],
)
def test_what_a_regression_does_not_have_is_refused(
    score_houses: Run, tmp_path: Path, options: list[str], message: str
) -> None:
    """In one line, and nothing is written."""
    check_refusal(score_houses, houses_csv(3), options, message, tmp_path)


def check_refusal(
    run: Run, text: str, options: list[str], message: str, directory: Path, **rest: Any
) -> None:
    """The command ends with status 2 and that line."""
    source = write_text(directory / "in.csv", text)
    result = run(source, directory / "out.csv", *options, **rest)
    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")
    assert not (directory / "out.csv").exists()
