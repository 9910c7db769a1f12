"""Adopts an estimator that was trained elsewhere: an example CSV says what its rows look like."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.helpers.errors import InvalidDataset, InvalidModelFile, enumerate_first, quote
from app.store.curves import Curves, NumberHistogram, RegressionCurves
from app.store.doubts import find_doubts
from app.store.libraries import library_versions
from app.store.manifest import Manifest
from app.store.metrics import Unmeasured
from app.store.origin import Origin
from app.store.parameters import Parameters, Regularization
from app.store.target_numbers import TargetNumbers
from app.tables.columns import Columns
from app.tables.csv_table import open_table
from app.tables.formats import normalize
from app.training.dataset import choose_positive_class
from app.training.estimator_text import describe_estimator
from app.training.foreign_estimator import (
    ForeignEstimator,
    failing_as_refusal,
    load_estimator,
    outputs,
)
from app.training.foreign_rows import Fitting, fit_together
from app.training.levels import check_level_options, decide_open
from app.training.profile import describe_features
from app.training.publishing import displayable
from app.training.quality import measure
from app.training.regression import describe_target
from app.training.reliance import measure_reliance
from app.training.roles import find_near
from app.training.self_check import make_self_check
from app.training.split import SEED, Split
from app.training.weights import with_weights
from app.training.words import frequent_words
from app.utils.notes import note

NO_REGRESSION_CURVES = RegressionCurves((), (), NumberHistogram((), (), ()))
_UNSEEN = "a level that was never seen"


@dataclass(frozen=True)
class Adopted:
    """What is to be published: a manifest, and the estimator as it goes into the file."""

    manifest: Manifest
    estimator: Any


def adopt(
    path: str,
    version: str,
    example: str,
    columns: Columns,
    *,
    positive_class: str | None = None,
    note_text: str = "",
    options: tuple[str, ...] = (),
) -> Adopted:
    """Load a pickle, which runs its code, and describe its estimator by an example CSV.

    Prints the number of rows and, if they have the target, how good the estimator is on them.

    Parameters
    ----------
    path : str
        Of the pickle.
    version : str
        The id to publish it as.
    example : str
        Of the CSV.
    columns : Columns
        How to read it. Which columns are features is up to the estimator.
    positive_class : str, optional
        Of two classes, the one whose probability is predicted; by default the last.
    note_text : str
    options : tuple of str
        The options that were given on the command line.

    Raises
    ------
    ApplicationError
        If the pickle is no model, or does not fit the example.
    """
    foreign = load_estimator(path)
    with open_table(example, columns.encoding, columns.delimiter) as source:
        names = source.names
    labelled = _has_target(columns.target, names, foreign)
    columns = choose_columns(foreign, names, replace(columns, task=foreign.task))
    fitting = fit_together(foreign, example, columns, labelled=labelled)
    dataset, columns = fitting.dataset, fitting.columns
    for text in dataset.decisions.notes:
        note(f"Note: {text}")
    for text in dataset.decisions.warnings:
        note(f"Warning: {text}")
    positive_class = choose_positive_class(dataset, positive_class, columns.target)
    check_level_options(dataset.features, columns)
    columns = _close(columns, fitting)
    features = [
        replace(feature, words=frequent_words(dataset.frame[feature.name]))
        if feature.type == "text"
        else feature
        for feature in decide_open(dataset.features, dataset.frame, columns, trained=False)
    ]
    order = np.random.default_rng(SEED).permutation(len(dataset.frame))
    X, y = dataset.frame.iloc[order], dataset.target[order]
    unmeasured = Unmeasured(f"{quote(os.path.basename(displayable(example)))} has no target")
    is_regression = dataset.task == "regression"
    manifest = Manifest(
        version=version,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        training_data=dataset.describe(os.path.basename(displayable(example))),
        target=columns.target,
        features=describe_features(features, X),
        classes=dataset.classes,
        positive_class=positive_class,
        parameters=Parameters(
            classifier=type(foreign.fitted).__name__,
            regularization=Regularization(None),
            seed=SEED,
            columns=columns,
        ),
        metrics=unmeasured,
        baseline_metrics=unmeasured,
        curves=NO_REGRESSION_CURVES if is_regression else Curves({}, ()),
        libraries=library_versions(),
        self_check=(),
        task=dataset.task,
        numbers=_numbers_like(fitting, X) if is_regression else None,
        note=note_text,
        estimator=describe_estimator(foreign.fitted),
        origin=Origin(options, adopted=os.path.basename(displayable(path))),
    )
    with failing_as_refusal(foreign.fitted):
        if labelled:
            manifest = _with_quality(manifest, fitting, X, y)
        known = manifest.features, manifest.classes, manifest.positive_index
        manifest = replace(manifest, self_check=make_self_check(fitting.served, *known))
        if not any(feature.open for feature in manifest.features):  # else a new level may be known
            manifest = with_weights(manifest, fitting.estimator, X)
    click.echo(f"example has {len(X)} rows")
    if labelled:
        click.echo(manifest.figure)
        note(
            "Note: If the estimator was trained on rows of the example, it looks better than it is."
        )
        for text in find_doubts(manifest, manifest.training_data.classes, len(X)):
            note(f"Warning: {text}")
    # Who opens the file gets the estimator as it was, if nothing else is needed to serve it.
    return Adopted(manifest, fitting.estimator if manifest.weights else fitting.served)


def _has_target(target: str, names: Sequence[str], foreign: ForeignEstimator) -> bool:
    """Whether the target is in the example; warn if it is not."""
    if normalize(target) in map(normalize, names):
        return True
    taken = {*map(normalize, foreign.names or ())}
    if near := find_near(target, [name for name in names if normalize(name) not in taken]):
        raise InvalidDataset(
            f"There is no column {quote(target)} in the example; did you mean {quote(near)}?"
        )
    note(
        f"Warning: There is no column {quote(target)} in the example, so nobody knows how good the"
        " model is; --target names another."
    )
    return False


def _with_quality(
    manifest: Manifest, fitting: Fitting, X: pd.DataFrame, y: NDArray[Any]
) -> Manifest:
    """Return the manifest with how good the estimator is on the example."""
    positive_index = manifest.positive_index
    quality = measure(fitting.served, Split(X, X, y, y), fitting.dataset, positive_index)
    classes = tuple(replace(each, rows=each.validation_rows) for each in quality.classes)
    return replace(
        manifest,
        training_data=replace(manifest.training_data, validation_rows=len(X), classes=classes),
        metrics=quality.metrics,
        baseline_metrics=quality.baseline_metrics,
        curves=quality.curves,
        numbers=quality.numbers,
        intervals=quality.intervals,
        advantages=quality.advantages,
        label_metrics=quality.label_metrics,
        reliance=measure_reliance(
            fitting.served, X, y, manifest.features, manifest.classes, positive_index, SEED
        ),
    )


def _numbers_like(fitting: Fitting, X: pd.DataFrame) -> TargetNumbers:
    """Return what stands for the target's numbers as long as nobody knows them: predicted ones."""
    predicted = outputs(fitting.served, X, ()).ravel()
    return describe_target(predicted, "", predicted[:0], predicted[:0])


