"""The page of a model that predicts a number, its report, and its place in the list."""

import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.models.train_model import train
from app.settings import Settings
from app.tables.columns import Columns
from app.training.search import Search
from app.web.report.typeset import quantity
from tests.support.csv_files import write_csv
from tests.support.houses import house_rows
from tests.support.pages import ACCEPT_JSON, Page, get_page


def test_the_headline_has_the_metrics_beside_the_baselines(houses_client: FlaskClient) -> None:
    """R² as a number, the errors in the unit of the target."""
    metadata = houses_client.get("/v0/metadata").get_json()
    words = get_page(houses_client, "/v0").words
    assert "Model v0 The number price Trained " in words
    metrics, baseline = metadata["metrics"], metadata["baseline_metrics"]
    assert f"R² {metrics['r2']:.3f} baseline " in words
    for key, label in {
        "mean_absolute_error": "Mean absolute error",
        "root_mean_squared_error": "Root mean squared error",
        "median_absolute_error": "Median absolute error",
    }.items():
        assert f"{label} {quantity(metrics[key])} baseline {quantity(baseline[key])}" in words
    assert "The baseline always predicts the mean of the training set" in words


@pytest.mark.parametrize("path", ["/v0", "/v0/report"])
def test_three_plots_say_what_to_look_for(path: str, houses_client: FlaskClient) -> None:
    """Each row of the sample is a dot in two of them."""
    response = houses_client.get(path)
    assert response.status_code == 200
    page = Page(response.text)
    for title in ("Predicted and true numbers", "Errors", "How the numbers are distributed"):
        assert title in page.words
    assert len(re.findall(r"<circle[^>]* r=\"2.75\"", response.text)) == 2 * 150
    assert "90 % of the errors lie between the dashed lines" in page.words.replace("\xa0", " ")
    assert "Confusion matrix" not in page.words
    assert "log-odds" not in page.words
    assert "classifier" not in page.words.lower()


def test_effects_are_in_the_unit_of_the_target(houses_client: FlaskClient) -> None:
    """What one standard deviation more of an area adds."""
    facts = houses_client.get("/v0", headers=ACCEPT_JSON).get_json()
    (effects,) = facts["effects"].values()
    by_feature = {effect["feature"]: effect for effect in effects}
    assert effects[0]["feature"] == "area"
    assert by_feature["area"]["slope"] == pytest.approx(2000 * 20, rel=0.1)
    shown = f"+{quantity(by_feature['area']['slope'])}"
    assert shown in get_page(houses_client, "/v0").words
    assert len(facts["curves"]["predicted"]) == 150


def test_the_list_shows_r2(houses_client: FlaskClient) -> None:
    """Where a classification has its ROC AUC."""
    words = get_page(houses_client, "/").words
    assert "The number price" in words
    assert "R² 0.7" in words
    assert "ROC AUC" not in words
    (version,) = houses_client.get("/", headers=ACCEPT_JSON).get_json()["versions"]
    assert version["task"] == "regression"


def test_the_unit_is_shown_and_the_search(config: Settings, tmp_path: Path) -> None:
    """As the CSV writes it; the loss that was searched by is told."""
    header, *rows = house_rows(200)
    in_dollars = [header, *([*row[:-1], f"${row[-1]}"] for row in rows)]
    path = str(write_csv(tmp_path / "dollars.csv", in_dollars))
    train(path, "v0", columns=Columns("price"), search=Search(), config=config)
    words = get_page(create_app(config).test_client(), "/v0").words
    assert "The number price, in $" in words
    assert re.search(r"Mean absolute error \$[0-9,]+ baseline \$[0-9,]+ ", words)
    assert "The choice with the lowest mean squared error" in words


def test_versions_are_compared_with_those_of_the_same_task_only(
    config: Settings, dummy_model: str, tmp_path: Path
) -> None:
    """An R² says nothing beside a ROC AUC."""
    path = str(write_csv(tmp_path / "houses.csv", house_rows(200)))
    shutil.copy(dummy_model, config.models_root)
    for version in ("v1", "v2"):
        train(path, version, columns=Columns("price"), config=config)
    client = create_app(config).test_client()
    assert "v2: price" in get_page(client, "/v1").words
    assert "v0: target" not in get_page(client, "/v1").words
    assert "Compare v0 with" not in get_page(client, "/v0").words
