"""Scoring files with a linear model needs neither its pickle nor scikit-learn and pandas."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from app.models import estimators
from app.models.estimators import build_classifier
from app.settings import Settings
from tests.support.bare_programs import run_bare
from tests.support.scored_files import ask, some_rows, typed_table, write_text
from tests.support.training import environment_of, run_python, train

SCORE = "from app.models.score_file import main; main()"
PRINT_MODULES = """
import atexit
heavy = ("pandas", "sklearn", "scipy", "joblib")
atexit.register(lambda: print(*[name for name in heavy if name in sys.modules]))
"""


def test_a_file_is_scored_where_the_libraries_are_missing(
    mixed_config: Settings, mixed_client: FlaskClient, tmp_path: Path
) -> None:
    """The bytes are those of the API."""
    source = write_text(tmp_path / "in.csv", some_rows(200))
    result = run_bare(SCORE, mixed_config, str(source), str(tmp_path / "out.csv"), "v0")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("Scored 200 rows in ")
    assert (tmp_path / "out.csv").read_bytes() == ask(mixed_client, some_rows(200)).data


@pytest.mark.parametrize("options", [[], ["--explain", "--keep"], ["--workers", "2"]])
@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_no_library_is_imported_that_is_not_needed(
    options: list[str], format_: str, mixed_config: Settings, tmp_path: Path
) -> None:
    """Though they are all there."""
    source = tmp_path / f"in.{format_}"
    if format_ == "csv":
        write_text(source, some_rows(50))
    else:
        pq.write_table(typed_table(50), source)
    arguments = [str(source), str(tmp_path / f"out.{format_}"), "v0", *options]
    program = f"import sys\n{PRINT_MODULES}\n{SCORE}"
    result = run_python("-c", program, *arguments, environment=environment_of(mixed_config))
    assert (result.returncode, result.stdout) == (0, "\n"), result.stderr


def test_a_model_that_would_be_unpickled_scores_no_file(
    config: Settings, mixed_config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `UNPICKLE=never`, the reason is said in a line."""

    def build_tree(features: Any, **_: Any) -> Any:
        return make_pipeline(build_classifier(features)[0], DecisionTreeClassifier(max_depth=2))

    monkeypatch.setattr(estimators, "build_classifier", build_tree)
    table = shutil.copy(Path(mixed_config.models_root).parent / "mixed.csv", tmp_path)
    train(str(table), "v0", config=config)
    source = write_text(tmp_path / "in.csv", some_rows(5))
    result = run_bare(SCORE, config, str(source), str(tmp_path / "out.csv"), "v0")
    assert (result.returncode, result.stdout, result.stderr) == (
        2,
        "",
        "Error: Trained model version 'v0' cannot be used: it would have to be unpickled, which"
        " UNPICKLE=never forbids.\n",
    )
    assert not (tmp_path / "out.csv").exists()
