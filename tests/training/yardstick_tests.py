"""The yardstick: gradient boosting on the same rows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from app.helpers.features import Feature
from app.models import estimators
from app.settings import Settings
from app.store.manifest import Manifest
from app.store.yardstick import Yardstick
from app.training import yardstick
from app.training.boosting import boosted_classifier, boosted_regressor
from app.training.rank_intervals import area_error, shares_of_area
from tests.support.csv_files import write_csv
from tests.support.subscribers import write_subscribers
from tests.support.training import Run, read_manifest
from tests.support.training import train as train_without

NOT_COMPARED = "Note: The model is not compared with gradient boosting: {}.\n"


def train(path: Path, config: Settings, **options: Any) -> Manifest:
    """Train v0 with a yardstick."""
    return train_without(str(path), "v0", yardstick=True, config=config, **options)


def of(manifest: Manifest) -> Yardstick:
    """Return a model's yardstick."""
    assert manifest.yardstick is not None
    return manifest.yardstick


def write_numbers(path: Path, signal: Any, n_rows: int = 800, noise: float = 1.0) -> Path:
    """Write two numbers and a target that is "yes" where a signal of them is high."""
    generator = np.random.default_rng(7)
    X = generator.normal(size=(n_rows, 2)).round(4)
    scores = signal(*X.T) + noise * generator.normal(size=n_rows)
    labels = np.where(scores > np.median(scores), "yes", "no")
    return write_csv(path, [["a", "b", "target"], *zip(*X.T, labels, strict=True)])


@pytest.mark.parametrize(
    ("signal", "better"),
    [
        (lambda a, b: 3 * a * b, "boosting"),
        (lambda a, b: a - b, "model"),
        (lambda a, b: 0 * a, None),
    ],
    ids=["bent", "straight", "nothing"],
)
def test_it_tells_whether_a_straight_line_is_enough(
    config: Settings, tmp_path: Path, signal: Any, better: str | None
) -> None:
    """By an interval of the difference on the same held-out rows."""
    manifest = train(write_numbers(tmp_path / "numbers.csv", signal), config)
    found = of(manifest)
    assert found.better == better
    assert found.model_figure == pytest.approx(manifest.figure)
    assert found.difference == pytest.approx(found.figure - found.model_figure)
    assert found.interval.low < found.difference < found.interval.high
    assert (found.training_rows, found.validation_rows) == (600, 200)


@pytest.mark.parametrize("n_classes", [2, 3, 0])
def test_every_kind_of_column_is_used_but_texts(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_classes: int
) -> None:
    """To publish such a model is to train with the function that made it; the figure is equal."""
    path = write_subscribers(tmp_path / "subscribers.csv", n_classes)
    found = of(train(path, config))
    assert found.left_out == ("comment",)
    monkeypatch.setattr(
        estimators, "build_classifier", lambda features, C: boosted_classifier(features)
    )
    monkeypatch.setattr(
        estimators, "build_regressor", lambda features, C: boosted_regressor(features)
    )
    manifest = train(path, config)
    assert manifest.figure == pytest.approx(found.figure)
    again = of(manifest)
    assert (again.difference, again.better) == (0.0, None)
    assert (again.interval.low, again.interval.high) == (0.0, 0.0)


def test_a_category_may_have_more_levels_than_gradient_boosting_takes(
    config: Settings, tmp_path: Path
) -> None:
    """The rare ones are one level, and so is what is new."""
    rows = [[f"town {k % 300}", k % 7, "yes" if k % 300 < 150 else "no"] for k in range(4800)]
    path = write_csv(tmp_path / "towns.csv", [["town", "x", "target"], *rows])
    assert of(train(path, config)).figure > 0.7


def test_rows_are_bounded(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On both sides; the model's own figure is that of these rows."""
    monkeypatch.setattr(yardstick, "MAX_ROWS", 150)
    found = of(train(write_numbers(tmp_path / "numbers.csv", lambda a, b: a - b), config))
    assert (found.training_rows, found.validation_rows) == (150, 150)


def test_it_can_be_left_out(run_training: Run, config: Settings, made_csv: Path) -> None:
    """Then nothing is said of it."""
    result = run_training(made_csv, "--no-yardstick", yardstick=True)
    assert "gradient boosting" not in result.stderr
    manifest = read_manifest(config)
    assert manifest.yardstick is None
    assert "--no-yardstick" in manifest.origin.options


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[k, "yn"[k % 2]] for k in range(100)], "75 rows to train on are too few"),
        (
            [[k, "y" if k % 40 else "n"] for k in range(400)],
            "there are too few rows of class 'n'",
        ),
    ],
    ids=["few rows", "few of a class"],
)
def test_what_cannot_be_compared_is_noted(
    run_training: Run, tmp_path: Path, rows: Sequence[list[Any]], reason: str
) -> None:
    """With too few rows the difference could be anything."""
    rows = [[k * 37 % 101 / 8, label] for k, label in rows]
    path = write_csv(tmp_path / "few.csv", [["x", "target"], *rows])
    result = run_training(path, yardstick=True)
    assert result.exit_code == 0
    assert NOT_COMPARED.format(reason) in result.stderr


