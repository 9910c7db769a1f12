"""The rows of the self-check: made up, so that a model that predicts otherwise is noticed."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from app.helpers.dates import SECONDS_OF_DAY, TO_NUMBER, TO_TEXT, UNITS, DateType
from app.helpers.features import Feature, Value, columns_of, make_feature_columns
from app.store.fitted_estimator import estimator_outputs, make_frame
from app.store.manifest import CheckedRow
from app.training.words import varied_texts

MAX_ROWS = 50
_MIN_ROWS = 10
_MAX_VALUES = 50_000  # in all rows together, since the size of a manifest is limited
_MAX_DATE: Mapping[DateType, float] = {"date": 2e6, "datetime": 2e6 * SECONDS_OF_DAY}
_DATES = 12  # of each feature, one month apart if they span a year
_GAP_SHARE = 0.1  # of the values in mixed rows


def make_self_check(
    estimator: Any,
    features: Sequence[Feature],
    classes: Sequence[str],
    positive_index: int | None,
) -> tuple[CheckedRow, ...]:
    """Return made-up rows with their outputs, which a loaded model must reproduce.

    Parameters
    ----------
    features : shape (n_features,)
        Described.
    classes : shape (n_classes,)
        Empty in a regression.
    """
    n_rows = min(max(_MIN_ROWS, _MAX_VALUES // (len(features) + len(classes))), MAX_ROWS)
    rows = make_rows(features, n_rows)
    frame = make_frame(make_feature_columns(rows, features), columns_of(features))
    outputs = estimator_outputs(estimator, frame, classes, positive_index).T.tolist()
    return tuple(CheckedRow(row, tuple(each)) for row, each in zip(rows, outputs, strict=True))


def make_rows(features: Sequence[Feature], n_rows: int) -> list[dict[str, Value]]:
    """Return at most `n_rows` different rows, of which the first is the typical one.

    They cover as much as they can of what each feature may be: categories, gaps, ends of ranges.
    Each such value goes into the row that has the fewest of them so far. Every other row is typical
    elsewhere, so that a single change does not drown in others; the rest are mixed, which shows how
    features act together. All is made up from statistics: none is a row of the data. The same
    features give the same rows.
    """
    covered: list[dict[str, Value]] = [{} for _ in range(n_rows - 1)]
    for name, value in _in_turn({feature.name: _values(feature) for feature in features}):
        free = [row for row in covered if name not in row]
        if free:
            min(free, key=len)[name] = value
    typical = {feature.name: feature.typical for feature in features}
    places = np.random.default_rng(0).random((len(covered), len(features)))
    rows = [typical]
    for number, (changes, shares) in enumerate(zip(covered, places.tolist(), strict=True)):
        if changes and number % 2 == 0:
            rows.append(typical | changes)
        else:
            mixed = {f.name: _between(f, share) for f, share in zip(features, shares, strict=True)}
            rows.append(mixed | changes)
    return list({orjson.dumps(row): row for row in rows}.values())


def _in_turn(values: Mapping[str, Sequence[Value]]) -> Iterator[tuple[str, Value]]:
    """Yield the first value of each feature, then the second of each, and so on."""
    for place in range(max(map(len, values.values()))):
        for name, each in values.items():
            if place < len(each):
                yield name, each[place]


def _values(feature: Feature) -> list[Value]:
    """Return the values to cover, the most important first; none is the typical one."""
    gap: list[Value] = [None] if feature.nullable else []
    values = dict.fromkeys([*gap, *_ends(feature), *_others(feature)])
    return [value for value in values if value != feature.typical]


def _ends(feature: Feature) -> list[Value]:
    """Return the ends of a range, and what lies outside of the categories."""
    if feature.type == "category":
        return [feature.unseen] if feature.open and feature.categories else []
    if feature.date_type is not None:
        beyond = TO_NUMBER[feature.date_type](feature.last) + 1000 * UNITS[feature.date_type]
        is_date = beyond <= _MAX_DATE[feature.date_type]
        later = [TO_TEXT[feature.date_type](beyond)] if is_date else []
        return [feature.first, feature.last, *later]
    if feature.type == "number" and feature.minimum is not None:
        return [feature.minimum, feature.maximum]
    return []


def _others(feature: Feature) -> list[Value]:
    if feature.type == "text":
        return [*varied_texts(feature)]
    if feature.type == "category":
        shares = dict(zip(feature.categories, feature.shares, strict=True))
        return [*sorted(feature.categories, key=lambda level: -shares[level])]
    if feature.type == "boolean":
        return [True, False]
    if feature.date_type is not None:
        return [_between(feature, (step + 0.5) / _DATES) for step in range(_DATES)]
    return _near(feature)


def _near(feature: Feature) -> list[Value]:
    """Return numbers that a row of the data could have, below the typical one and above it."""
    median, deviation = float(feature.typical or 0.0), feature.deviation or 1.0
    if feature.whole:
        deviation = float(max(1, round(deviation)))
    others = [median - deviation, median + deviation]
    if feature.minimum is None or feature.maximum is None:
        return [*others]
    within = [min(max(other, feature.minimum), feature.maximum) for other in others]
    return [other for other in within if other != median] or [*others]


def _between(feature: Feature, share: float) -> Value:
    """Return what lies at a share, 0 to 1, of all that a feature may be."""
    if feature.nullable and feature.date_type is None and share < _GAP_SHARE:
        return None
    if feature.date_type is not None:
        first, last = (TO_NUMBER[feature.date_type](end) for end in (feature.first, feature.last))
        return TO_TEXT[feature.date_type](math.floor(first + (last - first) * share))
    if feature.type == "number" and feature.minimum is not None and feature.maximum is not None:
        number = feature.minimum + (feature.maximum - feature.minimum) * share
        return float(round(number)) if feature.whole else number
    values = [feature.typical, *_values(feature)]
    return values[int(share * len(values))]
