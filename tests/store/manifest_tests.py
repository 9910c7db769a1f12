"""The manifest: nothing in it depends on the order of rows or keys."""

import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.app import create_app
from app.helpers.features import Feature
from app.settings import Settings
from app.store.manifest import CheckedRow, Manifest
from app.store.model_file import read_manifest, read_pickle
from tests.support.model_files import KEY, assemble, make_manifest

OLD = Path(__file__).with_name("old") / "format-1"
VERSIONS = ("v0", "v1", "v2")


def read(version: str) -> tuple[Manifest, bytes]:
    """Return the manifest, in today's format, and the pickle of a file."""
    with open(OLD / f"trained-model-{version}.p", "rb") as file:
        manifest = read_manifest(file, version, [KEY])
        return manifest, read_pickle(file, manifest)


def shuffled_keys(value: Any, generator: random.Random) -> Any:
    """Return JSON with the keys of all its objects in another order."""
    if isinstance(value, list):
        return [shuffled_keys(item, generator) for item in value]
    if not isinstance(value, dict):
        return value
    keys = generator.sample(list(value), len(value))
    return {key: shuffled_keys(value[key], generator) for key in keys}


def shuffle(manifest: Manifest, generator: random.Random) -> dict[str, Any]:
    """Return a manifest's JSON with its keys and its self-check rows in another order."""
    data: dict[str, Any] = shuffled_keys(manifest.to_json(), generator)
    generator.shuffle(data["self_check"])
    return data


def serve(config: Settings, generator: random.Random | None) -> FlaskClient:
    """Return a client of a server of all versions, shuffled or not."""
    for version in VERSIONS:
        manifest, pickle = read(version)
        data = manifest.to_json() if generator is None else shuffle(manifest, generator)
        path = Path(config.models_root) / f"trained-model-{version}.p"
        path.write_bytes(assemble(pickle, orjson.dumps(data), version))
    return create_app(config).test_client()


def test_no_page_depends_on_the_order_of_rows_or_keys(config: Settings) -> None:
    """Shuffled in any way, a model has the same pages, effects, report and OpenAPI document."""
    of_version = [f"/{version}{page}" for version in VERSIONS for page in ("", "/report")]
    facts = [f"/{version}{page}" for version in VERSIONS for page in ("", "/metadata")]

    def look(client: FlaskClient) -> list[Any]:
        as_json = {"Accept": "application/json"}
        return [
            *(client.get(address).text for address in ("/", *of_version)),
            *(client.get(address, headers=as_json).json for address in ("/openapi.json", *facts)),
        ]

    expected = look(serve(config, None))
    assert all(expected)
    for seed in range(3):
        assert look(serve(config, random.Random(seed))) == expected


@given(version=st.sampled_from(VERSIONS), generator=st.randoms(use_true_random=False))
def test_a_shuffled_manifest_says_the_same(version: str, generator: random.Random) -> None:
    """Only its self-check rows are in another order."""
    manifest, _ = read(version)
    shuffled = Manifest.from_json(shuffle(manifest, generator))
    by_row = {
        orjson.dumps(check.row, option=orjson.OPT_SORT_KEYS): check for check in manifest.self_check
    }
    for check in shuffled.self_check:
        assert by_row.pop(orjson.dumps(check.row, option=orjson.OPT_SORT_KEYS)) == check
    assert by_row == {}
    assert shuffled.examples() == manifest.examples()
    assert shuffled.typical_row == manifest.typical_row
    assert shuffled.public() == manifest.public()
    assert shuffled.curves == manifest.curves


def test_no_example_has_a_rare_level() -> None:
    """For privacy, although the self-check has a row for each."""
    color = Feature(
        "color", "category", False, ("a", "b", "c"), typical="b", rare_categories=("a",)
    )
    rows = tuple(CheckedRow({"color": level}, (0.5,)) for level in "abc")
    manifest = make_manifest(features=(color,), self_check=rows)
    assert [check.row["color"] for check in manifest.examples()] == ["b", "c"]


def test_optional_fields_may_be_missing() -> None:
    """What has a default needs no new format."""
    manifest, _ = read("v0")
    data = manifest.to_json()
    del data["search"], data["parameters"]["refit_on_all"], data["features"][0]["shares"]
    assert Manifest.from_json(data) == manifest


@pytest.mark.parametrize("place", ["training_data", "metrics", "parameters", "curves"])
def test_a_field_that_is_not_known_is_refused_wherever_it_is(place: str) -> None:
    """A server that does not know it could get wrong what it means."""
    manifest, _ = read("v0")
    data = manifest.to_json()
    data[place]["surprise"] = 1
    with pytest.raises(TypeError, match="has no field 'surprise'"):
        Manifest.from_json(data)
