"""Is a straight line enough? Fits gradient boosting on some rows, and compares it with the model.

Both are compared on the same held-out rows. So the interval is that of the paired difference: for
ROC AUC by DeLong's covariance, for R² by the difference of each row's squared errors (Casella,
Berger, *Statistical Inference*, section 5.5.4).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from app.helpers.errors import quote
from app.helpers.features import Feature, columns_of
from app.store.fitted_estimator import estimator_outputs
from app.store.intervals import Interval
from app.store.yardstick import Yardstick
from app.training.boosting import boosted_classifier, boosted_regressor, usable_columns
from app.training.figure import allows_figure, figure_of_outputs
from app.training.intervals import around, standard_error
from app.training.rank_intervals import area_error, shares_of_area
from app.training.split import Split
from app.utils.notes import note

MAX_ROWS = 20_000
MIN_ROWS = 100  # to train on; fewer do not fill the leaves of a tree
MIN_CLASS_ROWS = 5  # on both sides
MAX_CELLS = 10_000_000  # rows × columns × classes; some 4 seconds
_MORE_ROWS, _MORE_COLUMNS = 12_000, 10  # what trees cost however few rows and columns there are

Numbers = NDArray[np.float64]


def compare_with_boosting(
    estimator: Any,
    split: Split,
    features: Sequence[Feature],
    classes: Sequence[str],
    positive_index: int | None,
    seed: int,
) -> Yardstick | None:
    """Return how good gradient boosting is beside an estimator; None, with a note, if it cannot be.

    Parameters
    ----------
    estimator : classifier or regressor
        Fitted on the training set.
    split : Split
        In random order, as the estimator gets it.
    features : shape (n_features,)
    classes : shape (n_classes,)
        Empty in a regression.
    positive_index : int or None
    seed : int
    """
    columns = columns_of(features)
    usable = usable_columns(columns)
    X, y = split.X_train[:MAX_ROWS], split.y_train[:MAX_ROWS]
    X_validation, target = split.X_validation[:MAX_ROWS], split.y_validation[:MAX_ROWS]
    for reason in _reasons_against(len(usable), y, target, classes):
        note(f"Note: The model is not compared with gradient boosting: {reason}.")
        return None
    boosted = (boosted_classifier if classes else boosted_regressor)(columns, seed)
    with threadpool_limits(1):  # the same numbers everywhere; and more threads are slower
        boosted.fit(X, y)
        ours, theirs = (
            estimator_outputs(each, X_validation, classes, positive_index)
            for each in (estimator, boosted)
        )
    return Yardstick(
        figure=figure_of_outputs(target, theirs, positive_index),
        model_figure=figure_of_outputs(target, ours, positive_index),
        interval=_difference(target, theirs, ours, positive_index),
        training_rows=len(X),
        validation_rows=len(X_validation),
        left_out=tuple(feature.name for feature in features if feature.type == "text"),
    )


def _reasons_against(
    n_columns: int, y: NDArray[Any], target: NDArray[Any], classes: Sequence[str]
) -> Iterator[str]:
    """Yield why a comparison would say nothing, or take too long."""
    if not n_columns:
        yield "it does not learn from texts"
    if len(y) < MIN_ROWS:
        yield f"{len(y)} rows to train on are too few"
        return
    for place, label in enumerate(classes):
        fewest = min(int((side == place).sum()) for side in (y, target))
        if fewest < MIN_CLASS_ROWS:
            yield f"there are too few rows of class {quote(label)}"
    if not classes and not allows_figure(target):
        yield "all held-out rows have the same number"
    n_outputs = len(classes) if len(classes) > 2 else 1
    cells = (len(y) + _MORE_ROWS) * (n_columns + _MORE_COLUMNS) * n_outputs
    if cells > MAX_CELLS:
        of_classes = f" and {len(classes)} classes" if len(classes) > 2 else ""
        yield f"with {n_columns:,} columns{of_classes} it would take too long"


def _difference(
    target: NDArray[Any], theirs: Numbers, ours: Numbers, positive_index: int | None
) -> Interval:
    """Return the interval of the first figure less the second, outputs (n_outputs, n_samples)."""
    figures = [figure_of_outputs(target, outputs, positive_index) for outputs in (theirs, ours)]
    difference = figures[0] - figures[1]
    if target.dtype.kind == "f":
        # A ratio of two means; its error by the delta method.
        squares = (target - target.mean()) ** 2
        gained = (target - ours[0]) ** 2 - (target - theirs[0]) ** 2
        error = standard_error(gained - difference * squares) / float(squares.mean())
        return around(difference, error, len(target))
    shown = range(len(ours)) if positive_index is None else [positive_index]
    added = [shares_of_area(target, outputs, shown) for outputs in (theirs, ours)]
    return around(
        difference, area_error(target, added[0] - added[1]), int(np.bincount(target).min())
    )
