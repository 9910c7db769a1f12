"""The query parameters of a prediction, as the OpenAPI document describes them."""

from app.store.manifest import Manifest
from app.web.openapi_nodes import Json

_FLAG: Json = {"type": "boolean", "default": False}
_LABEL = "Add the class that the model would choose."


def query_parameters(manifest: Manifest | None) -> list[Json]:
    """Return what one can ask a version for; if the version is not known, all there is."""
    parameters = [
        _parameter(
            "explain",
            "Add the contribution of each feature; only for JSON and linear models.",
            _FLAG,
        )
    ]
    # A client may send defaults, and must not where a version may have no such parameter.
    flag = _FLAG if manifest else {"type": "boolean"}
    if manifest is None or manifest.task == "classification":
        parameters.append(_parameter("label", _LABEL, flag))
    if manifest is None or manifest.positive_class is not None:
        default = {} if manifest is None else {"default": manifest.threshold}
        parameters.append(
            _parameter(
                "threshold",
                "The probability from which on the label is the positive class; it adds the label,"
                " too.",
                {"type": "number", "minimum": 0, "maximum": 1} | default,
            )
        )
    if manifest is None or (manifest.numbers and manifest.numbers.interval):
        parameters.append(
            _parameter(
                "interval", "Add an interval that holds the true number in 90 % of cases.", flag
            )
        )
    return parameters


def _parameter(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}
