"""The JSON Schemas of rows and answers in the OpenAPI document."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from app.helpers.validation import make_schema
from app.store.manifest import UNPUBLISHED, Manifest
from app.utils.dataclass_schema import make_schemas
from app.web.openapi_nodes import BOOLEAN, INTEGER, NUMBER, OBJECT, TEXT, Json, map_, object_, ref
from app.web.query_parameters import query_parameters

WORDS = "What the strongest words of each text add to its contribution, ten at most."
INTERVAL: Json = {"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2}
NOTES = {"description", "examples", "default"}
"""Keys of a schema that do not change what is valid."""


def server_schemas() -> Json:
    """Return the schemas of answers that all versions have in common."""
    row_errors = {"type": "array", "items": object_({"row": INTEGER, "message": TEXT})}
    states = {"enum": ["ready", "not loaded", "unavailable"]}
    return {
        "Error": object_({"message": TEXT}, {"errors": row_errors, "request_id": TEXT}),
        "Explanation": object_(
            {"baseline": NUMBER, "contributions": map_(NUMBER)},
            {"words": map_(map_(NUMBER)) | {"description": WORDS}},
        ),
        "Readiness": object_(
            {"ready": BOOLEAN, "versions": map_(object_({"state": states, "outdated": BOOLEAN}))}
        ),
        "RowSchema": object_(
            {
                "$schema": TEXT,
                "type": {"const": "object"},
                "properties": map_(OBJECT),
                "required": {"type": "array", "items": TEXT},
                "additionalProperties": {"const": False},
            }
        ),
        "VersionReadiness": object_({"ready": BOOLEAN, "version": TEXT}),
        **_manifest_schemas(),
    }


@cache
def _manifest_schemas() -> Json:
    return make_schemas(Manifest, "#/components/schemas/", UNPUBLISHED)


def row_and_answer(manifest: Manifest | None) -> tuple[Json, Json]:
    """Return the schemas of a version's row and of the answer to it; of any version for None."""
    if manifest is None:
        return OBJECT, OBJECT
    row = make_schema(manifest.features)
    del row["$schema"]  # it is the document's too
    prediction: Json = NUMBER | {"minimum": 0, "maximum": 1}
    explanation = ref("schemas", "Explanation")
    more: Json = {"label": TEXT}
    if manifest.task == "regression":
        prediction, more = NUMBER, {"interval": INTERVAL}
    elif manifest.positive_class is None:
        prediction = object_(dict.fromkeys(manifest.classes, prediction))
        explanation = object_(dict.fromkeys(manifest.classes, explanation))
    id_and_prediction = {"id": row["properties"]["id"], "prediction": prediction}
    return row, object_(id_and_prediction, more | {"explanation": explanation})


def alike(manifests: Mapping[str, Manifest]) -> dict[str, list[str]]:
    """Return the first of all versions that clients call in the same way → the others of them.

    They predict the same target, take the same rows, and answer in the same form.
    """
    groups: dict[bytes, list[str]] = {}
    for version, manifest in manifests.items():
        groups.setdefault(_form(manifest), []).append(version)
    return {first: others for first, *others in groups.values()}


def _form(manifest: Manifest) -> bytes:
    parameters = [parameter["name"] for parameter in query_parameters(manifest)]
    target = (manifest.target, manifest.positive_class)
    schemas = map(_without_notes, row_and_answer(manifest))
    return orjson.dumps([*target, parameters, *schemas], option=orjson.OPT_SORT_KEYS)


def _without_notes(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_notes(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain: Json = {key: value for key, value in schema.items() if key not in NOTES}
    for key, value in plain.items():
        if key == "properties":  # which may have the names of notes
            plain[key] = {name: _without_notes(item) for name, item in value.items()}
        else:
            plain[key] = sorted(value) if key == "required" else _without_notes(value)
    return plain
