"""Train a model on a CSV and publish it as one signed file.

python -m app.models.train_model data/raw/training.csv v0
"""

import gc

if __name__ == "__main__":
    gc.disable()  # while libraries are imported: it would walk all they define again and again

import os
import sys
from datetime import UTC, datetime
from typing import Any

import click
import numpy as np
import pandas as pd

from app import settings
from app.helpers.errors import ApplicationError
from app.helpers.features import columns_of
from app.helpers.files import make_filename
from app.models import estimators
from app.store.class_labels import without_labels
from app.store.doubts import find_doubts
from app.store.libraries import library_versions
from app.store.manifest import Manifest
from app.store.parameters import Parameters
from app.store.signing_key import SigningKeys
from app.tables.columns import Columns
from app.training.column_options import column_options
from app.training.dataset import choose_positive_class, read_dataset
from app.training.date_parts import find_parts, set_ends, split_with_parts, with_parts
from app.training.estimator_text import describe_estimator
from app.training.fitting import fit
from app.training.levels import check_level_options, decide_open
from app.training.likeness import columns_like, read_version
from app.training.model_options import model_options
from app.training.number_leaks import find_number_leaks
from app.training.origin import check_note, find_origin
from app.training.profile import describe_features, find_leaks
from app.training.publishing import displayable, publish
from app.training.quality import measure
from app.training.reliance import measure_reliance
from app.training.repeats import find_repeats, suggest_order
from app.training.search import Search
from app.training.self_check import make_self_check
from app.training.split import SEED, split_rows
from app.training.summary import summarize
from app.training.threshold import plan_threshold, read_threshold, settle_threshold
from app.training.weights import with_weights
from app.training.words import choose_words
from app.training.yardstick import compare_with_boosting
from app.utils.notes import note, progress, warnings_as_notes
from app.utils.parallel import UnusableCluster


