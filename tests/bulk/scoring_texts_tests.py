"""Files with texts: the predictions of the API, from CSV and Parquet."""

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from app.app import create_app
from app.models.score_file import main
from app.settings import Settings
from tests.support.comments import comment_rows
from tests.support.requests import post, post_csv

PLAIN = "id,comment,age,plan\n" + "".join(
    f"{k},{' '.join(row['comment'].split())},{row['age']},{row['plan']}\n"
    for k, row in enumerate(comment_rows(50, seed=7))
)
"""Without quotes, so that pyarrow reads it."""
QUOTED = (
    'id,comment,age,plan\n1,"Cancel, now",40,plus\n2,"two\nlines: refund",50,basic\n3,,60,plus\n'
)


@pytest.fixture
def client(comments_config: Settings) -> FlaskClient:
    """A client of the API with the same version."""
    return create_app(comments_config).test_client()


def score(config: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> Result:
    """Run the command line in this process."""
    monkeypatch.setattr("app.settings.current", config)
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.mark.parametrize("text", [PLAIN, QUOTED, PLAIN.replace("cancel", "cafe\u0301 ÉTÉ")])
def test_a_csv_with_texts_is_scored_as_by_the_api(
    text: str,
    comments_config: Settings,
    client: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To the last digit, with and without quotes."""
    (tmp_path / "new.csv").write_text(text)
    out = tmp_path / "scored.csv"
    assert score(comments_config, monkeypatch, tmp_path / "new.csv", out, "v0").exit_code == 0
    assert out.read_text() == post_csv(client, text).text


def test_a_parquet_file_with_texts_is_scored_and_explained(
    comments_config: Settings,
    client: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missing text is null; the contributions are those of the API."""
    rows: list[dict[str, Any]] = [
        {"id": k, "comment": row["comment"] or None, "age": row["age"], "plan": row["plan"]}
        for k, row in enumerate(comment_rows(40, seed=8))
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "new.parquet")
    out = tmp_path / "scored.csv"
    arguments = (tmp_path / "new.parquet", out, "v0", "--explain")
    assert score(comments_config, monkeypatch, *arguments).exit_code == 0
    answers = post(client, rows, "/v0/predict?explain=true").get_json()
    for answer, line in zip(answers, csv.DictReader(io.StringIO(out.read_text())), strict=True):
        assert float(line["prediction"]) == answer["prediction"]
        contributions = answer["explanation"]["contributions"]
        assert float(line["explanation.contributions.comment"]) == contributions["comment"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_text_that_is_too_long_is_refused_in_a_file(
    quote: str, comments_config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the API's words, whichever way the file is read."""
    text = f"id,comment,age,plan\n1,{quote}{'é' * 10_001}{quote},40,plus\n"
    (tmp_path / "long.csv").write_text(text)
    result = score(comments_config, monkeypatch, tmp_path / "long.csv", tmp_path / "out.csv", "v0")
    assert result.exit_code == 2
    assert "'comment' must be a string of at most 10000 characters or null" in result.stderr
