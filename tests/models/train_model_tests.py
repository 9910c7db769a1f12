"""Training: what it prints, what it publishes, and that the same CSV gives the same model.

Most runs are `main` in this process; what the process itself contributes is run as one.
"""

import csv
import hashlib
import json
import os
import re
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import hypothesis
import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from app.app import create_app
from app.models import estimators
from app.models.estimators import build_classifier
from app.settings import Settings
from app.store.parameters import Parameters, Regularization
from app.store.training_data import ClassRows, TrainingData
from app.tables.columns import Columns
from tests.support.csv_files import MIXED_NAMES, base_rows, mixed_rows, write_csv
from tests.support.drawn_tables import tables
from tests.support.manifests import curves_of, metrics_of
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, environment_of, noted, read_manifest, run_python, train

SIZES = re.compile(r"training set has (\d+) rows\nvalidation set has (\d+) rows\n")


def test_prints_exactly_what_is_documented(config: Settings) -> None:
    """On the dummy data, as a process: the paths, the rows, the ROC AUC; on stderr, what C is."""
    trained = run_python(
        *("-m", "app.models.train_model", "data/raw/training.csv", "v0"),
        environment=environment_of(config),
    )
    manifest = read_manifest(config)
    roc_auc = metrics_of(manifest).roc_auc
    assert trained.stdout == (
        f"\nWill train model v0 using the file at: {TRAINING_CSV}\n\n"
        "training set has 7500 rows\n"
        "validation set has 2500 rows\n"
        f"{roc_auc}\n"
        f"Successfully saved model at {config.models_root}/trained-model-v0.p\n"
    )
    C = manifest.parameters.regularization.C
    assert manifest.parameters.strength == f"C is {C:g}, chosen by 5-fold cross-validation"
    assert trained.stderr == f"Note: {manifest.parameters.strength}; --C decides otherwise.\n"
    assert trained.returncode == 0
    assert roc_auc == pytest.approx(0.986, abs=0.005)


def test_a_refusal_is_one_line_on_stderr_and_exit_status_2(config: Settings) -> None:
    """As a process: no traceback, no model, no key."""
    config = replace(config, model_signing_key="")
    refused = run_python(
        *("-m", "app.models.train_model", "data/raw/training.csv", "v0", "--target", "y"),
        environment=environment_of(config),
    )
    assert refused.stderr == (
        "Error: There is no column 'y'; there are 'x_1', 'x_2', 'x_3', 'x_4', 'target'.\n"
    )
    assert refused.returncode == 2
    assert os.listdir(config.models_root) == []
    assert not os.path.exists(config.model_signing_key_file)


def test_the_figure_is_what_scikit_learn_says_of_unseen_rows(
    run_training: Run, config: Settings
) -> None:
    """The same quarter, cut and scored by hand."""
    result = run_training(TRAINING_CSV)
    table = pd.read_csv(TRAINING_CSV)
    X, y = table.drop(columns="target"), table["target"]
    _, X_validation, _, y_validation = train_test_split(
        X, y, test_size=0.25, random_state=1, stratify=y
    )
    estimator = joblib.load(os.path.join(config.models_root, "trained-model-v0.p"))
    expected = roc_auc_score(y_validation, estimator.predict_proba(X_validation)[:, 1])
    assert result.stdout.splitlines()[5] == str(expected)


