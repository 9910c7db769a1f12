"""What the pages say a model relies on, and whether a straight line is enough."""

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.models import estimators
from app.settings import Settings
from app.store.intervals import Interval
from app.store.yardstick import Yardstick
from tests.support.csv_files import write_csv
from tests.support.pages import ACCEPT_JSON, get_page
from tests.support.subscribers import build_boosting
from tests.support.training import train

TITLE = "What its most important features do"


@pytest.fixture
def boosted_client(boosted_models: Settings) -> FlaskClient:
    """A client of the server with gradient boosting."""
    return create_app(boosted_models).test_client()


def test_a_linear_model_tells_what_it_relies_on(client: FlaskClient) -> None:
    """Before what each feature does, on the page and in the report."""
    metadata = client.get("/v0/metadata").get_json()
    reliance = metadata["reliance"]
    for path in ("/v0", "/v0/report"):
        words = get_page(client, path).words
        assert (
            f"What it relies on How far the ROC AUC falls, from {reliance['figure']:.3f}, when"
            " the values of one feature are shuffled among 2,500 held-out rows: the mean of 5"
            " shuffles"
        ) in words
        for importance in reliance["importances"]:
            shown = f"{importance['fall']:.3f} ± {importance['deviation']:.3f}"
            assert f"{importance['feature']} {shown}" in words
        assert words.index("What it relies on") < words.index("What each feature does")
        assert TITLE not in words


@pytest.mark.parametrize("version", ["v0", "v2", "v3"])
def test_a_model_that_is_not_linear_tells_what_its_features_do(
    boosted_client: FlaskClient, version: str
) -> None:
    """A curve for a number and for a date; the levels of a category, with their means."""
    metadata = boosted_client.get(f"/{version}/metadata").get_json()
    page = get_page(boosted_client, f"/{version}")
    assert TITLE in page.words
    assert "so it has no coefficients" not in page.words
    curves = [own["aria-label"] for tag, own in page.elements if own.get("class") == "chart"]
    by_name = {each["feature"]: each for each in metadata["reliance"]["dependences"]}
    assert by_name.keys() == {"age", "since", "plan", "renews", "luck"}
    for name in ("age", "since", "luck"):
        assert len([curve for curve in curves if f"Mean prediction by {name}, " in curve]) == max(
            1, len(metadata["classes"]) if version == "v3" else 1
        )
    plan = dict(zip(by_name["plan"]["values"], by_name["plan"]["outputs"][0], strict=True))
    if version == "v2":
        assert f"pro {plan['pro']:.3f}" in page.words


def test_the_json_of_the_page_has_it_too(boosted_client: FlaskClient) -> None:
    """As the metadata."""
    page = boosted_client.get("/v2", headers=ACCEPT_JSON).get_json()
    assert page["reliance"] == boosted_client.get("/v2/metadata").get_json()["reliance"]


@pytest.mark.parametrize(
    ("figures", "ends", "verdict"),
    [
        ((0.91, 0.85), (0.04, 0.08), "Gradient boosting is better here."),
        ((0.85, 0.91), (-0.08, -0.04), "This model is better here."),
        ((0.9, 0.88), (-0.01, 0.05), "These rows cannot tell the two apart."),
    ],
)
def test_the_page_tells_whether_a_straight_line_is_enough(
    config: Settings,
    made_csv: Path,
    monkeypatch: pytest.MonkeyPatch,
    figures: tuple[float, float],
    ends: tuple[float, float],
    verdict: str,
) -> None:
    """With the interval of the difference, the rows of both, and how to try it."""
    found = Yardstick(*figures, Interval(*ends), 150, 50, ("<i>note</i>",))
    monkeypatch.setattr("app.models.train_model.compare_with_boosting", lambda *_: found)
    train(str(made_csv), "v0", yardstick=True, config=config)
    client = create_app(config).test_client()
    low, high = (f"{end:+.3f}".replace("-", "−") for end in ends)
    words = get_page(client, "/v0").words
    assert "Is a straight line enough?" in words
    assert f"Gradient boosting reaches {figures[0]:.3f} here, this model {figures[1]:.3f}" in words
    assert f"its 95 % interval goes from {low} to {high}. {verdict}" in words
    assert "fitted on 150 rows, this model on 150. It leaves a text out: <i>note</i>." in words
    assert "def build_classifier(features, C=0.1): return boosted_classifier(features)" in words
    assert client.get("/v0/metadata").get_json()["yardstick"]["figure"] == figures[0]


def test_without_a_yardstick_the_page_does_not_speak_of_it(boosted_client: FlaskClient) -> None:
    """Training was told to leave it out."""
    assert "Gradient boosting" not in get_page(boosted_client, "/v2").words


def test_an_older_file_does_not_know_what_it_relies_on(config: Settings) -> None:
    """Its page has what each feature does, as it used to."""
    old = Path(__file__).parents[1] / "store/old/format-1/trained-model-v2.p"
    shutil.copy(old, config.models_root)
    words = get_page(create_app(config).test_client(), "/v2").words
    assert "What it learned How each feature changes the log-odds" in words
    assert "What it relies on" not in words


def test_a_page_of_many_classes_stays_light(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It draws the curves of the most frequent classes."""
    monkeypatch.setattr(estimators, "build_classifier", build_boosting)
    name = "a very long name of more than sixty characters, as surveys have them"
    rows = [[k % 97, k % 89, k % 15 % 7, f"class {k % 15}"] for k in range(300)]
    path = write_csv(tmp_path / "many.csv", [["a", "b", name, "target"], *rows])
    train(str(path), "v0", config=config)
    client = create_app(config).test_client()
    assert len(client.get("/v0").data) < 300_000
    page = get_page(client, "/v0")
    assert "Here are the 4 most frequent of 15 classes." in page.words
    labels = [own["aria-label"] for tag, own in page.elements if own.get("class") == "chart"]
    assert len([label for label in labels if label.startswith(f"Mean prediction by {name}")]) == 4
