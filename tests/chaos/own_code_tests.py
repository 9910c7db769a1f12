"""A model takes its code along: a fork may change or delete it, and the version predicts on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from app.settings import Settings
from tests.support.csv_files import write_csv
from tests.support.paths import ROOT
from tests.support.training import environment_of, run_python

OWN_CLASSIFIER = """
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from app.models.own_steps import Folded


def halve(X):
    return X * 0.5


def build_classifier(features, C=0.1):
    forest = RandomForestClassifier(n_estimators=10, random_state=0)
    return make_pipeline(FunctionTransformer(halve), Folded(), forest)
"""

OWN_STEPS = """
from sklearn.base import BaseEstimator, TransformerMixin

from app.helpers.features import MIN_LEVEL_ROWS


class Folded(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.middle_ = X.mean()
        return self

    def transform(self, X):
        return (X - self.middle_).abs() + MIN_LEVEL_ROWS
"""

PREDICT = """
import json, sys
from app.app import app
answer = app.test_client().post("/v0/predict", json=json.loads(sys.argv[1]))
print(json.dumps([row["prediction"] for row in answer.json]))
"""

OPEN = """
import json, os, joblib, pandas as pd
model = joblib.load("model")
frame = pd.DataFrame({"x": [-2.5, -0.5, 0.5, 2.5]})
probabilities = model.predict_proba(frame)[:, list(model.classes_).index("yes")]
print(json.dumps(probabilities.round(4).tolist()))
"""
ROWS = [{"id": i, "x": x} for i, x in enumerate([-2.5, -0.5, 0.5, 2.5])]


def test_a_published_model_outlives_its_code(config: Settings, tmp_path: Path) -> None:
    """A helper and a class are changed, then deleted; each time the server is started again."""
    shutil.copytree(ROOT / "app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    own = tmp_path / "app/models"
    (own / "estimators.py").write_text(OWN_CLASSIFIER)
    (own / "own_steps.py").write_text(OWN_STEPS)
    rows = [[x / 10, "yes" if (abs(x) > 15) != (x % 9 == 0) else "no"] for x in range(-30, 31)]
    path = write_csv(tmp_path / "rows.csv", [["x", "target"], *rows])
    environment = environment_of(config)

    def run(*arguments: str) -> str:
        result = run_python(*arguments, cwd=tmp_path, environment=environment)
        assert result.returncode == 0, result.stderr
        assert "The model's file cannot hold" not in result.stderr
        return result.stdout

    run("-m", "app.models.train_model", str(path), "v0")
    predicted = run("-c", PREDICT, json.dumps(ROWS))
    far, near, *_ = json.loads(predicted)
    assert far > 0.7 > 0.3 > near

    (own / "estimators.py").write_text(OWN_CLASSIFIER.replace("* 0.5", "* 5"))
    (own / "own_steps.py").write_text(OWN_STEPS.replace(".abs()", ""))
    assert run("-c", PREDICT, json.dumps(ROWS)) == predicted

    shutil.copy(ROOT / "app/models/estimators.py", own)
    (own / "own_steps.py").unlink()
    assert run("-c", PREDICT, json.dumps(ROWS)) == predicted

    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(Path(config.models_root, "trained-model-v0.p"), empty / "model")
    opened = subprocess.run(
        [sys.executable, "-I", "-c", OPEN], cwd=empty, capture_output=True, text=True
    )
    assert (opened.stderr, opened.stdout) == ("", predicted)
