"""Training as users do it, and what it made."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from click.testing import Result
from flask.testing import FlaskClient

from app.settings import Settings
from app.store.loading import load_trained_model
from app.store.manifest import Manifest
from app.store.parameters import Trial
from app.store.trained_model import TrainedModel
from tests.support.paths import ROOT

Run = Callable[..., Result]

_DOUBT = re.compile(
    "Warning: (Only [0-9]+ rows? .*held out|Not better than the baseline by |How sure the ROC AUC)"
)


def train(path: str, version_id: str, **options: Any) -> Manifest:
    """Train with a given strength and without a yardstick: few tests are about what takes time."""
    from app.models.train_model import train  # tests that need no model start seconds sooner

    return train(path, version_id, **{"C": 0.1, "yardstick": False, **options})


def run_python(
    *arguments: str, cwd: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def environment_of(config: Settings) -> dict[str, str]:
    """Return the environment variables that make these settings."""
    names = ("models_root", "logs_root", "model_signing_key", "model_signing_key_file")
    return {name.upper(): getattr(config, name) for name in names}


def load_model(config: Settings, version: str = "v0") -> TrainedModel:
    """Return a model that loads, which is to say: that is proven."""
    with open(Path(config.models_root) / f"trained-model-{version}.p", "rb") as file:
        return load_trained_model(file, version, [config.model_signing_key.encode()])


def read_manifest(config: Settings, version: str = "v0") -> Manifest:
    """Return the manifest of a model that loads."""
    return load_model(config, version).manifest


def read_trials(config: Settings, version: str = "v0") -> tuple[Trial, ...]:
    """Return what the search for parameters tried, the best first."""
    search = read_manifest(config, version).search
    assert search is not None
    return search.trials


def noted(stderr: str) -> str:
    """Return what a training said beside its result, less doubts whether the model is good.

    Tables made for a test have few rows, of which most models are no better than a guess.
    """
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not _DOUBT.match(line))


def predict(client: FlaskClient, rows: list[dict[str, Any]]) -> list[Any]:
    """Return the API's predictions for rows without ids."""
    answer = client.post("/v0/predict", json=[{"id": i, **row} for i, row in enumerate(rows)])
    assert answer.status_code == 200, answer.json
    return [prediction["prediction"] for prediction in json.loads(answer.data)]
