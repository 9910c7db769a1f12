"""The threshold of a version: given, or chosen on the training set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.app import create_app
from app.settings import Settings
from app.store.manifest import Manifest
from app.training.threshold import (
    MIN_FLAGGED,
    Aim,
    Rule,
    UnusableThreshold,
    choose_threshold,
)
from tests.support.csv_files import write_csv
from tests.support.manifests import curves_of
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, read_manifest

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60).filter(
    lambda rows: any(is_class for is_class, _ in rows)
)


def rates(rows: list[tuple[bool, float]], threshold: float) -> dict[str, float]:
    """Return what a threshold reaches on rows: whether each is of the class, its probability."""
    flagged = [is_class for is_class, p in rows if round(p * 10_000) / 10_000 >= threshold]
    return {
        "recall": sum(flagged) / sum(is_class for is_class, _ in rows),
        "precision": sum(flagged) / max(1, len(flagged)),
        "flagged": len(flagged) / len(rows),
        "rows": len(flagged),
    }


def candidates(rows: list[tuple[bool, float]]) -> list[float]:
    """Return all thresholds that differ in which rows they flag."""
    return sorted({0.0, 1.0, *(round(p * 10_000) / 10_000 for _, p in rows)})


def choose(aim: Aim, share: float, rows: list[tuple[bool, float]]) -> float:
    """Return the threshold that is chosen."""
    is_class, probability = map(np.array, zip(*rows, strict=True))
    return choose_threshold(Rule(aim, share), is_class, probability).value


@given(ROWS, st.floats(0.01, 1))
def test_a_recall_is_reached_by_the_highest_threshold(
    rows: list[tuple[bool, float]], share: float
) -> None:
    """Any other that finds as many rows of the class flags at least as many others."""
    chosen = choose("recall", share, rows)
    assert rates(rows, chosen)["recall"] >= share - 1e-6
    for other in candidates(rows):
        assert other <= chosen or rates(rows, other)["recall"] < share


@given(ROWS, st.floats(0.01, 1))
def test_a_precision_is_reached_by_the_threshold_with_the_highest_recall(
    rows: list[tuple[bool, float]], share: float
) -> None:
    """If none reaches it on enough rows, that is refused."""
    reached = {at: rates(rows, at) for at in candidates(rows)}
    fitting = {
        at: each["recall"]
        for at, each in reached.items()
        if each["precision"] >= share - 1e-9 and each["rows"] >= MIN_FLAGGED
    }
    if not fitting:
        with pytest.raises(UnusableThreshold, match=r"^No threshold reaches a precision of "):
            choose("precision", share, rows)
        return
    chosen = rates(rows, choose("precision", share, rows))
    assert chosen["precision"] >= share - 1e-6
    assert chosen["recall"] == max(fitting.values())


@given(ROWS, st.floats(0.01, 1))
def test_a_share_of_rows_is_flagged_from_below(
    rows: list[tuple[bool, float]], share: float
) -> None:
    """As many as there can be; if already the highest probability has more, that is refused."""
    fitting = [
        flagged
        for at in candidates(rows)
        if 0 < (flagged := rates(rows, at)["flagged"]) <= share + 1e-9
    ]
    if not fitting:
        with pytest.raises(UnusableThreshold, match=r"^No threshold flags "):
            choose("flagged", share, rows)
        return
    assert rates(rows, choose("flagged", share, rows))["flagged"] == max(fitting)


@pytest.fixture
def rare_csv(tmp_path: Path) -> Path:
    """A CSV of which one row in ten is of the class, and one column tells something about it."""
    generator = np.random.default_rng(11)
    x = generator.normal(size=4000)
    score = x + generator.normal(size=4000)
    target = (score > np.quantile(score, 0.9)).astype(int).tolist()
    rows = [[f"{a:.6f}", str(b)] for a, b in zip(x, target, strict=True)]
    return write_csv(tmp_path / "rare.csv", [["x", "target"], *rows])


def check_matrix(manifest: Manifest) -> None:
    """The confusion matrix, the labels' rates and the accuracy are those at the threshold."""
    (_, false_alarms), (_, found) = curves_of(manifest).confusion
    points = curves_of(manifest).classes["1"].points
    assert points is not None
    place = points.threshold.index(manifest.threshold)
    assert (points.true_positives[place], points.false_positives[place]) == (found, false_alarms)
    labels = manifest.label_metrics
    assert labels is not None
    assert labels.recall is not None
    assert labels.recall.value == found / points.positives


@pytest.mark.parametrize(("aim", "share"), [("recall", 0.8), ("precision", 0.4), ("flagged", 0.15)])
def test_a_threshold_is_chosen_on_the_training_set_and_holds_on_other_rows(
    run_training: Run, config: Settings, rare_csv: Path, aim: Aim, share: float
) -> None:
    """It is told with what it reaches, and the manifest says what it was chosen for."""
    result = run_training(rare_csv, "--threshold-for", f"{aim}={share}")
    manifest = read_manifest(config)
    assert manifest.parameters.threshold_for == f"{aim}={share}"
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        f"Note: The threshold is {manifest.threshold:g}, chosen for {aim}={share} by"
        " cross-validation on the training set: recall 0."
    )
    assert line.endswith("% of the rows flagged; --threshold decides otherwise.")
    rate = getattr(manifest.label_metrics, aim)
    assert rate.interval.low <= share <= rate.interval.high
    check_matrix(manifest)


