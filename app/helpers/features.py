"""Feature: what is known of one column; and how a valid payload becomes feature values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

Value = float | bool | str | None
"""A feature's value: a number, a boolean, a category's text, or None where it is missing."""

FeatureType = Literal["number", "boolean", "category"]


@dataclass(frozen=True)
class Format:
    """How the values of one column are written in a CSV.

    Attributes
    ----------
    decimal : "." or ","
        What separates the whole part of a number from its fraction.
    thousands : str
        What separates groups of three digits: ",", ".", "'", " " (any blank), or "" if nothing.
    unit : str
        What each number is written with: "%", a currency such as "$" or "EUR", or "".
    missing : tuple of str
        What stands for a missing value beside what always does.
    present : tuple of str
        What is a value although it looks like a missing one.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    missing: tuple[str, ...] = ()
    present: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feature:
    """One column that a model learns from.

    Attributes
    ----------
    name : str
        The column's name in the CSV and the key on the wire.
    type : "number", "boolean" or "category"
    nullable : bool
        Whether the CSV had rows without it, so that clients may send null.
    categories : tuple of str
        All categories in the CSV, sorted; empty unless the type is category.
    missing : float
        The share, 0 to 1, of the training set's rows without it.
    minimum, maximum, mean : float or None
        Of the values present in the training set (a boolean counts 0 or 1); None for a category.
    shares : tuple of float
        For each category its share, 0 to 1, of the training set's rows.
    typical : float, bool, str or None
        The median or most frequent value in the training set; 0 for a number without any value.
    deviation : float or None
        A number's standard deviation in the training set; None for other types.
    format : Format
        How its values are written in a CSV.
    """

    name: str
    type: FeatureType
    nullable: bool = False
    categories: tuple[str, ...] = ()
    missing: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    shares: tuple[float, ...] = ()
    typical: Value = None
    deviation: float | None = None
    format: Format = field(default_factory=Format)


def make_feature_vector(row: Mapping[str, Any], features: Iterable[Feature]) -> tuple[Value, ...]:
    """Return a valid row's values in feature order, shape (n_features,)."""
    return feature_vector_maker(features)(row)


def feature_vector_maker(
    features: Iterable[Feature],
) -> Callable[[Mapping[str, Any]], tuple[Value, ...]]:
    """Return `make_feature_vector` for rows of the same features: made once, it is much faster."""
    names = [feature.name for feature in features]
    if len(names) == 1:  # of a single item, itemgetter makes no tuple
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def make_feature_columns(
    rows: Sequence[Mapping[str, Any]], features: Iterable[Feature]
) -> list[list[Value]]:
    """Return valid rows' values by column in feature order, shape (n_features, n_rows)."""
    return [[row[feature.name] for row in rows] for feature in features]
