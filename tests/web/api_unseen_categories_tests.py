"""Categories that training did not see: the weight of the rare ones if the column is open."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from app.store.fitted_estimator import make_frame
from app.tables.columns import Columns
from tests.support.configs import make_config
from tests.support.metrics import parse, value
from tests.support.requests import post, post_csv
from tests.support.training import load_model, train
from tests.support.villages import TYPO, VILLAGES, village_rows, write_villages

ROW = {"id": 1, "city": "Bree", "plan": "basic", "age": 40}
NEW = {"id": 2, "city": "Minas Tirith", "plan": "basic", "age": 40}
RARE = {"id": 3, "city": "Village 7", "plan": "basic", "age": 40}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of v0, of two classes, v1, of three, and v2, without open columns."""
    root = tmp_path_factory.mktemp("villages")
    config = make_config(root)
    two = str(write_villages(root / "two.csv"))
    train(two, "v0", config=config)
    train(str(write_villages(root / "three.csv", classes="abc")), "v1", config=config)
    train(two, "v2", columns=Columns(closed=("city",)), config=config)
    return config


@pytest.fixture
def client(config: Settings) -> FlaskClient:
    """A client of the application with these versions."""
    return create_app(config).test_client()


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_new_level_gets_the_prediction_of_the_rare_ones(
    version: str, client: FlaskClient
) -> None:
    """As one row, by either way of answering, among many, and as CSV."""
    path = f"/{version}/predict"
    rare = post(client, RARE, path).get_json()["prediction"]
    assert rare != post(client, ROW, path).get_json()["prediction"]
    for _ in range(2):  # the second request may take the fast path
        assert post(client, NEW, path).json == {"id": 2, "prediction": rare}
    assert post(client, [ROW, NEW, RARE], path).get_json()[1:] == [
        {"id": 2, "prediction": rare},
        {"id": 3, "prediction": rare},
    ]
    text = "id,city,plan,age\n2,Minas Tirith,basic,40\n3,Village 7,basic,40\n"
    lines = post_csv(client, text, path).text.splitlines()
    assert lines[1].partition(",")[2] == lines[2].partition(",")[2]
    assert lines[1].split(",")[1] == str(rare if version == "v0" else rare["a"])


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_new_level_is_explained_as_a_rare_one(version: str, client: FlaskClient) -> None:
    """By the same contribution."""
    explanations = [
        answer["explanation"]
        for answer in post(client, [NEW, RARE, ROW], f"/{version}/predict?explain=true").get_json()
    ]
    assert explanations[0] == explanations[1]
    assert explanations[0] != explanations[2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"city": "x" * 257}, "'city' must be a string of at most 256 characters or null"),
        ({"city": 7}, "'city' must be a string of at most 256 characters or null"),
        ({"plan": "gold"}, "'plan' must be one of 'basic', 'plus' and 1 more"),
    ],
)
def test_what_no_level_can_be_is_refused(
    change: dict[str, Any], message: str, client: FlaskClient
) -> None:
    """An open column takes text, a closed one what it knows."""
    answer = post(client, ROW | change)
    assert (answer.status_code, answer.json) == (400, {"message": f"Invalid values: {message}"})


def test_a_closed_column_refuses_new_levels_and_knows_the_rare_ones(client: FlaskClient) -> None:
    """It was closed by --closed."""
    assert post(client, RARE, "/v2/predict").status_code == 200
    answer = post(client, NEW, "/v2/predict")
    assert answer.json == {
        "message": "Invalid values: 'city' must be one of 'Bree', 'Dale' and 20 more or null"
    }


def test_levels_that_are_not_known_by_name_are_counted(client: FlaskClient) -> None:
    """Rare or new, of open columns alone; a missing value is not one."""
    post(client, NEW)
    post(client, [ROW, NEW, RARE, ROW | {"city": None}, ROW | {"plan": TYPO}])
    post_csv(client, "id,city,plan,age\n1,Gondor,basic,40\n2,Bree,basic,40\n3,,basic,40\n")
    post(client, ROW | {"city": 7})
    samples = parse(client.get("/metrics").text)
    unseen = "model_unseen_categories_total"
    assert value(samples, unseen, version="v0", feature="city") == 4
    assert value(samples, unseen, version="v0", feature="plan") == 0


