"""Scoring whole files with a model that predicts a number: the numbers of the API."""

import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from tests.support.houses import houses_csv
from tests.support.scored_files import write_text
from tests.support.training import Run


@pytest.fixture
def score_houses(run_scoring: Run, houses_config: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, with the houses' model."""
    monkeypatch.setattr("app.settings.current", houses_config)
    return run_scoring


def test_a_file_gets_what_the_api_answers_to_its_csv(
    score_houses: Run, houses_client: FlaskClient, tmp_path: Path
) -> None:
    """Byte for byte, in one process and in two."""
    text = houses_csv(200)
    answered = houses_client.post("/v0/predict", data=text, content_type="text/csv").data
    for options in ([], ["--workers", "2"]):
        result = score_houses(write_text(tmp_path / "in.csv", text), tmp_path / "out.csv", *options)
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / "out.csv").read_bytes() == answered


def test_explanations_and_parquet_have_the_same_numbers(
    score_houses: Run, houses_client: FlaskClient, tmp_path: Path
) -> None:
    """In columns that are called as pandas flattens the API's answers."""
    frame = pd.read_csv(io.StringIO(houses_csv(30)))
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / "in.parquet")
    result = score_houses(tmp_path / "in.parquet", tmp_path / "out.parquet", "--explain")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(frame.to_json(orient="records"))
    answers = houses_client.post("/v0/predict?explain=true", json=rows).get_json()
    expected = pd.json_normalize(answers)
    actual = pd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(actual, expected[actual.columns], check_exact=True)
    assert {*actual.columns} == {*expected.columns}
