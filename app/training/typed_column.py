"""One column, typed: numbers, booleans, categories, texts or dates; and what was decided."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.helpers.dates import TO_NUMBER
from app.helpers.errors import enumerate_first, quote
from app.helpers.features import MAX_TEXT_LENGTH, Feature, Format
from app.helpers.validation import MAX_ABSOLUTE_NUMBER
from app.tables.csv_file import FIRST_ROW
from app.tables.dates import DateOrder
from app.tables.formats import Finding, find_format, normalize, parse
from app.training.decisions import Decisions, option
from app.training.raw_table import RawColumn

_MAX_TOKENS = 5  # that a command line is offered with


@dataclass(frozen=True)
class TypedColumn:
    """A column as the estimator gets it.

    Attributes
    ----------
    feature : Feature
        What is known of it; nothing yet of what was seen.
    values : array of shape (n_rows,)
        float64 for numbers, booleans, dates (days since 1970) and datetimes (seconds), object for
        categories and texts; where one is missing NaN, or the empty text.
    n_present : int
        How many are not missing.
    notes : tuple of str
        What had to be decided, one sentence each.
    tokens : tuple of str
        What is read as missing although it is not empty, and nobody said so.
    """

    feature: Feature
    values: NDArray[Any]
    n_present: int
    notes: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


class ColumnTyper:
    """Types the columns of one file.

    Parameters
    ----------
    rows : array of int, shape (n_used,)
        Those of the file's rows that are used, counted from 0.
    known : Format
        The file's decimal mark and the user's tokens.
    decisions : Decisions
        Where it is told what was decided, and what is wrong.
    orders : pair of "dmy", "mdy" or None
        As for `find_format`.
    """

    def __init__(
        self,
        rows: NDArray[np.intp],
        known: Format,
        decisions: Decisions,
        orders: tuple[DateOrder | None, DateOrder | None] = (None, None),
    ) -> None:
        self._rows = rows
        self._known = known
        self._orders = orders
        self._decisions = decisions
        self.unmatched = set(known.missing)  # of the user's tokens those that no field is

    def type_column(self, name: str, raw: RawColumn, categorical: bool) -> TypedColumn | None:
        """Return a column with its type; None if something is wrong with it."""
        if raw.numbers is not None:
            return self._plain_numbers(name, raw)
        texts, counts, codes = used_texts(raw, self._rows)
        if self.unmatched:
            self.unmatched -= set(map(normalize, texts))
        if categorical:
            finding = Finding("category", self._known, parse(texts, "category", self._known))
        else:
            finding = find_format(texts, counts, self._known, self._orders)
        if self._find_faults(name, finding, texts, codes):
            return None
        return make_column(name, finding, texts, codes)

    def _plain_numbers(self, name: str, raw: RawColumn) -> TypedColumn:
        """Return numbers, which pandas has parsed."""
        assert raw.numbers is not None  # noqa: S101 - it is asked for numbers only
        numbers = raw.numbers if len(self._rows) == len(raw.numbers) else raw.numbers[self._rows]
        for token in self._known.missing:  # numbers, all of them: the others would be texts
            value, *_ = parse([token], "number", Format(decimal=self._known.decimal))
            if isinstance(value, float | int) and (is_token := numbers == value).any():
                numbers = np.where(is_token, math.nan, numbers)
                self.unmatched.discard(token)
        n_present = int(np.count_nonzero(~np.isnan(numbers)))
        feature = Feature(name, "number", n_present < len(numbers), format=self._known)
        return TypedColumn(feature, numbers, n_present, tokens=raw.tokens)

    def _find_faults(
        self, name: str, finding: Finding, texts: Sequence[str], codes: NDArray[np.intp]
    ) -> bool:
        """Add what is wrong with a column to the faults; return whether anything is."""
        if finding.type in TO_NUMBER:
            return self._find_date_faults(name, finding, texts, codes)
        if finding.type != "number":
            return False
        huge = [
            place
            for place, value in enumerate(finding.values)
            if isinstance(value, float) and abs(value) > MAX_ABSOLUTE_NUMBER
        ]
        self._tell_wrong(
            *(name, "not a number, as most of the column is", texts, finding.strays, codes),
            f"use {option('--categorical', name)}",
        )
        self._tell_wrong(
            *(name, f"beyond ±{MAX_ABSOLUTE_NUMBER:.0e}", texts, huge, codes),
            f"leave the column out with {option('--drop', name)}",
        )
        return bool(finding.strays or huge)

    def _find_date_faults(
        self, name: str, finding: Finding, texts: Sequence[str], codes: NDArray[np.intp]
    ) -> bool:
        if finding.is_ambiguous:
            example = normalize(texts[_find_unclear(texts, finding)])
            self._decisions.faults.append(
                f"Say with --date-format dmy or --date-format mdy whether the day or the month"
                f" comes first in column {quote(name)}: {quote(example)} may be two dates."
            )
        self._tell_wrong(
            *(name, f"not a {finding.type}, as most of the column is", texts),
            *(finding.strays, codes, f"use {option('--categorical', name)}"),
        )
        return bool(finding.strays or finding.is_ambiguous)

    def _tell_wrong(
        self,
        name: str,
        reason: str,
        texts: Sequence[str],
        places: Sequence[int],
        codes: NDArray[np.intp],
        remedy: str,
    ) -> None:
        """Add a fault about the texts at these positions; it names the first row that has one."""
        if not places:
            return
        row = self._rows[np.isin(codes, places).argmax()] + FIRST_ROW
        tokens = dict.fromkeys(normalize(texts[place]) for place in places)
        others = ""
        if len(tokens) > 1:
            others = f" ({len(tokens) - 1} other text{'s are' if len(tokens) > 2 else ' is'}, too)"
        missing = " ".join(option("--missing", token, "TOKEN") for token in tokens)
        declare = f" declare it missing with {missing}," if len(tokens) <= _MAX_TOKENS else ""
        self._decisions.faults.append(
            f"Row {row}, column {quote(name)} is {reason}{others}; correct it,{declare}"
            f" or {remedy}."
        )


_THOUSANDS = {",": "commas", ".": "points", "'": "apostrophes", " ": "blanks"}


def used_texts(
    raw: RawColumn, rows: NDArray[np.intp]
) -> tuple[list[str], list[int], NDArray[np.intp]]:
    """Return a column's different texts in some rows, how many rows hold each, and each row's.

    Returns
    -------
    texts, counts : list, shape (n_texts,)
    codes : array of int, shape (n_used,)
        Each row's place in `texts`.
    """
    assert raw.codes is not None  # noqa: S101 - the column is not one of numbers
    codes = raw.codes[rows]
    counts = np.bincount(codes, minlength=len(raw.texts))
    used = np.flatnonzero(counts)
    if len(used) == len(raw.texts):
        return list(raw.texts), counts.tolist(), codes
    places = np.empty(len(counts), np.intp)
    places[used] = np.arange(len(used))
    return [raw.texts[place] for place in used.tolist()], counts[used].tolist(), places[codes]


def make_column(
    name: str, finding: Finding, texts: Sequence[str], codes: NDArray[np.intp]
) -> TypedColumn:
    """Return a column of what was found in its texts; `codes` has each row's place in them."""
    numbers: Sequence[Any] = finding.values
    if finding.type in TO_NUMBER:
        to_number = TO_NUMBER[finding.type]
        numbers = [None if value is None else to_number(str(value)) for value in finding.values]
    is_present = np.array([value is not None for value in finding.values], dtype=bool)[codes]
    n_present = int(np.count_nonzero(is_present))
    missing_value = "" if finding.type == "text" else math.nan
    values = np.array(
        [missing_value if value is None else value for value in numbers],
        dtype=object if finding.type in ("category", "text") else np.float64,
    )
    categories: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    if finding.type == "category":
        # Sorted, then without repetitions: a set of millions would take much memory.
        categories = tuple(
            value for value, _ in groupby(sorted(v for v in finding.values if isinstance(v, str)))
        )
    elif finding.type != "text":
        missing = dict.fromkeys(
            normalize(text)
            for text, value in zip(texts, finding.values, strict=True)
            if value is None
        )
        tokens = tuple(sorted(missing.keys() - {"", *finding.format.missing}))
    feature = Feature(name, finding.type, n_present < len(codes), categories, format=finding.format)
    return TypedColumn(
        feature, values[codes], n_present, tuple(_notes(name, finding, texts)), tokens
    )


