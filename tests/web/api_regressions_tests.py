"""The API of a model that predicts a number."""

import csv
import io

import orjson
import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.helpers.predictions import round_number
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns
from tests.support.houses import HOUSE, house_rows
from tests.support.metrics import parse, value
from tests.support.requests import post, post_csv
from tests.support.training import load_model

ROW = {"id": "2", **HOUSE}
FIELDS = "id,area,rooms,district,garden\n2,81.5,3,south,true\n3,,1,north,false\n"
ROWS = [ROW, {"id": "3", "area": None, "rooms": 1, "district": "north", "garden": False}]


def test_a_number_is_predicted_with_six_digits(
    houses_client: FlaskClient, houses_config: Settings
) -> None:
    """In the target's unit, by the fast path as by Flask."""
    exact = load_model(houses_config).outputs_of_rows([HOUSE])[0][0]
    answers = [post(houses_client, ROW).data for _ in range(2)]
    assert [orjson.loads(answer) for answer in answers] == [
        {"id": "2", "prediction": round_number(exact)}
    ] * 2
    assert 150_000 < exact < 350_000


def test_many_rows_and_csv_get_the_numbers_of_each(houses_client: FlaskClient) -> None:
    """Few rows and many, which are computed another way."""
    alone = [post(houses_client, row).get_json()["prediction"] for row in ROWS]
    for n in (1, 40):
        answers = post(houses_client, ROWS * n).get_json()
        assert [answer["prediction"] for answer in answers] == alone * n
    answered = post_csv(houses_client, FIELDS).text
    assert answered == f"id,prediction\n2,{alone[0]}\n3,{alone[1]}\n"


def test_contributions_add_up_to_the_unrounded_number(
    houses_client: FlaskClient, houses_config: Settings
) -> None:
    """There is no sigmoid."""
    explanation = post(houses_client, ROW, "/v0/predict?explain=true").get_json()["explanation"]
    assert list(explanation["contributions"]) == list(HOUSE)
    total = explanation["baseline"] + sum(explanation["contributions"].values())
    exact = load_model(houses_config).outputs_of_rows([HOUSE])[0][0]
    assert total == pytest.approx(exact, rel=1e-12)


def test_an_interval_is_added(houses_client: FlaskClient, houses_config: Settings) -> None:
    """As wide for every row, around the unrounded number."""
    model = load_model(houses_config)
    assert model.manifest.numbers is not None
    assert model.manifest.numbers.interval is not None
    half_width = model.manifest.numbers.interval.half_width
    exact = model.outputs_of_rows([HOUSE])[0][0]
    path = "/v0/predict?interval=true"
    one = post(houses_client, ROW, path).get_json()
    assert one["interval"] == pytest.approx([exact - half_width, exact + half_width], rel=1e-5)
    for n in (1, 40):
        assert post(houses_client, ROWS * n, path).get_json()[::2] == [one] * n


def test_the_interval_is_two_columns_of_a_csv(houses_client: FlaskClient) -> None:
    """Called low and high."""
    answered = post_csv(houses_client, FIELDS, "/v0/predict?interval=true").text
    assert answered.startswith("id,prediction,low,high\n")
    answers = post(houses_client, ROWS, "/v0/predict?interval=true").get_json()
    assert [
        {"id": row["id"], "prediction": float(row["prediction"])}
        | {"interval": [float(row["low"]), float(row["high"])]}
        for row in csv.DictReader(io.StringIO(answered))
    ] == answers


def test_nine_of_ten_held_out_numbers_are_in_their_intervals(
    houses_client: FlaskClient,
) -> None:
    """Of rows that neither training nor its validation had."""
    header, *rows = house_rows(3000)
    new = [dict(zip(header, row, strict=True)) for row in rows[600:]]
    fields = "".join(
        f"{i},{row['area'] or ''},{row['rooms']},{row['district']},{row['garden']}\n"
        for i, row in enumerate(new)
    )
    answered = post_csv(
        houses_client, "id,area,rooms,district,garden\n" + fields, "/v0/predict?interval=true"
    )
    held = [
        float(answer["low"]) <= float(row["price"]) <= float(answer["high"])
        for answer, row in zip(csv.DictReader(io.StringIO(answered.text)), new, strict=True)
    ]
    assert 0.85 < sum(held) / len(held) < 0.95


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("label=true", "The query parameter 'label' is for classifications only."),
        ("label=false", "The query parameter 'label' is for classifications only."),
        ("threshold=0.2", "The query parameter 'threshold' is for classifications only."),
        ("interval=1", "The query parameter 'interval' must be true or false."),
        ("intervall=true", "Unknown query parameters: 'intervall'"),
    ],
)
def test_refuses_what_is_for_classes(query: str, message: str, houses_client: FlaskClient) -> None:
    """Whatever it is set to."""
    path = f"/v0/predict?{query}"
    for response in (post(houses_client, ROW, path), post_csv(houses_client, FIELDS, path)):
        assert (response.status_code, response.json) == (400, {"message": message})


def test_a_version_with_too_few_validation_rows_has_no_intervals(
    config: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Eight are too few: no interval would be right often enough."""
    path = tmp_path_factory.mktemp("few") / "few.csv"
    rows = [f"{i % 7},{i + 0.5}" for i in range(30)]
    path.write_text("\n".join(["x,y", *rows]))
    train(str(path), "v0", columns=Columns("y"), config=config)
    response = post(
        create_app(config).test_client(), {"id": 1, "x": 1}, "/v0/predict?interval=true"
    )
    assert (response.status_code, response.json) == (
        400,
        {
            "message": "Trained model version 'v0' has no intervals: they need a validation set of"
            " at least 9 rows."
        },
    )


def test_predictions_are_counted_by_their_quantile_in_the_training_set(
    houses_client: FlaskClient,
) -> None:
    """So that all versions have the same bounds, whatever their target's unit."""

    def count(bound: str) -> float:
        samples = parse(houses_client.get("/metrics").text)
        return value(samples, "model_prediction_bucket", version="v0", le=bound)

    cheap, dear = {**ROW, "area": -1e6}, {**ROW, "area": 1e6}
    post(houses_client, [cheap, cheap, dear])
    post(houses_client, ROW)
    assert (count("0.05"), count("0.95"), count("1.0")) == (2, 3, 4)


def test_the_metrics_show_the_r2_of_a_version(houses_client: FlaskClient) -> None:
    """Where a classification has its ROC AUC."""
    post(houses_client, ROW)
    (info,) = [
        dict(labels)
        for name, labels in parse(houses_client.get("/metrics").text)
        if name == "model_info"
    ]
    assert info["task"] == "regression"
    assert 0.7 < float(info["r2"]) < 1
