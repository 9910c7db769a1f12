"""Model files of older formats: they are served as if they had been trained today."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate as validate_openapi

from app.app import create_app
from app.settings import Settings
from app.store.manifest import FORMAT, Manifest
from app.store.model_file import read_manifest
from app.store.parameters import Regularization
from app.tables.columns import Columns
from tests.support.manifests import curves_of
from tests.support.model_files import KEY

OLD = Path(__file__).with_name("old")
FORMATS = sorted(folder.name for folder in OLD.iterdir() if folder.is_dir())
VERSIONS = ("v0", "v1", "v2")


def read_old(version: str, format_: str = "format-1") -> Manifest:
    """Return the manifest of an old file."""
    with open(OLD / format_ / f"trained-model-{version}.p", "rb") as file:
        return read_manifest(file, version, [KEY])


@pytest.fixture(params=FORMATS)
def old_client(request: pytest.FixtureRequest, config: Settings) -> FlaskClient:
    """A client of a server with all files of one format."""
    shutil.copytree(OLD / request.param, config.models_root, dirs_exist_ok=True)
    return create_app(config).test_client()


def show(client: FlaskClient, version: str) -> Any:
    """Return the JSON of a model's page."""
    return client.get(f"/{version}", headers={"Accept": "application/json"}).get_json()


def test_there_is_a_folder_for_each_older_format() -> None:
    """Whoever raises the number keeps files of what was before."""
    assert [f"format-{number}" for number in range(1, FORMAT)] == FORMATS


@pytest.mark.parametrize(
    ("version", "row", "prediction"),
    [
        ("v0", {"age": 55, "income": 24400, "member": False, "plan": "pro"}, 0.5633),
        (
            "v1",
            {"length": 5.1, "width": 2.6},
            {"setosa": 0.315, "versicolor": 0.4085, "virginica": 0.2765},
        ),
        ("v2", {"a": 0.04, "b": 0.19}, 0.4851),
    ],
)
def test_an_old_model_predicts_what_it_did(
    version: str, row: dict[str, Any], prediction: Any, old_client: FlaskClient
) -> None:
    """The typical row still is the example, and gets the same answer."""
    example = {"row": {"id": "1", **row}, "prediction": prediction}
    assert show(old_client, version)["example"] == example
    answer = old_client.post(f"/{version}/predict", json=example["row"])
    assert answer.json == {"id": "1", "prediction": prediction}


@pytest.mark.parametrize(
    ("version", "label", "strengths"),
    [
        (
            "v0",
            "yes",
            {
                "age": 0.8349514114197122,
                "member": 0.39709902336380287,
                "plan": 0.19960081039793695,
                "income": 0.03687223428120791,
            },
        ),
        ("v1", "setosa", {"length": 0.5443910924884922, "width": 0.4385146498929411}),
        ("v2", "1", {"a": 1.3616589315765477, "b": 0.4212991269613158}),
    ],
)
def test_an_old_model_has_its_effects(
    version: str, label: str, strengths: dict[str, float], old_client: FlaskClient
) -> None:
    """They need what format 1 kept in the first two self-check rows."""
    effects = show(old_client, version)["effects"][label]
    assert [effect["feature"] for effect in effects] == list(strengths)
    found = {effect["feature"]: effect["strength"] for effect in effects}
    assert found == pytest.approx(strengths, rel=1e-12)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_model_has_its_page_and_report(version: str, old_client: FlaskClient) -> None:
    """With its figures, curves and features."""
    metadata = old_client.get(f"/{version}/metadata").get_json()
    for address in (f"/{version}", f"/{version}/report"):
        page = old_client.get(address)
        assert page.status_code == 200
        assert f"{metadata['metrics']['roc_auc']:.3f}" in page.text
        assert page.text.count("ROC curve of ") == len(
            show(old_client, version)["curves"]["classes"]
        )
    assert metadata["format"] == FORMAT


def test_old_models_are_in_the_openapi_document(old_client: FlaskClient) -> None:
    """Which is valid, and shows their typical rows and answers."""
    document = old_client.get("/openapi.json").get_json()
    validate_openapi(document)
    predict = document["paths"]["/v0/predict"]["post"]
    sent = predict["requestBody"]["content"]["application/json"]["examples"]["many"]["value"]
    answers = predict["responses"]["200"]["content"]["application/json"]["examples"]["many"]
    assert old_client.post("/v0/predict", json=sent).json == answers["value"]


def test_an_old_model_is_unavailable_where_nothing_is_unpickled(config: Settings) -> None:
    """It has no weights."""
    shutil.copytree(OLD / "format-1", config.models_root, dirs_exist_ok=True)
    client = create_app(replace(config, unpickle="never")).test_client()
    assert client.get("/v0/healthcheck").text == "Not OK"
    assert (Path(config.logs_root) / "application.log").read_text().count(
        "v0 cannot be loaded: it would have to be unpickled, which UNPICKLE=never forbids\n"
    ) == 1


def test_the_fields_of_format_1_are_found_again() -> None:
    """By their names of today."""
    two_classes, three_classes, searched = map(read_old, VERSIONS)
    assert two_classes.parameters.classifier == "Pipeline"
    assert two_classes.parameters.columns == Columns(target="churned")
    assert two_classes.parameters.regularization == Regularization(C=0.1)
    assert [feature.typical for feature in two_classes.features[2:]] == [False, "pro"]
    assert not two_classes.parameters.refit_on_all
    assert three_classes.parameters.refit_on_all
    assert two_classes.search is None
    assert searched.search is not None
    assert searched.search.folds == 5
    assert len(searched.search.trials) == 12
    assert searched.search.best.regularization == Regularization(C=1.0, l1_ratio=0.0)
    assert searched.parameters.regularization == searched.search.best.regularization


def test_the_area_is_exact_where_format_1_has_it() -> None:
    """With two classes in the metrics; with three it is that of the curve's points."""
    two_classes, three_classes = read_old("v0"), read_old("v1")
    assert curves_of(two_classes).classes["yes"].roc_auc == two_classes.figure
    areas = [curves.roc_auc for curves in curves_of(three_classes).classes.values()]
    assert sum(areas) / 3 == pytest.approx(three_classes.figure, abs=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgraded_manifest_is_read_as_it_was_written(version: str) -> None:
    """It is of today's format in every field."""
    manifest = read_old(version)
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert asdict(manifest).keys() == manifest.to_json().keys()
