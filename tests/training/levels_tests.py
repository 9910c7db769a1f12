"""Which columns are open, which of their levels are kept, and what is said of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.helpers.features import Feature
from app.settings import Settings
from app.tables.columns import Columns
from app.training.levels import decide_open
from app.training.profile import describe_features
from tests.support.csv_files import csv_of, write_csv
from tests.support.training import Run, noted, read_manifest
from tests.support.villages import write_villages


def decide(counts: Mapping[str, int], **options: Any) -> Feature:
    """Return what becomes of a column `city` with that many training rows of each level."""
    texts = [level for level, count in counts.items() for _ in range(count)]
    frame = pd.DataFrame({"city": pd.Series(texts, dtype=object)})
    city = Feature("city", "category", categories=tuple(sorted(counts)))
    (feature,) = describe_features(decide_open([city], frame, Columns(**options)), frame)
    return feature


def levels(*counts: int) -> dict[str, int]:
    """Return levels with these numbers of rows."""
    return {f"city {number:04d}": count for number, count in enumerate(counts)}


OPEN = {
    "ten villages": levels(30, 20, *[1] * 10),
    "as many rows of rare levels as a level needs": levels(100, 3, 2),
    "one row in a thousand": levels(9990, *[2] * 5),
    "two levels seen once, in 2 % of the rows": levels(98, 1, 1),
    "1 % of the rows": levels(297, 1, 1, 1),
    "more than twenty levels, all rare": levels(*[4] * 21),
}
CLOSED = {
    "none is rare": levels(5, 5, 5),
    "a typo in a small table": levels(10, 10, 1),
    "a typo in a large table": levels(9999, 1),
    "a rare level with too few rows": levels(100, 4),
    "several typos in a large table": levels(10_000, *[1] * 10),
    "two levels seen once, in less than 1 % of the rows": levels(200, 1, 1),
    "a table so small that all are rare": levels(*[4] * 20),
    "a table of a few rows": levels(1, 1, 2),
    "levels that the validation set alone has": levels(50, 0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("case", OPEN)
def test_a_column_is_open_where_rare_levels_are_many(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then it keeps the levels with five rows or more; nothing names the others."""
    counts = OPEN[case]
    feature = decide(counts)
    kept = [level for level, count in counts.items() if count >= 5]
    n_rows, n_rare = sum(counts.values()), len(counts) - len(kept)
    assert feature.open
    assert feature.categories == tuple(kept)
    assert feature.shares == tuple(counts[level] / n_rows for level in kept)
    assert feature.rare == pytest.approx(1 - sum(feature.shares))
    assert feature.rare_categories == ()
    assert capsys.readouterr().err == (
        f"Note: Column 'city' is open: its {n_rare} levels with fewer than 5 rows share one weight,"
        " which new ones get, too; to refuse new ones, use --closed city.\n"
    )