@pytest.mark.parametrize("path", ["", "/report", "/metadata", "/schema"])
def test_rare_levels_are_shown_nowhere(path: str, client: FlaskClient) -> None:
    """But in the enum of a closed column."""
    for version in ("v0", "v1", "v2"):
        shown = client.get(f"/{version}{path}")
        assert shown.status_code == 200
        if path != "/schema":
            assert TYPO not in shown.text
            assert "Village" not in shown.text
    schema = client.get("/v2/schema").get_json()["properties"]
    assert schema["plan"]["enum"] == ["basic", TYPO, "plus"]
    assert len(schema["city"]["enum"]) == 23


def test_the_openapi_document_shows_rare_levels_in_an_enum_alone(client: FlaskClient) -> None:
    """Its examples, messages and metadata have none."""
    document = client.get("/openapi.json").get_json()
    for version in ("v0", "v1", "v2"):
        row = document["components"]["schemas"][f"{version}_Row"]["properties"]
        assert ("enum" in row["city"]) is (version == "v2")
        del row["city"], row["plan"]
    assert TYPO not in str(document)
    assert "Village" not in str(document)


def test_the_page_says_which_columns_are_open(client: FlaskClient) -> None:
    """It shows the known levels, how many rows had others, and what these do."""
    page = client.get("/v0").text
    effects = client.get("/v0", headers={"Accept": "application/json"}).get_json()["effects"]["yes"]
    (city,) = (effect for effect in effects if effect["feature"] == "city")
    by_name = {level["name"]: level["effect"] for level in city["levels"]}
    assert by_name.keys() == {"Bree", "Dale", "rare or new", "missing"}
    explained = post(client, NEW, "/v0/predict?explain=true").get_json()["explanation"]
    assert by_name["rare or new"] == explained["contributions"]["city"]
    assert page.count('any text <span class="badge">open</span> or null') == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("classes", ["ny", "abc"])
@pytest.mark.parametrize("options", [{}, {"refit_on_all": True}])
def test_predictions_are_those_of_the_pickled_pipeline(
    classes: str, seed: int, options: dict[str, Any], tmp_path: Path
) -> None:
    """Within 1e-9, for frequent, rare, new and missing levels."""
    config = make_config(tmp_path)
    path = str(write_villages(tmp_path / "train.csv", classes=classes, seed=seed))
    manifest = train(path, "v0", config=config, **options)
    pipeline = joblib.load(Path(config.models_root, "trained-model-v0.p"))
    model = load_model(config)
    rows = [
        {"city": city, "plan": plan, "age": age}
        for (city, plan, age, _), other in zip(
            village_rows(seed=seed + 1), ["new", "", "Bree ", *VILLAGES] * 20, strict=False
        )
        for city in (city, other)
    ]
    columns = [[row[feature.name] for row in rows] for feature in model.features]
    expected = pipeline.predict_proba(make_frame(columns, model.features)).T
    if manifest.positive_class is not None:
        expected = expected[[manifest.positive_index]]
    np.testing.assert_allclose(model.outputs(columns), expected, rtol=0, atol=1e-9)
    assert model.scores()


@pytest.mark.parametrize("seed", range(4))
def test_regressions_take_new_levels_too(seed: int, tmp_path: Path) -> None:
    """With the number that the pickled pipeline predicts, within 1e-9 of its size."""
    config = make_config(tmp_path)
    path = str(write_villages(tmp_path / "train.csv", seed=seed))
    train(path, "v0", columns=Columns(target="age", drop=("target",)), config=config)
    pipeline = joblib.load(Path(config.models_root, "trained-model-v0.p"))
    model = load_model(config)
    columns: list[list[Any]] = [["Bree", "Village 3", "new", None, "Dale"]]
    columns += [["basic", "plus", "plus", TYPO, TYPO]]
    expected = pipeline.predict(make_frame(columns, model.features))
    np.testing.assert_allclose(model.outputs(columns)[0], expected, rtol=1e-9)
    assert expected[1] == pytest.approx(expected[2], rel=1e-9)
    client = create_app(config).test_client()
    answer = post(client, {"id": 1, "city": "new", "plan": "plus"}).get_json()
    assert answer["prediction"] == pytest.approx(expected[2], rel=1e-5)
