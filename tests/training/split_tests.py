"""How the rows are split: by groups, by dates, and what is said of a random split."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.helpers.errors import InvalidDataset
from app.settings import Settings
from app.tables.columns import Columns
from app.training.dataset import Dataset, read_dataset
from app.training.folds import make_folds
from app.training.split import Split, split_rows
from tests.support.csv_files import write_csv
from tests.support.training import Run, noted, read_manifest, train

Row = list[Any]
HEADER = ["customer", "day", "x", "target"]


def orders(n_rows: int = 400, n_customers: int = 40) -> list[Row]:
    """Return rows of customers that order again and again, on many days."""
    draw = random.Random(1)
    return [
        [
            f"c{draw.randrange(n_customers)}",
            f"2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}",
            f"{draw.random():.9f}",
            draw.choice(["no", "yes"]),
        ]
        for _ in range(n_rows)
    ]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Dataset]:
    """Read rows with some options: read(rows, group="customer")."""

    def read(rows: list[Row], **options: Any) -> Dataset:
        path = write_csv(tmp_path / "orders.csv", [HEADER, *rows])
        return read_dataset(str(path), Columns(**options))

    return read


def sides(split: Split, rows: list[Row], column: str) -> tuple[list[Any], list[Any]]:
    """Return what the rows of each side have in a column: those to train on, and the others."""
    place = HEADER.index(column)
    training, validation = (
        [rows[row][place] for row in X.index] for X in (split.X_train, split.X_validation)
    )
    return training, validation


@pytest.mark.parametrize("drop", [(), ("customer",)])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_group_is_on_one_side(read: Callable[..., Dataset], drop: Any, task: str) -> None:
    """About a quarter of the rows, of both classes, whether the column is a feature or not."""
    rows = orders()
    for k, row in enumerate(rows):
        row[3] = row[3] if task == "classification" else k / 7
    dataset = read(rows, group="customer", drop=drop)
    split = split_rows(dataset, seed=1)
    assert dataset.task == task
    training, validation = sides(split, rows, "customer")
    assert len(training) + len(validation) == len(rows)
    assert not {*training} & {*validation}
    assert len(validation) == pytest.approx(100, abs=15)
    if task == "classification":
        assert {*split.y_train} == {*split.y_validation} == {0, 1}
    assert ("customer" in dataset.frame) == (not drop)
    np.testing.assert_array_equal(split.y_train, dataset.target[split.X_train.index])


def test_a_group_may_be_the_id(read: Callable[..., Dataset]) -> None:
    """It is then no feature."""
    rows = orders()
    dataset = read(rows, group="customer", id="customer")
    training, validation = sides(split_rows(dataset, seed=1), rows, "customer")
    assert not {*training} & {*validation}
    assert [*dataset.frame] == ["day", "x"]


@pytest.mark.parametrize("drop", [(), ("day",)])
def test_the_latest_rows_are_held_out(read: Callable[..., Dataset], drop: Any) -> None:
    """All rows of a day are on one side, feature or not."""
    rows = orders()
    split = split_rows(read(rows, validate_last="day", drop=drop), seed=1)
    training, validation = sides(split, rows, "day")
    assert max(training) < min(validation)
    assert len(validation) == pytest.approx(100, abs=3)


def test_groups_that_end_before_others_begin_can_be_held_out_by_date(
    read: Callable[..., Dataset],
) -> None:
    """The cut is where no group has earlier and later rows."""
    rows = orders()
    for row in rows:
        row[0] = row[1][:7]
    dataset = read(rows, group="customer", validate_last="day")
    training, validation = sides(split_rows(dataset, seed=1), rows, "customer")
    assert max(training) < min(validation) == "2024-10"


def test_what_cannot_be_split_is_refused(read: Callable[..., Dataset]) -> None:
    """In one line that says what to do."""

    def refusal(rows: list[Row], **options: Any) -> str:
        with pytest.raises(InvalidDataset) as refused:
            split_rows(read(rows, **options), seed=1)
        return str(refused.value)

    assert refusal(orders(), group="customer", validate_last="day") == (
        "Wherever the latest rows begin, some groups have earlier and later rows; use --group or"
        " --validate-last alone."
    )
    assert refusal([["c", *row[1:]] for row in orders()], group="customer") == (
        "There is one group only; --group needs two or more."
    )
    assert refusal([[row[3], *row[1:]] for row in orders()], group="customer") == (
        "The groups cannot be split so that both sides have rows of every class; use another"
        " column for --group, or leave it out."
    )
    same = [[row[0], "2024-01-01", *row[2:]] for row in orders()]
    assert refusal(same, validate_last="day") == (
        "The column of --validate-last has the same value in every row; no row is later."
    )
    by_class = [[*row[:3], "yes" if row[1] > "2024-06" else "no"] for row in orders()]
    assert refusal(by_class, validate_last="day") == (
        "Class 'no' has no row in the latest rows; use another column for --validate-last, or leave"
        " it out."
    )
    close = [[*row[:3], f"{k}e-200" if row[1] > "2024-06" else k] for k, row in enumerate(orders())]
    assert refusal(close, validate_last="day") == (
        "The numbers that are held out are too close together to compute with; write the target in"
        " another unit."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"group": "customer"},
            "Row 5, column 'customer' is missing; --group needs a value in every row.",
        ),
        (
            {"validate_last": "day"},
            "Row 5, column 'day' is missing; --validate-last needs a value in every row.",
        ),
        (
            {"validate_last": "customer"},
            "Column 'customer' has neither dates nor numbers; --validate-last needs them.",
        ),
        (
            {"group": "target"},
            "Column 'target' is the target; name another column with --group.",
        ),
        (
            {"group": "custumer"},
            "There is no column 'custumer'; did you mean 'customer'? There are 'customer', 'day',"
            " 'x', 'target'.",
        ),
    ],
)
def test_a_column_that_cannot_split_is_refused(
    read: Callable[..., Dataset], options: dict[str, str], message: str
) -> None:
    """Naming the row where there is one."""
    rows = orders()
    rows[3][:2] = None, None
    with pytest.raises(InvalidDataset) as refused:
        read(rows, **options)
    assert str(refused.value) == message


def test_training_suggests_the_latest_rows_and_groups(run_training: Run, tmp_path: Path) -> None:
    """With a date in the table, and with the same rows on both sides."""
    rows = [[f"{row[0][1:]}", *row[1:]] for row in orders(200)]
    header = ["customer_id", *HEADER[1:]]
    path = write_csv(tmp_path / "twice.csv", [header, *rows, *rows])
    lines = run_training(path).stderr.splitlines()
    assert (
        "Note: Column 'day' has dates, and a random quarter of the rows validates;"
        " --validate-last day holds out the latest quarter instead."
    ) in lines
    (warning,) = (line for line in lines if "word for word" in line)
    n_repeated = int(warning.split()[1])
    assert 50 < n_repeated < 100
    assert warning == (
        f"Warning: {n_repeated} of 100 held-out rows are in the training set, too, word for word,"
        " which may make the model look better than it is; --group customer_id keeps rows of one"
        " 'customer_id' on one side."
    )


def test_rows_of_few_categories_are_equal_by_chance(run_training: Run, tmp_path: Path) -> None:
    """So nothing is said of them."""
    draw = random.Random(2)
    rows = [[draw.choice("abcdefghij") for _ in range(3)] + [draw.choice("yn")] for _ in range(900)]
    result = run_training(write_csv(tmp_path / "letters.csv", [HEADER, *rows]))
    assert (noted(result.stderr), result.exit_code) == ("", 0)


def test_the_manifest_has_the_options(run_training: Run, config: Settings, tmp_path: Path) -> None:
    """What was asked for is not suggested, and a feature that groups rows is noted."""
    path = write_csv(tmp_path / "orders.csv", [HEADER, *orders()])
    result = run_training(path, "--validate-last", "day")
    assert result.exit_code == 0
    assert "--validate-last" not in result.stderr
    assert read_manifest(config).parameters.columns.validate_last == "day"
    result = run_training(path, "--group", "customer")
    assert (
        "Note: Column 'customer' is a feature as well as the group of a row; --drop customer leaves"
        " it out of the features only.\n"
    ) in result.stderr
    assert read_manifest(config).parameters.columns.group == "customer"
    result = run_training(path, "--like", "v0", version="v1")
    assert result.exit_code == 0
    assert read_manifest(config, "v1").parameters.columns.group == "customer"


@pytest.mark.parametrize("search", [False, True])
def test_cross_validation_needs_several_groups_to_train_on(
    search: bool, config: Settings, tmp_path: Path, run_training: Run
) -> None:
    """With one group left, the strength is the default, and a search is refused."""
    path = write_csv(tmp_path / "two.csv", [HEADER, *orders(n_customers=2)])
    if search:
        result = run_training(path, "--group", "customer", "--search")
        assert result.stderr.endswith(
            "Error: There are too few groups for --search to cross-validate; train it without.\n"
        )
    else:
        train(str(path), "v0", columns=Columns(group="customer"), C=None, config=config)
        assert read_manifest(config).parameters.strength == (
            "C is 1: there are too few groups to choose it by cross-validation"
        )


def test_cross_validation_keeps_groups_together(config: Settings, tmp_path: Path) -> None:
    """With enough groups the strength is chosen as ever."""
    path = write_csv(tmp_path / "orders.csv", [HEADER, *orders()])
    train(str(path), "v0", columns=Columns(group="customer"), C=None, config=config)
    assert read_manifest(config).parameters.strength.endswith(", chosen by 5-fold cross-validation")


@pytest.mark.parametrize("is_regression", [False, True])
def test_folds_keep_groups_together(is_regression: bool) -> None:
    """As a split does; too few groups give no folds."""
    draw = np.random.default_rng(1)
    y, groups = draw.integers(2, size=300), draw.integers(30, size=300)
    folds = make_folds(y, 5, 1, groups, is_regression=is_regression)
    assert len(folds) == 5
    for training, validation in folds:
        assert not {*groups[training]} & {*groups[validation]}
    assert make_folds(y, 5, 1, np.zeros(300, np.intp), is_regression=is_regression) == []
