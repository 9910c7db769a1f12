"""Partial dependence: what a model predicts if all rows have the same value of a feature."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import partial_dependence

from app.helpers.features import Feature
from app.models import estimators
from app.settings import Settings
from app.store.manifest import Manifest
from app.store.reliance import Dependence, Importance
from app.training.dependence import MAX_OUTPUTS, find_dependences
from tests.support.subscribers import build_boosting
from tests.support.training import read_manifest, train
from tests.support.villages import TYPO, VILLAGES, write_villages


def of(manifest: Manifest) -> dict[str, Dependence]:
    """Return a model's dependences by feature."""
    assert manifest.reliance is not None
    return {dependence.feature: dependence for dependence in manifest.reliance.dependences}


def test_the_means_are_those_of_scikit_learn() -> None:
    """Of a number and of a boolean, over the same rows and values."""
    generator = np.random.default_rng(2)
    X = pd.DataFrame({"x": generator.normal(size=300), "on": generator.integers(2, size=300) * 1.0})
    y = (X["x"] + X["on"] + generator.normal(size=300) > 0).astype(int)
    forest = RandomForestClassifier(10, random_state=1).fit(X, y)
    features = [Feature("x", "number"), Feature("on", "boolean")]
    importances = [Importance("x", 0.3, 0.0), Importance("on", 0.1, 0.0)]
    found, n_rows = find_dependences(
        lambda rows: forest.predict_proba(rows).T[1:], X, features, importances
    )
    assert n_rows == 300
    for dependence, name in zip(found, ("x", "on"), strict=True):
        values = np.array(dependence.values, np.float64)
        expected = partial_dependence(
            forest, X, [name], custom_values={name: np.sort(values)}, method="brute"
        )
        ours = np.array(dependence.outputs[0])[np.argsort(values)]
        assert ours == pytest.approx(expected["average"][0])
    assert len(found[0].values) == 15
    assert found[1].values == (True, False)


@pytest.mark.parametrize(("n_classes", "n_outputs"), [(2, 1), (3, 3), (0, 1)])
def test_a_model_that_is_not_linear_shows_its_most_important_features(
    boosted_models: Settings, n_classes: int, n_outputs: int
) -> None:
    """Numbers by size, dates as text, categories by frequency; of a text there is nothing."""
    manifest = read_manifest(boosted_models, f"v{n_classes}")
    found = of(manifest)
    assert manifest.reliance is not None
    ranked = [importance.feature for importance in manifest.reliance.importances]
    assert list(found) == [name for name in ranked if name != "comment"]
    assert manifest.reliance.n_dependence_rows == 100
    ages: list[Any] = list(found["age"].values)
    days: list[Any] = list(found["since"].values)
    assert ages == sorted(ages)
    assert days == sorted(days)
    assert "2022-01-01" <= days[0] < days[-1] < "2024-07-01"
    assert set(found["plan"].values) == {"basic", "plus", "pro"}
    assert found["renews"].values == (True, False)
    for dependence in found.values():
        assert np.shape(dependence.outputs) == (n_outputs, len(dependence.values))
    if n_outputs == 3:
        assert np.sum(found["age"].outputs, axis=0) == pytest.approx(1.0)
    else:
        assert found["age"].outputs[0][0] - found["age"].outputs[0][-1] > 0.1


def test_rare_levels_are_not_shown(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open column has one value for all of them; a closed one none."""
    monkeypatch.setattr(estimators, "build_classifier", build_boosting)
    found = of(train(str(write_villages(tmp_path / "villages.csv")), "v0", config=config))
    assert set(found["city"].values) == {"Bree", "Dale", "rare or new", None}
    assert set(found["plan"].values) == {"basic", "plus"}
    shown = {value for dependence in found.values() for value in dependence.values}
    assert not shown & {TYPO, *VILLAGES}


def test_a_linear_model_has_weights_instead(config: Settings, made_csv: Path) -> None:
    """They say more."""
    assert of(train(str(made_csv), "v0", config=config)) == {}


def test_what_is_kept_is_bounded() -> None:
    """With many classes of fewer features, so that a manifest stays small."""
    X = pd.DataFrame({name: np.linspace(0, 1, 40) for name in "ab"})
    features = [Feature("a", "number"), Feature("b", "number")]
    importances = [Importance("a", 0.3, 0.0), Importance("b", 0.1, 0.0)]

    def n_kept(n_classes: int) -> int:
        outputs = find_dependences(
            lambda rows: np.full((n_classes, len(rows)), 1 / n_classes), X, features, importances
        )
        return len(outputs[0])

    counts = [
        n_kept(n_classes) for n_classes in (MAX_OUTPUTS // 30, MAX_OUTPUTS // 15, MAX_OUTPUTS)
    ]
    assert counts == [2, 1, 0]
