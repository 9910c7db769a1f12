"""`?label=true` and `?threshold=`: the class that a model would choose."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.requests import COLORS_ROW, ROW, post, post_csv

FIELDS = "id,x_1,x_2,x_3,x_4\n1,-2,-0.4,0.2,-1.2\n2,2,0.4,-0.2,1.2\n"


@pytest.fixture
def probability(client: FlaskClient) -> float:
    """What is predicted for the row."""
    return float(post(client, ROW).get_json()["prediction"])


def test_the_label_is_that_of_the_versions_threshold(
    client: FlaskClient, probability: float
) -> None:
    """Which is a half."""
    answer = post(client, ROW, "/v0/predict?label=true").get_json()
    label = "1" if probability >= 0.5 else "0"
    assert answer == {"id": "2", "prediction": probability, "label": label}


def test_a_request_may_have_a_threshold_of_its_own(client: FlaskClient, probability: float) -> None:
    """It asks for the label, too; a probability that equals it is enough."""
    for threshold, label in ((probability, "1"), (probability + 0.0001, "0"), (0, "1"), (1, "0")):
        answer = post(client, ROW, f"/v0/predict?threshold={threshold}").get_json()
        assert answer["label"] == label
    answer = post(client, ROW, "/v0/predict?threshold=0&label=false").get_json()
    assert "label" not in answer


def test_many_rows_and_csv_have_labels(client: FlaskClient) -> None:
    """As a key, and as a column that follows the others."""
    rows = [ROW, {"id": 3, "x_1": 2.0, "x_2": 0.4, "x_3": -0.2, "x_4": 1.2}]
    labels = [answer["label"] for answer in post(client, rows, "/v0/predict?label=true").get_json()]
    assert sorted(labels) == ["0", "1"]
    header, *lines = post_csv(client, FIELDS, "/v0/predict?label=true").text.splitlines()
    assert header == "id,prediction,label"
    assert [line.split(",")[2] for line in lines] == labels


def test_of_three_classes_it_is_the_most_probable_one(colors_client: FlaskClient) -> None:
    """In JSON and CSV."""
    answer = post(colors_client, COLORS_ROW, "/v0/predict?label=true").get_json()
    most = max(answer["prediction"], key=answer["prediction"].get)
    assert answer["label"] == most
    header, line = post_csv(
        colors_client, "id,color,flag,size\n1,red,true,2.5\n", "/v0/predict?label=true"
    ).text.splitlines()
    assert header == "id,high,low,mid,label"
    assert line.split(",")[-1] == most


THRESHOLD = "The query parameter 'threshold' must be a number between 0 and 1."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("explian=true", "Unknown query parameters: 'explian'"),
        ("a=1&explain=true&b", "Unknown query parameters: 'a', 'b'"),
        ("label=yes", "The query parameter 'label' must be true or false."),
        ("label", "The query parameter 'label' must be true or false."),
        *((f"threshold={text}", THRESHOLD) for text in ("", "2", "-0.1", "nan", "1_0", "%D9%A1")),
        ("interval=true", "The query parameter 'interval' is for regressions only."),
        ("interval=false", "The query parameter 'interval' is for regressions only."),
    ],
)
def test_refuses_what_it_does_not_know(query: str, message: str, client: FlaskClient) -> None:
    """JSON and CSV alike."""
    bodies: list[tuple[Any, Any]] = [(post, ROW), (post_csv, FIELDS)]
    for send, body in bodies:
        response = send(client, body, f"/v0/predict?{query}")
        assert (response.status_code, response.json) == (400, {"message": message})


def test_three_classes_have_no_threshold(colors_client: FlaskClient) -> None:
    """The most probable one is the label, however improbable."""
    response = post(colors_client, COLORS_ROW, "/v0/predict?threshold=0.5")
    assert response.json == {"message": "The query parameter 'threshold' is for two classes only."}
