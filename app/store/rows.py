"""What the rows that clients send to a version may look like, besides its features."""

import unicodedata
from typing import Literal

from app.helpers.validation import RowValidator
from app.store.manifest import Manifest
from app.tables.dialect import TableRules

_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


def make_validator(manifest: Manifest) -> RowValidator:
    """Return the validator of a version's rows."""
    return RowValidator(manifest.features, ignored_names(manifest))


def table_rules(manifest: Manifest) -> TableRules:
    """Return how a CSV of a version's rows is read."""
    return TableRules(manifest.training_data.dialect, manifest.parameters.columns.id)


def ignored_names(manifest: Manifest) -> frozenset[str]:
    """Return the names of columns that rows may have and that the model does not learn from."""
    columns = manifest.parameters.columns
    left_out = (column.name for column in manifest.training_data.columns_left_out)
    names = {name.strip() for name in (manifest.target, columns.id, *columns.drop, *left_out)}
    # The user may have named them in another normalization than the file does.
    return frozenset(unicodedata.normalize(form, name) for name in names for form in _FORMS)
