"""Train a model on a CSV and publish it as one signed file.

python -m app.models.train_model data/raw/training.csv v0
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from app import settings
from app.helpers.errors import ApplicationError, InvalidDataset, enumerate_first, quote
from app.helpers.features import make_feature_columns
from app.helpers.files import make_filename
from app.models.classifier import build_classifier
from app.models.dataset import DEFAULT_ID, Columns, Dataset, read_dataset
from app.models.evaluate_model import (
    Probabilities,
    baseline_probabilities,
    evaluate,
    make_curves,
)
from app.models.manifest import Manifest
from app.models.model_file import write_model_file
from app.models.profile_data import describe_features, find_suspects, typical_rows
from app.models.signing_key import SigningKeys
from app.models.trained_model import estimator_probabilities, library_versions, make_frame

VALIDATION_SHARE = 0.25
SEED = 1
LONG_FILE = 20 * 1024 * 1024  # bytes; reading more is worth a progress bar


def train(
    path: str,
    version_id: str,
    *,
    columns: Columns | None = None,
    positive_class: str | None = None,
    C: float = 0.1,
    config: settings.Settings = settings.current,
) -> Manifest:
    """Train a model, print how good it is, and publish it.

    Parameters
    ----------
    path : str
        Of the CSV.
    version_id : str
        `v0`, `v1`, …; a model that is there already is replaced.
    columns : Columns, optional
        How to read the columns.
    positive_class : str, optional
        Of two classes, the one whose probability is predicted; by default the last.
    C : float
        Inverse of the regularization's strength.

    Raises
    ------
    ApplicationError
        If there is nothing to learn from the file, or no key to sign with.
    OSError
        If the model cannot be saved; an older one is then intact.
    """
    filename = make_filename(version_id)
    columns = columns or Columns()
    with _progress(path) as report:
        dataset = read_dataset(path, columns, report)
    positive = _choose_positive_class(dataset, positive_class, columns.target)

    X_train, X_validation, y_train, y_validation = train_test_split(
        dataset.frame,
        dataset.target,
        test_size=VALIDATION_SHARE,
        random_state=SEED,
        stratify=dataset.target,
    )
    print(f"training set has {len(X_train)} rows")
    print(f"validation set has {len(X_validation)} rows")
    for warning in find_suspects(dataset.features, X_train, y_train):
        _note(f"Warning: {warning}")

    estimator = build_classifier(dataset.features, C=C)
    with _warnings_as_notes():
        estimator.fit(X_train, y_train)

    metrics, baseline_metrics, curves = _evaluate(
        estimator.predict_proba(X_validation), y_validation, y_train, dataset.classes, positive
    )
    print(metrics["roc_auc"])

    features = describe_features(dataset.features, X_train)
    rows = typical_rows(features, X_train)
    frame = make_frame(make_feature_columns(rows, features), features)
    manifest = Manifest(
        version=version_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        training_data={
            "file_name": os.path.basename(path),
            "sha256": dataset.sha256,
            "rows": len(dataset.frame),
            "training_rows": len(X_train),
            "validation_rows": len(X_validation),
        },
        target=columns.target,
        features=features,
        classes=dataset.classes,
        positive_class=None if positive is None else dataset.classes[positive],
        parameters={
            "classifier": type(estimator).__name__,
            "C": C,
            "seed": SEED,
            **asdict(columns),
        },
        metrics=metrics,
        baseline_metrics=baseline_metrics,
        curves=curves,
        libraries=library_versions(),
        self_check={
            "rows": rows,
            "probabilities": estimator_probabilities(estimator, frame, positive).T.tolist(),
        },
    )
    keys = SigningKeys(config.model_signing_key, config.model_signing_key_file)
    path_to_model = os.path.join(config.models_root, filename)
    manifest = write_model_file(path_to_model, estimator, manifest, keys.read_or_create()[0])
    print(f"Successfully saved model at {path_to_model}")
    return manifest


def _choose_positive_class(dataset: Dataset, label: str | None, target: str) -> int | None:
    """Return the positive class's number, None with three or more classes."""
    if label is None:
        return 1 if len(dataset.classes) == 2 else None
    if label not in dataset.classes:
        raise InvalidDataset(
            f"There is no class {quote(label)} in column {quote(target)};"
            f" there are {enumerate_first(map(quote, dataset.classes))}."
        )
    if len(dataset.classes) > 2:
        raise InvalidDataset(
            f"There is no positive class among {len(dataset.classes)}; leave --positive-class out."
        )
    return dataset.classes.index(label)


def _evaluate(
    probabilities: Probabilities,
    target: NDArray[np.int64],
    training_target: NDArray[np.int64],
    classes: Sequence[str],
    positive: int | None,
) -> tuple[dict[str, float], dict[str, float], dict[str, Any]]:
    """Return the metrics, the baseline's, and the curves on the validation set."""
    baseline = baseline_probabilities(training_target, *probabilities.shape)
    if positive == 0:  # the functions take the second of two classes as the positive one
        target, classes = 1 - target, classes[::-1]
        probabilities, baseline = probabilities[:, ::-1], baseline[:, ::-1]
    return (
        evaluate(target, probabilities),
        evaluate(target, baseline),
        make_curves(target, probabilities, classes),
    )


@contextmanager
def _progress(path: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how much of a long file has been read."""
    size = os.path.getsize(path) if os.path.isfile(path) else 0
    hidden = size < LONG_FILE or not sys.stderr.isatty()
    with click.progressbar(
        length=size, label="Reading", file=sys.stderr, hidden=hidden
    ) as progress_bar:
        yield lambda position: progress_bar.update(position - progress_bar.pos)
    if not hidden:
        _note("Training …")


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught):
        _note(f"Warning: {text}")


def _note(text: str) -> None:
    click.echo(text, err=True)


@click.command()
@click.argument("csv")
@click.argument("version")
@click.option("--target", default="target", show_default=True, help="Column to predict.")
@click.option(
    "--id", "id_", default=DEFAULT_ID, show_default=True, help="Column of ids: never a feature."
)
@click.option("--drop", multiple=True, metavar="COLUMN", help="Column to leave out; repeatable.")
@click.option(
    "--categorical",
    multiple=True,
    metavar="COLUMN",
    help="Column of categories though it looks like numbers; repeatable.",
)
@click.option(
    "--missing",
    multiple=True,
    metavar="TOKEN",
    help="Text that means missing, besides the empty field; repeatable.",
)
@click.option("--positive-class", metavar="LABEL", help="Class to predict the probability of.")
@click.option(
    "--C",
    "C",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    help="Inverse of the regularization's strength.",
)
def main(
    csv: str,
    version: str,
    target: str,
    id_: str,
    drop: tuple[str, ...],
    categorical: tuple[str, ...],
    missing: tuple[str, ...],
    positive_class: str | None,
    C: float,
) -> None:
    """Train a model on the file CSV and publish it as VERSION: v0, v1, ….

    Prints the ROC AUC on a quarter of the rows, which the model has not seen.
    """
    print(f"\nWill train model {version} using the file at: {os.path.abspath(csv)}\n")
    columns = Columns(target, id_, drop, categorical, missing)
    try:
        train(csv, version, columns=columns, positive_class=positive_class, C=C)
    except ApplicationError as error:
        _note(f"Error: {error}")
        sys.exit(2)
    except OSError as error:
        _note(f"Error: The model could not be saved: {error}.")
        sys.exit(1)


if __name__ == "__main__":
    main()
