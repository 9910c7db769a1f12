"""How good the default model is beside a hand-written pipeline: `make bench-accuracy`.

Each of the real tables of `make bench-tables` is split five times. On the same rows, columns and
derived parts of dates, the service's default and what a careful person writes with scikit-learn's
default strength are fitted, and the mean ROC AUC (R² of a number) on the held-out rows is compared.
"""

import argparse
import contextlib
import io
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.helpers.errors import ApplicationError
from app.helpers.features import Feature, columns_of
from app.models.estimators import build_classifier, build_regressor
from app.store.class_labels import to_labels
from app.tables.columns import Columns
from app.training.dataset import Dataset, choose_positive_class, read_dataset
from app.training.date_parts import find_parts, split_with_parts
from app.training.fitting import fit
from app.training.levels import decide_open
from app.training.quality import measure
from app.training.split import split_rows
from app.training.words import choose_words
from tests.benchmarks.real_tables import write_tables
from tests.support.paths import ROOT

SPLITS = 5
TOLERANCE = 0.01


def write_by_hand(features: list[Feature], *, is_regression: bool) -> Pipeline:
    """Return what a careful person writes for these columns."""
    numbers = [each.name for each in features if each.type in ("number", "boolean")]
    categories = [each.name for each in features if each.type == "category"]
    texts = [each.name for each in features if each.type == "text"]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), categories),
        *((TfidfVectorizer(), name) for name in texts),
    )
    return make_pipeline(columns, Ridge() if is_regression else LogisticRegression(max_iter=1000))


def compare(dataset: Dataset, columns: Columns) -> tuple[float, float]:
    """Return the mean figures of our default, and of the pipeline written by hand."""
    is_regression = dataset.task == "regression"
    positive = choose_positive_class(dataset, None, columns.target)
    index = None if positive is None else dataset.classes.index(positive)
    build: Any = build_regressor if is_regression else build_classifier
    figures = []
    for seed in range(SPLITS):
        raw = split_rows(dataset, seed)
        features = decide_open(dataset.features, raw.X_train, columns)
        features = find_parts(choose_words(features, raw.X_train), raw.X_train)
        given, split = columns_of(features), split_with_parts(raw, features)
        ours = fit(partial(build, given), split, dataset.classes, None, None, seed).estimator
        theirs = write_by_hand(list(given), is_regression=is_regression)
        y = split.y_train if is_regression else to_labels(dataset.classes)[split.y_train]
        theirs.fit(split.X_train, y)
        figures.append([measure(each, split, dataset, index).figure for each in (ours, theirs)])
    ours_mean, theirs_mean = np.mean(figures, axis=0)
    return float(ours_mean), float(theirs_mean)


def main() -> None:
    """Write the tables, compare on each, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=250, help="how many (250)")
    parser.add_argument("--venvs", type=Path, default=ROOT / ".venv/benchmarks")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        for table in write_tables(options.venvs, Path(directory), options.tables):
            columns = Columns(target=table["target"])
            quiet = contextlib.redirect_stderr(io.StringIO())
            try:
                with quiet, warnings.catch_warnings(action="ignore"):
                    dataset = read_dataset(table["path"], columns)
                    ours, theirs = compare(dataset, columns)
            except ApplicationError as error:
                print(f"{table['name']}: not trained: {error}", flush=True)
                continue
            rows.append((table["name"], dataset.task, len(dataset.frame), ours, theirs))
            print("{} ({}, {} rows): {:.4f} against {:.4f}".format(*rows[-1]), flush=True)
    results = pd.DataFrame(rows, columns=["name", "task", "rows", "ours", "by_hand"])
    results["gain"] = results.ours - results.by_hand
    for task, some in [*results.groupby("task"), ("all", results)]:
        share = (some.gain >= -TOLERANCE).mean()
        print(
            f"{task}: within {TOLERANCE:g} or better in {share:.1%} of {len(some)} tables;"
            f" gain {some.gain.mean():+.4f} on average, {some.gain.median():+.4f} in the median"
        )
    print("more than that below:")
    print(results[results.gain < -TOLERANCE].sort_values("gain").to_string(index=False))


if __name__ == "__main__":
    main()
