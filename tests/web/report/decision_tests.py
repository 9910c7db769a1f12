"""Where to draw the line: what the page says of a threshold, by the server and by the browser."""

import html
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.app import create_app
from app.settings import Settings
from app.store.curves import Deciles, OperatingPoints
from app.web.assets import STATIC
from app.web.report.decision import Decision, make_decision, make_texts
from app.web.report.plots import make_class_plots
from tests.support.class_curves import curves_of
from tests.support.pages import ACCEPT_JSON, get_page
from tests.support.paths import ROOT
from tests.support.tables import customers, write_csv
from tests.support.training import Run, read_manifest

POINTS = OperatingPoints(
    threshold=(1.0, 0.9, 0.5, 0.25, 0.1, 0.0),
    true_positives=(0, 10, 30, 45, 48, 50),
    false_positives=(0, 0, 10, 90, 400, 950),
    positives=50,
    negatives=950,
    deciles=Deciles((100,) * 10, (40, 5, 3, 1, 1, 0, 0, 0, 0, 0)),
)
EMPTY = OperatingPoints((1.0, 0.0), (0, 0), (0, 3), 0, 3, Deciles((1, 1, 1), (0, 0, 0)))


def decide(threshold: float, points: OperatingPoints = POINTS) -> Decision:
    """Return what there is to decide at a threshold."""
    plots = make_class_plots("yes", curves_of(50, 950, [0.1, 0.6], [0.0, 1.0]))
    return make_decision(points, threshold, plots)


