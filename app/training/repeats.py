"""Whether a random split flatters the model: rows on both sides of it, and rows that have dates."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import quote
from app.tables.columns import DEFAULT_ID, Columns
from app.training.dataset import Dataset
from app.training.decisions import option
from app.training.left_out import is_id_name
from app.training.split import Split

_MAX_ROWS = 20_000  # of the validation set, which are looked for
_MIN_ROWS = 20  # of the validation set; fewer say nothing about chance
_MIN_FEATURES = 2  # rows of one number or category are alike by chance
_MIN_DIFFERENT_SHARE = 0.5  # where fewer of the rows differ, they are alike by chance
_MAX_SCALE = 20  # different values; people who answer on such scales give the same answers
_MIN_TIMES_CHANCE = 2  # as many as rows of columns that are shuffled, each by itself


def suggest_order(dataset: Dataset, columns: Columns) -> Iterator[str]:
    """Yield that the latest rows could validate, if there is a date and they do not."""
    dates = [feature.name for feature in dataset.features if feature.date_type is not None]
    if dates and columns.validate_last is None:
        yield (
            f"Column {quote(dates[0])} has dates, and a random quarter of the rows validates;"
            f" {option('--validate-last', dates[0])} holds out the latest quarter instead."
        )


def find_repeats(split: Split, dataset: Dataset, columns: Columns) -> Iterator[str]:
    """Yield that rows of the validation set are in the training set, too, word for word."""
    has_text = any(feature.type == "text" for feature in dataset.features)
    if len(split.X_validation) < _MIN_ROWS:
        return
    if len(dataset.features) < _MIN_FEATURES and not has_text:
        return
    X, y = split.X_validation[:_MAX_ROWS], split.y_validation[:_MAX_ROWS]
    held_out = _hashes(X, y)
    likely = split.X_train[X.columns[0]].isin(X[X.columns[0]]).to_numpy()  # mostly few
    n_repeated = _count(held_out, _hashes(split.X_train[likely], split.y_train[likely]))
    if not n_repeated:
        return
    trained = _hashes(split.X_train, split.y_train)
    if trained.nunique() < _MIN_DIFFERENT_SHARE * len(trained):
        return
    if all(X[name].nunique() <= _MAX_SCALE for name in X):
        return
    if not has_text and n_repeated <= _MIN_TIMES_CHANCE * _count(_hashes(_shuffled(X), y), trained):
        return
    are = "row is" if n_repeated == 1 else "rows are"
    ids = [feature.name for feature in dataset.features if is_id_name(feature.name)]
    ids += [columns.id] if columns.id != DEFAULT_ID else []
    remedy = ""
    if ids and columns.group is None:
        remedy = f"; {option('--group', ids[0])} keeps rows of one {quote(ids[0])} on one side"
    yield (
        f"{n_repeated} of {len(held_out)} held-out {are} in the training set, too, word for word,"
        f" which may make the model look better than it is{remedy}."
    )


def _count(held_out: "pd.Series[int]", trained: "pd.Series[int]") -> int:
    # The smaller set is made a hash table first, which is faster.
    return int(held_out.isin(trained[trained.isin(held_out)]).sum())


def _shuffled(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows like these by chance: each column is shuffled by itself."""
    draw = np.random.default_rng(0)
    columns = {name: X[name].to_numpy()[draw.permutation(len(X))] for name in X}
    return pd.DataFrame(columns)


def _hashes(X: pd.DataFrame, y: NDArray[Any]) -> "pd.Series[int]":
    """Return a number for each row that equal rows share; others almost never do."""
    hashes = pd.util.hash_pandas_object(X, index=False)
    return hashes * 31 + pd.util.hash_array(y)