def test_a_threshold_can_be_given(run_training: Run, config: Settings, rare_csv: Path) -> None:
    """One with more places than probabilities have is the next one that gives the same labels."""
    run_training(rare_csv, "--threshold", "0.07123")
    manifest = read_manifest(config)
    assert manifest.threshold == 0.0713
    assert manifest.parameters.threshold_for == ""
    check_matrix(manifest)


def test_clients_get_the_labels_of_the_versions_threshold(
    run_training: Run, config: Settings, rare_csv: Path
) -> None:
    """In JSON and in CSV; the first row is above the threshold, the second below."""
    run_training(rare_csv, "--threshold", "0.2")
    client = create_app(config).test_client()
    rows = [{"id": 1, "x": 1.4}, {"id": 2, "x": 0.0}]
    answers = client.post("/v0/predict?label=true", json=rows).get_json()
    assert [each["label"] for each in answers] == ["1", "0"]
    assert 0.5 > answers[0]["prediction"] >= 0.2 > answers[1]["prediction"]
    one = client.post("/v0/predict?label=true", json=rows[0]).get_json()
    assert one["label"] == "1"
    csv = client.post(
        "/v0/predict?label=true", data="id,x\n1,1.4\n2,0.0\n", content_type="text/csv"
    )
    assert [line.rpartition(",")[2] for line in csv.text.splitlines()] == ["label", "1", "0"]


def test_training_like_a_version_keeps_its_threshold(
    run_training: Run, config: Settings, rare_csv: Path
) -> None:
    """Or what it was chosen for; unless another one is asked for."""
    run_training(rare_csv, "--threshold", "0.3")
    run_training(rare_csv, "--like", "v0", version="v1")
    assert read_manifest(config, "v1").threshold == 0.3
    run_training(rare_csv, "--like", "v1", "--threshold-for", "recall=0.9", version="v2")
    run_training(rare_csv, "--like", "v2", version="v3")
    third, fourth = read_manifest(config, "v2"), read_manifest(config, "v3")
    assert third.threshold == fourth.threshold < 0.3
    assert fourth.parameters.threshold_for == "recall=0.9"


NOT_A_RULE = (
    "--threshold-for must be recall=, precision= or flagged= and a share above 0 and at most 1,"
    " such as recall=0.8."
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threshold", "1.01"], "--threshold must be a number between 0 and 1."),
        (["--threshold", "nan"], "--threshold must be a number between 0 and 1."),
        *(
            (["--threshold-for", text], NOT_A_RULE)
            for text in ("recall", "recall=", "recall=0", "recall=80", "recall=nan", "f1=0.5")
        ),
        (
            ["--threshold", "0.2", "--threshold-for", "recall=0.8"],
            "--threshold-for chooses the threshold; say one or the other.",
        ),
    ],
)
def test_what_is_no_threshold_is_refused_before_any_work(
    refused_training: Callable[..., str], options: list[str], message: str
) -> None:
    """In one line."""
    assert refused_training(TRAINING_CSV, *options) == message


@pytest.mark.parametrize("option", ["--threshold=0.2", "--threshold-for=recall=0.8"])
def test_only_two_classes_have_a_threshold(
    refused_training: Callable[..., str], tmp_path: Path, option: str
) -> None:
    """Neither three nor a number."""
    rows = [[str(i % 7), str(i % 3)] for i in range(60)]
    path = write_csv(tmp_path / "three.csv", [["x", "target"], *rows])
    name = option.partition("=")[0]
    assert refused_training(path, option) == f"{name} is for two classes, and there are 3."
    assert refused_training(path, option, "--task", "regression") == (
        f"{name} is for classifications, and a number is predicted."
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "precision=0.99",
            "No threshold reaches a precision of 0.99 on the training set: the highest that at"
            " least 10 rows have is 0.",
        ),
        (
            "flagged=0.0001",
            "No threshold flags 0.0001 of the rows or fewer: already 0.",
        ),
    ],
)
def test_what_no_threshold_reaches_is_refused(
    run_training: Run, config: Settings, rare_csv: Path, rule: str, message: str
) -> None:
    """With what could be reached; no version is published."""
    result = run_training(rare_csv, "--threshold-for", rule)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {message}")
    assert not list(Path(config.models_root).iterdir())


def test_groups_that_cannot_be_divided_are_refused(run_training: Run, tmp_path: Path) -> None:
    """Of two groups with a class each, no fold has both classes on both sides."""
    rows = [[str(i % 7), f"g{i % 2}" if i < 80 else "g2", str(i % 2)] for i in range(160)]
    path = write_csv(tmp_path / "groups.csv", [["x", "who", "target"], *rows])
    result = run_training(path, "--group", "who", "--threshold-for", "recall=0.8")
    assert result.stderr.splitlines()[-1] == (
        "Error: There are too few rows or groups to choose a threshold by cross-validation; say"
        " --threshold instead."
    )
