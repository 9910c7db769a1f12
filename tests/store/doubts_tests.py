"""What makes one doubt that a model is good: few rows, or a baseline that is as good."""

import re
from pathlib import Path

import numpy as np
import pytest

from app.settings import Settings
from app.store.intervals import Advantage, ClassificationIntervals, Interval
from app.training.baseline import classification_advantages, regression_advantages
from app.training.evaluation import evaluate, evaluate_baseline
from app.training.regression import evaluate_regression, evaluate_regression_baseline
from tests.support.classifications import classified_rows, ends
from tests.support.csv_files import write_csv
from tests.support.training import Run, read_manifest


def write_rows(
    path: Path, n_rows: int, *, share: float, helps: bool, is_number: bool = False
) -> Path:
    """Write a CSV with one column that tells something about the target, or nothing."""
    generator = np.random.default_rng(3)
    x = generator.normal(size=n_rows)
    noise = generator.normal(size=n_rows)
    score = (x if helps else 0.0) + noise
    target = score.round(6) if is_number else (score > np.quantile(score, 1 - share)).astype(int)
    rows = [[f"{a:.6f}", str(b)] for a, b in zip(x, target.tolist(), strict=True)]
    return write_csv(path / "rows.csv", [["x", "target"], *rows])


def doubts(result_stderr: str) -> list[str]:
    """Return the warnings."""
    return [line for line in result_stderr.splitlines() if line.startswith("Warning: ")]


def test_few_rows_of_a_class_are_told_with_what_could_be(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """In words of the interval that the manifest has, too."""
    result = run_training(write_rows(tmp_path, 400, share=0.1, helps=True))
    intervals = read_manifest(config).intervals
    assert isinstance(intervals, ClassificationIntervals)
    low, high = ends(intervals.roc_auc)
    assert doubts(result.stderr) == [
        "Warning: Only 10 rows of class '1' are held out: the ROC AUC could be anywhere from"
        f" {low:.2f} to {high:.2f}."
    ]


def test_a_class_with_a_single_row_is_told(run_training: Run, tmp_path: Path) -> None:
    """Then there is no interval to tell."""
    rows = [[str(i % 7), "yes" if i % 50 == 7 else "no"] for i in range(200)]
    result = run_training(write_csv(tmp_path / "rows.csv", [["x", "target"], *rows]))
    assert doubts(result.stderr)[0] == (
        "Warning: Only 1 row of class 'yes' is held out, too few to tell how good the model is."
    )


def test_too_many_rows_and_classes_for_an_interval_are_told(
    run_training: Run, config: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Sorting them all would take long; all other intervals are there."""
    monkeypatch.setattr("app.training.rank_intervals.MAX_CELLS", 100)
    rows = [[str(i % 7), "uvw"[i % 3]] for i in range(400)]
    result = run_training(write_csv(tmp_path / "rows.csv", [["x", "target"], *rows]))
    assert doubts(result.stderr)[0] == (
        "Warning: How sure the ROC AUC is was not computed: with 100 rows and 3 classes it would"
        " take too long."
    )
    intervals = read_manifest(config).intervals
    assert isinstance(intervals, ClassificationIntervals)
    assert (intervals.roc_auc, intervals.average_precision) == (None, None)
    assert intervals.log_loss is not None


def test_a_model_that_is_not_better_than_its_baseline_is_told(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """By ROC AUC and log loss, with the interval of the difference."""
    result = run_training(write_rows(tmp_path, 2000, share=0.3, helps=False))
    manifest = read_manifest(config)
    assert list(manifest.advantages) == ["roc_auc", "log_loss"]
    for advantage in manifest.advantages.values():
        assert not advantage.is_certain
    found = doubts(result.stderr)
    assert len(found) == 2
    assert found[0].startswith("Warning: Not better than the baseline by ROC AUC: 0.")
    assert " against 0.5; the advantage could be anywhere from " in found[0]
    assert found[1].startswith("Warning: Not better than the baseline by log loss: 0.6")


def test_a_regression_that_is_not_better_than_its_baseline_is_told(
    run_training: Run, tmp_path: Path
) -> None:
    """By R² and the mean absolute error."""
    path = write_rows(tmp_path, 2000, share=0.3, helps=False, is_number=True)
    found = doubts(run_training(path, "--task", "regression").stderr)
    assert [line.partition(":")[2].partition(":")[0] for line in found] == [
        " Not better than the baseline by R²",
        " Not better than the baseline by mean absolute error",
    ]


@pytest.mark.parametrize("is_number", [True, False])
def test_a_good_model_of_many_rows_raises_no_doubt(
    run_training: Run, tmp_path: Path, is_number: bool
) -> None:
    """Although a class is rare, so that no model has a better accuracy than the baseline."""
    path = write_rows(tmp_path, 8000, share=0.06, helps=True, is_number=is_number)
    options = ("--task", "regression") if is_number else ()
    assert doubts(run_training(path, *options).stderr) == []


@pytest.mark.parametrize(("n_classes", "positive_index"), [(2, 1), (3, None)])
def test_an_advantage_is_the_difference_of_the_metrics(
    n_classes: int, positive_index: int | None
) -> None:
    """Positive where the model is better, though a lower loss is."""
    target, probabilities = classified_rows(400, n_classes, seed=8)
    training_target = np.arange(90) % n_classes
    model = evaluate(target, probabilities, positive_index)
    baseline = evaluate_baseline(training_target, target, n_classes, positive_index)
    advantages = classification_advantages(
        training_target, target, probabilities, model.roc_auc, Interval(0.6, 0.9)
    )
    assert advantages["log_loss"].difference == pytest.approx(baseline.log_loss - model.log_loss)
    assert advantages["roc_auc"].difference == model.roc_auc - baseline.roc_auc
    assert ends(advantages["roc_auc"].interval) == pytest.approx((0.1, 0.4))
    assert advantages["log_loss"].is_certain


def test_an_advantage_in_a_regression_is_the_difference_of_the_metrics() -> None:
    """Of R² that to the training set's mean, of absolute errors that to its median."""
    generator = np.random.default_rng(9)
    training_target, target = generator.exponential(size=(2, 300))
    predicted = target + generator.normal(0.0, 0.3, size=300)
    model = evaluate_regression(target, predicted)
    baseline = evaluate_regression_baseline(training_target, target)
    advantages = regression_advantages(training_target, target, predicted)
    assert advantages["r2"].difference == pytest.approx(model.r2 - baseline.r2)
    assert advantages["mean_absolute_error"].difference == pytest.approx(
        baseline.mean_absolute_error - model.mean_absolute_error
    )
    assert all(advantage.is_certain for advantage in advantages.values())


def test_no_interval_is_no_certainty() -> None:
    """A class of a single row."""
    assert not Advantage(0.5, None).is_certain


def test_a_regression_of_few_rows_is_told_with_what_could_be(
    run_training: Run, tmp_path: Path
) -> None:
    """R² has no lower end: far below 0 it has fewer places."""
    generator = np.random.default_rng(2)
    rows = [[f"{x:.3f}", f"{x + 4 * e:.3f}"] for x, e in generator.normal(size=(12, 2))]
    path = write_csv(tmp_path / "rows.csv", [["x", "target"], *rows])
    (first, *_) = doubts(run_training(path, "--task", "regression").stderr)
    what, ends_of_it = first.split(": R² could be anywhere from ")
    assert what == "Warning: Only 3 rows are held out"
    assert re.fullmatch(r"-[0-9]{3}\.[0-9] to 0\.[0-9]{2}\.", ends_of_it)