def run_script(program: str) -> Any:
    """Return what a JavaScript program prints as JSON, with thresholds.js as `page`."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js to run the pages' JavaScript")
    script = f"import * as page from {json.dumps((STATIC / 'thresholds.js').as_uri())};"
    printed = subprocess.run(
        [node, "--input-type=module"],
        input=f"{script} console.log(JSON.stringify({program}));",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return json.loads(printed)


def test_a_threshold_is_told_in_counts_and_shares() -> None:
    """Of 50 rows of the class 30 are found, among 40 that are flagged."""
    texts = {name: text.replace("\xa0", " ") for name, text in decide(0.5).texts.items()}
    expected = {
        "threshold": "0.5",
        "found": "30",
        "missed": "20",
        "alarmed": "10",
        "spared": "940",
        "n_flagged": "40",
        "precision": "75 %",
        "precision_interval": "59.8 % to 85.8 %",
        "recall": "60 %",
        "specificity": "98.9 %",
        "flagged": "4 %",
        "f1": "0.667",
        "f1_interval": "0.548 to 0.767",
    }
    assert {name: texts[name] for name in expected} == expected


def test_the_point_shown_is_the_lowest_that_is_not_below_the_threshold() -> None:
    """As the API decides."""
    thresholds = {0.5: "0.5", 0.3: "0.5", 0.25: "0.25", 1.0: "1", 0.00001: "0.1", 0.0: "0"}
    assert {each: decide(each).texts["threshold"] for each in thresholds} == thresholds


def test_what_cannot_be_told_is_a_dash() -> None:
    """Where no row is flagged, or there is none of the class."""
    assert decide(1.0).texts["precision"] == "–"
    assert decide(0.5, EMPTY).texts["recall_interval"] == "–"


def test_tenths_tell_who_is_found_first() -> None:
    """The lift is against the average of all rows."""
    tenths = decide(0.5).tenths
    assert [tenth.lift for tenth in tenths[:3]] == pytest.approx([8.0, 1.0, 0.6])
    assert [tenth.found for tenth in tenths[:3]] == pytest.approx([0.8, 0.9, 0.96])
    assert tenths[-1].found == 1.0


@pytest.mark.parametrize("points", [POINTS, EMPTY])
def test_the_browser_says_of_each_point_what_the_server_says(points: OperatingPoints) -> None:
    """The same words, digit by digit."""
    facts = json.dumps(dict(decide(0.5, points).facts))
    n_points = len(points.threshold)
    program = f"Array.from({{length: {n_points}}}, (_, k) => page.textsAt({facts}, k))"
    assert run_script(program) == [make_texts(points, place) for place in range(n_points)]


@pytest.mark.parametrize("threshold", POINTS.threshold)
def test_the_browser_puts_marks_where_the_server_does(threshold: float) -> None:
    """On all four plots."""
    chosen = decide(threshold)
    marks = run_script(f"page.marksAt({json.dumps(dict(chosen.facts))}, {chosen.facts['chosen']})")
    assert marks.keys() == chosen.marks.keys()
    frame = chosen.facts["frame"]
    for plot, mark in chosen.marks.items():
        x, y = (1e9 if share is None else share for share in marks[plot])
        assert (max(x, y) <= 1) == mark.is_shown
        if mark.is_shown:
            right, up = frame["right"] - frame["left"], frame["floor"] - frame["top"]
            assert frame["left"] + x * right == pytest.approx(mark.x, abs=0.06)
            assert frame["floor"] - y * up == pytest.approx(mark.y, abs=0.06)


@pytest.mark.parametrize(
    ("miss", "alarm", "place"), [(1, 1, 2), (1000, 1, 5), (1, 100, 1), (5, 1, 2), (20, 1, 3)]
)
def test_the_cheapest_point_costs_least(miss: int, alarm: int, place: int) -> None:
    """Of all points; a thousand rows cost what their misses and false alarms do."""
    facts = json.dumps(dict(decide(0.5).facts))
    assert run_script(f"page.cheapest({facts}, {miss}, {alarm})") == place
    missed, alarmed = 50 - POINTS.true_positives[place], POINTS.false_positives[place]
    cost = run_script(f"page.costAt({facts}, {place}, {miss}, {alarm})")
    assert cost == pytest.approx(missed * miss + alarmed * alarm)


def test_the_page_and_its_report_show_the_versions_threshold(page_client: FlaskClient) -> None:
    """Figures, matrix, gain and lift; only the page has a command, and controls."""
    manifest = page_client.get("/v0", headers=ACCEPT_JSON).get_json()
    points = manifest["curves"]["classes"]["1"]["points"]
    place = points["threshold"].index(0.5)
    found, alarmed = points["true_positives"][place], points["false_positives"][place]
    for path in ("/v0", "/v0/report"):
        words = get_page(page_client, path).words
        assert f"{found:,} of {points['positives']:,} rows of 1 are found." in words
        assert f"{found:,} of {found + alarmed:,} flagged rows are 1." in words
        assert "Gain curve" in words
        assert "Confusion matrix at 0.5" in words
        command = "python -m app.models.train_model training.csv v6 --like v0 --threshold 0.5"
        assert (command in words) == (path == "/v0")


def test_three_classes_have_no_threshold(page_client: FlaskClient) -> None:
    """Their label is the most probable class."""
    assert "line" not in get_page(page_client, "/v1").all("section", "id")


@pytest.mark.parametrize("path", ["/v0", "/v0/report"])
def test_a_file_of_an_older_format_has_a_page_without_the_control(
    path: str, config: Settings
) -> None:
    """And with its confusion matrix."""
    old = ROOT / "tests/store/old/format-1/trained-model-v0.p"
    shutil.copy(old, config.models_root)
    page = get_page(create_app(config).test_client(), path)
    assert "line" not in page.all("section", "id")
    assert "Predicted True class" in page.words
    assert "On average the two differ by" in page.words


def test_the_command_trains_the_next_version_with_the_threshold(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Of the same columns and classes; its page starts at that threshold."""
    path = write_csv(tmp_path / "who leaves.csv", customers())
    options = ("--target", "churned", "--id", "customer", "--positive-class", "no")
    assert run_training(path, *options).exit_code == 0
    client = create_app(config).test_client()
    command = client.get("/v0").text.partition('<code id="command">')[2].partition("</code>")[0]
    words = shlex.split(re.sub("<.*?>", "", html.unescape(command)).replace("0.5", "0.4"))
    assert words[:5] == ["python", "-m", "app.models.train_model", "who leaves.csv", "v1"]
    assert run_training(path, *words[5:], version="v1").exit_code == 0
    manifest = read_manifest(config, "v1")
    assert (manifest.threshold, manifest.positive_class) == (0.4, "no")
    assert (
        "if its probability is at least the threshold, which is 0.4"
        in get_page(client, "/v1").words
    )
