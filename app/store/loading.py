"""Loads a model file, and proves that the model predicts what it did in training.

A linear version is loaded from the weights in its manifest: its pickle is hashed, to find out
whether it was altered, but never opened. Any other version is unpickled, if that is allowed.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from app.helpers.errors import InvalidModelFile
from app.store.libraries import check_python, other_libraries
from app.store.linear_weights import to_scorer
from app.store.manifest import Manifest
from app.store.model_file import check_pickle, read_manifest, read_pickle, unpickle
from app.store.trained_model import TrainedModel

log = logging.getLogger(__name__)

SELF_CHECK_TOLERANCE = 1e-9  # of a probability; in a regression, of the target's largest number


def load_trained_model(
    file: BinaryIO, version: str, keys: Sequence[bytes], *, may_unpickle: bool = True
) -> TrainedModel:
    """Return a proven model: its signature, digest, libraries and self-check rows are right.

    Parameters
    ----------
    file : binary file
    version : str
        The version that it must be signed for.
    keys : sequence of bytes
    may_unpickle : bool
        Whether a file without weights may be unpickled.

    Raises
    ------
    InvalidModelFile
        If one of these is wrong; the message says which.
    OSError
        If the file cannot be read.
    """
    return make_trained_model(*read_parts(file, version, keys, may_unpickle=may_unpickle))


def read_parts(
    file: BinaryIO, version: str, keys: Sequence[bytes], *, may_unpickle: bool = True
) -> tuple[Manifest, bytes | None]:
    """Return what a model is made from: the verified manifest and, unless it is linear, the pickle.

    Parameters and errors are those of `load_trained_model`.
    """
    manifest = read_manifest(file, version, keys)
    if manifest.weights is not None:
        check_pickle(file, manifest)
        return manifest, None
    check_unpickling(manifest, may_unpickle=may_unpickle)
    return manifest, read_pickle(file, manifest)


def check_unpickling(manifest: Manifest, *, may_unpickle: bool) -> None:
    """Raise InvalidModelFile if a version without weights must not be unpickled here."""
    if not may_unpickle:
        raise InvalidModelFile("it would have to be unpickled, which UNPICKLE=never forbids")
    check_python(manifest)


def make_trained_model(manifest: Manifest, pickle: bytes | None) -> TrainedModel:
    """Return a proven model from parts that were verified; raises InvalidModelFile."""
    if pickle is None:
        return _prove_made(manifest, lambda: None)
    check_python(manifest)
    others = other_libraries(manifest)
    try:
        model = _prove_made(manifest, lambda: unpickle(pickle))
    except InvalidModelFile as error:
        if not others:
            raise
        raise InvalidModelFile(f"{error} ({others})") from error
    if others:
        log.warning(
            "%s was %s: its self-check rows get the same predictions", manifest.version, others
        )
    return model


def _prove_made(manifest: Manifest, estimator: Callable[[], Any]) -> TrainedModel:
    try:
        model = model_of(manifest, estimator())
        prove(model)
    except InvalidModelFile:
        raise
    except Exception as error:  # a fork's estimator may raise anything
        raise InvalidModelFile(f"its self-check failed: {error!r}") from error
    return model


def model_of(manifest: Manifest, estimator: Any) -> TrainedModel:
    """Return the model, not yet proven; the estimator may be None if the manifest has weights."""
    if manifest.weights is not None:
        scorer = to_scorer(manifest.weights, manifest.columns, manifest.task)
        return TrainedModel(manifest, scorer)
    from app.store.fitted_estimator import scorer_of

    return TrainedModel(manifest, scorer_of(estimator, manifest))


def prove(model: TrainedModel) -> None:
    """Raise unless a model gives its self-check rows the outputs that training recorded.

    Raises
    ------
    InvalidModelFile
        If it gives others, or none.
    """
    checks = model.manifest.self_check
    actual = model.outputs_of_rows([check.row for check in checks])
    expected = [check.probabilities for check in checks]
    numbers = model.manifest.numbers
    tolerance = SELF_CHECK_TOLERANCE * (numbers.largest if numbers else 1.0)
    if not len(actual) == len(expected) > 0 or not all(
        _agree(a, b, tolerance) for a, b in zip(actual, expected, strict=True)
    ):
        what = "numbers" if numbers else "probabilities"
        raise InvalidModelFile(f"its self-check rows get other {what} than in training")


def _agree(actual: Sequence[float], expected: Sequence[float], tolerance: float) -> bool:
    """Whether outputs, shape (n_outputs,), are the same within the tolerance; NaN is not."""
    return len(actual) == len(expected) and all(
        abs(a - b) <= tolerance for a, b in zip(actual, expected, strict=True)
    )