def _notes(name: str, finding: Finding, texts: Sequence[str]) -> Iterator[str]:
    """Yield what to tell of how a column is read."""
    format_ = finding.format
    if finding.is_code:
        yield (
            f"Column {quote(name)} is read as categories: its digits begin with zeros, as codes do;"
            f" {option('--drop', name)} leaves it out."
        )
    if finding.type == "text":
        yield (
            f"Column {quote(name)} is read as text: the model learns from its words;"
            f" {option('--categorical', name)} makes each text a category,"
            f" {option('--drop', name)} leaves it out."
        )
        if n_long := sum(len(str(value)) > MAX_TEXT_LENGTH for value in finding.values):
            yield (
                f"{n_long} text{' in' if n_long == 1 else 's in'} column {quote(name)}"
                f" {'has' if n_long == 1 else 'have'} more than {MAX_TEXT_LENGTH:,} characters;"
                " requests with such a text are refused."
            )
    keep_texts = f"{option('--categorical', name)} keeps the texts"
    signs = [f"in {format_.unit}"] if format_.unit else []
    if format_.thousands:
        signs.append(f"with {_THOUSANDS[format_.thousands]} between thousands")
    if signs:
        yield f"Column {quote(name)} is read as numbers {', '.join(signs)}; {keep_texts}."
    if finding.type in TO_NUMBER and (order := _ORDER_NAMES.get(format_.date)):
        example = normalize(texts[_find_unclear(texts, finding)])
        yield (
            f"Column {quote(name)} is read as {finding.type}s with the {order} first, such as"
            f" {quote(example)}; --date-format decides otherwise, {keep_texts}."
        )
    if finding.type == "boolean":
        words = dict.fromkeys(
            normalize(text)
            for text, value in zip(texts, finding.values, strict=True)
            if value is not None
        )
        if not {word.lower() for word in words} <= {"true", "false"}:
            shown = enumerate_first(map(quote, words))
            yield f"Column {quote(name)} is read as booleans ({shown}); {keep_texts}."


_ORDER_NAMES = {
    **dict.fromkeys(("%d/%m/%Y", "%d-%m-%Y"), "day"),
    **dict.fromkeys(("%m/%d/%Y", "%m-%d-%Y"), "month"),
}


def _find_unclear(texts: Sequence[str], finding: Finding) -> int:
    """Return the place of a date whose day could be its month; of the first one if there is none.

    Parameters
    ----------
    texts : shape (n_texts,)
    finding : Finding
        Of dates with numbers for months.
    """
    present = [place for place, value in enumerate(finding.values) if value is not None]
    parts = {place: str(finding.values[place]).split("-") for place in present}
    unclear = (place for place, (_, *ends) in parts.items() if ends[0] != ends[1][:2] <= "12")
    return next(unclear, present[0])
