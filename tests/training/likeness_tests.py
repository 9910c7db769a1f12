"""`--like`: training again without another row or another answer."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.helpers.errors import InvalidDataset
from app.helpers.validation import make_schema
from app.settings import Settings
from app.store.manifest import Manifest
from app.tables.columns import Columns
from app.training.continuity import changes
from tests.support.csv_files import write_csv
from tests.support.training import Run, noted, read_manifest, train

HEADER = ["key", "age", "price", "color", "city", "on", "plan"]
PLANS = ("basic", "plus", "max")
N_ROWS = 120
Row = dict[str, Any]


def make_rows() -> list[Row]:
    """Return rows of which `age` has gaps, `city` is open and `key` is left out."""
    return [
        {
            "key": i + 1,
            "age": None if i % 10 == 0 else 20 + i * 7 % 50,
            "price": f"${1000 + i * 31 % 997:,}",
            "color": ("red", "green", "blue")[i % 3],
            "city": ("Bonn", "Ulm", f"village {i}")[i % 7 % 3],
            "on": ("yes", "no")[i * 5 % 7 % 2],
            "plan": PLANS[i * i % 11 % 3],
        }
        for i in range(N_ROWS)
    ]


def write(path: Path, rows: list[Row], **dialect: Any) -> str:
    """Write rows with the columns that the first one has."""
    lines = [list(rows[0]), *([*row.values()] for row in rows)]
    return str(write_csv(path, lines, **dialect))


def schema_of(manifest: Manifest) -> dict[str, Any]:
    """Return the schema of a version's rows without the examples of an open column."""
    schema = make_schema(manifest.features)
    for property_ in schema["properties"].values():
        property_.pop("examples", None)
    return schema


@pytest.fixture
def old(tmp_path: Path, config: Settings) -> Manifest:
    """The manifest of v3, trained on these rows."""
    path = write(tmp_path / "old.csv", make_rows())
    train(path, "v3", columns=Columns("plan"), config=config)
    return read_manifest(config, "v3")


@pytest.fixture
def run_like_v3(old: Manifest, run_training: Run, tmp_path: Path) -> Any:
    """Train v4 like v3 on rows: run_like_v3(rows, *options)."""

    def run(rows: list[Row], *options: str) -> Any:
        path = write(tmp_path / "new.csv", rows)
        return run_training(path, "--like", "v3", *options, version="v4")

    return run


def test_the_same_file_gives_the_same_model(
    old: Manifest, run_like_v3: Any, config: Settings
) -> None:
    """What the data decided the first time is what the older version decides now."""
    result = run_like_v3(make_rows())
    assert result.exit_code == 0, result.stderr
    assert noted(result.stderr) == ""
    new = read_manifest(config, "v4")
    assert new.features == old.features
    assert (new.classes, new.metrics) == (old.classes, old.metrics)
    assert new.training_data.columns_left_out == old.training_data.columns_left_out


def test_columns_that_would_be_left_out_stay(
    old: Manifest, run_like_v3: Any, config: Settings
) -> None:
    """Be they constant, empty or counting the rows."""
    rows = make_rows()
    for i, row in enumerate(rows):
        row |= {"age": i, "color": "red", "on": "no", "price": i + 1, "city": "Bonn"}
    assert run_like_v3(rows).exit_code == 0
    assert changes(old, read_manifest(config, "v4")) == []
    for row in rows:
        row["age"] = None
    assert run_like_v3(rows).exit_code == 0
    assert schema_of(read_manifest(config, "v4")) == schema_of(old)


def test_new_columns_are_left_out_with_a_note(run_like_v3: Any, config: Settings) -> None:
    """Clients do not send them; if they do, they are ignored."""
    rows = [{"size": i % 4, **row, "since": 1990 + i % 30} for i, row in enumerate(make_rows())]
    result = run_like_v3(rows)
    assert (
        noted(result.stderr)
        == "Note: Columns 'size', 'since' are left out: v3 does not know them.\n"
    )
    left_out = read_manifest(config, "v4").training_data.columns_left_out
    assert [column.name for column in left_out] == ["key", "size", "since"]


def test_columns_may_come_in_any_order_and_dialect(
    old: Manifest, run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """Rows keep the order of the older version's keys."""
    rows = [{name: row[name] for name in reversed(HEADER)} for row in make_rows()]
    path = write(tmp_path / "new.csv", rows, delimiter=";")
    result = run_training(path, "--like", "v3", version="v4")
    assert result.exit_code == 0
    assert read_manifest(config, "v4").features == old.features


def test_all_that_no_longer_fits_is_told_in_one_line(run_like_v3: Any) -> None:
    """By column, and by row where there is one."""
    rows = make_rows()
    for i, row in enumerate(rows):
        del row["city"]
        row["plan"] = "pro" if row["plan"] == "max" else row["plan"]
        row["color"] = "grey" if i == 6 else row["color"]
    rows[3]["price"], rows[5]["price"] = "cheap", "€7"
    rows[9]["on"] = None
    result = run_like_v3(rows)
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: There is no column 'city' as in v3."
        " Too few rows of column 'plan' have the class 'max' of v3."
        " Column 'plan' has the class 'pro', which v3 does not predict."
        " Row 5, column 'price' must be a number, as in v3 (1 more row is wrong, too)."
        " Row 8, column 'color' must be one of 'blue', 'green', 'red', as in v3."
        " Row 11, column 'on' is empty, and v3 takes no null there.\n"
    )


