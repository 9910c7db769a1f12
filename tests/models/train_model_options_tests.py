"""Training: its options, and one line for what cannot be done."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.models.train_model import main
from app.settings import Settings
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, load_model


@pytest.mark.parametrize(
    "version", ["", "0", "v", "V0", "v01", "v-1", "v1.0", "v1234567890", "latest", "../v0", "v１"]
)
def test_refuses_a_bad_version_id(
    version: str, refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """Before it looks at the file."""
    assert refused_training(tmp_path / "no.csv", version=version) == (
        f"'{version}' is not a valid version id; valid are v0, v1, v2 and so on."
    )


@pytest.mark.parametrize("strength", ["0", "-1", "nan", "inf", "much"])
def test_refuses_a_bad_strength(strength: str, run_training: Run, config: Settings) -> None:
    """A usage error, before any work."""
    result = run_training(TRAINING_CSV, "--C", strength)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("Error: Invalid value for '--C': ")


@pytest.mark.parametrize("option", ["--missing", "--present"])
def test_refuses_a_token_that_is_no_text(option: str, run_training: Run) -> None:
    """The terminal's bytes may be of another encoding."""
    result = run_training(TRAINING_CSV, option, "\udcff")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == (
        f"Error: Invalid value for '{option}': '\\udcff' is not valid text."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler is for --search."),
        (["--search", "--C", "0.1"], "--search chooses C; say one or the other."),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    train_made_csv: Run, options: list[str], message: str
) -> None:
    """One of them would do nothing."""
    result = train_made_csv(*options)
    assert result.stderr.endswith(f"Error: {message}\n")
    assert result.exit_code == 2


def test_a_refit_is_a_model_of_all_rows_with_the_figures_of_the_validation_set(
    train_made_csv: Run, config: Settings, made_csv: Path
) -> None:
    """What is published learned from each row; what is said of it is of rows that were unseen."""
    plain, refit = train_made_csv(), train_made_csv("--refit-on-all", version="v1")
    assert refit.stdout == plain.stdout.replace("v0", "v1")
    before, after = load_model(config), load_model(config, "v1")
    assert after.manifest.metrics == before.manifest.metrics
    assert after.manifest.curves == before.manifest.curves
    assert after.manifest.parameters == replace(before.manifest.parameters, refit_on_all=True)
    frame = pd.read_csv(made_csv)
    X, y = frame.drop(columns="target"), frame["target"]
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(X, y)
    columns = X.to_numpy().T.tolist()
    assert after.outputs(columns)[0] == pytest.approx(expected.predict_proba(X)[:, 1], abs=1e-4)
    assert log_loss(y, after.outputs(columns)[0]) != pytest.approx(
        log_loss(y, before.outputs(columns)[0]), abs=1e-5
    )
    means = [feature.mean for feature in after.features]
    assert means == pytest.approx(X.mean().tolist())


def test_makes_the_directory_of_models(run_training: Run, config: Settings) -> None:
    """A new MODELS_ROOT need not be made by hand."""
    os.rmdir(config.models_root)
    assert run_training(TRAINING_CSV).exit_code == 0
    assert os.listdir(config.models_root) == ["trained-model-v0.p"]


def test_says_in_a_line_why_a_model_cannot_be_saved(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 1: the data was good."""
    root = tmp_path / "file" / "models"
    root.parent.touch()
    monkeypatch.setattr("app.settings.current", replace(config, models_root=str(root)))
    result = CliRunner().invoke(main, [TRAINING_CSV, "v0", "--C", "1"], catch_exceptions=False)
    assert result.stderr == f"Error: The model cannot be saved in '{root}': Not a directory.\n"
    assert result.exit_code == 1


def test_says_in_a_line_that_a_key_is_no_good(
    run_training: Run, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the work of training."""
    monkeypatch.setattr("app.settings.current", replace(config, model_signing_key="short"))
    result = CliRunner().invoke(main, [TRAINING_CSV, "v0"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "training set" not in result.stdout
    assert result.stderr.startswith("Error: MODEL_SIGNING_KEY must hold one key per line")
    assert len(result.stderr.splitlines()) == 1
