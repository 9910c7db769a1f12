"""What a person who trains at a terminal is told at the end."""

from collections.abc import Iterator

from app.helpers.errors import quote
from app.store.doubts import shown
from app.store.intervals import Interval
from app.store.manifest import Manifest
from app.store.metrics import name_of
from app.store.yardstick import Yardstick
from app.training.threshold import DEFAULT

MAX_CLASSES = 10  # whose shares are told


def summarize(manifest: Manifest) -> Iterator[str]:
    """Yield the lines about a model: its figures beside the baseline's, and the classes' shares."""
    for metric, value in vars(manifest.metrics).items():
        name = name_of(metric)
        if metric == "roc_auc" and len(manifest.classes) > 2:
            name += " (mean of each class against the rest)"
        sure = _tell(getattr(manifest.intervals, metric, None))
        baseline = shown(getattr(manifest.baseline_metrics, metric))
        yield f"{name} {shown(value)}{sure}; baseline {baseline}"
    if (labels := manifest.label_metrics) and manifest.threshold != DEFAULT:
        for name in ("recall", "precision", "flagged"):
            if rate := getattr(labels, name):
                yield (
                    f"{name} at the threshold of {manifest.threshold:g}: {shown(rate.value)}"
                    f"{_tell(rate.interval)}"
                )
    if manifest.yardstick:
        yield _compare(manifest.yardstick)
    data = manifest.training_data
    for rows in data.classes[:MAX_CLASSES]:
        yield (
            f"class {quote(rows.label)}: {rows.rows / data.rows:.1%} of all rows,"
            f" {rows.validation_rows / data.validation_rows:.1%} of those held out"
            f" ({rows.validation_rows} of {data.validation_rows})"
        )
    if (n_more := len(data.classes) - MAX_CLASSES) > 0:
        yield f"and {n_more} more classes"


def _tell(interval: Interval | None) -> str:
    return f", 95 % interval {shown(interval.low)} to {shown(interval.high)}" if interval else ""


def _compare(yardstick: Yardstick) -> str:
    """Return what gradient boosting reaches, and whether it is better."""
    verdicts = {
        "boosting": "it is better, and the report says how to try it",
        "model": "the model is better",
        None: "these rows cannot tell them apart",
    }
    figures = shown(yardstick.figure), shown(yardstick.model_figure)
    return (
        f"gradient boosting reaches {figures[0]}, the model {figures[1]} on the same"
        f" {yardstick.validation_rows} held-out rows: {verdicts[yardstick.better]}"
    )
