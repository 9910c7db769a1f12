"""Training: from any CSV to a model that serves, and one line for what cannot be learned from.

Most runs are `main` in this process; what the process itself contributes is run as one.
"""

import bz2
import csv
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import select
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import hypothesis
import joblib
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import fair, spector

from app import settings
from app.app import create_app
from app.helpers.errors import InvalidDataset
from app.models import train_model
from app.models.train_model import main, train
from app.settings import Settings
from app.store.manifest import Manifest
from app.store.trained_model import load_trained_model
from app.tables import csv_file
from app.training.dataset import Columns
from app.training.evaluation import evaluate, evaluate_baseline
from app.utils import notes
from tests.support.paths import ROOT
from tests.training.dataset_tests import tables

TRAINING_CSV = ROOT / "data/raw/training.csv"
SIZES = re.compile(r"training set has (\d+) rows\nvalidation set has (\d+) rows\n")

Run = Callable[..., Result]


@pytest.fixture
def run(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: run(path, *options) trains v0."""
    monkeypatch.setattr(settings, "current", config)

    def run(path: str | Path, *options: str, version: str = "v0") -> Result:
        return CliRunner().invoke(main, [str(path), version, *options], catch_exceptions=False)

    return run


def write_csv(path: Path, rows: Iterable[Sequence[Any]], **dialect: Any) -> Path:
    """Write rows as csv.writer does; None is an empty field."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, **dialect).writerows(rows)
    return path


def read_manifest(config: Settings, version: str = "v0") -> Manifest:
    """Return the manifest of a model that loads, which is to say: is proven."""
    path = os.path.join(config.models_root, f"trained-model-{version}.p")
    with open(path, "rb") as file:
        model = load_trained_model(file, version, [config.model_signing_key.encode()])
    return model.manifest


def in_process(*arguments: str, cwd: Path = ROOT, **environment: str) -> Any:
    """Run Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def environment_of(config: Settings) -> dict[str, str]:
    """Return the environment variables that make these settings."""
    names = ("models_root", "logs_root", "model_signing_key", "model_signing_key_file")
    return {name.upper(): getattr(config, name) for name in names}


# The documented run


def test_prints_exactly_what_is_documented(config: Settings) -> None:
    """On the dummy data, as a process: the paths, the rows, the ROC AUC; nothing on stderr."""
    trained = in_process(
        *("-m", "app.models.train_model", "data/raw/training.csv", "v0"), **environment_of(config)
    )
    roc_auc = read_manifest(config).metrics["roc_auc"]
    assert trained.stdout == (
        f"\nWill train model v0 using the file at: {TRAINING_CSV}\n\n"
        "training set has 7500 rows\n"
        "validation set has 2500 rows\n"
        f"{roc_auc}\n"
        f"Successfully saved model at {config.models_root}/trained-model-v0.p\n"
    )
    assert trained.stderr == ""
    assert trained.returncode == 0
    assert roc_auc == pytest.approx(0.986, abs=0.005)


def test_a_refusal_is_one_line_on_stderr_and_exit_status_2(config: Settings) -> None:
    """As a process: no traceback, no model, no key."""
    config = replace(config, model_signing_key="")
    refused = in_process(
        *("-m", "app.models.train_model", "data/raw/training.csv", "v0", "--target", "y"),
        **environment_of(config),
    )
    assert refused.stderr == (
        "Error: There is no column 'y'; there are 'x_1', 'x_2', 'x_3', 'x_4', 'target'.\n"
    )
    assert refused.returncode == 2
    assert os.listdir(config.models_root) == []
    assert not os.path.exists(config.model_signing_key_file)


def test_the_dummy_data_is_what_its_script_makes(tmp_path: Path) -> None:
    """Byte for byte: 10,000 rows, x_1 missing in some and nothing else in any."""
    shutil.copy(ROOT / "data/raw/make_training.py", tmp_path)
    assert in_process("make_training.py", cwd=tmp_path).returncode == 0
    assert (tmp_path / "training.csv").read_bytes() == TRAINING_CSV.read_bytes()
    table = pd.read_csv(TRAINING_CSV)
    assert list(table) == ["x_1", "x_2", "x_3", "x_4", "target"]
    assert len(table) == 10_000
    assert table["x_1"].isna().sum() > 100
    assert table.drop(columns="x_1").notna().all(axis=None)


def test_the_figure_is_what_scikit_learn_says_of_unseen_rows(run: Run, config: Settings) -> None:
    """The same quarter, cut and scored by hand."""
    result = run(TRAINING_CSV)
    table = pd.read_csv(TRAINING_CSV)
    X, y = table.drop(columns="target"), table["target"]
    _, X_validation, _, y_validation = train_test_split(
        X, y, test_size=0.25, random_state=1, stratify=y
    )
    estimator = joblib.load(os.path.join(config.models_root, "trained-model-v0.p"))
    expected = roc_auc_score(y_validation, estimator.predict_proba(X_validation)[:, 1])
    assert result.stdout.splitlines()[5] == str(expected)


# Real data


def predict(client: FlaskClient, rows: list[dict[str, Any]]) -> list[Any]:
    """Return the API's predictions for rows without ids."""
    answer = client.post("/v0/predict", json=[{"id": i, **row} for i, row in enumerate(rows)])
    assert answer.status_code == 200, answer.json
    return [prediction["prediction"] for prediction in answer.json]


def breast_cancer() -> pd.DataFrame:
    """Thirty columns with spaces in their names, two classes."""
    return load_breast_cancer(as_frame=True).frame


def spector_grades() -> pd.DataFrame:
    """Three columns, 32 rows."""
    return spector.load_pandas().data.rename(columns={"GRADE": "target"})


def fair_affairs() -> pd.DataFrame:
    """Eight columns, 6,366 rows."""
    data = fair.load_pandas().data
    return data.drop(columns="affairs").assign(target=np.where(data["affairs"] > 0, "yes", "no"))


@pytest.mark.parametrize(
    ("load", "at_least"), [(breast_cancer, 0.99), (spector_grades, 0.8), (fair_affairs, 0.7)]
)
def test_real_data_trains_and_serves(
    load: Callable[[], pd.DataFrame], at_least: float, run: Run, config: Settings, tmp_path: Path
) -> None:
    """Predictions over HTTP are those of the same model written by hand."""
    table = load()
    table.to_csv(tmp_path / "real.csv", index=False)

    result = run(tmp_path / "real.csv")

    assert (result.stderr, result.exit_code) == ("", 0)
    assert float(result.stdout.splitlines()[5]) > at_least
    X, y = table.drop(columns="target"), table["target"]
    X_train, X_validation, y_train, _ = train_test_split(
        X, y, test_size=0.25, random_state=1, stratify=y
    )
    by_hand = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    by_hand.fit(X_train, y_train)
    predictions = predict(create_app(config).test_client(), X_validation.to_dict("records"))
    assert predictions == pytest.approx(by_hand.predict_proba(X_validation)[:, 1], abs=1e-4)


def test_three_classes_train_and_serve(run: Run, config: Settings, tmp_path: Path) -> None:
    """Wine: an object, class to probability; the figure is macro one-vs-rest."""
    table = load_wine(as_frame=True).frame
    table["target"] = table["target"].map({0: "Barolo", 1: "Grignolino, dry", 2: "Barbera d'Asti"})
    table.to_csv(tmp_path / "wine.csv", index=False)

    result = run(tmp_path / "wine.csv")

    assert (result.stderr, result.exit_code) == ("", 0)
    X, y = table.drop(columns="target"), table["target"]
    _, X_validation, _, y_validation = train_test_split(
        X, y, test_size=0.25, random_state=1, stratify=y
    )
    answers = predict(create_app(config).test_client(), X_validation.to_dict("records"))
    classes = ["Barbera d'Asti", "Barolo", "Grignolino, dry"]
    assert all(list(answer) == classes for answer in answers)
    expected = roc_auc_score(
        y_validation,
        joblib.load(f"{config.models_root}/trained-model-v0.p").predict_proba(X_validation),
        multi_class="ovr",
    )
    assert float(result.stdout.splitlines()[5]) == pytest.approx(expected, abs=1e-12)
    accuracy = np.mean(
        [max(a, key=a.get) == label for a, label in zip(answers, y_validation, strict=True)]
    )
    assert accuracy > 0.9


MIXED_NAMES = ["größe in cm", 'the "best"', "it's, so", "安い", "Zeile\n2"]


def mixed_rows(n_rows: int = 400) -> list[list[Any]]:
    """Return rows of a number, a boolean, two categories and a zip code, some missing."""
    generator = np.random.default_rng(1)
    rows = []
    for i in range(n_rows):
        height, best = generator.normal(170, 10), bool(generator.random() < 0.5)
        colour = ["rot", "grün", "bläulich, fast", 'so "lila"'][generator.integers(4)]
        cheap = ["ja", "nein"][generator.integers(2)]
        zip_code = f"{generator.integers(0, 20):05d}"
        z = (height - 170) / 5 + best - (colour == "rot") + generator.logistic()
        row = [f"{height:.2f}", best, colour, cheap, zip_code]
        if i % 9 == 0:
            row[i % 4] = None
        rows.append([*row, "tall" if z > 0 else "short"])
    return rows


def test_mixed_types_with_gaps_and_any_names_train_and_serve(
    run: Run, config: Settings, tmp_path: Path
) -> None:
    """Each column's type, gaps and categories are found; null and every category are served."""
    rows = mixed_rows()
    path = write_csv(tmp_path / "gemischt.csv", [[*MIXED_NAMES, "target"], *rows])

    result = run(path, "--categorical", "Zeile\n2")

    assert (result.stderr, result.exit_code) == ("", 0)
    features = read_manifest(config).features
    assert [feature.name for feature in features] == MIXED_NAMES
    assert [feature.type for feature in features] == ["number", "boolean", *["category"] * 3]
    assert [feature.nullable for feature in features] == [True, True, True, True, False]
    assert features[2].categories == ("bläulich, fast", "grün", "rot", 'so "lila"')
    assert features[4].categories == tuple(f"{number:05d}" for number in range(20))
    full = dict(zip(MIXED_NAMES, [181.5, True, "grün", "ja", "00007"], strict=True))
    gaps = dict.fromkeys(MIXED_NAMES[:4]) | {"Zeile\n2": "00019"}
    tall, short, unknown = predict(
        create_app(config).test_client(), [full, full | {"größe in cm": 150}, gaps]
    )
    assert tall > 0.9 > 0.1 > short
    assert 0.0 < unknown < 1.0


def test_serving_imputes_as_training_does(run: Run, config: Settings, tmp_path: Path) -> None:
    """A missing number is the training rows' median; a missing text a category of its own."""
    rows = [[i % 10, "ab"[i % 2], i % 3 % 2] for i in range(120)]
    rows += [[None, None, 1] for _ in range(60)]
    run(write_csv(tmp_path / "gaps.csv", [["x", "letter", "target"], *rows]))
    median = joblib.load(f"{config.models_root}/trained-model-v0.p")[0].transformers_[0][1][0]
    client = create_app(config).test_client()
    missing, filled, known = predict(
        client,
        [
            {"x": None, "letter": None},
            {"x": median.statistics_[0], "letter": None},
            {"x": None, "letter": "a"},
        ],
    )
    assert missing == filled > 0.7 > 0.5 > known


# What the options do


def base_rows(n_rows: int = 40) -> list[list[Any]]:
    """Return a header and rows of a number, a category and a target that neither tells."""
    generator = np.random.default_rng(2)
    return [
        ["x", "letter", "target"],
        *(
            [f"{generator.normal():.3f}", generator.choice(["a", "b"]), i % 2]
            for i in range(n_rows)
        ),
    ]


def test_the_same_csv_gives_the_same_model(run: Run, config: Settings, tmp_path: Path) -> None:
    """Same coefficients and metrics; only the time differs."""
    path = write_csv(tmp_path / "mixed.csv", [[*MIXED_NAMES, "target"], *mixed_rows()])
    manifests, coefficients = [], []
    for version in ("v1", "v2"):
        run(path, "--C", "0.5", version=version)
        manifests.append(asdict(read_manifest(config, version)))
        model = joblib.load(f"{config.models_root}/trained-model-{version}.p")
        coefficients.append(model[-1].coef_.tolist())
    for manifest in manifests:
        manifest.pop("created_at")
        manifest.pop("version")
    assert coefficients[0] == coefficients[1]
    assert manifests[0] == manifests[1]


def test_the_manifest_says_what_a_model_was_made_from(
    run: Run, config: Settings, tmp_path: Path
) -> None:
    """The file, the rows, the options, the classes, the libraries."""
    rows = [[f"n {i}", *row, "NA" if i % 7 else "1"] for i, row in enumerate(base_rows()[1:])]
    path = write_csv(tmp_path / "made.csv", [["name", "x", "letter", "y", "other"], *rows])
    result = run(
        path,
        *("--target", "y", "--id", "name", "--drop", "other", "--categorical", "letter"),
        *("--missing", "NA", "--missing", "?", "--positive-class", "0", "--C", "2"),
    )
    assert (result.stderr, result.exit_code) == ("", 0)
    manifest = read_manifest(config)
    assert manifest.training_data == {
        "file_name": "made.csv",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rows": 40,
        "training_rows": 30,
        "validation_rows": 10,
    }
    assert manifest.target == "y"
    assert [feature.name for feature in manifest.features] == ["x", "letter"]
    assert (manifest.classes, manifest.positive_class) == (("0", "1"), "0")
    assert manifest.parameters == {
        "classifier": "Pipeline",
        "C": 2.0,
        "seed": 1,
        "target": "y",
        "id": "name",
        "drop": ["other"],
        "categorical": ["letter"],
        "missing": ["NA", "?"],
        "refit_on_all": False,
    }
    assert set(manifest.metrics) == set(manifest.baseline_metrics)
    assert manifest.baseline_metrics["roc_auc"] == 0.5
    assert {"python", "scikit-learn", "numpy", "pandas"} <= set(manifest.libraries)


@pytest.mark.parametrize(("n_classes", "positive_class"), [(2, 1), (2, 0), (4, None)])
def test_metrics_are_those_of_scikit_learn(n_classes: int, positive_class: int | None) -> None:
    """And the baseline's those of a model that always says the training set's shares."""
    generator = np.random.default_rng(5)
    target = generator.integers(0, n_classes, 500)
    probabilities = generator.dirichlet(np.ones(n_classes), 500)
    probabilities[np.arange(500), target] += 0.5
    probabilities /= 1.5
    training_target = generator.integers(0, n_classes, 300)
    shares = np.bincount(training_target) / 300

    def by_scikit_learn(predicted: Any) -> dict[str, float]:
        one_hot = np.eye(n_classes)[target]
        ranked = (
            (one_hot, predicted)
            if positive_class is None
            else (one_hot[:, positive_class], predicted[:, positive_class])
        )
        return {
            "roc_auc": roc_auc_score(*ranked),
            "average_precision": average_precision_score(*ranked),
            "brier_score": brier_score_loss(
                target, predicted, labels=range(n_classes), scale_by_half=n_classes == 2
            ),
            "log_loss": log_loss(target, predicted),
            "accuracy": accuracy_score(target, predicted.argmax(axis=1)),
        }

    assert evaluate(target, probabilities, positive_class) == pytest.approx(
        by_scikit_learn(probabilities)
    )
    assert evaluate_baseline(training_target, target, n_classes, positive_class) == pytest.approx(
        by_scikit_learn(np.tile(shares, (500, 1)))
    )


def test_the_curves_are_few_points_from_end_to_end(run: Run, config: Settings) -> None:
    """At most 200 of a curve; the ROC from (0, 0) to (1, 1); every row in the histogram."""
    run(TRAINING_CSV)
    curves = read_manifest(config).curves
    assert list(curves["classes"]) == ["1"]
    own = curves["classes"]["1"]
    roc, precision_recall = own["roc"], own["precision_recall"]
    assert 50 < len(roc["false_positive_rate"]) == len(roc["true_positive_rate"]) <= 200
    assert [roc[axis][0] for axis in roc] == [0.0, 0.0]
    assert [roc[axis][-1] for axis in roc] == [1.0, 1.0]
    assert 50 < len(precision_recall["recall"]) == len(precision_recall["precision"]) <= 200
    assert (precision_recall["recall"][0], precision_recall["recall"][-1]) == (0.0, 1.0)
    assert sum(own["histogram"]["positive"] + own["histogram"]["negative"]) == 2500
    assert np.sum(curves["confusion"]) == 2500


def test_the_self_check_has_no_row_of_the_data(run: Run, config: Settings) -> None:
    """What is published with a model is made up from statistics."""
    run(TRAINING_CSV)
    data = set(pd.read_csv(TRAINING_CSV).drop(columns="target").itertuples(index=False, name=None))
    rows = read_manifest(config).self_check["rows"]
    assert len(rows) > 10
    assert not data & {tuple(row.values()) for row in rows}


def test_the_positive_class_may_be_either(run: Run, config: Settings) -> None:
    """The probabilities add up to one, the ROC AUC is the same, the report is the class's own."""
    run(TRAINING_CSV, version="v1")
    run(TRAINING_CSV, "--positive-class", "0", version="v2")
    manifests = read_manifest(config, "v1"), read_manifest(config, "v2")
    assert [manifest.positive_class for manifest in manifests] == ["1", "0"]
    assert [list(manifest.curves["classes"]) for manifest in manifests] == [["1"], ["0"]]
    last, first = (manifest.metrics for manifest in manifests)
    assert first["roc_auc"] == pytest.approx(last["roc_auc"], abs=1e-12)
    assert first["average_precision"] != pytest.approx(last["average_precision"], abs=1e-4)
    assert manifests[0].curves["confusion"] == manifests[1].curves["confusion"]
    client = create_app(config).test_client()
    row = {"id": 1, "x_1": 0.1, "x_2": 0.2, "x_3": 0.3, "x_4": 0.4}
    predictions = [client.post(f"/v{n}/predict", json=row).json["prediction"] for n in (1, 2)]
    assert sum(predictions) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "2"], ("2", "10")),
        (["10", "-2.5", "2"], ("-2.5", "2", "10")),
        (["True", "False"], ("False", "True")),
        (["yes, sir", "nö"], ("nö", "yes, sir")),
        (["日本", 'a "b"', "c\nd"], ('a "b"', "c\nd", "日本")),
        (["nan", "None"], ("None", "nan")),
        (["1e400", "-inf"], ("-inf", "1e400")),
    ],
)
def test_labels_may_be_anything(
    labels: list[str], classes: tuple[str, ...], run: Run, config: Settings, tmp_path: Path
) -> None:
    """They are texts, in order of their value if all are numbers; the last of two is positive."""
    rows = [[i % 5, labels[i % len(labels)]] for i in range(30)]
    result = run(write_csv(tmp_path / "labels.csv", [["x", "target"], *rows]))
    assert (result.stderr, result.exit_code) == ("", 0)
    manifest = read_manifest(config)
    assert manifest.classes == classes
    assert manifest.positive_class == (classes[-1] if len(classes) == 2 else None)


