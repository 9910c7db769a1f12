"""The search for parameters: what is chosen, and that the validation set has no say in it."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from app.models import estimators
from app.settings import Settings
from app.training import publishing, search
from tests.support.cluster import dask_cluster
from tests.support.training import Run, load_model, noted, read_trials


def split(path: Path) -> list[Any]:
    """Return the rows to train on and those to validate with, as training splits them."""
    frame = pd.read_csv(path)
    X, y = frame.drop(columns="target"), frame["target"]
    return list(train_test_split(X, y, test_size=0.25, random_state=1, stratify=y))


def test_the_least_log_loss_in_cross_validation_is_chosen(
    train_made_csv: Run, config: Settings, made_csv: Path
) -> None:
    """On the training set alone, as scikit-learn's own cross-validation finds it."""
    result = train_made_csv("--search")
    assert result.exit_code == 0
    manifest = load_model(config).manifest
    assert manifest.search is not None
    trials = manifest.search.trials
    best = trials[0]
    assert manifest.search.folds == 5
    assert [trial.log_loss for trial in trials] == sorted(trial.loss for trial in trials)
    asked = [(trial.regularization.C, trial.regularization.l1_ratio) for trial in trials]
    assert sorted(asked) == sorted((C, l1) for C in search.STRENGTHS for l1 in search.L1_RATIOS)
    assert best.regularization == manifest.parameters.regularization

    X, _, y, _ = split(made_csv)
    for trial in trials:
        parameters = trial.regularization.parameters()
        model = LogisticRegression(max_iter=1000, random_state=1, **parameters)
        scores = cross_val_score(
            make_pipeline(StandardScaler(), model),
            X,
            y,
            scoring="neg_log_loss",
            cv=StratifiedKFold(5, shuffle=True, random_state=1),
        )
        assert trial.log_loss == pytest.approx(-scores.mean(), abs=1e-4)
        assert trial.deviation == pytest.approx(scores.std(), abs=1e-4)
    assert noted(result.stderr) == (
        "Of 12 choices in 5-fold cross-validation the best is "
        + ", ".join(f"{name} {value}" for name, value in best.regularization.parameters().items())
        + f": log loss {best.log_loss:.4f}.\n"
    )


def test_the_validation_set_has_no_say_in_the_choice(
    train_made_csv: Run, config: Settings, made_csv: Path
) -> None:
    """Other targets there, and the same is chosen."""
    train_made_csv("--search")
    chosen = load_model(config).manifest.search
    frame = pd.read_csv(made_csv)
    _, X_validation, _, _ = split(made_csv)
    # Swapped within the validation set, so that the split by the classes' shares stays.
    frame.loc[X_validation.index, list("abcde")] = X_validation.to_numpy()[::-1]
    frame.to_csv(made_csv, index=False)
    train_made_csv("--search")
    assert load_model(config).manifest.search == chosen


@pytest.mark.parametrize(
    ("estimator", "found"), [(GaussianNB(), "no such parameter"), (None, "several")], ids=str
)
def test_a_model_without_c_is_refused_in_a_line(
    train_made_csv: Run,
    config: Settings,
    monkeypatch: pytest.MonkeyPatch,
    estimator: Any,
    found: str,
) -> None:
    """Whoever edits build_classifier() learns that there is nothing to search."""
    several = make_pipeline(LinearSVC(), LogisticRegression())
    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: estimator or several)
    result = train_made_csv("--search")
    assert noted(result.stderr) == (
        "Error: --search tries values of C, and the model of build_classifier() has"
        f" {found}; train it without.\n"
    )
    assert result.exit_code == 2
    assert not any(Path(config.models_root).iterdir())


def test_a_model_of_c_alone_is_searched(
    train_made_csv: Run, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in it that is."""

    class Plain(LogisticRegression):
        def __init__(self, C: float = 1.0) -> None:
            super().__init__(C=C)

    monkeypatch.setattr(estimators, "build_classifier", lambda *_, **__: Plain())
    monkeypatch.setattr(
        publishing, "write_model_file", lambda path, estimator, manifest, key: manifest
    )
    assert train_made_csv("--search").exit_code == 0


@pytest.mark.slow
def test_workers_and_a_cluster_find_what_one_process_finds(
    train_made_csv: Run, config: Settings
) -> None:
    """The same trials, to the last digit but rounding."""
    train_made_csv("--search")
    expected = read_trials(config)
    assert train_made_csv("--search", "--workers", "2").exit_code == 0
    assert read_trials(config) == expected
    with dask_cluster(workers=2) as (address, _):
        result = train_made_csv("--search", "--scheduler", address)
        assert result.exit_code == 0
    assert read_trials(config) == expected
