"""Scoring whole files: the numbers and the words of the API, in every form that is asked for.

Most runs are `main` in this process.
"""

import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from app.app import create_app
from app.models import estimators
from app.models.estimators import build_classifier
from app.settings import Settings
from tests.support.scored_files import HEADER, ask, some_rows, write_text
from tests.support.training import Run, train


def test_a_file_gets_what_the_api_answers_to_its_csv(
    run_scoring: Run, mixed_client: FlaskClient, tmp_path: Path
) -> None:
    """Byte for byte, though it is cut into blocks."""
    result = run_scoring(write_text(tmp_path / "in.csv", some_rows(200)), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == ask(mixed_client, some_rows(200)).data
    assert (result.stdout, result.exit_code) == ("", 0)
    assert result.stderr.startswith("Scored 200 rows in ")
    assert sorted(os.listdir(tmp_path)) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_an_explanation_is_what_the_api_answers_to_json(
    run_scoring: Run, mixed_client: FlaskClient, tmp_path: Path, version: str
) -> None:
    """Number for number; the columns are called as pandas flattens the API's answers."""
    if version == "v0":
        text = some_rows(40)
        frame = pd.read_csv(io.StringIO(text), keep_default_na=False)
        rows = [
            {
                "id": row["id"],
                "x": float(row["x"]) if row["x"] else None,
                "on": {"true": True, "False": False, "": None}[row["on"]],
                "color": row["color"] or None,
            }
            for row in frame.to_dict("records")
        ]
    else:
        rows = [{"id": str(i), "a": i % 7, "b": 1.5 - i} for i in range(20)]
        text = pd.DataFrame(rows).to_csv(index=False)
    result = run_scoring(
        write_text(tmp_path / "in.csv", text), tmp_path / "out.csv", "--explain", version=version
    )
    assert result.exit_code == 0
    answers = json.loads(mixed_client.post(f"/{version}/predict?explain=true", json=rows).data)
    expected = pd.json_normalize(answers).rename(columns=lambda n: n.removeprefix("prediction."))
    # The CSV has no column order in common with JSON.
    actual = pd.read_csv(tmp_path / "out.csv", dtype={"id": str})
    pd.testing.assert_frame_equal(actual, expected[actual.columns], check_exact=True)


def test_a_model_that_is_not_linear_scores_files_too(
    run_scoring: Run, mixed_config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The estimator is asked, as by the API; it has no exact contributions to write."""

    def build_tree(features: Any, **options: Any) -> Any:
        linear = build_classifier(features)
        return make_pipeline(linear[0], DecisionTreeClassifier(max_depth=3, random_state=1))

    monkeypatch.setattr(estimators, "build_classifier", build_tree)
    train(str(Path(mixed_config.models_root).parent / "mixed.csv"), "v2", config=mixed_config)
    api = create_app(mixed_config).test_client()
    path, out = write_text(tmp_path / "in.csv", some_rows(60)), tmp_path / "out.csv"
    assert run_scoring(path, out, version="v2").exit_code == 0
    assert out.read_bytes() == ask(api, some_rows(60), "v2").data
    refused = run_scoring(path, out, "--explain", version="v2")
    assert (refused.stderr, refused.exit_code) == (
        "Error: Trained model version 'v2' cannot explain its predictions: it is not a linear"
        " model.\n",
        2,
    )


# What comes out beside the numbers


def test_columns_are_kept_as_they_were_written(run_scoring: Run, tmp_path: Path) -> None:
    """In any order, unknown ones and quoted ones too; left out unless asked for."""
    text = 'color,note,x,id,on\nred,"a ""b"", c",+1.50,7,TRUE\n,,,8,\n'
    path = write_text(tmp_path / "in.csv", text)
    assert run_scoring(path, tmp_path / "out.csv", "--keep").exit_code == 0
    kept = (tmp_path / "out.csv").read_text()
    assert run_scoring(path, tmp_path / "out.csv").exit_code == 0
    plain = (tmp_path / "out.csv").read_text()
    (_, one), (_, two) = (line.split(",") for line in plain.splitlines()[1:])
    assert kept == (
        f'id,prediction,color,note,x,on\n7,{one},red,"a ""b"", c",+1.50,TRUE\n8,{two},,,,\n'
    )


def test_invalid_rows_are_set_aside_with_their_reasons(run_scoring: Run, tmp_path: Path) -> None:
    """By the rows of the file, however many blocks precede them; both kinds are counted."""
    lines = some_rows(100).splitlines()
    lines[50] = "b,high,maybe,red"
    lines[90] = "c,1"
    path, out = write_text(tmp_path / "in.csv", "\n".join(lines)), tmp_path / "out.csv"
    stopped = run_scoring(path, out)
    assert (stopped.stderr, stopped.exit_code) == (
        f"Error: {str(path)!r}, row 51: Invalid values: 'x' must be a number or null,"
        " 'on' must be a boolean or null.\n",
        2,
    )
    assert os.listdir(tmp_path) == ["in.csv"]
    skipped = run_scoring(path, out, "--invalid", "skip")
    assert skipped.exit_code == 0
    assert skipped.stderr.startswith("Scored 98 rows in ")
    assert skipped.stderr.endswith("\nSet aside 2 invalid rows.\n")
    assert Path(f"{out}.invalid.csv").read_text() == (
        "row,reason,id,x,on,color\n"
        "51,\"Invalid values: 'x' must be a number or null, 'on' must be a boolean or null\","
        "b,high,maybe,red\n"
        '91,"It has 2 fields, the header has 4",c,1\n'
    )
    assert len(out.read_text().splitlines()) == 99


def test_ids_may_be_in_another_column(run_scoring: Run, tmp_path: Path) -> None:
    """The output calls it id, as everywhere."""
    path = write_text(tmp_path / "in.csv", "x,on,color,customer\n1,true,red,c 1\n")
    assert run_scoring(path, tmp_path / "out.csv", "--id", "customer").exit_code == 0
    assert (tmp_path / "out.csv").read_text().startswith("id,prediction\nc 1,0.")


def test_a_table_without_rows_has_an_output_without_rows(run_scoring: Run, tmp_path: Path) -> None:
    """And with its header."""
    for end in ("", "\n", "\n\n"):
        path = write_text(tmp_path / "in.csv", HEADER.strip() + end)
        assert run_scoring(path, tmp_path / "out.csv").exit_code == 0
        assert (tmp_path / "out.csv").read_text() == "id,prediction\n"
        assert run_scoring(path, tmp_path / "out.parquet", "--explain").exit_code == 0
        assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def test_stdin_goes_to_stdout(run_scoring: Run, mixed_client: FlaskClient) -> None:
    """As CSV; what is said goes to stderr."""
    text = "\ufeff" + some_rows(50)
    result = run_scoring("-", "-", input=text.encode())
    assert result.stdout_bytes == ask(mixed_client, text.encode()).data
    refused = run_scoring("-", "-", input=(HEADER + "a,b,,\n").encode())
    assert refused.stderr == (
        "Error: stdin, row 2: Invalid values: 'x' must be a number or null.\n"
    )
