"""Files with an open column: what is new is scored, what no level can be is not."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from app.app import create_app
from app.models.score_file import main
from app.settings import Settings
from tests.support.configs import make_config
from tests.support.requests import post, post_csv
from tests.support.training import train
from tests.support.villages import write_villages


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of v0, of two classes, and v1, of three."""
    root = tmp_path_factory.mktemp("villages")
    config = make_config(root)
    train(str(write_villages(root / "two.csv")), "v0", config=config)
    train(str(write_villages(root / "three.csv", classes="abc")), "v1", config=config)
    return config


@pytest.fixture
def client(config: Settings) -> FlaskClient:
    """A client of the API with the same versions."""
    return create_app(config).test_client()


def score(config: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> Result:
    """Run the command line in this process."""
    monkeypatch.setattr("app.settings.current", config)
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_file_with_a_new_city_is_scored(
    version: str,
    config: Settings,
    client: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No batch is lost because of one row; it gets what the API answers."""
    text = "id,city,plan,age\n1,Bree,basic,40\n2,Minas Tirith,basic,40\n3,,plus,51\n"
    (tmp_path / "new.csv").write_text(text)
    out = tmp_path / "scored.csv"
    assert score(config, monkeypatch, tmp_path / "new.csv", out, version).exit_code == 0
    assert out.read_text() == post_csv(client, text, f"/{version}/predict").text


def test_a_parquet_file_with_a_new_city_is_scored(
    config: Settings, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts and pandas' categories alike."""
    rows: list[dict[str, Any]] = [
        {"id": 1, "city": "Minas Tirith", "plan": "basic", "age": 40.0},
        {"id": 2, "city": "Dale", "plan": "plus", "age": 51.0},
        {"id": 3, "city": None, "plan": "plus", "age": 51.0},
    ]
    expected = [answer["prediction"] for answer in post(client, rows).get_json()]
    for kind in ("object", "category"):
        path, out = tmp_path / f"{kind}.parquet", tmp_path / f"{kind}.csv"
        pd.DataFrame(rows).astype({"city": kind}).to_parquet(path)
        assert score(config, monkeypatch, path, out, "v0").exit_code == 0
        assert pd.read_csv(out)["prediction"].tolist() == expected


def test_a_text_that_is_too_long_is_an_invalid_row(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the words of the API."""
    path, out = tmp_path / "long.csv", tmp_path / "scored.csv"
    path.write_text(f"id,city,plan,age\n1,{'x' * 256},basic,40\n2,{'x' * 257},basic,40\n")
    result = score(config, monkeypatch, path, out, "v0")
    assert (result.stderr, result.exit_code) == (
        f"Error: {str(path)!r}, row 3: Invalid values: 'city' must be a string of at most 256"
        " characters or null.\n",
        2,
    )
