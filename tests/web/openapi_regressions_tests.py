"""The OpenAPI document of versions that predict a number, and of what can be asked for."""

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from tests.support.openapi import check_response, operations, resolve, send


def test_what_is_asked_for_is_documented_and_so_answered(houses_client: FlaskClient) -> None:
    """The example, an explanation and an interval, by JSON."""
    document = houses_client.get("/openapi.json").get_json()
    operation = next(each for path, _, each in operations(document) if path == "/v0/predict")
    assert [each["name"] for each in operation["parameters"]] == ["explain", "interval"]
    row = operation["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    response = send(houses_client, "/v0/predict", "application/json", row)
    check_response(document, operation, response, "one")
    response = send(
        houses_client, "/v0/predict?explain=true&interval=true", "application/json", row
    )
    assert {*response.get_json()} == {"id", "prediction", "explanation", "interval"}
    check_response(document, operation, response)


def test_the_errors_of_a_regression_are_answered_as_documented(
    houses_client: FlaskClient,
) -> None:
    """To ask for a label is one of them."""
    document = houses_client.get("/openapi.json").get_json()
    operation = next(each for path, _, each in operations(document) if path == "/v0/predict")
    row = operation["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    response = send(houses_client, "/v0/predict?label=true", "application/json", row)
    check_response(document, operation, response, "other_task")


def test_the_number_has_no_bounds(houses_client: FlaskClient) -> None:
    """A probability has."""
    document = houses_client.get("/openapi.json").get_json()
    answer = resolve(document, {"$ref": "#/components/schemas/v0_Answer"})
    assert answer["properties"]["prediction"] == {"type": "number"}
    assert answer["properties"]["interval"]["minItems"] == 2


@pytest.mark.parametrize("name", ["houses_config", "comments_config", "mixed_config"])
def test_the_manifest_is_as_documented(name: str, request: pytest.FixtureRequest) -> None:
    """Of every kind of model; it has no key that the document does not have."""
    client = create_app(request.getfixturevalue(name)).test_client()
    document = client.get("/openapi.json").get_json()
    checked = 0
    for path, _, operation in operations(document):
        if path.endswith(("/metadata", "/schema")):
            check_response(document, operation, client.get(path))
            checked += 1
    assert checked >= 4


def test_labels_are_as_documented(client: FlaskClient) -> None:
    """With a threshold, where there are two classes."""
    document = client.get("/openapi.json").get_json()
    operation = next(each for path, _, each in operations(document) if path == "/v0/predict")
    assert [each["name"] for each in operation["parameters"]] == ["explain", "label", "threshold"]
    row = operation["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    response = send(client, "/v0/predict?threshold=0.1", "application/json", row)
    assert response.get_json()["label"] in ("0", "1")
    check_response(document, operation, response)
