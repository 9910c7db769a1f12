"""The OpenAPI document by itself: valid, and true to the schemas and the project."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator

from app.app import create_app
from app.settings import Settings
from app.store.manifest import Manifest
from app.web.openapi import make_openapi
from tests.support.openapi import LIMITS, ODD_NAMES, Json, as_read, operations
from tests.support.paths import ROOT


@pytest.mark.parametrize("api_keys", [False, True])
def test_document_is_valid(manifests: dict[str, Manifest], api_keys: bool) -> None:
    """It is OpenAPI 3.1, whether there are versions or not yet."""
    for known in (manifests, {}):
        openapi_spec_validator.validate(as_read(make_openapi(known, LIMITS, api_keys=api_keys)))


def test_every_example_is_valid_by_its_own_schema(document_with_keys: Json) -> None:
    """Of bodies, headers and errors."""
    examples = list(schemas_and_examples(document_with_keys))
    assert len(examples) > 100
    for schema, example in examples:
        schema = schema | {"components": document_with_keys["components"]}
        Draft202012Validator(schema).validate(example)


def test_examples_of_whole_numbers_are_whole(document: Json) -> None:
    """As people would write them: 3 tickets, not 3.0 and not -0.114."""
    content = document["paths"]["/v2/predict"]["post"]["requestBody"]["content"]
    rows = content["application/json"]["examples"]["many"]["value"]
    assert all(isinstance(row[name], int) for row in rows for name in ("größe", ODD_NAMES[0]))
    assert any(isinstance(row[ODD_NAMES[1]], float) for row in rows)


def schemas_and_examples(node: Any) -> Iterator[tuple[Json, Any]]:
    """Yield every schema that stands beside examples, with each of them."""
    if isinstance(node, list):
        for child in node:
            yield from schemas_and_examples(child)
    elif isinstance(node, dict) and isinstance(node.get("schema"), dict):
        for example in node.get("examples", {}).values():
            yield node["schema"], example["value"]
        if "example" in node:
            yield node["schema"], node["example"]
    elif isinstance(node, dict):
        for child in node.values():
            yield from schemas_and_examples(child)


def test_rows_are_described_by_the_schema_that_requests_are_held_to(
    served_config: Settings, document: Json
) -> None:
    """Word for word the one of the schema route, whatever the columns are called."""
    client = create_app(served_config).test_client()
    for version in ("v0", "v1", "v2"):
        schema = client.get(f"/{version}/schema").get_json()
        assert schema.pop("$schema") == "https://json-schema.org/draft/2020-12/schema"
        assert document["components"]["schemas"][f"{version}_Row"] == schema
    assert [*schema["properties"]] == ["id", *ODD_NAMES]


def test_operation_ids_are_unique_names(document: Json) -> None:
    """So that generated clients have a function for each: predict_v0, metadata_latest, livez."""
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert {"predict_v0", "predict_latest", "schema_v2", "livez"} < set(ids)
    assert all(operation_id.isidentifier() for operation_id in ids)


def test_latest_is_the_highest_version(document: Json) -> None:
    """It takes and answers what that version does."""
    latest, highest = (document["paths"][f"/{name}/predict"]["post"] for name in ("latest", "v2"))
    assert latest["requestBody"] == highest["requestBody"]
    assert latest["responses"]["200"] == highest["responses"]["200"]


def test_document_has_the_version_of_the_project() -> None:
    """The one in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert make_openapi({}, LIMITS)["info"]["version"] == project["version"]


def test_module_imports_neither_a_web_framework_nor_what_models_are_made_with() -> None:
    """It is data about data."""
    program = (
        "import sys, app.web.openapi; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {"flask", "werkzeug", "sklearn", "pandas", "numpy"}.isdisjoint(result.stdout.split())


def test_document_without_api_keys_asks_for_none(document: Json) -> None:
    """Nobody is sent looking for a key that there is none of."""
    assert "security" not in document
    assert "securitySchemes" not in document["components"]
    for _, _, operation in operations(document):
        assert "security" not in operation
        assert "401" not in operation["responses"]
