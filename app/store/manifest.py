"""The manifest: all that is known of one trained model, except the estimator itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import orjson

from app.helpers.features import Feature, Value, columns_of
from app.helpers.predictions import Task
from app.store.curves import Curves, RegressionCurves
from app.store.intervals import (
    Advantage,
    ClassificationIntervals,
    Interval,
    Intervals,
    RegressionIntervals,
)
from app.store.linear_weights import LinearWeights
from app.store.metrics import LabelMetrics, Metrics, Unmeasured, figure_of
from app.store.origin import EstimatorText, Origin
from app.store.parameters import Parameters, SearchResult
from app.store.reliance import Reliance
from app.store.target_numbers import TargetNumbers
from app.store.training_data import TrainingData
from app.store.yardstick import Yardstick
from app.utils.dataclass_json import from_json, to_json

FORMAT = 2
"""The number of the manifest's format.

A new field that has a default needs no new number: files without it stay readable. To rename,
remove or reinterpret a field:

1. Add one to FORMAT.
2. Add to `upgrades.py` the step that turns the previous format's JSON into this one's.
3. Keep a small model file of the previous format in `tests/store/old/`; its tests find it there.
"""

UNPUBLISHED = ("curves", "weights", "self_check")
"""Fields that are too long to be shown to everyone who asks for the manifest."""


@dataclass(frozen=True)
class CheckedRow:
    """A made-up row, without an id, and the probabilities that training computed for it.

    Attributes
    ----------
    row : mapping of str to Value
        Feature name → value.
    probabilities : tuple of float, shape (n_outputs,)
        With two classes only that of the positive class; with three or more those of all. In a
        regression, the predicted number alone.
    """

    row: Mapping[str, Value]
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Manifest:
    """What a model learned from, what it accepts, how good it is, and how to check it.

    Attributes
    ----------
    version : str
        The version id that the file is signed for.
    created_at : str
        UTC, ISO 8601.
    training_data : TrainingData
    target : str
        Name of the column that is predicted.
    features : tuple of Feature, shape (n_features,)
    classes : tuple of str, shape (n_classes,)
        In sorted order; numbers by value. Empty in a regression.
    positive_class : str or None
        The class whose probability is predicted; None with three or more classes, and in a
        regression.
    parameters : Parameters
    metrics, baseline_metrics : ClassificationMetrics or RegressionMetrics
        Of the model, and of a baseline that always predicts the classes' shares in training; in a
        regression the mean, or for absolute errors the median.
    curves : Curves or RegressionCurves
    libraries : mapping of str to str
        Library → the version that training used.
    self_check : tuple of CheckedRow
        Rows that a loaded model must give the same probabilities; one is the typical row.
    search : SearchResult or None
        If `--search` chose the regularization.
    weights : LinearWeights or None
        Of a linear model: a server predicts from them, and does not open the pickle.
    task : "classification" or "regression"
    numbers : TargetNumbers or None
        What is known of the target of a regression; None in a classification.
    threshold : float
        With two classes, a row gets the positive one's label if its probability is at least this.
    note : str
        What whoever trained it says about the version, at most MAX_NOTE characters.
    estimator : EstimatorText or None
        None in files that were written before it was kept.
    origin : Origin
    intervals : ClassificationIntervals, RegressionIntervals or None
        The 95 % interval of each of `metrics`; None in older files.
    advantages : mapping of str to Advantage
        Metric → how much better it is than the baseline's; empty in older files. Of a
        classification `roc_auc` and `log_loss`, of a regression `r2` and `mean_absolute_error`.
    label_metrics : LabelMetrics or None
        How good the labels are; None without exactly two classes, and in older files.
    reliance : Reliance or None
        None if it would have taken too long, and in files that were written before it was kept.
    carries_code : bool
        Whether the pickle holds code of the project's or a fork's own. Then no other Python 3.x
        than the one that trained it may open it: its bytecode would crash the process.
    yardstick : Yardstick or None
        None if nobody wanted one or there is nothing to compare, and in older files.
    size, sha256 : int, str
        Of the pickle, which stands before the manifest in the file.
    format : int
    """

    version: str
    created_at: str
    training_data: TrainingData
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    positive_class: str | None
    parameters: Parameters
    metrics: Metrics
    baseline_metrics: Metrics
    curves: Curves | RegressionCurves
    libraries: Mapping[str, str]
    self_check: tuple[CheckedRow, ...]
    search: SearchResult | None = None
    weights: LinearWeights | None = None
    task: Task = "classification"
    numbers: TargetNumbers | None = None
    threshold: float = 0.5
    note: str = ""
    estimator: EstimatorText | None = None
    origin: Origin = field(default_factory=Origin)
    intervals: Intervals | None = None
    advantages: Mapping[str, Advantage] = field(default_factory=dict)
    label_metrics: LabelMetrics | None = None
    reliance: Reliance | None = None
    carries_code: bool = False
    yardstick: Yardstick | None = None
    size: int = 0
    sha256: str = ""
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as plain JSON types."""
        data: dict[str, Any] = to_json(self)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the manifest that `to_json` wrote; TypeError or AttributeError otherwise."""
        return from_json(cls, data)

    @property
    def columns(self) -> tuple[Feature, ...]:
        """What the estimator is given, shape (n_columns,): the features, dates as their parts."""
        return columns_of(self.features)

    @property
    def digest(self) -> str:
        """The first 12 hex digits of the pickle's SHA-256, by which people tell files apart."""
        return self.sha256[:12]

    @property
    def is_measured(self) -> bool:
        """Whether anybody knows how good the model is."""
        return not isinstance(self.metrics, Unmeasured)

    @property
    def figure(self) -> float:
        """The one number that says how good the model is: its ROC AUC, or R² in a regression.

        NaN if it was not measured.
        """
        return figure_of(self.metrics)

    @property
    def figure_interval(self) -> Interval | None:
        """Its 95 % interval; None with too few rows, and in older files."""
        match self.intervals:
            case ClassificationIntervals(roc_auc=interval) | RegressionIntervals(r2=interval):
                return interval
        return None

    @property
    def baseline_figure(self) -> float:
        """The same of the baseline."""
        return figure_of(self.baseline_metrics)

    @property
    def positive_index(self) -> int | None:
        """The positive class's place in `classes`, which is its number in the estimator."""
        return None if self.positive_class is None else self.classes.index(self.positive_class)

    @property
    def has_one_output(self) -> bool:
        """Whether a prediction is one number: of a regression, or the positive class's."""
        return len(self.classes) <= 2

    @property
    def typical_row(self) -> dict[str, Value]:
        """The row of medians and most frequent values, without an id."""
        return {feature.name: feature.typical for feature in self.features}

    def examples(self) -> list[CheckedRow]:
        """Return rows to show as examples: the typical one and, if there is one, another one."""
        typical = self.typical_row
        rare = {(each.name, level) for each in self.features for level in each.rare_categories}
        others = [
            check
            for check in self.self_check
            if check.row != typical and rare.isdisjoint(check.row.items())
        ]
        others.sort(key=lambda check: orjson.dumps(check.row, option=orjson.OPT_SORT_KEYS))
        return [check for check in self.self_check if check.row == typical][:1] + others[:1]

    def public(self) -> dict[str, Any]:
        """Return what `/metadata` shows: without curves, weights, self-check rows, rare levels."""
        shown = vars(replace(self, features=tuple(each.public() for each in self.features)))
        public: dict[str, Any] = to_json(
            {name: value for name, value in shown.items() if name not in UNPUBLISHED}
        )
        return public
