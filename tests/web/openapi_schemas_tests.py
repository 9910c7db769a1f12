"""Which versions share their operations in the OpenAPI document, and what it says of that."""

from collections.abc import Mapping
from dataclasses import replace

import openapi_spec_validator
import orjson

from app.store.manifest import Manifest
from app.web.openapi import make_openapi
from tests.support.openapi import LIMITS, Json, as_read

ROUTES = {"predict", "schema", "metadata", "healthcheck", "readyz"}


def again(manifest: Manifest, *versions: str) -> dict[str, Manifest]:
    """Return a version as if it had been trained again, the highest first."""
    return {version: replace(manifest, version=version) for version in versions}


def segments(document: Json) -> set[str]:
    """Return the versions that have operations."""
    paths = [path.split("/")[1:] for path in document["paths"]]
    found = {path[0] for path in paths if len(path) > 1}
    for segment in found:
        assert {path[1] for path in paths if path[0] == segment} == ROUTES
    return found


def notes(document: Json) -> Mapping[str, str]:
    """Return what the document says of its groups of operations."""
    return {tag["name"]: tag["description"] for tag in document["tags"]}


def test_versions_that_are_called_alike_share_their_operations(
    manifests: dict[str, Manifest],
) -> None:
    """Those of the highest one, which say for whom else they hold."""
    document = as_read(make_openapi(again(manifests["v0"], "v4", "v3") | manifests, LIMITS))
    openapi_spec_validator.validate(document)
    assert segments(document) == {"latest", "v4", "v2", "v1"}
    assert notes(document)["v4"] == (
        "Also for v3, v0: rows and answers have the same form. Write that id in place of `v4`."
    )
    assert notes(document).keys() == {"latest", "v4"}


def test_the_document_does_not_grow_with_each_training(manifests: dict[str, Manifest]) -> None:
    """A hundred versions take no more room than twenty."""
    few, many = (
        make_openapi(again(manifests["v1"], *(f"v{n}" for n in range(top, 99, -1))), LIMITS)
        for top in (120, 200)
    )
    assert few["paths"].keys() == {path.replace("v200", "v120") for path in many["paths"]}
    assert abs(len(orjson.dumps(many)) - len(orjson.dumps(few))) < 10


def test_another_column_class_or_target_needs_its_own_operations(
    manifests: dict[str, Manifest],
) -> None:
    """So does whatever changes what clients send or get."""
    old = manifests["v2"]
    first, *rest = old.features
    for new in (
        replace(old, version="v3", features=old.features[1:]),
        replace(old, version="v3", features=(replace(first, nullable=not first.nullable), *rest)),
        replace(old, version="v3", target="another"),
        replace(old, version="v3", positive_class="another"),
        replace(manifests["v1"], version="v3", classes=("a", "b", "c")),
    ):
        document = make_openapi({"v3": new} | manifests, LIMITS)
        assert segments(document) == {"latest", "v3", "v2", "v1", "v0"}


def test_what_does_not_change_calls_needs_no_operations(manifests: dict[str, Manifest]) -> None:
    """The order of the columns, what was seen in them, the threshold."""
    old = manifests["v2"]
    features = tuple(
        replace(feature, shares=feature.shares[::-1], minimum=-5.0, maximum=5.0)
        for feature in old.features[::-1]
    )
    new = replace(old, version="v3", features=features, threshold=0.25)
    assert segments(make_openapi({"v3": new} | manifests, LIMITS)) == {"latest", "v3", "v1", "v0"}


def test_latest_says_that_it_follows_the_newest_version(document: Json) -> None:
    """Where it is listed, and where it is called."""
    note = (
        "The newest version. Rows and answers are now those of `v2`; they change with the next"
        " version if that has other columns. To keep to this one, write `v2`."
    )
    assert notes(document)["latest"] == note
    assert document["paths"]["/latest/predict"]["post"]["description"] == note


def test_what_is_promised_is_in_the_document(document: Json) -> None:
    """What may change, what may not, and how to pin a version."""
    stability = document["info"]["description"].partition("## Stability")[2]
    assert "minor release may add" in stability
    assert "To pin a version" in stability
