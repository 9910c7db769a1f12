"""How sure a model's page is of what it says: intervals, few rows, and the baseline."""

import shutil

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from app.web.report.typeset import decimals, grouped, percent, quantity
from tests.support.pages import ACCEPT_JSON, get_page
from tests.support.paths import ROOT
from tests.support.training import read_manifest


def plain_words(client: FlaskClient, path: str) -> str:
    """Return the text of a page with ordinary blanks."""
    return get_page(client, path).words.replace("\xa0", " ")


@pytest.mark.parametrize("path", ["/v0", "/v0/report", "/v1", "/v3"])
def test_each_figure_has_its_interval_and_the_method_is_named(
    page_client: FlaskClient, path: str
) -> None:
    """Those of the metadata."""
    words = plain_words(page_client, path)
    metadata = page_client.get(f"/{path.split('/')[1]}/metadata").get_json()
    for key, interval in metadata["intervals"].items():
        assert interval is not None, key
        value = decimals(metadata["metrics"][key], 3)
        ends = f"{decimals(interval['low'], 3)} to {decimals(interval['high'], 3)}"
        baseline = decimals(metadata["baseline_metrics"][key], 3)
        assert f" {value} baseline {baseline} 95 %: {ends} " in words
    assert "of the ROC AUC by DeLong's method" in words


def test_accuracy_is_that_of_the_labels_that_the_api_gives(page_client: FlaskClient) -> None:
    """With two classes at the version's threshold."""
    right = "The share of rows that get the right class"
    assert f"{right} at the threshold of 0.5. Higher is better." in plain_words(page_client, "/v0")
    assert f"{right}. Higher is better." in plain_words(page_client, "/v1")


def test_errors_have_intervals_in_the_unit_of_the_target(houses_client: FlaskClient) -> None:
    """As the figures themselves."""
    words = plain_words(houses_client, "/v0")
    intervals = houses_client.get("/v0/metadata").get_json()["intervals"]
    assert len(intervals) == 4
    low, high = (intervals["mean_absolute_error"][end] for end in ("low", "high"))
    assert f" 95 %: {quantity(low)} to {quantity(high)} " in words
    assert "How frequent each class is" not in words


@pytest.mark.parametrize("path", ["/v0", "/v1/report", "/v2"])
def test_the_share_of_each_class_comes_first(page_client: FlaskClient, path: str) -> None:
    """In all rows and held out, before any figure."""
    words = plain_words(page_client, path)
    data = page_client.get(f"/{path.split('/')[1]}/metadata").get_json()["training_data"]
    assert words.index("How frequent each class is") < words.index("ROC AUC")
    for each in data["classes"]:
        share = percent(each["rows"] / data["rows"]).replace("\xa0", " ")
        rows = each["validation_rows"]
        held_out = percent(rows / data["validation_rows"]).replace("\xa0", " ")
        assert f"{each['label']} {share} held out {grouped(rows)}, {held_out}" in words


@pytest.mark.parametrize("path", ["/v3", "/v3/report"])
def test_not_better_than_the_baseline_is_said_in_the_warning_colour(
    page_client: FlaskClient, path: str
) -> None:
    """Of a target that nothing tells."""
    text = page_client.get(path).text
    assert '<p class="note">Not better than the baseline by ROC AUC: 0.' in text
    assert '<p class="note">Not better than the baseline by log loss: 0.' in text
    assert "Not better than the baseline" not in page_client.get("/v0").text


def test_the_list_of_versions_has_the_interval(page_client: FlaskClient) -> None:
    """Of the one figure that it shows."""
    (newest, *_) = (
        version
        for version in page_client.get("/", headers=ACCEPT_JSON).get_json()["versions"]
        if version["state"] != "unavailable"
    )
    metadata = page_client.get(f"/{newest['version']}/metadata").get_json()
    low, high = (decimals(metadata["intervals"]["roc_auc"][end], 3) for end in ("low", "high"))
    assert f"baseline 0.500 95 %: {low} to {high}" in plain_words(page_client, "/")


def test_an_older_file_has_neither(config: Settings) -> None:
    """Nor does its page say anything about them."""
    shutil.copy(ROOT / "tests/store/old/format-1/trained-model-v0.p", config.models_root)
    assert read_manifest(config).intervals is None
    client = create_app(config).test_client()
    for path in ("/v0", "/v0/report", "/"):
        words = plain_words(client, path)
        assert "interval" not in words
        assert "How frequent" not in words
        assert "Not better" not in words
