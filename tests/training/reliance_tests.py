"""What a model relies on: how far its figure falls when a feature's values are shuffled."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.helpers.features import Feature
from app.models import estimators
from app.settings import Settings
from app.store.manifest import Manifest
from app.store.reliance import Reliance
from app.training import reliance
from app.training.reliance import measure_reliance
from tests.support.subscribers import HEADER, build_boosting, write_subscribers
from tests.support.training import Run, read_manifest, train


class Threshold:
    """A classifier whose probability is 0.9 where x is above 0."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X: pd.DataFrame) -> Any:
        """Return probabilities, shape (n_samples, 2)."""
        p = np.where(X["x"] > 0, 0.9, 0.1)
        return np.column_stack([1 - p, p])


def of(manifest: Manifest) -> Reliance:
    """Return what a model relies on."""
    assert manifest.reliance is not None
    return manifest.reliance


def measure(n_rows: int, n_features: int = 2, y: Any = None) -> Reliance | None:
    """Return what a `Threshold` relies on, on rows of random numbers."""
    generator = np.random.default_rng(n_rows)
    names = ["x", *(f"x_{k}" for k in range(1, n_features))]
    X = pd.DataFrame(generator.normal(size=(n_rows, n_features)), columns=names)
    y = (X["x"] > 0).to_numpy(np.int64) if y is None else y
    features = [Feature(name, "number") for name in names]
    return measure_reliance(Threshold(), X, y, features, ("0", "1"), 1, seed=1)


@pytest.mark.parametrize("n_classes", [2, 3, 0])
@pytest.mark.parametrize("is_linear", [True, False])
def test_the_more_a_feature_tells_the_further_the_figure_falls(
    config: Settings, tmp_path: Path, boosted_models: Settings, n_classes: int, is_linear: bool
) -> None:
    """Each counts as it is in the CSV: a date as one, with all of its parts."""
    if is_linear:
        path = write_subscribers(tmp_path / "subscribers.csv", n_classes)
        manifest = train(str(path), "v0", config=config)
    else:
        manifest = read_manifest(boosted_models, f"v{n_classes}")
    found = of(manifest)
    assert (found.n_rows, found.n_repeats) == (100, 5)
    assert found.figure == pytest.approx(manifest.figure)
    falls = {importance.feature: importance.fall for importance in found.importances}
    assert falls.keys() == set(HEADER) - {"target"}
    assert list(falls.values()) == sorted(falls.values(), reverse=True)
    assert set(list(falls)[:3]) == {"age", "plan", "since"}
    assert min(falls["age"], falls["plan"], falls["since"]) > 2 * abs(falls["luck"])
    assert all(importance.deviation >= 0 for importance in found.importances)


@pytest.mark.parametrize("n_classes", [2, 3, 0])
def test_shuffled_contributions_are_as_good_as_shuffled_values(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_classes: int
) -> None:
    """A linear model's importances are scikit-learn's own, up to how the rows were shuffled."""
    path = write_subscribers(tmp_path / "subscribers.csv", n_classes)
    monkeypatch.setattr(reliance, "REPEATS", 8)
    by_contributions = of(train(str(path), "v0", config=config))
    monkeypatch.setattr(reliance, "fold", lambda *_: None)
    by_scikit_learn = of(train(str(path), "v0", config=config))
    assert by_contributions.figure == pytest.approx(by_scikit_learn.figure)
    others = {importance.feature: importance for importance in by_scikit_learn.importances}
    for ours in by_contributions.importances:
        theirs = others[ours.feature]
        assert abs(ours.fall - theirs.fall) < 1e-9 + ours.deviation + theirs.deviation
        assert ours.deviation < 3 * theirs.deviation + 1e-9


def test_a_refit_keeps_what_was_measured_on_held_out_rows(
    train_made_csv: Run, config: Settings, made_csv: Path
) -> None:
    """Of the model that had not seen them."""
    before = of(train(str(made_csv), "v0", config=config))
    assert of(train(str(made_csv), "v0", refit_on_all=True, config=config)) == before


def test_the_same_data_give_the_same_numbers(
    config: Settings, tmp_path: Path, boosted_models: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though rows are shuffled."""
    monkeypatch.setattr(estimators, "build_classifier", build_boosting)
    path = str(write_subscribers(tmp_path / "subscribers.csv"))
    again = of(train(path, "v0", config=config))
    assert again == of(read_manifest(boosted_models, "v2"))


@pytest.mark.parametrize(("n_rows", "n_features", "expected"), [(6000, 2, 5000), (6000, 40, 2000)])
def test_the_work_is_bounded(n_rows: int, n_features: int, expected: int) -> None:
    """By the rows, and by the rows and the features."""
    found = measure(n_rows, n_features)
    assert found is not None
    assert found.n_rows == expected
    assert found.importances[0].feature == "x"
    assert found.importances[0].fall == pytest.approx(0.5, abs=0.02)


def test_a_wide_table_is_left_out_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    """The same few rows for each of so many features would say little."""
    assert measure(200, 801) is None
    assert capsys.readouterr().err == (
        "Note: What the model relies on is not measured; with 801 features it would take too"
        " long.\n"
    )


def test_a_slow_estimator_is_left_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Training ends, whatever it is made of."""
    monkeypatch.setattr(reliance, "MAX_SECONDS", 1e-9)
    assert measure(200) is None
    assert capsys.readouterr().err == (
        "Note: What the model relies on is not measured; this estimator takes too long to"
        " predict.\n"
    )


def test_rows_of_one_class_say_nothing() -> None:
    """They have no ROC AUC."""
    assert measure(50, y=np.ones(50, np.int64)) is None
