"""Texts in requests: what is accepted, predicted and explained, and that nothing of it is kept."""

import math
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from tests.support.openapi import check_response, operations, send
from tests.support.requests import post, post_csv

ROW = {"id": 1, "comment": "I will cancel. Cancel, refund!", "age": 40, "plan": "plus"}
TOO_LONG = "Invalid values: 'comment' must be a string of at most 10000 characters or null"


@pytest.fixture
def client(comments_config: Settings) -> FlaskClient:
    """A client of the application with a model that learned from comments."""
    return create_app(comments_config).test_client()


def test_a_text_decides(client: FlaskClient) -> None:
    """By JSON, by either way of answering, among many rows, and by CSV."""
    leaving = post(client, ROW).get_json()["prediction"]
    staying = post(client, ROW | {"comment": "I love it, excellent"}).get_json()["prediction"]
    unknown = post(client, ROW | {"comment": "xyzzy"}).get_json()["prediction"]
    assert staying < unknown < leaving
    assert post(client, ROW | {"comment": None}).get_json()["prediction"] == unknown
    assert post(client, ROW | {"comment": ""}).get_json()["prediction"] == unknown
    assert post(client, [ROW] * 30).get_json() == [{"id": 1, "prediction": leaving}] * 30
    text = 'comment,age,plan,id\n"I will cancel. Cancel, refund!",40,plus,1\n,40,plus,2\n'
    assert post_csv(client, text).text == f"id,prediction\n1,{leaving}\n2,{unknown}\n"


@pytest.mark.parametrize("value", ["x" * 10_001, 5, True, ["cancel"], {"cancel": 1}])
def test_what_is_no_text_is_refused(value: object, client: FlaskClient) -> None:
    """Neither one of 10,001 characters, nor what is no string; the value is not echoed."""
    answer = post(client, ROW | {"comment": value})
    assert (answer.status_code, answer.json) == (400, {"message": TOO_LONG})


def test_the_longest_text_is_accepted(client: FlaskClient) -> None:
    """10,000 characters, however many bytes they are."""
    assert post(client, ROW | {"comment": "é" * 10_000}).status_code == 200
    assert post_csv(client, f"comment,age,plan\n{'é' * 10_000},40,plus\n").status_code == 200
    refused = post_csv(client, f"comment,age,plan\n{'é' * 10_001},40,plus\n")
    assert refused.get_json()["errors"] == [{"row": 0, "message": TOO_LONG}]


def test_the_schema_says_so(client: FlaskClient) -> None:
    """A string, or null, since there were rows without a comment."""
    assert client.get("/v0/schema").get_json()["properties"]["comment"] == {
        "type": ["string", "null"],
        "maxLength": 10_000,
    }


def test_an_explanation_names_the_strongest_words(client: FlaskClient) -> None:
    """The text is one contribution among the others; its words are listed beside it."""
    answer = post(client, ROW, "/v0/predict?explain=true").get_json()
    explanation = answer["explanation"]
    contributions = explanation["contributions"]
    assert list(contributions) == ["comment", "age", "plan"]
    z = explanation["baseline"] + math.fsum(contributions.values())
    assert answer["prediction"] == pytest.approx(1 / (1 + math.exp(-z)), abs=1e-4)
    (words,) = explanation["words"].values()
    assert list(explanation["words"]) == ["comment"]
    assert list(words)[:2] == ["cancel", "refund"]
    assert words["cancel"] > words["refund"] > 0
    none = post(client, ROW | {"comment": None}, "/v0/predict?explain=true").get_json()
    assert none["explanation"]["words"] == {"comment": {}}
    # What the words add, and what a text without words contributes, is the contribution.
    empty = none["explanation"]["contributions"]["comment"]
    assert math.fsum(words.values()) + empty == pytest.approx(contributions["comment"], abs=1e-9)


def test_an_explanation_is_as_documented(client: FlaskClient) -> None:
    """With its words."""
    document = client.get("/openapi.json").get_json()
    operation = next(each for path, _, each in operations(document) if path == "/v0/predict")
    row = operation["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    response = send(client, "/v0/predict?explain=true", "application/json", row)
    assert response.get_json()["explanation"]["words"]["comment"]
    check_response(document, operation, response)


def test_what_clients_write_is_not_logged(
    client: FlaskClient, comments_config: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither of a request that is answered nor of one that is refused; nor is it counted."""
    private = "my iban is de89370400440532013000 cancel"
    rows = [ROW | {"comment": private}, ROW | {"comment": private * 1000}, {"comment": private}]
    for row in rows:
        for query in ("", "?explain=true"):
            assert private not in post(client, row, f"/v0/predict{query}").text
    post_csv(client, f"comment,age,plan\n{private},forty,plus\n")
    assert private not in client.get("/metrics").text
    client.application.extensions["services"].records.flush()
    logged = "".join(path.read_text() for path in Path(comments_config.logs_root).iterdir())
    assert "POST http /v0/predict 200" in logged
    assert "iban" not in logged + capfd.readouterr().err


def test_metadata_names_few_words(client: FlaskClient) -> None:
    """The most frequent ones, all of them from at least five rows, and no weights."""
    comment = client.get("/v0/metadata").get_json()["features"][0]
    assert (comment["name"], comment["type"]) == ("comment", "text")
    assert len(comment["words"]) == 20
    assert comment["median_words"] > 6
