"""Warnings about how good a model is: it rests on few rows, or is not better than its baseline."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from app.helpers.errors import quote
from app.store.intervals import Advantage, ClassificationIntervals, Intervals
from app.store.metrics import Metrics, name_of
from app.store.training_data import ClassRows

FEW_ROWS = 100  # held out, of a class or in a regression
WIDE = 0.05  # of an interval of ROC AUC or R²


class Judged(Protocol):
    """What is known of how good a model is: a manifest, or what training makes one of."""

    @property
    def metrics(self) -> Metrics: ...
    @property
    def baseline_metrics(self) -> Metrics: ...
    @property
    def intervals(self) -> Intervals | None: ...
    @property
    def advantages(self) -> Mapping[str, Advantage]: ...


def find_doubts(judged: Judged, classes: Sequence[ClassRows], n_rows: int) -> Iterator[str]:
    """Yield a sentence for each reason to doubt that a model is good.

    Parameters
    ----------
    judged : Judged
        Without intervals, as in older files, there is nothing to say.
    classes : sequence of ClassRows
        Empty in a regression.
    n_rows : int
        How many rows were held out.
    """
    if judged.intervals is None:
        return
    if isinstance(judged.intervals, ClassificationIntervals):
        rarest = min(classes, key=lambda each: each.validation_rows)
        n_fewest, of_what = rarest.validation_rows, f" of class {quote(rarest.label)}"
        figure, interval = "the ROC AUC", judged.intervals.roc_auc
    else:
        n_fewest, of_what = n_rows, ""
        figure, interval = "R²", judged.intervals.r2
    rows = f"Only {'1 row' if n_fewest == 1 else f'{n_fewest} rows'}{of_what}"
    are = "is" if n_fewest == 1 else "are"
    if n_fewest < 2:
        yield f"{rows} {are} held out, too few to tell how good the model is."
    elif interval is None and classes:
        yield (
            f"How sure the ROC AUC is was not computed: with {n_rows:,} rows and"
            f" {len(classes):,} classes it would take too long."
        )
    elif interval is not None and n_fewest < FEW_ROWS and interval.high - interval.low >= WIDE:
        ends = " to ".join(map(_two_places, (interval.low, interval.high)))
        yield f"{rows} {are} held out: {figure} could be anywhere from {ends}."

    for metric, advantage in judged.advantages.items():
        if advantage.interval is not None and not advantage.is_certain:
            figures = judged.metrics, judged.baseline_metrics
            value, baseline = (shown(getattr(each, metric)) for each in figures)
            low, high = (shown(end, 3) for end in (advantage.interval.low, advantage.interval.high))
            yield (
                f"Not better than the baseline by {name_of(metric)}: {value} against {baseline};"
                f" the advantage could be anywhere from {low} to {high}."
            )


def shown(number: float, digits: int = 4) -> str:
    """Return a metric as sentences show it.

    >>> shown(0.69314), shown(12345.6), shown(0.83251, 3)
    ('0.6931', '12,346', '0.833')
    """
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.{digits}g}"


def _two_places(number: float) -> str:
    """Return a ROC AUC or R²; of a few rows, the latter can be far below 0."""
    return f"{number:.2f}" if abs(number) < 10 else shown(number)
