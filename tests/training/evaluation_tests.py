"""Metrics and curves of the validation set."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    auc,
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from app.settings import Settings
from app.training.evaluation import MAX_POINTS, evaluate, evaluate_baseline, make_curves
from tests.support.manifests import curves_of
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, read_manifest


@pytest.mark.parametrize(("n_classes", "positive_index"), [(2, 1), (2, 0), (4, None)])
def test_metrics_are_those_of_scikit_learn(n_classes: int, positive_index: int | None) -> None:
    """And the baseline's those of a model that always says the training set's shares."""
    generator = np.random.default_rng(5)
    target = generator.integers(0, n_classes, 500)
    probabilities = generator.dirichlet(np.ones(n_classes), 500)
    probabilities[np.arange(500), target] += 0.5
    probabilities /= 1.5
    training_target = generator.integers(0, n_classes, 300)
    shares = np.bincount(training_target) / 300

    def by_scikit_learn(predicted: Any) -> dict[str, float]:
        one_hot = np.eye(n_classes)[target]
        ranked = (
            (one_hot, predicted)
            if positive_index is None
            else (one_hot[:, positive_index], predicted[:, positive_index])
        )
        return {
            "roc_auc": roc_auc_score(*ranked),
            "average_precision": average_precision_score(*ranked),
            "brier_score": brier_score_loss(
                target, predicted, labels=range(n_classes), scale_by_half=n_classes == 2
            ),
            "log_loss": log_loss(target, predicted),
            "accuracy": accuracy_score(target, predicted.argmax(axis=1)),
        }

    metrics = evaluate(target, probabilities, positive_index)
    assert asdict(metrics) == pytest.approx(by_scikit_learn(probabilities))
    baseline = evaluate_baseline(training_target, target, n_classes, positive_index)
    assert asdict(baseline) == pytest.approx(by_scikit_learn(np.tile(shares, (500, 1))))


def test_the_curves_are_few_points_from_end_to_end(run_training: Run, config: Settings) -> None:
    """At most 200 of a curve; the ROC from (0, 0) to (1, 1); every row in the histogram."""
    run_training(TRAINING_CSV)
    curves = curves_of(read_manifest(config))
    assert list(curves.classes) == ["1"]
    of_class = curves.classes["1"]
    roc, precision_recall, histogram = of_class.roc, of_class.precision_recall, of_class.histogram
    assert 50 < len(roc.false_positive_rate) == len(roc.true_positive_rate) <= 200
    assert (roc.false_positive_rate[0], roc.true_positive_rate[0]) == (0.0, 0.0)
    assert (roc.false_positive_rate[-1], roc.true_positive_rate[-1]) == (1.0, 1.0)
    assert 50 < len(precision_recall.recall) == len(precision_recall.precision) <= 200
    assert (precision_recall.recall[0], precision_recall.recall[-1]) == (0.0, 1.0)
    assert sum(histogram.positive + histogram.negative) == 2500
    assert np.sum(curves.confusion) == 2500


def test_each_class_has_the_exact_roc_auc_though_its_curve_is_thinned() -> None:
    """That of scikit-learn, of all rows; the area under the points is a little off."""
    generator = np.random.default_rng(3)
    target = generator.integers(0, 3, 20_000)
    probabilities = generator.dirichlet(np.ones(3), len(target))
    probabilities[np.arange(len(target)), target] += 0.2
    probabilities /= 1.2
    by_class = make_curves(target, probabilities, ("a", "b", "c"), None).classes
    assert list(by_class) == ["a", "b", "c"]
    for k, curves in enumerate(by_class.values()):
        exact = roc_auc_score(target == k, probabilities[:, k])
        points = curves.roc.false_positive_rate, curves.roc.true_positive_rate
        assert curves.roc_auc == exact
        assert len(points[0]) <= MAX_POINTS
        assert auc(*points) != pytest.approx(exact, abs=1e-9)