def test_a_file_as_spreadsheets_save_it_trains(run: Run, config: Settings, tmp_path: Path) -> None:
    """A byte order mark, CRLF, quoted line ends and blank lines at the end change nothing."""
    path = write_csv(tmp_path / "plain.csv", base_rows(), lineterminator="\n")
    saved = tmp_path / "saved.csv"
    write_csv(saved, base_rows(), lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    saved.write_bytes(b"\xef\xbb\xbf" + saved.read_bytes() + b"\r\n\r\n")
    run(path, version="v1")
    run(saved, version="v2")
    plain, spreadsheet = read_manifest(config, "v1"), read_manifest(config, "v2")
    assert plain.features == spreadsheet.features
    assert plain.metrics == spreadsheet.metrics


def test_an_id_column_is_never_a_feature(run: Run, config: Settings, tmp_path: Path) -> None:
    """`id` is left out unasked, another with --id; neither need look like anything."""
    rows = [[f"row {i}", *row] for i, row in enumerate(base_rows()[1:])]
    by_default = write_csv(tmp_path / "id.csv", [["id", "x", "letter", "target"], *rows])
    by_option = write_csv(tmp_path / "name.csv", [["name", "x", "letter", "target"], *rows])
    run(by_default, version="v1")
    run(by_option, "--id", "name", version="v2")
    for version in ("v1", "v2"):
        assert [f.name for f in read_manifest(config, version).features] == ["x", "letter"]


def test_a_token_means_missing_wherever_it_is_all_of_a_field(
    run: Run, config: Settings, tmp_path: Path
) -> None:
    """In numbers, booleans and categories alike."""
    rows = [[i % 7, i % 2 == 0, "ab"[i % 2], i // 20] for i in range(40)]
    for column, token in enumerate(["-999", "?", "not known"]):
        rows[column + 3][column] = token
    path = write_csv(tmp_path / "tokens.csv", [["n", "b", "c", "target"], *rows])
    result = run(path, *("--missing", "-999", "--missing", "?", "--missing", "not known"))
    assert (result.stderr, result.exit_code) == ("", 0)
    n, b, c = read_manifest(config).features
    assert [n.type, b.type, c.type] == ["number", "boolean", "category"]
    assert [n.nullable, b.nullable, c.nullable] == [True, True, True]
    assert n.minimum == 0.0
    assert c.categories == ("a", "b")


def test_a_category_of_one_row_is_served(run: Run, config: Settings, tmp_path: Path) -> None:
    """Whichever set the row falls into, the categories are all those in the CSV."""
    rows = base_rows()
    for i in (5, 6, 7, 8):
        rows[i][1] = f"rare {i}"
    run(write_csv(tmp_path / "rare.csv", rows))
    categories = ("a", "b", "rare 5", "rare 6", "rare 7", "rare 8")
    assert read_manifest(config).features[1].categories == categories
    predictions = predict(
        create_app(config).test_client(), [{"x": 0, "letter": letter} for letter in categories]
    )
    assert all(0.0 < prediction < 1.0 for prediction in predictions)


def test_a_gap_in_one_row_is_served(run: Run, config: Settings, tmp_path: Path) -> None:
    """Also where the validation set has it, and where it has the only value."""
    for i in range(1, 9):
        gap, lone = base_rows(8), base_rows(8)
        gap[i][0] = None
        for row in lone[1:]:
            row[0] = None
        lone[i][0] = "3.5"
        for rows in (gap, lone):
            assert run(write_csv(tmp_path / "gap.csv", rows)).exit_code == 0
            assert read_manifest(config).features[0].nullable
            (prediction,) = predict(create_app(config).test_client(), [{"x": None, "letter": "a"}])
            assert 0.0 < prediction < 1.0


@pytest.mark.parametrize(
    "counts", [*product((4, 5, 6, 7), repeat=2), (4, 4, 4), (4, 5, 90), (100, 4), (4, 997)]
)
def test_four_rows_of_a_class_are_enough(
    counts: tuple[int, ...], run: Run, config: Settings, tmp_path: Path
) -> None:
    """Both sets have rows of every class, whatever the others' numbers."""
    rows = [[i % 3, f"class {k}"] for k, count in enumerate(counts) for i in range(count)]
    result = run(write_csv(tmp_path / "few.csv", [["x", "target"], *rows]))
    assert result.exit_code == 0
    n_training, n_validation = map(int, SIZES.search(result.stdout).groups())  # type: ignore[union-attr]
    assert n_training + n_validation == sum(counts)
    confusion = np.array(read_manifest(config).curves["confusion"])
    assert (confusion.sum(axis=1) >= 1).all()
    assert (np.array(counts) - confusion.sum(axis=1) >= 2).all()


# Warnings


def warned_columns(result: Result) -> list[str]:
    """Return the columns that are said to tell the target."""
    pattern = (
        r"Warning: Column '(.*)' alone tells the target almost perfectly;"
        r" is it known at the time of the prediction\?"
    )
    return [re.fullmatch(pattern, line).group(1) for line in result.stderr.splitlines()]  # type: ignore[union-attr]


def test_a_constant_column_is_warned_of(run: Run, tmp_path: Path) -> None:
    """Of any type; a column with gaps is none, nor one that varies once."""
    header = ["n", "b", "c", "gaps", "once", "x", "target"]
    rows = [[7, True, "a", 7 if i % 2 else None, int(i == 30), i % 9, i % 2] for i in range(40)]
    result = run(write_csv(tmp_path / "constant.csv", [header, *rows]), "--drop", "gaps")
    assert result.stderr == "".join(
        f"Warning: Column '{name}' has the same value in every row.\n" for name in "nbc"
    )
    assert result.exit_code == 0


@pytest.mark.parametrize("labels", [["no", "yes"], ["a", "b", "c"]])
def test_what_tells_the_target_is_warned_of(labels: list[str], run: Run, tmp_path: Path) -> None:
    """Copies, codes and ranges, in order or not. Good predictors are not."""
    generator = np.random.default_rng(3)
    header = ["copy", "number", "range", "shuffled", "code", "good", "mostly", "few", "target"]
    rows = []
    for i in range(400):
        k = i % len(labels)
        rows.append(
            [
                labels[k],
                k,
                k + generator.uniform(-0.4, 0.4),
                (k + 1) % len(labels) + generator.uniform(-0.4, 0.4),
                f"{labels[k]} {generator.integers(20)}",
                k + generator.normal() / 3,
                (k + (i % 100 == 0)) % len(labels) + generator.uniform(-0.4, 0.4),
                f"group {generator.integers(100)}",
                labels[k],
            ]
        )
    result = run(write_csv(tmp_path / "leak.csv", [header, *rows]))
    assert warned_columns(result) == ["copy", "number", "range", "shuffled", "code"]
    assert result.exit_code == 0


def test_what_tells_the_target_by_a_gap_or_nearly_is_warned_of(run: Run, tmp_path: Path) -> None:
    """A column that is filled in afterwards; a range with gaps beside it; one row in 200 amiss."""
    generator = np.random.default_rng(4)
    rows = []
    for i in range(800):
        k = i % 2
        noise = generator.normal()
        inside = generator.uniform(-1, 1) if k else generator.choice([-1, 1]) * (1 + noise**2)
        gap = generator.normal() if k else None
        rows.append([gap, gap and 7, inside, k + noise / 5, -k + noise / 5, k])
    header = ["gap", "same gap", "inside", "nearly", "nearly not", "target"]
    result = run(write_csv(tmp_path / "leak.csv", [header, *rows]))
    assert warned_columns(result) == ["gap", "same gap", "inside", "nearly", "nearly not"]


def test_a_rare_class_is_not_told_by_chance(run: Run, tmp_path: Path) -> None:
    """Four rows in 2,000, of four categories in 1,000, tell nothing."""
    rows = [[f"group {i // 2}", "yes" if i in (100, 501, 900, 1301) else "no"] for i in range(2000)]
    result = run(write_csv(tmp_path / "rare.csv", [["group", "target"], *rows]))
    assert (result.stderr, result.exit_code) == ("", 0)


def test_what_libraries_warn_of_is_a_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not Python's own two, with a path; and each once."""
    path = write_csv(tmp_path / "base.csv", base_rows())
    build = train_model.build_classifier

    def build_hasty(*arguments: Any, **options: Any) -> Any:
        return build(*arguments, **options).set_params(logisticregression__max_iter=1)

    monkeypatch.setattr(train_model, "build_classifier", build_hasty)
    result = run(path, "--C", "1000")
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("Warning: lbfgs failed to converge after 1 iteration")


# Refusals

GOOD = [
    ["x", "letter", "target"],
    *([i % 3, "ab"[i % 2], ["yes", "no"][i % 2]] for i in range(8)),
]
NOT_A_NUMBER = (
    "Row {row}, column 'x' is not a number, as most of the column is; mend it, declare it missing"
    " with --missing TOKEN, or use --categorical x."
)
HUGE = (
    "Row {row}, column 'x' is infinite or beyond ±1e+15; mend it or declare it missing with"
    " --missing TOKEN."
)
FEW = (
    "{n} of {of} classes in column 'target' have fewer than 4 rows: {classes}. A target is a class;"
    " to predict a number, group it first."
)
RESERVED = (
    "A feature cannot be called 'id', the name of a row's id in requests; rename it in the file or"
    " leave it out with --drop id."
)


def text(*rows: Sequence[Any], line_end: str = "\n") -> bytes:
    """Return rows as CSV."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=line_end).writerows(rows)
    return buffer.getvalue().encode()


def with_field(row: int, column: int, field: Any) -> bytes:
    """Return the good CSV with one field changed; rows as a spreadsheet numbers them."""
    rows = [list(fields) for fields in GOOD]
    rows[row - 1][column] = field
    return text(*rows)


def with_column(name: str, fields: Sequence[Any]) -> bytes:
    """Return the good CSV with another column first."""
    return text(*([field, *row] for field, row in zip([name, *fields], GOOD, strict=True)))


def two_columns(fields: Iterable[Any], targets: Sequence[Any] = (0, 1)) -> bytes:
    """Return a CSV of x and a target that goes round."""
    rows = ([field, targets[i % len(targets)]] for i, field in enumerate(fields))
    return text(["x", "target"], *rows)


REFUSALS: dict[str, tuple[bytes, list[str], str]] = {
    "no target column": (
        text(["x", "letter", "y"], *GOOD[1:]),
        [],
        "There is no column 'target'; there are 'x', 'letter', 'y'.",
    ),
    "many other columns": (
        text([f"x {i}" for i in range(12)]),
        [],
        "There is no column 'target'; there are 'x 0', 'x 1', 'x 2', 'x 3', 'x 4', 'x 5', 'x 6',"
        " 'x 7', 'x 8', 'x 9' and 2 more.",
    ),
    "no column to drop": (
        text(*GOOD),
        ["--drop", "colour"],
        "There is no column 'colour'; there are 'x', 'letter', 'target'.",
    ),
    "no column to be categorical": (
        text(*GOOD),
        ["--categorical", "zip"],
        "There is no column 'zip'; there are 'x', 'letter', 'target'.",
    ),
    "no column of ids": (
        text(*GOOD),
        ["--id", "name"],
        "There is no column 'name'; there are 'x', 'letter', 'target'.",
    ),
    "target dropped": (
        text(*GOOD),
        ["--drop", "target"],
        "Column 'target' is the target; it cannot be dropped.",
    ),
    "target is the id": (
        text(*GOOD),
        ["--id", "target"],
        "Column 'target' cannot be both the target and the id; name another with --target or --id.",
    ),
    "missing target": (
        with_field(4, 2, None),
        [],
        "Row 4, column 'target' is empty: each row needs its target.",
    ),
    "missing target by token": (
        with_field(9, 2, "?"),
        ["--missing", "?"],
        "Row 9, column 'target' is empty: each row needs its target.",
    ),
    "one class": (
        two_columns(range(9), ["never"]),
        [],
        "Column 'target' holds one class only, 'never'; there must be two or more to tell apart.",
    ),
    "a class of three rows": (
        with_field(2, 2, "no"),
        [],
        FEW.format(n=1, of=2, classes="'yes'"),
    ),
    "a number to predict": (
        two_columns(range(12), [f"{i}.5" for i in range(12)]),
        [],
        FEW.format(
            n=12,
            of=12,
            classes=", ".join(f"'{i}.5'" for i in range(10)) + " and 2 more",
        ),
    ),
    "too many classes": (
        two_columns((i % 9 for i in range(4004)), range(1001)),
        [],
        "Column 'target' has 1001 classes, more than 1000; to predict a number, group it first.",
    ),
    "one number as two classes": (
        two_columns(range(12), ["0", "1", "1.0"]),
        [],
        "Classes '1' and '1.0' in column 'target' are the same number; write it one way.",
    ),
    "no such positive class": (
        text(*GOOD),
        ["--positive-class", "Yes"],
        "There is no class 'Yes' in column 'target'; there are 'no', 'yes'.",
    ),
    "a positive class of three": (
        two_columns(range(12), "abc"),
        ["--positive-class", "a"],
        "There is no positive class among 3; leave --positive-class out.",
    ),
    "empty file": (b"", [], "The file is empty."),
    "byte order mark alone": (b"\xef\xbb\xbf", [], "The file is empty."),
    "blank first row": (b"\n" + text(*GOOD), [], "Row 1 is blank; it must name the columns."),
    "header only": (b"x,target\n", [], "The file has no rows below its header."),
    "header and blank lines": (b"x,target\n\n\n", [], "The file has no rows below its header."),
    "semicolons": (
        text(*GOOD).replace(b",", b";"),
        [],
        "The header has one column only, 'x;letter;target'; columns are separated by commas.",
    ),
    "no feature": (
        text(["id", "target"], *([i, i % 2] for i in range(8))),
        [],
        "There is no column to learn from beside the target.",
    ),
    "all features dropped": (
        text(*GOOD),
        ["--drop", "x", "--drop", "letter"],
        "There is no column to learn from beside the target.",
    ),
    "duplicate names": (
        text(["x", "y", "x", "target"]),
        [],
        "Columns 1 and 3 are both called 'x'.",
    ),
    "an empty name": (text(["x", "", "target"]), [], "Column 2 has no name."),
    "a blank name": (text(["x", "y", "target", " "]), [], "Column 4 has no name."),
    "a feature called id": (with_column("id", range(8)), ["--id", "letter"], RESERVED),
    "a row too short": (
        text(*GOOD) + b"1,a\n",
        [],
        "Row 10 has 2 fields, the header has 3.",
    ),
    "a row too long": (
        text(*GOOD[:3], [1, "a", "yes", ""], *GOOD[3:]),
        [],
        "Row 4 has 4 fields, the header has 3.",
    ),
    "a row too long after a quoted line end": (
        text(GOOD[0], [1, "a\nb\nc", "yes"], [1, "a", "yes", 3]),
        [],
        "Row 3 has 4 fields, the header has 3.",
    ),
    "a blank row": (text(*GOOD[:5]) + b"\r\n" + text(*GOOD[5:]), [], "Row 6 is blank."),
    "infinite": (with_field(5, 0, "-inf"), [], HUGE.format(row=5)),
    "infinite by its exponent": (with_field(6, 0, "1e400"), [], HUGE.format(row=6)),
    "beyond what requests may hold": (with_field(7, 0, "1000000000000001"), [], HUGE.format(row=7)),
    "an integer of 25 digits": (with_field(8, 0, "-" + "9" * 25), [], HUGE.format(row=8)),
    "integers of 25 digits": (
        two_columns("9" * 24 + str(i) for i in range(8)),
        [],
        HUGE.format(row=2),
    ),
    "a text among numbers": (with_field(3, 0, "ca. 3"), [], NOT_A_NUMBER.format(row=3)),
    "NaN among numbers": (with_field(9, 0, "NaN"), [], NOT_A_NUMBER.format(row=9)),
    "three texts among numbers": (
        two_columns([1, "a", 2, "b", 3, "c", 4, 5]),
        [],
        NOT_A_NUMBER.format(row=3),
    ),
    "as many texts as numbers": (
        two_columns([1, "a", 2, "b", 3, "c", 4, "d"]),
        [],
        NOT_A_NUMBER.format(row=3),
    ),
    "all missing": (
        with_column("full name", [None] * 8),
        [],
        "Column 'full name' is empty; leave it out with --drop 'full name'.",
    ),
    "an identifier": (
        with_column("it's", [f"n {i % 5}" for i in range(8)]),
        [],
        "Column 'it\\'s' has 5 different texts in 8 rows: it names rows rather than groups them;"
        " leave it out with --drop 'it'\"'\"'s', or keep it with --categorical 'it'\"'\"'s'.",
    ),
    "an identifier whose name is no word": (
        with_column("a\nb", [f"n {i}" for i in range(8)]),
        [],
        "Column 'a\\nb' has 8 different texts in 8 rows: it names rows rather than groups them;"
        " leave it out with --drop COLUMN, or keep it with --categorical COLUMN.",
    ),
    "over 1,000 categories": (
        two_columns(f"n {i % 1001}" for i in range(3003)),
        [],
        "Column 'x' has 1001 different texts, more than the 1000 that a category may have; leave"
        " it out with --drop x.",
    ),
    "over 1,000 declared categories": (
        two_columns(i % 1001 for i in range(3003)),
        ["--categorical", "x"],
        "Column 'x' has 1001 different texts, more than the 1000 that a category may have; leave"
        " it out with --drop x.",
    ),
    "Latin-1": (
        with_field(4, 1, "é").decode().encode("latin-1"),
        [],
        "Line 4 is not UTF-8; save the file as UTF-8 text.",
    ),
    "cut within a character": (
        with_field(9, 2, "é").removesuffix(b"\n")[:-1],
        [],
        "Line 9 is not UTF-8; save the file as UTF-8 text.",
    ),
    "UTF-16": (
        text(*GOOD).decode().encode("utf-16"),
        [],
        "Line 1 has a NUL byte; save the file as UTF-8 text.",
    ),
    "a NUL byte": (
        with_field(5, 1, "a\0b"),
        [],
        "Line 5 has a NUL byte; save the file as UTF-8 text.",
    ),
    "an open quote": (
        text(*GOOD[:4]) + b'1,"a,yes\n' + text(*GOOD[4:]),
        [],
        "Row 5 is not valid CSV: its quoted field is never closed.",
    ),
    "text after a quote": (
        text(*GOOD[:4]) + b'1,"a"b,yes\n' + text(*GOOD[4:]),
        [],
        "Row 5 is not valid CSV: text follows a closing quote.",
    ),
    "an open quote before 20 million characters": (
        text(*GOOD[:4]) + b'1,"a,yes\n' + b"1,a,yes\n" * 2_500_000,
        [],
        "Row 5 is not valid CSV: a field is longer than 16777216 characters.",
    ),
    "an open quote in the header": (
        b'x,"target\n1,2\n',
        [],
        "Row 1 is not valid CSV: its quoted field is never closed.",
    ),
}


@pytest.fixture
def refused(config: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A training that must be refused: refused(path, *options) is the message."""
    config = replace(config, model_signing_key="")
    monkeypatch.setattr(settings, "current", config)
    old_model = Path(config.models_root, "trained-model-v0.p")
    old_model.write_bytes(b"the old model")

    def refused(path: str | Path, *options: str, version: str = "v0") -> str:
        result = CliRunner().invoke(main, [str(path), version, *options], catch_exceptions=False)
        assert result.exit_code == 2
        assert old_model.read_bytes() == b"the old model"
        assert os.listdir(config.models_root) == [old_model.name]
        assert not os.path.exists(config.model_signing_key_file)
        assert result.stderr.startswith("Error: ")
        assert result.stderr.endswith("\n")
        return result.stderr.removeprefix("Error: ").removesuffix("\n")

    return refused


@pytest.mark.parametrize("case", REFUSALS)
def test_refuses_what_cannot_be_learned_from(
    case: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    """In one line, with nothing written and the old model intact."""
    content, options, message = REFUSALS[case]
    path = tmp_path / "refused.csv"
    path.write_bytes(content)
    assert refused(path, *options) == message


@hypothesis.settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(table=tables(), declared=st.booleans())
def test_any_table_trains_and_loads_or_is_refused_in_one_line(
    table: tuple[dict[str, str], list[list[str]]],
    declared: bool,
    run: Run,
    config: Settings,
    tmp_path: Path,
) -> None:
    """No traceback, no warning of Python's own, no model that fails its own check."""
    types, rows = table
    path = write_csv(tmp_path / "any.csv", [[*types, "target"], *rows], quoting=csv.QUOTE_ALL)
    categorical = [name for name, kind in types.items() if declared and kind == "category"]

    result = run(path, *(f"--categorical={name}" for name in categorical))

    lines = result.stderr.splitlines()
    if result.exit_code == 0:
        assert all(line.startswith("Warning: ") for line in lines)
        assert [feature.name for feature in read_manifest(config).features] == list(types)
    else:
        assert result.exit_code == 2
        assert len(lines) == 1
        assert lines[0].startswith("Error: ")


@pytest.mark.parametrize(
    "version", ["", "0", "v", "V0", "v01", "v-1", "v1.0", "v1234567890", "latest", "../v0", "v１"]
)
def test_refuses_a_bad_version_id(
    version: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    """Before it looks at the file."""
    assert refused(tmp_path / "no.csv", version=version) == (
        f"'{version}' is not a valid version id; valid are v0, v1, v2 and so on."
    )


def make_fifo(path: Path) -> None:
    """Make a FIFO, which blocks whoever opens it carelessly."""
    os.mkfifo(path)


def make_zip(path: Path) -> None:
    """Make a ZIP, as spreadsheets are."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", text(*GOOD))


ARCHIVE = "is an archive or a spreadsheet, not a CSV."
FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "cannot be read: No such file or directory."),
    "a directory": (Path.mkdir, "is a directory, not a file."),
    "a FIFO": (make_fifo, "is a pipe or a device; save it to a file first."),
    "a device": (
        lambda path: path.symlink_to(os.devnull),
        "is a pipe or a device; save it to a file first.",
    ),
    "a dangling link": (
        lambda path: path.symlink_to("nowhere"),
        "cannot be read: No such file or directory.",
    ),
    "a ZIP": (make_zip, ARCHIVE),
    "a gzip": (lambda path: path.write_bytes(gzip.compress(text(*GOOD))), ARCHIVE),
    "a bzip2": (lambda path: path.write_bytes(bz2.compress(text(*GOOD))), ARCHIVE),
    "an xz": (lambda path: path.write_bytes(lzma.compress(text(*GOOD))), ARCHIVE),
}


@pytest.mark.parametrize("case", FILES)
def test_refuses_what_is_no_text_file(
    case: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    """At once, whatever its name says."""
    make, message = FILES[case]
    path = tmp_path / "table.csv"
    make(path)
    assert refused(path) == f"'{path}' {message}"


def test_refuses_a_url(refused: Callable[..., str]) -> None:
    """Nothing is downloaded unasked."""
    message = "'https://example.org/data.csv' is a URL; download it first."
    assert refused("https://example.org/data.csv") == message


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_refuses_what_may_not_be_read(refused: Callable[..., str], tmp_path: Path) -> None:
    """The system's reason is told."""
    path = write_csv(tmp_path / "table.csv", GOOD)
    path.chmod(0)
    assert refused(path) == f"'{path}' cannot be read: Permission denied."


def test_refuses_a_line_that_would_fill_the_memory(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    """A file without line ends is not taken into memory to be looked at."""
    path = tmp_path / "line.csv"
    path.write_bytes(text(*GOOD) + b"1" * (csv_file.MAX_LINE_SIZE + 2**20))
    assert refused(path) == "Line 10 is longer than 16777216 bytes."


def test_refuses_a_sparse_file_at_once(refused: Callable[..., str], tmp_path: Path) -> None:
    """Twenty gigabytes of nothing are not read to their end."""
    path = tmp_path / "sparse.csv"
    with open(path, "wb") as file:
        file.truncate(20 * 2**30)
    assert refused(path) == "Line 1 has a NUL byte; save the file as UTF-8 text."


def test_refuses_a_file_that_changes_meanwhile(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the rows would be of one file and the digest of another."""
    path = write_csv(tmp_path / "table.csv", GOOD)
    count = csv_file.count_rows

    def count_and_change(*arguments: Any) -> int:
        with open(path, "ab") as file:
            file.write(b"1,a,yes\n")
        return count(*arguments)

    monkeypatch.setattr("app.training.dataset.count_rows", count_and_change)
    with pytest.raises(InvalidDataset) as refusal:
        train(str(path), "v0", config=config)
    assert str(refusal.value) == "The file changed while it was read."


@pytest.mark.parametrize("strength", ["0", "-1", "nan", "inf", "much"])
def test_refuses_a_bad_strength(strength: str, run: Run, config: Settings) -> None:
    """A usage error, before any work."""
    result = run(TRAINING_CSV, "--C", strength)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("Error: Invalid value for '--C': ")


def test_half_of_the_texts_may_differ(run: Run, config: Settings, tmp_path: Path) -> None:
    """Four categories in eight rows are categories, and some numbers among them are texts."""
    path = tmp_path / "half.csv"
    path.write_bytes(with_column("name", ["1", "b", "c", "d"] * 2))
    assert run(path).exit_code == 0
    assert read_manifest(config).features[0].categories == ("1", "b", "c", "d")


def test_declared_categories_may_name_rows(run: Run, config: Settings, tmp_path: Path) -> None:
    """What is refused as an identifier is kept by --categorical, as the message says."""
    path = tmp_path / "named.csv"
    path.write_bytes(with_column("name", [f"n {i}" for i in range(8)]))
    assert run(path, "--categorical", "name").exit_code == 0
    assert len(read_manifest(config).features[0].categories) == 8


# Around the work


def test_makes_the_directory_of_models(run: Run, config: Settings) -> None:
    """A new MODELS_ROOT need not be made by hand."""
    os.rmdir(config.models_root)
    assert run(TRAINING_CSV).exit_code == 0
    assert os.listdir(config.models_root) == ["trained-model-v0.p"]


def test_says_in_a_line_why_a_model_cannot_be_saved(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 1: the data was good."""
    root = tmp_path / "file" / "models"
    root.parent.touch()
    monkeypatch.setattr(settings, "current", replace(config, models_root=str(root)))
    result = CliRunner().invoke(main, [str(TRAINING_CSV), "v0"], catch_exceptions=False)
    assert result.stderr == f"Error: The model cannot be saved in '{root}': Not a directory.\n"
    assert result.exit_code == 1


def test_says_in_a_line_that_a_key_is_no_good(
    run: Run, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the work of training."""
    monkeypatch.setattr(settings, "current", replace(config, model_signing_key="short"))
    result = CliRunner().invoke(main, [str(TRAINING_CSV), "v0"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "training set" not in result.stdout
    assert result.stderr.startswith("Error: MODEL_SIGNING_KEY must hold one key a line")
    assert len(result.stderr.splitlines()) == 1


def on_terminal(path: Path, config: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train with a terminal as stderr; return what it showed."""
    master, slave = os.openpty()
    with open(slave, "w") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        train(str(path), "v0", config=config)
        terminal.flush()
        readable, _, _ = select.select([master], [], [], 0)
        shown = os.read(master, 65536) if readable else b""
    os.close(master)
    return shown.decode()


def test_progress_is_shown_on_a_terminal_when_the_work_is_long(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A bar while reading, to its end, then a word; else nothing."""
    path = write_csv(tmp_path / "base.csv", base_rows())
    assert on_terminal(path, config, monkeypatch) == ""
    monkeypatch.setattr(notes, "LONG_FILE", 100)
    shown = on_terminal(path, config, monkeypatch)
    assert re.search(r"Reading +\[#+\] +100%", shown)
    assert shown.endswith("\r\nTraining …\r\n")
    with open(path, "a") as file:  # blank lines make the reading start over
        file.write("\n\n")
    monkeypatch.setattr(csv_file, "_CHUNK_SIZE", 100)
    shown = on_terminal(path, config, monkeypatch)
    shares = [int(share) for share in re.findall(r"(\d+)%", shown)]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    capsys.readouterr()
    train(str(path), "v0", config=config)
    assert capsys.readouterr().err == ""


OTHER_CLASSIFIER = """
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def build_classifier(features, C=0.1):
    numbers = [feature.name for feature in features if feature.type != "category"]
    categories = [feature.name for feature in features if feature.type == "category"]
    columns = make_column_transformer(
        (SimpleImputer(), numbers), (OneHotEncoder(handle_unknown="ignore"), categories)
    )
    return make_pipeline(columns, RandomForestClassifier(n_estimators=20, random_state=0))
"""
TRAIN_AND_SERVE = """
import json, sys
import app
from app.models.train_model import main
main(sys.argv[1:3], standalone_mode=False)
from app.app import app as flask_app
client = flask_app.test_client()
rows = json.loads(sys.argv[3])
answers = [
    client.post("/v0/predict", json=rows),
    client.post("/v0/predict?explain=true", json=rows[0]),
    client.get("/v0/metadata"),
]
print(json.dumps([app.__path__[0], *([a.status_code, a.json] for a in answers)]))
"""


def test_a_changed_classifier_trains_saves_and_serves_with_no_other_edit(
    config: Settings, tmp_path: Path
) -> None:
    """A random forest in a copy of the project, on mixed types with gaps."""
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "app/models/estimators.py").write_text(OTHER_CLASSIFIER)
    path = write_csv(tmp_path / "mixed.csv", [[*MIXED_NAMES, "target"], *mixed_rows()])
    values = [[181.5, True, "grün", "ja", 7], [150, False, "rot", None, 7], [None] * 4 + [0]]
    rows = [{"id": i, **dict(zip(MIXED_NAMES, row, strict=True))} for i, row in enumerate(values)]

    served = in_process(
        *("-c", TRAIN_AND_SERVE, str(path), "v0", json.dumps(rows)),
        cwd=tmp_path,
        **environment_of(config),
    )

    assert served.stderr == ""
    directory, (status, answers), explained, (_, metadata) = json.loads(
        served.stdout.splitlines()[-1]
    )
    assert directory == str(tmp_path / "app")
    assert status == 200
    tall, short, unknown = (answer["prediction"] for answer in answers)
    assert tall > 0.7 > 0.3 > short
    assert 0.0 < unknown < 1.0
    assert explained == [
        400,
        {
            "message": "Trained model version 'v0' cannot explain its predictions: it is not a"
            " linear model."
        },
    ]
    assert metadata["metrics"]["roc_auc"] > 0.8


def test_training_from_python_returns_the_manifest(config: Settings, tmp_path: Path) -> None:
    """`train()` is what the command line calls."""
    path = write_csv(tmp_path / "base.csv", base_rows())
    manifest = train(str(path), "v7", columns=Columns(drop=["letter"]), config=config)
    assert manifest == read_manifest(config, "v7")
    assert [feature.name for feature in manifest.features] == ["x"]


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__]))
