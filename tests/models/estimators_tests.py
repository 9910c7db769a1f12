"""The estimators: what they do with gaps, and that a fork can put others in their place."""

import json
import shutil
from pathlib import Path
from typing import Any

import joblib

from app.app import create_app
from app.settings import Settings
from tests.support.csv_files import MIXED_NAMES, mixed_rows, write_csv
from tests.support.paths import ROOT
from tests.support.training import Run, environment_of, noted, predict, run_python


def test_serving_imputes_as_training_does(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """A missing number is the training rows' median; a missing text a category of its own."""
    rows = [[i % 10, "ab"[i % 2], i % 3 % 2] for i in range(120)]
    rows += [[None, None, 1] for _ in range(60)]
    run_training(write_csv(tmp_path / "gaps.csv", [["x", "letter", "target"], *rows]))
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
    numbered = [[*row[:4], int(row[4]), row[5]] for row in mixed_rows()]
    path = write_csv(tmp_path / "mixed.csv", [[*MIXED_NAMES, "target"], *numbered])
    values: list[list[Any]] = [
        [181.5, True, "grün", "ja", 7],
        [150, False, "rot", None, 7],
        [None] * 4 + [0],
    ]
    rows = [{"id": i, **dict(zip(MIXED_NAMES, row, strict=True))} for i, row in enumerate(values)]

    served = run_python(
        *("-c", TRAIN_AND_SERVE, str(path), "v0", json.dumps(rows)),
        cwd=tmp_path,
        environment=environment_of(config),
    )

    assert noted(served.stderr) == ""
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
