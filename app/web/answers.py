"""The answers to a prediction: what is sent for each row, as JSON or as columns of a CSV."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from app.helpers.features import Value
from app.helpers.payloads import format_field
from app.helpers.predictions import Prediction, choose_label
from app.web.query import Query

if TYPE_CHECKING:
    from app.store.trained_model import TrainedModel


def make_answers(
    model: "TrainedModel",
    query: Query,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Sequence[Value]],
    predictions: Sequence[Prediction],
) -> list[dict[str, Any]]:
    """Return an answer to each row.

    Parameters
    ----------
    rows : shape (n_rows,)
        Valid ones, with their ids.
    columns : shape (n_features, n_rows)
        Their values.
    predictions : shape (n_rows,)
    """
    answers: list[dict[str, Any]] = [
        {"id": row["id"], "prediction": prediction}
        for row, prediction in zip(rows, predictions, strict=True)
    ]
    if query.label:
        for answer, label in zip(answers, _labels(model, query, predictions), strict=True):
            answer["label"] = label
    if query.interval:
        for answer, interval in zip(answers, model.intervals(columns), strict=True):
            answer["interval"] = interval
    if query.explain:
        for answer, row in zip(answers, rows, strict=True):
            answer["explanation"] = model.explain(row)
    return answers


def make_more_columns(
    model: "TrainedModel",
    query: Query,
    columns: Sequence[Sequence[Value]],
    predictions: Sequence[Prediction],
) -> dict[str, Sequence[str]]:
    """Return what a CSV has besides ids and predictions: name → fields, shape (n_rows,)."""
    more: dict[str, Sequence[str]] = {}
    if query.label:
        more["label"] = list(map(format_field, _labels(model, query, predictions)))
    if query.interval:
        intervals = model.intervals(columns)
        for place, name in enumerate(("low", "high")):
            more[name] = [orjson.dumps(interval[place]).decode() for interval in intervals]
    return more


def _labels(model: "TrainedModel", query: Query, predictions: Sequence[Prediction]) -> list[str]:
    manifest = model.manifest
    threshold = manifest.threshold if query.threshold is None else query.threshold
    return [
        choose_label(prediction, manifest.classes, manifest.positive_class, threshold)
        for prediction in predictions
    ]
