"""The choice of the regularization's strength where nobody gave one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from app.settings import Settings
from app.store.parameters import Regularization
from app.training.strength import FOLDS, STRENGTHS, choose_strength
from tests.support.subscribers import build_boosting
from tests.support.training import train


def rows(n_rows: int, slope: float) -> tuple[pd.DataFrame, NDArray[Any]]:
    """Return rows of four numbers whose first one tells the class, the better the steeper."""
    random = np.random.default_rng(4)
    X = pd.DataFrame(random.normal(size=(n_rows, 4)), columns=list("abcd"))
    y = (slope * X["a"] + random.logistic(size=n_rows) > 0).to_numpy().astype(int)
    return X, y


def logistic() -> Pipeline:
    """Return a pipeline whose last step has a strength."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, tol=1e-8))


@pytest.mark.parametrize("slope", [0.1, 1.0, 20.0])
def test_it_is_the_strongest_within_one_standard_error_of_the_best(slope: float) -> None:
    """As scikit-learn's own grid search over the whole pipeline has the losses."""
    X, y = rows(400, slope)
    chosen = choose_strength(logistic(), X, y, seed=1)
    assert chosen is not None
    grid = GridSearchCV(
        logistic(),
        {"logisticregression__C": STRENGTHS},
        scoring="neg_log_loss",
        cv=StratifiedKFold(FOLDS, shuffle=True, random_state=1),
    ).fit(X, y)
    losses = -np.array([grid.cv_results_[f"split{k}_test_score"] for k in range(FOLDS)])
    means = losses.mean(axis=0)
    assert chosen.losses == pytest.approx(means, abs=1e-4)
    best = losses[:, means.argmin()]
    within = [
        C
        for C, column in zip(STRENGTHS, losses.T, strict=True)
        if (column - best).mean() <= (column - best).std(ddof=1) / np.sqrt(FOLDS)
    ]
    assert min(within) == chosen.C
    assert chosen.reason == f"C is {chosen.C:g}, chosen by 5-fold cross-validation"


def test_noise_is_regularized_more_than_a_clear_signal() -> None:
    """The choice depends on the data."""
    noise, signal = (choose_strength(logistic(), *rows(400, slope), seed=1) for slope in (0, 20))
    assert noise is not None
    assert signal is not None
    assert noise.C < 0.1 < signal.C


def test_the_same_data_gives_the_same_choice() -> None:
    """Twice, and of more rows than are looked at."""
    X, y = rows(30_000, 1.0)
    first, second = (choose_strength(logistic(), X, y, seed=1) for _ in range(2))
    assert first == second


def test_few_rows_of_a_class_get_the_default() -> None:
    """Cross-validation over a handful of rows is noise."""
    X, y = rows(400, 1.0)
    y[:] = 0
    y[:49] = 1
    chosen = choose_strength(logistic(), X, y, seed=1)
    assert chosen is not None
    assert (chosen.C, chosen.losses) == (1.0, ())
    assert chosen.reason == (
        "C is 1: with 49 rows of a class there are too few to choose it by cross-validation"
    )


def test_few_rows_of_a_regression_get_the_default() -> None:
    """As do few rows of a class."""
    X, _ = rows(99, 1.0)
    chosen = choose_strength(make_pipeline(StandardScaler(), Ridge()), X, X["a"].to_numpy(), seed=1)
    assert chosen is not None
    assert (chosen.C, chosen.losses) == (1.0, ())
    assert chosen.reason == (
        "C is 1: with 99 rows there are too few to choose it by cross-validation"
    )


def test_what_would_take_too_long_gets_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on rows × columns × classes."""
    monkeypatch.setattr("app.training.strength.MAX_CELLS", 1000)
    chosen = choose_strength(logistic(), *rows(400, 1.0), seed=1)
    assert chosen is not None
    assert chosen.C == 1.0
    assert chosen.reason == (
        "C is 1: choosing it by cross-validation would take too long with 4 columns"
    )


def test_an_estimator_without_a_strength_has_nothing_to_choose() -> None:
    """A boosting, for example."""
    assert choose_strength(HistGradientBoostingClassifier(), *rows(400, 1.0), seed=1) is None


def test_the_strength_of_a_ridge_is_its_alpha() -> None:
    """1 / C, compared by squared error."""
    X, _ = rows(400, 1.0)
    y = (3 * X["a"]).to_numpy() + np.random.default_rng(1).normal(size=400)
    estimator = make_pipeline(StandardScaler(), Ridge())
    chosen = choose_strength(estimator, X, y, seed=1)
    assert chosen is not None
    grid = GridSearchCV(
        estimator,
        {"ridge__alpha": [1 / C for C in STRENGTHS]},
        scoring="neg_mean_squared_error",
        cv=KFold(FOLDS, shuffle=True, random_state=1),
    ).fit(X, y)
    assert chosen.losses == pytest.approx(-grid.cv_results_["mean_test_score"])


def test_a_model_without_a_strength_says_none(
    config: Settings, made_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradient boosting has no C, so its version does not claim one."""
    monkeypatch.setattr("app.models.estimators.build_classifier", build_boosting)
    manifest = train(str(made_csv), "v0", C=None, config=config)
    assert manifest.parameters.regularization == Regularization(None)
