"""Training a regression from the command line."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from app.settings import Settings
from app.store.metrics import RegressionMetrics
from app.tables.columns import Columns
from app.training.dataset import read_dataset
from app.training.split import split_rows
from tests.support.csv_files import write_csv
from tests.support.houses import NOISE, house_rows
from tests.support.training import Run, load_model, read_manifest, read_trials

OPTIONS = "--target", "price"


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    """The path of a table of houses."""
    return write_csv(tmp_path / "houses.csv", house_rows())


def test_prints_the_r2_of_held_out_rows(houses: Path, run_training: Run, config: Settings) -> None:
    """On stdout exactly what a classification prints."""
    result = run_training(houses, *OPTIONS)
    manifest = read_manifest(config)
    assert isinstance(manifest.metrics, RegressionMetrics)
    assert result.stdout == (
        f"\nWill train model v0 using the file at: {houses}\n\n"
        "training set has 450 rows\n"
        "validation set has 150 rows\n"
        f"{manifest.metrics.r2}\n"
        f"Successfully saved model at {config.models_root}/trained-model-v0.p\n"
    )
    assert (manifest.task, manifest.classes, manifest.positive_class) == ("regression", (), None)
    assert manifest.metrics.root_mean_squared_error == pytest.approx(NOISE, rel=0.2)
    assert manifest.baseline_figure == pytest.approx(0.0, abs=0.02)


def test_the_pickle_is_a_pipeline_that_predicts_the_numbers_of_the_csv(
    houses: Path, run_training: Run, config: Settings
) -> None:
    """Its R² on the validation set is the one that was printed, and serving gives its numbers."""
    result = run_training(houses, *OPTIONS)
    dataset = read_dataset(str(houses), Columns("price"))
    split = split_rows(dataset, seed=1)
    estimator = joblib.load(Path(config.models_root) / "trained-model-v0.p")
    predicted = estimator.predict(split.X_validation)
    assert str(r2_score(split.y_validation, predicted)) in result.stdout
    columns = [
        [None if pd.isna(value) else value for value in split.X_validation[name]]
        for name in split.X_validation
    ]
    served = load_model(config).outputs(columns)[0]
    np.testing.assert_allclose(served, predicted, rtol=1e-9)


def test_a_search_chooses_the_strength_by_squared_error(
    houses: Path, run_training: Run, config: Settings
) -> None:
    """And writes it as C, which is 1 / alpha."""
    result = run_training(houses, *OPTIONS, "--search")
    trials = read_trials(config)
    losses = [trial.squared_error for trial in trials]
    assert None not in losses
    assert [trial.loss for trial in trials] == sorted(trial.loss for trial in trials)
    C = trials[0].regularization.C
    assert result.stderr.endswith(
        f"Of 6 choices in 5-fold cross-validation the best is C {C}: mean squared error"
        f" {trials[0].loss:.4g}.\n"
    )
    estimator = joblib.load(Path(config.models_root) / "trained-model-v0.p")
    assert isinstance(estimator[-1], Ridge)
    assert C is not None
    assert estimator[-1].alpha == 1 / C


def test_a_refit_learns_from_all_rows_and_keeps_the_figures(
    houses: Path, run_training: Run, config: Settings
) -> None:
    """Those of the held-out rows."""
    before = run_training(houses, *OPTIONS).stdout
    first = load_model(config)
    assert run_training(houses, *OPTIONS, "--refit-on-all").stdout == before
    second = load_model(config)
    assert second.manifest.metrics == first.manifest.metrics
    assert second.scores()[0].baseline != first.scores()[0].baseline


def test_a_column_that_tells_the_number_is_warned_of(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """A copy in another unit, and a group for each number."""
    rows = house_rows(200)
    told = [
        [*rows[0], "price in cents", "band"],
        *([*row, f"{float(row[-1]) * 100:.0f}", "abc"[i % 3]] for i, row in enumerate(rows[1:])),
    ]
    result = run_training(write_csv(tmp_path / "told.csv", told), *OPTIONS)
    assert result.stderr.splitlines()[-1] == (
        "Warning: Column 'price in cents' alone tells the target almost perfectly; is it known at"
        " the time of the prediction?"
    )
