"""Labels: a pickle predicts those of the CSV, and each probability is that of its label."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.models import estimators
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.csv_files import write_csv
from tests.support.training import load_model, train

LABELS: dict[str, tuple[list[str], list[Any]]] = {
    "text": (["yes", "no"], ["no", "yes"]),
    "whole numbers": (["10", "2", "-1"], [-1, 2, 10]),
    "codes": (["02", "10", "1"], ["02", "1", "10"]),
    "fractions": (["2.5", "10.5", "1.5"], ["1.5", "10.5", "2.5"]),
    "two fractions": (["2.5", "10.5"], ["10.5", "2.5"]),
    "too long for an int": (["9" * 19, "1"], ["1", "9" * 19]),
    "long": (["a" * 100, "b"], ["a" * 100, "b"]),
}


class NeedsNumbers(ClassifierMixin, BaseEstimator):
    """A classifier that takes no labels but 0, 1, 2 …, as some libraries' do."""

    def fit(self, X: pd.DataFrame, y: Any) -> "NeedsNumbers":
        """Fit, if these are numbers."""
        if sorted(set(y)) != list(range(len(set(y)))):
            raise ValueError(f"Invalid classes: expected 0, 1 …, got {sorted(set(y))}")
        self.model_ = GaussianNB().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: pd.DataFrame) -> Any:
        """Return probabilities, shape (n_rows, n_classes), in single precision."""
        return self.model_.predict_proba(X).astype(np.float32)


class TellsNoClasses(NeedsNumbers):
    """One that does not tell which column is which class."""

    def fit(self, X: pd.DataFrame, y: Any) -> "TellsNoClasses":
        """Fit to whatever these are."""
        self.model_ = GaussianNB().fit(X, y)
        return self


class Broken(NeedsNumbers):
    """One that never works."""

    def fit(self, X: pd.DataFrame, y: Any) -> "Broken":
        """Raise."""
        raise ZeroDivisionError(f"on purpose, for {sorted(set(y))}")


BUILDERS = {
    "linear": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "not linear": GaussianNB,
    "numbers": NeedsNumbers,
    "no classes": TellsNoClasses,
}
OTHERS = ("not linear", "numbers", "no classes")


def write_table(path: Path, labels: Sequence[str], n_rows: int = 24) -> Path:
    """Write rows whose x, a multiple of 10, is the place of their label."""
    rows = [[10 * (i % len(labels)) + i // 9 / 9, labels[i % len(labels)]] for i in range(n_rows)]
    return write_csv(path, [["x", "target"], *rows])


def train_on(config: Settings, path: Path, **options: Any) -> Any:
    """Train v0 as a classification, and return its unpickled estimator."""
    train(str(path), "v0", columns=Columns(task="classification"), config=config, **options)
    return joblib.load(Path(config.models_root) / "trained-model-v0.p")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("linear", name) for name in LABELS),
        *((kind, name) for kind in OTHERS for name in ("whole numbers", "fractions")),
    ],
)
def test_each_label_gets_its_own_probability(
    kind: str, name: str, config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever sorts how: by value or as text. The pickle alone predicts the labels, too."""
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: BUILDERS[kind]())
    labels, known = LABELS[name]
    estimator = train_on(config, write_table(tmp_path / "table.csv", labels))
    assert estimator.classes_.tolist() == known
    frame = pd.DataFrame({"x": [10.0 * place for place in range(len(labels))]})
    assert list(map(str, estimator.predict(frame))) == labels

    model = load_model(config)
    assert (model.manifest.weights is not None) == (kind == "linear")
    probabilities = model.outputs([frame["x"].tolist()])
    if len(labels) == 2:
        assert model.manifest.positive_class == model.classes[1]
        probabilities = np.array([1.0 - probabilities[0], probabilities[0]])
    chosen = [model.classes[place] for place in probabilities.argmax(axis=0)]
    assert chosen == labels


@pytest.mark.parametrize("positive", ["2.5", "10.5"])
@pytest.mark.parametrize("kind", ["linear", "numbers"])
def test_the_positive_class_is_found_by_its_label(
    kind: str,
    positive: str,
    config: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two that sort in one way by value and in the other as text."""
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: BUILDERS[kind]())
    path = write_table(tmp_path / "table.csv", ["2.5", "10.5"])
    train_on(config, path, positive_class=positive, refit_on_all=True)
    model = load_model(config)
    assert model.manifest.figure == 1.0
    low, high = sorted([0.0, 10.0], reverse=positive == "2.5")
    assert model.predict({"x": low}) < 0.3 < 0.7 < model.predict({"x": high})  # type: ignore[operator]


@pytest.mark.parametrize("weights", [{"no": 1, "yes": 9}, {0: 1, 1: 9}])
def test_classes_can_be_weighted_by_label_or_by_number(
    weights: dict[Any, int], config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork that was written for numbers goes on: a linear model stays linear."""
    model = LogisticRegression(class_weight=weights)
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: model)
    estimator = train_on(config, write_table(tmp_path / "table.csv", ["no", "yes"]), C=None)
    assert estimator.classes_.tolist() == ["no", "yes"]
    manifest = load_model(config).manifest
    assert manifest.weights is not None
    assert manifest.parameters.classifier == "LogisticRegression"


def test_single_precision_is_rounded_as_double_is(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client sees 0.9247, not 0.9247000217437744."""
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: NeedsNumbers())
    train_on(config, write_table(tmp_path / "table.csv", ["no", "yes"]))
    model = load_model(config)
    predictions: list[Any] = model.predict_rows([{"x": x / 1000} for x in range(12_000)])
    assert len(set(predictions)) > 10
    assert predictions == [round(prediction, 4) for prediction in predictions]


def test_an_estimator_that_fails_with_labels_and_numbers_says_why(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it said of the labels, which is what its author expects."""
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: Broken())
    with pytest.raises(ZeroDivisionError, match=r"^on purpose, for \[.*'no'.*, .*'yes'.*\]$"):
        train_on(config, write_table(tmp_path / "table.csv", ["no", "yes"]))
