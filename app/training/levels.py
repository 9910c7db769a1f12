"""Decides which categories are open: those that will likely get new levels."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset, quote
from app.helpers.features import MAX_LEVEL_LENGTH, MIN_LEVEL_ROWS, Feature
from app.tables.columns import Columns
from app.training.decisions import option
from app.utils.notes import note

MIN_RARE_SHARE = 0.001
MIN_SINGLE_SHARE = 0.01
MAX_SMALL_LEVELS = 20


def check_level_options(features: Sequence[Feature], columns: Columns) -> None:
    """Raise InvalidDataset unless the columns of `--open` and `--closed` can be open or closed."""
    categories = {feature.name: feature for feature in features if feature.type == "category"}
    for name in (*columns.open, *columns.closed):
        if name in columns.open and name in columns.closed:
            raise InvalidDataset(
                f"Column {quote(name)} cannot be both open and closed; leave out"
                f" {option('--open', name)} or {option('--closed', name)}."
            )
        if name not in categories:
            raise InvalidDataset(
                f"Column {quote(name)} is not a category to learn from; --open and --closed are for"
                " categories."
            )
        if name in columns.open and not _is_short(categories[name]):
            raise InvalidDataset(
                f"Column {quote(name)} has texts of over {MAX_LEVEL_LENGTH} characters; it cannot"
                " be open."
            )


def decide_open(
    features: Sequence[Feature], frame: pd.DataFrame, columns: Columns, *, trained: bool = True
) -> tuple[Feature, ...]:
    """Return the features, each category open or closed, and say which are open.

    What is done with rare levels is said only of a model that is trained here.

    Parameters
    ----------
    features : shape (n_features,)
        With all categories of the CSV; an open one keeps those that are not rare.
    frame : DataFrame of shape (n_samples, n_features)
        The training set.
    """
    return tuple(
        _decide(feature, frame[feature.name], columns, trained)
        if feature.type == "category"
        else feature
        for feature in features
    )


def _decide(feature: Feature, column: "pd.Series[Any]", columns: Columns, trained: bool) -> Feature:
    if feature.name in columns.closed:
        return feature
    counts = column.value_counts()
    if feature.name not in columns.open:
        if not _must_expect_new(np.asarray(counts, np.int64)) or not _is_short(feature):
            return feature
        n_rare = int((counts < MIN_LEVEL_ROWS).sum())
        rare = (
            f"its {n_rare} levels with fewer than {MIN_LEVEL_ROWS} rows share one weight, which new"
            " ones get, too"
        )
        note(
            f"Note: Column {quote(feature.name)} is open:"
            f" {rare if trained else 'clients may send new levels'}; to refuse new ones, use"
            f" {option('--closed', feature.name)}."
        )
    return replace(feature, open=True, categories=frequent_levels(counts))


def frequent_levels(counts: "pd.Series[int]") -> tuple[str, ...]:
    """Return the levels that are not rare, sorted; `counts` has the number of rows of each."""
    return tuple(sorted(counts.index[counts >= MIN_LEVEL_ROWS]))


def _must_expect_new(counts: NDArray[np.int64]) -> bool:
    """Whether a column is open, by the number of rows of each of its levels.

    It is open if its rare levels together have as many rows as a level needs, and at least one row
    in a thousand: fewer are probably typing errors. It is also open if levels that occur only once
    make up 1 % of the rows, since their share is about the chance that the next row has a new level
    (Good, 1953, "The population frequencies of species", after Turing); a single such row is never
    enough. If a small table has no frequent level at all, the column stays closed, because an open
    one would have no levels left.
    """
    n_rows, is_rare = counts.sum(), counts < MIN_LEVEL_ROWS
    if is_rare.all() and len(counts) <= MAX_SMALL_LEVELS:
        return False
    n_rare, n_single = counts[is_rare].sum(), np.count_nonzero(counts == 1)
    return bool(
        n_rare >= max(MIN_LEVEL_ROWS, MIN_RARE_SHARE * n_rows)
        or n_single >= max(2, MIN_SINGLE_SHARE * n_rows)
    )


def _is_short(feature: Feature) -> bool:
    return max(map(len, feature.categories), default=0) <= MAX_LEVEL_LENGTH
