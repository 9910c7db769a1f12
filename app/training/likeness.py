"""Training like an older version: its columns, types, formats, classes and task, or a refusal.

Nothing is decided from the data. A field must be what the older version's CSV takes, and its value
what the schema of that version's rows takes.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.helpers.errors import (
    InvalidDataset,
    enumerate_first,
    quote,
)
from app.helpers.features import Feature, Value
from app.helpers.validation import RowValidator
from app.store.manifest import Manifest
from app.store.model_file import read_manifest
from app.store.signing_key import SigningKeys
from app.store.training_data import LeftOutColumn
from app.store.versions import open_version
from app.tables.columns import Columns
from app.tables.csv_file import FIRST_ROW
from app.tables.formats import Finding, normalize, parse
from app.training.decisions import Decisions
from app.training.raw_table import RawColumn
from app.training.roles import Roles
from app.training.target import Target
from app.training.typed_column import ColumnTyper, TypedColumn, make_column, used_texts

_OF_THE_FILE = ("delimiter", "encoding")  # these options may be given for the new file


def read_version(root: str, version: str, keys: SigningKeys) -> Manifest:
    """Return the manifest of a version to train like.

    Raises
    ------
    ApplicationError
        If there is no such version, or it cannot be used.
    """
    with open_version(root, version) as file:
        return read_manifest(file, version, keys.read())


def columns_like(old: Manifest, columns: Columns, positive_class: str | None) -> Columns:
    """Return the options of a version's training; raise InvalidDataset if others are given."""
    known = replace(
        old.parameters.columns,
        target=old.target,
        task=old.task,
        decimal=old.training_data.dialect.decimal,
        open=tuple(each.name for each in _categories(old) if each.open),
        closed=tuple(each.name for each in _categories(old) if not each.open),
        **{name: getattr(columns, name) for name in _OF_THE_FILE},
        group=columns.group or old.parameters.columns.group,
        validate_last=columns.validate_last or old.parameters.columns.validate_last,
    )
    others = [
        f"--{field.name.replace('_', '-')}"
        for field in fields(Columns)
        if _plain(getattr(columns, field.name))
        not in (_plain(getattr(Columns(), field.name)), _plain(getattr(known, field.name)))
    ]
    if positive_class not in (None, old.positive_class):
        others.append("--positive-class")
    if others:
        raise InvalidDataset(
            f"--like {old.version} takes everything about the columns from {old.version}; leave out"
            f" {enumerate_first(others)}."
        )
    return known


def _categories(old: Manifest) -> list[Feature]:
    return [feature for feature in old.features if feature.type == "category"]


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def roles_like(old: Manifest, names: Sequence[str], decisions: Decisions) -> Roles:
    """Return the roles that columns had; those that are missing are told."""
    features = [feature.name for feature in old.features]
    if missing := [name for name in (old.target, *features) if name not in names]:
        decisions.faults.append(
            f"There is no column {enumerate_first(map(quote, missing))} as in {old.version}."
        )
    if old.target in missing:
        decisions.check()
    columns = old.parameters.columns
    decisions.columns_left_out += old.training_data.columns_left_out
    left_out = {column.name for column in decisions.columns_left_out}
    known = {normalize(name) for name in (columns.target, columns.id, *columns.drop)} | left_out
    new = [name for name in names if name not in {*features, *known}]
    if new:
        decisions.columns_left_out += [
            LeftOutColumn(name, f"{old.version} does not know it") for name in new
        ]
        is_, them = ("is", "it") if len(new) == 1 else ("are", "them")
        decisions.notes.append(
            f"Column{'s' if len(new) > 1 else ''} {enumerate_first(map(quote, new))} {is_} left"
            f" out: {old.version} does not know {them}."
        )
    present = [feature for feature in old.features if feature.name in names]
    texts = frozenset(feature.name for feature in present if feature.type != "number")
    return Roles(old.target, [feature.name for feature in present], texts, frozenset())


def target_like(old: Manifest, target: Target, decisions: Decisions) -> Target:
    """Return the target in the unit that it had; other classes, or another unit, are told."""
    name = quote(old.target)
    if gone := [label for label in old.classes if label not in target.classes]:
        decisions.faults.append(
            f"Too few rows of column {name} have the class"
            f"{'es' if len(gone) > 1 else ''} {enumerate_first(map(quote, gone))} of {old.version}."
        )
    if new := [label for label in target.classes if label not in old.classes]:
        decisions.faults.append(
            f"Column {name} has the class{'es' if len(new) > 1 else ''}"
            f" {enumerate_first(map(quote, new))}, which {old.version} does not predict."
        )
    unit = old.numbers.unit if old.numbers else ""
    if target.unit not in ("", unit):
        decisions.faults.append(
            f"Column {name} is in {target.unit}; {old.version} predicts numbers"
            f" {f'in {unit}' if unit else 'without a unit'}."
        )
    return replace(target, unit=unit)


def type_like(
    old: Manifest, name: str, raw: RawColumn, rows: NDArray[np.intp], decisions: Decisions
) -> TypedColumn | None:
    """Return a column as the feature that it was; None if something does not fit, which is told.

    Parameters
    ----------
    old : Manifest
    name : str
        Of one of its features.
    raw : RawColumn
    rows : array of int, shape (n_used,)
        Those of the file's rows that are used, counted from 0.
    decisions : Decisions
    """
    feature = next(each for each in old.features if each.name == name)
    if raw.numbers is not None:
        column = ColumnTyper(rows, feature.format, decisions).type_column(name, raw, False)
        assert column is not None  # noqa: S101 - pandas has parsed it
        is_wrong = np.isnan(column.values) & (not feature.nullable)
        of_row = None
    else:
        texts, _, codes = used_texts(raw, rows)
        values = parse(texts, feature.type, feature.format)
        is_valid = RowValidator([feature]).is_valid
        wrong = [k for k, value in enumerate(values) if not is_valid({"id": 0, name: value})]
        is_wrong = np.isin(codes, wrong)
        of_row = values[codes[is_wrong.argmax()]]
        finding = Finding(feature.type, feature.format, values)
        column = None if wrong else make_column(name, finding, texts, codes)
    if column is None or is_wrong.any():
        _tell_wrong(feature, of_row, rows[is_wrong], old.version, decisions)
        return None
    is_closed = feature.type == "category" and not feature.open
    categories = feature.categories if is_closed else column.feature.categories
    same = replace(column.feature, nullable=feature.nullable, categories=categories)
    return replace(column, feature=same, notes=(), tokens=())


def _tell_wrong(
    feature: Feature, value: Value, rows: NDArray[np.intp], version: str, decisions: Decisions
) -> None:
    """Add a fault about the value in the first of these rows."""
    row, n_more = int(rows[0]) + FIRST_ROW, len(rows) - 1
    others = f" ({n_more} more row{'s are' if n_more > 1 else ' is'} wrong, too)" if n_more else ""
    if value is None:
        reason = f"{quote(feature.name)} is empty, and {version} takes no null there"
    else:
        message = RowValidator([feature]).describe({"id": 0, feature.name: value})
        reason = f"{message.removeprefix('Invalid values: ')}, as in {version}"
    decisions.faults.append(f"Row {row}, column {reason}{others}.")
