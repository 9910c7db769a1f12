"""The target: each row's class, and which rows have none."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.helpers.errors import enumerate_first, quote
from app.helpers.features import Format
from app.store.training_data import LeftOutRows
from app.tables.formats import normalize
from app.training.decisions import Decisions, option
from app.training.raw_table import RawColumn

MIN_CLASS_ROWS = 4  # a quarter of them, one, validates
MAX_CLASSES = 1000
_MISSING_LABELS = frozenset(("", "na", "n/a", "nan", "null", "?"))


@dataclass(frozen=True)
class Labels:
    """The classes of the rows that have one.

    Attributes
    ----------
    rows : array of int, shape (n_used,)
        The rows of the file that are used, counted from 0.
    target : array of int, shape (n_used,)
        Each row's class as its place in `classes`.
    classes : tuple of str, shape (n_classes,)
        In sorted order; numbers by value.
    """

    rows: NDArray[np.intp]
    target: NDArray[np.int64]
    classes: tuple[str, ...]


def read_labels(name: str, raw: RawColumn, known: Format, decisions: Decisions) -> Labels:
    """Return the classes of a target; what is wrong with it goes to the decisions' faults."""
    assert raw.codes is not None  # noqa: S101 - a target is read as text
    labels = [normalize(text) for text in raw.texts]
    _tell_twins(name, raw.texts, labels, decisions)
    counts = dict.fromkeys(labels, 0)
    for label, count in zip(labels, np.bincount(raw.codes), strict=True):
        counts[label] += int(count)
    missing = {label for label in counts if _is_missing(label, known)}
    _tell_missing(name, missing, counts, known, decisions)
    n_missing = sum(counts.pop(label) for label in missing)
    tell_left_out(name, n_missing, len(raw.codes), decisions)
    classes = _usable_classes(name, counts, decisions)
    places = {label: place for place, label in enumerate(classes)}
    codes = np.array([places.get(label, -1) for label in labels], np.int64)[raw.codes]
    rows = np.flatnonzero(codes >= 0)
    if not len(rows):  # a fault by now; the columns' own can still be told
        rows = np.arange(len(codes))
    return Labels(rows, codes[rows], classes)


def tell_left_out(name: str, n_missing: int, n_rows: int, decisions: Decisions) -> None:
    """Warn of rows that have no target."""
    if n_missing:
        decisions.warnings.append(
            f"{n_missing} of {n_rows} rows ({n_missing / n_rows:.1%}) have no {quote(name)} and are"
            " left out."
        )
        decisions.rows_left_out.append(LeftOutRows(n_missing, "they have no target"))


def _is_missing(label: str, known: Format) -> bool:
    if label.lower() in _MISSING_LABELS:
        return label not in known.present
    return label in known.missing


def _tell_twins(
    name: str, texts: Sequence[str], labels: Sequence[str], decisions: Decisions
) -> None:
    """Note which texts are read as the same label because they look the same."""
    other = {text: label for text, label in zip(texts, labels, strict=True) if text != label}
    twins = [
        f"{quote(text)} is {quote(label)}" for text, label in other.items() if label in {*texts}
    ]
    if twins and any(other.values()):
        decisions.notes.append(
            f"Labels in column {quote(name)} that differ only in blanks or in Unicode normalization"
            f" are the same: {enumerate_first(twins)}."
        )


def _tell_missing(
    name: str, missing: Iterable[str], counts: dict[str, int], known: Format, decisions: Decisions
) -> None:
    for label in sorted({*missing} - {"", *known.missing}):
        decisions.notes.append(
            f"{quote(label)} in column {quote(name)} is read as a missing target"
            f" ({_rows(counts[label])}); {option('--present', label, 'TOKEN')} makes it a class."
        )


def _usable_classes(name: str, counts: dict[str, int], decisions: Decisions) -> tuple[str, ...]:
    """Return the classes that have enough rows; add notes or faults about the others."""
    classes = sort_labels(counts)
    faults = decisions.faults
    if len(classes) < 2:
        faults.append(
            f"Column {quote(name)} holds one class only, {quote(classes[0])}; there must be two or"
            " more to tell apart."
            if classes
            else f"Column {quote(name)} is empty: there must be two classes or more to tell apart."
        )
        return classes
    few = [label for label in classes if counts[label] < MIN_CLASS_ROWS]
    enough = tuple(label for label in classes if counts[label] >= MIN_CLASS_ROWS)
    shown = enumerate_first(f"{quote(label)} has {_rows(counts[label])}" for label in classes)
    if len(enough) < 2:
        faults.append(
            f"Column {quote(name)} has fewer than two classes of at least {MIN_CLASS_ROWS} rows:"
            f" {shown}."
        )
        return classes
    if few:
        n_rows = sum(counts[label] for label in few)
        shown = enumerate_first(f"{quote(label)} has {_rows(counts[label])}" for label in few)
        decisions.warnings.append(
            f"Classes in column {quote(name)} with fewer than {MIN_CLASS_ROWS} rows are left out"
            f" and never predicted: {shown}."
        )
        decisions.rows_left_out.append(LeftOutRows(n_rows, "their classes have too few rows"))
    if len(enough) > MAX_CLASSES:
        faults.append(
            f"Column {quote(name)} has {len(enough)} classes, more than {MAX_CLASSES}; group them"
            " first."
        )
    for label, next_label in pairwise(enough):
        if (number := _to_number(label)) is not None and number == _to_number(next_label):
            faults.append(
                f"Classes {quote(label)} and {quote(next_label)} in column {quote(name)} are the"
                " same number; write it one way."
            )
    return enough


def _rows(count: int) -> str:
    return f"{count} row{'s' if count != 1 else ''}"


def sort_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in sorted order: by value if all are numbers, else as text."""
    texts = sorted(labels)
    numbers = {text: _to_number(text) for text in texts}
    if None in numbers.values():
        return tuple(texts)
    return tuple(sorted(texts, key=numbers.__getitem__))  # type: ignore[arg-type]


def _to_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)  # a float would take two large integers for one
    except InvalidOperation:
        return None
    return None if number.is_nan() else number
