"""What all measurements share: a directory of their own, trained models, Pythons to run with."""

import csv
import json
import math
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.benchmarks import venvs
from tests.benchmarks.processes import inherited_environment
from tests.benchmarks.servers import Request
from tests.support.paths import ROOT

TRAINING_CSV = ROOT / "data/raw/training.csv"
ROW = {"id": "2", "x_1": -2.0, "x_2": -0.414120, "x_3": 0.2131, "x_4": -1.2}
ONE_ROW = Request("/v0/predict", json.dumps(ROW).encode())
BASE_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Workbench:
    """Where and how to measure.

    Attributes
    ----------
    directory : path
        Temporary; models, logs and data go there.
    venvs : path
        Where virtual environments are kept.
    rounds : int
        How often each subject takes its turn.
    seconds : float
        How long one load lasts.
    quick : bool
        Whether this is a smoke run, whose figures mean nothing.
    full : bool
        Whether to train on 10⁷ rows, too.
    """

    directory: Path
    venvs: Path
    rounds: int
    seconds: float
    quick: bool = False
    full: bool = False

    @property
    def config(self) -> dict[str, str]:
        """The environment of whatever is ours."""
        return BASE_ENVIRONMENT | {
            "MODELS_ROOT": str(self.directory / "models"),
            "LOGS_ROOT": str(self.directory / "logs"),
            "MODEL_SIGNING_KEY": "a key that only these benchmarks sign with",
        }

    @cached_property
    def production_python(self) -> str:
        """A Python with requirements-prod.txt only; in a smoke run our own."""
        return sys.executable if self.quick else venvs.production_python(self.venvs)

    @cached_property
    def bench_python(self) -> str:
        """A Python with the hand-written peers' libraries, too."""
        return venvs.bench_python(self.venvs)

    @cached_property
    def same_model(self) -> Path:
        """A pickled pipeline of v0's steps on a numpy matrix of x_1 … x_4: the same predictions."""
        return self._train_by_hand("pipeline")

    @cached_property
    def plain_model(self) -> Path:
        """A pickled LogisticRegression alone on such a matrix: the least that predicts at all."""
        return self._train_by_hand("regression")

    def _train_by_hand(self, model: str) -> Path:
        path = self.directory / f"{model}.joblib"
        program = [self.production_python, "-m", "tests.benchmarks.programs.training_by_hand"]
        subprocess.run([*program, model, str(TRAINING_CSV), str(path)], cwd=ROOT, check=True)
        return path

    def train(self, path: Path, version: str) -> None:
        """Train a version in a process of its own, with the strength that its peers have."""
        subprocess.run(
            [sys.executable, "-m", "app.models.train_model", str(path), version, "--C", "0.1"],
            cwd=ROOT,
            env=inherited_environment() | self.config,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def write_rows(self, rows: int, features: int = 4) -> Path:
        """Return a CSV of complete rows whose target follows a logistic model."""
        path = self.directory / f"{rows}x{features}.csv"
        if path.exists():
            return path
        generator = random.Random(1)
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([f"x_{i + 1}" for i in range(features)] + ["target"])
            for _ in range(rows):
                x = [round(generator.gauss(0.0, 1.0), 6) for _ in range(features)]
                z = -0.9 + 5.0 * sum(x[:4]) / 4
                writer.writerow([*x, int(generator.random() < 1.0 / (1.0 + math.exp(-z)))])
        return path

    def write_european(self, path: Path) -> Path:
        """Return the same table with semicolons and decimal commas."""
        other = path.with_suffix(".european.csv")
        if not other.exists():
            other.write_text(path.read_text().replace(",", ";").replace(".", ","))
        return other


def median(values: Sequence[float]) -> float:
    """Return the middle value, of an even number the mean of the two."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios of what was measured in the same round."""
    return median([a / b for a, b in zip(numerators, denominators, strict=True)])


def json_row(features: int) -> bytes:
    """Return the body of one row of so many numbers."""
    values = {f"x_{i + 1}": round(math.sin(i + 1), 6) for i in range(features)}
    return json.dumps({"id": "2"} | values).encode()


def percent(share: float) -> str:
    """Return a share as text."""
    return f"{share * 100:.0f} %"