@pytest.mark.parametrize("case", CLOSED)
def test_a_column_is_closed_where_new_levels_are_not_to_be_expected(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It keeps all of its levels, and knows which are rare; there is nothing to say."""
    counts = CLOSED[case]
    feature = decide(counts)
    assert not feature.open
    assert feature.categories == tuple(counts)
    assert feature.shares == tuple(count / sum(counts.values()) for count in counts.values())
    assert feature.rare == 0.0
    assert feature.rare_categories == tuple(level for level in counts if counts[level] < 5)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("case", CLOSED)
def test_a_column_may_be_opened(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its levels are; whoever says so needs no note."""
    feature = decide(CLOSED[case], open=("city",))
    assert feature.open
    assert feature.categories == tuple(c for c, count in CLOSED[case].items() if count >= 5)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("case", OPEN)
def test_a_column_may_be_closed(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Then all of its levels are kept."""
    feature = decide(OPEN[case], closed=("city",))
    assert not feature.open
    assert feature.categories == tuple(OPEN[case])
    assert capsys.readouterr().err == ""


def test_texts_too_long_to_be_sent_keep_a_column_closed() -> None:
    """An open column takes at most 256 characters, and every row of the training must score."""
    assert decide(levels(30, 20, *[1] * 10) | {"x" * 256: 1}).open
    assert not decide(levels(30, 20, *[1] * 10) | {"x" * 257: 1}).open


def test_missing_values_are_no_levels() -> None:
    """They have their own share."""
    texts = pd.Series(["a"] * 10 + ["b"] * 5 + ["c", "d"] + [np.nan] * 3, dtype=object)
    frame = pd.DataFrame({"city": texts})
    features = [Feature("city", "category", True, tuple("abcd"))]
    (feature,) = describe_features(decide_open(features, frame, Columns()), frame)
    assert feature.categories == ("a", "b")
    assert (feature.shares, feature.rare, feature.missing) == ((0.5, 0.25), 0.1, 0.15)


@pytest.mark.parametrize(
    "options", [["--search"], ["--refit-on-all"], ["--search", "--refit-on-all"]]
)
def test_an_open_column_is_searched_and_refitted(
    options: list[str], run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Whatever levels a fold lacks; the levels that are kept are those of the rows fitted to."""
    path = write_villages(tmp_path / "villages.csv")
    result = run_training(path, "--workers", "1", *options)
    city = read_manifest(config).features[0]
    assert result.exit_code == 0
    assert city.open
    assert city.categories == ("Bree", "Dale")
    n_rare = city.rare * (400 if "--refit-on-all" in options else 300)
    assert n_rare == pytest.approx(20 if "--refit-on-all" in options else 16)


@pytest.mark.parametrize("n_levels", [1001, 5000])
def test_there_may_be_any_number_of_levels(
    n_levels: int, run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """A column with 5,000 cities trains: those with five rows keep their weights."""
    draw = np.random.default_rng(1)
    cities = draw.zipf(1.3, size=20_000) % n_levels
    rows = [[f"city {number}", "yn"[k % 2]] for k, number in enumerate(cities)]
    result = run_training(write_csv(tmp_path / "cities.csv", [["city", "target"], *rows]))
    (city,) = read_manifest(config).features
    assert result.exit_code == 0
    assert city.open
    assert 100 < len(city.categories) < n_levels
    assert min(city.shares) == 5 / 15_000


def test_many_levels_may_be_closed(run_training: Run, config: Settings, tmp_path: Path) -> None:
    """All are kept then, however rare."""
    rows = [[f"city {k % 1001}", k % 2] for k in range(3003)]
    path = write_csv(tmp_path / "cities.csv", [["city", "target"], *rows])
    result = run_training(path, "--closed", "city")
    assert (noted(result.stderr), result.exit_code) == ("", 0)
    assert len(read_manifest(config).features[0].categories) == 1001


REFUSALS = {
    "both": (
        ["--open", "plan", "--closed", "plan"],
        "Column 'plan' cannot be both open and closed; leave out --open plan or --closed plan.",
    ),
    "no such column": (
        ["--open", "city"],
        "There is no column 'city'; there are 'plan', 'long', 'x', 'target'.",
    ),
    "numbers": (
        ["--open", "x"],
        "Column 'x' is not a category to learn from; --open and --closed are for categories.",
    ),
    "the target": (
        ["--closed", "target"],
        "Column 'target' is not a category to learn from; --open and --closed are for categories.",
    ),
    "left out": (
        ["--closed", "plan", "--drop", "plan"],
        "Column 'plan' is not a category to learn from; --open and --closed are for categories.",
    ),
    "too long": (
        ["--open", "long"],
        "Column 'long' has texts of over 256 characters; it cannot be open.",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refuses_columns_that_cannot_be_open_or_closed(
    case: str, refused_training: Callable[..., str], tmp_path: Path
) -> None:
    """In one line, with nothing written."""
    options, message = REFUSALS[case]
    rows = [["ab"[k % 2], "xy"[k % 2] * 300, k, k // 2 % 2] for k in range(40)]
    (tmp_path / "plans.csv").write_bytes(csv_of(["plan", "long", "x", "target"], *rows))
    assert refused_training(tmp_path / "plans.csv", *options) == message
