"""Models of tables with dates: trained from the command line, served and scored in every way."""

import csv
import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from app.app import create_app
from app.models import estimators
from app.settings import Settings
from app.tables.columns import Columns
from app.training.dataset import read_dataset
from app.training.date_parts import with_parts
from tests.support.csv_files import to_csv
from tests.support.requests import predictions_of_csv
from tests.support.scored_files import scores_of
from tests.support.training import Run, load_model, read_manifest
from tests.support.visits import HEADER, visit_rows, write_visits

CYCLE = timedelta(days=146_097)  # 400 years, in which months and weekdays come round


def as_json(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """Return the rows of visits as a client sends them."""
    return [
        {
            "id": k,
            "since": datetime.strptime(since, "%d/%m/%Y").date().isoformat(),
            "at": at and datetime.fromisoformat(at).isoformat() + "Z",
            "age": age,
            "member": member == "yes",
            "plan": str(plan),
            "city": str(city),
        }
        for k, since, at, age, member, plan, city, _ in rows
    ]


@pytest.mark.parametrize("target", ["classes", "three", "number"])
def test_every_way_to_the_model_gives_the_numbers_of_the_pickled_pipeline(
    run_training: Run, config: Settings, tmp_path: Path, target: str
) -> None:
    """One row, many, and the file as it stands, through the API: dates beside every other type."""
    path = write_visits(tmp_path / "visits.csv", target)
    result = run_training(path, "--target", "bought")
    assert result.exit_code == 0, result.stderr
    model, rows = load_model(config), as_json(visit_rows(target))
    assert [feature.type for feature in model.features] == [
        *("date", "datetime", "number", "boolean", "category", "category")
    ]
    assert model.manifest.weights is not None

    frame = read_dataset(str(path), Columns("bought")).frame
    estimator = joblib.load(Path(config.models_root) / "trained-model-v0.p")
    X = with_parts(frame, model.features)
    expected = estimator.predict(X) if target == "number" else estimator.predict_proba(X)
    if target == "classes":
        expected = expected[:, 1]
    np.testing.assert_allclose(
        np.array(model.outputs_of_rows(rows)).squeeze(), expected, rtol=1e-9, atol=1e-9
    )

    client = create_app(config).test_client()
    many = [answer["prediction"] for answer in client.post("/v0/predict", json=rows).json or ()]
    assert many == [model.predict(row) for row in rows]
    one = client.post("/v0/predict", json=rows[7]).json
    assert one == {"id": 7, "prediction": many[7]}
    answer = client.post("/v0/predict", data=path.read_bytes(), content_type="text/csv")
    written = [row for _, *row in csv.reader(answer.text.splitlines()[1:])]
    values = [list(each.values()) if target == "three" else [each] for each in many]
    assert [[float(field) for field in row] for row in written] == values


@pytest.fixture
def visits(run_training: Run, tmp_path: Path) -> Path:
    """The path of a table of visits, of which v0 is a model."""
    path = write_visits(tmp_path / "visits.csv")
    assert run_training(path, "--target", "bought").exit_code == 0
    return path


def test_files_get_the_numbers_of_the_api(visits: Path, config: Settings, tmp_path: Path) -> None:
    """A CSV as training read it, and with a quote, which another reader reads."""
    by_api = predictions_of_csv(create_app(config).test_client(), visits.read_bytes())
    rows = visit_rows()
    rows[5][6] = 'a "city"'
    quoted = tmp_path / "quoted.csv"
    quoted.write_bytes(to_csv([HEADER, *rows]))
    for source in (visits, quoted):
        scored = [row["prediction"] for row in scores_of(source, tmp_path / "out.csv", config)]
        assert scored[6:] == by_api[6:]
        assert len(scored) == len(by_api)


@pytest.mark.parametrize("types", ["text", "date32", "date64", "s", "ms", "us", "ns", "zoned"])
def test_parquet_may_hold_dates_in_any_type(
    visits: Path, config: Settings, tmp_path: Path, types: str
) -> None:
    """Texts in ISO, days, or points in time of any precision."""
    rows = as_json(visit_rows())
    table = pa.Table.from_pylist(rows)
    if types != "text":
        days = pa.array([date.fromisoformat(row["since"]) for row in rows])
        moments = [row["at"] and datetime.fromisoformat(row["at"]) for row in rows]
        unit = types if types in ("s", "ms", "us", "ns") else "us"
        points = pa.array(moments, pa.timestamp(unit, "UTC"))
        if types == "zoned":
            points = points.cast(pa.timestamp("us", "Asia/Tokyo"))
        day_type = {"date32": pa.date32(), "date64": pa.date64()}.get(types, pa.timestamp(unit))
        for name, column in (("since", days.cast(day_type)), ("at", points)):
            table = table.set_column(table.column_names.index(name), name, column)
    source = tmp_path / "visits.parquet"
    pq.write_table(table, source)
    scored = scores_of(source, tmp_path / "out.csv", config)
    by_api = predictions_of_csv(create_app(config).test_client(), visits.read_bytes())
    assert [row["prediction"] for row in scored] == by_api


def test_a_date_contributes_the_sum_of_its_parts(visits: Path, config: Settings) -> None:
    """The contributions have the names that clients send, and add up to the log-odds."""
    model, client = load_model(config), create_app(config).test_client()
    row = as_json(visit_rows())[3]
    answer: Any = client.post("/v0/predict?explain=true", json=row).json
    contributions = answer["explanation"]["contributions"]
    assert list(contributions) == [feature.name for feature in model.features]
    z = answer["explanation"]["baseline"] + math.fsum(contributions.values())
    (expected,) = model.outputs_of_rows([row])[0]
    assert 1 / (1 + math.exp(-z)) == pytest.approx(expected, abs=1e-9)
    by_column = dict(
        zip(
            [column.name for column in model.columns],
            model.scores()[0].contributions(model.make_vector(row)),
            strict=True,
        )
    )
    parts = [by_column[f"at.{part}"] for part in ("days", "month", "weekday", "hour")]
    assert contributions["at"] == pytest.approx(math.fsum(parts), abs=1e-12)
    parts = [by_column[f"since.{part}"] for part in ("days", "month", "weekday")]
    assert contributions["since"] == pytest.approx(math.fsum(parts), abs=1e-12)


def test_beyond_training_the_trend_is_held_and_nothing_is_out_of_range(
    visits: Path, config: Settings
) -> None:
    """A day after the last one counts as the last, but its month and weekday are its own."""
    model, client = load_model(config), create_app(config).test_client()
    row = as_json(visit_rows())[0]
    feature = model.features[0]
    last = date.fromisoformat(feature.last)
    for ordinal in (feature.first, feature.last):
        day = date.fromisoformat(ordinal)
        far = day + CYCLE if day == last else day - CYCLE
        ends = [{**row, "since": each.isoformat()} for each in (day, far)]
        one, other = model.outputs_of_rows(ends)
        assert one == other
        assert client.post("/v0/predict", json=ends[1]).status_code == 200
    metrics = client.get("/metrics").text
    assert "model_predictions_total" in metrics
    assert 'feature="since' not in metrics


def test_the_manifest_describes_dates_and_their_parts(visits: Path, config: Settings) -> None:
    """What was seen as text; the days as numbers; months by their names."""
    manifest = read_manifest(config)
    since, at = manifest.features[:2]
    assert (since.nullable, at.nullable, at.missing > 0.0) == (False, True, True)
    assert "2023-01-01" <= since.first < since.typical < since.last <= "2024-12-30"  # type: ignore[operator]
    assert datetime.fromisoformat(at.first).tzinfo == UTC
    assert (since.format.date, at.format.date) == ("%d/%m/%Y", "%Y-%m-%d")
    days, month, weekday = since.parts
    span = date.fromisoformat(since.last) - date.fromisoformat(since.first)
    assert (days.name, days.minimum, days.maximum) == ("since.days", 0.0, span.days)
    assert (month.name, len(month.categories)) == ("since.month", 12)
    assert math.isclose(sum(weekday.shares), 1.0)
    assert [part.part for part in at.parts] == ["days", "month", "weekday", "hour"]
    assert json.dumps(manifest.public())


def test_the_signal_in_dates_is_learned(visits: Path, config: Settings) -> None:
    """Summer, weekends and nights, of which the table was made."""
    model = load_model(config)
    row = as_json(visit_rows())[0]

    def predict(at: str) -> float:
        return model.outputs_of_rows([{**row, "at": at}])[0][0]

    monday, saturday = "2023-07-03T12:00:00Z", "2023-07-08T12:00:00Z"
    assert predict(saturday) > predict(monday) > predict("2023-07-03T03:00:00Z")
    assert predict(monday) > predict("2023-11-06T12:00:00Z")


def test_the_pages_show_a_model_of_dates(visits: Path, config: Settings) -> None:
    """Its parts among the effects, the range that was seen, and fields for dates."""
    client = create_app(config).test_client()
    page = client.get("/v0").text.replace("<wbr>", "")
    feature = read_manifest(config).features[0]
    for shown in ("since.month", "at.hour", feature.first, feature.last):
        assert shown in page
    assert f'type="date" value="{feature.typical}"' in page
    assert 'type="datetime-local" step="1"' in page
    document = client.get("/openapi.json").text
    assert '"format":"date-time"' in document


@pytest.mark.parametrize("target", ["classes", "number"])
def test_gradient_boosting_gets_the_parts(
    run_training: Run,
    config: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
) -> None:
    """A fork's estimator is trained on every type, served, scored and described."""
    for name, model in (
        ("build_classifier", HistGradientBoostingClassifier),
        ("build_regressor", HistGradientBoostingRegressor),
    ):
        monkeypatch.setattr(estimators, name, boosting_on(model))
    path = write_visits(tmp_path / "visits.csv", target)
    result = run_training(path, "--target", "bought")
    assert result.exit_code == 0, result.stderr
    assert read_manifest(config).weights is None
    client = create_app(config).test_client()
    answers: Any = client.post("/v0/predict", json=as_json(visit_rows())).json
    many = [answer["prediction"] for answer in answers]
    assert len(set(many)) > 50
    assert list(map(float, predictions_of_csv(client, path.read_bytes()))) == many
    if target == "classes":
        scored = scores_of(path, tmp_path / "out.csv", config)
        assert [float(row["prediction"]) for row in scored] == many
    assert client.get("/v0").status_code == 200


def boosting_on(model: Any) -> Any:
    """Return what builds gradient boosting on the columns as they come."""

    def build(features: Any, C: float = 0.1) -> Any:
        categories = [feature.name for feature in features if feature.type == "category"]
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        columns = make_column_transformer((encoder, categories), remainder="passthrough")
        return make_pipeline(columns, model(max_iter=10))

    return build
