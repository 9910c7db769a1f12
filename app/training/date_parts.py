"""Turns dates and datetimes into the columns that an estimator learns from.

scikit-learn's estimators learn from numbers and categories. So each date becomes the days since the
first one, which can show a trend, and the month, the day of the week and the hour, which repeat.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from app.helpers.date_arrays import make_parts
from app.helpers.dates import PART_LEVELS, TO_TEXT, PartName
from app.helpers.features import Feature, FeatureType, columns_of
from app.training.split import Split


def find_parts(features: Sequence[Feature], frame: pd.DataFrame) -> tuple[Feature, ...]:
    """Return the features, dates and datetimes with their parts: all that differ in some rows.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features)
        The training set.
    """
    names = {feature.name for feature in features}
    found = []
    for feature in set_ends(features, frame):
        if feature.date_type is not None:
            differing = _differing(feature, frame[feature.name])
            parts = tuple(_make_part(feature, part, names) for part in differing)
            names |= {part.name for part in parts}
            feature = replace(feature, parts=parts)
        found.append(feature)
    return tuple(found)


def set_ends(features: Sequence[Feature], frame: pd.DataFrame) -> tuple[Feature, ...]:
    """Return the features, dates and datetimes with the earliest and the latest in a frame."""
    return tuple(
        feature
        if feature.date_type is None
        else replace(feature, first=_end(feature, frame, "min"), last=_end(feature, frame, "max"))
        for feature in features
    )


def with_parts(frame: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """Return a frame of shape (n_samples, n_columns): dates and datetimes as their parts."""
    if not any(feature.parts for feature in features):
        return frame
    columns: dict[str, Any] = {}
    for feature in features:
        if feature.parts:
            names = [part.name for part in feature.parts]
            columns |= zip(names, _make_parts(feature, frame[feature.name]), strict=True)
        else:
            columns[feature.name] = frame[feature.name]
    return pd.DataFrame(columns, index=frame.index)


def split_with_parts(split: Split, features: Sequence[Feature]) -> Split:
    """Return both sets with dates and datetimes as their parts."""
    return replace(
        split,
        X_train=with_parts(split.X_train, features),
        X_validation=with_parts(split.X_validation, features),
    )


def _end(feature: Feature, frame: pd.DataFrame, which: str) -> str:
    numbers = frame[feature.name]
    number = float(getattr(numbers, which)()) if numbers.notna().any() else 0.0
    assert feature.date_type is not None  # noqa: S101 - who asks has looked
    return TO_TEXT[feature.date_type](number)


def _differing(feature: Feature, column: "pd.Series[Any]") -> Iterator[PartName]:
    """Yield the days, and the other parts that are not the same in all rows."""
    yield "days"
    others: list[PartName] = ["month", "weekday", "hour"]
    for part in others[: 3 if feature.type == "datetime" else 2]:
        probe = replace(feature, parts=(Feature(part, "category", part=part),))
        (values,) = _make_parts(probe, column.dropna())
        if len(pd.unique(values)) > 1:
            yield part


def _make_part(feature: Feature, part: PartName, taken: set[str]) -> Feature:
    name = f"{feature.name}.{part}"
    while name in taken:
        name += "_"
    type_: FeatureType = "number" if part == "days" else "category"
    return Feature(name, type_, feature.nullable, PART_LEVELS[part], part=part)


def _make_parts(feature: Feature, column: "pd.Series[Any]") -> list[Any]:
    assert feature.date_type is not None  # noqa: S101 - others have no parts
    return make_parts(
        column.to_numpy(np.float64),
        feature.date_type,
        [part.part for part in columns_of([feature]) if part.part is not None],
        feature.first,
        feature.last,
        missing=np.nan,
    )
