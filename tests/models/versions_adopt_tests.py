"""Pickles that were trained elsewhere are adopted, and answer as they do without this project."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import Result
from flask.testing import FlaskClient
from sklearn.linear_model import LogisticRegression

from app.app import create_app
from app.settings import Settings
from tests.support.foreign import (
    CLASSIFIERS,
    ON_ARRAYS,
    REGRESSORS,
    Fit,
    TakesColumns,
    fit_mixed,
    write_example,
)
from tests.support.training import Run, read_manifest

Adopt = Callable[..., Result]


@pytest.fixture
def example(tmp_path: Path) -> pd.DataFrame:
    """The rows of the example, which is written beside the pickles."""
    return write_example(tmp_path / "rows.csv")


@pytest.fixture
def adopt(run_versions: Run, tmp_path: Path, example: pd.DataFrame) -> Adopt:
    """Adopt a pickle of an estimator as v8: adopt(estimator, *options)."""

    def adopt(estimator: Any, *options: str) -> Result:
        path = tmp_path / "model.pkl"
        joblib.dump(estimator, path)
        of_files = (str(path), "v8", "--example", str(tmp_path / "rows.csv"))
        result = run_versions("adopt", *of_files, "--trust", *options)
        assert result.exit_code == 0, result.stderr
        return result

    return adopt


@pytest.fixture
def client(config: Settings) -> FlaskClient:
    """A client of a server with whatever is adopted."""
    return create_app(config).test_client()


def predictions(client: FlaskClient, frame: pd.DataFrame) -> list[float]:
    """Return what v8 predicts for rows."""
    rows = [
        {"id": i, **{key: None if value != value else value for key, value in row.items()}}
        for i, row in enumerate(frame.to_dict("records"))
    ]
    answer = client.post("/v8/predict", json=rows)
    assert answer.status_code == 200, answer.json
    return [each["prediction"] for each in answer.get_json()]


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_classifier_answers_as_it_does_elsewhere(
    kind: str, adopt: Adopt, client: FlaskClient, example: pd.DataFrame
) -> None:
    """It gets what pandas reads, and only the columns that it takes; the rest is ignored."""
    estimator = CLASSIFIERS[kind](example)
    result = adopt(estimator, "--target", "left")
    columns = list(estimator.feature_names_in_)
    expected = estimator.predict_proba(example[columns])[:, 1].round(4)
    assert predictions(client, example[columns]) == pytest.approx(expected.tolist(), abs=1e-9)
    assert predictions(client, example[:3]) == pytest.approx(expected[:3].tolist(), abs=1e-9)
    n_rows, figure, saved = result.stdout.splitlines()
    assert n_rows == "example has 200 rows"
    assert 0.5 < float(figure) <= 1.0
    assert saved.startswith("Successfully saved model at ")


@pytest.mark.parametrize("kind", ON_ARRAYS)
def test_an_estimator_that_was_fitted_on_an_array_gets_one(
    kind: str, adopt: Adopt, client: FlaskClient, example: pd.DataFrame
) -> None:
    """In the order of the file; nobody is warned of names that it does not know."""
    estimator = ON_ARRAYS[kind](example)
    left_out = ("--drop", "a", "--drop", "color", "--drop", "flag", "--drop", "seen")
    result = adopt(estimator, "--target", "left", *left_out)
    assert "feature names" not in result.stderr
    columns = ["b", "amount"]
    expected = estimator.predict_proba(example[columns].to_numpy())[:, 1].round(4)
    assert predictions(client, example[columns]) == pytest.approx(expected.tolist(), abs=1e-9)


def test_an_estimator_that_does_not_say_that_it_takes_names_gets_them(
    adopt: Adopt, client: FlaskClient, example: pd.DataFrame
) -> None:
    """It is tried both ways."""
    estimator = TakesColumns()
    adopt(estimator, "--target", "left", "--drop", "seen")
    expected = estimator.predict_proba(example)[:, 1].round(4)
    columns = ["a", "b", "color", "flag", "amount"]
    assert predictions(client, example[columns]) == pytest.approx(expected.tolist(), abs=1e-9)


@pytest.mark.parametrize("type_", [int, float, str])
def test_labels_that_are_numbers_may_have_been_learned_as_any_type(
    type_: type, adopt: Adopt, client: FlaskClient, example: pd.DataFrame, tmp_path: Path
) -> None:
    """As texts, 10 comes before 9."""
    example["grade"] = np.where(example["left"] == "stays", 10, 9)
    example.to_csv(tmp_path / "rows.csv", index=False)
    estimator = LogisticRegression().fit(example[["b"]], example["grade"].astype(type_))
    adopt(estimator, "--target", "grade")
    place = list(estimator.classes_).index(type_(10))
    expected = estimator.predict_proba(example[["b"]])[:, place].round(4)
    assert predictions(client, example[["b"]]) == pytest.approx(expected.tolist(), abs=1e-9)


@pytest.mark.parametrize("kind", REGRESSORS)
def test_a_regressor_answers_as_it_does_elsewhere(
    kind: str, adopt: Adopt, client: FlaskClient, example: pd.DataFrame
) -> None:
    """With six significant digits, and an interval."""
    estimator = REGRESSORS[kind](example)
    adopt(estimator, "--target", "amount")
    columns = list(estimator.feature_names_in_)
    expected = estimator.predict(example[columns])
    np.testing.assert_allclose(predictions(client, example[columns]), expected, rtol=1e-5)
    row = {"id": 1, "a": 0.5, "b": 0.5, "color": "red", "flag": "no"}
    assert "interval" in client.post("/v8/predict?interval=true", json=row).get_json()


@pytest.mark.parametrize(
    ("fit", "is_linear"),
    [
        (CLASSIFIERS["known levels only"], True),
        (ON_ARRAYS["a bare logistic regression"], True),
        (CLASSIFIERS["boosting"], False),
    ],
)
def test_a_linear_estimator_is_served_from_its_weights(
    fit: Fit, is_linear: bool, adopt: Adopt, config: Settings, example: pd.DataFrame
) -> None:
    """As if it had been trained here; the file holds the estimator as it was."""
    estimator = fit(example)
    drop = () if hasattr(estimator, "feature_names_in_") else ("a", "color", "flag", "seen")
    adopt(estimator, "--target", "left", *(f"--drop={name}" for name in drop))
    assert (read_manifest(config, "v8").weights is not None) == is_linear
    assert type(joblib.load(f"{config.models_root}/trained-model-v8.p")) is type(estimator)


def test_new_levels_are_accepted_only_if_the_estimator_takes_them(
    adopt: Adopt, config: Settings, example: pd.DataFrame, tmp_path: Path
) -> None:
    """If it refuses them, the column is closed whatever its levels look like."""
    example["color"] = [f"color {i}" if i % 3 == 0 else "red" for i in range(len(example))]
    example.to_csv(tmp_path / "rows.csv", index=False)
    row = {"id": 1, "a": 0.5, "b": 0.5, "color": "never seen", "flag": "no"}
    answers = []
    for one_hot in ({"handle_unknown": "ignore"}, {}):
        estimator = fit_mixed(LogisticRegression(), **one_hot)(example)
        adopt(estimator, "--target", "left", "--replace")
        answers.append(create_app(config).test_client().post("/v8/predict", json=row).status_code)
    assert answers == [200, 400]


def test_an_adopted_version_has_pages_like_any_other(
    adopt: Adopt, client: FlaskClient, example: pd.DataFrame
) -> None:
    """They say that it was trained elsewhere."""
    adopt(CLASSIFIERS["boosting"](example), "--target", "left", "--note", "from the old project")
    for path in (
        "/v8",
        "/v8/report",
        "/v8/schema",
        "/openapi.json",
        "/metrics",
        "/",
    ):
        assert client.get(path, headers={"Accept": "text/html"}).status_code == 200
    metadata = client.get("/v8/metadata").get_json()
    assert metadata["origin"]["adopted"] == "model.pkl"
    assert metadata["origin"]["options"] == ["--target", "left"]
    assert metadata["note"] == "from the old project"
    page = client.get("/v8", headers={"Accept": "text/html"}).text
    assert "model.pkl" in page
