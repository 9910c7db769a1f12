"""Feature: what is known of one column; and how a valid payload becomes feature values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, Literal, Self

Value = float | bool | str | None
"""A feature's value: a number, a boolean, a category's name or a text; None if it is missing."""

MIN_LEVEL_ROWS = 5
"""A level of a category with fewer rows in the training set is rare."""
MAX_LEVEL_LENGTH = 256
"""The longest text, in characters, that an open column takes."""
MAX_TEXT_LENGTH = 10_000
"""The longest value, in characters, of a column of texts."""
MAX_SHOWN_WORDS = 20
"""So many words of a column of texts are shown to anyone."""

FeatureType = Literal["number", "boolean", "category", "text"]


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
    type : "number", "boolean", "category" or "text"
        A text is written by people, and a model learns from its words.
    nullable : bool
        Whether the CSV had rows without it, so that clients may send null.
    categories : tuple of str
        The levels of a category, sorted; empty for other types. A closed column has all that the
        CSV had; an open one those with at least MIN_LEVEL_ROWS rows in the training set.
    missing : float
        The share, 0 to 1, of the training set's rows without it.
    minimum, maximum, mean : float or None
        Of the values present in the training set (a boolean counts 0 or 1); None for a category
        or a text.
    shares : tuple of float
        For each category its share, 0 to 1, of the training set's rows.
    typical : float, bool, str or None
        The median or most frequent value in the training set; 0 for a number without any value.
        Of a text it is made up from frequent words.
    deviation : float or None
        A number's standard deviation in the training set; None for other types.
    format : Format
        How its values are written in a CSV.
    open : bool
        Whether clients may send any text. One that is not among `categories` is rare or new, and
        all of these have the same weight.
    rare : float
        The share, 0 to 1, of the training set's rows with a rare level of an open column.
    rare_categories : tuple of str
        The rare levels of a closed column. Clients may send them, so the schema lists them; for
        privacy nothing else shows them.
    words : tuple of str
        The words that a model learns of a text, the most frequent first, each in at least
        MIN_LEVEL_ROWS rows of the training set; empty for other types.
    median_words : float or None
        The median number of words, known or not, in a text of the training set; None for other
        types.
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
    open: bool = False
    rare: float = 0.0
    rare_categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    median_words: float | None = None

    @property
    def known(self) -> frozenset[Value]:
        """The categories, and None, which is not unseen either."""
        return frozenset((*self.categories, None))

    @property
    def shown(self) -> tuple[str, ...]:
        """The categories that have enough rows to be shown to anyone."""
        if not self.rare_categories:
            return self.categories
        hidden = set(self.rare_categories)
        return tuple(category for category in self.categories if category not in hidden)

    def public(self) -> Self:
        """Return the feature as anyone may see it: without rare levels, with a few words only."""
        shares = dict(zip(self.categories, self.shares, strict=False))
        return replace(
            self,
            categories=self.shown,
            shares=tuple(shares[name] for name in self.shown if name in shares),
            rare_categories=(),
            words=self.words[:MAX_SHOWN_WORDS],
        )

    @property
    def unseen(self) -> str:
        """A text that is none of the categories: it stands for all that are rare or new."""
        text = "rare or new"
        while text in self.categories:
            text += " …"
        return text


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
