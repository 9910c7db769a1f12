"""What a person who trains at a terminal is told at the end."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.models.train_model import main
from app.settings import Settings
from app.store.doubts import shown
from app.store.intervals import Interval
from app.store.manifest import Manifest
from app.store.metrics import Rate
from tests.support.csv_files import write_csv
from tests.support.houses import house_rows
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, read_manifest


class Terminal(io.StringIO):
    """A stderr that a person looks at."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def train_at_a_terminal(
    config: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Train v0 in this process: train(path, *options) returns what the terminal shows."""

    def train(path: str, *options: str, yardstick: bool = False) -> list[str]:
        if not yardstick:
            options = ("--no-yardstick", *options)
        monkeypatch.setattr("app.settings.current", config)
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        main([path, "v0", "--C", "0.1", *options], standalone_mode=False)
        return terminal.getvalue().splitlines()

    return train


def figure_lines(manifest: Manifest, **names: str) -> list[str]:
    """Return what the summary shows of each metric, which it calls by these names."""
    lines = []
    for metric, name in names.items():
        interval: Interval = getattr(manifest.intervals, metric)
        figures = getattr(manifest.metrics, metric), interval.low, interval.high
        value, low, high = map(shown, figures)
        baseline = shown(getattr(manifest.baseline_metrics, metric))
        lines.append(f"{name} {value}, 95 % interval {low} to {high}; baseline {baseline}")
    return lines


def test_a_classification_ends_with_its_figure_and_the_classes(
    train_at_a_terminal: Callable[..., list[str]], config: Settings
) -> None:
    """Each beside the baseline's, the share of each class, and where to look."""
    lines = train_at_a_terminal(TRAINING_CSV)
    assert lines == [
        *figure_lines(
            read_manifest(config),
            roc_auc="ROC AUC",
            average_precision="average precision",
            brier_score="Brier score",
            log_loss="log loss",
            accuracy="accuracy",
        ),
        "class '0': 54.7% of all rows, 54.7% of those held out (1367 of 2500)",
        "class '1': 45.3% of all rows, 45.3% of those held out (1133 of 2500)",
        "Its report, once served: http://localhost:8080/v0/report",
    ]


def test_a_regression_ends_with_its_figure(
    train_at_a_terminal: Callable[..., list[str]], config: Settings, tmp_path: Path
) -> None:
    """R² beside the baseline's; there are no classes."""
    path = write_csv(tmp_path / "houses.csv", house_rows())
    summary = train_at_a_terminal(str(path), "--target", "price")[-5:]
    assert summary == [
        *figure_lines(
            read_manifest(config),
            r2="R²",
            mean_absolute_error="mean absolute error",
            root_mean_squared_error="root mean squared error",
            median_absolute_error="median absolute error",
        ),
        "Its report, once served: http://localhost:8080/v0/report",
    ]


def test_a_threshold_is_told_with_what_it_reaches(
    train_at_a_terminal: Callable[..., list[str]], config: Settings
) -> None:
    """On the held-out rows; at the usual one half there is nothing to tell."""
    lines = train_at_a_terminal(TRAINING_CSV, "--threshold", "0.3")
    labels = read_manifest(config).label_metrics
    assert labels is not None
    for line, name in zip(lines[5:8], ("recall", "precision", "flagged"), strict=True):
        rate: Rate = getattr(labels, name)
        figures = rate.value, rate.interval.low, rate.interval.high
        value, low, high = (f"{figure:.4g}" for figure in figures)
        assert line == f"{name} at the threshold of 0.3: {value}, 95 % interval {low} to {high}"


def test_of_many_classes_the_first_ten_are_told(
    train_at_a_terminal: Callable[..., list[str]], tmp_path: Path
) -> None:
    """And how many more there are."""
    rows = [[str(i % 7), f"class {i % 12 + 10}"] for i in range(240)]
    path = write_csv(tmp_path / "many.csv", [["x", "target"], *rows])
    lines = train_at_a_terminal(str(path))
    assert sum(line.startswith("class 'class 1") for line in lines) == 10
    assert lines[-2] == "and 2 more classes"
    assert lines[-17].startswith("ROC AUC (mean of each class against the rest) 0.")


def test_what_is_not_read_by_a_person_has_no_summary(run_training: Run) -> None:
    """A log, for one."""
    assert run_training(TRAINING_CSV).stderr == ""


def test_gradient_boosting_is_told_of(
    train_at_a_terminal: Callable[..., list[str]], config: Settings
) -> None:
    """What it reaches on the same rows, and whether that is better."""
    lines = train_at_a_terminal(TRAINING_CSV, yardstick=True)
    found = read_manifest(config).yardstick
    assert found is not None
    assert lines[5] == (
        f"gradient boosting reaches {found.figure:.4g}, the model {found.model_figure:.4g} on the"
        " same 2500 held-out rows: the model is better"
    )