def test_a_gap_among_plain_numbers_is_told(tmp_path: Path, config: Settings) -> None:
    """Such a column is read at once, not by its different texts."""
    rows: list[Row] = [{"x": i * 7 % 5, "target": i % 2} for i in range(20)]
    train(write(tmp_path / "old.csv", rows), "v0", config=config)
    rows[4]["x"] = rows[6]["x"] = None
    path = write(tmp_path / "new.csv", rows)
    with pytest.raises(InvalidDataset) as refusal:
        train(path, "v1", like="v0", config=config)
    assert str(refusal.value) == (
        "Row 6, column 'x' is empty, and v0 takes no null there (1 more row is wrong, too)."
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("${}", None),
        ("{}", None),
        ("€{}", "Column 'target' is in €; v0 predicts numbers in $."),
    ],
)
def test_a_number_to_predict_keeps_its_unit(
    number: str, message: str | None, tmp_path: Path, config: Settings
) -> None:
    """A file may leave the sign out."""
    numbers = [i * 37 % 101 + 0.5 for i in range(60)]
    rows: list[Row] = [{"x": n * n % 7, "target": f"${n}"} for n in numbers]
    train(write(tmp_path / "old.csv", rows), "v0", config=config)
    rows = [{**row, "target": number.format(n)} for row, n in zip(rows, numbers, strict=True)]
    path = write(tmp_path / "new.csv", rows)
    if message is None:
        new = train(path, "v1", like="v0", config=config)
        assert new.numbers is not None
        assert new.numbers.unit == "$"
    else:
        with pytest.raises(InvalidDataset) as refusal:
            train(path, "v1", like="v0", config=config)
        assert str(refusal.value) == message


def test_fields_are_read_as_the_older_version_reads_them(tmp_path: Path, config: Settings) -> None:
    """With its decimal mark and its tokens, although the new file alone would say otherwise."""
    rows: list[Row] = [
        {"x": "-9" if i % 9 == 0 else f"{i % 6},5", "target": i % 2} for i in range(40)
    ]
    old_path = write(tmp_path / "old.csv", rows, delimiter=";")
    columns = Columns(missing=["-9"])
    old = train(old_path, "v0", columns=columns, config=config)
    rows = [{"x": "-9" if i % 9 == 0 else i % 6, "target": i % 2} for i in range(40)]
    new = train(write(tmp_path / "new.csv", rows), "v1", like="v0", config=config)
    assert new.features[0].format == old.features[0].format
    assert new.features[0].missing == old.features[0].missing > 0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--drop", "age", "--target", "color"], "--target, --drop"),
        (["--decimal", ",", "--positive-class", "plus"], "--decimal, --positive-class"),
    ],
)
def test_options_that_the_older_version_decides_are_refused(
    options: list[str], named: str, run_like_v3: Any
) -> None:
    """Unless they say the same."""
    result = run_like_v3(make_rows(), *options)
    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: --like v3 takes everything about the columns from v3; leave out {named}.\n"
    )
    assert run_like_v3(make_rows(), "--target", "plan", "--decimal", ".").exit_code == 0


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("v7", "Trained model version 'v7' was not found."),
        ("7", "'7' is not a valid version id; valid are v0, v1, v2 and so on."),
        ("v0", "Trained model version 'v0' cannot be used: it has no signed manifest."),
    ],
)
def test_a_version_that_cannot_be_read_is_refused(
    version: str, message: str, run_training: Run, config: Settings, tmp_path: Path
) -> None:
    """In one line; nothing is trained."""
    Path(config.models_root, "trained-model-v0.p").write_bytes(b"no model" * 20)
    result = run_training(write(tmp_path / "new.csv", make_rows()), "--like", version, version="v1")
    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")


CELLS = st.sampled_from(["", "red", "Ulm", "7", "$7", "1,5", "yes", "max", "NA", "new"])
EDITS = st.lists(st.tuples(st.integers(0, N_ROWS - 1), st.sampled_from(HEADER), CELLS), max_size=4)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=EDITS, dropped=st.none() | st.sampled_from(HEADER), n_rows=st.integers(20, N_ROWS))
def test_rows_and_answers_stay_or_the_file_is_refused(
    edits: list[tuple[int, str, str]],
    dropped: str | None,
    n_rows: int,
    old: Manifest,
    config: Settings,
    tmp_path: Path,
) -> None:
    """Whatever is changed in the data."""
    rows = make_rows()
    for row, name, cell in edits:
        rows[row][name] = cell
    for each in rows:
        each.pop(dropped or "", None)
    path = write(tmp_path / "new.csv", rows[:n_rows])
    try:
        new = train(path, "v4", like="v3", config=config)
    except InvalidDataset:
        return
    assert json.dumps(schema_of(new)) == json.dumps(schema_of(old))
    assert (new.task, new.classes, new.positive_class) == (old.task, old.classes, None)
    assert changes(old, new) == []