@warnings_as_notes()
def train(
    path: str,
    version_id: str,
    *,
    columns: Columns | None = None,
    positive_class: str | None = None,
    threshold: float | None = None,
    threshold_for: str | None = None,
    C: float | None = None,
    search: Search | None = None,
    refit_on_all: bool = False,
    like: str | None = None,
    yardstick: bool = True,
    note_text: str = "",
    options: tuple[str, ...] = (),
    config: settings.Settings | None = None,
) -> Manifest:
    """Train a model, print how good it is, and publish it.

    Parameters
    ----------
    path : str
        Of the CSV.
    version_id : str
        `v0`, `v1`, …; a model that is there already is replaced.
    columns : Columns, optional
        How to read the columns, and whether the target is a class or a number.
    positive_class : str, optional
        Of two classes, the one whose probability is predicted; by default the last.
    threshold : float, optional
        Of two classes, the probability from which on a row gets the positive one's label; by
        default 0.5.
    threshold_for : str, optional
        What to choose it for on the training set: `recall=0.8`, `precision=0.5`, `flagged=0.1`.
    C : float, optional
        Inverse of the regularization's strength; by default cross-validation on the training set
        chooses it.
    search : Search, optional
        Where to choose it, and the l1_ratio, by cross-validation on the training set.
    refit_on_all : bool
        Whether to fit the published model on all rows, once it was evaluated without the
        validation set.
    like : str, optional
        A version whose row and answer to keep: it decides about the columns and the classes.
    yardstick : bool
        Whether to compare the model with gradient boosting.
    note_text : str
        What to remember of this version: one line of at most 200 characters.
    options : tuple of str
        The options that were given on the command line, for whoever reads of the version later.
    config : Settings, optional
        Where models and keys are; by default what the environment says.

    Raises
    ------
    ApplicationError
        If there is nothing to learn from the file, no key to sign with, or the note is too long.
    OSError
        If the model cannot be saved; an older one is then intact.
    """
    make_filename(version_id)  # refuses a version id before any work
    note_text = check_note(note_text)
    asked = read_threshold(threshold, threshold_for)
    config = config or settings.current
    columns = columns or Columns()
    click.echo(f"\nWill train model {version_id} using the file at: {displayable(path)}\n")
    key_source = SigningKeys(config.model_signing_key, config.model_signing_key_file)
    old = read_version(config.models_root, like, key_source) if like else None
    if old:
        columns = columns_like(old, columns, positive_class)
        positive_class = old.positive_class
    with progress(path) as report:
        dataset = read_dataset(path, columns, report, old)
    positive_class = choose_positive_class(dataset, positive_class, columns.target)
    positive_index = None if positive_class is None else dataset.classes.index(positive_class)
    check_level_options(dataset.features, columns)
    planned = plan_threshold(asked, dataset, old)
    split = split_rows(dataset, SEED)
    # Before the long work, but after all that may be refused: a refusal makes no key.
    keys = key_source.read_or_create()

    for text in [*dataset.decisions.notes, *suggest_order(dataset, columns)]:
        note(f"Note: {text}")
    for text in dataset.decisions.warnings:
        note(f"Warning: {text}")

    for warning in find_repeats(split, dataset, columns):
        note(f"Warning: {warning}")
    click.echo(f"training set has {len(split.X_train)} rows")
    click.echo(f"validation set has {len(split.X_validation)} rows")
    is_regression = dataset.task == "regression"
    leaks = find_number_leaks if is_regression else find_leaks
    for warning in leaks(dataset.features, split.X_train, split.y_train):
        note(f"Warning: {warning}")

    features = decide_open(dataset.features, split.X_train, columns)
    features = choose_words(features, split.X_train)
    features = find_parts(features, split.X_train)
    raw, split = split, split_with_parts(split, features)
    # Looked up only now: a fork without regressions has no build_regressor().
    build = estimators.build_regressor if is_regression else estimators.build_classifier
    fitted = fit(
        lambda C: build(columns_of(features), C=C), split, dataset.classes, C, search, SEED
    )
    estimator = fitted.estimator

    settled = settle_threshold(planned, fitted, split, dataset.classes, positive_index, SEED)
    if settled.note:
        note(f"Note: {settled.note}; --threshold decides otherwise.")
    quality = measure(estimator, split, dataset, positive_index, settled.value)
    click.echo(quality.figure)
    for text in find_doubts(quality, quality.classes, len(split.X_validation)):
        note(f"Warning: {text}")

    X, described = raw.X_train, describe_features(features, raw.X_train)
    held_out = raw.X_validation, raw.y_validation
    reliance = measure_reliance(
        estimator, *held_out, described, dataset.classes, positive_index, SEED
    )
    boosted = None
    if yardstick:
        known = features, dataset.classes, positive_index
        boosted = compare_with_boosting(estimator, split, *known, SEED)
    if refit_on_all:
        X = pd.concat([raw.X_train, raw.X_validation])
        features = set_ends(features, X)
        fitted.refit(with_parts(X, features), np.concatenate([split.y_train, split.y_validation]))
        described = describe_features(features, X)
    manifest = Manifest(
        version=version_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        training_data=dataset.describe(
            os.path.basename(displayable(path)),
            len(split.X_train),
            len(split.X_validation),
            quality.classes,
        ),
        target=columns.target,
        features=described,
        classes=dataset.classes,
        positive_class=positive_class,
        parameters=Parameters(
            classifier=fitted.name,
            regularization=fitted.regularization,
            strength=fitted.strength,
            seed=SEED,
            columns=columns,
            refit_on_all=refit_on_all,
            threshold_for=settled.rule,
        ),
        metrics=quality.metrics,
        baseline_metrics=quality.baseline_metrics,
        curves=quality.curves,
        libraries=library_versions(),
        self_check=make_self_check(estimator, described, dataset.classes, positive_index),
        search=fitted.search,
        task=dataset.task,
        numbers=quality.numbers,
        note=note_text,
        estimator=describe_estimator(without_labels(estimator)),
        origin=find_origin(options),
        threshold=settled.value,
        intervals=quality.intervals,
        advantages=quality.advantages,
        label_metrics=quality.label_metrics,
        reliance=reliance,
        yardstick=boosted,
    )
    manifest = with_weights(manifest, estimator, X)
    return publish(manifest, estimator, config.models_root, keys, like=like)


@click.command()
@click.argument("csv")
@click.argument("version")
@column_options
@model_options
def main(csv: str, version: str, columns: Columns, **choices: Any) -> None:
    """Train a model on the file CSV and publish it as VERSION: v0, v1, ….

    Prints the ROC AUC on a quarter of the rows, which the model has not seen; R² if it predicts a
    number.
    """
    config = settings.current_or_exit()
    try:
        manifest = train(csv, version, columns=columns, config=config, **choices)
        if sys.stderr.isatty():
            for line in summarize(manifest):
                note(line)
            note(f"Its report, once served: http://localhost:{config.port}/{version}/report")
    except (ApplicationError, UnusableCluster) as error:
        note(f"Error: {error}")
        sys.exit(2)
    except BrokenPipeError:  # nobody reads what is printed; click knows how to end
        raise
    except OSError as error:
        root = os.path.abspath(config.models_root)
        note(f"Error: The model cannot be saved in {root!r}: {error.strerror}.")
        sys.exit(1)


if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    main()
