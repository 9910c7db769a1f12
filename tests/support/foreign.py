"""Estimators that were trained elsewhere, and the CSV that shows what their rows look like."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

Fit = Callable[[pd.DataFrame], Any]


def write_example(path: Path) -> pd.DataFrame:
    """Write 200 rows of numbers, categories and a date; return them as pandas reads them."""
    generator = np.random.default_rng(1)
    n_rows = 200
    a, b = generator.normal(size=(2, n_rows)).round(3)
    color = generator.choice(["red", "green", "blue"], n_rows)
    flag = generator.choice(["yes", "no"], n_rows)
    z = a - b + (color == "red") + (flag == "yes") + generator.normal(size=n_rows)
    frame = pd.DataFrame(
        {
            "b": b,
            "color": color,
            "flag": flag,
            "seen": pd.date_range("2024-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "a": np.where(generator.random(n_rows) < 0.1, np.nan, a),
            "left": np.where(z > 0.5, "stays", "goes"),
            "amount": (10 * z).round(2),
        }
    )
    frame.to_csv(path, index=False)
    return pd.read_csv(path)


class TakesArrays:
    """A classifier that is no estimator of scikit-learn's, and takes arrays alone."""

    def predict_proba(self, X: Any) -> Any:
        """Return probabilities, shape (n_rows, 2)."""
        p = 1.0 / (1.0 + np.exp(-X[:, 0].astype(float)))
        return np.column_stack([1.0 - p, p])


class TakesColumns:
    """A classifier that takes data frames, though it does not say so."""

    classes_ = np.array(["goes", "stays"])

    def predict_proba(self, frame: Any) -> Any:
        """Return probabilities, shape (n_rows, 2)."""
        p = 1.0 / (1.0 + np.exp(frame["b"].to_numpy(float)))
        return np.column_stack([1.0 - p, p])


class Crashes:
    """A classifier that crashes the process, as code of another Python does."""

    classes_ = np.array(["goes", "stays"])

    def predict_proba(self, frame: Any) -> Any:
        """Never return."""
        os.kill(os.getpid(), signal.SIGSEGV)


class Moody:
    """A classifier that takes one row or many, but not a few."""

    classes_ = np.array(["goes", "stays"])

    def predict_proba(self, frame: Any) -> Any:
        """Return the same probabilities for all rows."""
        if 1 < len(frame) < 100:
            raise ValueError("not a few rows. Never")
        return np.full((len(frame), 2), 0.5)


class Silent:
    """A classifier that tells nothing but NaN."""

    classes_ = np.array(["goes", "stays"])

    def predict_proba(self, frame: Any) -> Any:
        """Return no probabilities."""
        return np.full((len(frame), 2), np.nan)


def mixed(**one_hot: Any) -> Any:
    """Return a transformer of the columns a, b, color and flag."""
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["a", "b"]),
        (OneHotEncoder(**one_hot), ["color", "flag"]),
    )


def fit_mixed(model: Any, target: str = "left", **one_hot: Any) -> Fit:
    """Return what fits a pipeline of such a transformer and a model."""

    def fit(frame: pd.DataFrame) -> Pipeline:
        X = frame[["a", "b", "color", "flag"]]
        return make_pipeline(mixed(**one_hot), model).fit(X, frame[target])

    return fit


def fit_arrays(model: Any) -> Fit:
    """Return what fits a model on an array of b and the amount."""
    return lambda frame: model.fit(frame[["b", "amount"]].to_numpy(), frame["left"])


def _day(frame: Any) -> Any:
    return pd.to_datetime(frame.iloc[:, 0]).dt.day_of_year.to_frame()


def fit_dates(frame: pd.DataFrame) -> Pipeline:
    """Fit a pipeline that reads dates itself."""
    day = (FunctionTransformer(_day), ["seen"])
    model = make_pipeline(make_column_transformer(day), LogisticRegression(max_iter=1000))
    return model.fit(frame[["seen"]], frame["left"])


IGNORE = {"handle_unknown": "ignore"}
CLASSIFIERS: dict[str, Fit] = {
    "columns by name": fit_mixed(LogisticRegression(), **IGNORE),
    "known levels only": fit_mixed(LogisticRegression()),
    "boosting": fit_mixed(HistGradientBoostingClassifier(max_iter=10), sparse_output=False),
    "a search": lambda frame: GridSearchCV(
        make_pipeline(mixed(**IGNORE), LogisticRegression()),
        {"logisticregression__C": [0.1, 1.0]},
        cv=2,
    ).fit(frame[["a", "b", "color", "flag"]], frame["left"]),
    "true and false": lambda frame: make_pipeline(mixed(**IGNORE), LogisticRegression()).fit(
        frame[["a", "b", "color", "flag"]], frame["left"] == "stays"
    ),
    "a few columns": lambda frame: RandomForestClassifier(5, random_state=0).fit(
        frame[["amount", "b"]], frame["left"]
    ),
    "dates": fit_dates,
}
ON_ARRAYS: dict[str, Fit] = {
    "a bare logistic regression": fit_arrays(LogisticRegression()),
    "a bare forest": fit_arrays(RandomForestClassifier(5, random_state=0)),
    "takes arrays": lambda frame: TakesArrays(),
}
REGRESSORS: dict[str, Fit] = {
    "ridge": fit_mixed(Ridge(), "amount", **IGNORE),
    "a forest": fit_mixed(RandomForestRegressor(5, random_state=0), "amount", **IGNORE),
}