def test_the_same_csv_gives_the_same_model(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Same coefficients and metrics; only the time differs."""
    path = write_csv(tmp_path / "mixed.csv", [[*MIXED_NAMES, "target"], *mixed_rows()])
    manifests, coefficients = [], []
    for version in ("v1", "v2"):
        run_training(path, "--C", "0.5", version=version)
        manifests.append(asdict(read_manifest(config, version)))
        model = joblib.load(f"{config.models_root}/trained-model-{version}.p")
        coefficients.append(model[-1].coef_.tolist())
    for manifest in manifests:
        manifest.pop("created_at")
        manifest.pop("version")
    assert coefficients[0] == coefficients[1]
    assert manifests[0] == manifests[1]


def test_the_manifest_says_what_a_model_was_made_from(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """The file, the rows, the options, the classes, the libraries."""
    rows = [[f"n {i}", *row, "NA" if i % 7 else "1"] for i, row in enumerate(base_rows()[1:])]
    path = write_csv(tmp_path / "made.csv", [["name", "x", "letter", "y", "other"], *rows])
    result = run_training(
        path,
        *("--target", "y", "--id", "name", "--drop", "other", "--categorical", "letter"),
        *("--missing", "NA", "--missing", "?", "--positive-class", "0", "--C", "2"),
    )
    assert noted(result.stderr) == (
        "Warning: --missing '?' matches nothing.\nWarning: --missing 'NA' matches nothing.\n"
    )
    assert result.exit_code == 0
    manifest = read_manifest(config)
    assert manifest.training_data == TrainingData(
        file_name="made.csv",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rows=40,
        training_rows=30,
        validation_rows=10,
        classes=(ClassRows("0", 20, 5), ClassRows("1", 20, 5)),
    )
    assert manifest.target == "y"
    assert [feature.name for feature in manifest.features] == ["x", "letter"]
    assert (manifest.classes, manifest.positive_class) == (("0", "1"), "0")
    assert manifest.parameters == Parameters(
        classifier="Pipeline",
        regularization=Regularization(C=2.0),
        seed=1,
        columns=Columns(
            target="y",
            id="name",
            drop=("other",),
            categorical=("letter",),
            missing=("NA", "?"),
        ),
        refit_on_all=False,
    )
    assert manifest.baseline_figure == 0.5
    assert {"python", "scikit-learn", "numpy", "pandas"} <= set(manifest.libraries)


def test_the_positive_class_may_be_either(run_training: Run, config: Settings) -> None:
    """The probabilities add up to one, the ROC AUC is the same, the report is the class's own."""
    run_training(TRAINING_CSV, version="v1")
    run_training(TRAINING_CSV, "--positive-class", "0", version="v2")
    manifests = read_manifest(config, "v1"), read_manifest(config, "v2")
    assert [manifest.positive_class for manifest in manifests] == ["1", "0"]
    assert [list(curves_of(manifest).classes) for manifest in manifests] == [["1"], ["0"]]
    last, first = map(metrics_of, manifests)
    assert first.roc_auc == pytest.approx(last.roc_auc, abs=1e-12)
    assert first.average_precision != pytest.approx(last.average_precision, abs=1e-4)
    assert curves_of(manifests[0]).confusion == curves_of(manifests[1]).confusion
    client = create_app(config).test_client()
    row = {"id": 1, "x_1": 0.1, "x_2": 0.2, "x_3": 0.3, "x_4": 0.4}
    answers = [json.loads(client.post(f"/v{n}/predict", json=row).data) for n in (1, 2)]
    assert sum(answer["prediction"] for answer in answers) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    "counts", [*product((4, 5, 6, 7), repeat=2), (4, 4, 4), (4, 5, 90), (100, 4), (4, 997)]
)
def test_four_rows_of_a_class_are_enough(
    counts: tuple[int, ...], run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Both sets have rows of every class, whatever the others' numbers."""
    rows = [[i % 3, f"class {k}"] for k, count in enumerate(counts) for i in range(count)]
    result = run_training(write_csv(tmp_path / "few.csv", [["x", "target"], *rows]))
    assert result.exit_code == 0
    n_training, n_validation = map(int, SIZES.search(result.stdout).groups())  # type: ignore[union-attr]
    assert n_training + n_validation == sum(counts)
    confusion = np.array(curves_of(read_manifest(config)).confusion)
    assert (confusion.sum(axis=1) >= 1).all()
    assert (np.array(counts) - confusion.sum(axis=1) >= 2).all()


def test_what_libraries_warn_of_is_a_line(
    run_training: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not Python's own two, with a path; and each once."""
    path = write_csv(tmp_path / "base.csv", base_rows())

    def build_hasty(*arguments: Any, **options: Any) -> Any:
        return build_classifier(*arguments, **options).set_params(logisticregression__max_iter=1)

    monkeypatch.setattr(estimators, "build_classifier", build_hasty)
    result = run_training(path, "--C", "1000")
    assert result.exit_code == 0
    (line,) = noted(result.stderr).splitlines()
    assert line.startswith("Warning: lbfgs failed to converge after 1 iteration")


@hypothesis.settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(table=tables(), declared=st.booleans())
def test_any_table_trains_and_loads_or_is_refused_in_one_line(
    table: tuple[dict[str, str], list[list[str]]],
    declared: bool,
    run_training: Run,
    config: Settings,
    tmp_path: Path,
) -> None:
    """No traceback, no warning of Python's own, no model that fails its own check."""
    types, rows = table
    path = write_csv(tmp_path / "any.csv", [[*types, "target"], *rows], quoting=csv.QUOTE_ALL)
    categorical = [name for name, kind in types.items() if declared and kind == "category"]

    result = run_training(path, *(f"--categorical={name}" for name in categorical))

    lines = result.stderr.splitlines()
    if result.exit_code == 0:
        assert all(line.startswith(("Note: ", "Warning: ")) for line in lines)
        manifest = read_manifest(config)
        left_out = {column.name for column in manifest.training_data.columns_left_out}
        names = [name.strip() for name in types if name.strip() not in left_out]
        assert [feature.name for feature in manifest.features] == names
    else:
        assert result.exit_code == 2
        assert len(lines) == 1
        assert lines[0].startswith("Error: ")


def test_training_from_python_returns_the_manifest(config: Settings, tmp_path: Path) -> None:
    """`train()` is what the command line calls."""
    path = write_csv(tmp_path / "base.csv", base_rows())
    manifest = train(str(path), "v7", columns=Columns(drop=["letter"]), config=config)
    assert manifest == read_manifest(config, "v7")
    assert [feature.name for feature in manifest.features] == ["x"]
