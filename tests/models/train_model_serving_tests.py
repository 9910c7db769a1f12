"""Training: real and made-up tables become models that serve over HTTP."""

from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.datasets import fair, spector

from app.app import create_app
from app.settings import Settings
from tests.support.csv_files import MIXED_NAMES, base_rows, mixed_rows, write_csv
from tests.support.training import Run, noted, predict, read_manifest


def breast_cancer() -> pd.DataFrame:
    """Thirty columns with spaces in their names, two classes."""
    table: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    return table


def spector_grades() -> pd.DataFrame:
    """Three columns, 32 rows."""
    table: pd.DataFrame = spector.load_pandas().data
    return table.rename(columns={"GRADE": "target"})


def fair_affairs() -> pd.DataFrame:
    """Eight columns, 6,366 rows."""
    table: pd.DataFrame = fair.load_pandas().data
    return table.drop(columns="affairs").assign(target=np.where(table["affairs"] > 0, "yes", "no"))


@pytest.mark.parametrize(
    ("load", "at_least"), [(breast_cancer, 0.99), (spector_grades, 0.8), (fair_affairs, 0.7)]
)
def test_real_data_trains_and_serves(
    load: Callable[[], pd.DataFrame],
    at_least: float,
    run_training: Run,
    config: Settings,
    tmp_path: Path,
) -> None:
    """Predictions over HTTP are those of the same model written by hand."""
    table = load()
    table.to_csv(tmp_path / "real.csv", index=False)

    result = run_training(tmp_path / "real.csv")

    assert (noted(result.stderr), result.exit_code) == ("", 0)
    assert float(result.stdout.splitlines()[5]) > at_least
    X, y = table.drop(columns="target"), table["target"]
    X_train, X_validation, y_train, _ = train_test_split(
        X, y, test_size=0.25, random_state=1, stratify=y
    )
    by_hand = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    by_hand.fit(X_train, y_train)
    predictions = predict(create_app(config).test_client(), X_validation.to_dict("records"))
    assert predictions == pytest.approx(by_hand.predict_proba(X_validation)[:, 1], abs=1e-4)


def test_three_classes_train_and_serve(run_training: Run, config: Settings, tmp_path: Path) -> None:
    """Wine: an object, class to probability; the figure is macro one-vs-rest."""
    table = load_wine(as_frame=True).frame
    table["target"] = table["target"].map({0: "Barolo", 1: "Grignolino, dry", 2: "Barbera d'Asti"})
    table.to_csv(tmp_path / "wine.csv", index=False)

    result = run_training(tmp_path / "wine.csv")

    assert (noted(result.stderr), result.exit_code) == ("", 0)
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


def test_mixed_types_with_gaps_and_any_names_train_and_serve(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Each column's type, gaps and categories are found; null and every category are served."""
    rows = mixed_rows()
    path = write_csv(tmp_path / "gemischt.csv", [[*MIXED_NAMES, "target"], *rows])

    result = run_training(path, "--categorical", "Zeile\n2")

    assert (noted(result.stderr), result.exit_code) == ("", 0)
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


def test_a_category_of_one_row_is_served(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Whichever set the row falls into, a closed column's categories are all those in the CSV."""
    rows = base_rows()
    for i in (5, 6, 7, 8):
        rows[i][1] = f"rare {i}"
    run_training(write_csv(tmp_path / "rare.csv", rows), "--closed", "letter")
    categories = ("a", "b", "rare 5", "rare 6", "rare 7", "rare 8")
    assert read_manifest(config).features[1].categories == categories
    predictions = predict(
        create_app(config).test_client(), [{"x": 0, "letter": letter} for letter in categories]
    )
    assert all(0.0 < prediction < 1.0 for prediction in predictions)


def test_a_gap_in_one_row_is_served(run_training: Run, config: Settings, tmp_path: Path) -> None:
    """Also where the validation set has it, and where it has the only value."""
    for i in range(1, 9):
        gap, lone = base_rows(8), base_rows(8)
        gap[i][0] = None
        for row in lone[1:]:
            row[0] = None
        lone[i][0] = "3.5"
        for rows in (gap, lone):
            assert run_training(write_csv(tmp_path / "gap.csv", rows)).exit_code == 0
            assert read_manifest(config).features[0].nullable
            (prediction,) = predict(create_app(config).test_client(), [{"x": None, "letter": "a"}])
            assert 0.0 < prediction < 1.0
