"""The profile of a table: self-check rows, and columns that tell the target."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from app.settings import Settings
from tests.support.csv_files import write_csv
from tests.support.paths import TRAINING_CSV
from tests.support.training import Run, noted, read_manifest


def test_the_self_check_has_no_row_of_the_data(run_training: Run, config: Settings) -> None:
    """What is published with a model is made up from statistics."""
    run_training(TRAINING_CSV)
    data = set(pd.read_csv(TRAINING_CSV).drop(columns="target").itertuples(index=False, name=None))
    rows = [check.row for check in read_manifest(config).self_check]
    assert len(rows) > 10
    assert not data & {tuple(row.values()) for row in rows}


def test_made_up_numbers_could_be_the_datas(
    run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Whole where the column's are, even if the median is not, and within the range seen."""
    rows = [[i % 6, (i * 7) % 50 - 20, i / 3, 5.5 if i % 2 else "", i % 2] for i in range(400)]
    header = ["tickets", "degrees", "spend", "always", "target"]
    run_training(str(write_csv(tmp_path / "counts.csv", [header, *rows])), "--include", "always")
    manifest = read_manifest(config)
    whole = {feature.name: feature.whole for feature in manifest.features}
    assert whole == {"tickets": True, "degrees": True, "spend": False, "always": False}
    assert manifest.typical_row["tickets"] == 2
    for check in manifest.self_check:
        tickets, degrees, spend = (check.row[name] for name in header[:3])
        assert tickets in range(6)
        assert degrees in range(-20, 30)
        assert isinstance(spend, float)
        assert 0 <= spend <= 400 / 3


# Warnings


def warned_columns(result: Result) -> list[str]:
    """Return the columns that are said to tell the target."""
    pattern = (
        r"Warning: Column '(.*)' alone tells the target almost perfectly;"
        r" is it known at the time of the prediction\?"
    )
    warnings = [line for line in noted(result.stderr).splitlines() if not line.startswith("Note: ")]
    return [re.fullmatch(pattern, line).group(1) for line in warnings]  # type: ignore[union-attr]


@pytest.mark.parametrize("labels", [["no", "yes"], ["a", "b", "c"]])
def test_what_tells_the_target_is_warned_of(
    labels: list[str], run_training: Run, tmp_path: Path
) -> None:
    """Copies, codes and ranges, in order or not. Good predictors are not."""
    generator = np.random.default_rng(3)
    header = ["copy", "number", "range", "shuffled", "code", "good", "mostly", "few", "target"]
    rows = []
    for i in range(400):
        k = i % len(labels)
        rows.append(
            [
                labels[k],
                k,
                k + generator.uniform(-0.4, 0.4),
                (k + 1) % len(labels) + generator.uniform(-0.4, 0.4),
                f"{labels[k]} {generator.integers(20)}",
                k + generator.normal() / 3,
                (k + (i % 100 == 0)) % len(labels) + generator.uniform(-0.4, 0.4),
                f"group {generator.integers(100)}",
                labels[k],
            ]
        )
    options = ("--closed", "code", "--closed", "few")  # else there is a note of their rare levels
    result = run_training(write_csv(tmp_path / "leak.csv", [header, *rows]), *options)
    assert warned_columns(result) == ["copy", "number", "range", "shuffled", "code"]
    assert result.exit_code == 0


def test_what_tells_the_target_by_a_gap_or_nearly_is_warned_of(
    run_training: Run, tmp_path: Path
) -> None:
    """A column that is filled in afterwards; a range with gaps beside it; one row in 200 amiss."""
    generator = np.random.default_rng(4)
    rows = []
    for i in range(800):
        k = i % 2
        noise = generator.normal()
        inside = generator.uniform(-1, 1) if k else generator.choice([-1, 1]) * (1 + noise**2)
        gap = generator.normal() if k else None
        rows.append([gap, gap and 7, inside, k + noise / 5, -k + noise / 5, k])
    header = ["gap", "same gap", "inside", "nearly", "nearly not", "target"]
    result = run_training(write_csv(tmp_path / "leak.csv", [header, *rows]))
    assert warned_columns(result) == ["gap", "same gap", "inside", "nearly", "nearly not"]


def test_a_rare_class_is_not_told_by_chance(run_training: Run, tmp_path: Path) -> None:
    """Four rows in 2,000, of four categories in 1,000, tell nothing."""
    rows = [[f"group {i // 2}", "yes" if i in (100, 501, 900, 1301) else "no"] for i in range(2000)]
    path = write_csv(tmp_path / "rare.csv", [["group", "target"], *rows])
    result = run_training(path, "--closed", "group")
    assert (noted(result.stderr), result.exit_code) == ("", 0)
