"""What a version answers: predictions, explanations, its schema and its metadata."""

import os
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.settings import Settings
from tests.support.requests import (
    COLORS_ROW,
    ROW,
    post,
    post_csv,
)


def test_one_row(client: FlaskClient) -> None:
    """A row's answer is its id and a probability, compact, with a newline."""
    response = post(client, ROW)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    prediction = response.get_json()["prediction"]
    assert response.data == b'{"id":"2","prediction":%s}\n' % str(prediction).encode()
    assert 0 < prediction < 1
    assert prediction == round(prediction, 4)


def test_the_headers_name_the_model(client: FlaskClient) -> None:
    """Behind latest is a real version, and the digest of its file."""
    response = post(client, ROW, "/latest/predict")
    sha256 = client.get("/v0/metadata").get_json()["sha256"]
    assert response.headers["X-Model-Version"] == "v0"
    assert response.headers["X-Model-Digest"] == sha256[:12]


@pytest.mark.parametrize("row_id", ["", "x" * 256, 'ü\n"', 0, -(2**53 - 1), 2**53 - 1])
def test_the_id_is_echoed(client: FlaskClient, row_id: str | int) -> None:
    """As it came."""
    assert post(client, {**ROW, "id": row_id}).get_json()["id"] == row_id


def test_a_missing_value_is_null(client: FlaskClient) -> None:
    """x_1 was missing in training, so clients may send null."""
    assert post(client, {**ROW, "x_1": None}).status_code == 200


def test_many_rows(client: FlaskClient) -> None:
    """The answers come in the same order, with the same numbers as one by one."""
    rows = [{**ROW, "id": i, "x_1": i / 7} for i in range(-20, 20)]
    answers = post(client, rows).get_json()
    assert answers == [post(client, row).json for row in rows]


def test_no_rows(client: FlaskClient) -> None:
    """Nothing in, nothing out."""
    assert post(client, []).data == b"[]\n"


def test_csv(client: FlaskClient) -> None:
    """Columns may come in any order; the numbers are those of JSON."""
    text = "x_4,id,x_3,x_2,x_1\n-1.2,007,0.2131,-0.41412,-2.0\n-1.2,b,0.2131,-0.41412,\n"
    response = post_csv(client, text)
    with_null = post(client, {**ROW, "x_1": None}).get_json()["prediction"]
    expected = f"id,prediction\n007,{post(client, ROW).get_json()['prediction']}\nb,{with_null}\n"
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.text == expected
    assert response.headers["X-Model-Version"] == "v0"


def test_csv_without_rows(client: FlaskClient) -> None:
    """A header in, a header out."""
    assert post_csv(client, "id,x_1,x_2,x_3,x_4\n").text == "id,prediction\n"


def test_three_classes(colors_client: FlaskClient) -> None:
    """The prediction is an object, class → probability."""
    prediction = post(colors_client, COLORS_ROW).get_json()["prediction"]
    assert list(prediction) == ["high", "low", "mid"]
    assert sum(prediction.values()) == pytest.approx(1, abs=2e-4)
    text = "id,color,flag,size\n1,red,True,2.5\n"
    assert post_csv(colors_client, text).text.splitlines()[0] == "id,high,low,mid"


def test_explanation(client: FlaskClient) -> None:
    """Baseline and contributions add up to the log-odds of the prediction."""
    answer = post(client, ROW, "/v0/predict?explain=true").get_json()
    explanation = answer["explanation"]
    assert list(explanation) == ["baseline", "contributions"]
    assert list(explanation["contributions"]) == ["x_1", "x_2", "x_3", "x_4"]
    z = explanation["baseline"] + sum(explanation["contributions"].values())
    assert answer["prediction"] == pytest.approx(1 / (1 + 2.718281828459045**-z), abs=1e-4)


def test_explanation_of_many_rows_and_classes(colors_client: FlaskClient) -> None:
    """One explanation a row and a class."""
    (answer,) = post(colors_client, [COLORS_ROW], "/v0/predict?explain=true").get_json()
    assert list(answer["explanation"]) == ["high", "low", "mid"]


def test_explanation_for_csv(client: FlaskClient) -> None:
    """Is refused."""
    response = post_csv(client, "id,x_1,x_2,x_3,x_4\n", "/v0/predict?explain=true")
    assert response.status_code == 400
    assert response.json == {"message": "Explanations are given for JSON only."}


def test_explain_must_be_true_or_false(client: FlaskClient) -> None:
    """A typing mistake is not taken for a no."""
    response = post(client, ROW, "/v0/predict?explain=yes")
    assert response.status_code == 400
    assert response.json == {"message": "The query parameter 'explain' must be true or false."}


def test_schema(client: FlaskClient) -> None:
    """The JSON Schema of one row."""
    schema = client.get("/v0/schema").get_json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["id", "x_1", "x_2", "x_3", "x_4"]
    assert schema["properties"]["x_1"]["type"] == ["number", "null"]
    assert schema["properties"]["x_2"]["type"] == "number"


def test_metadata(client: FlaskClient) -> None:
    """The manifest, less its curves, weights and self-check rows."""
    metadata = client.get("/latest/metadata").get_json()
    assert metadata["version"] == "v0"
    assert metadata["training_data"]["rows"] == 10_000
    assert "curves" not in metadata
    assert "weights" not in metadata
    assert "self_check" not in metadata


def test_a_new_version_is_served_and_a_deleted_one_is_not(
    client: FlaskClient, config: Settings, dummy_model: str
) -> None:
    """No restart is needed."""
    path = Path(config.models_root, "trained-model-v0.p")
    other_root = config.models_root + "-elsewhere"
    os.rename(path, other_root)
    assert post(client, ROW).status_code == 404
    shutil.move(other_root, path)
    assert post(client, ROW).status_code == 200
