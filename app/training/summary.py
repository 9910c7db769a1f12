"""What a person who trains at a terminal is told at the end."""

from collections.abc import Iterator

from app.helpers.errors import quote
from app.store.doubts import shown
from app.store.manifest import Manifest
from app.store.yardstick import Yardstick
from app.training.threshold import DEFAULT

MAX_CLASSES = 10  # whose shares are told


def summarize(manifest: Manifest) -> Iterator[str]:
    """Yield the lines about a model: its figure beside the baseline's, and the classes' shares."""
    is_regression = manifest.task == "regression"
    name = "R²" if is_regression else "ROC AUC"
    if len(manifest.classes) > 2:
        name += " (mean of each class against the rest)"
    interval = manifest.figure_interval
    sure = f", 95 % interval {shown(interval.low)} to {shown(interval.high)}" if interval else ""
    yield f"{name} {shown(manifest.figure)}{sure}; baseline {shown(manifest.baseline_figure)}"
    if (labels := manifest.label_metrics) and manifest.threshold != DEFAULT:
        rates = ((name, getattr(labels, name)) for name in ("recall", "precision", "flagged"))
        told = (f"{name} {shown(rate.value, 3)}" for name, rate in rates if rate)
        yield f"at the threshold of {manifest.threshold:g}: {', '.join(told)}"
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
