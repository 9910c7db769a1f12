"""Feature: what is known of one column; and how a valid payload becomes what a model is given.

A client sends one value per feature. An estimator is given columns: of most features the value
itself, of a date or datetime its parts (days, month, weekday, hour), which are features, too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from typing import Any, Literal, Self, TypeVar

from app.helpers.dates import DateType, PartName, part_maker

Value = float | bool | str | None
"""A feature's value: a number, a boolean, a category's name, a text, or a date or datetime as text;
None if it is missing."""

MIN_LEVEL_ROWS = 5
"""A level of a category with fewer rows in the training set is rare."""
MAX_LEVEL_LENGTH = 256
"""The longest text, in characters, that an open column takes."""
MAX_TEXT_LENGTH = 10_000
"""The longest value, in characters, of a column of texts."""
MAX_SHOWN_WORDS = 20
"""So many words of a column of texts are shown to anyone."""

FeatureType = Literal["number", "boolean", "category", "text", "date", "datetime"]
T = TypeVar("T")


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
    date : str
        How dates are written, as in strftime: "%d/%m/%Y". A time, if there is one, may be written
        in any way. Empty for other columns.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    missing: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    date: str = ""


@dataclass(frozen=True)
class Feature:
    """One column that a model learns from.

    Attributes
    ----------
    name : str
        The column's name in the CSV and the key on the wire.
    type : "number", "boolean", "category", "text", "date" or "datetime"
        A text is written by people, and a model learns from its words.
    nullable : bool
        Whether the CSV had rows without it, so that clients may send null.
    categories : tuple of str
        The levels of a category, sorted; empty for other types. A closed column has all that the
        CSV had; an open one those with at least MIN_LEVEL_ROWS rows in the training set.
    missing : float
        The share, 0 to 1, of the training set's rows without it.
    minimum, maximum, mean : float or None
        Of the values present in the training set (a boolean counts 0 or 1); None for other types.
    shares : tuple of float
        For each category its share, 0 to 1, of the training set's rows.
    typical : float, bool, str or None
        The median or most frequent value in the training set; 0 for a number without any value.
        Of a text it is made up from frequent words.
    deviation : float or None
        A number's standard deviation in the training set; None for other types.
    first, last : str
        The earliest and the latest date or datetime in the training set; empty for other types.
    parts : tuple of Feature
        The columns that an estimator is given in place of a date or datetime.
    part : "days", "month", "weekday", "hour" or None
        Which part this is, of another feature.
    whole : bool
        Whether all numbers in the training set are whole ones.
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
    whole: bool = False
    format: Format = field(default_factory=Format)
    open: bool = False
    rare: float = 0.0
    rare_categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    median_words: float | None = None
    first: str = ""
    last: str = ""
    parts: tuple["Feature", ...] = ()
    part: PartName | None = None

    @property
    def date_type(self) -> DateType | None:
        """The type of a date or datetime; None for others."""
        return self.type if self.type in ("date", "datetime") else None

    @property
    def columns(self) -> tuple["Feature", ...]:
        """The columns that an estimator is given: the feature itself, or its parts."""
        return self.parts or (self,)

    def make_parts(self) -> Callable[[Value], tuple[Value, ...]]:
        """Return what makes the values of its parts of a valid value of a date or datetime."""
        assert self.date_type is not None  # noqa: S101 - others have no parts
        names = [part.part for part in self.parts if part.part is not None]
        return part_maker(self.date_type, names, self.first, self.last)  # type: ignore[return-value]

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

    def as_written(self, value: Value) -> Value:
        """Return a number of a column of whole numbers as one; other values unchanged."""
        return int(value) if self.whole and isinstance(value, float) else value

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


def columns_of(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the columns that an estimator is given of features, shape (n_columns,)."""
    return tuple(column for feature in features for column in feature.columns)


def make_feature_vector(row: Mapping[str, Any], features: Iterable[Feature]) -> tuple[Value, ...]:
    """Return a valid row's values in the order of columns, shape (n_columns,)."""
    return feature_vector_maker(features)(row)


def feature_vector_maker(
    features: Iterable[Feature],
) -> Callable[[Mapping[str, Any]], tuple[Value, ...]]:
    """Return `make_feature_vector` for rows of the same features: made once, it is much faster."""
    features = tuple(features)
    names = [feature.name for feature in features]
    if len(names) == 1:  # of a single item, itemgetter makes no tuple
        get: Callable[[Mapping[str, Any]], tuple[Value, ...]] = lambda row: (row[names[0]],)  # noqa: E731
    else:
        get = itemgetter(*names)
    # From the last to the first, so that places before stay as they are.
    makers = [(i, feature.make_parts()) for i, feature in enumerate(features) if feature.parts]
    if not makers:
        return get
    makers.reverse()

    def make(row: Mapping[str, Any]) -> tuple[Value, ...]:
        values = list(get(row))
        for place, make_parts in makers:
            values[place : place + 1] = make_parts(values[place])
        return tuple(values)

    return make


def make_feature_columns(
    rows: Sequence[Mapping[str, Any]], features: Iterable[Feature]
) -> list[Sequence[Value]]:
    """Return valid rows' values by column, shape (n_columns, n_rows)."""
    features = tuple(features)
    return with_parts({f.name: [row[f.name] for row in rows] for f in features}, features)


def with_parts(
    values: Mapping[str, Sequence[Value]], features: Iterable[Feature]
) -> list[Sequence[Value]]:
    """Return the valid values of features, by name, as columns, shape (n_columns, n_rows)."""
    columns: list[Sequence[Value]] = []
    for feature in features:
        column = values[feature.name]
        if not feature.parts:
            columns.append(column)
            continue
        make_parts = feature.make_parts()
        parts = {value: make_parts(value) for value in set(column)}  # dates are often the same
        by_row = [parts[value] for value in column]
        columns += zip(*by_row, strict=True) if by_row else [()] * len(feature.parts)
    return columns


def sum_parts(contributions: Iterable[T], features: Iterable[Feature]) -> Iterator[T]:
    """Yield what each feature contributes, given what each column does, shape (n_columns,)."""
    contributions = iter(contributions)
    for feature in features:
        total, *others = islice(contributions, len(feature.columns))
        for other in others:
            total = total + other  # type: ignore[operator]  # numbers, or arrays of them
        yield total