def test_a_table_that_is_too_wide_is_noted(
    run_training: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take longer than all else."""
    monkeypatch.setattr(yardstick, "MAX_CELLS", 20_000)
    path = write_subscribers(tmp_path / "subscribers.csv", 3)
    result = run_training(path, yardstick=True)
    assert NOT_COMPARED.format("with 7 columns and 3 classes it would take too long") in (
        result.stderr
    )


def test_texts_alone_are_noted(run_training: Run, tmp_path: Path) -> None:
    """They are all that the model has."""
    generator = np.random.default_rng(1)
    words = ["good", "bad", "slow", "fast", "quick", "service", "price", "nice"]
    rows = [[" ".join(generator.choice(words, 6)), "yn"[k % 2]] for k in range(300)]
    path = write_csv(tmp_path / "texts.csv", [["comment", "target"], *rows])
    result = run_training(path, yardstick=True)
    assert NOT_COMPARED.format("it does not learn from texts") in result.stderr


def delong(is_class: Any, scores: Any) -> float:
    """Return the variance of the difference of two areas, by DeLong's own formulas."""
    positive, negative = (np.array(scores)[:, side] for side in (is_class, ~is_class))
    wins = (positive[:, :, None] > negative[:, None, :]) + 0.5 * (
        positive[:, :, None] == negative[:, None, :]
    )
    variance = np.cov(wins.mean(axis=2)) / positive.shape[1]
    variance += np.cov(wins.mean(axis=1)) / negative.shape[1]
    return float(variance[0, 0] + variance[1, 1] - 2 * variance[0, 1])


def test_the_difference_of_two_areas_varies_as_delong_says() -> None:
    """Though computed from ranks, tied scores included."""
    generator = np.random.default_rng(3)
    target = generator.integers(2, size=80)
    scores = [np.round(target + generator.normal(size=80) * width, 1) for width in (1, 2)]
    scores = [score - min(score) for score in scores]
    added = [shares_of_area(target, score[np.newaxis], [1]) for score in scores]
    ours = area_error(target, added[0] - added[1]) ** 2
    assert ours == pytest.approx(delong(target == 1, scores))


@pytest.mark.parametrize("kind", ["three classes", "numbers"])
def test_the_interval_is_about_that_of_a_bootstrap(kind: str) -> None:
    """Of the same rows for both models."""
    generator = np.random.default_rng(5)
    n = 400
    figure: Callable[..., Any]
    if kind == "numbers":
        target: Any = generator.normal(size=n)
        ours, theirs = (target[np.newaxis] + generator.normal(size=n) * w for w in (0.9, 0.6))
        figure = lambda rows, outputs: r2_score(target[rows], outputs[0, rows])  # noqa: E731
    else:
        target = generator.integers(3, size=n)
        one_hot = np.eye(3)[target].T
        ours, theirs = (generator.dirichlet(np.ones(3), n).T + one_hot * w for w in (0.2, 0.4))
        ours, theirs = ours / ours.sum(axis=0), theirs / theirs.sum(axis=0)
        figure = lambda rows, outputs: roc_auc_score(  # noqa: E731
            target[rows], outputs[:, rows].T, multi_class="ovr"
        )
    samples = (generator.integers(n, size=n) for _ in range(80))
    differences = [figure(rows, theirs) - figure(rows, ours) for rows in samples]
    interval = yardstick._difference(target, theirs, ours, None)
    width = (interval.high - interval.low) / 2
    assert width == pytest.approx(1.96 * np.std(differences), rel=0.3)
    middle = (interval.high + interval.low) / 2
    everything = np.arange(n)
    assert middle == pytest.approx(figure(everything, theirs) - figure(everything, ours))


def test_missing_numbers_and_booleans_need_no_imputer() -> None:
    """Gradient boosting learns from what is missing."""
    features = [Feature("x", "number", nullable=True), Feature("on", "boolean")]
    assert [step for step, _ in boosted_classifier(features).steps] == [
        "columntransformer",
        "histgradientboostingclassifier",
    ]
