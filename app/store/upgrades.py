"""Manifests of older formats: for each format, one step that turns it into the next one."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from app.helpers.errors import InvalidModelFile
from app.store.manifest import FORMAT

Json = Mapping[str, Any]


def upgrade(data: Json) -> Json:
    """Return the JSON of a manifest in today's format.

    Raises
    ------
    InvalidModelFile
        If its format is not known.
    KeyError, IndexError, TypeError
        If it is not what its format says.
    """
    while (number := data["format"]) != FORMAT:
        if number not in _STEPS:
            raise InvalidModelFile(f"its format {number} is not known here")
        data = {**_STEPS[number](data), "format": number + 1}
    return data


def _from_1(data: Json) -> Json:
    """Return format 2, in which nothing depends on the order of rows or keys any more.

    In format 1, the first self-check row is the typical row, and each number of the second row is
    one standard deviation lower.
    """
    checks = data["self_check"]
    typical, lower = checks["rows"][0], checks["rows"][:2][-1]
    return {
        **data,
        "features": [_typical_1(feature, typical, lower) for feature in data["features"]],
        "parameters": _parameters_1(data["parameters"]),
        "curves": _curves_1(data),
        "self_check": [
            {"row": row, "probabilities": probabilities}
            for row, probabilities in zip(checks["rows"], checks["probabilities"], strict=True)
        ],
        "search": _search_1(data.get("search")),
    }


def _typical_1(feature: Json, typical: Json, lower: Json) -> Json:
    value = typical[feature["name"]]
    deviation = value - lower[feature["name"]] if feature["type"] == "number" else None
    return {**feature, "typical": value, "deviation": deviation}


def _parameters_1(parameters: Json) -> Json:
    options = ("target", "id", "drop", "categorical", "missing")
    return {
        "classifier": parameters["classifier"],
        "regularization": _regularization_1(parameters),
        "seed": parameters["seed"],
        "refit_on_all": parameters.get("refit_on_all", False),
        "columns": {name: parameters[name] for name in options},
    }


def _regularization_1(parameters: Json) -> Json:
    return {name: parameters.get(name) for name in ("C", "l1_ratio", "solver")}


def _curves_1(data: Json) -> Json:
    """Return the curves with their areas: exact with two classes, otherwise of the points."""
    exact = None if data["positive_class"] is None else data["metrics"]["roc_auc"]
    classes = {
        label: {**curves, "roc_auc": _area(**curves["roc"]) if exact is None else exact}
        for label, curves in data["curves"]["classes"].items()
    }
    return {**data["curves"], "classes": classes}


def _area(false_positive_rate: Sequence[float], true_positive_rate: Sequence[float]) -> float:
    """Return the area below the points by trapezoids."""
    points = zip(false_positive_rate, true_positive_rate, strict=True)
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(points))


def _search_1(search: Json | None) -> Json | None:
    if search is None:
        return None
    trials = [
        {
            "regularization": _regularization_1(trial["parameters"]),
            "log_loss": trial["log_loss"],
            "deviation": trial["deviation"],
        }
        for trial in search["trials"]
    ]
    return {"folds": search["folds"], "trials": trials}


_STEPS: Mapping[int, Callable[[Json], Json]] = {1: _from_1}
