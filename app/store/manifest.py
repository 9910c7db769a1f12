"""The manifest: all that is known of one trained model, less the estimator itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from app.helpers.features import Feature

FORMAT = 1
"""Raise it when a field changes its meaning or goes; keep reading the older ones, and keep a file
of each under `tests/old/`."""


@dataclass(frozen=True)
class Manifest:
    """What a model was made from, what it accepts, how good it is, and how to check it.

    Attributes
    ----------
    version : str
        The version id that the file is signed for.
    created_at : str
        UTC, ISO 8601.
    training_data : dict
        `file_name`, `sha256`, `rows` (all), `training_rows`, `validation_rows`.
    target : str
        Name of the column that is predicted.
    features : tuple of Feature, shape (n_features,)
    classes : tuple of str, shape (n_classes,)
        In sorted order; numbers by value.
    positive_class : str or None
        The class whose probability is predicted; None with three or more classes.
    parameters : dict
        The options of the training, and the estimator's class.
    metrics, baseline_metrics : dict of str to float
        On the validation set, of the model and of one that knows only the classes' shares.
    curves : dict
        The report's curves as points, at most 200 each.
    libraries : dict of str to str
        Versions that the model was made with.
    self_check : dict
        `rows` and `probabilities`, shape (n_rows, n_classes), that a loaded model must reproduce.
    search : dict or None
        What `search` returned, if the parameters were searched.
    size, sha256 : int, str
        Of the pickle that precedes the manifest.
    format : int
    """

    version: str
    created_at: str
    training_data: dict[str, Any]
    target: str
    features: tuple[Feature, ...]
    classes: tuple[str, ...]
    positive_class: str | None
    parameters: dict[str, Any]
    metrics: dict[str, float]
    baseline_metrics: dict[str, float]
    curves: dict[str, Any]
    libraries: dict[str, str]
    self_check: dict[str, Any]
    search: dict[str, Any] | None = None
    size: int = 0
    sha256: str = ""
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as plain JSON types; without a search as before there was one."""
        data = asdict(self)
        if self.search is None:
            del data["search"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the manifest that `to_json` wrote; KeyError or TypeError if it is another."""
        features = tuple(map(Feature.from_json, data["features"]))
        return cls(**{**data, "features": features, "classes": tuple(data["classes"])})

    @property
    def positive_index(self) -> int | None:
        """The positive class's place in `classes`: the number by which the estimator knows it."""
        return None if self.positive_class is None else self.classes.index(self.positive_class)

    def public(self) -> dict[str, Any]:
        """Return what `/metadata` shows: all but the curves and the self-check rows."""
        return {k: v for k, v in self.to_json().items() if k not in ("curves", "self_check")}