def _close(columns: Columns, fitting: Fitting) -> Columns:
    """Return the options with all categories closed whose new levels the estimator refuses."""
    dataset, refused = fitting.dataset, []
    for feature in dataset.features:
        if feature.type == "category" and feature.name not in columns.closed:
            row = dataset.frame[:1].assign(**{feature.name: pd.Series([_UNSEEN], dtype=object)})
            try:
                outputs(fitting.served, row, dataset.classes)
            except InvalidModelFile as error:
                if feature.name in columns.open:
                    raise InvalidDataset(
                        f"Column {quote(feature.name)} cannot be open. {error}"
                    ) from error
                refused.append(feature.name)
                note(
                    f"Note: Column {quote(feature.name)} takes only what the example has: the"
                    " estimator fails on anything else."
                )
    return replace(columns, closed=(*columns.closed, *refused))


def choose_columns(foreign: ForeignEstimator, names: Sequence[str], columns: Columns) -> Columns:
    """Return the options that make the estimator's columns the features, and no others.

    Raises
    ------
    InvalidDataset
        If the example has other columns than the estimator takes.
    """
    known = {normalize(name): name for name in names}
    others = {known.get(normalize(name)) for name in (columns.target, columns.id, *columns.drop)}
    if foreign.names is None:
        taken = [name for name in names if name not in others]
        if foreign.n_columns not in (None, len(taken)):
            n, s = foreign.n_columns, "s" * (foreign.n_columns != 1)
            raise InvalidDataset(
                f"The estimator takes {n} column{s}, and the example has {len(taken)} beside the"
                f" target and the id: {enumerate_first(map(quote, taken))}."
            )
    else:
        taken = [known.get(normalize(name), name) for name in foreign.names]
        missing = [name for name in taken if name not in names or name in others]
        if missing:
            raise InvalidDataset(
                f"The estimator takes {enumerate_first(map(quote, missing))}, which the example"
                " lacks; the target, the id and --drop do not count."
            )
    dropped = [name for name in names if name not in {*taken, *others}]
    return replace(columns, drop=(*columns.drop, *dropped), include=tuple(taken))
