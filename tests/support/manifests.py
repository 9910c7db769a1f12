"""What a manifest must have besides what a test is about."""

from typing import Any

from app.store.curves import Curves
from app.store.manifest import Manifest
from app.store.metrics import ClassificationMetrics
from app.store.parameters import Parameters, Regularization
from app.store.training_data import TrainingData
from app.tables.columns import Columns

GUESSING = ClassificationMetrics(
    roc_auc=0.5, average_precision=0.5, brier_score=0.25, log_loss=0.6931, accuracy=0.5
)
UNTRAINED: dict[str, Any] = {
    "created_at": "2026-01-01T00:00:00+00:00",
    "training_data": TrainingData("data.csv", "0" * 64, 8, 6, 2),
    "target": "target",
    "parameters": Parameters("Fixed", Regularization(0.1), 1, Columns()),
    "metrics": GUESSING,
    "baseline_metrics": GUESSING,
    "curves": Curves({}, ()),
}
"""Fields of the manifest of a model that was never trained."""


def metrics_of(manifest: Manifest) -> ClassificationMetrics:
    """Return the metrics of a classification."""
    assert isinstance(manifest.metrics, ClassificationMetrics)
    return manifest.metrics


def curves_of(manifest: Manifest) -> Curves:
    """Return the curves of a classification."""
    assert isinstance(manifest.curves, Curves)
    return manifest.curves
